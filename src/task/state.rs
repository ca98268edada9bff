//! The task word: where a suspended handler and its wakers meet, and what control has asked for.
//!
//! The word counts wakes. Whoever polls remembers the count that it found, and may suspend only if it is still the
//! same; suspending sets it to zero.
//!
//! | phase | WAITED | wakes | who may run the actor | a wake |
//! |---|---|---|---|---|
//! | no handler has waited yet, or the count has been full | 0 | any | its runner | is counted |
//! | suspended | 1 | none | nobody | is counted, and schedules |
//! | woken, and everything after that up to the next suspension | 1 | some | whoever pops it, its runner | is counted |
//!
//! A handler that doesn't wait only looks at the word, and one that is polled again changes it when it suspends again,
//! not before. A wake during a poll changes the count, so the runner polls once more instead of suspending. A count that
//! has reached [`MOST_WAKES`] stays there and tells no new wake from an old one; then the runner starts over from the
//! first row.
//!
//! All transitions are read-modify-writes, so the release sequence of each waker reaches whoever looks at the count that
//! it left, however many wakers there are. A late waker of an earlier handler costs one spurious poll at most.
//!
//! Control bits are set by anybody: KILLED, EXPIRED, RECALLED, DISMISSED, and the reasons of a stop. ENDED comes last; WATCHED
//! says that somebody waits for it. RINGING says that messages of timers may wait in the lane, NOTICED that notices of others'
//! ends may wait in the book of watches, FAILING that the actor has said of itself that it failed, CIRCLE that the handler waits
//! in a circle; the runner takes each of these four back. Whoever tells a supervised actor to begin anew takes back KILLED, EXPIRED,
//! RECALLED and FAILING, which were about the run that is over; DISMISSED and SHUTDOWN stay. TRACED is set before the
//! first run, in systems that want to hear of slow handlers.

use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::limits::MOST_WAKES;
use crate::sync::planted::{self, Mutant};

const WAITED: u32 = 1;
const RINGING: u32 = 1 << 1;
const KILLED: u32 = 1 << 2;
const EXPIRED: u32 = 1 << 3;
const SHUTDOWN: u32 = 1 << 4;
const WATCHED: u32 = 1 << 5;
const ENDED: u32 = 1 << 6;
const CIRCLE: u32 = 1 << 7;
const NOTICED: u32 = 1 << 8;
const RECALLED: u32 = 1 << 9;
const DISMISSED: u32 = 1 << 10;
const FAILING: u32 = 1 << 11;
const TRACED: u32 = 1 << 12;
const VERDICT_SHIFT: u32 = 13;
const VERDICT: u32 = (1 << (WAKES_SHIFT - VERDICT_SHIFT)) - 1;
const WAKES_SHIFT: u32 = 16;
const ONE_WAKE: u32 = 1 << WAKES_SHIFT;
const WAKES: u32 = !(ONE_WAKE - 1);

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
    /// The word of a task that nobody has touched.
    pub(super) const UNTOUCHED: Self = Self(0);

    pub(crate) fn is_killed(self) -> bool {
        self.0 & KILLED != 0
    }

    /// Whether messages of timers may be waiting.
    pub(crate) fn is_ringing(self) -> bool {
        self.0 & RINGING != 0
    }

    /// Whether notices of others' ends may be waiting.
    pub(crate) fn is_noticed(self) -> bool {
        self.0 & NOTICED != 0
    }

    /// Whether its supervisor has called it back, to begin anew.
    pub(crate) fn is_recalled(self) -> bool {
        self.0 & RECALLED != 0
    }

    /// Whether the actor has said of itself that it failed.
    pub(crate) fn is_failing(self) -> bool {
        self.0 & FAILING != 0
    }

    /// Whether its next end is one for good, whatever its supervisor would say.
    pub(crate) fn is_final(self) -> bool {
        self.0 & (DISMISSED | SHUTDOWN) != 0
    }

    /// Whether what begins and ends is noted.
    pub(crate) fn is_traced(self) -> bool {
        self.0 & TRACED != 0
    }

    /// Whether there is anything to do before the next message.
    pub(crate) fn asks(self) -> bool {
        self.0 & (KILLED | NOTICED | RINGING | RECALLED | FAILING) != 0
    }

    /// The same, or the next message is to be noted.
    #[inline(always)]
    pub(crate) fn calls(self) -> bool {
        self.0 & (KILLED | NOTICED | RINGING | RECALLED | FAILING | TRACED) != 0
    }

    /// Whether a start or an end isn't as usual.
    #[inline(always)]
    pub(crate) fn is_marked(self) -> bool {
        self.0 & (KILLED | RECALLED | TRACED) != 0
    }

    /// Whether a suspended handler doesn't go on as usual.
    #[inline(always)]
    pub(crate) fn diverts(self) -> bool {
        self.0 & (KILLED | EXPIRED | CIRCLE | TRACED) != 0
    }

    /// Whether the handler waits for a reply that can't come.
    pub(crate) fn is_circle(self) -> bool {
        self.0 & CIRCLE != 0
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
        (self.0 & ENDED != 0).then_some((self.0 >> VERDICT_SHIFT & VERDICT) as u8)
    }

    /// Whether the count of wakes is as high as it gets.
    fn is_full_of_wakes(self) -> bool {
        self.0 >= MOST_WAKES << WAKES_SHIFT
    }
}

/// The word.
#[derive(Debug)]
pub(crate) struct State(AtomicU32);

impl State {
    pub(crate) fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Wakes the handler. Lock-free.
    pub(crate) fn wake(&self) -> Woken {
        self.notify(0)
    }

    /// Asks for the actor's death, and wakes its handler. Lock-free.
    pub(crate) fn kill(&self) -> Woken {
        self.notify(KILLED)
    }

    /// Says that `post_stop` has had its time, and wakes it. Lock-free.
    pub(crate) fn expire(&self) -> Woken {
        self.notify(EXPIRED)
    }

    /// Says that the next end is one for good, and wakes who waits for its supervisor's word. If that was said before it wakes
    /// nobody: the wake that came with it is the one that counts, and whoever takes a reference for a look at an actor that
    /// nobody else refers to says it each time. Lock-free.
    pub(crate) fn dismiss(&self) -> Woken {
        self.notify(DISMISSED)
    }

    /// Says that the reason of the stop that follows is the system's shutdown, and wakes who waits for its supervisor's word.
    /// Lock-free.
    pub(crate) fn shut_down(&self) -> Woken {
        self.notify(SHUTDOWN)
    }

    fn notify(&self, bits: u32) -> Woken {
        // ORDERING: Relaxed; the CAS confirms it.
        let mut now = Snapshot(self.0.load(Ordering::Relaxed));
        loop {
            let is_known = now.0 & bits & DISMISSED != 0;
            let next = if is_known || now.is_full_of_wakes() { now.0 } else { now.0 + ONE_WAKE } | bits;
            // ORDERING: Release: what the waker did is visible to the poll that follows (`resume`). Acquire pairs
            // with `suspend`'s Release: if we schedule, the frame and the actor's state go with us. A read-modify-write
            // even when the count stays as it is: this waker's data must travel too.
            match self.0.compare_exchange(now.0, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) if is_known => return Woken::Nothing,
                Ok(_) if now.0 & (WAITED | WAKES) == WAITED => return Woken::Schedule,
                Ok(_) => return Woken::Nothing,
                Err(changed) => now = Snapshot(changed),
            }
        }
    }

    /// The runner's last step when its handler waits. `seen` is what it found before it polled.
    pub(crate) fn suspend(&self, seen: Snapshot) -> Suspend {
        if seen.is_full_of_wakes() {
            // There is no telling whether there was another one.
            return Suspend::Notified;
        }
        let mut now = seen.0;
        loop {
            // ORDERING: Release hands frame and state to the waker that schedules (`notify`'s Acquire). Relaxed
            // on failure: `resume` does the acquiring.
            match self.0.compare_exchange(now, now & !WAKES | WAITED, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return Suspend::Suspended,
                Err(changed) if changed & WAKES != seen.0 & WAKES && !planted::is(Mutant::WakeForgotten) => {
                    return Suspend::Notified;
                }
                Err(changed) => now = changed,
            }
        }
    }

    /// Whether the handler is suspended, and nobody has woken it.
    pub(crate) fn is_suspended(&self) -> bool {
        // ORDERING: Acquire pairs with `suspend`'s Release: what the runner had published before is visible.
        self.0.load(Ordering::Acquire) & (WAITED | WAKES) == WAITED
    }

    /// Wakes a suspended handler because it waits in a circle. Does nothing if it isn't suspended, or was woken.
    pub(crate) fn break_wait(&self) -> Option<Woken> {
        // ORDERING: Relaxed; the CAS confirms it.
        let mut now = self.0.load(Ordering::Relaxed);
        while now & (WAITED | WAKES) == WAITED {
            // ORDERING: as in `notify`.
            match self.0.compare_exchange(now, (now | CIRCLE) + ONE_WAKE, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return Some(Woken::Schedule),
                Err(changed) => now = changed,
            }
        }
        None
    }

    /// The runner has seen that its handler waits in a circle.
    pub(crate) fn forget_circle(&self) {
        // ORDERING: Relaxed; the runner's own, and `resume` has acquired what came with it.
        self.0.fetch_and(!CIRCLE, Ordering::Relaxed);
    }

    /// The runner's first step before it polls a suspended handler.
    pub(crate) fn resume(&self) -> Snapshot {
        // ORDERING: Acquire pairs with `notify`'s Release, of each waker since the last poll.
        let seen = Snapshot(self.0.load(Ordering::Acquire));
        if !seen.is_full_of_wakes() {
            return seen;
        }
        // ORDERING: as above.
        Snapshot(self.0.fetch_and(!(WAITED | WAKES), Ordering::Acquire) & !(WAITED | WAKES))
    }

    /// What begins and ends is to be noted. Before the first run.
    pub(crate) fn trace(&self) {
        // ORDERING: Relaxed; the caller is about to run the task.
        self.0.fetch_or(TRACED, Ordering::Relaxed);
    }

    /// Says that the reason of the stop that follows is the system's shutdown.
    pub(crate) fn mark_shutdown(&self) {
        // ORDERING: Relaxed; the close that follows releases it.
        self.0.fetch_or(SHUTDOWN, Ordering::Relaxed);
    }

    /// The word before a first poll: what its wakers have done is visible to that poll.
    #[inline(always)]
    pub(crate) fn look(&self) -> Snapshot {
        // ORDERING: Acquire pairs with `notify`'s Release: a poll that doesn't see what a wake was for must not suspend
        // over that wake, which is in the count.
        Snapshot(self.0.load(Ordering::Acquire))
    }

    /// The bits as they are.
    #[inline(always)]
    pub(crate) fn peek(&self) -> Snapshot {
        // ORDERING: Relaxed; control bits carry no data, and whoever needs them in order has acquired them
        // otherwise (the mailbox's close, `resume`).
        Snapshot(self.0.load(Ordering::Relaxed))
    }

    /// A message of a timer has been put into the lane. A nudge of the mailbox follows, for an actor that is idle.
    pub(crate) fn ring(&self) {
        // ORDERING: Relaxed; the lane's lock orders its messages, and the nudge that follows releases this.
        self.0.fetch_or(RINGING, Ordering::Relaxed);
    }

    /// The runner is about to look into the lane.
    pub(crate) fn answer(&self) {
        // ORDERING: Relaxed; whoever rings after this puts RINGING back, and whoever rang before it has put its message into
        // the lane, by the lock of which the runner sees it: a message is put there before its ring, and the read-modify-write
        // that finds the ring is followed by the lock.
        self.0.fetch_and(!RINGING, Ordering::Relaxed);
    }

    /// A notice of another's end has been put into the book of watches. A nudge of the mailbox follows, for an actor that is
    /// idle.
    pub(crate) fn notice(&self) {
        // ORDERING: Relaxed; as in `ring`, with the book's lock.
        self.0.fetch_or(NOTICED, Ordering::Relaxed);
    }

    /// The runner is about to look into the book.
    pub(crate) fn heed(&self) {
        // ORDERING: Relaxed; as in `answer`.
        self.0.fetch_and(!NOTICED, Ordering::Relaxed);
    }

    /// Its supervisor calls the actor back. A nudge of the mailbox follows, for an actor that is idle.
    pub(crate) fn recall(&self) {
        // ORDERING: Relaxed; as in `ring`, without data.
        self.0.fetch_or(RECALLED, Ordering::Relaxed);
    }

    /// The actor's handler says that the actor has failed: looked at before the next message.
    pub(crate) fn fail(&self) {
        // ORDERING: Relaxed; the runner's own.
        self.0.fetch_or(FAILING, Ordering::Relaxed);
    }

    /// The runner is about to see what the actor has said.
    pub(crate) fn forget_failing(&self) {
        // ORDERING: Relaxed; as above.
        self.0.fetch_and(!FAILING, Ordering::Relaxed);
    }

    /// The actor, which is down, is told to begin anew: what was asked of the run that is over is done with.
    pub(crate) fn renew(&self) {
        // ORDERING: Relaxed; the word and the wake that follow release it. Who asks for something after this asks it of the
        // next run. EXPIRED goes for speed alone (`diverts`): whose deadline it was, the charge counts.
        self.0.fetch_and(!(KILLED | EXPIRED | RECALLED | FAILING), Ordering::Relaxed);
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
    use super::{MOST_WAKES, State, Suspend, Woken};

    #[test]
    fn one_wake_schedules_and_the_next_does_not() {
        let state = State::new();
        assert_eq!(state.suspend(state.look()), Suspend::Suspended);
        assert_eq!(state.wake(), Woken::Schedule);
        assert_eq!(state.wake(), Woken::Nothing);
        assert_eq!(state.kill(), Woken::Nothing);
        let seen = state.resume();
        assert!(seen.is_killed());
        assert_eq!(state.suspend(seen), Suspend::Suspended);
    }

    #[test]
    fn a_wake_during_the_poll_prevents_the_suspension() {
        let state = State::new();
        let mut seen = state.look();
        for _ in 0..3 {
            assert_eq!(state.wake(), Woken::Nothing);
            assert_eq!(state.suspend(seen), Suspend::Notified);
            seen = state.resume();
        }
        state.mark_shutdown();
        assert_eq!(state.suspend(seen), Suspend::Suspended);
    }

    #[test]
    fn a_dismissal_wakes_once() {
        let state = State::new();
        assert_eq!(state.suspend(state.look()), Suspend::Suspended);
        assert_eq!(state.dismiss(), Woken::Schedule);
        let seen = state.resume();
        assert!(seen.is_final());
        assert_eq!(state.dismiss(), Woken::Nothing);
        assert_eq!(state.suspend(seen), Suspend::Suspended);
        assert_eq!(state.dismiss(), Woken::Nothing);
        assert_eq!(state.wake(), Woken::Schedule);
    }

    #[test]
    fn more_wakes_than_can_be_counted_are_not_lost() {
        let state = State::new();
        assert_eq!(state.suspend(state.look()), Suspend::Suspended);
        assert_eq!(state.wake(), Woken::Schedule);
        for _ in 0..2 * MOST_WAKES {
            assert_eq!(state.wake(), Woken::Nothing);
        }
        assert_eq!(state.suspend(state.look()), Suspend::Notified);
        let seen = state.resume();
        assert_eq!(state.wake(), Woken::Nothing);
        assert_eq!(state.suspend(seen), Suspend::Notified);
        assert_eq!(state.suspend(state.resume()), Suspend::Suspended);
        assert_eq!(state.wake(), Woken::Schedule);
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
