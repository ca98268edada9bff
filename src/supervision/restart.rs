//! Which ends of a child are followed by a restart.

/// Which ends of a child are followed by a restart. The names and the rules are those of OTP.
///
/// | | after a failure or a kill | after an [orderly](crate::StopReason::is_orderly) end | its place is kept |
/// |---|---|---|---|
/// | `Permanent` | restarted | restarted | yes |
/// | `Transient` | restarted | not restarted | yes |
/// | `Temporary` | not restarted | not restarted | no |
///
/// A temporary child that is taken down because a sibling failed isn't restarted either.
///
/// A supervisor that gives up, because its children failed too often, ends in order, as OTP's do with the reason `shutdown`.
/// So if it is the child of another one, it is restarted if it is permanent, and **not if it is transient**.
///
/// # Examples
///
/// ```
/// use corecast::RestartType;
///
/// assert_eq!(RestartType::default(), RestartType::Permanent);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RestartType {
    /// Always restarted.
    #[default]
    Permanent,
    /// Restarted unless it ended in order.
    Transient,
    /// Never restarted, and forgotten when it ends.
    Temporary,
}

impl RestartType {
    /// Whether a run that ended is followed by another one.
    pub(crate) fn restarts(self, orderly: bool) -> bool {
        match self {
            Self::Permanent => true,
            Self::Transient => !orderly,
            Self::Temporary => false,
        }
    }
}
