//! Which cores there are, and how a worker gets one.

use std::fmt;

use crate::sync::thread::available_parallelism;

/// The cores that this process may use, by the operating system's numbers. Empty where it won't tell.
///
/// Asked before any worker is pinned: the answer is the calling thread's own mask.
pub(crate) fn allowed_cores() -> Vec<usize> {
    core_affinity::get_core_ids().unwrap_or_default().into_iter().map(|core| core.id).collect()
}

/// Pins the calling thread to `core`. Returns whether the operating system agreed.
pub(crate) fn pin(core: usize) -> bool {
    core_affinity::set_for_current(core_affinity::CoreId { id: core })
}

/// How many workers to start: cores that this process may use, and the quota that it has of them.
pub(crate) fn default_workers() -> usize {
    available_parallelism().map_or(1, usize::from)
}

/// Where workers run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    /// Wherever the operating system puts them.
    Free,
    /// Each on a core of its own.
    Pinned(Vec<usize>),
}

impl Placement {
    /// The core of `worker`.
    pub(crate) fn core(&self, worker: usize) -> Option<usize> {
        match self {
            Self::Free => None,
            Self::Pinned(cores) => cores.get(worker).copied(),
        }
    }
}

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Free => f.write_str("not pinned"),
            Self::Pinned(cores) => write!(f, "pinned to {cores:?}"),
        }
    }
}
