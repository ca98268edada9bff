//! Who waits for a reply, in one pointer.

use std::marker::PhantomData;
use std::ptr::NonNull;
use std::task::Waker;

use crate::memory::{self, Layout};

/// Wakers that are a single pointer: the layer above knows its own.
///
/// # Safety
///
/// `retain` and `at_hand` return pointers that are aligned to at least 64 bytes and stay valid until they are given to
/// `wake` or `release`, once.
pub(crate) unsafe trait Thin {
    /// If `waker` is one of these, a pointer that owns a clone of it.
    fn retain(waker: &Waker) -> Option<NonNull<()>>;

    /// A pointer as from `retain`, for the waker with which the caller is being polled, if it costs nothing.
    fn at_hand() -> Option<NonNull<()>>;

    /// Whether `waker` is the one that `thin` owns a clone of.
    fn is_same(thin: NonNull<()>, waker: &Waker) -> bool;

    /// Wakes and releases.
    ///
    /// # Safety
    ///
    /// `thin` came from `retain` or `at_hand` and is given up by this call.
    unsafe fn wake(thin: NonNull<()>);

    /// A receiver with a waiter is dropped without its value; `key` is its [key](super::Receiver::key).
    fn given_up(key: usize);

    /// Releases without waking.
    ///
    /// # Safety
    ///
    /// As for `wake`.
    unsafe fn release(thin: NonNull<()>);
}

/// The lowest bit tells a boxed waker from a thin one.
const BOXED: usize = 1;

/// An owned waker in one pointer, as the word holds it.
pub(super) struct Waiter<T: Thin>(NonNull<()>, PhantomData<T>);

impl<T: Thin> Waiter<T> {
    /// A clone of `waker`.
    #[inline(always)]
    pub(super) fn new(waker: &Waker) -> Self {
        if let Some(thin) = T::retain(waker) {
            return Self(thin, PhantomData);
        }
        Self::boxed(waker.clone())
    }

    /// A clone of the waker with which the caller is being polled, if that costs nothing.
    #[inline(always)]
    pub(super) fn at_hand() -> Option<Self> {
        T::at_hand().map(|thin| Self(thin, PhantomData))
    }

    #[cold]
    fn boxed(waker: Waker) -> Self {
        let block: NonNull<Waker> = memory::acquire(Layout::new::<Waker>()).cast();
        // SAFETY: the block is ours and fits a waker.
        unsafe { block.write(waker) };
        Self(block.cast::<()>().map_addr(|address| address | BOXED), PhantomData)
    }

    /// The word's value; the word owns the waiter now.
    pub(super) fn into_raw(self) -> *mut () {
        let raw = self.0.as_ptr();
        std::mem::forget(self);
        raw
    }

    /// The waiter back.
    ///
    /// # Safety
    ///
    /// `raw` came from `into_raw`, and the caller got it out of the word (rule 4).
    pub(super) unsafe fn from_raw(raw: *mut ()) -> Self {
        // SAFETY: `into_raw` never returns null.
        Self(unsafe { NonNull::new_unchecked(raw) }, PhantomData)
    }

    /// Whether `raw`, a waiter that is still in the word, is certainly `waker`. Boxed ones are never compared:
    /// the sender may own the box by now.
    pub(super) fn is_same(raw: *mut (), waker: &Waker) -> bool {
        match NonNull::new(raw) {
            Some(thin) if raw.addr() & BOXED == 0 => T::is_same(thin, waker),
            _ => false,
        }
    }

    /// Wakes the waiter.
    #[inline(always)]
    pub(super) fn wake(self) {
        let raw = self.0;
        std::mem::forget(self);
        if raw.addr().get() & BOXED == 0 {
            // SAFETY: came from `retain`, and is ours (rule 4).
            unsafe { T::wake(raw) };
        } else {
            // SAFETY: as above, boxed by us.
            unsafe { unbox(raw) }.wake();
        }
    }
}

impl<T: Thin> Drop for Waiter<T> {
    fn drop(&mut self) {
        if self.0.addr().get() & BOXED == 0 {
            // SAFETY: came from `retain`, and is ours (rule 4).
            unsafe { T::release(self.0) };
        } else {
            // SAFETY: as above, boxed by us.
            drop(unsafe { unbox(self.0) });
        }
    }
}

/// The waker out of its block, which is returned to the pool.
///
/// # Safety
///
/// `raw` is a boxed waiter that the caller owns.
#[cold]
unsafe fn unbox(raw: NonNull<()>) -> Waker {
    // SAFETY: blocks are aligned to 64 bytes and not null; taking the tag off is taking off one byte.
    let block: NonNull<Waker> = unsafe { raw.byte_sub(BOXED) }.cast();
    // SAFETY: the caller owns the block and its waker; the waker is moved out once.
    unsafe {
        let waker = block.read();
        memory::release(block.cast(), Layout::new::<Waker>());
        waker
    }
}
