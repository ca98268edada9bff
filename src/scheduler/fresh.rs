//! Limits whose time hasn't begun: a few slots of each worker's, which cost next to nothing while nobody needs them.
//!
//! Most limits are taken back soon after they were set, by the worker that has set them. So a worker leaves a long one in a
//! slot of its own, by plain writes and one store. Whoever looks at the worker's wheel next moves it there, and its time
//! begins; the slot then holds the wheel's key. Most are gone by then.
//!
//! | slot | waker and length | key | left by |
//! |---|---|---|---|
//! | FREE | the worker's to write | – | the worker: ARMED |
//! | ARMED | whoever leaves this state may take the waker | – | the limit's owner: TAKEN; a look, under the wheel's lock: MOVED |
//! | TAKEN | the owner's to take | – | the owner: FREE |
//! | MOVED | – | of the wheel's entry, fired or not; under the wheel's lock | the owner, under the wheel's lock: FREE |
//!
//! Rules, cited by SAFETY notes:
//! 1. The worker alone leaves FREE.
//! 2. Each slot that isn't FREE has one owner, who holds its number and gives it up once. What the owner does comes after
//!    the arming, for the number has come to it from there.
//! 3. Looks, and the owner unless it takes the waker, hold the wheel's lock.
//!
//! | step | cost | progress |
//! |---|---|---|
//! | arm | a store to the slot, one to the count | wait-free |
//! | take back, unless it has moved | one read-modify-write | wait-free |
//!
//! The worker counts what it has armed, and looks note what they have seen of the count: a look that comes too early for a
//! limit leaves the two apart, and so there will be another one.

use std::fmt;
use std::mem::MaybeUninit;
use std::task::Waker;

use super::wheel;
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::cell::UnsafeCell;
use crate::sync::limits::{FRESH_SLOTS, FRESH_TRIES};

const FREE: u32 = 0;
const ARMED: u32 = 1;
const TAKEN: u32 = 2;
const MOVED: u32 = 3;

/// The slots of one worker.
pub(crate) struct Slots {
    /// How many were ever armed; zero only if none was. The worker's.
    armed: AtomicU32,
    /// The slot that is tried next. The worker's.
    next: AtomicU32,
    slots: [Slot; FRESH_SLOTS],
    /// What a look has found `armed` to be. Written under the wheel's lock.
    seen: AtomicU32,
}

struct Slot {
    state: AtomicU32,
    content: UnsafeCell<Content>,
}

struct Content {
    /// In nanoseconds.
    length: u64,
    waker: MaybeUninit<Waker>,
    key: MaybeUninit<wheel::Key>,
}

// SAFETY: a slot passes wakers, which are `Send`, from the worker to whoever leaves ARMED; the table above says who touches
// what.
unsafe impl Sync for Slots {}
// SAFETY: as above.
unsafe impl Send for Slots {}

/// The number of a slot, good for one take.
#[derive(Debug)]
#[must_use = "the slot is lost unless it is taken back"]
pub(crate) struct Number(u8);

impl Slots {
    pub(super) fn new() -> Self {
        let slot = || Slot {
            state: AtomicU32::new(FREE),
            content: UnsafeCell::new(Content { length: 0, waker: MaybeUninit::uninit(), key: MaybeUninit::uninit() }),
        };
        Self {
            armed: AtomicU32::new(0),
            next: AtomicU32::new(0),
            slots: std::array::from_fn(|_| slot()),
            seen: AtomicU32::new(0),
        }
    }

    /// Leaves a limit in a slot, if one of the next few is free.
    ///
    /// # Safety
    ///
    /// The caller is the worker that the slots belong to.
    #[inline]
    #[cfg_attr(corecast_loom, allow(clippy::modulo_one, reason = "there is one slot"))]
    pub(crate) unsafe fn arm(&self, length: u64, waker: &Waker) -> Option<Number> {
        // ORDERING: Relaxed; the worker's own, and so below.
        let first = self.next.load(Ordering::Relaxed) as usize;
        for number in (first..first + FRESH_TRIES).map(|number| number % FRESH_SLOTS) {
            let Slot { state, content } = &self.slots[number];
            // ORDERING: Acquire pairs with the Release of FREE: who had the slot before has done with it.
            if state.load(Ordering::Acquire) != FREE {
                continue;
            }
            // UNWIND: nothing has been written yet.
            let waker = waker.clone();
            content.with_mut(|content| {
                // SAFETY: the slot is free, and we are its worker (rule 1).
                unsafe {
                    (*content).length = length;
                    (*content).waker.write(waker);
                }
            });
            // ORDERING: Release pairs with the Acquire of the look that moves it, which sees the content.
            state.store(ARMED, Ordering::Release);
            // ORDERING: Relaxed load; the worker's own. Release pairs with the Acquire of `begin`: who has seen this count
            // sees the slot armed, or taken back.
            self.armed.store(self.armed.load(Ordering::Relaxed).wrapping_add(1).max(1), Ordering::Release);
            // ORDERING: Relaxed; as above. The slot that was free is tried first, for it is likely to be free again.
            self.next.store(number as u32, Ordering::Relaxed);
            return Some(Number(number as u8));
        }
        // ORDERING: Relaxed; as above.
        self.next.store(((first + 1) % FRESH_SLOTS) as u32, Ordering::Relaxed);
        None
    }

    /// Whether something was armed that no look has seen.
    #[inline]
    pub(super) fn are_unseen(&self) -> bool {
        // ORDERING: Relaxed, twice; the worker itself sees what it has armed, to others this is a hint.
        let armed = self.armed.load(Ordering::Relaxed);
        armed != 0 && armed != self.seen.load(Ordering::Relaxed)
    }

    /// Moves what is armed into the wheel, whose entries' time begins when `insert` says so. Called under the wheel's lock.
    pub(super) fn begin(&self, mut insert: impl FnMut(u64, Waker) -> wheel::Key) {
        // ORDERING: Acquire pairs with the Release of the count.
        let armed = self.armed.load(Ordering::Acquire);
        for Slot { state, content } in &self.slots {
            // ORDERING: Relaxed load; a hint that the CAS confirms. Acquire pairs with the Release of ARMED: the content is
            // visible. Relaxed on failure: the owner has taken it back.
            if state.load(Ordering::Relaxed) == ARMED
                && state.compare_exchange(ARMED, MOVED, Ordering::Acquire, Ordering::Relaxed).is_ok()
            {
                content.with_mut(|content| {
                    // SAFETY: we have left ARMED, so the waker is ours; the key is the lock's (rule 3).
                    unsafe {
                        let waker = (*content).waker.assume_init_read();
                        (*content).key.write(insert((*content).length, waker));
                    }
                });
            }
        }
        // ORDERING: Relaxed; under the lock.
        self.seen.store(armed, Ordering::Relaxed);
    }

    /// Takes a limit back that no look has moved.
    ///
    /// # Errors
    ///
    /// The number, if one has.
    ///
    /// # Safety
    ///
    /// These slots gave out the number.
    #[inline]
    pub(super) unsafe fn take(&self, number: Number) -> Result<Waker, Number> {
        let Slot { state, content } = &self.slots[usize::from(number.0)];
        // ORDERING: Relaxed, twice; the content came with the number (rule 2), and who finds it moved goes on under the lock.
        if state.compare_exchange(ARMED, TAKEN, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return Err(number);
        }
        // SAFETY: we have left ARMED, so the waker is ours.
        let waker = content.with_mut(|content| unsafe { (*content).waker.assume_init_read() });
        // ORDERING: Release pairs with the Acquire of the next arming: we are done with the content.
        state.store(FREE, Ordering::Release);
        Ok(waker)
    }

    /// Gives a slot up whose limit has moved, and tells where to. Called under the wheel's lock.
    ///
    /// # Safety
    ///
    /// These slots gave out the number, and [`take`](Self::take) has refused it.
    pub(super) unsafe fn forget(&self, number: Number) -> wheel::Key {
        let Slot { state, content } = &self.slots[usize::from(number.0)];
        // SAFETY: the slot is MOVED, and ours under the lock (rule 3).
        let key = content.with(|content| unsafe { (*content).key.assume_init() });
        // ORDERING: Release pairs with the Acquire of the next arming: we are done with the content.
        state.store(FREE, Ordering::Release);
        key
    }

    /// Where a limit's waker is: here, or in the wheel. Called under the wheel's lock.
    ///
    /// # Safety
    ///
    /// These slots gave out the number.
    pub(super) unsafe fn waker<R>(&self, number: &Number, look: impl FnOnce(Result<&mut Waker, wheel::Key>) -> R) -> R {
        let Slot { state, content } = &self.slots[usize::from(number.0)];
        // ORDERING: Relaxed; looks have the lock, so nobody changes it but us.
        let is_armed = state.load(Ordering::Relaxed) == ARMED;
        content.with_mut(|content| {
            // SAFETY: ours (rules 2 and 3): the owner touches it, no look does, and the worker isn't allowed to.
            unsafe {
                look(if is_armed { Ok((*content).waker.assume_init_mut()) } else { Err((*content).key.assume_init()) })
            }
        })
    }
}

impl Drop for Slots {
    fn drop(&mut self) {
        for Slot { state, content } in &self.slots {
            // ORDERING: Relaxed; nobody else is left.
            if state.load(Ordering::Relaxed) == ARMED {
                // SAFETY: as above; the slot holds a waker.
                content.with_mut(|content| unsafe { (*content).waker.assume_init_drop() });
            }
        }
    }
}

impl fmt::Debug for Slots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slots").field("are_unseen", &self.are_unseen()).finish_non_exhaustive()
    }
}

#[cfg(all(test, not(corecast_loom)))]
mod tests {
    use super::{FRESH_SLOTS, Number, Slots};
    use crate::scheduler::wheel::Wheel;
    use crate::sync::Arc;
    use std::task::{Wake, Waker};

    struct Nobody;

    impl Wake for Nobody {
        fn wake(self: Arc<Self>) {}
    }

    /// Armed by the one thread there is.
    fn arm(slots: &Slots, length: u64, waker: &Waker) -> Option<Number> {
        // SAFETY: this thread is the only one.
        unsafe { slots.arm(length, waker) }
    }

    #[test]
    fn a_slot_is_used_again_and_again_and_a_full_set_says_so() {
        let nobody = Arc::new(Nobody);
        let waker = Waker::from(Arc::clone(&nobody));
        let slots = Slots::new();
        for _ in 0..3 * FRESH_SLOTS {
            let number = arm(&slots, 1, &waker).unwrap();
            // SAFETY: given out just now.
            drop(unsafe { slots.take(number) });
        }
        assert_eq!(Arc::strong_count(&nobody), 2);
        let held: Vec<_> = (0..2 * FRESH_SLOTS).filter_map(|_| arm(&slots, 1, &waker)).collect();
        assert_eq!(held.len(), FRESH_SLOTS);
        assert!(arm(&slots, 1, &waker).is_none());
        drop(slots);
        assert_eq!(Arc::strong_count(&nobody), 2, "what is left over is dropped");
    }

    #[test]
    fn what_a_look_has_moved_is_in_the_wheel_and_its_slot_is_given_up_later() {
        let waker = Waker::from(Arc::new(Nobody));
        let (slots, mut wheel) = (Slots::new(), Wheel::new());
        assert!(!slots.are_unseen());
        let number = arm(&slots, 7, &waker).unwrap();
        assert!(slots.are_unseen());
        slots.begin(|length, waker| {
            assert_eq!(length, 7);
            wheel.insert_fresh(length, waker)
        });
        assert!(!slots.are_unseen() && wheel.has_fresh());
        // SAFETY: given out above, and refused by `take`.
        let key = unsafe {
            let number = slots.take(number).unwrap_err();
            slots.forget(number)
        };
        assert!(wheel.remove(key).flatten().unwrap().will_wake(&waker));
    }
}
