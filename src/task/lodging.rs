//! How a host is kept: for as long as anybody lodges there.
//!
//! Each cell keeps its host, since references to an actor may outlive everything else of a system. To count each of them
//! would have all who spawn write to one word; so a worker keeps a few lodgings in stock, for cells that it makes, and takes
//! back those of cells that it frees. Only who runs out, or has too many, comes to the count.
//!
//! | step | a worker that has some in stock | everybody else |
//! |---|---|---|
//! | a cell is made | takes one | counts one; a worker counts a batch |
//! | a cell is freed | puts it back, if there is room | counts one less |
//! | a worker leaves | counts its stock off | – |
//!
//! A host keeps itself from its opening on, and lets go of itself when nobody lodges there any more; then nobody can any
//! more.

use std::cell::Cell;
use std::fmt;
use std::ops::Deref;
use std::ptr::NonNull;

use super::letter::Host;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::cell::UnsafeCell;
use crate::sync::lock::Mutex;
use crate::sync::padded::Padded;
use crate::sync::{Arc, Weak, local};

/// The way to a host, and the count of those who lodge with it. Part of the host.
pub(crate) struct House {
    /// The host, from its opening on. Everybody reads it.
    face: UnsafeCell<Option<NonNull<dyn Host>>>,
    books: Padded<Books>,
}

/// What is written at times, apart from what everybody reads.
struct Books {
    lodgings: AtomicUsize,
    /// The host itself, from its opening on.
    host: Mutex<Option<Arc<dyn Host>>>,
}

// SAFETY: the face points to the host that the house is a part of, which is `Send` and `Sync`; it is written before
// anybody lodges there, and read by those who do.
unsafe impl Send for House {}
// SAFETY: as above.
unsafe impl Sync for House {}

/// The host stays for as long as this does. The address of its house: half as much to keep as the host's own.
pub(crate) struct Lodging(NonNull<House>);

// SAFETY: it is a shared reference to a host, which is `Sync`, and which may be dropped on any thread.
unsafe impl Send for Lodging {}
// SAFETY: as above.
unsafe impl Sync for Lodging {}

/// Lodgings that a worker counts at once.
const BATCH: u32 = 64;

/// Lodgings in stock at most: they take no room.
const MOST: u32 = 1 << 30;

/// What a thread has in stock.
struct Stock {
    is_open: Cell<bool>,
    /// Where they are.
    house: Cell<Option<NonNull<House>>>,
    count: Cell<u32>,
}

local! {
    /// This thread's stock.
    static STOCK: Stock = Stock { is_open: Cell::new(false), house: Cell::new(None), count: Cell::new(0) }
}

impl House {
    /// Nobody can lodge there before it is opened.
    pub(crate) fn new() -> Self {
        let books = Books { lodgings: AtomicUsize::new(0), host: Mutex::new(None) };
        Self { face: UnsafeCell::new(None), books: Padded(books) }
    }

    /// Opens the house of `host`. Called once for each host.
    pub(crate) fn open(host: Arc<dyn Host>) -> Lodging {
        let house = host.house();
        // SAFETY: nobody lodges there yet, so nobody else looks.
        house.face.with_mut(|face| unsafe { *face = Some(NonNull::from(&*host)) });
        let lodging = Lodging(NonNull::from(house));
        *house.books.host.lock() = Some(Arc::clone(&host));
        // ORDERING: Relaxed; nobody else knows of the house.
        house.books.lodgings.fetch_add(1, Ordering::Relaxed);
        lodging
    }

    /// Counts so many more, if anybody lodges there.
    fn count(&self, more: u32) -> bool {
        let lodgings = &self.books.lodgings;
        // ORDERING: Relaxed, each; somebody lodges there already, and the caller has a reference to the host.
        let mut now = lodgings.load(Ordering::Relaxed);
        while now != 0 {
            match lodgings.compare_exchange(now, now + more as usize, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(changed) => now = changed,
            }
        }
        false
    }

    /// The host.
    ///
    /// # Safety
    ///
    /// It has been opened, which the caller knows from whoever did so, and it is alive.
    #[inline(always)]
    unsafe fn host(&self) -> &dyn Host {
        // SAFETY: written by `open`, and not any more after that; we are a part of it.
        self.face.with(|face| unsafe { (*face).unwrap_unchecked().as_ref() })
    }
}

impl Lodging {
    /// Keeps a host, by its house, which is open; none if nobody lodges there any more.
    #[inline(always)]
    pub(crate) fn with(house: &House) -> Option<Self> {
        let house = NonNull::from(house);
        if STOCK.with(|stock| stock.take(house)) { Some(Self(house)) } else { Self::counted(house) }
    }

    #[cold]
    fn counted(house: NonNull<House>) -> Option<Self> {
        // SAFETY: the caller's reference, to a house that is open.
        let is_own = STOCK.with(|stock| unsafe { stock.is_own(house) });
        let batch = if is_own { BATCH } else { 1 };
        // SAFETY: as above.
        if !unsafe { house.as_ref() }.count(batch) {
            return None;
        }
        if is_own {
            STOCK.with(|stock| stock.count.set(batch - 1));
        }
        Some(Self(house))
    }

    /// Keeps the host's address from becoming another host's, and nothing else of it.
    pub(super) fn downgrade(&self) -> Option<Weak<dyn Host>> {
        // SAFETY: as in `deref`.
        unsafe { self.0.as_ref() }.books.host.lock().as_ref().map(Arc::downgrade)
    }

    /// Where the host's house is, for comparisons.
    #[inline(always)]
    pub(super) fn address(&self) -> usize {
        self.0.addr().get()
    }
}

impl Deref for Lodging {
    type Target = dyn Host;

    #[inline(always)]
    fn deref(&self) -> &Self::Target {
        // SAFETY: this lodging is counted, in the house or in the stock that it came from, so the host keeps itself, and
        // the house with it, which was open before there were lodgings.
        unsafe { self.0.as_ref().host() }
    }
}

impl Drop for Lodging {
    #[inline(always)]
    fn drop(&mut self) {
        if !STOCK.with(|stock| stock.put(self.0)) {
            // SAFETY: this one's count, which isn't used again.
            unsafe { put_or_give_up(self.0) };
        }
    }
}

impl Stock {
    /// Takes a lodging in `house`, if there is one.
    #[inline(always)]
    fn take(&self, house: NonNull<House>) -> bool {
        let count = self.count.get();
        if count == 0 || !self.is_of(house) {
            return false;
        }
        self.count.set(count - 1);
        true
    }

    /// Takes back a lodging in `house`, if there is room for it.
    #[inline(always)]
    fn put(&self, house: NonNull<House>) -> bool {
        let count = self.count.get();
        if count == MOST || !self.is_of(house) {
            return false;
        }
        self.count.set(count + 1);
        true
    }

    /// Whether this is the stock of one of the host's own threads. Then it is for that host.
    ///
    /// # Safety
    ///
    /// The house is open, and the host alive.
    unsafe fn is_own(&self, house: NonNull<House>) -> bool {
        // Another system's would be kept from its end.
        // SAFETY: the caller's promise.
        if self.is_open.get() && self.house.get().is_none() && unsafe { house.as_ref().host() }.is_inside() {
            self.house.set(Some(house));
        }
        self.is_of(house)
    }

    #[inline(always)]
    fn is_of(&self, house: NonNull<House>) -> bool {
        self.house.get() == Some(house)
    }
}

/// Lets the calling thread, a worker, keep a stock for the length of `work`.
pub(crate) fn keep_stock(work: impl FnOnce()) {
    STOCK.with(|stock| stock.is_open.set(true));
    work();
    let (house, count) = STOCK.with(|stock| {
        stock.is_open.set(false);
        (stock.house.take(), stock.count.take())
    });
    if let Some(house) = house.filter(|_| count > 0) {
        // SAFETY: so many were in stock, and aren't any more.
        unsafe { give_up(house, count) };
    }
}

/// For a lodging that found no room in the stock, or a stock that is nobody's yet.
///
/// # Safety
///
/// The caller has it, and doesn't use it again.
#[cold]
unsafe fn put_or_give_up(house: NonNull<House>) {
    // SAFETY: the caller's promise.
    unsafe {
        if !STOCK.with(|stock| stock.is_own(house) && stock.put(house)) {
            give_up(house, 1);
        }
    }
}

/// Counts lodgings off.
///
/// # Safety
///
/// The caller has so many, and doesn't use them again.
#[cold]
unsafe fn give_up(house: NonNull<House>, count: u32) {
    // SAFETY: kept by what the caller gives up, up to the subtraction; after that by itself, if there is nothing left to keep
    // it: then nobody but us opens its books.
    let books = unsafe { &house.as_ref().books };
    // ORDERING: Release: our uses come before the host's end. Acquire: whoever ends it sees everybody's.
    if books.lodgings.fetch_sub(count as usize, Ordering::AcqRel) == count as usize {
        let host = books.host.lock().take();
        // The last step: the house may go with it.
        drop(host);
    }
}

impl fmt::Debug for House {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("House")
    }
}

impl fmt::Debug for Lodging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lodging")
    }
}
