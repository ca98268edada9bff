//! Who waits for whom: how a circle of waiting actors is found.
//!
//! Each actor that suspends over a wait for another actor says so in its *entry*, which others can read whatever has
//! become of either: entries are numbered by the actors' seats, and their memory stays for as long as the system does.
//!
//! | entry | written by | when |
//! |---|---|---|
//! | whose it is, for whom it waits, which wait of its seat that is | its runner | before the suspension |
//! | waits for nobody | its runner | when it is resumed |
//!
//! # The race
//!
//! Two actors that suspend over each other at once must not miss each other. Each writes its entry, suspends by a
//! read-modify-write of its task word, passes a full barrier, and then looks at the entry of the one that it waits for:
//! that is Dekker's exchange, so of all members of a circle the one that passes the barrier last sees the entries of all
//! others, and sees them suspended. That member follows the entries round to itself.
//!
//! # What is found is true
//!
//! Entries are read one after the other, so a round may be made of waits that never were at the same time. Before
//! anything is done about it
//!
//! 1. every member's task word is looked at: it must be suspended, and nobody may have woken it;
//! 2. then every entry is read again, and must be the same wait.
//!
//! An entry that is the same in both readings belongs to an actor that hasn't begun another wait between them, and
//! the word says that nobody had woken it: so at the moment between the last first reading and the first look at a word
//! all of them were waiting. Each waits for the next, so none will ever be woken by a member; only a kill, a
//! [select](#what-counts-as-a-wait) or the end of the system could.
//!
//! The member that found it is woken, and its await fails with the names.
//!
//! # What counts as a wait
//!
//! A future of this crate without a limit, pending in the handler's own poll: see [`super::edge`]. Of several in one poll
//! the last counts.
//!
//! Progress: publishing and looking are wait-free, and lock-free where a segment is made; following a round of `n`
//! takes `n` steps, and locks once there is one.

use std::fmt;
use std::ptr;

use super::circle::Circle;
use super::identity::{ActorId, ActorInfo};
use crate::sync::Weak;
use crate::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use crate::sync::barrier;
use crate::sync::limits::{SHARDS, WAITS_FIRST};
use crate::sync::lock::Mutex;

/// What the table asks of the system about an actor that may have ended. Implemented above.
pub(crate) trait Census: Send + Sync {
    /// Whether it is suspended, and nobody has woken it since.
    fn is_suspended(&self, actor: ActorId) -> bool;

    /// Who it is, if it lives.
    fn info(&self, actor: ActorId) -> Option<ActorInfo>;

    /// Wakes it, and tells it that it waits in a circle; unless somebody else has woken it.
    fn break_wait(&self, actor: ActorId) -> bool;
}

/// The entries of a system's actors.
pub(crate) struct Waits {
    shards: Box<[Shard]>,
    /// Circles that have been found and whose members haven't been told yet.
    found: Mutex<Vec<Found>>,
    census: Mutex<Option<Weak<dyn Census>>>,
}

/// A circle, for the member that is to be told.
#[derive(Debug)]
pub(crate) struct Found {
    member: ActorId,
    /// Whom it waits for.
    pub(super) target: ActorId,
    pub(super) circle: Circle,
}

/// The entries of one shard of the registry: segments, each twice as long as the one before, made at their first need.
struct Shard([AtomicPtr<Entry>; SEGMENTS]);

const SEGMENTS: usize = (u32::BITS - WAITS_FIRST.ilog2()) as usize;

/// What the actor of a seat waits for. On a line of its own: suspended actors of different workers don't disturb each
/// other.
#[repr(align(64))]
struct Entry {
    member: AtomicU64,
    target: AtomicU64,
    /// Which wait of this seat it is.
    round: AtomicU64,
}

/// An entry, as it was.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Wait {
    member: ActorId,
    target: ActorId,
    round: u64,
}

impl Entry {
    const EMPTY: Self = Self { member: AtomicU64::new(0), target: AtomicU64::new(0), round: AtomicU64::new(0) };

    fn read(&self, member: ActorId) -> Option<Wait> {
        // ORDERING: Acquire, thrice: each pairs with the Release of `write`, so that a mixture of two waits isn't the
        // same when it is read again.
        let round = self.round.load(Ordering::Acquire);
        let target = ActorId::from_raw(self.target.load(Ordering::Acquire));
        let is_its = ActorId::from_raw(self.member.load(Ordering::Acquire)) == member;
        (is_its && target.is_known()).then_some(Wait { member, target, round })
    }
}

/// Where a seat's entry stands: shard, segment, place.
#[inline(always)]
fn position(seat: u32) -> (usize, usize, usize) {
    let (shard, index) = (seat as usize % SHARDS, seat as usize / SHARDS + WAITS_FIRST);
    let bit = index.ilog2();
    (shard, (bit - WAITS_FIRST.ilog2()) as usize, index - (1 << bit))
}

impl Waits {
    pub(crate) fn new() -> Self {
        let shard = || Shard(std::array::from_fn(|_| AtomicPtr::new(ptr::null_mut())));
        Self { shards: (0..SHARDS).map(|_| shard()).collect(), found: Mutex::default(), census: Mutex::new(None) }
    }

    /// Says who knows the actors. Until then no circle is found.
    pub(crate) fn ask(&self, census: Weak<dyn Census>) {
        *self.census.lock() = Some(census);
    }

    #[inline(always)]
    fn entry(&self, actor: ActorId) -> Option<&Entry> {
        let (shard, segment, place) = position(actor.seat()?);
        // ORDERING: Acquire pairs with the Release of `make`.
        let segment = self.shards[shard].0[segment].load(Ordering::Acquire);
        if segment.is_null() {
            return None;
        }
        // SAFETY: a segment that is published stays until the table is dropped, and has room for each of its places.
        Some(unsafe { &*segment.add(place) })
    }

    /// Makes the segment of an actor's entry.
    #[cold]
    fn make(&self, actor: ActorId) -> Option<&Entry> {
        let (shard, segment, _) = position(actor.seat()?);
        let fresh = segment::new(WAITS_FIRST << segment);
        // ORDERING: Release publishes the entries; Relaxed on failure: `entry` looks again.
        let published = self.shards[shard].0[segment].compare_exchange(
            ptr::null_mut(),
            fresh,
            Ordering::Release,
            Ordering::Relaxed,
        );
        if published.is_err() {
            // SAFETY: made above with this length, and not published.
            unsafe { segment::free(fresh, WAITS_FIRST << segment) };
        }
        self.entry(actor)
    }

    /// The runner of `member` is about to suspend it over a wait for `target`.
    #[inline]
    pub(crate) fn publish(&self, member: ActorId, target: ActorId) {
        let Some(entry) = self.entry(member).or_else(|| self.make(member)) else { return };
        // ORDERING: Relaxed; we alone write it, and former occupants of the seat were heard of when it was given.
        let round = entry.round.load(Ordering::Relaxed).wrapping_add(1);
        // ORDERING: Release, thrice: pairs with `read`. That the one who looks next sees them is up to the barrier in
        // `look`.
        entry.round.store(round, Ordering::Release);
        entry.member.store(member.get(), Ordering::Release);
        entry.target.store(target.get(), Ordering::Release);
    }

    /// The runner of `member` has resumed it.
    #[inline]
    pub(crate) fn withdraw(&self, member: ActorId) {
        if let Some(entry) = self.entry(member) {
            // ORDERING: Release; as in `publish`. Who sees it later than that looks at the task word, too.
            entry.target.store(0, Ordering::Release);
        }
    }

    /// `member` has published its wait for `target` and has been suspended just now, by a read-modify-write of this
    /// thread: looks whether that has closed a circle. The member may have been resumed since, and ended.
    #[inline]
    pub(crate) fn look(&self, member: ActorId, target: ActorId) {
        // ORDERING: a full barrier between our entry and the other's: see *The race* above.
        barrier::after_swap();
        if let Some(next) = self.entry(target).and_then(|entry| entry.read(target)) {
            self.follow(member, target, next);
        }
    }

    /// Follows the waits from `first` on; if they lead back to `member`, wakes it.
    #[cold]
    fn follow(&self, member: ActorId, target: ActorId, first: Wait) {
        let Some(mut round) = self.walk(member, first) else { return };
        let Some(own) = self.entry(member).and_then(|entry| entry.read(member)) else { return };
        if own.target != target {
            return;
        }
        round.insert(0, own);
        let census = self.census.lock().as_ref().and_then(Weak::upgrade);
        let Some(census) = census else { return };
        let holds = round.iter().all(|wait| census.is_suspended(wait.member))
            && round
                .iter()
                .all(|wait| self.entry(wait.member).and_then(|entry| entry.read(wait.member)) == Some(*wait));
        if !holds {
            return;
        }
        let names: Option<Vec<_>> = round.iter().map(|wait| census.info(wait.member)).collect();
        let Some(names) = names else { return };
        self.found.lock().push(Found { member, target, circle: Circle::new(names) });
        if !census.break_wait(member) {
            // It has been woken by somebody else: whatever that was, it isn't stuck.
            drop(self.take_found(member));
        }
    }

    /// The waits from `first` on, if they lead to `member`.
    fn walk(&self, member: ActorId, first: Wait) -> Option<Vec<Wait>> {
        let mut round = vec![first];
        // Brent's algorithm: a circle that `member` isn't in is left when the walk comes back to its mark.
        let (mut mark, mut steps, mut stride) = (first.member, 0, 2);
        loop {
            let target = round.last()?.target;
            if target == member {
                return Some(round);
            }
            if target == mark {
                return None;
            }
            steps += 1;
            if steps == stride {
                (mark, steps, stride) = (target, 0, stride * 2);
            }
            round.push(self.entry(target)?.read(target)?);
        }
    }

    /// The circle that waits of `member` for `target` would be in at the moment, as far as anybody can tell.
    pub(crate) fn circle(&self, member: ActorId, target: ActorId) -> Option<Circle> {
        let census = self.census.lock().as_ref().and_then(Weak::upgrade)?;
        let mut names = vec![census.info(member)?];
        if target != member {
            let first = self.entry(target)?.read(target)?;
            let round = self.walk(member, first)?;
            names.extend(round.iter().map(|wait| census.info(wait.member)).collect::<Option<Vec<_>>>()?);
        }
        Some(Circle::new(names))
    }

    /// The circle that `member` was woken for.
    pub(super) fn take_found(&self, member: ActorId) -> Option<Found> {
        let mut found = self.found.lock();
        let place = found.iter().position(|found| found.member == member)?;
        Some(found.swap_remove(place))
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        for shard in &self.shards {
            for (index, segment) in shard.0.iter().enumerate() {
                // ORDERING: Relaxed; nobody else has the table any more.
                let segment = segment.load(Ordering::Relaxed);
                if !segment.is_null() {
                    // SAFETY: made with this length, and nobody looks at it any more.
                    unsafe { segment::free(segment, WAITS_FIRST << index) };
                }
            }
        }
    }
}

mod segment {
    //! Arrays of entries. Zeroed memory, so that only the pages that are used take room.
    use super::Entry;

    /// An array of empty entries.
    pub(super) fn new(length: usize) -> *mut Entry {
        #[cfg(not(corecast_loom))]
        {
            use crate::sync::heap::{Layout, alloc_zeroed, handle_alloc_error};
            let Ok(layout) = Layout::array::<Entry>(length) else { unreachable!("seats are fewer than addresses") };
            // SAFETY: the layout isn't empty.
            let memory = unsafe { alloc_zeroed(layout) };
            if memory.is_null() {
                handle_alloc_error(layout);
            }
            memory.cast()
        }
        #[cfg(corecast_loom)]
        Box::into_raw((0..length).map(|_| Entry::EMPTY).collect::<Box<[_]>>()).cast()
    }

    /// Gives an array back.
    ///
    /// # Safety
    ///
    /// It came from `new` with this length, and isn't used again.
    pub(super) unsafe fn free(segment: *mut Entry, length: usize) {
        // SAFETY: the caller's promise; zeroed memory is an array of empty entries, made with this layout.
        drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(segment, length)) });
    }
}

impl fmt::Debug for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waits")
    }
}
