//! "Design Decisions", "Memory Overhead" and "Comparison with Alternatives".

use std::any::TypeId;
use std::sync::Arc;
use std::task::Poll;

use corecast::{Actor, ActorContext, Handler, Mailbox, Message};

use crate::support::{Echo, Note, Seen, hold, hold_and_fill, later, poll_once, probe, spawn, spawn_with, system, wait};

struct Query {
    id: u64,
}

impl Message for Query {
    type Result = String; // Response type
}

struct MyActor;

impl Actor for MyActor {}

impl Handler<Query> for MyActor {
    async fn handle(&mut self, msg: Query, _ctx: &mut ActorContext<Self>) -> String {
        format!("Result for {}", msg.id) // Must return String
    }
}

// MISSION: "Choice: Use associated type Message::Result for type-safe responses."
// MISSION: "Compile-time type checking (response type must match)"
// MISSION: "No runtime type errors (impossible to return wrong type)"
#[test]
fn a_message_names_the_type_of_its_response() {
    // That a handler can't return another type is shown by the doctests beside `Handler`.
    let system = system(1);
    let actor = wait(system.spawn(MyActor)).unwrap();
    let response: <Query as Message>::Result = wait(actor.send(Query { id: 42 })).unwrap();
    assert_eq!(response, "Result for 42");
    assert_eq!(TypeId::of::<<Query as Message>::Result>(), TypeId::of::<String>());
}

// MISSION: "Choice: All message sends are async and use await."
#[test]
fn sends_are_awaited() {
    let system = system(1);
    let (actor, _) = spawn(&system);
    let answer = system.block_on(async {
        actor.tell(Note(1)).await?;
        let answer = actor.send(Echo(2)).await?;
        Ok::<u64, Box<dyn std::error::Error + Send + Sync>>(answer)
    });
    assert_eq!(answer.unwrap(), 2);
}

// MISSION: "Non-blocking: Sender can do other work while message is in flight"
#[test]
fn a_sender_works_while_its_message_is_in_flight() {
    let system = system(1);
    let (actor, _) = spawn(&system);
    let (other, _) = spawn(&system);
    let held = hold(&actor);
    let mut in_flight = actor.send(Echo(1));
    assert!(matches!(poll_once(&mut in_flight), Poll::Pending));
    for number in 0..10 {
        assert_eq!(wait(other.send(Echo(number))).unwrap(), number);
    }
    held.open();
    assert_eq!(wait(in_flight).unwrap(), 1);
}

// MISSION: "Integrates with Tokio: Natural fit with async ecosystem"
#[test]
fn a_tokio_program_talks_to_actors() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let system = system(2);
    let sum = runtime.block_on(async {
        let actor = system.spawn(probe().0).await.unwrap();
        let tasks: Vec<_> = (0..10)
            .map(|number| {
                let actor = actor.clone();
                tokio::spawn(async move { actor.send(Echo(number)).await.unwrap() })
            })
            .collect();
        let mut sum = 0;
        for task in tasks {
            sum += task.await.unwrap();
        }
        sum
    });
    assert_eq!(sum, 45);
}

// MISSION: "Backpressure support: Bounded mailbox can apply backpressure"
// MISSION: "Fixed capacity, backpressure"
// MISSION: "Backpressure: Bounded mailbox prevents memory exhaustion"
#[test]
fn a_bounded_mailbox_makes_its_senders_wait() {
    let system = system(1);
    let (actor, events) = spawn_with(&system, Mailbox::bounded(2));
    let held = hold_and_fill(&actor, 2);
    let mut one_too_many = actor.tell(Note(3));
    assert!(matches!(poll_once(&mut one_too_many), Poll::Pending));
    assert_eq!(actor.mailbox_size(), 2, "no more than its capacity, whoever waits");
    held.open();
    wait(one_too_many).unwrap();
    assert_eq!([events.note(), events.note(), events.note()], [1, 2, 3]);
}

// MISSION: "Choice: Each actor has a mailbox (queue) for pending messages."
// MISSION: "Unlimited capacity"
// MISSION: "Decoupling: Sender doesn't block waiting for receiver"
// MISSION: "Buffering: Absorbs traffic bursts"
#[test]
fn a_mailbox_takes_a_burst_while_its_actor_is_busy() {
    const BURST: u64 = 50_000;
    let system = system(1);
    let (busy, _) = spawn_with(&system, Mailbox::unbounded());
    let (idle, _) = spawn(&system);
    let held = hold(&busy);
    for number in 0..BURST {
        assert!(matches!(poll_once(&mut busy.tell(Note(number))), Poll::Ready(Ok(()))));
    }
    assert_eq!((busy.mailbox_size() as u64, idle.mailbox_size()), (BURST, 0), "each has its own");
    held.open();
    assert_eq!(wait(busy.send(Seen)).unwrap().len() as u64, BURST);
}

// MISSION: "Choice: Strictly FIFO (first-in-first-out) message processing."
// MISSION: "Predictable: Messages processed in send order"
#[test]
fn messages_are_processed_in_the_order_of_the_calls_whatever_their_kind() {
    let system = system(1);
    let (actor, _) = spawn(&system);
    let held = hold(&actor);
    let mut seen_before = Vec::new();
    for number in 0..20 {
        // Requests and notes stand in one line.
        wait(actor.tell(Note(number))).unwrap();
        seen_before.push(actor.send(Seen));
    }
    held.open();
    for (number, seen) in (0..).zip(seen_before) {
        assert_eq!(wait(seen).unwrap(), (0..=number).collect::<Vec<u64>>());
    }
}

// MISSION: "Fair: No message starvation"
#[test]
fn one_sender_s_flood_does_not_starve_another_s_message() {
    let system = system(2);
    let (actor, _) = spawn_with(&system, Mailbox::bounded(8));
    let (flooder, _) = spawn(&system);
    let target = actor.clone();
    drop(flooder.send(later(move |_ctx| Box::pin(async move { while target.tell(Echo(0)).await.is_ok() {} }))));
    for number in 0..50 {
        assert_eq!(wait(actor.send(Echo(number))).unwrap(), number);
    }
    actor.kill();
}

/// Shared, not copied.
struct EfficientMessage {
    data: Arc<Vec<u8>>,
}

impl Message for EfficientMessage {
    type Result = usize;
}

impl Handler<EfficientMessage> for MyActor {
    async fn handle(&mut self, msg: EfficientMessage, _ctx: &mut ActorContext<Self>) -> usize {
        msg.data.as_ptr().addr()
    }
}

// MISSION: "Optimization: Use Arc<T> for large messages to share data instead of copying."
#[test]
fn actors_share_what_an_arc_holds() {
    let system = system(2);
    let data = Arc::new(vec![7; 1 << 20]);
    for _ in 0..3 {
        let actor = wait(system.spawn(MyActor)).unwrap();
        let message = EfficientMessage { data: Arc::clone(&data) };
        assert_eq!(wait(actor.send(message)).unwrap(), data.as_ptr().addr(), "not a copy");
    }
}

/// Nothing that could be serialized.
struct Local {
    closure: Box<dyn FnOnce(u64) -> u64 + Send>,
    function: fn(u64) -> u64,
}

impl Message for Local {
    type Result = Box<dyn Fn() -> u64 + Send>;
}

impl Handler<Local> for MyActor {
    async fn handle(&mut self, msg: Local, _ctx: &mut ActorContext<Self>) -> Box<dyn Fn() -> u64 + Send> {
        let number = (msg.function)((msg.closure)(1));
        Box::new(move || number)
    }
}

// Also in the document: "Local optimization (no serialization overhead)"
#[test]
fn a_message_may_be_what_cannot_be_serialized() {
    let system = system(1);
    let actor = wait(system.spawn(MyActor)).unwrap();
    let message = Local { closure: Box::new(|number| number + 1), function: |number| number * 10 };
    let answer = wait(actor.send(message)).unwrap();
    assert_eq!(answer(), 20);
}
