//! From one to many that don't know one another: events for the subscribers of a topic, or the members of a group.

use corecast::{ActorContext, ActorRef, Group, Groups, Handler, Message, MessageBroker, Overflow, Topic};

use crate::counting::allocations;
use crate::direct::{Driver, Extent};
use crate::sink::{Event, Flush, Sink, brim};

/// The topic, and a pattern that matches it.
const TOPIC: &str = "all.sinks";
const PATTERN: &str = "all.*";

/// Where events go out.
enum Outlet {
    Topic(MessageBroker, Topic<Event>),
    Group(Groups, Group<Event>),
}

impl Outlet {
    async fn send_by_name(&self, event: Event) {
        match self {
            Self::Topic(broker, _) => drop(broker.publish(TOPIC, event).await.expect("published")),
            Self::Group(groups, _) => drop(groups.broadcast(TOPIC, event).await.expect("broadcast")),
        }
    }

    async fn send_by_handle(&self, event: Event) {
        match self {
            Self::Topic(_, topic) => drop(topic.publish(event).await.expect("published")),
            Self::Group(_, group) => drop(group.broadcast(event).await.expect("broadcast")),
        }
    }
}

/// Publishes, and asks how many allocations there were.
pub(crate) struct Publishes {
    outlet: Outlet,
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
        for (number, sink) in sinks.iter().enumerate() {
            let pattern = if number % 5 == 0 { PATTERN } else { TOPIC };
            broker.subscribe::<Event>(pattern, sink).overflow(overflow(number)).start().expect("subscribed");
        }
        let topic = broker.topic(TOPIC).expect("a topic");
        Self { outlet: Outlet::Topic(broker, topic), sinks, burst, extent }
    }

    /// The sinks are in one group, two of any five so that they shed.
    pub(crate) fn to_group(sinks: Vec<ActorRef<Sink>>, burst: u64, extent: Extent) -> Self {
        let groups = Groups::new();
        for (number, sink) in sinks.iter().enumerate() {
            groups.join::<Event>(TOPIC, sink).overflow(overflow(number)).start().expect("joined");
        }
        let group = groups.group(TOPIC).expect("a group");
        Self { outlet: Outlet::Group(groups, group), sinks, burst, extent }
    }

    async fn publish(&self, events: u64) {
        for event in 1..=events {
            if event % 2 == 0 {
                self.outlet.send_by_name(Event([1; 16])).await;
            } else {
                self.outlet.send_by_handle(Event([2; 16])).await;
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

/// What becomes of events for which a sink has no room.
fn overflow(number: usize) -> Overflow {
    [Overflow::Wait, Overflow::DropNewest, Overflow::Wait, Overflow::DropOldest(8), Overflow::Latest][number % 5]
}

impl Message for Publishes {
    type Result = u64;
}

impl Handler<Publishes> for Driver {
    async fn handle(&mut self, publishes: Publishes, _ctx: &mut ActorContext<Self>) -> u64 {
        publishes.count().await
    }
}
