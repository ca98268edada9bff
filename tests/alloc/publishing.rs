//! From one to many that don't know one another: events for the subscribers of a topic.

use corecast::{ActorContext, ActorRef, Handler, Message, MessageBroker, Overflow, Topic};

use crate::counting::allocations;
use crate::direct::{Driver, Extent};
use crate::sink::{Event, Flush, Sink, brim};

/// The topic, and a pattern that matches it.
const TOPIC: &str = "all.sinks";
const PATTERN: &str = "all.*";

/// Publishes, and asks how many allocations there were.
pub(crate) struct Publishes {
    broker: MessageBroker,
    topic: Topic<Event>,
    sinks: Vec<ActorRef<Sink>>,
    /// Events, half of them by the topic's name, that are published before it is waited for their handlers. No more than a
    /// mailbox has room for: a publisher that waits keeps a list of whom it waits for.
    burst: u64,
    extent: Extent,
}

impl Publishes {
    /// The sinks subscribe to one topic: of any five one by a pattern, and two so that they shed.
    pub(crate) fn new(sinks: Vec<ActorRef<Sink>>, burst: u64, extent: Extent) -> Self {
        let broker = MessageBroker::new();
        let overflows =
            [Overflow::Wait, Overflow::DropNewest, Overflow::Wait, Overflow::DropOldest(8), Overflow::Latest];
        for (number, sink) in sinks.iter().enumerate() {
            let pattern = if number % 5 == 0 { PATTERN } else { TOPIC };
            broker.subscribe::<Event>(pattern, sink).overflow(overflows[number % 5]).start().expect("subscribed");
        }
        let topic = broker.topic(TOPIC).expect("a topic");
        Self { broker, topic, sinks, burst, extent }
    }

    async fn publish(&self, events: u64) {
        for event in 1..=events {
            if event % 2 == 0 {
                self.broker.publish(TOPIC, Event([1; 16])).await.expect("published");
            } else {
                self.topic.publish(Event([2; 16])).await.expect("published");
            }
            if event % self.burst == 0 || event == events {
                for sink in &self.sinks {
                    sink.send(Flush).await.expect("answered");
                }
            }
        }
    }

    /// Counts while so many events are published that the subscribers together get the operations of the extent.
    pub(crate) async fn count(&self) -> u64 {
        for sink in &self.sinks {
            brim::<8>(sink, self.extent.capacity).await;
        }
        let events_for = |deliveries: u64| deliveries.div_ceil(self.sinks.len() as u64);
        self.publish(events_for(self.extent.warm_up).max(2 * self.burst)).await;
        let before = allocations();
        self.publish(events_for(self.extent.operations)).await;
        allocations() - before
    }
}

impl Message for Publishes {
    type Result = u64;
}

impl Handler<Publishes> for Driver {
    async fn handle(&mut self, publishes: Publishes, _ctx: &mut ActorContext<Self>) -> u64 {
        publishes.count().await
    }
}
