//! The slot and its two sides. The state table is in the module's doc.

use std::fmt;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::task::{Context, Poll};

use super::waiter::{Thin, Waiter};
use crate::memory::{self, Layout};
use crate::sync::atomic::{AtomicPtr, Ordering};
use crate::sync::cell::UnsafeCell;

const EMPTY: *mut () = ptr::null_mut();
/// Waiters are aligned to 64 bytes, plus a tag of one: these can't be any.
const VALUE: *mut () = ptr::without_provenance_mut(2);
const GONE: *mut () = ptr::without_provenance_mut(4);

struct Slot<V> {
    word: AtomicPtr<()>,
    value: UnsafeCell<MaybeUninit<V>>,
}

/// A fresh slot's two sides. The block is recycled memory.
#[inline(always)]
pub(crate) fn channel<V, T: Thin>() -> (Sender<V, T>, Receiver<V, T>) {
    with_word(EMPTY)
}

/// The same, for a receiver that the caller is about to poll: its waiter is in the word from the beginning, if it has one at
/// hand, so that the poll needn't put it there by a read-modify-write.
#[inline(always)]
pub(crate) fn awaited<V, T: Thin>() -> (Sender<V, T>, Receiver<V, T>) {
    with_word(Waiter::<T>::at_hand().map_or(EMPTY, Waiter::into_raw))
}

#[inline(always)]
fn with_word<V, T: Thin>(word: *mut ()) -> (Sender<V, T>, Receiver<V, T>) {
    let slot: NonNull<Slot<V>> = memory::acquire(Layout::new::<Slot<V>>()).cast();
    // SAFETY: the block is ours and fits a slot.
    unsafe { slot.write(Slot { word: AtomicPtr::new(word), value: UnsafeCell::new(MaybeUninit::uninit()) }) };
    (Sender(slot, std::marker::PhantomData), Receiver(slot, std::marker::PhantomData))
}

/// Frees the block of a slot that holds no value.
///
/// # Safety
///
/// The caller is the last side (rule 3).
#[inline(always)]
unsafe fn free<V>(slot: NonNull<Slot<V>>) {
    // To loom the block's end is a write to the word, so that it sees an access that isn't ordered before.
    // SAFETY: nobody else looks at the block any more.
    #[cfg(corecast_loom)]
    unsafe {
        (*slot.as_ptr()).word.with_mut(|_| ());
    }
    // SAFETY: nobody else looks at the block any more; the slot's own fields need no drop.
    unsafe { memory::release(slot.cast(), Layout::new::<Slot<V>>()) };
}

/// The side that brings the value.
///
/// It must be completed: the receiver waits for nothing else. A sender that is merely dropped leaks the
/// slot and leaves the receiver waiting, which is why only this crate's envelopes hold one.
#[must_use = "the receiver waits until the sender is completed"]
pub(crate) struct Sender<V, T>(NonNull<Slot<V>>, std::marker::PhantomData<fn(T)>);

/// The side that waits for the value: a future.
#[must_use = "dropping the receiver drops the value"]
pub(crate) struct Receiver<V, T: Thin>(NonNull<Slot<V>>, std::marker::PhantomData<fn(T)>);

// SAFETY: the sender moves a `V` to another thread, no more; the word is an atomic.
unsafe impl<V: Send, T> Send for Sender<V, T> {}
// SAFETY: a shared sender gives no access.
unsafe impl<V: Send, T> Sync for Sender<V, T> {}
// SAFETY: the receiver takes a `V` from another thread, no more.
unsafe impl<V: Send, T: Thin> Send for Receiver<V, T> {}
// SAFETY: a shared receiver gives no access; polling takes it by `&mut`.
unsafe impl<V: Send, T: Thin> Sync for Receiver<V, T> {}

impl<V, T: Thin> Sender<V, T> {
    /// Hands over the value and wakes the receiver. Returns the value if the receiver is gone. Wait-free but
    /// for the waker.
    #[inline(always)]
    pub(crate) fn complete(self, value: V) -> Result<(), V> {
        let slot = self.0;
        // SAFETY: the slot lives until the last side frees it, and we haven't swapped yet (rule 1).
        let before = unsafe {
            slot.as_ref().value.with_mut(|place| (*place).write(value));
            // ORDERING: Release pairs with the receiver's Acquire (poll's load and CAS, drop's swap): the value
            // is visible there. Acquire pairs with the receiver's Release of its waiter, or of all it did with
            // the block before it went.
            slot.as_ref().word.swap(VALUE, Ordering::AcqRel)
        };
        if before == EMPTY {
            Ok(())
        } else if before == GONE {
            // SAFETY: the receiver has swapped; we are the last (rule 3) and own the value, initialized above.
            let value = unsafe { slot.as_ref().value.with_mut(|place| (*place).assume_init_read()) };
            // SAFETY: as above, and the value is out.
            unsafe { free(slot) };
            Err(value)
        } else {
            // SAFETY: a waiter, and we got it out of the word (rule 4).
            unsafe { Waiter::<T>::from_raw(before) }.wake();
            Ok(())
        }
    }
}

impl<V, T: Thin> Future for Receiver<V, T> {
    type Output = V;

    /// Takes the value, or leaves the waker in the word.
    ///
    /// # Panics
    ///
    /// If it is polled again after it was ready.
    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<V> {
        let slot = self.0;
        // Checked in every build: callers can poll as they like, and the block may be another's by now.
        assert!(slot != NonNull::dangling(), "the future of a reply was polled after it was ready");
        // SAFETY: the slot lives until we have taken the value or dropped.
        let word = unsafe { &slot.as_ref().word };
        // ORDERING: Acquire pairs with `complete`'s Release: if it is VALUE, the value is visible.
        let mut seen = word.load(Ordering::Acquire);
        if seen != VALUE {
            if Waiter::<T>::is_same(seen, context.waker()) {
                return Poll::Pending;
            }
            let waiter = Waiter::<T>::new(context.waker()).into_raw();
            // ORDERING: Release pairs with `complete`'s Acquire: the waiter's contents are visible there. Acquire
            // on failure: then it is VALUE, as for the load above.
            match word.compare_exchange(seen, waiter, Ordering::Release, Ordering::Acquire) {
                Ok(EMPTY) => return Poll::Pending,
                Ok(old) => {
                    // SAFETY: the CAS got the old waiter out of the word (rule 4).
                    drop(unsafe { Waiter::<T>::from_raw(old) });
                    return Poll::Pending;
                }
                Err(now) => {
                    // SAFETY: the CAS didn't put it into the word.
                    drop(unsafe { Waiter::<T>::from_raw(waiter) });
                    seen = now;
                }
            }
        }
        debug_assert_eq!(seen, VALUE, "only the sender changes the word while the receiver polls");
        self.0 = NonNull::dangling();
        // SAFETY: we saw VALUE: value and block are ours (rule 2).
        unsafe {
            let value = slot.as_ref().value.with_mut(|place| (*place).assume_init_read());
            free(slot);
            Poll::Ready(value)
        }
    }
}

// The receiver never pins its value in place.
impl<V, T: Thin> Unpin for Receiver<V, T> {}

impl<V, T: Thin> Drop for Receiver<V, T> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.0 != NonNull::dangling() {
            self.leave();
        }
    }
}

impl<V, T: Thin> Receiver<V, T> {
    /// Its slot's address, which tells it from other receivers that are there at the same time.
    #[inline(always)]
    pub(crate) fn key(&self) -> usize {
        self.0.addr().get()
    }

    /// The value isn't wanted.
    #[cold]
    fn leave(&mut self) {
        let slot = std::mem::replace(&mut self.0, NonNull::dangling());
        // SAFETY: the slot lives until the last side frees it, and we haven't swapped yet. ORDERING: Acquire
        // pairs with `complete`'s Release, for the value; Release pairs with its Acquire: all that we did with
        // the block comes before the sender frees it.
        let before = unsafe { slot.as_ref() }.word.swap(GONE, Ordering::AcqRel);
        if before == VALUE {
            // SAFETY: the sender has swapped; value and block are ours (rules 2 and 3).
            let value = unsafe {
                let value = slot.as_ref().value.with_mut(|place| (*place).assume_init_read());
                free(slot);
                value
            };
            drop(value);
        } else if before != EMPTY {
            T::given_up(slot.addr().get());
            // SAFETY: our waiter, and we got it out of the word (rule 4).
            drop(unsafe { Waiter::<T>::from_raw(before) });
        }
    }
}

impl<V, T> fmt::Debug for Sender<V, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
}

impl<V, T: Thin> fmt::Debug for Receiver<V, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receiver")
    }
}
