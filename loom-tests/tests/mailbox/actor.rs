//! The actor of these models: a mailbox, what its runner does with it, and threads that send.

use corecast::loom_api::mailbox::{Duty, Join, Mailbox, Refusal, Rest, Ticket};
use loom::cell::UnsafeCell;
use loom::future::block_on;
use loom::thread::{self, JoinHandle};
use loom_tests::{Outcomes, linger};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Context;

/// Mailboxes that never are full in these models.
pub const ROOMY: u32 = 64;

/// How many senders waited, as outcomes.
pub const WAITED: [&str; 3] = ["nobody waited", "one waited", "two waited"];

/// A message: who sent it, and its number among theirs.
pub type Note = (u32, u32);

/// What the models do with a message.
pub trait Noted: Send + 'static {
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
pub struct Large(Note, [u64; 16]);

impl Noted for Large {
    fn of(note: Note) -> Self {
        Self(note, [u64::from(note.1); 16])
    }

    fn note(&self) -> Note {
        assert_eq!(self.1, [u64::from(self.0.1); 16]);
        self.0
    }
}

/// How a tell ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    Accepted,
    Refused(Refusal),
}

/// What only the runner may touch.
#[derive(Default)]
pub struct State {
    pub handled: Vec<Note>,
    /// How often somebody ran the actor.
    pub runs: usize,
    /// How often the reader was told to look whether the actor can be reached.
    pub looks: usize,
    pub drained: bool,
}

/// Counts outside the model.
#[derive(Default)]
pub struct Count(AtomicUsize);

impl Count {
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// How it went.
#[derive(Default)]
pub struct Tally {
    pub behind: Count,
    pub gated: Count,
    pub credited: Count,
    pub waited: Count,
}

impl Tally {
    /// The outcome that a reader came to a place that was claimed and not yet there.
    pub fn say_behind(&self, outcomes: &Outcomes) {
        if self.behind.get() > 0 {
            outcomes.saw("behind");
        }
    }

    /// One of [`WAITED`].
    pub fn say_waited(&self, outcomes: &Outcomes) {
        outcomes.saw(WAITED[self.waited.get().min(2)]);
    }
}

pub struct Actor<E = Note> {
    pub mailbox: Mailbox<E>,
    pub state: UnsafeCell<State>,
    pub reason: UnsafeCell<u32>,
    pub tally: Tally,
    capacity: u32,
    /// Where the line is: written before anybody waits, read by whoever finds the gate up.
    line: UnsafeCell<bool>,
    /// What is written before a nudge, and before a close.
    dropped: [loom::sync::atomic::AtomicBool; 2],
}

// SAFETY: the models are about whether this is so.
unsafe impl<E> Sync for Actor<E> {}
// SAFETY: its parts are, for messages that are: all that are made are `Noted`.
unsafe impl<E> Send for Actor<E> {}

/// How an actor is made, and run.
impl<E: Noted> Actor<E> {
    /// An actor that is about to run for the first time.
    pub fn new(capacity: u32) -> Arc<Self> {
        Arc::new(Self {
            mailbox: Mailbox::new(capacity),
            state: UnsafeCell::new(State::default()),
            reason: UnsafeCell::new(0),
            tally: Tally::default(),
            capacity,
            line: UnsafeCell::new(false),
            dropped: Default::default(),
        })
    }

    /// An actor that has run and is idle.
    pub fn idle(capacity: u32) -> Arc<Self> {
        let actor = Self::new(capacity);
        actor.run();
        actor
    }

    /// An actor that is about to run for the first time, and has no room left: all messages are of sender 1.
    pub fn full(capacity: u32) -> Arc<Self> {
        let actor = Self::new(capacity);
        actor.lay_line();
        for number in 0..capacity {
            assert_eq!(actor.try_tell(E::of((1, number))), Told::Accepted);
        }
        actor
    }

    /// Says where the line is. Every model in which a sender may wait does it before the others start, or does it on
    /// the one thread that waits.
    pub fn lay_line(&self) {
        // SAFETY: loom checks it: nobody looks for the line before somebody waits.
        self.line.with_mut(|line| unsafe { *line = true });
    }

    /// The caller has the right to run: handles messages until there are none. As `Turn::drain`.
    pub fn run(&self) {
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
                    self.tally.credited.add();
                    served = self.serve();
                }
                continue;
            }
            match reader.rest(served) {
                Rest::Idle => return,
                Rest::Behind => {
                    self.tally.behind.add();
                    thread::yield_now();
                }
                Rest::Gated => {
                    self.tally.gated.add();
                    served = self.serve();
                }
                Rest::Nudged => {
                    reader.forget_nudge();
                    self.look();
                }
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
    pub fn serve(&self) -> bool {
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

    /// Runs the actor, if that is owed.
    pub fn perform(&self, duty: Duty) {
        if duty == Duty::Schedule {
            self.run();
        }
    }
}

/// What is done to an actor.
impl<E: Noted> Actor<E> {
    pub fn try_tell(&self, message: E) -> Told {
        match self.mailbox.post(message) {
            Ok(duty) => {
                self.perform(duty);
                Told::Accepted
            }
            Err((_, refusal)) => Told::Refused(refusal),
        }
    }

    /// Places the message or waits in line, from the inside or the outside; returns the ticket of a wait.
    pub fn begin(&self, message: E, inside: bool) -> Result<Told, Ticket> {
        match self.mailbox.post(message) {
            Ok(duty) => {
                self.perform(duty);
                Ok(Told::Accepted)
            }
            Err((_, Refusal::Closed)) => Ok(Told::Refused(Refusal::Closed)),
            Err((message, _)) => self.join(message, true, inside),
        }
    }

    /// The second half of [`begin`](Self::begin).
    pub fn join(&self, message: E, may_wait: bool, inside: bool) -> Result<Told, Ticket> {
        match self.mailbox.join(message, may_wait, inside) {
            Join::Placed(duty) => {
                self.perform(duty);
                Ok(Told::Accepted)
            }
            Join::Refused(_, refusal) => Ok(Told::Refused(refusal)),
            Join::Waiting(ticket) => {
                self.tally.waited.add();
                Err(ticket)
            }
        }
    }

    /// Waits in line: there is no room.
    pub fn wait(&self, message: E) -> Ticket {
        let Err(ticket) = self.begin(message, true) else { panic!("there was room") };
        ticket
    }

    /// Ends a wait, by success or by withdrawal.
    pub fn end(&self, ticket: Ticket) -> Told {
        match self.mailbox.leave(ticket) {
            None => Told::Accepted,
            Some(_) => Told::Refused(Refusal::Full),
        }
    }

    /// Waits for room as long as it takes, if it has begun to.
    pub fn wait_out(&self, begun: Result<Told, Ticket>) -> Told {
        begun.unwrap_or_else(|mut ticket| {
            block_on(poll_fn(|context: &mut Context<'_>| self.mailbox.poll(&mut ticket, context.waker())));
            self.end(ticket)
        })
    }

    /// Tells, and waits for room as long as it takes.
    pub fn tell(&self, message: E) -> Told {
        self.wait_out(self.begin(message, true))
    }

    /// Closes the mailbox, as `Strong::stop`.
    pub fn close(&self) {
        // SAFETY: loom checks it: a model closes once, and nobody reads before it has.
        self.reason.with_mut(|reason| unsafe { *reason = 1 });
        self.perform(self.mailbox.close());
        self.mailbox.serve();
    }

    /// Drops one of the two last references, so to say.
    pub fn nudge(&self, which: usize) {
        self.dropped[which].store(true, Ordering::Relaxed);
        self.perform(self.mailbox.nudge());
    }
}

/// Threads.
impl<E: Noted> Actor<E> {
    /// Runs `body` on a thread of its own.
    pub fn spawn<R: 'static>(self: &Arc<Self>, body: impl FnOnce(&Self) -> R + 'static) -> JoinHandle<R> {
        let actor = Arc::clone(self);
        thread::spawn(move || body(&actor))
    }

    /// A thread with the right to run.
    pub fn runner(self: &Arc<Self>) -> JoinHandle<()> {
        self.spawn(Self::run)
    }

    /// The same, but the others come first.
    pub fn late_runner(self: &Arc<Self>) -> JoinHandle<()> {
        self.spawn(|actor| {
            thread::yield_now();
            actor.run();
        })
    }

    /// A sender whose messages find room.
    pub fn sender(self: &Arc<Self>, sender: u32, numbers: Range<u32>) -> JoinHandle<()> {
        self.spawn(move |actor| {
            for number in numbers {
                assert_eq!(actor.try_tell(E::of((sender, number))), Told::Accepted);
            }
        })
    }

    /// A sender that waits for room.
    pub fn patient_sender(self: &Arc<Self>, sender: u32, numbers: Range<u32>) -> JoinHandle<()> {
        self.spawn(move |actor| {
            for number in numbers {
                assert_eq!(actor.tell(E::of((sender, number))), Told::Accepted);
            }
        })
    }
}

/// What has to be so at the end.
impl<E: Noted> Actor<E> {
    /// After all threads have ended: idle or drained, and nothing in it. Returns what was handled, how often the
    /// actor ran and whether it has ended.
    pub fn settle(&self) -> (Vec<Note>, usize, bool) {
        // SAFETY: all who ran have been joined.
        let (handled, runs, drained) =
            self.state.with(|state| unsafe { ((*state).handled.clone(), (*state).runs, (*state).drained) });
        assert_eq!(self.mailbox.len(), 0, "nothing is left");
        assert_eq!(self.mailbox.is_idle(), !drained);
        assert_eq!(self.mailbox.is_closed(), drained);
        (handled, runs, drained)
    }

    /// Waits for the `threads`, after which what was `sent` has been handled. Returns in which order, and how often the
    /// actor ran.
    pub fn settle_after(&self, threads: [JoinHandle<()>; 2], sent: &[Note]) -> (Vec<Note>, usize) {
        join(threads);
        let (handled, runs, _) = self.settle();
        once_in_order(&handled, sent);
        (handled, runs)
    }

    /// After all threads have ended, and the actor has not: the gate is down, and there is room for as many messages
    /// as there was at first, and for no more.
    pub fn has_all_its_room(&self) {
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

/// Waits for threads, one after the other.
pub fn join<R, const N: usize>(threads: [JoinHandle<R>; N]) -> [R; N] {
    threads.map(|thread| thread.join().unwrap())
}

/// Some of one sender's messages.
pub fn notes(sender: u32, numbers: Range<u32>) -> impl Iterator<Item = Note> {
    numbers.map(move |number| (sender, number))
}

/// Each of the sent messages was handled once, in the order of each sender.
pub fn once_in_order(handled: &[Note], sent: &[Note]) {
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
