//! Why a simulation can't go on.

use std::error::Error;
use std::fmt;

use crate::system::wait::Wait;

/// Why a simulation can't go on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SimError {
    /// Nobody can act, no timer is set, and these handlers wait.
    Stuck {
        /// Who waits for whom.
        waits: Vec<Wait>,
        /// The test itself waits, too.
        test_waits: bool,
    },
    /// It went on for so many steps.
    Endless {
        /// The limit of the check.
        steps: u64,
    },
}

impl fmt::Display for SimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stuck { waits, test_waits } => {
                f.write_str("nobody can act any more, but")?;
                if *test_waits {
                    f.write_str("\n  the test waits")?;
                }
                waits.iter().try_for_each(|wait| write!(f, "\n  {wait}"))
            }
            Self::Endless { steps } => write!(f, "it went on for {steps} steps; `run_for` ends by the clock"),
        }
    }
}

impl Error for SimError {}
