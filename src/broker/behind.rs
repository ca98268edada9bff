//! What waits until a new subscription has had the retained events of its topics.
//!
//! Who subscribes to topics that retain is held up, once by the subscribing itself and once by each retained event that is
//! still to come. All other events queue here, whichever topic they come by, so that one publisher's stay in their order.
//! Whoever ends the last hold-up delivers the queue first; since nobody else can end it, there is one who does at a time.
//!
//! Only who subscribes is held up anew. When that is over and nothing is held up, the queue is open for good, and publishers
//! needn't look at it any more.
//!
//! Progress: one load while nothing is held up; a lock for a moment otherwise. No user code runs under it.

use std::collections::VecDeque;
use std::fmt;

use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::lock::Mutex;

/// The queue.
pub(super) struct Behind<M> {
    /// How much holds it up, lowered under the lock; and [`JOINING`].
    held_up: AtomicUsize,
    events: Mutex<VecDeque<M>>,
}

/// The subscribing isn't over: it may still be held up.
const JOINING: usize = !(usize::MAX >> 1);

impl<M> Behind<M> {
    pub(super) fn new() -> Self {
        Self { held_up: AtomicUsize::new(JOINING), events: Mutex::default() }
    }

    /// Whether events needn't wait.
    #[inline(always)]
    pub(super) fn is_open(&self) -> bool {
        // ORDERING: Acquire pairs with the Release of `next_or_open`: what was queued has been delivered before what we
        // deliver. One who queued an event has seen the count above zero, and sees no older value after that.
        self.held_up.load(Ordering::Acquire) & !JOINING == 0
    }

    /// Whether no event will ever have to wait any more.
    pub(super) fn is_open_for_good(&self) -> bool {
        // ORDERING: Acquire, as in `is_open`. Nobody is held up who isn't joining: there is no value after this one.
        self.held_up.load(Ordering::Acquire) == 0
    }

    /// The subscribing is over: it is held up by nothing more than what holds it up now.
    pub(super) fn has_joined(&self) {
        // ORDERING: Relaxed; whoever lowers the count releases what was delivered, and this is a part of that sequence.
        self.held_up.fetch_and(!JOINING, Ordering::Relaxed);
    }

    /// Something has to come first. Whoever brings it ends that by [`next_or_open`](Self::next_or_open).
    pub(super) fn hold_up(&self) {
        // ORDERING: Relaxed; whoever must know finds the subscription in a list that is published after this.
        self.held_up.fetch_add(1, Ordering::Relaxed);
    }

    /// Queues an event. It comes back if it needn't wait.
    #[cold]
    pub(super) fn queue(&self, event: M) -> Option<M> {
        let mut events = self.events.lock();
        // ORDERING: Relaxed; lowered under the lock, which we have.
        if self.held_up.load(Ordering::Relaxed) & !JOINING == 0 {
            return Some(event);
        }
        events.push_back(event);
        None
    }

    /// Ends one hold-up. If it is the last, the next event of the queue comes back instead: the caller delivers it and
    /// calls again.
    pub(super) fn next_or_open(&self) -> Option<M> {
        let mut events = self.events.lock();
        // ORDERING: Relaxed; as above.
        if self.held_up.load(Ordering::Relaxed) & !JOINING == 1
            && let Some(event) = events.pop_front()
        {
            return Some(event);
        }
        // ORDERING: Release; see `is_open`.
        self.held_up.fetch_sub(1, Ordering::Release);
        None
    }
}

impl<M> fmt::Debug for Behind<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Behind")
    }
}
