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
//! all of them were waiting. Each waits for the next, so none will ever be woken by a member. Who could still end it is
//! outside: a kill, a stop of one whose room is waited for, the end of the system, or another branch of a `select!`.
//!
//! A member that fails this test is no part of a circle now; the others are searched again without it, for there may be
//! another way round. If it comes to wait again, it looks itself.
//!
//! The member that found it is woken, and its await fails with the names, if it is still the same wait.
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

use std::any::Any;
use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;
use std::ptr;

use super::circle::Circle;
use super::identity::{ActorId, ActorInfo};
use crate::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use crate::sync::barrier;
use crate::sync::limits::{FIRST_WAITS, MOST_WAITS, SEAT_BITS, SEAT_RUN};
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

    /// The implementor itself, for those who know its type.
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

/// The entries of a system's actors.
pub(crate) struct Waits {
    /// Segments of slots, each twice as long as the one before; by the address that slot zero of all would have. Segments and
    /// chunks are made at their first need.
    segments: [AtomicPtr<Slot>; SEGMENTS],
    /// Circles that have been found and whose members haven't been told yet.
    found: Mutex<Vec<Found>>,
    census: Mutex<Option<Weak<dyn Census>>>,
}

/// A circle, for the member that is to be told.
#[derive(Debug)]
pub(crate) struct Found {
    member: ActorId,
    /// Which wait of its it is.
    round: u64,
    /// Whom it waits for.
    pub(super) target: ActorId,
    pub(super) circle: Circle,
}

/// Where a chunk is found.
type Slot = AtomicPtr<Chunk>;

/// Entries of seats whose numbers follow one another.
struct Chunk([Entry; SEAT_RUN as usize]);

/// As many as numbers of one bit more than seats have would need: so a segment of any `u32` is known to be there, and isn't
/// compared with their number.
const SEGMENTS: usize = (SEAT_BITS + 1 - SEAT_RUN.ilog2() - FIRST_WAITS.ilog2()) as usize + 1;

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

impl Entry {
    /// Writes several targets, the first one last.
    #[cold]
    fn write(&self, targets: &[Cell<ActorId>]) {
        if let Some(behind) = self.targets.get(targets.len()) {
            // ORDERING: Release, each: as in `publish`.
            behind.store(0, Ordering::Release);
        }
        for (place, target) in self.targets.iter().zip(targets).rev() {
            // ORDERING: as above.
            place.store(target.get().get(), Ordering::Release);
        }
    }
}

impl Wait {
    /// For whom it waits.
    fn targets(&self) -> impl Iterator<Item = ActorId> {
        self.targets.into_iter().take_while(|target| target.is_known())
    }
}

/// Where a seat's entry stands: its segment, its slot counted from the first of all, its place in the chunk.
#[inline(always)]
fn position(seat: u32) -> (usize, usize, usize) {
    let slot = (seat / SEAT_RUN) as usize + FIRST_WAITS;
    ((slot.ilog2() - FIRST_WAITS.ilog2()) as usize, slot, (seat % SEAT_RUN) as usize)
}

/// The first slot of a segment, counted from the first of all; so many slots it has, too.
fn start(segment: usize) -> usize {
    FIRST_WAITS << segment
}

impl Waits {
    pub(crate) fn new() -> Self {
        let segments = std::array::from_fn(|_| AtomicPtr::new(ptr::null_mut()));
        Self { segments, found: Mutex::default(), census: Mutex::new(None) }
    }

    /// Says who knows the actors. Until then no circle is found.
    pub(crate) fn ask(&self, census: Weak<dyn Census>) {
        *self.census.lock() = Some(census);
    }

    #[inline(always)]
    fn entry(&self, actor: ActorId) -> Option<&Entry> {
        let (segment, slot, place) = position(actor.seat()?);
        // ORDERING: Acquire pairs with the Release of `publish_or_free`.
        let segment = self.segments[segment].load(Ordering::Acquire);
        if segment.is_null() {
            return None;
        }
        // SAFETY: a segment that is published stays until the table is dropped, and this is one of its slots.
        // ORDERING: Acquire; as above.
        let chunk = unsafe { &*segment.wrapping_add(slot) }.load(Ordering::Acquire);
        // SAFETY: a chunk that is published stays until the table is dropped.
        unsafe { chunk.as_ref() }.map(|chunk| &chunk.0[place])
    }

    /// Makes the entry of an actor.
    #[cold]
    fn make(&self, actor: ActorId) -> Option<&Entry> {
        let (segment, slot, _) = position(actor.seat()?);
        let first = start(segment);
        let home = &self.segments[segment];
        // ORDERING: Acquire pairs with the Release of `publish_or_free`.
        let mut slots = home.load(Ordering::Acquire);
        if slots.is_null() {
            let fresh = slots::new(first).wrapping_sub(first);
            // SAFETY: `free` is given what `new` made, with its length.
            slots = publish_or_free(home, fresh, |slots| unsafe { slots::free(slots.wrapping_add(first), first) });
        }
        // SAFETY: as in `entry`.
        let slot = unsafe { &*slots.wrapping_add(slot) };
        // SAFETY: `Box::into_raw` made it, and nobody else has it.
        publish_or_free(slot, Box::into_raw(Chunk::new()), |chunk| drop(unsafe { Box::from_raw(chunk) }));
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
        if let [target] = targets {
            // Mostly there is only one.
            // ORDERING: as above, twice.
            entry.targets[1].store(0, Ordering::Release);
            entry.targets[0].store(target.get().get(), Ordering::Release);
        } else {
            entry.write(targets);
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
        let Some(census) = self.census() else { return false };
        // Those that don't wait after all.
        let mut others = HashSet::new();
        while let Some(path) = self.path(member, first, &others) {
            let Some(own) = self.read(member).filter(|own| own.targets().any(|target| target == first.member)) else {
                return false;
            };
            let stuck = self.stuck(&*census, || std::iter::once(&own).chain(&path));
            match stuck {
                Ok(()) => return self.tell(&*census, own, first.member, &path),
                Err(other) if other == member => return false,
                Err(other) => others.insert(other),
            };
        }
        false
    }

    /// Whether all members of a round wait at the same time.
    ///
    /// # Errors
    ///
    /// One that doesn't.
    fn stuck<'a, W: Iterator<Item = &'a Wait>>(
        &self,
        census: &dyn Census,
        round: impl Fn() -> W,
    ) -> Result<(), ActorId> {
        // RECHECK: who has been woken since its wait was read isn't stuck.
        if let Some(woken) = round().find(|wait| !census.is_suspended(wait.member)) {
            return Err(woken.member);
        }
        let is_same = |wait: &Wait| self.read(wait.member).is_some_and(|again| again.round == wait.round);
        // RECHECK: who has been suspended over another wait since then isn't stuck over this one.
        if let Some(other) = round().find(|wait| !is_same(wait)) {
            return Err(other.member);
        }
        Ok(())
    }

    /// Wakes the first member of a circle, and leaves word for it. Returns whether it was still suspended.
    fn tell(&self, census: &dyn Census, own: Wait, target: ActorId, path: &[Wait]) -> bool {
        let members = std::iter::once(&own).chain(path);
        let names: Option<Vec<_>> = members.map(|wait| census.info(wait.member)).collect();
        let Some(names) = names else { return false };
        let (member, round) = (own.member, own.round);
        self.found.lock().push(Found { member, round, target, circle: Circle::new(names) });
        let broken = census.break_wait(member);
        if !broken {
            // It has been woken by somebody else: whatever that was, it isn't stuck.
            self.found.lock().retain(|found| (found.member, found.round) != (member, round));
        }
        broken
    }

    /// Whoever knows the actors, if that is still there.
    pub(crate) fn census(&self) -> Option<Arc<dyn Census>> {
        self.census.lock().as_ref().and_then(Weak::upgrade)
    }

    /// The waits from `first` on that lead to `member` without `others`, if any do. Empty if `first` is its own.
    fn path(&self, member: ActorId, first: Wait, others: &HashSet<ActorId>) -> Option<Vec<Wait>> {
        if first.member == member {
            return others.is_empty().then(Vec::new);
        }
        // Mostly waits end after a few steps with somebody who doesn't wait: that needs no memory. A circle that `member` isn't
        // in is left when the walk comes back to its mark (Brent's algorithm).
        let (mut here, mut mark, mut steps, mut stride) = (first, first.member, 0, 2);
        while others.is_empty() && !here.targets().any(|target| target == member) {
            let waiting = |target| self.read(target);
            let (next, another) = {
                let mut all = here.targets().filter_map(waiting);
                (all.next()?, all.next())
            };
            if another.is_some() {
                break;
            }
            if next.member == mark {
                return None;
            }
            steps += 1;
            if steps == stride {
                (mark, steps, stride) = (next.member, 0, stride * 2);
            }
            here = next;
        }
        self.search(member, first, others)
    }

    /// The same, wherever the waits lead: depth first.
    fn search(&self, member: ActorId, first: Wait, others: &HashSet<ActorId>) -> Option<Vec<Wait>> {
        if others.contains(&first.member) {
            return None;
        }
        let mut path = vec![first];
        let mut left = vec![first.targets().collect::<Vec<_>>()];
        let mut seen = HashSet::from([first.member]);
        while let Some(targets) = left.last_mut() {
            match targets.pop() {
                Some(target) if target == member => return Some(path),
                Some(target) if !others.contains(&target) && seen.insert(target) => {
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

    /// The circle that a wait of `member`, which is running, for `target` would be in.
    pub(crate) fn circle(&self, member: ActorId, target: ActorId) -> Option<Circle> {
        let census = self.census()?;
        let mut others = HashSet::new();
        loop {
            let path = if target == member { Vec::new() } else { self.path(member, self.read(target)?, &others)? };
            match self.stuck(&*census, || path.iter()) {
                Ok(()) => {
                    let members = std::iter::once(member).chain(path.iter().map(|wait| wait.member));
                    return members.map(|member| census.info(member)).collect::<Option<_>>().map(Circle::new);
                }
                Err(other) => others.insert(other),
            };
        }
    }

    /// The circle that `member` was woken for, if it still waits as it did. Its runner's, before it is polled.
    pub(crate) fn take_found(&self, member: ActorId) -> Option<Found> {
        // ORDERING: Relaxed; the runner alone writes it.
        let round = self.entry(member)?.round.load(Ordering::Relaxed);
        let mut found = self.found.lock();
        let place = found.iter().position(|found| (found.member, found.round) == (member, round));
        let own = place.map(|place| found.swap_remove(place));
        // Of an earlier wait, which somebody else ended at the same time.
        found.retain(|found| found.member != member);
        own
    }

    /// For whom an actor waits that is suspended; none if it isn't, or goes on at this moment. Empty if it waits for
    /// something that isn't an actor.
    pub(crate) fn targets_of(&self, member: ActorId, is_suspended: impl FnOnce() -> bool) -> Option<Vec<ActorId>> {
        let round = |wait: &Option<Wait>| wait.as_ref().map(|wait| wait.round);
        let wait = self.read(member);
        if !is_suspended() {
            return None;
        }
        // As in `stuck`: if it is the same, what was read is the wait that it is suspended over.
        let is_same = round(&wait) == round(&self.read(member));
        is_same.then(|| wait.iter().flat_map(Wait::targets).collect())
    }

    /// How many circles wait for their members to hear of them.
    #[cfg(corecast_loom)]
    pub(crate) fn left(&self) -> usize {
        self.found.lock().len()
    }
}

/// Publishes what was made, unless somebody else was sooner; then it is freed. Returns what is there.
fn publish_or_free<T>(place: &AtomicPtr<T>, fresh: *mut T, free: impl FnOnce(*mut T)) -> *mut T {
    // ORDERING: Release publishes what it points to; Acquire on failure: another's is published.
    match place.compare_exchange(ptr::null_mut(), fresh, Ordering::Release, Ordering::Acquire) {
        Ok(_) => fresh,
        Err(other) => {
            free(fresh);
            other
        }
    }
}

impl Chunk {
    fn new() -> Box<Self> {
        Box::new(Self(std::array::from_fn(|_| Entry::empty())))
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        for (index, segment) in self.segments.iter().enumerate() {
            // ORDERING: Relaxed; nobody else has the table any more.
            let (segment, first) = (segment.load(Ordering::Relaxed), start(index));
            if segment.is_null() {
                continue;
            }
            for slot in first..2 * first {
                // SAFETY: the segment has these slots. ORDERING: Relaxed; as above.
                let chunk = unsafe { &*segment.wrapping_add(slot) }.load(Ordering::Relaxed);
                if !chunk.is_null() {
                    // SAFETY: made by `Box::into_raw`, and nobody looks at it any more.
                    drop(unsafe { Box::from_raw(chunk) });
                }
            }
            // SAFETY: made with this length, and nobody looks at it any more.
            unsafe { slots::free(segment.wrapping_add(first), first) };
        }
    }
}

mod slots {
    //! Arrays of slots. Zeroed memory, of which only the pages that are used take room.
    use super::Slot;

    /// An array of empty slots.
    pub(super) fn new(length: usize) -> *mut Slot {
        #[cfg(not(corecast_loom))]
        {
            use crate::sync::heap::{Layout, alloc_zeroed, handle_alloc_error};
            let Ok(layout) = Layout::array::<Slot>(length) else { unreachable!("seats are fewer than addresses") };
            // SAFETY: the layout isn't empty.
            let memory = unsafe { alloc_zeroed(layout) };
            if memory.is_null() {
                handle_alloc_error(layout);
            }
            memory.cast()
        }
        #[cfg(corecast_loom)]
        Box::into_raw((0..length).map(|_| Slot::new(std::ptr::null_mut())).collect::<Box<[_]>>()).cast()
    }

    /// Gives an array back.
    ///
    /// # Safety
    ///
    /// It came from `new` with this length, and isn't used again.
    pub(super) unsafe fn free(slots: *mut Slot, length: usize) {
        // SAFETY: the caller's promise; zeroed memory is an array of null pointers, made with this layout.
        drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(slots, length)) });
    }
}

impl fmt::Debug for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waits")
    }
}
