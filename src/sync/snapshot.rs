//! A shared value that is replaced as a whole, seldom, and read without a lock, often.
//!
//! A reader [marks](super::marks) the value's address, so that nobody frees it. Neither of its two steps is a
//! read-modify-write: who replaces the value pays for both, with a [`Barrier`].
//!
//! | who reads | who replaces |
//! |---|---|
//! | marks the address | puts the new value in |
//! | light barrier | heavy barrier |
//! | looks whether the value is still the same; if it isn't, begins anew | looks for marks of the former value; if there is none, it is free |
//!
//! | who has read | who has found a mark |
//! |---|---|
//! | takes the mark away | leaves the former value with the snapshot |
//! | light barrier | heavy barrier |
//! | looks whether the value is still the same; if it isn't, frees what is left and not marked | looks whether the mark is still there; if it isn't, frees what is left and not marked |
//!
//! Of each pair, one sees the other. So a value that somebody reads isn't freed, and one that nobody reads any more is:
//! not at the next change, but by whoever was the last to read it. Who frees takes all that is left, and puts back what is
//! marked; the second table holds for that as well.
//!
//! Who reads may do what it likes meanwhile: read more, replace this value, panic. A value is put in once: its address says
//! whether it is still there.
//!
//! The heavy barrier need not follow at once: until it has been passed, the former value is kept as a [`Former`]. So it may be
//! passed behind a lock, and once for many values, of many snapshots ([`free`]). A reader that is done before that has nothing to
//! clear up; who passes the barrier finds no mark.
//!
//! Progress: reading is lock-free, since it begins anew only if somebody has replaced the value, and allocates nothing but a
//! thread's first page of marks. Replacing is wait-free; freeing what was replaced makes a system call, where there is one for the
//! barrier.

use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr;

use super::Arc;
use super::atomic::{AtomicPtr, Ordering};
use super::barrier::Barrier;
use super::cell::UnsafeCell;
use super::lazy;
use super::marks::{Marker, is_marked};
use super::unwind::guard;

lazy! {
    /// The barrier between readers and those who replace.
    static BARRIER: Barrier = Barrier::new()
}

/// The value.
pub(crate) struct Snapshot<T> {
    /// Owns a count of an `Arc`.
    current: AtomicPtr<T>,
    /// What was replaced and is being read.
    left: AtomicPtr<Left<T>>,
    barrier: Barrier,
    /// The memory of all values: marks are compared by address, and a model's executions mustn't depend on the allocator.
    #[cfg(corecast_loom)]
    memory: std::sync::Mutex<Vec<super::Weak<T>>>,
}

/// A value that somebody was reading when it was replaced.
struct Left<T> {
    value: Arc<T>,
    /// There has been a barrier since: whoever reads it has marked it.
    is_behind: bool,
    next: *mut Left<T>,
    /// Touched by who leaves it and by who takes it: so the model checker sees whether it was published.
    published: UnsafeCell<()>,
}

// SAFETY: as an `Arc` of it.
unsafe impl<T: Send + Sync> Send for Snapshot<T> {}
// SAFETY: as an `Arc` of it, which any thread may clone and drop.
unsafe impl<T: Send + Sync> Sync for Snapshot<T> {}

/// A value that was replaced, and that somebody may be reading. It leaks unless it is [freed](free).
#[must_use = "it leaks unless it is freed"]
pub(crate) struct Former<T> {
    value: ManuallyDrop<Arc<T>>,
    /// The address of the snapshot in which it was.
    place: usize,
}

/// The value as it was when it was read.
#[must_use = "it is read while this lives"]
pub(crate) struct Reading<'a, T> {
    snapshot: &'a Snapshot<T>,
    value: *mut T,
    marker: ManuallyDrop<Marker>,
}

impl<T> Snapshot<T> {
    pub(crate) fn new(value: Arc<T>) -> Self {
        #[cfg(corecast_loom)]
        let memory = std::sync::Mutex::new(vec![Arc::downgrade(&value)]);
        Self {
            current: AtomicPtr::new(Arc::into_raw(value).cast_mut()),
            left: AtomicPtr::new(ptr::null_mut()),
            barrier: *BARRIER,
            #[cfg(corecast_loom)]
            memory,
        }
    }

    /// Reads the value. Lock-free.
    #[inline(always)]
    pub(crate) fn read(&self) -> Reading<'_, T> {
        loop {
            let marker = ManuallyDrop::new(Marker::new());
            // ORDERING: Relaxed; `is_kept` has the last word.
            let value = self.current.load(Ordering::Relaxed);
            let reading = Reading { snapshot: self, value, marker };
            if reading.is_kept() {
                return reading;
            }
        }
    }

    /// Replaces the value, and frees the former one, as [`free`] does.
    ///
    /// # Contract
    ///
    /// As for [`replace`](Self::replace).
    #[must_use = "the drop of what was replaced may be user code"]
    pub(crate) fn swap(&self, value: Arc<T>) -> Vec<Arc<T>> {
        free([(self, self.replace(value))])
    }

    /// Replaces the value. Wait-free.
    ///
    /// # Contract
    ///
    /// `value` hasn't been in this snapshot before.
    pub(crate) fn replace(&self, value: Arc<T>) -> Former<T> {
        #[cfg(corecast_loom)]
        self.memory.lock().unwrap().push(Arc::downgrade(&value));
        // ORDERING: Release publishes the value. Acquire pairs with the Release of the swap before: we may drop what it put in.
        let former = self.current.swap(Arc::into_raw(value).cast_mut(), Ordering::AcqRel);
        // SAFETY: the count was the snapshot's, and has been taken out of it, once.
        let value = ManuallyDrop::new(unsafe { Arc::from_raw(former) });
        Former { value, place: ptr::from_ref(self).addr() }
    }

    /// Leaves a value to those who read it.
    fn leave(&self, value: Arc<T>, is_behind: bool) {
        let left = Left { value, is_behind, next: ptr::null_mut(), published: UnsafeCell::new(()) };
        left.published.with_mut(|_| ());
        let left = Box::into_raw(Box::new(left));
        // ORDERING: Relaxed; the compare-exchange confirms it.
        let mut newest = self.left.load(Ordering::Relaxed);
        loop {
            // SAFETY: ours until it is in the list.
            unsafe { (*left).next = newest };
            // ORDERING: Release pairs with the Acquire in `clear_up`: the entry, and what is known of the value. Relaxed on
            // failure: as for the load.
            match self.left.compare_exchange(newest, left, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => newest = now,
            }
        }
    }

    /// Frees what is left and read by nobody. Lock-free, but for the system call.
    #[cold]
    fn clear_up(&self) -> Vec<Arc<T>> {
        let mut free = Vec::new();
        loop {
            // ORDERING: Acquire pairs with the Release in `leave`. The entries are ours from here on.
            let mut left = self.left.swap(ptr::null_mut(), Ordering::Acquire);
            if left.is_null() {
                return free;
            }
            let mut kept: Vec<*const ()> = Vec::new();
            while !left.is_null() {
                // SAFETY: an entry of the list that we have taken, made by `leave`.
                let Left { value, is_behind, next, published } = *unsafe { Box::from_raw(left) };
                published.with_mut(|_| ());
                left = next;
                let is_behind = is_behind || self.barrier.heavy();
                if is_behind && !is_marked(Arc::as_ptr(&value).cast()) {
                    free.push(value);
                } else {
                    kept.push(Arc::as_ptr(&value).cast());
                    self.leave(value, is_behind);
                }
            }
            // RECHECK: a reader may have gone while the entry was ours.
            if self.barrier.heavy() && !kept.into_iter().all(is_marked) {
                continue;
            }
            return free;
        }
    }
}

/// Frees values that were replaced, each in the snapshot beside it: one barrier for all of them. What nobody reads comes back,
/// to be dropped when the caller has no locks, and so does what was left before, as far as it can be had. The rest is dropped by
/// who reads it.
///
/// # Panics
///
/// If a value was in another snapshot, whose readers don't know of this one. It leaks, with those behind it.
#[must_use = "the drop of what was replaced may be user code"]
pub(crate) fn free<'a, T: 'a>(formers: impl IntoIterator<Item = (&'a Snapshot<T>, Former<T>)>) -> Vec<Arc<T>> {
    // First, so that all are replaced before the barrier, whatever the iterator does.
    let formers: Vec<_> = formers.into_iter().collect();
    let is_behind = BARRIER.heavy();
    let mut freed = Vec::with_capacity(formers.len());
    for (snapshot, Former { value, place }) in formers {
        assert_eq!(place, ptr::from_ref(snapshot).addr(), "a value is freed where it was");
        let value = ManuallyDrop::into_inner(value);
        if is_behind && !is_marked(Arc::as_ptr(&value).cast()) {
            freed.push(value);
        } else {
            snapshot.leave(value, is_behind);
            freed.extend(snapshot.clear_up());
        }
    }
    freed
}

impl<T> Reading<'_, T> {
    /// The value, shared: it may be kept for longer than this.
    pub(crate) fn share(&self) -> Arc<T> {
        // SAFETY: it came out of an `Arc`; its count there is the snapshot's, or kept by who has replaced it, while it is marked.
        unsafe {
            Arc::increment_strong_count(self.value);
            Arc::from_raw(self.value)
        }
    }

    /// Marks the value. Returns whether that came in time.
    #[inline(always)]
    fn is_kept(&self) -> bool {
        self.marker.set(self.value.cast());
        self.snapshot.barrier.light();
        self.is_current()
    }

    #[inline(always)]
    fn is_current(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `swap`: the value's contents.
        ptr::eq(self.snapshot.current.load(Ordering::Acquire), self.value)
    }

    /// The value has been replaced: this may have been the last one to read it.
    #[cold]
    fn clear_up(&self) {
        for value in self.snapshot.clear_up() {
            // UNWIND: what it holds may be a user's. It is gone either way, and nothing else hangs on it.
            let _ = guard(|| drop(value));
        }
    }
}

impl<T> Deref for Reading<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: it was the current one after it was marked, and is marked while we live; so whoever replaces it leaves it.
        unsafe { &*self.value }
    }
}

impl<T> Drop for Reading<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: once.
        unsafe { ManuallyDrop::drop(&mut self.marker) };
        self.snapshot.barrier.light();
        if !self.is_current() {
            self.clear_up();
        }
    }
}

impl<T> Drop for Snapshot<T> {
    fn drop(&mut self) {
        // ORDERING: Acquire pairs with the Release in `replace`: the value's contents, which its drop looks at. Whoever has made
        // the drop come last orders the same, but for the `Arc`s of a model.
        // SAFETY: the count is the snapshot's.
        drop(unsafe { Arc::from_raw(self.current.load(Ordering::Acquire)) });
        // UNWIND: if a drop panics, what is left behind it leaks. ORDERING: Relaxed; nobody else has the snapshot any more.
        let mut left = self.left.load(Ordering::Relaxed);
        while !left.is_null() {
            // SAFETY: an entry made by `leave`.
            let Left { value, next, .. } = *unsafe { Box::from_raw(left) };
            left = next;
            drop(value);
        }
    }
}

impl<T> fmt::Debug for Snapshot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Snapshot")
    }
}

impl<T> fmt::Debug for Former<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Former")
    }
}

impl<T> fmt::Debug for Reading<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reading")
    }
}

#[cfg(all(test, not(corecast_loom)))]
mod tests {
    use super::{Arc, Snapshot, free};
    use crate::sync::testing::spawn;

    #[test]
    fn what_nobody_reads_comes_back() {
        let first = Arc::new(1);
        let snapshot = Snapshot::new(Arc::clone(&first));
        assert_eq!(*snapshot.read(), 1);
        let former = snapshot.swap(Arc::new(2));
        assert!(former.len() == 1 && Arc::ptr_eq(&former[0], &first));
        drop(former);
        assert_eq!((*snapshot.read(), Arc::strong_count(&first)), (2, 1));
    }

    #[test]
    fn many_are_freed_at_once_but_for_what_is_read() {
        let values: Vec<_> = (0..3).map(Arc::new).collect();
        let snapshots: Vec<_> = values.iter().map(|value| Snapshot::new(Arc::clone(value))).collect();
        let (reading, again) = (snapshots[1].read(), snapshots[1].read());
        let formers: Vec<_> = snapshots.iter().map(|snapshot| snapshot.replace(Arc::new(9))).collect();
        assert!(values.iter().all(|value| Arc::strong_count(value) == 2), "they wait");
        drop(again);
        let freed = free(snapshots.iter().zip(formers));
        assert_eq!(freed.iter().map(|value| **value).collect::<Vec<_>>(), [0, 2]);
        assert_eq!((*reading, Arc::strong_count(&values[1])), (1, 2));
        drop(reading);
        assert_eq!(Arc::strong_count(&values[1]), 1);
    }

    #[test]
    #[should_panic(expected = "a value is freed where it was")]
    fn a_value_is_freed_where_it_was() {
        let snapshots = [Snapshot::new(Arc::new(1)), Snapshot::new(Arc::new(2))];
        let former = snapshots[0].replace(Arc::new(3));
        drop(free([(&snapshots[1], former)]));
    }

    #[test]
    fn what_is_read_may_be_shared_and_kept() {
        let snapshot = Snapshot::new(Arc::new(1));
        let shared = snapshot.read().share();
        assert_eq!(snapshot.swap(Arc::new(2)).len(), 1);
        assert_eq!((*shared, Arc::strong_count(&shared)), (1, 1));
    }

    #[test]
    fn what_is_read_is_dropped_by_its_last_reader() {
        let values: Vec<_> = (0..4).map(Arc::new).collect();
        let snapshot = Snapshot::new(Arc::clone(&values[0]));
        let (early, again) = (snapshot.read(), snapshot.read());
        assert!(snapshot.swap(Arc::clone(&values[1])).is_empty());
        let later = snapshot.read();
        assert!(snapshot.swap(Arc::clone(&values[2])).is_empty());
        drop(early);
        assert_eq!((*again, Arc::strong_count(&values[0])), (0, 2));
        drop(again);
        assert_eq!((Arc::strong_count(&values[0]), Arc::strong_count(&values[1])), (1, 2));
        assert_eq!(*later, 1);
        drop(later);
        assert_eq!((Arc::strong_count(&values[1]), Arc::strong_count(&values[2])), (1, 2));
        assert_eq!(snapshot.swap(Arc::clone(&values[3])).len(), 1);
        drop(snapshot);
        assert!(values.iter().all(|value| Arc::strong_count(value) == 1));
    }

    #[test]
    fn who_reads_may_replace_and_panic() {
        let first = Arc::new(1);
        let snapshot = Snapshot::new(Arc::clone(&first));
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let reading = snapshot.read();
            assert!(snapshot.swap(Arc::new(2)).is_empty());
            assert_eq!(*reading, 1);
            panic!("while it reads");
        }));
        assert!(panicked.is_err());
        assert_eq!((*snapshot.read(), Arc::strong_count(&first)), (2, 1));
    }

    #[test]
    fn readers_and_replacers_on_many_threads() {
        // Each value holds the same number twice.
        let snapshot = Arc::new(Snapshot::new(Arc::new((0, Box::new(0)))));
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let snapshot = Arc::clone(&snapshot);
                spawn(move || {
                    for _ in 0..20_000 {
                        let (outer, inner) = (snapshot.read(), snapshot.read());
                        assert!(outer.0 == *outer.1 && inner.0 == *inner.1 && outer.0 <= inner.0);
                    }
                })
            })
            .collect();
        for number in 1..5_000 {
            drop(snapshot.swap(Arc::new((number, Box::new(number)))));
        }
        for reader in readers {
            reader.join().unwrap();
        }
        assert_eq!(snapshot.read().0, 4_999);
    }
}
