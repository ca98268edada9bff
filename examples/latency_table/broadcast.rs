//! Events to subscribers of the publisher's worker, by the name of their topic.
//!
//! A publisher's handler publishes one event and waits until the last subscriber has it. Who is last knows from a count
//! that the worker's thread keeps: publisher and subscribers share it.

#![allow(unreachable_pub, reason = "`pub` says what the example uses; a binary has no other public")]

use std::cell::Cell;
use std::time::{Duration, Instant};

use corecast::{Actor, ActorContext, ActorError, ActorRef, ActorSystem, Handler, Message, MessageBroker};
use futures::channel::oneshot;

use crate::direct::{BATCH, warm_up};
use crate::latencies::Latencies;

const TOPIC: &str = "latency.event";

thread_local! {
    /// Events that have yet to be handled.
    static AWAITED: Cell<usize> = const { Cell::new(0) };
    /// Who waits for the last of them.
    static LAST: Cell<Option<oneshot::Sender<Duration>>> = const { Cell::new(None) };
}

/// A publisher with its subscribers.
pub struct Broadcast {
    publisher: ActorRef<Publisher>,
    /// Held so that it lives as long as the actors.
    _system: ActorSystem,
}

impl Broadcast {
    /// Starts them on one worker.
    pub fn new(subscribers: usize) -> Self {
        let system = ActorSystem::builder().workers(1).build().expect("one worker");
        let publisher = Publisher { broker: MessageBroker::new(), subscribers: Vec::with_capacity(subscribers) };
        let publisher = system.block_on(async { system.spawn(publisher).await }).expect("the publisher starts");
        for _ in 0..subscribers {
            publisher.blocking_send(Admit).expect("the publisher replies").expect("the subscriber starts");
        }
        Self { publisher, _system: system }
    }

    /// From the call of `publish` to the handler that has the event last.
    pub fn to_the_last(&self, times: usize) -> Latencies {
        let run = |times| self.publisher.blocking_send(TimeEvents(times)).expect("the publisher replies");
        run(warm_up(times));
        run(times).into_iter().collect()
    }

    /// `publish`, and `tell` of the same event to the first subscriber, each up to its return; [`BATCH`] calls at a time.
    pub fn calls(&self, times: usize) -> (Latencies, Latencies) {
        let run = |times| self.publisher.blocking_send(TimeCalls(times)).expect("the publisher replies");
        run(warm_up(times));
        let taken = run(times);
        let each = |batch: Duration| batch.as_nanos() as f64 / BATCH as f64;
        (taken.iter().map(|(publish, _)| each(*publish)).collect(), taken.iter().map(|(_, tell)| each(*tell)).collect())
    }
}

/// Brings the time of its `publish`.
#[derive(Clone, Copy)]
struct Event(Instant);

impl Message for Event {
    type Result = ();
}

/// Counts its events.
struct Listener(u64);

impl Actor for Listener {}

impl Handler<Event> for Listener {
    async fn handle(&mut self, Event(at): Event, _: &mut ActorContext<Self>) {
        self.0 += 1;
        let awaited = AWAITED.get() - 1;
        AWAITED.set(awaited);
        if awaited == 0 {
            let took = at.elapsed();
            LAST.take().expect("the publisher waits").send(took).expect("the publisher waits");
        }
    }
}

/// Publishes, and times it.
struct Publisher {
    broker: MessageBroker,
    subscribers: Vec<ActorRef<Listener>>,
}

impl Actor for Publisher {}

/// Waits for so many events to be handled.
fn expect(events: usize) -> oneshot::Receiver<Duration> {
    let (last, is_last) = oneshot::channel();
    AWAITED.set(events);
    LAST.set(Some(last));
    is_last
}

/// One more subscriber.
struct Admit;

impl Message for Admit {
    type Result = Result<(), ActorError>;
}

impl Handler<Admit> for Publisher {
    async fn handle(&mut self, _: Admit, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        let listener = ctx.system().spawn(Listener(0)).await?;
        self.broker.subscribe::<Event>(TOPIC, &listener).await?;
        self.subscribers.push(listener);
        Ok(())
    }
}

struct TimeEvents(usize);

impl Message for TimeEvents {
    type Result = Vec<Duration>;
}

impl Handler<TimeEvents> for Publisher {
    async fn handle(&mut self, TimeEvents(times): TimeEvents, _: &mut ActorContext<Self>) -> Vec<Duration> {
        let mut taken = Vec::with_capacity(times);
        for _ in 0..times {
            let last = expect(self.subscribers.len());
            let published = self.broker.publish(TOPIC, Event(Instant::now())).await.expect("the topic takes it");
            assert_eq!(published.reached(), self.subscribers.len());
            taken.push(last.await.expect("the last one reports"));
        }
        taken
    }
}

struct TimeCalls(usize);

impl Message for TimeCalls {
    type Result = Vec<(Duration, Duration)>;
}

impl Handler<TimeCalls> for Publisher {
    async fn handle(&mut self, TimeCalls(times): TimeCalls, _: &mut ActorContext<Self>) -> Vec<(Duration, Duration)> {
        let mut taken = Vec::with_capacity(times);
        for _ in 0..times {
            let last = expect(BATCH * self.subscribers.len());
            let started = Instant::now();
            for _ in 0..BATCH {
                self.broker.publish(TOPIC, Event(started)).await.expect("the topic takes it");
            }
            let publish = started.elapsed();
            last.await.expect("the last one reports");

            let last = expect(BATCH);
            let started = Instant::now();
            for _ in 0..BATCH {
                self.subscribers[0].tell(Event(started)).await.expect("the subscriber lives");
            }
            let tell = started.elapsed();
            last.await.expect("the last one reports");
            taken.push((publish, tell));
        }
        taken
    }
}
