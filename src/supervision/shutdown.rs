//! How long a child may take to stop.

use std::time::Duration;

/// How long a child may take to stop, when its supervisor asks it to. The names and the rules are those of OTP.
///
/// A child that is asked finishes the handler that it is in, and runs its `post_stop`. When its budget is over, its handler
/// is dropped at the next await point, as by a [kill](crate::ActorRef::kill).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use corecast::ShutdownPolicy;
///
/// assert_eq!(ShutdownPolicy::default(), ShutdownPolicy::Within(Duration::from_secs(5)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ShutdownPolicy {
    /// It isn't given any time.
    Brutal,
    /// It is given so much time.
    Within(Duration),
    /// It is given all the time that it needs. So are supervisors unless they say otherwise, since each of their children has
    /// a budget of its own.
    Infinity,
}

impl Default for ShutdownPolicy {
    /// Within five seconds.
    fn default() -> Self {
        Self::Within(Duration::from_secs(5))
    }
}
