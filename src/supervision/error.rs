//! What can be wrong with what a supervisor is told.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::task::reason::StopReason;

/// What a supervisor or one of its children can't be set to.
///
/// # Examples
///
/// ```
/// use corecast::SpecError;
///
/// let error = SpecError::Jitter { jitter: 1.5 };
/// assert_eq!(error.to_string(), "the jitter of a back-off is a part of it, from 0 to 1, not 1.5");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SpecError {
    /// An intensity without a time.
    ZeroPeriod,
    /// A back-off whose first delay is none.
    ZeroBackoff,
    /// A back-off whose longest delay is shorter than its first.
    LongestBelowFirst {
        /// The first delay.
        first: Duration,
        /// The longest delay.
        longest: Duration,
    },
    /// A back-off with a factor below 1, or that isn't a number.
    Factor {
        /// The factor.
        factor: f64,
    },
    /// A back-off with a jitter that is not from 0 to 1.
    Jitter {
        /// The jitter.
        jitter: f64,
    },
    /// A quarantine after no failure at all.
    QuarantineAfterNone,
    /// A child that is given no time to start.
    ZeroStartLimit,
    /// Health checks without a time between them.
    ZeroHealthInterval,
    /// Health checks that are given no time.
    ZeroHealthBudget,
    /// A significant child that is permanent: it never ends for good.
    SignificantPermanent {
        /// The child.
        id: String,
    },
    /// A significant child of a supervisor that never ends by itself.
    SignificantInVain {
        /// The child.
        id: String,
    },
    /// Two children of one id.
    DuplicateId {
        /// The id.
        id: String,
    },
    /// A child without an id.
    EmptyId,
    /// What this child can't be set to.
    InChild {
        /// The child.
        id: String,
        /// What it is.
        error: Box<SpecError>,
    },
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ZeroPeriod => f.write_str("restarts can't be counted within no time; an intensity needs a period"),
            Self::ZeroBackoff => f.write_str("a back-off needs a first delay; leave it out to restart at once"),
            Self::LongestBelowFirst { first, longest } => {
                write!(f, "a back-off can't begin with {first:?} and be at most {longest:?}")
            }
            Self::Factor { factor } => write!(f, "a back-off grows by a factor of 1 or more, not {factor}"),
            Self::Jitter { jitter } => {
                write!(f, "the jitter of a back-off is a part of it, from 0 to 1, not {jitter}")
            }
            Self::QuarantineAfterNone => f.write_str("a child can't be quarantined before its first failure"),
            Self::ZeroStartLimit => f.write_str("a child needs time to start"),
            Self::ZeroHealthInterval => f.write_str("health checks need an interval; leave them out for none"),
            Self::ZeroHealthBudget => f.write_str("a health check needs a time in which it is to be over"),
            Self::SignificantPermanent { id } => {
                write!(f, "`{id}` is permanent and never ends for good, so it can't be significant")
            }
            Self::SignificantInVain { id } => {
                write!(f, "`{id}` is significant, and its supervisor never ends by itself; set its auto-shutdown")
            }
            Self::DuplicateId { id } => write!(f, "there is a child with the id `{id}` already"),
            Self::EmptyId => f.write_str("a child needs an id, by which its supervisor is asked for it"),
            Self::InChild { id, error } => write!(f, "`{id}` can't be set up so: {error}"),
        }
    }
}

impl Error for SpecError {}

/// Why a supervisor didn't do what it was asked to.
#[derive(Clone, Debug)]
pub(crate) enum Refusal {
    /// There is no such child.
    NotFound,
    /// It is up, or still on its way out.
    Running,
    /// It is being started, or about to be.
    Restarting,
    /// It was to be terminated before it had started.
    Terminated,
    /// It didn't start.
    StartFailed(StopReason),
    /// The supervisor is about to end.
    ShuttingDown,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("there is no such child"),
            Self::Running => f.write_str("the child is running"),
            Self::Restarting => f.write_str("the child is being restarted"),
            Self::Terminated => f.write_str("the child was terminated before it had started"),
            Self::StartFailed(reason) => write!(f, "the child did not start: {reason}"),
            Self::ShuttingDown => f.write_str("the supervisor is shutting down"),
        }
    }
}
