//! Marks: what each thread is reading at the moment, for those who would free it.
//!
//! A thread has a page of [`MARKS`] marks, each an address or null. Its owner alone writes to it; whoever has replaced
//! something looks through the pages of all threads. A thread that ends leaves its page to the next one; pages are never
//! freed. A read that finds no free mark has a page of its own while it lasts, and so has one of a thread whose
//! thread-locals are gone.
//!
//! This is the table alone. In which order one marks and looks, and what may be freed, is the matter of
//! [`snapshot`](super::snapshot).
//!
//! Source: the hazard pointers of Maged M. Michael (2004).

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr;

use super::atomic::{AtomicBool, AtomicPtr, Ordering};
use super::limits::MARKS;
use super::{constant, local};

constant! {
    /// All pages of the process.
    static PAGES: Pages = Pages(AtomicPtr::new(ptr::null_mut()))
}

local! {
    /// This thread's page.
    static MINE: Cell<Option<&'static Page>> = Cell::new(None)
}

local! {
    /// The same, to be left at the thread's end.
    static KEPT: Kept = Kept(Cell::new(None))
}

/// An address that is being read, or null.
#[derive(Debug)]
struct Mark(AtomicPtr<()>);

/// The marks of one thread.
#[derive(Debug)]
#[repr(align(128))]
struct Page {
    marks: [Mark; MARKS],
    taken: AtomicBool,
    /// The page that was made before it.
    next: Option<&'static Page>,
}

/// The pages: a list that only grows.
struct Pages(AtomicPtr<Page>);

/// A mark that is this thread's to write to. It is empty again when this is dropped.
#[derive(Debug)]
pub(super) struct Marker {
    mark: &'static Mark,
    /// Taken for this read alone.
    page: Option<&'static Page>,
    /// It stays on its thread.
    local: PhantomData<*const ()>,
}

/// Leaves the thread's page to others.
struct Kept(Cell<Option<&'static Page>>);

impl Marker {
    /// A free mark. Lock-free; the first one of a thread may call the allocator.
    #[inline(always)]
    pub(super) fn new() -> Self {
        if let Some(page) = MINE.with(Cell::get)
            && page.marks[0].is_free()
        {
            return Self::on(&page.marks[0]);
        }
        Self::elsewhere()
    }

    #[inline(always)]
    fn on(mark: &'static Mark) -> Self {
        Self { mark, page: None, local: PhantomData }
    }

    /// A free mark for one who reads while reading, or for the first time.
    #[cold]
    fn elsewhere() -> Self {
        let mine = MINE.with(Cell::get).or_else(Kept::fill);
        if let Some(mark) = mine.and_then(|page| page.marks.iter().find(|mark| mark.is_free())) {
            return Self::on(mark);
        }
        let page = PAGES.take();
        Self { page: Some(page), ..Self::on(&page.marks[0]) }
    }

    /// Marks `address` instead of what was marked.
    #[inline(always)]
    pub(super) fn set(&self, address: *const ()) {
        self.mark.set(address);
    }
}

impl Drop for Marker {
    #[inline(always)]
    fn drop(&mut self) {
        self.mark.set(ptr::null());
        if let Some(page) = self.page {
            page.leave();
        }
    }
}

impl Mark {
    #[inline(always)]
    fn set(&self, address: *const ()) {
        // ORDERING: Release pairs with the Acquire in `is_marked`: whoever finds another address there, or none, comes after
        // all that was read while this one was marked.
        self.0.store(address.cast_mut(), Ordering::Release);
    }

    #[inline(always)]
    fn is_free(&self) -> bool {
        // ORDERING: Relaxed; its owner asks, who alone writes to it.
        self.0.load(Ordering::Relaxed).is_null()
    }
}

impl Page {
    /// Takes a page that somebody has left.
    fn take(&self) -> bool {
        // ORDERING: Relaxed; the swap has the last word. Acquire pairs with the Release of `leave`: the marks are empty.
        !self.taken.load(Ordering::Relaxed) && !self.taken.swap(true, Ordering::Acquire)
    }

    /// Leaves it to others. For its owner, who has emptied the marks.
    #[cold]
    fn leave(&self) {
        // ORDERING: Release; see `take`.
        self.taken.store(false, Ordering::Release);
    }
}

impl Pages {
    /// The page that was made last.
    fn first(&self) -> Option<&'static Page> {
        // ORDERING: Acquire pairs with the Release in `take`.
        let first = self.0.load(Ordering::Acquire);
        // SAFETY: what is in the list is never freed.
        unsafe { first.as_ref() }
    }

    fn iter(&self) -> impl Iterator<Item = &'static Page> {
        std::iter::successors(self.first(), |page| page.next)
    }

    /// A page for the caller. Lock-free, but for the allocator.
    fn take(&self) -> &'static Page {
        if let Some(page) = self.iter().find(|page| page.take()) {
            return page;
        }
        let marks = std::array::from_fn(|_| Mark(AtomicPtr::new(ptr::null_mut())));
        let page: &'static mut Page = Box::leak(Box::new(Page { marks, taken: AtomicBool::new(true), next: None }));
        loop {
            page.next = self.first();
            let (former, new) = (page.next.map_or(ptr::null(), ptr::from_ref), ptr::from_mut(page));
            // ORDERING: Release publishes the page; those behind it were acquired. Relaxed on failure: `first` looks again.
            if self.0.compare_exchange(former.cast_mut(), new, Ordering::Release, Ordering::Relaxed).is_ok() {
                // SAFETY: never freed; from here on it is shared.
                return unsafe { &*new };
            }
        }
    }
}

impl Kept {
    /// Gives this thread a page; none if its thread-locals are gone.
    fn fill() -> Option<&'static Page> {
        let page = KEPT.try_with(|kept| {
            let page = PAGES.take();
            kept.0.set(Some(page));
            page
        });
        let page = page.ok();
        MINE.with(|mine| mine.set(page));
        page
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // An execution of a model that has failed drops its thread-locals when it is over.
        #[cfg(corecast_loom)]
        if super::thread::panicking() {
            return;
        }
        if let Some(page) = self.0.take() {
            let _ = MINE.try_with(|mine| mine.set(None));
            // Its marks are empty: what this thread reads, it reads within a function.
            page.leave();
        }
    }
}

/// Whether somebody has marked `address`. Called behind a barrier.
pub(super) fn is_marked(address: *const ()) -> bool {
    // ORDERING: Acquire pairs with the Release in `set`.
    PAGES.iter().any(|page| page.marks.iter().any(|mark| mark.0.load(Ordering::Acquire).cast_const() == address))
}

#[cfg(all(test, not(corecast_loom)))]
mod tests {
    use super::{MARKS, Marker, is_marked};
    use crate::sync::testing::spawn;

    #[test]
    fn a_thread_marks_as_much_as_it_likes_and_in_any_order() {
        let values = [0u8; 3 * MARKS];
        let address = |value: &u8| std::ptr::from_ref(value).cast::<()>();
        let mark = |value: &u8| {
            let marker = Marker::new();
            marker.set(address(value));
            marker
        };
        let mut marked: Vec<_> = values.iter().map(mark).collect();
        assert!(values.iter().all(|value| is_marked(address(value))));
        drop(marked.remove(0));
        assert!(!is_marked(address(&values[0])) && is_marked(address(&values[1])));
        marked.push(mark(&values[0]));
        assert!(values.iter().all(|value| is_marked(address(value))));
        drop(marked);
        assert!(!values.iter().any(|value| is_marked(address(value))));
    }

    #[test]
    fn a_thread_may_read_while_its_thread_locals_are_dropped() {
        use std::cell::Cell;

        /// Reads on its way out.
        struct Late(Cell<Option<Box<u8>>>);
        impl Drop for Late {
            fn drop(&mut self) {
                let Some(value) = self.0.take() else { return };
                let address = std::ptr::from_ref(&*value).cast::<()>();
                let marker = Marker::new();
                marker.set(address);
                assert!(is_marked(address));
                drop(marker);
                assert!(!is_marked(address));
            }
        }
        std::thread_local! {
            static EARLIER: Late = const { Late(Cell::new(None)) };
            static LATER: Late = const { Late(Cell::new(None)) };
        }
        let thread = spawn(|| {
            // One is registered before the thread's page is, the other one after.
            EARLIER.with(|late| late.0.set(Some(Box::new(1))));
            drop(Marker::new());
            LATER.with(|late| late.0.set(Some(Box::new(2))));
        });
        assert!(thread.join().is_ok());
    }
}
