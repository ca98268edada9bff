//! Subscriptions in numbers: many come and go, and nothing is left.

use std::thread;

use corecast::{MessageBroker, Overflow};

use super::{Tick, heard, listener};
use crate::support::{Random, seed, system, wait};

#[test]
fn subscriptions_come_and_go_as_a_plain_list_says() {
    let seed = seed("subscriptions_come_and_go_as_a_plain_list_says");
    let mut random = Random::new(seed, 0);
    let system = system(1);
    let broker = MessageBroker::new();
    let actor = listener(&system);
    let tokens = ["a", "b", "c"];
    let patterns = ["a", "b", "*", ">", "a.b", "a.*", "*.b", "a.>", "*.>", "a.b.c", "a.*.c", "*.*.*", "b.>"];
    let matches = |pattern: &str, topic: &str| {
        let (mut pattern, mut topic) = (pattern.split('.'), topic.split('.'));
        loop {
            match (pattern.next(), topic.next()) {
                (None, None) => return true,
                (Some(">"), Some(_)) => return true,
                (Some(one), Some(other)) if one == "*" || one == other => {}
                _ => return false,
            }
        }
    };
    let mut model = Vec::new();
    let mut handles = Vec::new();
    for _ in 0..3_000 {
        match random.below(10) {
            0..3 => {
                let pattern = *random.pick(&patterns);
                model.push((pattern, wait(broker.subscribe::<Tick>(pattern, &actor)).unwrap()));
            }
            3..6 if !model.is_empty() => {
                let at = random.below(model.len() as u64) as usize;
                model.swap_remove(at).1.unsubscribe();
            }
            6 => handles.push(broker.topic::<Tick>(["a", "a.b", "a.b.c", "b.c"][random.below(4) as usize]).unwrap()),
            7 => drop(handles.pop()),
            _ => {
                let topic: Vec<_> = (0..=random.below(3)).map(|_| *random.pick(&tokens)).collect();
                let topic = topic.join(".");
                let expected = model.iter().filter(|(pattern, _)| matches(pattern, &topic)).count();
                assert_eq!(wait(broker.publish(&topic, Tick(1))).unwrap().reached(), expected, "{topic}");
                assert_eq!(broker.subscribers(&topic).unwrap().len(), expected, "{topic}");
            }
        }
    }
    handles.clear();
    model.iter().for_each(|(_, sub)| sub.unsubscribe());
    assert!(broker.topics().is_empty(), "{:?}", broker.topics());
}

#[test]
fn ten_thousand_subscriptions_are_found_and_ended() {
    let system = system(1);
    let broker = MessageBroker::new();
    let actor = listener(&system);
    let subs: Vec<_> = (0..10_000)
        .map(|number| {
            let pattern =
                if number % 10 == 0 { format!("a{}.*", number % 97) } else { format!("a{}.b{number}", number % 97) };
            wait(broker.subscribe::<Tick>(&pattern, &actor)).unwrap()
        })
        .collect();
    assert_eq!(broker.topics().len(), 9_000);
    let reached = wait(broker.publish("a1.b1", Tick(1))).unwrap().reached();
    assert_eq!(heard(&actor).len(), reached);
    assert!(reached > 1);
    subs.iter().for_each(|sub| sub.unsubscribe());
    assert!(broker.topics().is_empty());
}

#[test]
fn subscriptions_of_many_threads_are_in_their_lists_and_leave_nothing() {
    let system = system(1);
    let broker = MessageBroker::new();
    let actor = listener(&system);
    let threads: [_; 4] = std::array::from_fn(|number| {
        let (broker, actor) = (broker.clone(), actor.clone());
        thread::spawn(move || {
            let pattern = ["a.b", "a.*"][number % 2];
            let mut subs = Vec::new();
            for round in 0..600 {
                subs.push(broker.subscribe::<Tick>(pattern, &actor).overflow(Overflow::DropNewest).start().unwrap());
                if round % 3 == 0 {
                    subs.remove(subs.len() / 2).unsubscribe();
                }
            }
            subs
        })
    });
    let subs: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    assert_eq!(subs.len(), 4 * 400);
    assert_eq!(broker.subscribers("a.b").unwrap().len(), subs.len());
    let published = wait(broker.publish("a.b", Tick(1))).unwrap();
    assert_eq!(published.reached() + published.shed(), subs.len());
    subs.iter().for_each(|sub| sub.unsubscribe());
    assert!(broker.subscribers("a.b").unwrap().is_empty());
    assert!(broker.topics().is_empty());
}
