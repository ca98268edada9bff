//! "Why Message Passing?", "Message Passing Semantics" and "Direct Actor References".

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;

use corecast::{Actor, ActorContext, ActorRef, Handler, Mailbox, Message, SendErrorReason};

use crate::support::{
    Boom, Echo, Hold, Note, Seen, eventually, hold, hold_and_fill, later, poll_once, probe, run, spawn, spawn_with,
    system, wait,
};

/// The document's counter. Its value is in a `Cell`, which threads could not share.
struct Counter {
    value: Cell<i32>,
    busy: bool,
}

impl Counter {
    fn new() -> Counter {
        Counter { value: Cell::new(0), busy: false }
    }
}

impl Actor for Counter {}

struct Increment;

impl Message for Increment {
    type Result = ();
}

impl Handler<Increment> for Counter {
    async fn handle(&mut self, _msg: Increment, ctx: &mut ActorContext<Self>) {
        assert!(!self.busy, "one message at a time");
        self.busy = true;
        let value = self.value.get();
        if value % 7 == 0 {
            // Were another message handled meanwhile, its increment would be lost below.
            ctx.yield_now().await;
        }
        self.value.set(value + 1);
        self.busy = false;
    }
}

struct Get;

impl Message for Get {
    type Result = i32;
}

impl Handler<Get> for Counter {
    async fn handle(&mut self, _: Get, _ctx: &mut ActorContext<Self>) -> i32 {
        self.value.get()
    }
}

// MISSION: "No locks: Actors process messages sequentially"
// MISSION: "No race conditions: Each actor owns its state exclusively"
#[test]
fn increments_from_many_threads_are_all_counted_without_a_lock() {
    let system = system(2);
    let counter = wait(system.spawn(Counter::new())).unwrap();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let counter = counter.clone();
            thread::spawn(move || (0..1_000).for_each(|_| counter.blocking_tell(Increment).unwrap()))
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(wait(counter.send(Get)).unwrap(), 4_000);
}

/// A link of a chain, which asks the next link.
struct Link(Option<ActorRef<Link>>);

struct Depth;

impl Message for Depth {
    type Result = u64;
}

impl Actor for Link {}

impl Handler<Depth> for Link {
    async fn handle(&mut self, _: Depth, _ctx: &mut ActorContext<Self>) -> u64 {
        match &self.0 {
            Some(next) => 1 + next.send(Depth).await.unwrap(),
            None => 0,
        }
    }
}

// MISSION: "No deadlocks: Asynchronous message passing never blocks"
#[test]
fn a_hundred_actors_that_wait_for_one_another_need_one_worker() {
    let system = system(1);
    let mut chain = wait(system.spawn(Link(None))).unwrap();
    for _ in 0..100 {
        chain = wait(system.spawn(Link(Some(chain)))).unwrap();
    }
    assert_eq!(wait(chain.send(Depth)).unwrap(), 100);
}

// MISSION: "Scalable: Independent actors run in parallel"
#[test]
fn two_actors_run_at_the_same_time() {
    let system = system(2);
    let arrived = Arc::new(AtomicUsize::new(0));
    // Each keeps its thread until the other is there too.
    let meetings: Vec<_> = (0..2)
        .map(|_| {
            let (actor, _) = spawn(&system);
            let arrived = Arc::clone(&arrived);
            actor.send(run(move |_ctx| {
                // ORDERING: Relaxed; only the count itself is asked for.
                arrived.fetch_add(1, Ordering::Relaxed);
                eventually("both are there", || arrived.load(Ordering::Relaxed) == 2);
            }))
        })
        .collect();
    meetings.into_iter().for_each(|meeting| wait(meeting).unwrap());
}

/// A turnstile: the textbook's state machine.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Turnstile {
    Locked,
    Open,
}

enum Input {
    Coin,
    Push,
}

impl Message for Input {
    type Result = Turnstile;
}

impl Actor for Turnstile {}

impl Handler<Input> for Turnstile {
    async fn handle(&mut self, input: Input, _ctx: &mut ActorContext<Self>) -> Turnstile {
        *self = match input {
            Input::Coin => Turnstile::Open,
            Input::Push => Turnstile::Locked,
        };
        *self
    }
}

// MISSION: "Simple reasoning: Each actor is an isolated state machine"
#[test]
fn each_actor_makes_its_own_transitions_in_turn() {
    let system = system(2);
    let one = wait(system.spawn(Turnstile::Locked)).unwrap();
    let two = wait(system.spawn(Turnstile::Locked)).unwrap();
    assert_eq!(wait(one.send(Input::Coin)).unwrap(), Turnstile::Open);
    assert_eq!(wait(two.send(Input::Push)).unwrap(), Turnstile::Locked);
    assert_eq!(wait(one.send(Input::Coin)).unwrap(), Turnstile::Open);
    assert_eq!(wait(one.send(Input::Push)).unwrap(), Turnstile::Locked);
    assert_eq!(wait(two.send(Input::Coin)).unwrap(), Turnstile::Open);
}

// MISSION: "Semantics: Send message and continue immediately without waiting for response."
#[test]
fn tell_continues_before_the_message_is_processed() {
    let system = system(1);
    let (actor, events) = spawn(&system);
    let held = hold(&actor);
    wait(actor.tell(Note(1))).unwrap();
    assert_eq!(actor.mailbox_size(), 1, "in the mailbox, and the sender goes on");
    held.open();
    assert_eq!(events.note(), 1);
}

// MISSION: "At-most-once delivery: Message delivered to mailbox or error returned"
#[test]
fn a_message_is_delivered_or_comes_back() {
    let system = system(1);
    let (actor, _) = spawn_with(&system, Mailbox::bounded(3));
    let held = hold_and_fill(&actor, 1);
    let mut returned = Vec::new();
    for number in 2..100 {
        if let Err(error) = actor.try_tell(Note(number)) {
            returned.push(error.into_message().0);
        }
    }
    held.open();
    let mut all = wait(actor.send(Seen)).unwrap();
    assert!(!all.is_empty() && returned.len() >= 96, "a mailbox of three");
    all.extend(returned);
    all.sort_unstable();
    assert_eq!(all, (1..100).collect::<Vec<_>>(), "each once: here or there");
}

// MISSION: "Ordered within sender: Messages from same sender arrive in order"
#[test]
fn messages_from_the_same_sender_arrive_in_order() {
    let system = system(2);
    let (actor, _) = spawn(&system);
    for number in 0..5_000 {
        actor.blocking_tell(Note(number)).unwrap();
    }
    assert_eq!(wait(actor.send(Seen)).unwrap(), (0..5_000).collect::<Vec<_>>());
}

// MISSION: "No delivery confirmation: Sender doesn't know if message was processed"
#[test]
fn a_tell_succeeds_though_its_message_is_never_processed() {
    let system = system(1);
    let (actor, _) = spawn(&system);
    let _held = hold(&actor);
    wait(actor.tell(Note(1))).expect("it has its place");
    actor.kill();
    wait(actor.stopped());
    eventually("it became a dead letter", || system.dead_letters() == 1);
}

// MISSION: "No response: Sender cannot receive result"
#[test]
fn a_tell_brings_no_result() {
    let system = system(1);
    let (actor, _) = spawn(&system);
    assert_eq!(std::any::type_name_of_val(&wait(actor.tell(Echo(1))).unwrap()), "()");
}

// MISSION: "Semantics: Send message and wait for response before continuing."
// MISSION: "Blocks sender: Sender waits for response (can't do other work)"
#[test]
fn a_sender_that_awaits_a_response_does_nothing_else() {
    let system = system(2);
    let (asker, asker_events) = spawn(&system);
    let (asked, _) = spawn(&system);
    let (hold, held) = Hold::new();
    let asking = asker.send(later(move |_ctx| Box::pin(async move { asked.send(hold).await.unwrap() })));
    held.entered();
    let mut other_work = asker.send(Note(1));
    assert!(matches!(poll_once(&mut other_work), Poll::Pending), "the asker has not got there");
    assert_eq!(asker.mailbox_size(), 1);
    held.open();
    wait(asking).unwrap();
    wait(other_work).unwrap();
    assert_eq!(asker_events.note(), 1);
}

// MISSION: "Type-safe: Response type matches Message::Result"
#[test]
fn a_response_has_the_type_that_its_message_names() {
    let system = system(2);
    let (server, _) = spawn(&system);
    let (client, _) = spawn(&system);
    wait(server.tell(Note(40))).unwrap();
    let calculation = client.send(later(move |_ctx| {
        Box::pin(async move {
            let seen: Vec<u64> = server.send(Seen).await.unwrap();
            let two: u64 = server.send(Echo(2)).await.unwrap();
            seen[0] + two
        })
    }));
    assert_eq!(wait(calculation).unwrap(), 42_u64);
    let failed: Result<u64, _> = wait(client.send(Boom("no response")));
    assert!(matches!(failed.unwrap_err().reason(), SendErrorReason::Panicked(_)));
}

// MISSION: "Mechanism: Send messages directly to actor via ActorRef<A>."
// MISSION: "Tight coupling: Sender must have reference to specific actor"
#[test]
fn a_reference_reaches_its_actor_and_no_other() {
    let system = system(1);
    let actor_ref: ActorRef<Counter> = wait(system.spawn(Counter::new())).unwrap();
    let other = wait(system.spawn(Counter::new())).unwrap();
    wait(actor_ref.send(Increment)).unwrap();
    assert_eq!((wait(actor_ref.send(Get)).unwrap(), wait(other.send(Get)).unwrap()), (1, 0));
}

/// What a program says when it wants any actor that handles its message.
fn accepts<A: Handler<M>, M: Message>(_actor: &ActorRef<A>) -> &'static str {
    std::any::type_name::<M>()
}

// MISSION: "Type-safe: Compiler ensures actor handles message type"
#[test]
fn an_actor_takes_the_messages_that_it_has_handlers_for() {
    // That others don't compile is shown by the doctests beside `Handler`.
    let system = system(1);
    let counter = wait(system.spawn(Counter::new())).unwrap();
    assert!(accepts::<_, Increment>(&counter).ends_with("Increment"));
    assert!(accepts::<_, Get>(&counter).ends_with("Get"));
}

// Also in the document: "Parent-child communication (supervisor → children)"
// Also in the document: "Actors are tightly coupled (parent-child, client-server)"
#[test]
fn a_parent_talks_to_the_children_that_it_spawned() {
    let system = system(2);
    let (parent, parent_events) = spawn(&system);
    let sum = parent.send(later(|ctx| {
        Box::pin(async move {
            let me = ctx.actor_ref();
            let mut sum = 0;
            for number in 1..=3 {
                let child = ctx.system().spawn(probe().0).await.unwrap();
                sum += child.send(Echo(number)).await.unwrap();
                let me = me.clone();
                child.send(run(move |_ctx| me.try_tell(Note(number)).unwrap())).await.unwrap();
            }
            sum
        })
    }));
    assert_eq!(wait(sum).unwrap(), 6);
    assert_eq!([parent_events.note(), parent_events.note(), parent_events.note()], [1, 2, 3]);
}
