//! A look at all actors of a system: what each of them is at, and how they depend on one another.
//!
//! Each line is true by itself: it was so at some moment of the call. They are looked at one after the other, so two of
//! them needn't have been true at the same time. Nobody pays for it who doesn't ask: what is looked at is there for other
//! reasons, or is noted where a runner takes its time.
//!
//! | file | noun |
//! |---|---|
//! | [`text`] | the tree for people |
//! | [`json`] | for programs |
//! | [`dot`] | for Graphviz |

mod dot;
mod json;
mod text;
mod tree;

use std::collections::HashMap;
use std::time::Duration;

use super::core::Core;
use super::wait;
use crate::task::glance::Stage;
use crate::task::handle::Strong;
use crate::task::identity::{ActorId, ActorInfo};
use crate::task::reason::StopReason;

/// All actors of a system at a moment. Made by [`ActorSystem::snapshot`](crate::ActorSystem::snapshot).
///
/// `Display` gives the tree as text, [`to_json`](Self::to_json) and [`to_dot`](Self::to_dot) the same for programs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SystemSnapshot {
    /// What the system is called.
    pub name: String,
    /// How long it had been running; in a simulation, in virtual time.
    pub uptime: Duration,
    /// How many workers it has.
    pub workers: usize,
    /// How many accepted messages were never handled because their actors ended, so far.
    pub dead_letters: u64,
    /// Those who lived, by number.
    pub actors: Vec<ActorSnapshot>,
}

/// One actor of a [`SystemSnapshot`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ActorSnapshot {
    /// Who.
    pub actor: ActorInfo,
    /// Where it is in its life.
    pub phase: ActorPhase,
    /// What it is doing.
    pub activity: Activity,
    /// What waits for it.
    pub mailbox: MailboxSnapshot,
    /// The handler or hook that it is in. Known in systems that [watch their
    /// handlers](crate::ActorSystemBuilder::slow_handlers).
    pub handler: Option<HandlerSnapshot>,
    /// The actor that supervises it, if one does.
    pub supervisor: Option<ActorId>,
    /// How often it has been restarted.
    pub restarts: u64,
    /// Why it was restarted the last few times, the latest last.
    pub failures: Vec<StopReason>,
}

/// Where an actor is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ActorPhase {
    /// Its `pre_start` has yet to return.
    Starting,
    /// It takes messages, and handles them.
    Serving,
    /// It takes no more messages: it handles what it has accepted, or ends.
    Stopping,
    /// It has failed, and its supervisor is about to decide what becomes of it.
    Down,
    /// It has failed, and is restarted when some time has passed.
    BackingOff,
}

/// What an actor is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Activity {
    /// Nothing: it has nothing to do.
    Idle,
    /// It waits for its turn on a worker. Also for the moment between a worker's poll of its handler and what comes of it.
    Scheduled,
    /// A worker is running it: it computes, or blocks that worker's thread.
    Running {
        /// Which one.
        worker: usize,
    },
    /// Its handler or hook waits.
    Waiting {
        /// For whom; empty if it waits for something that isn't an actor, such as time, or has a limit.
        targets: Vec<ActorInfo>,
    },
}

/// What waits for an actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MailboxSnapshot {
    /// How many messages are accepted and not yet taken out. Exact.
    pub depth: usize,
    /// How many it holds at most; none if it is unbounded.
    pub capacity: Option<usize>,
    /// The most that were ever there at once.
    ///
    /// The actor looks once every 64 messages, and when a quarter of a bounded mailbox has been taken out: so it may be that
    /// many, or that quarter, too low, whichever is less. Never too high; above 4,095 it is rounded down by less than one
    /// in 2,048.
    pub high_water: usize,
}

/// What an actor is in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HandlerSnapshot {
    /// The path of the message's type, or the name of the hook.
    pub what: &'static str,
    /// How long ago it began.
    pub age: Duration,
}

/// Looks at everybody.
pub(super) fn take(core: &Core) -> SystemSnapshot {
    let everybody = core.registry.everybody();
    let look = Look {
        core,
        known: everybody.iter().map(|actor| (actor.id(), actor.info())).collect(),
        running: core.scheduler.running(),
    };
    let mut actors: Vec<_> = everybody.iter().filter_map(|actor| look.at(actor)).collect();
    actors.sort_by_key(|actor| actor.actor.id());
    SystemSnapshot {
        name: core.name.clone(),
        uptime: core.scheduler.uptime(),
        workers: core.scheduler.workers(),
        dead_letters: core.dead_letters(),
        actors,
    }
}

/// What an actor is doing.
pub(super) fn activity(core: &Core, actor: &Strong) -> Activity {
    Look { core, known: HashMap::new(), running: core.scheduler.running() }.activity(actor)
}

/// A look at some.
struct Look<'a> {
    core: &'a Core,
    /// Those who are there, by number.
    known: HashMap<ActorId, ActorInfo>,
    /// The addresses of what the workers run.
    running: Vec<Option<usize>>,
}

impl Look<'_> {
    /// At one; none if it has ended.
    fn at(&self, actor: &Strong) -> Option<ActorSnapshot> {
        let phase = match actor.stage()? {
            Stage::Starting => ActorPhase::Starting,
            Stage::Serving => ActorPhase::Serving,
            Stage::Stopping => ActorPhase::Stopping,
            Stage::Down if actor.backs_off() => ActorPhase::BackingOff,
            Stage::Down => ActorPhase::Down,
        };
        let activity = self.activity(actor);
        let handling = actor.handling(self.core.scheduler.clock().now());
        let depth = actor.len();
        let past = actor.past();
        Some(ActorSnapshot {
            actor: self.known.get(&actor.id()).cloned().unwrap_or_else(|| actor.info()),
            phase,
            activity,
            mailbox: MailboxSnapshot {
                depth,
                capacity: actor.capacity().map(|capacity| capacity as usize),
                high_water: depth.max(actor.deepest() as usize),
            },
            handler: handling.map(|(what, age)| HandlerSnapshot { what, age }),
            supervisor: actor.supervisor().filter(|supervisor| supervisor.is_known()),
            restarts: past.restarts,
            failures: past.reasons,
        })
    }

    fn activity(&self, actor: &Strong) -> Activity {
        if let Some(targets) = wait::of(&self.core.scheduler, actor) {
            return Activity::Waiting { targets: targets.into_iter().filter_map(|target| self.info(target)).collect() };
        }
        if let Some(worker) = self.running.iter().position(|&task| task == Some(actor.address())) {
            Activity::Running { worker }
        } else if actor.is_idle() {
            Activity::Idle
        } else {
            // It neither rests nor waits. If it did the one at the look for the other, it was scheduled in between.
            Activity::Scheduled
        }
    }

    fn info(&self, actor: ActorId) -> Option<ActorInfo> {
        self.known.get(&actor).cloned().or_else(|| Some(self.core.registry.find_by_id(actor)?.info()))
    }
}

impl SystemSnapshot {
    /// The actor of this number, if it lived.
    #[must_use]
    pub fn find(&self, id: ActorId) -> Option<&ActorSnapshot> {
        let place = self.actors.binary_search_by_key(&id, |actor| actor.actor.id()).ok()?;
        self.actors.get(place)
    }

    /// Those whom this one supervises, by number.
    pub fn children(&self, id: ActorId) -> impl Iterator<Item = &ActorSnapshot> {
        self.actors.iter().filter(move |actor| actor.supervisor == Some(id))
    }

    /// The same as a JSON object, on one line.
    ///
    /// Actors are told apart by their numbers as text (`"#3.1"`); lengths of time are in nanoseconds. What isn't there is
    /// `null`.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let counter = system.spawn(Counter(0)).name("sums").start()?;
    /// let json = system.snapshot().to_json();
    /// assert!(json.contains(r#""name":"sums""#));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        json::write(self)
    }

    /// The same as a graph in Graphviz's language: solid edges from supervisors to those that they supervise, dashed ones
    /// from who waits to whom it waits for.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let dot = system.snapshot().to_dot(); // `dot -Tsvg` draws it
    /// assert!(dot.starts_with("digraph"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn to_dot(&self) -> String {
        dot::write(self)
    }
}
