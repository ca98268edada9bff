//! Subscribing and unsubscribing at a broker that has 10,000 other subscriptions, 1,000 of them with wildcards.
//!
//! The topics come round, some of them known to the broker already; one in ten of the subscriptions has a wildcard.
//! Timed is the calling thread, which does all the work.

use std::time::Duration;

use corecast::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Message, MessageBroker};

use super::Load;
use super::clock::Clock;

/// Subscriptions that are there all the time.
const OTHERS: usize = 10_000;

/// The load. One operation is a subscription or its end.
pub struct Subscribing {
    broker: MessageBroker,
    subscriber: ActorRef<Audience>,
    patterns: Vec<String>,
    /// Held so that it lives as long as the load, and ends with it.
    _system: ActorSystem,
}

#[derive(Clone)]
struct Event;

impl Message for Event {
    type Result = ();
}

struct Audience;

impl Actor for Audience {}

impl Handler<Event> for Audience {
    async fn handle(&mut self, _: Event, _: &mut ActorContext<Self>) {}
}

/// The pattern of a subscription: one in ten with a wildcard.
fn pattern(number: usize) -> String {
    match number % 10 {
        0 => format!("region.{}.*.created", number / 10),
        _ => format!("region.{}.orders.{number}", number / 10),
    }
}

/// Sets the load up.
pub fn load() -> Subscribing {
    let system = ActorSystem::builder().workers(1).build().expect("one worker");
    let subscriber = system.spawn(Audience).start().expect("it starts");
    let broker = MessageBroker::new();
    for number in 0..OTHERS {
        broker.subscribe(&pattern(number), &subscriber).start().expect("a good pattern");
    }
    // Half of them are patterns that others have, too.
    let patterns = (0..1_000).map(|number| pattern(number * OTHERS / 500)).collect();
    Subscribing { broker, subscriber, patterns, _system: system }
}

impl Load for Subscribing {
    const ROUND: u64 = 2_000;

    fn rounds(&mut self, rounds: u64) -> Duration {
        let started = Clock::ThreadCpu.now();
        for _ in 0..rounds {
            for pattern in &self.patterns {
                let subscription = self.broker.subscribe(pattern, &self.subscriber).start().expect("a good pattern");
                subscription.unsubscribe();
            }
        }
        Clock::ThreadCpu.now() - started
    }
}
