//! Batches of messages from one actor to others of the same worker: what `enqueue` and `tell` are made of.
//!
//! A driver tells a batch of 1,000 messages to a quartet, 250 to each player, interleaved: the mailboxes
//! grow and shrink as they do under bursts, and no two calls in a row go to the same actor. Each player
//! tells the driver when it has handled its 250, and after all four the driver goes on with the next
//! quartet. The 1,000 actors are thereby used in turn, each of them idle before its batch.

use std::sync::mpsc;
use std::time::Duration;

use corecast::{Actor, ActorContext, ActorError, ActorRef, ActorSystem, Handler, Message};

use super::Load;
use super::cast::{ACTORS, Finished, Quartet, Share};
use super::clock::Clock;
use super::company::{Company, Troupe};

/// Messages of a batch.
const BATCH: u64 = 1_000;

/// Messages of a batch for each player.
const SHARE: u64 = BATCH / Quartet::PLAYERS as u64;

/// How a batch is told.
#[derive(Debug, Clone, Copy)]
pub enum Verb {
    /// `try_tell`.
    TryTell,
    /// `tell`, each awaited before the next.
    Tell,
}

/// Which part of a batch is timed.
#[derive(Debug, Clone, Copy)]
pub enum Timed {
    /// The calls of the verb alone.
    Calls,
    /// Everything from the first call of the first batch to the end of the last handler.
    All,
}

/// The load. One operation is one message.
pub struct Batches {
    driver: ActorRef<Driver>,
    /// Held so that it lives as long as the load, and ends with it.
    _system: ActorSystem,
}

impl Batches {
    /// Sets the stage on one worker.
    pub fn new(verb: Verb, timed: Timed, company: Company) -> Self {
        let system = ActorSystem::builder().workers(1).build().expect("one worker");
        let driver = Driver { troupe: Troupe::default(), company, next: 0, verb, timed, run: None };
        let driver = system.block_on(async { system.spawn(driver).await }).expect("the cast starts");
        let mut batches = Self { driver, _system: system };
        // Once through the whole cast: from here on, memory is warm.
        batches.rounds((ACTORS / Quartet::PLAYERS) as u64);
        batches
    }
}

impl Load for Batches {
    const ROUND: u64 = BATCH;

    fn rounds(&mut self, rounds: u64) -> Duration {
        let (report, spent) = mpsc::channel();
        self.driver.blocking_tell(Run { batches: rounds, report }).expect("the driver lives");
        spent.recv().expect("the driver reports")
    }
}

/// Tells the batches and reads the clock, on the worker that handles them too.
struct Driver {
    troupe: Troupe,
    company: Company,
    /// The quartet that the next batch goes to.
    next: usize,
    verb: Verb,
    timed: Timed,
    run: Option<Running>,
}

/// A run under way.
struct Running {
    batches_left: u64,
    /// Players that have yet to finish their share of the batch.
    playing: usize,
    started: Duration,
    /// Time of the calls alone.
    calls: Duration,
    report: mpsc::Sender<Duration>,
}

impl Actor for Driver {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        let share = Share::of(SHARE, ctx.actor_ref().recipient());
        self.troupe = Troupe::start(self.company, ctx, &share).await?;
        Ok(())
    }
}

impl Driver {
    async fn batch(&mut self) {
        let quartets = &self.troupe.quartets;
        let quartet = &quartets[self.next];
        self.next = (self.next + 1) % quartets.len();
        let before = self.clock_of_calls();
        match self.verb {
            Verb::TryTell => (0..SHARE).for_each(|n| quartet.try_tell(n)),
            Verb::Tell => {
                for n in 0..SHARE {
                    quartet.tell(n).await;
                }
            }
        }
        let after = self.clock_of_calls();
        let run = self.run.as_mut().expect("a run is under way");
        run.calls += after - before;
        run.playing = Quartet::PLAYERS;
    }

    /// The time, where the calls are timed by themselves: otherwise reading it would only disturb.
    fn clock_of_calls(&self) -> Duration {
        match self.timed {
            Timed::Calls => Clock::ThreadCpu.now(),
            Timed::All => Duration::ZERO,
        }
    }
}

struct Run {
    batches: u64,
    report: mpsc::Sender<Duration>,
}

impl Message for Run {
    type Result = ();
}

impl Handler<Run> for Driver {
    async fn handle(&mut self, Run { batches, report }: Run, _: &mut ActorContext<Self>) {
        self.run = Some(Running {
            batches_left: batches,
            playing: 0,
            started: Clock::ThreadCpu.now(),
            calls: Duration::ZERO,
            report,
        });
        self.batch().await;
    }
}

impl Handler<Finished> for Driver {
    async fn handle(&mut self, _: Finished, _: &mut ActorContext<Self>) {
        let run = self.run.as_mut().expect("a run is under way");
        run.playing -= 1;
        if run.playing > 0 {
            return;
        }
        run.batches_left -= 1;
        if run.batches_left > 0 {
            return self.batch().await;
        }
        let all = Clock::ThreadCpu.now() - run.started;
        let spent = match self.timed {
            Timed::Calls => run.calls,
            Timed::All => all,
        };
        // An error means that nobody waits for the figure any more.
        let _ = run.report.send(spent);
        self.run = None;
    }
}
