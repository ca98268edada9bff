//! The task word: where a suspended handler and its wakers meet, and what control has asked for.
//!
//! | phase | SUSPENDED | NOTIFIED | who may run the actor | a wake |
//! |---|---|---|---|---|
//! | polling, or between messages | 0 | 0 | its runner | sets NOTIFIED |
//! | notified while polling | 0 | 1 | its runner, which polls again | changes nothing |
//! | suspended | 1 | 0 | nobody | sets NOTIFIED and schedules |
//! | woken | 1 | 1 | whoever pops it | changes nothing |
//!
//! The word rests in the first phase: a handler that doesn't suspend never touches it. All transitions are
//! read-modify-writes, so the release sequence of each waker reaches the poll that it caused, however many
//! wakers there are. A late waker of an earlier handler costs one spurious poll at most.
//!
//! Control bits only ever get set: KILLED, EXPIRED, and the reasons of a stop. ENDED comes last; WATCHED says
//! that somebody waits for it.

use crate::sync::atomic::{AtomicU32, Ordering};

const SUSPENDED: u32 = 1;
const NOTIFIED: u32 = 1 << 1;
const KILLED: u32 = 1 << 2;
const EXPIRED: u32 = 1 << 3;
const SHUTDOWN: u32 = 1 << 4;
const WATCHED: u32 = 1 << 5;
const ENDED: u32 = 1 << 6;
const VERDICT_SHIFT: u32 = 8;

/// What a wake or a kill leaves to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an actor that nobody schedules never runs"]
pub(crate) enum Woken {
    /// Nothing: it runs, or somebody else schedules it.
    Nothing,
    /// The caller schedules it.
    Schedule,
}

/// How an attempt to suspend ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a suspended actor is no longer the runner's"]
pub(crate) enum Suspend {
    /// It is suspended, and the runner's rights are gone.
    Suspended,
    /// It was woken meanwhile: poll again.
    Notified,
}

/// The bits of the word at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot(u32);

impl Snapshot {
    pub(crate) fn is_killed(self) -> bool {
        self.0 & KILLED != 0
    }

    pub(crate) fn is_expired(self) -> bool {
        self.0 & EXPIRED != 0
    }

    pub(crate) fn is_shutdown(self) -> bool {
        self.0 & SHUTDOWN != 0
    }

    pub(crate) fn is_watched(self) -> bool {
        self.0 & WATCHED != 0
    }

    /// The verdict of an actor that has ended.
    pub(crate) fn ended(self) -> Option<u8> {
        (self.0 & ENDED != 0).then_some((self.0 >> VERDICT_SHIFT) as u8)
    }
}

/// The word.
#[derive(Debug)]
pub(crate) struct State(AtomicU32);

impl State {
    pub(crate) fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Wakes the handler. Wait-free.
    pub(crate) fn wake(&self) -> Woken {
        self.notify(NOTIFIED)
    }

    /// Asks for the actor's death, and wakes its handler. Wait-free.
    pub(crate) fn kill(&self) -> Woken {
        self.notify(NOTIFIED | KILLED)
    }

    /// Says that `post_stop` has had its time, and wakes it. Wait-free.
    pub(crate) fn expire(&self) -> Woken {
        self.notify(NOTIFIED | EXPIRED)
    }

    fn notify(&self, bits: u32) -> Woken {
        // ORDERING: Release: what the waker did is visible to the poll that follows (`resume`). Acquire pairs
        // with `suspend`'s Release: if we schedule, the frame and the actor's state go with us. A read-modify-write
        // even when the bit is set already: this waker's data must travel too.
        let before = self.0.fetch_or(bits, Ordering::AcqRel);
        if before & (SUSPENDED | NOTIFIED) == SUSPENDED { Woken::Schedule } else { Woken::Nothing }
    }

    /// The runner's last step when its handler waits.
    pub(crate) fn suspend(&self) -> Suspend {
        // ORDERING: Relaxed; the CAS confirms it.
        let mut now = self.0.load(Ordering::Relaxed);
        loop {
            if now & NOTIFIED != 0 {
                // The word stays as it is: a store here would cut the wakers' release sequence.
                return Suspend::Notified;
            }
            // ORDERING: Release hands frame and state to the waker that schedules (`notify`'s Acquire). Relaxed
            // on failure: `resume` does the acquiring.
            match self.0.compare_exchange(now, now | SUSPENDED, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return Suspend::Suspended,
                Err(changed) => now = changed,
            }
        }
    }

    /// The runner's first step before it polls a suspended handler.
    pub(crate) fn resume(&self) -> Snapshot {
        // ORDERING: Acquire pairs with `notify`'s Release, of each waker since the last poll.
        Snapshot(self.0.fetch_and(!(SUSPENDED | NOTIFIED), Ordering::Acquire))
    }

    /// Says that the reason of the stop that follows is the system's shutdown.
    pub(crate) fn mark_shutdown(&self) {
        // ORDERING: Relaxed; the close that follows releases it.
        self.0.fetch_or(SHUTDOWN, Ordering::Relaxed);
    }

    /// The bits as they are.
    #[inline(always)]
    pub(crate) fn peek(&self) -> Snapshot {
        // ORDERING: Relaxed; control bits carry no data, and whoever needs them in order has acquired them
        // otherwise (the mailbox's close, `resume`).
        Snapshot(self.0.load(Ordering::Relaxed))
    }

    /// The last transition: the actor has ended, with `verdict`. Tells whether somebody watches.
    pub(crate) fn end(&self, verdict: u8) -> Snapshot {
        // ORDERING: Release: the reason is visible to whoever sees ENDED. Acquire pairs with `watch`'s Release:
        // the list of watchers is visible.
        Snapshot(self.0.fetch_or(ENDED | u32::from(verdict) << VERDICT_SHIFT, Ordering::AcqRel))
    }

    /// Says that a watcher has been listed; tells whether it came too late.
    pub(crate) fn watch(&self) -> Snapshot {
        // ORDERING: Release pairs with `end`'s Acquire: the list is visible. Whoever came too late looks for the
        // `verdict`, which acquires.
        Snapshot(self.0.fetch_or(WATCHED, Ordering::Release))
    }

    /// The verdict, if the actor has ended.
    pub(crate) fn verdict(&self) -> Option<u8> {
        // ORDERING: Acquire pairs with `end`'s Release: the reason is visible.
        Snapshot(self.0.load(Ordering::Acquire)).ended()
    }
}

#[cfg(all(test, not(corecast_loom)))]
mod tests {
    use super::{State, Suspend, Woken};

    #[test]
    fn one_wake_schedules_and_the_next_does_not() {
        let state = State::new();
        assert_eq!(state.suspend(), Suspend::Suspended);
        assert_eq!(state.wake(), Woken::Schedule);
        assert_eq!(state.wake(), Woken::Nothing);
        assert_eq!(state.kill(), Woken::Nothing);
        assert!(state.resume().is_killed());
        assert_eq!(state.suspend(), Suspend::Suspended);
    }

    #[test]
    fn a_wake_during_the_poll_prevents_the_suspension() {
        let state = State::new();
        assert_eq!(state.wake(), Woken::Nothing);
        assert_eq!(state.suspend(), Suspend::Notified);
        let _ = state.resume();
        assert_eq!(state.suspend(), Suspend::Suspended);
    }

    #[test]
    fn the_verdict_is_there_once_it_has_ended() {
        let state = State::new();
        assert_eq!(state.verdict(), None);
        assert!(!state.end(5).is_watched());
        assert_eq!(state.watch().ended(), Some(5));
        assert_eq!(state.verdict(), Some(5));
    }
}
