//! Names and patterns: what matches what, whose type a topic is, what is refused.

use std::error::Error;

use corecast::{Message, MessageBroker, Overflow, SubscribeError, TopicError};

use super::{Tick, Tock, heard, listener};
use crate::support::{system, wait};

#[test]
fn a_pattern_matches_as_nats_says() {
    let system = system(1);
    let cases = [
        ("a.b", "a.b", true),
        ("a.b", "a.c", false),
        ("a.b", "a", false),
        ("a.b", "a.b.c", false),
        ("a.*", "a.b", true),
        ("a.*", "a", false),
        ("a.*", "a.b.c", false),
        ("*.b", "a.b", true),
        ("*.*", "a.b", true),
        ("*", "a", true),
        ("*", "a.b", false),
        ("a.*.c", "a.b.c", true),
        ("a.*.c", "a.b.d", false),
        ("a.>", "a.b", true),
        ("a.>", "a.b.c", true),
        ("a.>", "a", false),
        (">", "a", true),
        (">", "a.b.c", true),
        ("*.>", "a.b", true),
        ("*.>", "a", false),
        ("a.*.>", "a.b.c", true),
        ("a.*.>", "a.b", false),
    ];
    for (pattern, topic, matches) in cases {
        // Both ways: the topic comes first, or the pattern does.
        for topic_first in [true, false] {
            let broker = MessageBroker::new();
            let actor = listener(&system);
            let early = topic_first.then(|| broker.topic::<Tick>(topic).unwrap());
            let sub = wait(broker.subscribe::<Tick>(pattern, &actor)).unwrap();
            let reached = wait(broker.publish(topic, Tick(1))).unwrap().reached();
            assert_eq!(reached, usize::from(matches), "{pattern} {topic} {topic_first}");
            assert_eq!(wait(broker.publish(topic, Tick(2))).unwrap().reached(), reached, "once it is known");
            sub.unsubscribe();
            assert_eq!(wait(broker.publish(topic, Tick(3))).unwrap().reached(), 0);
            drop(early);
            assert_eq!(broker.topics(), [""; 0]);
        }
    }
}

#[test]
fn several_patterns_that_match_are_several_subscriptions() {
    let system = system(1);
    let actor = listener(&system);
    for pattern in ["a.*", "a.>", "a.b", "*.b"] {
        wait(system.broker().subscribe::<Tick>(pattern, &actor)).unwrap();
    }
    assert_eq!(wait(system.broker().publish("a.b", Tick(1))).unwrap().reached(), 4);
    assert_eq!(heard(&actor), [1; 4]);
}

#[test]
fn malformed_topics_are_refused_by_each_operation() {
    let system = system(1);
    let (broker, actor) = (system.broker(), listener(&system));
    let long = "x".repeat(256);
    for name in ["", ".", "a.", ".a", "a..b", "a*", "a.>.b", ">.a", &long] {
        assert!(matches!(wait(broker.subscribe::<Tick>(name, &actor)), Err(SubscribeError::Topic(_))), "{name}");
        assert!(wait(broker.publish(name, Tick(1))).is_err(), "{name}");
        assert!(broker.topic::<Tick>(name).is_err(), "{name}");
        assert!(broker.subscribers(name).is_err(), "{name}");
    }
    for wild in ["*", ">", "a.*", "a.>"] {
        let error = wait(broker.publish(wild, Tick(7))).unwrap_err();
        assert!(matches!(error.reason(), TopicError::Wildcard { topic } if topic == wild));
        assert_eq!(error.into_event(), Tick(7));
        assert!(matches!(broker.topic::<Tick>(wild), Err(TopicError::Wildcard { .. })));
    }
    assert!(broker.topics().is_empty());
    wait(broker.publish(&long[1..], Tick(1))).unwrap();
}

#[test]
fn a_topic_s_type_is_that_of_its_first_use_and_an_error_names_both() {
    let system = system(1);
    let (broker, actor) = (system.broker(), listener(&system));
    let sub = wait(broker.subscribe::<Tick>("clock", &actor)).unwrap();
    let wrong = [
        broker.topic::<Tock>("clock").unwrap_err().to_string(),
        wait(broker.publish("clock", Tock)).unwrap_err().to_string(),
        wait(broker.subscribe::<Tock>("clock", &actor)).unwrap_err().to_string(),
    ];
    for text in wrong {
        assert!(text.contains("Tick") && text.contains("Tock") && text.contains("`clock`"), "{text}");
    }
    assert_eq!(broker.subscribers("clock").unwrap().len(), 1);
    // Nobody holds it any more.
    sub.unsubscribe();
    let topic = broker.topic::<Tock>("clock").unwrap();
    assert!(wait(broker.publish("clock", Tick(1))).is_err());
    assert_eq!(wait(topic.publish(Tock)).unwrap().reached(), 0);
}

#[test]
fn an_event_that_somebody_gets_by_a_pattern_gives_its_topic_a_type() {
    let system = system(1);
    let (broker, actor) = (system.broker(), listener(&system));
    let sub = wait(broker.subscribe::<Tick>("clock.*", &actor)).unwrap();
    // Nobody gets it: nothing is created.
    assert_eq!(wait(broker.publish("clock.a", Tock)).unwrap().reached(), 0);
    assert!(broker.topics().is_empty());
    assert_eq!(wait(broker.publish("clock.a", Tick(1))).unwrap().reached(), 1);
    assert!(wait(broker.publish("clock.a", Tock)).is_err());
    assert_eq!(broker.topics(), ["clock.a"]);
    sub.unsubscribe();
    assert!(broker.topics().is_empty());
}

#[test]
fn a_pattern_gets_events_of_its_own_type_only() {
    let system = system(1);
    let (broker, ticks, tocks) = (system.broker(), listener(&system), listener(&system));
    wait(broker.subscribe::<Tick>("clock.>", &ticks)).unwrap();
    wait(broker.subscribe::<Tock>("clock.>", &tocks)).unwrap();
    assert_eq!(wait(broker.publish("clock.tick", Tick(1))).unwrap().reached(), 1);
    assert_eq!(wait(broker.publish("clock.tock", Tock)).unwrap().reached(), 1);
    assert_eq!((heard(&ticks), heard(&tocks)), (vec![1], vec![u64::MAX]));
}

#[test]
fn publishing_to_a_topic_that_nobody_holds_creates_nothing() {
    let broker = MessageBroker::new();
    for number in 0..100 {
        let published = wait(broker.publish(&format!("nobody.{number}"), Tick(1))).unwrap();
        assert_eq!((published.reached(), published.shed(), published.gone()), (0, 0, 0));
    }
    assert!(broker.topics().is_empty());
}

#[test]
fn topics_that_patterns_alone_match_are_remembered_up_to_a_limit() {
    let system = system(1);
    let (broker, actor) = (system.broker(), listener(&system));
    let sub = wait(broker.subscribe::<Tick>("many.*", actor.downgrade()).overflow(Overflow::Latest)).unwrap();
    let held = broker.topic::<Tick>("many.0").unwrap();
    for number in 0..3_000 {
        assert_eq!(wait(broker.publish(&format!("many.{number}"), Tick(number))).unwrap().reached(), 1);
    }
    assert!((1_000..=1_025).contains(&broker.topics().len()), "{}", broker.topics().len());
    assert_eq!(wait(held.publish(Tick(0))).unwrap().reached(), 1);
    drop(held);
    sub.unsubscribe();
    assert!(broker.topics().is_empty());
}

#[test]
fn a_topic_is_remembered_however_often_it_was_forgotten() {
    let system = system(1);
    let (broker, actor) = (system.broker(), listener(&system));
    let subscribe = || wait(broker.subscribe::<Tick>("many.*", &actor).overflow(Overflow::Latest)).unwrap();
    for round in 0..1_100 {
        let sub = subscribe();
        assert_eq!(wait(broker.publish("many.a", Tick(round))).unwrap().reached(), 1);
        assert_eq!(broker.topics(), ["many.a"], "round {round}");
        sub.unsubscribe();
        assert!(broker.topics().is_empty());
    }
}

// MISSION: "Topic management: Must agree on topic naming scheme"
#[test]
fn who_names_topics_otherwise_isn_t_reached() {
    let system = system(1);
    let (broker, actor) = (system.broker(), listener(&system));
    wait(broker.subscribe::<Tick>("orders.created", &actor)).unwrap();
    for other in ["order.created", "orders", "Orders.created", "orders.created.eu"] {
        assert_eq!(wait(broker.publish(other, Tick(1))).unwrap().reached(), 0, "{other}");
    }
}

#[test]
fn an_overflow_without_room_is_refused_at_the_call() {
    let system = system(1);
    let (broker, actor) = (system.broker(), listener(&system));
    let subscribe = |overflow| broker.subscribe::<Tick>("a", &actor).overflow(overflow).start();
    assert!(matches!(subscribe(Overflow::DropOldest(0)), Err(SubscribeError::NoRoom)));
    let events = Overflow::MAX_EVENTS + 1;
    assert!(matches!(subscribe(Overflow::DropOldest(events)), Err(SubscribeError::TooMuchRoom { .. })));
    assert!(matches!(subscribe(Overflow::DropOldest(usize::MAX)), Err(SubscribeError::TooMuchRoom { .. })));
    assert!(broker.topics().is_empty());
}

#[test]
fn each_error_goes_into_a_box_and_is_in_the_house_style() {
    let system = system(1);
    let (broker, actor) = (system.broker(), listener(&system));
    wait(broker.subscribe::<Tick>("clock", &actor)).unwrap();
    async fn every(broker: &MessageBroker, which: usize) -> Result<(), Box<dyn Error + Send + Sync>> {
        let system = crate::support::system(1);
        let actor = listener(&system);
        match which {
            0 => drop(broker.publish("a.*", Tick(1)).await?),
            1 => drop(broker.publish("clock", Tock).await?),
            2 => drop(broker.topic::<Tick>("")?),
            3 => drop(broker.subscribe::<Tick>("a..b", &actor).await?),
            4 => drop(broker.subscribe::<Tick>("a", &actor).overflow(Overflow::DropOldest(0)).await?),
            5 => drop(broker.subscribe::<Tick>("a", &actor).overflow(Overflow::DropOldest(usize::MAX)).await?),
            6 => drop(broker.subscribe::<Tick>("x*", &actor).await?),
            7 => drop(broker.topic::<Tick>(&"x".repeat(300))?),
            _ => {
                actor.stop();
                drop(broker.subscribe::<Tick>("a", &actor).await?);
            }
        }
        Ok(())
    }
    for which in 0..9 {
        let text = wait(Box::pin(every(broker, which))).expect_err("refused").to_string();
        assert!(!text.ends_with('.') && !text.starts_with(char::is_uppercase), "house style: {text}");
    }
}

/// An event that knows no other trait.
#[derive(Clone)]
struct UserLoginEvent {
    user_id: u64,
}

impl Message for UserLoginEvent {
    type Result = ();
}

#[test]
fn the_plain_form_works() {
    use corecast::{Actor, ActorContext, Handler};
    use std::sync::mpsc::{Sender, channel};

    struct Greeter(Sender<u64>);
    impl Actor for Greeter {}
    impl Handler<UserLoginEvent> for Greeter {
        async fn handle(&mut self, event: UserLoginEvent, _ctx: &mut ActorContext<Self>) {
            self.0.send(event.user_id).unwrap();
        }
    }

    async fn run(broker: &MessageBroker, greeter: corecast::ActorRef<Greeter>) -> Result<(), Box<dyn Error>> {
        let subscriber_ref = greeter;
        broker.subscribe("user.login", subscriber_ref).await?;
        broker.publish("user.login", UserLoginEvent { user_id: 123 }).await?;
        Ok(())
    }
    let system = system(1);
    let (sender, receiver) = channel();
    let greeter = wait(system.spawn(Greeter(sender))).unwrap();
    wait(Box::pin(run(system.broker(), greeter))).unwrap();
    assert_eq!(crate::support::recv(&receiver), 123);
}
