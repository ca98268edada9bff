//! Whether a supervisor ends by itself.

/// Whether a supervisor ends by itself when significant children have ended for good. The names and the rules are those of
/// OTP.
///
/// A child ends for good when it isn't restarted: a temporary one always, a transient one in order, any other when it is
/// quarantined. A child that somebody asked the supervisor to terminate doesn't count, nor one that a restart of its siblings
/// took away. Permanent children can't be significant.
///
/// # Examples
///
/// ```
/// use corecast::AutoShutdown;
///
/// assert_eq!(AutoShutdown::default(), AutoShutdown::Never);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AutoShutdown {
    /// It doesn't, and no child may be significant.
    #[default]
    Never,
    /// It ends when one of them has.
    AnySignificant,
    /// It ends when the last of them has.
    AllSignificant,
}
