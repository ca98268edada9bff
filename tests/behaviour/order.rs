//! Messages from one sender to one actor are handled in the order of the calls.

use std::thread;

use corecast::{Actor, ActorContext, Handler, Mailbox, Message};

use crate::support::{Note, Seen, hold, hold_and_fill, later, spawn, spawn_with, system, wait};

/// Remembers the last number of each sender, and counts numbers that came too early or too late.
#[derive(Default)]
struct Sequence {
    next: [u64; 4],
    strays: u64,
}

struct Numbered {
    sender: usize,
    number: u64,
}

impl Message for Numbered {
    type Result = ();
}

struct Strays;

impl Message for Strays {
    type Result = (u64, [u64; 4]);
}

impl Actor for Sequence {}

impl Handler<Numbered> for Sequence {
    async fn handle(&mut self, it: Numbered, _ctx: &mut ActorContext<Self>) {
        let next = &mut self.next[it.sender];
        self.strays += u64::from(*next != it.number);
        *next = it.number + 1;
    }
}

impl Handler<Strays> for Sequence {
    async fn handle(&mut self, _: Strays, _ctx: &mut ActorContext<Self>) -> (u64, [u64; 4]) {
        (self.strays, self.next)
    }
}

#[test]
fn each_sender_s_messages_come_in_order() {
    const EACH: u64 = 5_000;
    let system = system(2);
    let mailboxes = [1, 2, 3, 16, 1024].map(Mailbox::bounded).into_iter().chain([Mailbox::unbounded()]);
    for mailbox in mailboxes {
        let actor = wait(system.spawn(Sequence::default()).mailbox(mailbox)).unwrap();
        let senders: Vec<_> = (0..4)
            .map(|sender| {
                let actor = actor.clone();
                thread::spawn(move || {
                    for number in 0..EACH {
                        let message = Numbered { sender, number };
                        // The verbs share one order.
                        match number % 3 {
                            0 => actor.blocking_tell(message).unwrap(),
                            1 => wait(actor.tell(message)).unwrap(),
                            _ => wait(actor.send(message)).unwrap(),
                        }
                    }
                })
            })
            .collect();
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        assert_eq!(wait(actor.send(Strays)).unwrap(), (0, [EACH; 4]), "{mailbox:?}");
    }
}

#[test]
fn order_is_kept_between_actors_of_one_system() {
    let system = system(2);
    let (sink, _events) = spawn_with(&system, Mailbox::bounded(3));
    let (source, _source_events) = spawn(&system);
    let sink_of_source = sink.clone();
    let done = source.send(later(move |_ctx| {
        Box::pin(async move {
            for number in 0..10_000 {
                sink_of_source.tell(Note(number)).await.unwrap();
            }
        })
    }));
    wait(done).unwrap();
    assert_eq!(wait(sink.send(Seen)).unwrap(), (0..10_000).collect::<Vec<_>>());
}

#[test]
fn order_is_kept_while_the_mailbox_grows() {
    const MANY: u64 = 100_000;
    let system = system(1);
    for mailbox in [Mailbox::unbounded(), Mailbox::bounded(1 << 17)] {
        let (actor, _events) = spawn_with(&system, mailbox);
        // Grown from empty, three times over: given back in between.
        for round in 0..3 {
            let held = hold(&actor);
            for number in 0..MANY {
                actor.try_tell(Note(round * MANY + number)).unwrap();
            }
            assert_eq!(actor.mailbox_size() as u64, MANY);
            held.open();
            let seen = wait(actor.send(Seen)).unwrap();
            assert!(seen.iter().copied().eq(0..(round + 1) * MANY), "{mailbox:?}, round {round}");
        }
    }
}

#[test]
fn order_is_kept_while_the_mailbox_grows_under_a_running_consumer() {
    const EACH: u64 = 50_000;
    let system = system(2);
    let actor = wait(system.spawn(Sequence::default()).mailbox(Mailbox::unbounded())).unwrap();
    let senders: Vec<_> = (0..3)
        .map(|sender| {
            let actor = actor.clone();
            thread::spawn(move || (0..EACH).for_each(|number| actor.try_tell(Numbered { sender, number }).unwrap()))
        })
        .collect();
    senders.into_iter().for_each(|sender| sender.join().unwrap());
    assert_eq!(wait(actor.send(Strays)).unwrap(), (0, [EACH, EACH, EACH, 0]));
}

/// Messages of other sizes: none at all, and more than lies in a mailbox by value.
struct Nothing;

struct Large([u64; 40]);

/// So strictly aligned that a slot can't be.
#[repr(align(256))]
struct Aligned(u64);

impl Message for Nothing {
    type Result = ();
}

impl Message for Large {
    type Result = ();
}

impl Message for Aligned {
    type Result = ();
}

/// Writes down what comes as a letter and a number.
#[derive(Default)]
struct Scribe(Vec<(char, u64)>);

struct Read;

impl Message for Read {
    type Result = Vec<(char, u64)>;
}

impl Actor for Scribe {}

impl Handler<Nothing> for Scribe {
    async fn handle(&mut self, _: Nothing, _ctx: &mut ActorContext<Self>) {
        self.0.push(('n', 0));
    }
}

impl Handler<Large> for Scribe {
    async fn handle(&mut self, large: Large, _ctx: &mut ActorContext<Self>) {
        assert!(large.0.iter().all(|number| *number == large.0[0]));
        self.0.push(('l', large.0[39]));
    }
}

impl Handler<Aligned> for Scribe {
    async fn handle(&mut self, aligned: Aligned, _ctx: &mut ActorContext<Self>) {
        assert_eq!((&raw const aligned).addr() % 256, 0);
        self.0.push(('a', aligned.0));
    }
}

impl Handler<Read> for Scribe {
    async fn handle(&mut self, _: Read, _ctx: &mut ActorContext<Self>) -> Vec<(char, u64)> {
        self.0.clone()
    }
}

#[test]
fn messages_of_different_types_and_sizes_share_one_order() {
    let system = system(1);
    let actor = wait(system.spawn(Scribe::default()).mailbox(Mailbox::bounded(8))).unwrap();
    let mut expected = Vec::new();
    for number in 0..1_000 {
        actor.blocking_tell(Nothing).unwrap();
        actor.blocking_tell(Large([number; 40])).unwrap();
        actor.blocking_tell(Aligned(number)).unwrap();
        expected.extend([('n', 0), ('l', number), ('a', number)]);
    }
    assert_eq!(wait(actor.send(Read)).unwrap(), expected);
}

#[test]
fn waiting_senders_are_served_in_the_order_of_their_calls() {
    for capacity in [1, 2, 3, 7] {
        let system = system(1);
        let (actor, _events) = spawn_with(&system, Mailbox::bounded(capacity as usize));
        let held = hold_and_fill(&actor, capacity);
        let mut waiting: Vec<_> = (capacity + 1..=100).map(|number| (number, Some(actor.tell(Note(number))))).collect();
        // Every third gives up: the order of the others is what it was.
        waiting.iter_mut().filter(|(number, _)| number % 3 == 0).for_each(|(_, tell)| *tell = None);
        held.open();
        for (_, tell) in &mut waiting {
            if let Some(tell) = tell {
                wait(tell).unwrap();
            }
        }
        let expected: Vec<u64> = (1..=100).filter(|number| *number <= capacity || number % 3 != 0).collect();
        assert_eq!(wait(actor.send(Seen)).unwrap(), expected, "capacity {capacity}");
    }
}
