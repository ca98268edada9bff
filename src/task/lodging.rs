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
use std::ptr::{self, NonNull};

use super::letter::Host;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::lock::Mutex;
use crate::sync::{Arc, Weak, local};

/// The count of those who lodge with a host. Part of the host.
pub(crate) struct House {
    lodgings: AtomicUsize,
    /// The host itself, from its opening on.
    host: Mutex<Option<Arc<dyn Host>>>,
}

/// The host stays for as long as this does.
pub(crate) struct Lodging(NonNull<dyn Host>);

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
    host: Cell<Option<NonNull<dyn Host>>>,
    count: Cell<u32>,
}

local! {
    /// This thread's stock.
    static STOCK: Stock = Stock { is_open: Cell::new(false), host: Cell::new(None), count: Cell::new(0) }
}

impl House {
    /// Nobody can lodge there before it is opened.
    pub(crate) fn new() -> Self {
        Self { lodgings: AtomicUsize::new(0), host: Mutex::new(None) }
    }

    /// Opens the house of `host`. Called once for each host.
    pub(crate) fn open(host: Arc<dyn Host>) -> Lodging {
        let lodging = Lodging(NonNull::from(&*host));
        let house = lodging.house();
        *house.host.lock() = Some(Arc::clone(&host));
        // ORDERING: Relaxed; nobody else knows of the house.
        house.lodgings.fetch_add(1, Ordering::Relaxed);
        lodging
    }

    /// Counts so many more, if anybody lodges there.
    fn count(&self, more: u32) -> bool {
        // ORDERING: Relaxed, each; somebody lodges there already, and the caller has a reference to the host.
        let mut now = self.lodgings.load(Ordering::Relaxed);
        while now != 0 {
            match self.lodgings.compare_exchange(now, now + more as usize, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(changed) => now = changed,
            }
        }
        false
    }
}

impl Lodging {
    /// Keeps `host`; none if nobody lodges there any more.
    #[inline(always)]
    pub(crate) fn with(host: &(dyn Host + 'static)) -> Option<Self> {
        let host = NonNull::from(host);
        if STOCK.with(|stock| stock.take(host)) { Some(Self(host)) } else { Self::counted(host) }
    }

    #[cold]
    fn counted(host: NonNull<dyn Host>) -> Option<Self> {
        // SAFETY: the caller's reference.
        let is_own = STOCK.with(|stock| unsafe { stock.is_own(host) });
        let batch = if is_own { BATCH } else { 1 };
        // SAFETY: as above.
        if !unsafe { host.as_ref() }.house().count(batch) {
            return None;
        }
        if is_own {
            STOCK.with(|stock| stock.count.set(batch - 1));
        }
        Some(Self(host))
    }

    /// Keeps the host's address from becoming another host's, and nothing else of it.
    pub(super) fn downgrade(&self) -> Option<Weak<dyn Host>> {
        self.house().host.lock().as_ref().map(Arc::downgrade)
    }

    /// Where the host is, for comparisons.
    #[inline(always)]
    pub(super) fn address(&self) -> usize {
        self.0.cast::<()>().addr().get()
    }
}

impl Deref for Lodging {
    type Target = dyn Host;

    #[inline(always)]
    fn deref(&self) -> &Self::Target {
        // SAFETY: this lodging is counted, in the house or in the stock that it came from, so the host keeps itself.
        unsafe { self.0.as_ref() }
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
    /// Takes a lodging with `host`, if there is one.
    #[inline(always)]
    fn take(&self, host: NonNull<dyn Host>) -> bool {
        let count = self.count.get();
        if count == 0 || !self.is_of(host) {
            return false;
        }
        self.count.set(count - 1);
        true
    }

    /// Takes back a lodging with `host`, if there is room for it.
    #[inline(always)]
    fn put(&self, host: NonNull<dyn Host>) -> bool {
        let count = self.count.get();
        if count == MOST || !self.is_of(host) {
            return false;
        }
        self.count.set(count + 1);
        true
    }

    /// Whether this is the stock of one of the host's own threads. Then it is for that host.
    ///
    /// # Safety
    ///
    /// The host is alive.
    unsafe fn is_own(&self, host: NonNull<dyn Host>) -> bool {
        // Another system's would be kept from its end.
        // SAFETY: the caller's promise.
        if self.is_open.get() && self.host.get().is_none() && unsafe { host.as_ref() }.is_inside() {
            self.host.set(Some(host));
        }
        self.is_of(host)
    }

    #[inline(always)]
    fn is_of(&self, host: NonNull<dyn Host>) -> bool {
        self.host.get().is_some_and(|own| ptr::addr_eq(own.as_ptr(), host.as_ptr()))
    }
}

/// Lets the calling thread, a worker, keep a stock for the length of `work`.
pub(crate) fn keep_stock(work: impl FnOnce()) {
    STOCK.with(|stock| stock.is_open.set(true));
    work();
    let (host, count) = STOCK.with(|stock| {
        stock.is_open.set(false);
        (stock.host.take(), stock.count.take())
    });
    if let Some(host) = host.filter(|_| count > 0) {
        // SAFETY: so many were in stock, and aren't any more.
        unsafe { give_up(host, count) };
    }
}

/// For a lodging that found no room in the stock, or a stock that is nobody's yet.
///
/// # Safety
///
/// The caller has it, and doesn't use it again.
#[cold]
unsafe fn put_or_give_up(host: NonNull<dyn Host>) {
    // SAFETY: the caller's promise.
    unsafe {
        if !STOCK.with(|stock| stock.is_own(host) && stock.put(host)) {
            give_up(host, 1);
        }
    }
}

/// Counts lodgings off.
///
/// # Safety
///
/// The caller has so many, and doesn't use them again.
#[cold]
unsafe fn give_up(host: NonNull<dyn Host>, count: u32) {
    // SAFETY: kept by what the caller gives up, up to the subtraction; after that by itself, if there is nothing left to keep
    // it: then nobody but us opens it.
    let house = unsafe { host.as_ref() }.house();
    // ORDERING: Release: our uses come before the host's end. Acquire: whoever ends it sees everybody's.
    if house.lodgings.fetch_sub(count as usize, Ordering::AcqRel) == count as usize {
        let host = house.host.lock().take();
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
