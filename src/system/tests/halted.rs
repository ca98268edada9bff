//! Whom a sender delays that is taken off its processor at the worst moment: real threads, of which one is halted there.
//!
//! Nobody waits for time to pass. While the sender is halted, each worker answers a question after another, and so do other
//! senders get through; the actor that it delays handles nothing that comes behind. Then it goes on, and nothing is lost.

use std::sync::mpsc::{Receiver, Sender, channel};

use crate::sync::halt::{Halted, Spot, run_up_to};
use crate::sync::testing::spawn;
use crate::sync::thread::yield_now;
use crate::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Message};

/// Questions to each worker: more than a row of activations that makes a worker yield to the operating system.
const ROUNDS: u64 = 200;

/// Messages of each of the other senders: more than a segment of the mailbox.
const OTHERS: u64 = 100;

/// The message of the sender that is halted.
const HALTED: u64 = 1_000;

/// Passes on what it is told, in its order.
struct Listener(Sender<u64>);

impl Actor for Listener {}

struct Say(u64);

impl Message for Say {
    type Result = ();
}

impl Handler<Say> for Listener {
    async fn handle(&mut self, Say(word): Say, _: &mut ActorContext<Self>) {
        self.0.send(word).expect("the test listens");
    }
}

/// Answered when all before it has been handled.
struct Flush;

impl Message for Flush {
    type Result = ();
}

impl Handler<Flush> for Listener {
    async fn handle(&mut self, _: Flush, _: &mut ActorContext<Self>) {}
}

/// Lets its asker know that it has begun, and ends when it is told to.
struct Hold(Sender<()>, futures::channel::oneshot::Receiver<()>);

impl Message for Hold {
    type Result = ();
}

impl Handler<Hold> for Listener {
    async fn handle(&mut self, Hold(begun, end): Hold, _: &mut ActorContext<Self>) {
        begun.send(()).expect("the test waits");
        end.await.expect("the test says when");
    }
}

struct Counter(u64);

impl Actor for Counter {}

struct Count;

impl Message for Count {
    type Result = u64;
}

impl Handler<Count> for Counter {
    async fn handle(&mut self, _: Count, _: &mut ActorContext<Self>) -> u64 {
        self.0 += 1;
        self.0
    }
}

/// Two workers with an actor each, and one more on the first of them.
struct Stage {
    target: ActorRef<Listener>,
    said: Receiver<u64>,
    counters: [ActorRef<Counter>; 2],
    _system: ActorSystem,
}

impl Stage {
    fn new() -> Self {
        let system = ActorSystem::builder().workers(2).build().expect("it starts");
        let (say, said) = channel();
        let target = system.spawn(Listener(say)).on_worker(0).start().expect("it starts");
        target.blocking_send(Flush).expect("it lives");
        // Its answer comes before it rests.
        while !target.strong().is_idle() {
            yield_now();
        }
        let counters = [0, 1].map(|worker| system.spawn(Counter(0)).on_worker(worker).start().expect("it starts"));
        Self { target, said, counters, _system: system }
    }

    /// Both workers are seen to go on, and so are other senders to the target, who get no place before the halted one's.
    fn goes_on(&self) {
        let senders: Vec<_> = (0..2)
            .map(|sender| {
                let target = self.target.clone();
                spawn(move || {
                    for number in 0..OTHERS {
                        target.try_tell(Say(sender * OTHERS + number)).expect("there is room");
                    }
                })
            })
            .collect();
        for sender in senders {
            sender.join().expect("it gets through");
        }
        for round in 1..=ROUNDS {
            for counter in &self.counters {
                assert_eq!(counter.blocking_send(Count).expect("its worker goes on"), round);
            }
        }
        assert!(self.said.try_recv().is_err(), "what comes behind the halted one waits");
        assert_eq!(self.target.mailbox_size() as u64, 1 + 2 * OTHERS, "and is accepted");
    }

    /// Nothing is lost, each sender's messages come in their order, and the halted one's comes first: it had its place.
    fn nothing_is_lost(self) {
        self.target.blocking_send(Flush).expect("it lives");
        let said: Vec<_> = self.said.try_iter().collect();
        assert_eq!(said.len() as u64, 1 + 2 * OTHERS);
        assert_eq!(said[0], HALTED);
        for sender in 0..2 {
            let own = said[1..].iter().filter(|&&word| word / OTHERS == sender).copied();
            assert!(own.eq(sender * OTHERS..(sender + 1) * OTHERS));
        }
    }

    fn halt_at(&self, spot: Spot) -> Halted<()> {
        let target = self.target.clone();
        run_up_to(spot, move || target.try_tell(Say(HALTED)).expect("there is room"))
    }
}

#[test]
fn a_sender_halted_before_it_publishes_to_an_idle_actor_delays_that_one_alone() {
    let stage = Stage::new();
    let halted = stage.halt_at(Spot::Claimed);
    stage.goes_on();
    halted.let_go();
    stage.nothing_is_lost();
}

#[test]
fn a_sender_halted_before_it_publishes_to_a_running_actor_delays_that_one_alone() {
    let stage = Stage::new();
    let ((begun, has_begun), (end, ended)) = (channel(), futures::channel::oneshot::channel());
    let held = stage.target.try_send(Hold(begun, ended)).expect("there is room");
    has_begun.recv().expect("it begins");
    let halted = stage.halt_at(Spot::Claimed);
    end.send(()).expect("it waits");
    futures::executor::block_on(held).expect("it is handled: from here on the actor looks at what isn't there");
    stage.goes_on();
    halted.let_go();
    stage.nothing_is_lost();
}

#[test]
fn a_sender_halted_before_it_schedules_an_actor_delays_that_one_alone() {
    let stage = Stage::new();
    let halted = stage.halt_at(Spot::Published);
    stage.goes_on();
    halted.let_go();
    stage.nothing_is_lost();
}
