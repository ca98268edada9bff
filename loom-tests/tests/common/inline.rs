//! A host that runs an actor there and then, on the thread that scheduled it, so that its state passes through the
//! mailbox word and the task word alone. What it hears is kept outside of the model and orders nothing.

use super::drive;
use super::ledger::Ledger;
use corecast::loom_api::task::{Host, Runnable, Weakly};
use corecast::{DeadLetter, Message, StopReason};
use loom::cell::UnsafeCell;

/// Runs what it is given at once.
#[derive(Clone)]
pub struct Inline(pub Ledger);

/// The same for a world that is all outside.
pub struct Outside(pub Inline);

impl Host for Outside {
    fn schedule(&self, runnable: Runnable) {
        self.0.schedule(runnable);
    }

    fn is_inside(&self) -> bool {
        false
    }

    fn message_failed(&self, cause: &StopReason) {
        self.0.message_failed(cause);
    }

    fn dead_letter(&self, letter: DeadLetter) {
        self.0.dead_letter(letter);
    }

    fn actor_failed(&self, reason: &StopReason) {
        self.0.actor_failed(reason);
    }

    fn ended(&self) {
        self.0.ended();
    }

    fn expire_later(&self, task: Weakly) {
        self.0.expire_later(task);
    }
}

impl Host for Inline {
    fn schedule(&self, runnable: Runnable) {
        drive(runnable);
    }

    fn message_failed(&self, cause: &StopReason) {
        assert!(!matches!(cause, StopReason::Panicked(_)), "{cause}");
        self.0.note(|seen| seen.failed += 1);
    }

    fn dead_letter(&self, letter: DeadLetter) {
        let Ok(Say(number)) = letter.downcast() else { panic!("no `Say`") };
        self.0.note(|seen| seen.dead.push(number));
    }

    fn actor_failed(&self, reason: &StopReason) {
        // What loom finds inside of a handler arrives here as a panic of the actor's.
        if let StopReason::Panicked(panic) = reason {
            eprintln!("{panic}");
            self.0.note(|seen| seen.aborted += 1);
        }
    }

    fn ended(&self) {
        self.0.note(|seen| seen.ended += 1);
    }

    fn expire_later(&self, _task: Weakly) {}
}

/// A message with a number.
#[derive(Clone)]
pub struct Say(pub u32);

impl Message for Say {
    type Result = ();
}

/// An actor's own state: a cell of loom's, touched in each hook and handler, and in its drop.
pub struct Body {
    state: UnsafeCell<u32>,
    pub ledger: Ledger,
}

impl Body {
    pub fn new(ledger: &Ledger) -> Self {
        Self { state: UnsafeCell::new(0), ledger: ledger.clone() }
    }

    pub fn touch(&mut self) {
        // SAFETY: loom checks it: an actor's hooks, handlers and drop are alone.
        self.state.with_mut(|state| unsafe { *state += 1 });
    }

    pub fn stopped(&mut self, reason: &StopReason) {
        self.touch();
        self.ledger.note(|seen| seen.stopped.push(reason.to_string()));
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.touch();
        self.ledger.note(|seen| seen.dropped += 1);
    }
}
