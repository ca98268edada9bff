//! Who waits, and for whom: a look at what the search for circles knows.
//!
//! Each entry is true by itself: that actor was suspended over that wait at some moment of the look. They are read one
//! after the other, so two of them needn't have been true at the same time. A handler that its worker holds for the
//! activation that follows isn't suspended yet, and isn't listed.
//!
//! Nobody pays for it who doesn't ask: the entries are written for the search.

use std::fmt;

use crate::scheduler::Scheduler;
use crate::task::handle::Strong;
use crate::task::identity::{ActorId, ActorInfo};

/// An actor whose handler or hook waits. See [`ActorSystem::waits`](crate::ActorSystem::waits).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wait {
    /// Who.
    pub actor: ActorInfo,
    /// For whom; empty if it waits for something that isn't an actor, such as time, or has a limit.
    pub targets: Vec<ActorInfo>,
}

/// All waits of a system's actors.
pub(crate) fn all(scheduler: &Scheduler) -> Vec<Wait> {
    let seats = scheduler.seats();
    let wait = |actor: Strong| {
        let targets =
            of(scheduler, &actor)?.into_iter().filter_map(|target| Some(seats.find(target)?.info())).collect();
        Some(Wait { actor: actor.info(), targets })
    };
    seats.everybody().into_iter().filter_map(wait).collect()
}

/// For whom an actor waits, by number; none if it doesn't wait.
pub(super) fn of(scheduler: &Scheduler, actor: &Strong) -> Option<Vec<ActorId>> {
    scheduler.waits().targets_of(actor.id(), || actor.is_suspended())
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} waits for ", self.actor)?;
        if self.targets.is_empty() {
            return f.write_str("something that is no actor");
        }
        for (index, target) in self.targets.iter().enumerate() {
            if index > 0 {
                f.write_str(" and ")?;
            }
            write!(f, "{target}")?;
        }
        Ok(())
    }
}
