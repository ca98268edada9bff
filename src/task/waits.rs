//! Who waits for whom: how a circle of waiting actors is found.
//!
//! Each actor that suspends over a wait for another actor says so in its *entry*, which others can read whatever has
//! become of either: entries are numbered by the actors' seats, and their memory stays for as long as the system does.
//!
//! | entry | written by | when |
//! |---|---|---|
//! | whose it is, for whom it waits, and which wait of its seat that is | its runner | before the suspension |
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
//! A future of this crate without a limit, pending in the handler's own poll: see [`super::edge`]. There may be several,
//! and any of them may be the one that closes a circle.
//!
//! Progress: publishing and looking are wait-free, and lock-free where a segment is made. Following waits takes a step
//! for each, and locks once there is a circle.
//!
//! Source: the wait-for graph of deadlock detection, with a closer that looks at once; for the two readings, Chandy and
//! Lamport's consistent snapshots.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;
use std::ptr;

use super::circle::Circle;
use super::identity::{ActorId, ActorInfo};
use crate::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use crate::sync::barrier;
use crate::sync::limits::{MOST_WAITS, SHARDS, WAITS_FIRST};
use crate::sync::lock::Mutex;
use crate::sync::{Arc, Weak};

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
    shards: Box<[Shard; SHARDS]>,
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
    /// Which wait of this seat it is.
    round: AtomicU64,
    /// Those that it waits for, up to the first that is nobody.
    targets: [AtomicU64; MOST_WAITS],
}

/// An entry, as it was.
#[derive(Clone, Copy)]
struct Wait {
    member: ActorId,
    round: u64,
    targets: [ActorId; MOST_WAITS],
}

impl Entry {
    #[cfg(corecast_loom)]
    fn empty() -> Self {
        let zero = || AtomicU64::new(0);
        Self { member: zero(), round: zero(), targets: std::array::from_fn(|_| zero()) }
    }

    /// The wait of `member`, if there is one.
    fn read(&self, member: ActorId) -> Option<Wait> {
        // ORDERING: Acquire, each: pairs with the Releases of `publish`. A mixture of two waits isn't the same when it is
        // read again.
        let read = |word: &AtomicU64| ActorId::from_raw(word.load(Ordering::Acquire));
        if !read(&self.targets[0]).is_known() {
            return None;
        }
        // ORDERING: as above.
        let round = self.round.load(Ordering::Acquire);
        let targets = std::array::from_fn(|index| read(&self.targets[index]));
        (read(&self.member) == member).then_some(Wait { member, round, targets })
    }
}

impl Wait {
    /// For whom it waits.
    fn targets(&self) -> impl Iterator<Item = ActorId> {
        self.targets.into_iter().take_while(|target| target.is_known())
    }

    /// For whom it waits, if that is only one.
    fn target(&self) -> Option<ActorId> {
        let mut targets = self.targets();
        targets.next().filter(|_| targets.next().is_none())
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
        let shard = |_| Shard(std::array::from_fn(|_| AtomicPtr::new(ptr::null_mut())));
        Self { shards: Box::new(std::array::from_fn(shard)), found: Mutex::default(), census: Mutex::new(None) }
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

    /// The runner of `member` is about to suspend it over waits for `targets`: at least one, and no more than there is
    /// room for.
    #[inline]
    pub(crate) fn publish(&self, member: ActorId, targets: &[Cell<ActorId>]) {
        let Some(entry) = self.entry(member).or_else(|| self.make(member)) else { return };
        // ORDERING: Relaxed; the runner alone writes it, and former occupants of the seat came before it was given.
        let round = entry.round.load(Ordering::Relaxed).wrapping_add(1);
        // ORDERING: Release, each: pairs with `read`. That the one who looks next sees them is up to the barrier in `look`.
        entry.round.store(round, Ordering::Release);
        entry.member.store(member.get(), Ordering::Release);
        if let Some(behind) = entry.targets.get(targets.len()) {
            // ORDERING: as above.
            behind.store(0, Ordering::Release);
        }
        for (place, target) in entry.targets.iter().zip(targets).rev() {
            // ORDERING: as above.
            place.store(target.get().get(), Ordering::Release);
        }
    }

    /// The runner of `member` has resumed it.
    #[inline]
    pub(crate) fn withdraw(&self, member: ActorId) {
        if let Some(entry) = self.entry(member) {
            // ORDERING: Release; as in `publish`. Who sees it later than that looks at the task word, too.
            entry.targets[0].store(0, Ordering::Release);
        }
    }

    /// `member` has published its waits for `targets` and has been suspended just now, by a read-modify-write of this
    /// thread: looks whether that has closed a circle. The member may have been resumed since, and ended.
    #[inline]
    pub(crate) fn look(&self, member: ActorId, targets: &[Cell<ActorId>]) {
        // ORDERING: a full barrier between our entry and the others': see *The race* above.
        barrier::after_swap();
        for target in targets {
            if let Some(next) = self.read(target.get())
                && self.follow(member, next)
            {
                return;
            }
        }
    }

    #[inline(always)]
    fn read(&self, actor: ActorId) -> Option<Wait> {
        self.entry(actor)?.read(actor)
    }

    /// Follows the waits from `first` on; if they lead back to `member`, wakes it. Returns whether it did.
    #[cold]
    fn follow(&self, member: ActorId, first: Wait) -> bool {
        // Who waits for itself is alone in its circle.
        let path = if first.member == member { Some(Vec::new()) } else { self.path(member, first) };
        let Some(path) = path else { return false };
        let Some(own) = self.read(member).filter(|own| own.targets().any(|target| target == first.member)) else {
            return false;
        };
        let Some(census) = self.census() else { return false };
        let round = || std::iter::once(&own).chain(&path);
        // RECHECK: who has been woken since its wait was read isn't stuck.
        if !round().all(|wait| census.is_suspended(wait.member)) {
            return false;
        }
        // RECHECK: who has been suspended over another wait since then isn't stuck over this one.
        if !round().all(|wait| self.read(wait.member).is_some_and(|again| again.round == wait.round)) {
            return false;
        }
        let names: Option<Vec<_>> = round().map(|wait| census.info(wait.member)).collect();
        let Some(names) = names else { return false };
        self.found.lock().push(Found { member, target: first.member, circle: Circle::new(names) });
        let broken = census.break_wait(member);
        if !broken {
            // It has been woken by somebody else: whatever that was, it isn't stuck.
            drop(self.take_found(member));
        }
        broken
    }

    fn census(&self) -> Option<Arc<dyn Census>> {
        self.census.lock().as_ref().and_then(Weak::upgrade)
    }

    /// The waits from `first` on that lead to `member`, if any do.
    fn path(&self, member: ActorId, first: Wait) -> Option<Vec<Wait>> {
        // Mostly each waits for one other, and the waits end with somebody who doesn't: that needs no memory. A circle that
        // `member` isn't in is left when the walk comes back to its mark (Brent's algorithm).
        let (mut here, mut mark, mut steps, mut stride) = (first, first.member, 0, 2);
        while let Some(target) = here.target() {
            if target == member {
                break;
            }
            if target == mark {
                return None;
            }
            steps += 1;
            if steps == stride {
                (mark, steps, stride) = (target, 0, stride * 2);
            }
            here = self.read(target)?;
        }
        self.search(member, first)
    }

    /// The same, wherever the waits lead: depth first.
    fn search(&self, member: ActorId, first: Wait) -> Option<Vec<Wait>> {
        let mut path = vec![first];
        let mut left = vec![first.targets().collect::<Vec<_>>()];
        let mut seen = HashSet::from([first.member]);
        while let Some(targets) = left.last_mut() {
            match targets.pop() {
                Some(target) if target == member => return Some(path),
                Some(target) if seen.insert(target) => {
                    if let Some(wait) = self.read(target) {
                        path.push(wait);
                        left.push(wait.targets().collect());
                    }
                }
                Some(_) => {}
                None => {
                    path.pop();
                    left.pop();
                }
            }
        }
        None
    }

    /// The circle that a wait of `member` for `target` would be in at the moment, as far as anybody can tell.
    pub(crate) fn circle(&self, member: ActorId, target: ActorId) -> Option<Circle> {
        let census = self.census()?;
        let mut names = vec![census.info(member)?];
        if target != member {
            let path = self.path(member, self.read(target)?)?;
            names.extend(path.iter().map(|wait| census.info(wait.member)).collect::<Option<Vec<_>>>()?);
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
        for shard in &*self.shards {
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
        Box::into_raw((0..length).map(|_| Entry::empty()).collect::<Box<[_]>>()).cast()
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
