//! Who sleeps, who searches, and whom to wake: the protocol that the README beside this file explains.
//!
//! | word | written by | tells |
//! |---|---|---|
//! | `asleep`, a bit per worker | the worker that goes to sleep; whoever wakes it | whom a push may wake |
//! | `searching`, a count | wakers (for the one they wake), searchers | that somebody looks for work already |
//! | `vigilant` | the sentinel | that a sleeper looks after stuck workers |
//!
//! Who has pushed something passes a full barrier and only reads; who ends a search, or goes to sleep, passes one before
//! its last look. So `asleep` is written by those who sleep and those who wake them, and not per message. What is decided
//! about sentinels and the keeper of the time is decided by read-modify-writes of `asleep`, which have one order.

use crate::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use crate::sync::barrier;

/// Workers that one word can tell apart.
pub(crate) const MAX_WORKERS: usize = 64;

/// The three words.
#[derive(Debug)]
pub(crate) struct Idle {
    asleep: AtomicU64,
    searching: AtomicI32,
    vigilant: AtomicBool,
    everybody: u64,
}

impl Idle {
    /// All of `workers` are awake, and none of them searches.
    pub(crate) fn new(workers: usize) -> Self {
        debug_assert!((1..=MAX_WORKERS).contains(&workers));
        Self {
            asleep: AtomicU64::new(0),
            searching: AtomicI32::new(0),
            vigilant: AtomicBool::new(false),
            everybody: u64::MAX >> (MAX_WORKERS - workers),
        }
    }

    /// How many search. A waker counts the worker that it wakes a moment after it took it, and that worker may have
    /// found work by then: so the count may be too low for a moment, even below zero, but never too high.
    #[inline(always)]
    pub(super) fn searchers(&self) -> u32 {
        // ORDERING: Relaxed. Who relies on a searcher has passed a barrier before; the searcher passes one when it has
        // counted itself out, and then looks once more (`stop_searching`, `fall_asleep`).
        self.searching.load(Ordering::Relaxed).max(0).cast_unsigned()
    }

    /// Whether anybody is awake. A hint.
    pub(super) fn is_any_awake(&self) -> bool {
        // ORDERING: Relaxed; a hint.
        self.asleep.load(Ordering::Relaxed) != self.everybody
    }

    /// After a push: whom the pusher has to wake, if anybody. That worker counts as searching from now on.
    ///
    /// # Contract
    ///
    /// Between the push and this the caller has done a read-modify-write, be it the push itself. Without it a sleeper may
    /// be missed.
    pub(crate) fn worker_to_wake(&self) -> Option<usize> {
        // ORDERING: pairs with the barriers of `fall_asleep` and `stop_searching`: a worker that passes its own after this one
        // sees what was pushed; one that did so before is seen, as asleep and as searching no more.
        barrier::after_swap();
        loop {
            // ORDERING: Relaxed, behind the barrier. Not the last word: `claim` has that.
            let asleep = self.asleep.load(Ordering::Relaxed);
            if asleep == 0 || self.searchers() != 0 {
                return None;
            }
            let worker = asleep.trailing_zeros() as usize;
            if self.claim(worker) {
                return Some(worker);
            }
        }
    }

    /// After something was left where a sleeper looks: whether anybody sleeps. Whoever isn't seen here looks there later.
    pub(crate) fn has_sleepers_after_all(&self) -> bool {
        // ORDERING: AcqRel: Release pairs with the Acquire of `fall_asleep` and `all_asleep`: who looks after this sees what
        // was left. Acquire pairs with their Release, and with that of `wake_up`: who went to sleep before is seen, and that
        // it searches no more; whose sleep has ended keeps the time no more.
        self.asleep.fetch_or(0, Ordering::AcqRel) != 0
    }

    /// After a push that only `worker` can run: whether the pusher has to wake it.
    ///
    /// # Contract
    ///
    /// That of [`worker_to_wake`](Self::worker_to_wake).
    pub(crate) fn must_wake(&self, worker: usize) -> bool {
        // ORDERING: pairs with the barrier of `fall_asleep`: `worker` sees what was pushed, or is seen to be asleep.
        barrier::after_swap();
        self.is_asleep(worker) && self.claim(worker)
    }

    /// Takes `worker` out of the sleepers.
    fn claim(&self, worker: usize) -> bool {
        let bit = 1 << worker;
        // ORDERING: Relaxed; the token brings the woken worker what its waker saw. Where another one has taken it, it was
        // awake after the caller's barrier, and passes one of its own before it sleeps again.
        if self.asleep.fetch_and(!bit, Ordering::Relaxed) & bit == 0 {
            return false;
        }
        // ORDERING: Relaxed; the woken worker gets it with its token, and others are only told less work to do.
        self.searching.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// A worker that is awake begins to search, unless enough others do.
    pub(crate) fn start_searching(&self) -> bool {
        let most = self.everybody.count_ones() / 2;
        // ORDERING: Relaxed, here and above; a limit that may be exceeded by a race.
        if self.searchers() >= most.max(1) {
            return false;
        }
        self.searching.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// A searcher has found work. Returns whether it was the last one: then it looks whether there is more, and
    /// wakes somebody for it.
    #[must_use]
    pub(crate) fn stop_searching(&self) -> bool {
        // ORDERING: Relaxed; ordered by the barrier.
        if self.searching.fetch_sub(1, Ordering::Relaxed) > 1 {
            return false;
        }
        // ORDERING: pairs with the barrier of `worker_to_wake`: a pusher that relied on this searcher has passed it before
        // this, and its push is seen now; one that comes later sees that nobody searches.
        barrier::after_swap();
        // ORDERING: Relaxed, behind the barrier: whoever goes to sleep unseen sees the push by itself.
        self.asleep.load(Ordering::Relaxed) != 0
    }

    /// Lists `worker` as asleep; `searching` says that it was searching until now. The caller then looks at all
    /// queues once more before it parks. Returns whether everybody is asleep now.
    pub(crate) fn fall_asleep(&self, worker: usize, searching: bool) -> bool {
        if searching {
            // ORDERING: Relaxed; before the barrier, and released by the next line.
            self.searching.fetch_sub(1, Ordering::Relaxed);
        }
        let bit = 1 << worker;
        // ORDERING: AcqRel: pairs with `has_sleepers_after_all`, and with `wake_up` and `all_asleep`: what their callers have
        // armed, and the offices that they have laid down.
        let before = self.asleep.fetch_or(bit, Ordering::AcqRel);
        // ORDERING: pairs with the barriers of `worker_to_wake` and `must_wake`, whose callers have pushed: they see the bit,
        // or the caller's look sees the push.
        barrier::after_swap();
        (before | bit) == self.everybody
    }

    /// `worker` is awake. Returns whether it counts as searching, because somebody woke it.
    pub(crate) fn wake_up(&self, worker: usize) -> bool {
        let bit = 1 << worker;
        // ORDERING: AcqRel: Acquire: a sentinel that laid down its office before this is known. Release: that we did is
        // known to whoever goes to sleep after this. What wakers pushed comes with their token.
        self.asleep.fetch_and(!bit, Ordering::AcqRel) & bit == 0
    }

    /// Whether `worker` is still listed as asleep.
    pub(crate) fn is_asleep(&self, worker: usize) -> bool {
        // ORDERING: Relaxed; a barrier comes before it, or `wake_up` follows.
        self.asleep.load(Ordering::Relaxed) & (1 << worker) != 0
    }

    /// Whether everybody is asleep. A sleeper asks this before it looks around again.
    pub(crate) fn all_asleep(&self) -> bool {
        // ORDERING: AcqRel: Release: see `dismiss_sentinel`; and who relied on a keeper of the time that has left knows that
        // it has, or (Acquire) has armed before this, and the caller's next look sees the timer.
        self.asleep.fetch_or(0, Ordering::AcqRel) == self.everybody
    }

    /// Whether somebody could be woken for work that its pusher will come to by itself.
    #[inline(always)]
    pub(crate) fn has_sleepers(&self) -> bool {
        // ORDERING: Relaxed; missing a sleeper costs parallelism for one activation.
        self.asleep.load(Ordering::Relaxed) != 0 && self.searchers() == 0
    }

    /// Makes the caller the sentinel, if there is none.
    pub(crate) fn become_sentinel(&self) -> bool {
        // ORDERING: Relaxed, twice; ordered by the caller's `fall_asleep`, see `dismiss_sentinel`.
        !self.vigilant.load(Ordering::Relaxed) && !self.vigilant.swap(true, Ordering::Relaxed)
    }

    /// The sentinel lays down its office. It then asks `all_asleep`, to sleep for good, or calls `wake_up`: a worker
    /// that was woken, or went to sleep, before that is seen by it, or does its own read-modify-write of `asleep` after
    /// it and sees that there is no sentinel.
    pub(crate) fn dismiss_sentinel(&self) {
        // ORDERING: Relaxed; the read-modify-write that follows releases it.
        self.vigilant.swap(false, Ordering::Relaxed);
    }

    /// A worker that was woken asks: somebody who sleeps and should be woken to look after it.
    pub(crate) fn sentinel_to_wake(&self) -> Option<usize> {
        // ORDERING: Relaxed, twice; ordered by the caller's `wake_up`. A sleeper that is missed here becomes sentinel by
        // itself: it went to sleep after that.
        if self.vigilant.load(Ordering::Relaxed) {
            return None;
        }
        let asleep = self.asleep.load(Ordering::Relaxed);
        if asleep == 0 {
            return None;
        }
        let worker = asleep.trailing_zeros() as usize;
        self.claim(worker).then_some(worker)
    }
}
