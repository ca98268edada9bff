//! Models of the mailbox: the ring, its segments, and the line of waiting senders.
//!
//! The right to run the actor passes from thread to thread through the ring's word alone: whoever gets
//! `Duty::Schedule` runs the actor at once, on its own thread. A queue between them would order what the word has to.
#![cfg(corecast_loom)]

use corecast::loom_api::mailbox::{Duty, Join, Mailbox, Refusal, Rest, Ticket};
use loom::cell::UnsafeCell;
use loom::future::block_on;
use loom::thread;
use loom_tests::{Bounds, linger, model_in_all_modes as model};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};

/// Mailboxes that never are full in these models.
const ROOMY: u32 = 64;

/// A message: who sent it, and its number among theirs.
type Note = (u32, u32);

/// What only the runner may touch.
#[derive(Default)]
struct State {
    handled: Vec<Note>,
    /// How often somebody ran the actor.
    runs: usize,
    /// How often the reader was told to look whether the actor can be reached.
    looks: usize,
    drained: bool,
}

/// How it went, counted outside the model.
#[derive(Default)]
struct Tally {
    behind: AtomicUsize,
    gated: AtomicUsize,
    credited: AtomicUsize,
    waited: AtomicUsize,
}

impl Tally {
    fn add(count: &AtomicUsize) {
        count.fetch_add(1, Ordering::Relaxed);
    }

    fn saw(count: &AtomicUsize) -> bool {
        count.load(Ordering::Relaxed) > 0
    }
}

struct Actor<E = Note> {
    mailbox: Mailbox<E>,
    capacity: u32,
    state: UnsafeCell<State>,
    /// Where the line is: written before anybody waits, read by whoever finds the gate up.
    line: UnsafeCell<bool>,
    /// What is written before a nudge, and before a close.
    dropped: [loom::sync::atomic::AtomicBool; 2],
    reason: UnsafeCell<u32>,
    tally: Tally,
}

// SAFETY: the models are about whether this is so.
unsafe impl<E> Sync for Actor<E> {}
// SAFETY: its parts are, for messages that are: all that are made are `Noted`.
unsafe impl<E> Send for Actor<E> {}

/// How a tell ended.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Accepted,
    Refused(Refusal),
}

/// What the models do with a message.
trait Noted: Send + 'static {
    /// The message with this note.
    fn of(note: Note) -> Self;
    fn note(&self) -> Note;
}

impl Noted for Note {
    fn of(note: Note) -> Self {
        note
    }

    fn note(&self) -> Note {
        *self
    }
}

/// A message that lies in a block of its own.
#[derive(Debug)]
struct Large(Note, [u64; 16]);

impl Noted for Large {
    fn of(note: Note) -> Self {
        Self(note, [u64::from(note.1); 16])
    }

    fn note(&self) -> Note {
        assert_eq!(self.1, [u64::from(self.0.1); 16]);
        self.0
    }
}

impl<E: Noted> Actor<E> {
    /// An actor that is about to run for the first time.
    fn new(capacity: u32) -> Arc<Self> {
        Arc::new(Self {
            mailbox: Mailbox::new(capacity),
            capacity,
            state: UnsafeCell::new(State::default()),
            line: UnsafeCell::new(false),
            dropped: Default::default(),
            reason: UnsafeCell::new(0),
            tally: Tally::default(),
        })
    }

    /// An actor that has run and is idle.
    fn idle(capacity: u32) -> Arc<Self> {
        let actor = Self::new(capacity);
        actor.run();
        actor
    }

    /// The caller has the right to run: handles messages until there are none. As `Turn::drain`.
    fn run(&self) {
        // SAFETY: loom checks it: whoever runs is alone.
        self.state.with_mut(|state| unsafe { (*state).runs += 1 });
        // SAFETY: if the right to run isn't ours alone, loom says so.
        let mut reader = unsafe { self.mailbox.reader() };
        let mut served = false;
        loop {
            linger();
            if let Some(message) = reader.next() {
                // SAFETY: as above.
                self.state.with_mut(|state| unsafe { (*state).handled.push(message.note()) });
                served = false;
                if reader.credit(false) {
                    Tally::add(&self.tally.credited);
                    served = self.serve();
                }
                continue;
            }
            match reader.rest(served) {
                Rest::Idle => return,
                Rest::Behind => {
                    Tally::add(&self.tally.behind);
                    thread::yield_now();
                }
                Rest::Gated => {
                    Tally::add(&self.tally.gated);
                    served = self.serve();
                }
                Rest::Nudged => self.look(),
                Rest::Drained => {
                    // SAFETY: loom checks it: what the closer wrote before is visible.
                    self.reason.with(|reason| assert_eq!(unsafe { *reason }, 1));
                    reader.finish();
                    // SAFETY: loom checks it: the end is part of the run, and whoever runs is alone.
                    self.state.with_mut(|state| unsafe {
                        assert!(!(*state).drained, "drained once");
                        (*state).drained = true;
                    });
                    return;
                }
            }
        }
    }

    /// Serves the line, whose whereabouts are visible to whoever finds the gate up.
    fn serve(&self) -> bool {
        // SAFETY: loom checks it: the line was laid before the gate went up.
        self.line.with(|line| assert!(unsafe { *line }, "the gate was seen, and the line wasn't"));
        self.mailbox.serve()
    }

    /// Looks whether the actor can still be reached.
    fn look(&self) {
        // SAFETY: as in `run`, which calls this.
        self.state.with_mut(|state| unsafe {
            (*state).looks = self.dropped.iter().filter(|dropped| dropped.load(Ordering::Relaxed)).count();
        });
    }

    fn perform(&self, duty: Duty) {
        if duty == Duty::Schedule {
            self.run();
        }
    }

    /// Says where the line is. Every model in which a sender may wait does it before the others start, or does it on
    /// the one thread that waits.
    fn lay_line(&self) {
        // SAFETY: loom checks it: nobody looks for the line before somebody waits.
        self.line.with_mut(|line| unsafe { *line = true });
    }

    fn try_tell(&self, message: E) -> Told {
        match self.mailbox.post(message) {
            Ok(duty) => {
                self.perform(duty);
                Told::Accepted
            }
            Err((_, refusal)) => Told::Refused(refusal),
        }
    }

    /// Places the message or waits in line; returns the ticket of a wait.
    fn begin(&self, message: E) -> Result<Told, Ticket> {
        match self.mailbox.post(message) {
            Ok(duty) => {
                self.perform(duty);
                Ok(Told::Accepted)
            }
            Err((_, Refusal::Closed)) => Ok(Told::Refused(Refusal::Closed)),
            Err((message, _)) => match self.mailbox.join(message, true, true) {
                Join::Placed(duty) => {
                    self.perform(duty);
                    Ok(Told::Accepted)
                }
                Join::Refused(_, refusal) => Ok(Told::Refused(refusal)),
                Join::Waiting(ticket) => {
                    Tally::add(&self.tally.waited);
                    Err(ticket)
                }
            },
        }
    }

    /// Ends a wait, by success or by withdrawal.
    fn end(&self, ticket: Ticket) -> Told {
        match self.mailbox.leave(ticket) {
            None => Told::Accepted,
            Some(_) => Told::Refused(Refusal::Full),
        }
    }

    /// Tells, and waits for room as long as it takes.
    fn tell(&self, message: E) -> Told {
        match self.begin(message) {
            Ok(told) => told,
            Err(mut ticket) => {
                block_on(poll_fn(|context: &mut Context<'_>| self.mailbox.poll(&mut ticket, context.waker())));
                self.end(ticket)
            }
        }
    }

    /// Closes the mailbox, as `Strong::stop`.
    fn close(&self) {
        // SAFETY: loom checks it: a model closes once, and nobody reads before it has.
        self.reason.with_mut(|reason| unsafe { *reason = 1 });
        self.perform(self.mailbox.close());
        self.mailbox.serve();
    }

    /// Drops one of the two last references, so to say.
    fn nudge(&self, which: usize) {
        self.dropped[which].store(true, Ordering::Relaxed);
        self.perform(self.mailbox.nudge());
    }

    /// After all threads have ended: idle or drained, and nothing in it. Returns what was handled, how often the
    /// actor ran and whether it has ended.
    fn settle(&self) -> (Vec<Note>, usize, bool) {
        // SAFETY: all who ran have been joined.
        let (handled, runs, drained) =
            self.state.with(|state| unsafe { ((*state).handled.clone(), (*state).runs, (*state).drained) });
        assert_eq!(self.mailbox.len(), 0, "nothing is left");
        assert_eq!(self.mailbox.is_idle(), !drained);
        assert_eq!(self.mailbox.is_closed(), drained);
        (handled, runs, drained)
    }

    /// After all threads have ended, and the actor has not: the gate is down, and there is room for as many messages
    /// as there was at first, and for no more.
    fn has_all_its_room(&self) {
        assert_eq!(self.mailbox.post(E::of((9, 0))).ok(), Some(Duty::Schedule), "the gate is down");
        for number in 1..self.capacity {
            assert_eq!(self.mailbox.post(E::of((9, number))).ok(), Some(Duty::Nothing));
        }
        assert_eq!(self.mailbox.post(E::of((9, self.capacity))).err().map(|(_, why)| why), Some(Refusal::Full));
        assert_eq!(self.mailbox.len(), self.capacity);
        self.run();
        assert!(self.mailbox.is_idle());
    }
}

/// Each of the sent messages was handled once, in the order of each sender.
fn once_in_order(handled: &[Note], sent: &[Note]) {
    let mut last = BTreeMap::new();
    for &(sender, number) in handled {
        let before = last.insert(sender, number);
        assert!(before.is_none_or(|before| before < number), "{handled:?}: out of order");
    }
    let mut handled = handled.to_vec();
    let mut sent = sent.to_vec();
    handled.sort_unstable();
    sent.sort_unstable();
    assert_eq!(handled, sent);
}

/// Runs `body` on a thread of its own.
fn spawn<E: Noted, R: 'static>(
    actor: &Arc<Actor<E>>,
    body: impl FnOnce(&Actor<E>) -> R + 'static,
) -> thread::JoinHandle<R> {
    let actor = Arc::clone(actor);
    thread::spawn(move || body(&actor))
}

#[test]
fn two_senders_and_a_consumer_that_goes_idle() {
    let expected = ["idle between all", "idle between some", "one run", "behind"];
    model("two senders, idle", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::idle(ROOMY);
        let send = |sender, count| {
            spawn(&actor, move |actor| {
                for number in 0..count {
                    assert_eq!(actor.try_tell((sender, number)), Told::Accepted);
                }
            })
        };
        let (one, two) = (send(1, 2), send(2, 1));
        one.join().unwrap();
        two.join().unwrap();
        let (handled, runs, _) = actor.settle();
        once_in_order(&handled, &[(1, 0), (1, 1), (2, 0)]);
        outcomes.saw(match runs - 1 {
            3 => "idle between all",
            2 => "idle between some",
            _ => "one run",
        });
        if Tally::saw(&actor.tally.behind) {
            outcomes.saw("behind");
        }
    });
}

#[test]
fn two_senders_and_a_consumer_on_its_own_thread() {
    let expected = ["consumer ran all", "senders ran the rest", "behind"];
    model("two senders, consumer", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::new(ROOMY);
        let send = |sender| spawn(&actor, move |actor| assert_eq!(actor.try_tell((sender, 0)), Told::Accepted));
        let (one, two) = (send(1), send(2));
        // The first run of the actor is ours: a new mailbox counts as scheduled.
        thread::yield_now();
        actor.run();
        one.join().unwrap();
        two.join().unwrap();
        let (handled, runs, _) = actor.settle();
        once_in_order(&handled, &[(1, 0), (2, 0)]);
        outcomes.saw(if runs == 1 { "consumer ran all" } else { "senders ran the rest" });
        if Tally::saw(&actor.tally.behind) {
            outcomes.saw("behind");
        }
    });
}

/// As above, with more messages: the actor goes idle over and over.
#[test]
fn two_senders_with_two_messages_each() {
    // A sender's second message comes after the run that it may have done for its first: never one run for all.
    let expected = ["four runs", "three runs", "two runs", "behind"];
    model("two senders, idle, 2 x 2", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::idle(ROOMY);
        let send = |sender| {
            spawn(&actor, move |actor| {
                for number in 0..2 {
                    assert_eq!(actor.try_tell((sender, number)), Told::Accepted);
                }
            })
        };
        let (one, two) = (send(1), send(2));
        one.join().unwrap();
        two.join().unwrap();
        let (handled, runs, _) = actor.settle();
        once_in_order(&handled, &[(1, 0), (1, 1), (2, 0), (2, 1)]);
        outcomes.saw(["two runs", "three runs", "four runs"][runs - 3]);
        if Tally::saw(&actor.tally.behind) {
            outcomes.saw("behind");
        }
    });
}

/// Segments hold two messages here: four messages of one sender need the inline place and two of them.
#[test]
fn growth_over_segments_and_give_back() {
    model("growth, one sender", Bounds::default(), &["one run", "several runs", "behind"], |outcomes| {
        let actor = Actor::new(ROOMY);
        let sender = spawn(&actor, |actor| {
            for number in 0..4 {
                assert_eq!(actor.try_tell((1, number)), Told::Accepted);
            }
        });
        let runner = spawn(&actor, |actor| {
            thread::yield_now();
            actor.run();
        });
        sender.join().unwrap();
        runner.join().unwrap();
        let (handled, runs, _) = actor.settle();
        assert_eq!(handled, [0, 1, 2, 3].map(|number| (1, number)));
        outcomes.saw(if runs == 1 { "one run" } else { "several runs" });
        if Tally::saw(&actor.tally.behind) {
            outcomes.saw("behind");
        }
    });
}

#[test]
fn two_senders_attach_segments() {
    model("growth, two senders", Bounds::default(), &["one run", "several runs", "behind"], |outcomes| {
        let actor = Actor::new(ROOMY);
        let send = |sender, count| {
            spawn(&actor, move |actor| {
                for number in 0..count {
                    assert_eq!(actor.try_tell((sender, number)), Told::Accepted);
                }
            })
        };
        let (one, two) = (send(1, 2), send(2, 1));
        actor.run();
        one.join().unwrap();
        two.join().unwrap();
        let (handled, runs, _) = actor.settle();
        once_in_order(&handled, &[(1, 0), (1, 1), (2, 0)]);
        outcomes.saw(if runs == 1 { "one run" } else { "several runs" });
        if Tally::saw(&actor.tally.behind) {
            outcomes.saw("behind");
        }
    });
}

/// A chain of several segments that the reader has not seen grow: it walks back from the newest.
#[test]
fn a_chain_is_walked_back_to_the_oldest() {
    model("growth, walk back", Bounds::default(), &["one run", "several runs"], |outcomes| {
        let actor = Actor::<Large>::new(ROOMY);
        for number in 0..3 {
            assert_eq!(actor.try_tell(Large::of((1, number))), Told::Accepted);
        }
        let sender = spawn(&actor, |actor| {
            for number in 3..6 {
                assert_eq!(actor.try_tell(Large::of((1, number))), Told::Accepted);
            }
        });
        let runner = spawn(&actor, |actor| actor.run());
        sender.join().unwrap();
        runner.join().unwrap();
        let (handled, runs, _) = actor.settle();
        assert_eq!(handled, [0, 1, 2, 3, 4, 5].map(|number| (1, number)));
        outcomes.saw(if runs == 1 { "one run" } else { "several runs" });
    });
}

/// One place: every second message waits. The line's whereabouts are written by the only one who waits.
#[test]
fn a_waiting_sender_gets_its_place() {
    for capacity in [1, 2] {
        model("waiting sender", Bounds::default(), &["waited", "had room", "credited"], move |outcomes| {
            let actor = Actor::new(capacity);
            let sender = spawn(&actor, move |actor| {
                for number in 0..capacity {
                    assert_eq!(actor.try_tell((1, number)), Told::Accepted);
                }
                actor.lay_line();
                assert_eq!(actor.tell((1, capacity)), Told::Accepted);
            });
            let runner = spawn(&actor, |actor| {
                thread::yield_now();
                actor.run();
            });
            sender.join().unwrap();
            runner.join().unwrap();
            let (handled, ..) = actor.settle();
            assert_eq!(handled, (0..=capacity).map(|number| (1, number)).collect::<Vec<_>>());
            actor.has_all_its_room();
            outcomes.saw(if Tally::saw(&actor.tally.waited) { "waited" } else { "had room" });
            if Tally::saw(&actor.tally.credited) {
                outcomes.saw("credited");
            }
        });
    }
}

/// The handler suspends with its first message: room comes back before that, and whoever waits gets it, or sees it.
/// Nobody rests until then.
#[test]
fn room_comes_back_before_a_suspension() {
    let expected = ["waited", "had room", "served"];
    for capacity in [1, 8] {
        model("suspension", Bounds::default(), &expected, move |outcomes| {
            let actor = Actor::new(capacity);
            actor.lay_line();
            for number in 0..capacity {
                assert_eq!(actor.try_tell((1, number)), Told::Accepted);
            }
            let sender = spawn(&actor, |actor| assert_eq!(actor.tell((2, 0)), Told::Accepted));
            let runner = spawn(&actor, move |actor| {
                // SAFETY: the right to run a new actor is ours.
                let mut reader = unsafe { actor.mailbox.reader() };
                assert_eq!(reader.next(), Some((1, 0)));
                let served = reader.credit(true);
                if served {
                    actor.serve();
                }
                served
            });
            // If room was lost, this is where the model stops.
            sender.join().unwrap();
            if runner.join().unwrap() {
                outcomes.saw("served");
            }
            outcomes.saw(if Tally::saw(&actor.tally.waited) { "waited" } else { "had room" });
            actor.run();
            let expected: Vec<_> = (1..capacity).map(|number| (1, number)).chain([(2, 0)]).collect();
            assert_eq!(actor.settle().0, expected);
            actor.has_all_its_room();
        });
    }
}

#[test]
fn two_waiting_senders_keep_the_order_of_their_calls() {
    let expected = ["nobody waited", "one waited", "two waited", "first came first"];
    model("two waiting senders", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::idle(1);
        actor.lay_line();
        let send = |sender, count| {
            spawn(&actor, move |actor| {
                for number in 0..count {
                    assert_eq!(actor.tell((sender, number)), Told::Accepted);
                }
            })
        };
        let (one, two) = (send(1, 2), send(2, 1));
        one.join().unwrap();
        two.join().unwrap();
        let (handled, ..) = actor.settle();
        once_in_order(&handled, &[(1, 0), (1, 1), (2, 0)]);
        outcomes.saw(match actor.tally.waited.load(Ordering::Relaxed) {
            0 => "nobody waited",
            1 => "one waited",
            _ => "two waited",
        });
        actor.has_all_its_room();
        if handled[0].0 == 1 {
            outcomes.saw("first came first");
        }
    });
}

/// As above while shutdown holds the gate: knocks change nothing in the word any more, the line's lock orders them.
#[test]
fn insiders_wait_behind_a_held_gate() {
    let expected = ["nobody waited", "one waited", "two waited"];
    model("held gate, waiting", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::idle(1);
        actor.lay_line();
        actor.mailbox.hold();
        let send = |sender, count| {
            spawn(&actor, move |actor| {
                for number in 0..count {
                    assert_eq!(actor.tell((sender, number)), Told::Accepted);
                }
            })
        };
        let (one, two) = (send(1, 2), send(2, 1));
        one.join().unwrap();
        two.join().unwrap();
        let (handled, ..) = actor.settle();
        once_in_order(&handled, &[(1, 0), (1, 1), (2, 0)]);
        outcomes.saw(match actor.tally.waited.load(Ordering::Relaxed) {
            0 => "nobody waited",
            1 => "one waited",
            _ => "two waited",
        });
    });
}

/// Two places, both taken: each of two senders waits for the other's runs.
#[test]
fn two_senders_wait_for_two_places() {
    let expected = ["nobody waited", "one waited", "two waited"];
    // At two preemptions it takes more than a minute.
    let bounds = Bounds { preemptions: Some(1), ..Bounds::default() };
    model("two waiting, two places", bounds, &expected, |outcomes| {
        let actor = Actor::new(2);
        actor.lay_line();
        assert_eq!(actor.try_tell((1, 0)), Told::Accepted);
        assert_eq!(actor.try_tell((2, 0)), Told::Accepted);
        let send = |sender| spawn(&actor, move |actor| assert_eq!(actor.tell((sender, 1)), Told::Accepted));
        let (one, two) = (send(1), send(2));
        actor.run();
        one.join().unwrap();
        two.join().unwrap();
        let (handled, ..) = actor.settle();
        once_in_order(&handled, &[(1, 0), (2, 0), (1, 1), (2, 1)]);
        outcomes.saw(match actor.tally.waited.load(Ordering::Relaxed) {
            0 => "nobody waited",
            1 => "one waited",
            _ => "two waited",
        });
        actor.has_all_its_room();
    });
}

/// Whoever waits is placed before those who call later, and needn't be polled for it. Waits that are withdrawn
/// leave no trace.
#[test]
fn cancelled_waiters_pass_their_turn_on() {
    let expected = ["withdrawn", "placed", "second waited behind", "second had room"];
    model("cancelled waiter", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::new(1);
        actor.lay_line();
        assert_eq!(actor.try_tell((1, 0)), Told::Accepted);
        // Two wait in line before anything runs, the first of them withdraws meanwhile.
        let Err(mut first) = actor.begin((1, 1)) else { panic!("there was room") };
        assert!(actor.mailbox.poll(&mut first, Waker::noop()).is_pending());
        let runner = spawn(&actor, |actor| {
            thread::yield_now();
            actor.run();
        });
        let second = spawn(&actor, |actor| {
            let told = actor.tell((2, 0));
            assert_eq!(told, Told::Accepted);
        });
        let withdrawn = actor.end(first) != Told::Accepted;
        runner.join().unwrap();
        second.join().unwrap();
        let (handled, ..) = actor.settle();
        if withdrawn {
            outcomes.saw("withdrawn");
            assert_eq!(handled, [(1, 0), (2, 0)]);
        } else {
            outcomes.saw("placed");
            assert_eq!(handled, [(1, 0), (1, 1), (2, 0)], "the order of the calls");
        }
        outcomes.saw(if actor.tally.waited.load(Ordering::Relaxed) == 2 {
            "second waited behind"
        } else {
            "second had room"
        });
        actor.has_all_its_room();
    });
}

/// Three in line, the middle one withdraws while the line is served.
#[test]
fn a_waiter_leaves_from_the_middle() {
    let expected = ["withdrawn", "placed"];
    model("leave from the middle", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::new(1);
        actor.lay_line();
        assert_eq!(actor.try_tell((1, 0)), Told::Accepted);
        let mut tickets: Vec<_> = (1..4)
            .map(|number| match actor.begin((1, number)) {
                Ok(_) => panic!("there was room"),
                Err(ticket) => ticket,
            })
            .collect();
        let runner = spawn(&actor, |actor| {
            actor.run();
        });
        let withdrawn = actor.end(tickets.remove(1)) != Told::Accepted;
        outcomes.saw(if withdrawn { "withdrawn" } else { "placed" });
        runner.join().unwrap();
        for mut ticket in tickets {
            assert!(actor.mailbox.poll(&mut ticket, Waker::noop()).is_ready(), "placed without being polled");
            assert_eq!(actor.end(ticket), Told::Accepted);
        }
        let (handled, ..) = actor.settle();
        let expected: Vec<Note> =
            (0..4).filter(|&number| !withdrawn || number != 2).map(|number| (1, number)).collect();
        assert_eq!(handled, expected);
        actor.has_all_its_room();
    });
}

/// `try_tell` says Full while somebody waits, and a wait that has ended lets it through again.
#[test]
fn nobody_overtakes_the_line() {
    let expected = ["refused", "accepted behind"];
    model("overtaking", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::new(1);
        actor.lay_line();
        assert_eq!(actor.try_tell((1, 0)), Told::Accepted);
        let Err(ticket) = actor.begin((1, 1)) else { panic!("there was room") };
        let runner = spawn(&actor, |actor| {
            thread::yield_now();
            actor.run();
        });
        let other = spawn(&actor, |actor| match actor.mailbox.join((2, 0), false, true) {
            Join::Placed(duty) => {
                actor.perform(duty);
                true
            }
            Join::Refused(_, refusal) => {
                assert_eq!(refusal, Refusal::Full);
                false
            }
            Join::Waiting(_) => panic!("didn't ask to wait"),
        });
        runner.join().unwrap();
        let accepted = other.join().unwrap();
        assert_eq!(actor.end(ticket), Told::Accepted, "placed without being polled");
        let (handled, ..) = actor.settle();
        if accepted {
            outcomes.saw("accepted behind");
            assert_eq!(handled, [(1, 0), (1, 1), (2, 0)]);
        } else {
            outcomes.saw("refused");
            assert_eq!(handled, [(1, 0), (1, 1)]);
        }
        actor.has_all_its_room();
    });
}

/// A gate that nobody waits behind is down again: after a withdrawal, a refusal, and a message that was placed after
/// all. (One that stays up does no harm but costs every later sender the line's lock.)
#[test]
fn the_gate_is_down_when_nobody_waits() {
    let expected = ["withdrawn", "placed", "placed after all"];
    model("gate down", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::new(1);
        actor.lay_line();
        assert_eq!(actor.try_tell((1, 0)), Told::Accepted);
        assert!(matches!(actor.mailbox.join((1, 1), false, true), Join::Refused(_, Refusal::Full)));
        let Err(ticket) = actor.begin((1, 5)) else { panic!("there was room") };
        assert_eq!(actor.end(ticket), Told::Refused(Refusal::Full));
        // SAFETY: the right to run a new actor is ours.
        let mut reader = unsafe { actor.mailbox.reader() };
        assert_eq!(reader.next(), Some((1, 0)));
        assert!(!reader.credit(false), "a sender that was refused, or has left, left the gate up");
        assert_eq!(actor.try_tell((1, 2)), Told::Accepted);
        let Err(ticket) = actor.begin((1, 3)) else { panic!("there was room") };
        let leaver = spawn(&actor, |actor| actor.end(ticket));
        assert_eq!(reader.next(), Some((1, 2)));
        let gated = reader.credit(false);
        if gated {
            actor.serve();
        }
        let placed = leaver.join().unwrap() == Told::Accepted;
        outcomes.saw(if placed { "placed" } else { "withdrawn" });
        assert_eq!(actor.mailbox.len(), u32::from(placed));
        if !placed {
            assert!(matches!(actor.mailbox.join((1, 4), false, true), Join::Placed(Duty::Nothing)));
            outcomes.saw("placed after all");
        }
        assert!(reader.next().is_some());
        assert!(!reader.credit(false), "the gate is up and nobody waits");
        assert_eq!(reader.rest(false), Rest::Idle);
    });
}

#[test]
fn close_against_send_against_idle() {
    let expected = ["accepted", "refused", "closer ran the end", "sender ran the end"];
    model("close, send, idle", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::idle(ROOMY);
        let sender = spawn(&actor, |actor| {
            let mut sent = Vec::new();
            for number in 0..2 {
                match actor.try_tell((1, number)) {
                    Told::Accepted => sent.push((1, number)),
                    Told::Refused(refusal) => assert_eq!(refusal, Refusal::Closed),
                }
            }
            sent
        });
        let closer = spawn(&actor, |actor| {
            thread::yield_now();
            actor.close();
        });
        closer.join().unwrap();
        let sent = sender.join().unwrap();
        let (handled, runs, drained) = actor.settle();
        assert!(drained, "the end is run");
        assert_eq!(handled, sent, "what was accepted is handled");
        outcomes.saw(if sent.is_empty() { "refused" } else { "accepted" });
        outcomes.saw(if runs == 2 + sent.len() { "closer ran the end" } else { "sender ran the end" });
    });
}

/// Two senders and a closer: what was accepted is handled, by whoever has the right, and the end is run once.
#[test]
fn close_against_two_senders() {
    let expected = ["both accepted", "one refused", "both refused"];
    model("close, two senders", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::idle(ROOMY);
        let send = |sender| spawn(&actor, move |actor| actor.try_tell((sender, 0)) == Told::Accepted);
        let (one, two) = (send(1), send(2));
        actor.close();
        let accepted = [one, two].map(|sender| sender.join().unwrap());
        let (handled, _, drained) = actor.settle();
        assert!(drained, "the end is run");
        let sent: Vec<_> =
            [(1, 0), (2, 0)].into_iter().zip(accepted).filter(|(_, yes)| *yes).map(|(note, _)| note).collect();
        once_in_order(&handled, &sent);
        outcomes.saw(["both refused", "one refused", "both accepted"][sent.len()]);
    });
}

/// Segments come back while others are attached: idle, growth, idle, growth.
#[test]
fn growth_by_two_senders_over_several_idles() {
    model("growth, several idles", Bounds::default(), &["three runs", "more runs", "behind"], |outcomes| {
        let actor = Actor::idle(ROOMY);
        let send = |sender| {
            spawn(&actor, move |actor| {
                for number in 0..3 {
                    assert_eq!(actor.try_tell((sender, number)), Told::Accepted);
                }
            })
        };
        let (one, two) = (send(1), send(2));
        one.join().unwrap();
        two.join().unwrap();
        let (handled, runs, _) = actor.settle();
        once_in_order(&handled, &[(1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2)]);
        outcomes.saw(if runs == 4 { "three runs" } else { "more runs" });
        if Tally::saw(&actor.tally.behind) {
            outcomes.saw("behind");
        }
    });
}

/// With one place and a waiting sender: its message is handled or comes back.
#[test]
fn close_against_a_waiting_sender() {
    let expected = ["accepted", "came back", "waited", "refused"];
    model("close, waiting", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::new(1);
        actor.lay_line();
        assert_eq!(actor.try_tell((1, 0)), Told::Accepted);
        let sender = spawn(&actor, |actor| actor.tell((1, 1)));
        let closer = spawn(&actor, |actor| actor.close());
        thread::yield_now();
        actor.run();
        let told = sender.join().unwrap();
        closer.join().unwrap();
        let (handled, _, drained) = actor.settle();
        assert!(drained);
        match told {
            Told::Accepted => {
                outcomes.saw("accepted");
                assert_eq!(handled, [(1, 0), (1, 1)]);
            }
            Told::Refused(refusal) => {
                outcomes.saw(if refusal == Refusal::Closed { "refused" } else { "came back" });
                assert_eq!(handled, [(1, 0)]);
            }
        }
        if Tally::saw(&actor.tally.waited) {
            outcomes.saw("waited");
        }
    });
}

#[test]
fn nudge_against_idle() {
    model("nudge, idle", Bounds::default(), &["one look", "two looks"], |outcomes| {
        let actor = Actor::<Note>::new(ROOMY);
        let nudge = |which| spawn(&actor, move |actor| actor.nudge(which));
        let (one, two) = (nudge(0), nudge(1));
        actor.run();
        one.join().unwrap();
        two.join().unwrap();
        let (_, runs, _) = actor.settle();
        // SAFETY: both nudgers have been joined.
        let seen = actor.state.with(|state| unsafe { (*state).looks });
        assert_eq!(seen, 2, "the last look sees both");
        outcomes.saw(if runs < 3 { "one look" } else { "two looks" });
    });
}

#[test]
fn nudge_against_send_against_idle() {
    model("nudge, send, idle", Bounds::default(), &["one run", "two runs"], |outcomes| {
        let actor = Actor::idle(ROOMY);
        let nudger = spawn(&actor, |actor| actor.nudge(0));
        let sender = spawn(&actor, |actor| assert_eq!(actor.try_tell((1, 0)), Told::Accepted));
        nudger.join().unwrap();
        sender.join().unwrap();
        let (handled, runs, _) = actor.settle();
        assert_eq!(handled, [(1, 0)]);
        // SAFETY: nudger and sender have been joined.
        assert_eq!(actor.state.with(|state| unsafe { (*state).looks }), 1);
        outcomes.saw(if runs == 2 { "one run" } else { "two runs" });
    });
}

/// One place, two messages after each other: there never are two, nor less than none.
#[test]
fn the_length_is_exact() {
    model("length", Bounds::default(), &["none", "one", "second accepted"], |outcomes| {
        let actor = Actor::new(1);
        let sender = spawn(&actor, |actor| {
            assert_eq!(actor.try_tell((1, 0)), Told::Accepted);
            thread::yield_now();
            actor.try_tell((1, 1)) == Told::Accepted
        });
        let watcher = spawn(&actor, |actor| actor.mailbox.len());
        actor.run();
        match watcher.join().unwrap() {
            0 => outcomes.saw("none"),
            1 => outcomes.saw("one"),
            length => panic!("{length} messages in one place"),
        }
        if sender.join().unwrap() {
            outcomes.saw("second accepted");
        }
    });
}

/// The same for a reader that rests before it has given any room back: what `rest` gives back orders as much. (In the
/// shipped code that takes a capacity of eight, where room comes back with every second message.)
#[test]
fn the_length_is_exact_while_the_reader_rests() {
    model("length, rest", Bounds::default(), &["none", "one", "second accepted"], |outcomes| {
        let actor = Actor::new(1);
        let sender = spawn(&actor, |actor| {
            assert_eq!(actor.try_tell((1, 0)), Told::Accepted);
            thread::yield_now();
            actor.try_tell((1, 1)) == Told::Accepted
        });
        let watcher = spawn(&actor, |actor| actor.mailbox.len());
        // SAFETY: the right to run is ours until the rest is Idle.
        let mut reader = unsafe { actor.mailbox.reader() };
        loop {
            if let Some(note) = reader.next() {
                // SAFETY: the reader is ours, and so is what goes with it.
                actor.state.with_mut(|state| unsafe { (*state).handled.push(note) });
            } else if reader.rest(false) == Rest::Idle {
                break;
            } else {
                thread::yield_now();
            }
        }
        match watcher.join().unwrap() {
            0 => outcomes.saw("none"),
            1 => outcomes.saw("one"),
            length => panic!("{length} messages in one place"),
        }
        if sender.join().unwrap() {
            outcomes.saw("second accepted");
        }
        actor.has_all_its_room();
    });
}

/// Counts wakes, outside the model.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        Tally::add(&self.0);
    }
}

/// A waiting sender is woken once, through the waker of its last poll and no other.
#[test]
fn a_waiting_sender_is_woken_through_its_last_waker() {
    let expected = ["ready at first", "ready at second", "first was woken", "second was woken"];
    model("waker of a waiter", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::new(1);
        actor.lay_line();
        assert_eq!(actor.try_tell((1, 0)), Told::Accepted);
        let Err(mut ticket) = actor.begin((1, 1)) else { panic!("there was room") };
        let (first, second) = (Arc::new(Wakes::default()), Arc::new(Wakes::default()));
        let runner = spawn(&actor, |actor| actor.run());
        let waker = |wakes: &Arc<Wakes>| Waker::from(Arc::clone(wakes));
        let mut polled = [false; 2];
        for (place, wakes) in polled.iter_mut().zip([&first, &second]) {
            if actor.mailbox.poll(&mut ticket, &waker(wakes)).is_ready() {
                break;
            }
            *place = true;
        }
        runner.join().unwrap();
        let woken = [&first, &second].map(|wakes| wakes.0.load(Ordering::Relaxed));
        match polled {
            [false, _] => {
                outcomes.saw("ready at first");
                assert_eq!(woken, [0, 0]);
            }
            [true, false] => {
                outcomes.saw("ready at second");
                outcomes.saw("first was woken");
                assert_eq!(woken, [1, 0]);
            }
            [true, true] => {
                outcomes.saw("second was woken");
                assert_eq!(woken, [0, 1]);
            }
        }
        assert_eq!([&first, &second].map(Arc::strong_count), [1, 1], "no waker is left over");
        assert_eq!(actor.end(ticket), Told::Accepted);
        assert_eq!(actor.settle().0, [(1, 0), (1, 1)]);
    });
}

/// Whoever waits withdraws while the mailbox is closed: the message is handled, or comes back, once.
#[test]
fn close_against_a_withdrawal() {
    let expected = ["placed", "came back"];
    model("close, withdrawal", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::new(1);
        actor.lay_line();
        assert_eq!(actor.try_tell((1, 0)), Told::Accepted);
        let Err(ticket) = actor.begin((1, 1)) else { panic!("there was room") };
        let runner = spawn(&actor, |actor| actor.run());
        let closer = spawn(&actor, |actor| actor.close());
        let placed = actor.end(ticket) == Told::Accepted;
        outcomes.saw(if placed { "placed" } else { "came back" });
        runner.join().unwrap();
        closer.join().unwrap();
        let (handled, _, drained) = actor.settle();
        assert!(drained);
        assert_eq!(handled.len(), 1 + usize::from(placed));
    });
}

/// The gate is held over a full mailbox with somebody in line: who waits is placed all the same.
#[test]
fn a_held_gate_over_a_line() {
    let expected = ["accepted before", "refused"];
    model("held gate, line", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::new(1);
        actor.lay_line();
        assert_eq!(actor.try_tell((1, 0)), Told::Accepted);
        let Err(ticket) = actor.begin((1, 1)) else { panic!("there was room") };
        let runner = spawn(&actor, |actor| actor.run());
        let sender = spawn(&actor, |actor| match actor.mailbox.join((2, 0), true, false) {
            Join::Placed(duty) => {
                actor.perform(duty);
                Told::Accepted
            }
            Join::Refused(_, refusal) => Told::Refused(refusal),
            Join::Waiting(mut ticket) => {
                block_on(poll_fn(|context: &mut Context<'_>| actor.mailbox.poll(&mut ticket, context.waker())));
                actor.end(ticket)
            }
        });
        actor.mailbox.hold();
        runner.join().unwrap();
        let told = sender.join().unwrap();
        assert_eq!(actor.end(ticket), Told::Accepted, "placed without being polled");
        let (handled, ..) = actor.settle();
        match told {
            Told::Accepted => {
                outcomes.saw("accepted before");
                assert_eq!(handled, [(1, 0), (1, 1), (2, 0)]);
            }
            Told::Refused(refusal) => {
                outcomes.saw("refused");
                assert_eq!(refusal, Refusal::Held);
                assert_eq!(handled, [(1, 0), (1, 1)]);
            }
        }
        assert_eq!(actor.try_tell((3, 0)), Told::Refused(Refusal::Full), "the gate stays up");
    });
}

/// What the closer wrote is visible to whoever finds the mailbox closed.
#[test]
fn closed_is_seen_with_the_reason() {
    model("closed and reason", Bounds::default(), &["open", "closed"], |outcomes| {
        let actor = Actor::<Note>::idle(ROOMY);
        let closer = spawn(&actor, |actor| actor.close());
        thread::yield_now();
        if actor.mailbox.is_closed() {
            outcomes.saw("closed");
            // SAFETY: loom checks it: whoever sees Closed comes after the closer's write.
            actor.reason.with(|reason| assert_eq!(unsafe { *reason }, 1));
        } else {
            outcomes.saw("open");
        }
        closer.join().unwrap();
    });
}

/// What the actor did is visible to whoever finds it idle.
#[test]
fn idle_is_seen_with_what_was_done() {
    model("idle and done", Bounds::default(), &["busy", "idle"], |outcomes| {
        let actor = Actor::<Note>::new(ROOMY);
        let runner = spawn(&actor, |actor| actor.run());
        thread::yield_now();
        if actor.mailbox.is_idle() {
            outcomes.saw("idle");
            // SAFETY: loom checks it: whoever sees Idle comes after the run, and nobody runs again.
            actor.state.with(|state| assert_eq!(unsafe { (*state).runs }, 1));
        } else {
            outcomes.saw("busy");
        }
        runner.join().unwrap();
    });
}

/// Shutdown holds the gate: the outside is refused from then on, those inside pass.
#[test]
fn a_held_gate_against_a_sender() {
    let expected = ["outside before", "outside refused", "gated"];
    model("held gate", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::idle(2);
        actor.lay_line();
        let tell = |sender, inside| {
            spawn(&actor, move |actor| match actor.mailbox.post((sender, 0)) {
                Ok(duty) => {
                    actor.perform(duty);
                    true
                }
                Err((message, refusal)) => {
                    assert_eq!(refusal, Refusal::Full);
                    match actor.mailbox.join(message, true, inside) {
                        Join::Placed(duty) => {
                            actor.perform(duty);
                            true
                        }
                        Join::Refused(_, refusal) => {
                            assert_eq!(refusal, Refusal::Held);
                            false
                        }
                        Join::Waiting(_) => panic!("there is room"),
                    }
                }
            })
        };
        let (outside, inside) = (tell(1, false), tell(2, true));
        actor.mailbox.hold();
        let outside = outside.join().unwrap();
        assert!(inside.join().unwrap(), "who is inside passes");
        if Tally::saw(&actor.tally.gated) {
            outcomes.saw("gated");
        }
        outcomes.saw(if outside { "outside before" } else { "outside refused" });
        let (mut handled, ..) = actor.settle();
        handled.sort_unstable();
        assert_eq!(handled, if outside { vec![(1, 0), (2, 0)] } else { vec![(2, 0)] });
        assert_eq!(actor.try_tell((3, 0)), Told::Refused(Refusal::Full), "the gate stays up");
    });
}
