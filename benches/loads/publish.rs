//! Publishing through a topic handle to actors of the same worker, from the call to the end of the last handler.
//!
//! A driver's handler publishes a batch of events to all subscribers, each publish awaited; after the batch the last
//! subscriber tells the driver, which goes on. Timed is everything that the one worker does meanwhile.

use std::sync::mpsc;
use std::time::Duration;

use corecast::{Actor, ActorContext, ActorError, ActorRef, ActorSystem, Handler, Message, MessageBroker, Topic};

use super::Load;
use super::cast::{Counter, Finished, Share, State};
use super::clock::Clock;

/// Events of a batch.
const BATCH: u64 = 200;

/// The load. One operation is one event for one subscriber.
pub struct Publishing<const N: usize> {
    driver: ActorRef<Driver>,
    /// Held so that it lives as long as the load, and ends with it.
    _system: ActorSystem,
}

/// What is published.
#[derive(Clone)]
struct Event(u64);

impl Message for Event {
    type Result = ();
}

/// Takes events, and tells the driver when it has got a batch.
struct Subscriber {
    state: Counter,
    share: Share,
}

impl Actor for Subscriber {}

impl Handler<Event> for Subscriber {
    async fn handle(&mut self, Event(n): Event, _: &mut ActorContext<Self>) {
        self.state.add(n);
        self.share.count();
    }
}

/// Publishes, and reads the clock.
struct Driver {
    subscribers: usize,
    topic: Option<Topic<Event>>,
    /// Keeps the topic's table.
    broker: MessageBroker,
    run: Option<Running>,
}

/// A run under way.
struct Running {
    batches_left: u64,
    /// Subscribers that have yet to get the whole batch.
    waiting_for: usize,
    started: Duration,
    report: mpsc::Sender<Duration>,
}

impl<const N: usize> Publishing<N> {
    /// Sets the stage on one worker.
    pub fn new() -> Self {
        let system = ActorSystem::builder().workers(1).build().expect("one worker");
        let driver = Driver { subscribers: N, topic: None, broker: MessageBroker::new(), run: None };
        let driver = system.block_on(async { system.spawn(driver).await }).expect("the driver starts");
        let mut load = Self { driver, _system: system };
        load.rounds(4);
        load
    }
}

impl<const N: usize> Load for Publishing<N> {
    const ROUND: u64 = BATCH * N as u64;

    fn rounds(&mut self, rounds: u64) -> Duration {
        let (report, spent) = mpsc::channel();
        self.driver.blocking_tell(Run { batches: rounds, report }).expect("the driver lives");
        spent.recv().expect("the driver reports")
    }
}

impl Actor for Driver {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        let share = Share::of(BATCH, ctx.actor_ref().recipient());
        for _ in 0..self.subscribers {
            let subscriber = Subscriber { state: Counter::default(), share: share.clone() };
            let subscriber = ctx.system().spawn(subscriber).start()?;
            self.broker.subscribe("bench.event", subscriber).start()?;
        }
        self.topic = Some(self.broker.topic("bench.event")?);
        Ok(())
    }
}

impl Driver {
    async fn batch(&mut self) {
        let topic = self.topic.as_ref().expect("started with it");
        for n in 0..BATCH {
            topic.publish(Event(n)).await.expect("the topic is there");
        }
        let run = self.run.as_mut().expect("a run is under way");
        run.waiting_for = self.subscribers;
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
        let started = Clock::ThreadCpu.now();
        self.run = Some(Running { batches_left: batches, waiting_for: 0, started, report });
        self.batch().await;
    }
}

impl Handler<Finished> for Driver {
    async fn handle(&mut self, _: Finished, _: &mut ActorContext<Self>) {
        let run = self.run.as_mut().expect("a run is under way");
        run.waiting_for -= 1;
        if run.waiting_for > 0 {
            return;
        }
        run.batches_left -= 1;
        if run.batches_left > 0 {
            return self.batch().await;
        }
        // An error means that nobody waits for the figure any more.
        let _ = run.report.send(Clock::ThreadCpu.now() - run.started);
        self.run = None;
    }
}
