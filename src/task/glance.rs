//! What others may see of a task that lives, at no cost to whoever runs it.
//!
//! Each answer was true at some moment of its call; two of them needn't have been true at the same one.

use super::handle::Strong;
use super::header::Header;
use super::run::Phase;
use crate::mailbox::ring::UNBOUNDED;

/// Where a task is in its life, to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It has yet to run `pre_start` to its end.
    Starting,
    /// It handles messages, and takes more.
    Serving,
    /// It takes no more of them, or is past its last one.
    Stopping,
    /// It is past the last message of a run, and waits for its supervisor's word, or is about to.
    Down,
}

impl Strong {
    /// Where it is in its life; none if it has ended.
    pub(crate) fn stage(&self) -> Option<Stage> {
        let header = self.header();
        if header.far().state.verdict().is_some() {
            return None;
        }
        Some(match header.far().phase.look() {
            Phase::Down => Stage::Down,
            // Whatever is left to it, it is on its way out.
            _ if header.is_closed() => Stage::Stopping,
            Phase::New | Phase::Making | Phase::Starting => Stage::Starting,
            Phase::Running | Phase::Hearing | Phase::Checking => Stage::Serving,
            Phase::Pausing | Phase::Clearing | Phase::Stopping | Phase::Expiring | Phase::Ending | Phase::Unborn => {
                Stage::Stopping
            }
        })
    }

    /// How many messages its mailbox holds at most; none if that has no bound.
    pub(crate) fn capacity(&self) -> Option<u32> {
        Some(self.header().capacity()).filter(|&capacity| capacity != UNBOUNDED)
    }

    /// The most messages that were ever there at once. See [`Ring::deepest`](crate::mailbox::ring::Ring::deepest).
    pub(crate) fn deepest(&self) -> u32 {
        Header::deepest(self.header())
    }
}
