//! Who lives: each living task has a seat, whose number is part of the task's own.
//!
//! A seat is one word. Seats stand in segments, each twice as long as the one before, which stay until the system goes.
//!
//! | word | means | left by |
//! |---|---|---|
//! | zero | never taken | whoever sits down |
//! | a task's address | taken | the task's end |
//! | the address, HELD | taken, and somebody takes a reference to the task there | the same visitor |
//! | VACANT, the next vacant seat, a turn | was left | whoever sits down |
//!
//! Vacant seats are at *desks*: each worker has one, and all other threads share one. Who spawns takes a seat from the desk
//! of its thread, an end leaves the seat at the desk of its thread; neither takes a lock. A desk that has many trades a run
//! of them for nothing, one that has none gets a run, under the lock of the *office*.
//!
//! 1. Only the desk that has a vacant seat writes to it.
//! 2. The seat of a living task is written to by its end, and by visitors, by compare-and-swaps.
//! 3. A living task's memory stays until its end has given up its seat. So a visitor that has put HELD there may take a
//!    reference: the end waits for it. Visitors hold the office's lock.
//! 4. Who sits down writes to the seat, then looks whether the seats are closed; who closes them says so, then looks at the
//!    seats. Between the two steps each passes a [`Barrier`]: so a task is refused, or seen by who closed.
//!
//! How many live is counted at each desk, who sat down there less who left there. While seats may be taken the sum of
//! these counts is of no one moment; once they are closed it only falls, and is zero only if nobody lives.
//!
//! Source: the trade of runs is that of magazines (see `memory`).

use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::ops::Range;
use std::ptr::{self, NonNull};

use super::handle::{Strong, Weak};
use super::header::{self, Header};
use super::identity::ActorId;
use super::runnable::Runnable;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};
use crate::sync::barrier::Barrier;
use crate::sync::hint::spin_loop;
use crate::sync::limits::{SEAT_BITS, SEAT_RUN};
use crate::sync::lock::Mutex;

/// The seats of a system.
#[derive(Debug)]
pub(crate) struct Seats {
    segments: [AtomicPtr<AtomicU64>; SEGMENTS],
    closed: AtomicBool,
    barrier: Barrier,
    office: Mutex<Office>,
    /// One for each desk, that of the office first.
    tallies: Box<[Tally]>,
}

/// Nobody gets a seat any more.
#[derive(Debug)]
pub(crate) struct ClosedError;

/// The vacant seats of a worker.
#[derive(Debug)]
pub(crate) struct Desk {
    seats: Arc<Seats>,
    drawer: RefCell<Drawer>,
    /// Its own, among those of its seats.
    tally: NonNull<Tally>,
}

// SAFETY: the tally is one of the seats', which are `Sync`, and which the desk keeps.
unsafe impl Send for Desk {}

/// What all desks share, and the desk of all threads that are no workers.
#[derive(Debug)]
struct Office {
    /// Seats from here on have never been at a desk.
    fresh: u32,
    /// The first seats of runs that desks have brought. It has room for all runs there are: an end needs no memory.
    runs: Vec<u32>,
    drawer: Drawer,
}

/// Vacant seats.
#[derive(Debug)]
struct Drawer {
    /// The one that was left last; each tells the next one.
    first: Option<u32>,
    /// How many those are, a run at most.
    count: u32,
    /// The first seat of another run.
    spare: Option<u32>,
    /// Seats that have never been taken.
    fresh: Range<u32>,
}

/// A seat that was taken out of a drawer, the turn that comes next, and where the seat stands.
struct Vacant<'s> {
    seat: u32,
    turn: u32,
    place: &'s AtomicU64,
}

/// How many sat down at a desk, less those who left there. Written by whoever has the desk alone.
#[derive(Debug)]
#[repr(align(128))]
struct Tally(AtomicU32);

/// Seats of the first segment.
const FIRST: u32 = 4 * SEAT_RUN;

/// As many as numbers of seats need that fit into a vacant seat.
const SEGMENTS: usize = (SEAT_BITS - FIRST.ilog2()) as usize;

/// Pauses in which any store is seen: some hundred microseconds.
const LONG_ENOUGH: u32 = 10_000;

/// All seats that the segments have.
const MOST_SEATS: u32 = (1 << SEAT_BITS) - FIRST;

/// What a seat holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry(u64);

impl Entry {
    const VACANT: u64 = 0b01;
    const HELD: u64 = 0b10;

    fn taken(task: NonNull<Header>) -> Self {
        Self(task.as_ptr().expose_provenance() as u64)
    }

    /// Left by the task of this turn; `next` is the next vacant seat.
    fn vacant(next: Option<u32>, turn: u32) -> Self {
        let next = next.map_or(0, |next| u64::from(next) + 1);
        Self(u64::from(turn) << 32 | next << 1 | Self::VACANT)
    }

    /// The next vacant seat.
    fn next(self) -> Option<u32> {
        (self.0 as u32 >> 1).checked_sub(1)
    }

    /// Whose turn it was, of a vacant seat.
    fn turn(self) -> u32 {
        if self.0 & Self::VACANT != 0 { (self.0 >> 32) as u32 } else { 0 }
    }

    /// The task that sits there.
    fn task(self) -> Option<NonNull<Header>> {
        if self.0 & Self::VACANT != 0 {
            return None;
        }
        NonNull::new(ptr::with_exposed_provenance_mut((self.0 & !Self::HELD) as usize))
    }

    fn held(self) -> Self {
        Self(self.0 | Self::HELD)
    }
}

/// Where a seat stands: its segment, and its place there.
#[inline(always)]
fn position(seat: u32) -> (usize, usize) {
    let place = seat + FIRST;
    let segment = place.ilog2() - FIRST.ilog2();
    (segment as usize, (place - (FIRST << segment)) as usize)
}

impl Seats {
    /// Seats with so many desks beside that of the office.
    pub(crate) fn new(desks: usize) -> Arc<Self> {
        let office = Office { fresh: 0, runs: Vec::new(), drawer: Drawer::empty() };
        Arc::new(Self {
            segments: std::array::from_fn(|_| AtomicPtr::new(ptr::null_mut())),
            closed: AtomicBool::new(false),
            barrier: Barrier::new(),
            office: Mutex::new(office),
            tallies: (0..=desks).map(|_| Tally(AtomicU32::new(0))).collect(),
        })
    }

    /// The desk of a worker.
    ///
    /// # Contract
    ///
    /// Made once for each worker, who is the only one to use it: or it would be miscounted who lives.
    pub(crate) fn desk(self: &Arc<Self>, worker: usize) -> Desk {
        let tally = NonNull::from(&self.tallies[worker + 1]);
        Desk { seats: Arc::clone(self), drawer: RefCell::new(Drawer::empty()), tally }
    }

    /// That of the office.
    fn tally(&self) -> &Tally {
        &self.tallies[0]
    }

    /// Gives a task its seat, and its number with it, from a thread without a desk. Called before the task is scheduled for
    /// the first time.
    ///
    /// # Errors
    ///
    /// If the seats are closed, or all are taken.
    pub(crate) fn sit(&self, runnable: &Runnable) -> Result<(), ClosedError> {
        let mut office = self.office.lock();
        let Office { fresh, runs, drawer } = &mut *office;
        let vacant = drawer.take(self, |drawer| drawer.refill(self, fresh, runs)).ok_or(ClosedError)?;
        self.take(runnable, vacant, self.tally());
        drop(office);
        self.stay(runnable, |task| self.leave(task))
    }

    /// Writes a task down in a seat, which has been taken out of a drawer.
    #[inline(always)]
    fn take(&self, runnable: &Runnable, vacant: Vacant<'_>, tally: &Tally) {
        let task = runnable.header();
        header::set_id(task, ActorId::of(vacant.seat, vacant.turn));
        // ORDERING: Release pairs with the Acquire of visitors: they see the task.
        vacant.place.store(Entry::taken(NonNull::from(task)).0, Ordering::Release);
        tally.add(1);
        self.barrier.light();
    }

    /// Whether a task that sits may stay; if not, it is made to `leave`.
    #[inline(always)]
    fn stay(&self, runnable: &Runnable, leave: impl FnOnce(&Header)) -> Result<(), ClosedError> {
        // RECHECK: the seats may have been closed before the task could be seen there.
        // ORDERING: Relaxed; the barrier keeps it behind the seat.
        if !self.closed.load(Ordering::Relaxed) {
            return Ok(());
        }
        leave(runnable.header());
        header::set_id(runnable.header(), ActorId::UNKNOWN);
        Err(ClosedError)
    }

    /// Leaves a task's seat, if it has one, from a thread without a desk. The caller has the right to run it, and keeps its
    /// memory.
    pub(super) fn leave(&self, task: &Header) {
        let id = header::id(task);
        let Some(seat) = id.seat() else { return };
        let mut office = self.office.lock();
        let Office { runs, drawer, .. } = &mut *office;
        drawer.make_room(|run| runs.push(run));
        let vacated = self.vacate(task, seat, drawer.entry(id));
        assert!(vacated, "corecast: a task that has no seat leaves it");
        drawer.put(seat);
        self.tally().add(u32::MAX);
        // Who looks whether somebody waits for the last end does so behind this.
        self.barrier.light();
    }

    /// The same as [`vacate`](Self::vacate) where a visitor was met: whoever visits the task has the lock.
    #[cold]
    fn vacate_after_visits(&self, task: &Header, seat: u32, vacant: Entry) {
        let visits = self.office.lock();
        let vacated = self.vacate(task, seat, vacant);
        drop(visits);
        assert!(vacated, "corecast: a task that has no seat leaves it");
    }

    /// Puts `vacant` into the seat of `task`, unless a visitor is there.
    #[inline(always)]
    fn vacate(&self, task: &Header, seat: u32, vacant: Entry) -> bool {
        let taken = Entry::taken(NonNull::from(task));
        // ORDERING: Acquire pairs with a visitor's Release: its reference is counted. Release pairs with a visitor's Acquire:
        // who doesn't find the task knows that it has ended. Relaxed on failure: the lock orders us behind the visitor.
        self.seat(seat).compare_exchange(taken.0, vacant.0, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Gives nobody a seat any more. Who has one now is seen by whoever looks after this.
    pub(crate) fn close(&self) {
        // ORDERING: Relaxed; the barrier keeps it before what the caller looks at.
        self.closed.store(true, Ordering::Relaxed);
        self.catch_up();
    }

    /// What others have done to the seats before their own barriers is visible to the caller after this, or they see what
    /// the caller has done before it.
    pub(crate) fn catch_up(&self) {
        if !self.barrier.heavy() {
            // The system call that was there is gone: a filter has come over the process. No store takes that long to be
            // seen.
            for _ in 0..LONG_ENOUGH {
                spin_loop();
            }
        }
    }

    /// How many live, or seem to.
    pub(crate) fn len(&self) -> usize {
        // Of two who look behind the last ends, the second one sees both.
        let office = self.office.lock();
        // ORDERING: Acquire pairs with the Release of each end: what an actor did is visible to who finds it gone.
        let sum = self.tallies.iter().fold(0u32, |sum, tally| sum.wrapping_add(tally.0.load(Ordering::Acquire)));
        drop(office);
        // Less than nothing, if ends were counted and the spawns before them not yet.
        (sum as i32).max(0) as usize
    }

    /// References to everybody who has a seat now, also to those whom nobody refers to any more.
    pub(crate) fn everybody(&self) -> Vec<Strong> {
        let office = self.office.lock();
        (0..office.fresh).filter_map(|seat| self.visit(seat, |_| true)).collect()
    }

    /// A reference to the task of this number, if it hasn't ended.
    pub(crate) fn find(&self, id: ActorId) -> Option<Strong> {
        let seat = id.seat()?;
        let office = self.office.lock();
        if seat >= office.fresh {
            return None;
        }
        self.visit(seat, |task| header::id(task) == id)
    }

    /// A reference to the task that sits there, if it is `wanted`. The caller has the office's lock.
    fn visit(&self, seat: u32, wanted: impl Fn(&Header) -> bool) -> Option<Strong> {
        let seat = self.seat(seat);
        // ORDERING: Relaxed; the CAS confirms it.
        let mut now = Entry(seat.load(Ordering::Relaxed));
        loop {
            let task = now.task()?;
            // ORDERING: Acquire pairs with the Release of who sat down. Relaxed on failure: as for the load.
            match seat.compare_exchange(now.0, now.held().0, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => {
                    // Rule 3: the task lives until HELD is gone.
                    let found = ManuallyDrop::new(Weak::from_retained(task));
                    let strong = wanted(found.header()).then(|| found.grasp());
                    // ORDERING: Release pairs with the Acquire of the end, which the reference comes before.
                    seat.store(now.0, Ordering::Release);
                    return strong;
                }
                Err(changed) => now = Entry(changed),
            }
        }
    }

    /// A seat that has been at a desk.
    #[inline(always)]
    fn seat(&self, seat: u32) -> &AtomicU64 {
        let (segment, place) = position(seat);
        // ORDERING: Relaxed; a segment was made, under the office's lock, before the first of its seats was at a desk, and
        // numbers of seats pass from thread to thread with the tasks that have them.
        let first = self.segments[segment].load(Ordering::Relaxed);
        // SAFETY: made by `prepare`, with room for that place, and freed when nobody has the seats any more.
        unsafe { &*first.add(place) }
    }

    /// Makes the segment of a seat if there is none. The caller has the office's lock.
    fn prepare(&self, seat: u32) {
        let (segment, _) = position(seat);
        // ORDERING: Relaxed; written under the lock that the caller holds.
        if self.segments[segment].load(Ordering::Relaxed).is_null() {
            // ORDERING: Relaxed; see `seat`.
            self.segments[segment].store(Box::into_raw(blank(FIRST << segment)).cast(), Ordering::Relaxed);
        }
    }
}

/// So many seats that were never taken: pages that take no memory before somebody sits there.
#[cfg(not(corecast_loom))]
fn blank(seats: u32) -> Box<[AtomicU64]> {
    let words = Box::into_raw(vec![0_u64; seats as usize].into_boxed_slice());
    // SAFETY: an `AtomicU64` is laid out as a `u64` (asserted), and the box is ours.
    unsafe { Box::from_raw(words as *mut [AtomicU64]) }
}

#[cfg(not(corecast_loom))]
const _: () = assert!(align_of::<u64>() == align_of::<AtomicU64>() && size_of::<u64>() == size_of::<AtomicU64>());

#[cfg(corecast_loom)]
fn blank(seats: u32) -> Box<[AtomicU64]> {
    (0..seats).map(|_| AtomicU64::new(0)).collect()
}

impl Drop for Seats {
    fn drop(&mut self) {
        for (index, segment) in self.segments.iter().enumerate() {
            // ORDERING: Relaxed; nobody else is left.
            let first = segment.load(Ordering::Relaxed);
            if !first.is_null() {
                let all = ptr::slice_from_raw_parts_mut(first, (FIRST << index) as usize);
                // SAFETY: a box of that length, made by `prepare`.
                drop(unsafe { Box::from_raw(all) });
            }
        }
    }
}

impl Desk {
    #[inline(always)]
    fn tally(&self) -> &Tally {
        // SAFETY: in the slice of the seats, which is never changed and which the desk keeps.
        unsafe { self.tally.as_ref() }
    }

    /// As [`Seats::sit`], for the thread that has this desk. Takes no lock, but to trade seats.
    ///
    /// # Errors
    ///
    /// As there.
    #[inline]
    pub(crate) fn sit(&self, runnable: &Runnable) -> Result<(), ClosedError> {
        let seats = &*self.seats;
        let taken = self.drawer.borrow_mut().take(seats, |drawer| {
            let office = &mut *seats.office.lock();
            drawer.refill(seats, &mut office.fresh, &mut office.runs)
        });
        let Some(vacant) = taken else { return Err(ClosedError) };
        seats.take(runnable, vacant, self.tally());
        seats.stay(runnable, |task| self.leave(task))
    }

    /// Whether it is a desk of these seats.
    pub(super) fn is_at(&self, seats: &Seats) -> bool {
        ptr::eq(&raw const *self.seats, seats)
    }

    /// As [`Seats::leave`], for the thread that has this desk. Wait-free, but where a visitor is met, or seats are traded.
    ///
    /// # Contract
    ///
    /// The seat of the task, if it has one, is of this desk's seats.
    pub(super) fn leave(&self, task: &Header) {
        let id = header::id(task);
        let Some(seat) = id.seat() else { return };
        let seats = &*self.seats;
        let mut drawer = self.drawer.borrow_mut();
        drawer.make_room(|run| seats.office.lock().runs.push(run));
        let vacant = drawer.entry(id);
        if !seats.vacate(task, seat, vacant) {
            seats.vacate_after_visits(task, seat, vacant);
        }
        drawer.put(seat);
        self.tally().add(u32::MAX);
        // Who looks whether somebody waits for the last end does so behind this.
        seats.barrier.light();
    }
}

impl Drawer {
    fn empty() -> Self {
        Self { first: None, count: 0, spare: None, fresh: 0..0 }
    }

    /// A seat that nobody has, and the turn that comes next. `refill` gets more, if there are more.
    #[inline(always)]
    fn take<'s>(&mut self, seats: &'s Seats, refill: impl FnOnce(&mut Self) -> bool) -> Option<Vacant<'s>> {
        if self.first.is_none() && !self.open(refill) {
            let fresh = self.fresh.next()?;
            return Some(Vacant { seat: fresh, turn: 1, place: seats.seat(fresh) });
        }
        let seat = self.first?;
        let place = seats.seat(seat);
        // ORDERING: Relaxed; a vacant seat is this desk's.
        let entry = Entry(place.load(Ordering::Relaxed));
        self.first = entry.next();
        self.count -= 1;
        // Not zero, which is nobody's turn.
        Some(Vacant { seat, turn: entry.turn().checked_add(1).unwrap_or(1), place })
    }

    /// Gets at more seats. Returns whether they were left by others; if not, they are fresh, or there are none.
    #[cold]
    fn open(&mut self, refill: impl FnOnce(&mut Self) -> bool) -> bool {
        if self.fresh.is_empty() && self.spare.is_none() {
            refill(self);
        }
        if self.spare.is_none() {
            return false;
        }
        self.first = self.spare.take();
        self.count = SEAT_RUN;
        true
    }

    /// Gets a run of seats: one that was left, or one that was never taken. Called under the office's lock.
    fn refill(&mut self, seats: &Seats, fresh: &mut u32, runs: &mut Vec<u32>) -> bool {
        self.spare = runs.pop();
        if self.spare.is_none() && *fresh < MOST_SEATS - SEAT_RUN {
            seats.prepare(*fresh);
            self.fresh = *fresh..*fresh + SEAT_RUN;
            *fresh += SEAT_RUN;
            // Room for all runs, should they come back.
            runs.reserve(*fresh as usize / SEAT_RUN as usize);
        }
        self.spare.is_some()
    }

    /// Makes room for a seat. `give` takes a run that is too much.
    #[inline(always)]
    fn make_room(&mut self, give: impl FnOnce(u32)) {
        if self.count == SEAT_RUN {
            if let Some(run) = self.spare.take() {
                give(run);
            }
            self.spare = self.first.take();
            self.count = 0;
        }
    }

    /// What the seat of `id` will hold in this drawer.
    #[inline(always)]
    fn entry(&self, id: ActorId) -> Entry {
        Entry::vacant(self.first, (id.get() >> 32) as u32)
    }

    /// Puts a seat on top; it holds what `entry` said.
    #[inline(always)]
    fn put(&mut self, seat: u32) {
        self.first = Some(seat);
        self.count += 1;
    }
}

impl Tally {
    /// The caller has the desk.
    #[inline(always)]
    fn add(&self, difference: u32) {
        // ORDERING: Relaxed; nobody else writes it. Release pairs with the Acquire of `len`.
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(difference), Ordering::Release);
    }
}

#[cfg(all(test, not(corecast_loom)))]
mod tests {
    use super::{ActorId, Drawer, Entry, FIRST, MOST_SEATS, Ordering, SEGMENTS, Seats, position};
    use crate::sync::limits::SEAT_RUN;
    use std::collections::HashSet;

    fn take(seats: &Seats, drawer: &mut Drawer) -> ActorId {
        let vacant = drawer
            .take(seats, |drawer| {
                let office = &mut *seats.office.lock();
                drawer.refill(seats, &mut office.fresh, &mut office.runs)
            })
            .unwrap();
        ActorId::of(vacant.seat, vacant.turn)
    }

    fn leave(seats: &Seats, drawer: &mut Drawer, id: ActorId) {
        drawer.make_room(|run| seats.office.lock().runs.push(run));
        let seat = id.seat().unwrap();
        // ORDERING: Relaxed; one thread.
        seats.seat(seat).store(drawer.entry(id).0, Ordering::Relaxed);
        drawer.put(seat);
    }

    #[test]
    fn each_seat_has_a_place_of_its_own() {
        let mut before = (0, usize::MAX);
        for seat in 0..20 * FIRST {
            let (segment, place) = position(seat);
            assert!(place < (FIRST as usize) << segment);
            assert_eq!(
                (segment, place),
                if place == 0 { (before.0 + usize::from(seat > 0), 0) } else { (before.0, before.1 + 1) }
            );
            before = (segment, place);
        }
        let last = position(MOST_SEATS - 1);
        assert_eq!(last, (SEGMENTS - 1, ((FIRST as usize) << (SEGMENTS - 1)) - 1));
    }

    #[test]
    fn an_entry_tells_what_it_was_made_of() {
        for next in [None, Some(0), Some(MOST_SEATS - 1)] {
            let entry = Entry::vacant(next, u32::MAX);
            assert_eq!((entry.next(), entry.turn(), entry.task()), (next, u32::MAX, None));
        }
        assert_eq!((Entry(0).task(), Entry(0).turn()), (None, 0));
        let taken = Entry(64);
        assert_eq!((taken.held().task(), taken.turn()), (taken.task(), 0));
        assert!(taken.task().is_some() && taken.held() != taken);
    }

    #[test]
    fn seats_that_are_taken_at_one_desk_and_left_at_another_go_round() {
        let seats = Seats::new(2);
        let (mut here, mut there) = (Drawer::empty(), Drawer::empty());
        let mut numbers = HashSet::new();
        for _ in 0..50 {
            let all: Vec<_> = (0..5 * SEAT_RUN).map(|_| take(&seats, &mut here)).collect();
            for id in all {
                assert!(numbers.insert(id), "{id} was somebody's before");
                leave(&seats, &mut there, id);
            }
        }
        assert!(seats.office.lock().fresh <= 8 * SEAT_RUN, "no more than live at a time, and what desks keep");
    }

    #[test]
    fn a_seat_is_taken_by_nobody_else_before_it_is_left() {
        let seats = Seats::new(2);
        let mut drawer = Drawer::empty();
        let mut sitting: Vec<_> = (0..3 * SEAT_RUN).map(|_| take(&seats, &mut drawer)).collect();
        for round in 0..1_000 {
            let id = sitting.swap_remove(round * 7 % sitting.len());
            leave(&seats, &mut drawer, id);
            if round % 3 > 0 {
                sitting.push(take(&seats, &mut drawer));
            }
            let distinct: HashSet<_> = sitting.iter().map(|id| id.seat()).collect();
            assert_eq!(distinct.len(), sitting.len());
            if sitting.len() < 2 {
                sitting.extend((0..2 * SEAT_RUN).map(|_| take(&seats, &mut drawer)));
            }
        }
    }
}
