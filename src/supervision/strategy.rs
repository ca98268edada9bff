//! Who is restarted when a child fails.

/// Who is restarted when a child fails. The names and the rules are those of OTP.
///
/// | | restarted | for children that |
/// |---|---|---|
/// | `OneForOne` | the child that failed | don't need one another |
/// | `OneForAll` | all children | all need one another |
/// | `RestForOne` | the child that failed, and those that were started after it | need those before them |
///
/// Where others are restarted as well they are taken down first, the last one first, and then all are started in their
/// order. That includes children that have ended before and whose place was kept.
///
/// # Examples
///
/// ```
/// use corecast::Strategy;
///
/// assert_eq!(Strategy::default(), Strategy::OneForOne);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// The child that failed, and nobody else.
    #[default]
    OneForOne,
    /// All children.
    OneForAll,
    /// The child that failed, and those that were started after it.
    RestForOne,
}
