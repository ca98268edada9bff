//! `tell` from one core to another, with a handler that does next to nothing.
//!
//! The driver is placed on the first worker, the 1,000 actors on the second, each worker on a core of
//! its own where pinning is allowed. The driver tells one actor after the other 1,000 messages in a
//! row, awaiting each `tell`, and does not wait between the actors: at each moment one producer works
//! against one consumer of the same mailbox, which is the worst case for its cache lines. Timed by
//! the wall clock of the driver, from the first call to the last actor's report that all is handled.

use std::sync::mpsc;
use std::time::Duration;

use corecast::{Actor, ActorContext, ActorError, ActorRef, ActorSystem, BuildError, Handler, Mailbox, Message};

use super::Load;
use super::cast::{ACTORS, Add, Finished, Player, Quartet, Record, Share, State};
use super::clock::Clock;

/// Messages for one actor in a row.
const STREAM: u64 = 1_000;

const PRODUCER: usize = 0;
const CONSUMERS: usize = 1;

/// The load. One operation is one message.
pub struct Streams {
    driver: ActorRef<Driver>,
    system: ActorSystem,
}

/// Sets the load up on two workers, or says why that is impossible.
pub fn load() -> Result<Streams, BuildError> {
    if std::thread::available_parallelism().is_ok_and(|cores| cores.get() < 2) {
        return Err(BuildError::NotEnoughCores { workers: 2, cores: 1 });
    }
    let workers = || ActorSystem::builder().workers(2);
    // Where pinning is refused, the scheduler of the machine will mostly keep two busy threads apart.
    let system = workers().pin_cores(true).build().or_else(|_| workers().build())?;
    // As many reports as streams can come in while the driver is still telling.
    let driver = system.spawn(Driver::default()).on_worker(PRODUCER).mailbox(Mailbox::unbounded());
    let driver = system.block_on(async { driver.await }).expect("the cast starts");
    let mut streams = Streams { driver, system };
    // Every actor once, to warm up.
    streams.rounds(ACTORS as u64);
    Ok(streams)
}

impl Streams {
    /// Whether the two workers are on cores of their own.
    pub fn is_pinned(&self) -> bool {
        self.system.worker_cores().iter().all(Option::is_some)
    }
}

impl Load for Streams {
    const ROUND: u64 = STREAM;

    fn rounds(&mut self, rounds: u64) -> Duration {
        let (report, spent) = mpsc::channel();
        self.driver.blocking_tell(Run { streams: rounds, report }).expect("the driver lives");
        spent.recv().expect("the driver reports")
    }
}

/// Tells the messages, and reads the clock.
#[derive(Default)]
struct Driver {
    quartets: Vec<Quartet>,
    /// The actor that gets the next stream.
    next: usize,
    run: Option<Running>,
}

/// A run under way.
struct Running {
    streams_left: u64,
    started: Duration,
    report: mpsc::Sender<Duration>,
}

impl Actor for Driver {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        let share = Share::of(STREAM, ctx.actor_ref().recipient());
        self.quartets = Quartet::start_all(&ctx.system(), ACTORS, Some(CONSUMERS), &share)?;
        Ok(())
    }
}

impl Driver {
    async fn stream(&mut self) {
        let quartet = &self.quartets[self.next / Quartet::PLAYERS];
        match self.next % Quartet::PLAYERS {
            0 => stream(&quartet.counter).await,
            1 => stream(&quartet.gauge).await,
            2 => stream(&quartet.digest).await,
            _ => stream(&quartet.window).await,
        }
        self.next = (self.next + 1) % ACTORS;
    }
}

async fn stream<S: State>(player: &ActorRef<Player<S>>) {
    for n in 0..STREAM / 2 {
        player.tell(Add(n)).await.expect("the player lives");
        player.tell(Record::new(n)).await.expect("the player lives");
    }
}

struct Run {
    streams: u64,
    report: mpsc::Sender<Duration>,
}

impl Message for Run {
    type Result = ();
}

impl Handler<Run> for Driver {
    async fn handle(&mut self, Run { streams, report }: Run, _: &mut ActorContext<Self>) {
        self.run = Some(Running { streams_left: streams, started: Clock::Wall.now(), report });
        for _ in 0..streams {
            self.stream().await;
        }
    }
}

impl Handler<Finished> for Driver {
    async fn handle(&mut self, _: Finished, _: &mut ActorContext<Self>) {
        let run = self.run.as_mut().expect("a run is under way");
        run.streams_left -= 1;
        if run.streams_left == 0 {
            // An error means that nobody waits for the figure any more.
            let _ = run.report.send(Clock::Wall.now() - run.started);
            self.run = None;
        }
    }
}
