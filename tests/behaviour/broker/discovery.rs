//! Who is there: topics, subscribers, and how to talk to them directly.

use super::{Tick, heard, listener};
use crate::support::{system, wait};

// MISSION: "Dynamic discovery (find actors by topic at runtime)"
// MISSION: "Unknown recipient: Discovery via broker, then direct reference"
#[test]
fn a_topic_leads_to_its_subscribers() {
    let system = system(1);
    let broker = system.broker();
    let named = wait(system.spawn(super::Listener::default()).name("audit")).unwrap();
    let other = listener(&system);
    wait(broker.subscribe::<Tick>("clock.*", &named)).unwrap();
    wait(broker.subscribe::<Tick>("clock.a", &other)).unwrap();
    let ids: Vec<_> = broker.subscribers("clock.a").unwrap().iter().map(corecast::ActorInfo::id).collect();
    assert_eq!(ids, [named.id(), other.id()], "in the order of the subscriptions");
    // By name, or by the topic itself.
    let name = broker.subscribers("clock.b").unwrap()[0].name().unwrap().to_owned();
    wait(system.find::<super::Listener>(&name).unwrap().tell(Tick(1))).unwrap();
    for recipient in broker.topic::<Tick>("clock.a").unwrap().recipients() {
        wait(recipient.tell(Tick(2))).unwrap();
    }
    assert_eq!((heard(&named), heard(&other)), (vec![1, 2], vec![2]));
}

#[test]
fn the_topics_are_listed_in_order() {
    let system = system(1);
    let (broker, actor) = (system.broker(), listener(&system));
    for topic in ["b", "a.b", "a"] {
        wait(broker.subscribe::<Tick>(topic, &actor)).unwrap();
    }
    wait(broker.subscribe::<Tick>("x.*", &actor)).unwrap();
    assert_eq!(broker.topics(), ["a", "a.b", "b"]);
    wait(broker.publish("x.y", Tick(1))).unwrap();
    assert_eq!(broker.topics(), ["a", "a.b", "b", "x.y"]);
}

#[test]
fn nobody_subscribes_to_an_unknown_topic() {
    let system = system(1);
    assert!(system.broker().subscribers("clock").unwrap().is_empty());
}

// MISSION: "No discovery: Cannot find actors dynamically"
#[test]
fn an_actor_reference_alone_leads_to_its_own_actor_only() {
    let system = system(1);
    let (known, unknown) = (listener(&system), listener(&system));
    wait(system.broker().subscribe::<Tick>("clock", &unknown)).unwrap();
    wait(known.tell(Tick(1))).unwrap();
    assert_eq!((heard(&known), heard(&unknown)), (vec![1], vec![]));
}
