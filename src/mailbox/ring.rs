//! The lock-free MPSC ring: one word, one inline place, and segments that come and go.
//!
//! A claim is one compare-and-swap of the [word](super::word): it takes the next position, checks that the
//! mailbox is open, and turns an idle actor into a scheduled one. Room is checked against `limit`, which
//! only grows: if the position that the CAS confirms is below a limit that was read earlier, it is below the
//! present one. Then the claimer fills its place and publishes it.
//!
//! Where the place of a position is:
//!
//! | the claim found | place | a segment is |
//! |---|---|---|
//! | the inline place not taken since the actor was idle | the inline one | – |
//! | it taken, a segment, position not a multiple of its length | in that segment | – |
//! | it taken, otherwise | in a new segment | attached by the same CAS, linked back to the one before |
//!
//! The inline place is free whenever the actor is idle, because the reader goes idle only when all is taken
//! out; it takes one message until the next time. Segments are not circular: each place is used once per
//! attachment, so a claimer never meets an old message, and a segment is let go of by the reader alone: when
//! its last place was taken out, or by the CAS that goes idle, which drops its number from the word. No claimer
//! looks at a segment before its claim.
//!
//! # The two windows
//!
//! A producer that is descheduled between claim and publication holds up the messages behind its own; one
//! that is descheduled between its scheduling claim and the push to a run queue holds up the actor. Both are
//! inherent to claiming first. In the first the reader never spins without limit and never goes idle
//! over the claimed place: it reports [`Rest::Behind`], and after a few pauses the worker runs somebody else.
//! Claims by other producers go on in both.
//!
//! Progress: `claim` is lock-free (an attempt fails only because another one succeeded), publication and
//! the reader's steps are wait-free but for the walk along new segments. A new segment may call the allocator.
//!
//! Source: the word that combines queue and scheduling state is Pony's (`messageq.c`, the EMPTY bit);
//! claim-then-publish per slot is Vyukov's bounded MPMC queue; the per-segment chain is that of tokio's
//! mpsc blocks, with the reader as the only one who frees.

use std::fmt;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use super::depth::Depth;
use super::envelope::{Blank, Packed, Parcel, Payload, Sign, Vtable};
use super::segment::{Owned, Segment};
use super::word::{CLOSE, GATE, NUDGE, OPEN, UNGATE, UNNUDGE, Word};
use crate::sync::atomic::{AtomicU32, AtomicWord64, Ordering};
use crate::sync::cell::UnsafeCell;
use crate::sync::hint::spin_loop;
use crate::sync::limits::{CREDIT_INTERVAL, SEGMENT_SLOTS};
use crate::sync::planted::{self, Mutant};
use crate::sync::shown::Shown;

/// The largest capacity of a bounded mailbox.
pub(crate) const MAX_CAPACITY: u32 = 1 << 30;

/// What an unbounded mailbox holds at most: half of what positions can tell apart.
pub(crate) const UNBOUNDED: u32 = (1 << 31) - 1;

/// A mailbox. The first line is for producers; from the second on all is the reader's, but for the inline place, which
/// the producer fills that wakes the reader. `S` and `O` ride on these lines, and so does `C`, four bytes that never
/// change.
///
/// Whoever wants the lines to be cache lines puts it at the beginning of one.
#[repr(C)]
pub(crate) struct Ring<C, S, O> {
    near: Near<C, S>,
    /// The message in the inline place, or its address.
    inline: UnsafeCell<MaybeUninit<Payload>>,
    far: Far<O>,
}

/// The line that producers touch.
#[repr(C)]
struct Near<C, S> {
    word: AtomicWord64,
    /// Whether the inline place is published. Here, since its claimer has the line, and who goes idle writes to it.
    sign: Sign,
    /// The position at which the mailbox is full. Written by the reader alone, and only growing.
    limit: AtomicU32,
    terms: C,
    rider: S,
}

/// What the reader touches.
#[repr(C)]
struct Far<O> {
    progress: Progress,
    /// The position of the oldest message. Written by the reader alone; others read it to tell the size.
    head: AtomicU32,
    capacity: u32,
    rider: O,
}

/// Where the reader is, which is the reader's alone; and what it has seen of the depth, which is for others to look at.
#[repr(C)]
struct Progress {
    segment: UnsafeCell<Option<NonNull<Segment>>>,
    /// The position behind the last place of `segment`; equal to the head while there is no place to look at.
    end: UnsafeCell<u32>,
    /// The message in the inline place, the first since the actor was idle, has been taken out.
    inline_taken: UnsafeCell<bool>,
    /// The greatest depth that the reader has seen.
    deepest: Shown<u16>,
}

/// Where the reader is, for the reader.
struct Cursor<'a> {
    segment: &'a mut Option<NonNull<Segment>>,
    end: &'a mut u32,
    inline_taken: &'a mut bool,
}

/// Why a message wasn't taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is no room, or somebody waits for it already.
    Full,
    /// The mailbox is closed.
    Closed,
}

/// What a successful step leaves to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an actor that nobody schedules never runs"]
pub(crate) enum Duty {
    /// Nothing.
    Nothing,
    /// The caller has scheduled the actor and must push it to a run queue.
    Schedule,
}

/// Whether a claim stops at the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    /// Yes: an ordinary sender.
    Respect,
    /// No: the holder of the line's lock.
    Hold,
}

/// What the reader found when it tried to rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "anything but `Idle` leaves the actor with its reader"]
pub(crate) enum Rest {
    /// The actor is idle, and the reader's rights are gone: this was its last access.
    Idle,
    /// There are messages: published, or claimed and about to be.
    Behind,
    /// Senders may be waiting in line.
    Gated,
    /// Somebody asked to look again whether the actor can be reached. It stays so until that is taken back.
    Nudged,
    /// Closed, and the last message has been taken out.
    Drained,
}

impl<C, S, O> Ring<C, S, O> {
    /// How long the line is that producers touch.
    #[cfg(all(target_pointer_width = "64", not(corecast_loom)))]
    pub(crate) const PRODUCERS: usize = std::mem::offset_of!(Self, inline);

    /// An empty mailbox that counts as scheduled: its actor is about to run for the first time.
    ///
    /// `capacity` is between 1 and [`MAX_CAPACITY`], or [`UNBOUNDED`].
    pub(crate) fn new(capacity: u32, terms: C, near: S, far: O) -> Self {
        debug_assert!((1..=MAX_CAPACITY).contains(&capacity) || capacity == UNBOUNDED);
        Self {
            near: Near {
                word: AtomicWord64::new(Word::FIRST.0),
                sign: Sign::new(),
                limit: AtomicU32::new(capacity),
                terms,
                rider: near,
            },
            inline: UnsafeCell::new(MaybeUninit::uninit()),
            far: Far {
                progress: Progress {
                    segment: UnsafeCell::new(None),
                    end: UnsafeCell::new(0),
                    inline_taken: UnsafeCell::new(false),
                    deepest: Shown::new(Depth::NONE.0),
                },
                head: AtomicU32::new(0),
                capacity,
                rider: far,
            },
        }
    }

    /// What never changes.
    #[inline(always)]
    pub(crate) fn terms(&self) -> &C {
        &self.near.terms
    }

    /// What rides on the producers' line.
    #[inline(always)]
    pub(crate) fn near(&self) -> &S {
        &self.near.rider
    }

    /// What rides with what is the reader's.
    #[inline(always)]
    pub(crate) fn far(&self) -> &O {
        &self.far.rider
    }

    /// Puts a message into its place. Lock-free.
    ///
    /// # Safety
    ///
    /// `vtable` is for messages of type `E` and for the reader of this ring.
    ///
    /// # Errors
    ///
    /// The message back, and why.
    #[inline(always)]
    pub(crate) unsafe fn post<E>(
        &self,
        message: Packed<E>,
        vtable: &'static Vtable,
    ) -> Result<Duty, (Packed<E>, Refusal)> {
        let mut word = self.look();
        if !word.is_barred() && self.has_room(word) {
            // Each way publishes by itself: so the message stays in registers, and what is owed is known.
            if !word.needs_segment() {
                match self.attempt(word, word.claim()) {
                    Ok(()) => {
                        let segment = Segment::find(word.segment());
                        Segment::fetch_ahead_of(segment, word.position());
                        // SAFETY: attached by the claim that we acquired; it holds the position that we claimed.
                        let slot = unsafe { Segment::slot(segment, word.position()) };
                        // SAFETY: the payload is ours between claim and publication, and is what `vtable` expects.
                        unsafe { slot.claimed().publish(vtable, |payload| message.write(payload)) };
                        // Whoever took the inline place has scheduled the actor, or found it scheduled.
                        return Ok(Duty::Nothing);
                    }
                    Err(now) => word = now,
                }
            } else if !word.is_inline_taken() {
                match self.attempt(word, word.claim_inline()) {
                    Ok(()) => {
                        let place = self.inline_place(!word.is_scheduled(), None);
                        // SAFETY: as above.
                        return Ok(unsafe { place.publish(vtable, |payload| message.write(payload)) });
                    }
                    Err(now) => word = now,
                }
            }
        }
        // SAFETY: the caller's promise.
        unsafe { self.post_from(word, Gate::Respect, message, vtable) }
    }

    /// The same, for the holder of the line's lock, who passes the gate.
    ///
    /// # Safety
    ///
    /// As for [`post`](Self::post).
    ///
    /// # Errors
    ///
    /// As for [`post`](Self::post).
    pub(super) unsafe fn post_past_gate<E>(
        &self,
        message: Packed<E>,
        vtable: &'static Vtable,
    ) -> Result<Duty, (Packed<E>, Refusal)> {
        // SAFETY: the caller's promise.
        unsafe { self.post_from(self.look(), Gate::Hold, message, vtable) }
    }

    /// # Safety
    ///
    /// As for [`post`](Self::post).
    #[inline(always)]
    unsafe fn post_from<E>(
        &self,
        word: Word,
        gate: Gate,
        message: Packed<E>,
        vtable: &'static Vtable,
    ) -> Result<Duty, (Packed<E>, Refusal)> {
        match self.claim_from(word, gate) {
            // SAFETY: as in `post`.
            Ok(place) => Ok(unsafe { place.publish(vtable, |payload| message.write(payload)) }),
            Err(refusal) => Err((message, refusal)),
        }
    }

    /// The inline place, for who has claimed it.
    #[inline(always)]
    fn inline_place(&self, schedules: bool, unused: Option<Owned>) -> Place<'_> {
        Place { blank: Blank::inline(&self.near.sign, &self.inline), schedules, unused }
    }

    /// Claims the next place for a message that waits in line.
    pub(super) fn claim_for_waiting(&self) -> Result<Place<'_>, Refusal> {
        self.claim_from(self.look(), Gate::Hold)
    }

    /// The word, for a claim.
    #[inline(always)]
    fn look(&self) -> Word {
        // ORDERING: Relaxed; nothing is concluded from this value that the CAS doesn't confirm, and a
        // refusal promises nothing about other memory.
        Word(self.near.word.load(Ordering::Relaxed))
    }

    /// Claims the next place, however many attempts that takes. `word` is what the word was a moment ago.
    #[cold]
    #[inline(never)]
    fn claim_from(&self, mut word: Word, gate: Gate) -> Result<Place<'_>, Refusal> {
        let mut spare: Option<Owned> = None;
        let mut pauses = 1;
        let claimed = loop {
            if word.is_closed() {
                break Err(Refusal::Closed);
            }
            if (word.is_gated() && gate == Gate::Respect) || !self.has_room(word) {
                break Err(Refusal::Full);
            }
            let (next, place) = if !word.is_inline_taken() {
                (word.claim_inline(), Where::Inline)
            } else if word.needs_segment() {
                let segment = spare.get_or_insert_with(Owned::acquire);
                segment.set_previous(word.segment());
                (word.claim_first_of(segment.number()), Where::New)
            } else {
                (word.claim(), Where::In(word.segment()))
            };
            match self.attempt(word, next) {
                Ok(()) => break Ok((word, place)),
                Err(now) => word = now,
            }
            // Somebody else got through. A short, growing pause lets a burst of claimers pass one by one.
            for _ in 0..pauses {
                spin_loop();
            }
            pauses = (pauses * 2).min(32);
        };
        let (before, place) = match claimed {
            Ok(claimed) => claimed,
            Err(refusal) => {
                if let Some(unused) = spare {
                    unused.release();
                }
                return Err(refusal);
            }
        };
        let schedules = !before.is_scheduled();
        let (segment, unused) = match (place, spare) {
            (Where::Inline, unused) => return Ok(self.inline_place(schedules, unused)),
            (Where::In(number), unused) => (Segment::find(number), unused),
            (Where::New, Some(spare)) => {
                let segment = spare.attach();
                Segment::fetch_first(segment);
                (segment, None)
            }
            (Where::New, None) => unreachable!("a new segment was acquired before the claim"),
        };
        // SAFETY: attached, by us or by the claim that we acquired; it holds the position that we claimed.
        let slot = unsafe { Segment::slot(segment, before.position()) };
        Ok(Place { blank: slot.claimed(), schedules, unused })
    }

    /// One attempt to claim a place: `word`, unchanged so far, becomes `next`.
    ///
    /// # Errors
    ///
    /// What the word has become instead.
    #[inline(always)]
    fn attempt(&self, word: Word, next: Word) -> Result<(), Word> {
        // ORDERING: Acquire pairs with the reader's idle CAS (the actor's state passes to whom we schedule
        // it for) and with the claim that attached the segment (its places and its directory entry).
        // Release pairs with later claimers and with the reader's Acquire in `advance`, for the segment
        // that we attach. Relaxed on failure: as for the load in `look`.
        match self.near.word.compare_exchange(word.0, next.0, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => Ok(()),
            Err(now) => Err(Word(now)),
        }
    }

    /// Whether the position of `word` is below the limit.
    #[inline(always)]
    fn has_room(&self, word: Word) -> bool {
        // ORDERING: Acquire pairs with the reader's Release of the limit: whoever sees our claim (`len`) also sees
        // that the messages that made room for it are gone. The limit only grows, so an old value can only refuse;
        // a sender that was refused looks again after its read-modify-write of the word (`knock`), which orders it
        // behind the reader's.
        let limit = self.near.limit.load(Ordering::Acquire);
        limit.wrapping_sub(word.position()) as i32 > 0
    }

    /// Raises the gate, so that later senders wait in line, and tells whether the caller itself may still
    /// claim. The caller holds the line's lock.
    pub(super) fn knock(&self) -> Knock {
        // ORDERING: Acquire pairs with the Release of the reader's read-modify-write of the word after it
        // raised the limit (`credit`, `rest`): either it sees our gate, or we see its limit below. Release:
        // whoever sees the gate also sees where the line is.
        let word = Word(self.near.word.fetch_or(GATE, Ordering::AcqRel));
        if word.is_closed() {
            return Knock::Closed;
        }
        // RECHECK: the room may have come back before the gate was up.
        if self.has_room(word) {
            return Knock::Room;
        }
        Knock::Full
    }

    /// Lowers the gate. The caller holds the line's lock, and the line is empty.
    pub(super) fn ungate(&self) {
        // ORDERING: Relaxed; the gate guards no data, and whoever finds it up takes the lock.
        self.near.word.fetch_and(UNGATE, Ordering::Relaxed);
    }

    /// Closes the mailbox: no place is claimed any more. Wait-free.
    pub(crate) fn close(&self) -> Duty {
        // ORDERING: Acquire pairs with the idle CAS, because we may be the one who schedules; Release makes
        // what we did before (the reason) visible to the reader that finds the mailbox closed.
        self.schedules(self.near.word.fetch_or(CLOSE, Ordering::AcqRel))
    }

    /// Asks the reader to look whether the actor can still be reached. Wait-free.
    pub(crate) fn nudge(&self) -> Duty {
        // ORDERING: Acquire pairs with the idle CAS, because we may be the one who schedules; Release makes
        // the reference count that we changed visible to the reader that finds the nudge.
        self.schedules(self.near.word.fetch_or(NUDGE, Ordering::AcqRel))
    }

    fn schedules(&self, before: u64) -> Duty {
        if Word(before).is_scheduled() { Duty::Nothing } else { Duty::Schedule }
    }

    /// Whether the mailbox is closed.
    pub(crate) fn is_closed(&self) -> bool {
        // ORDERING: Acquire pairs with `close`'s Release, for callers that go on to look for the reason.
        Word(self.near.word.load(Ordering::Acquire)).is_closed()
    }

    /// The same, by a read-modify-write: if it isn't closed, the reader who finds it closed sees what the caller did before.
    pub(crate) fn is_closed_already(&self) -> bool {
        // ORDERING: Release puts what we did into the release sequence that the reader acquires with the close. Acquire pairs
        // with `close`, as above.
        Word(self.near.word.fetch_or(0, Ordering::AcqRel)).is_closed()
    }

    /// Whether the gate is up.
    pub(crate) fn is_gated(&self) -> bool {
        // ORDERING: Relaxed; whoever needs to know why takes the line's lock, as who put it up did before.
        Word(self.near.word.load(Ordering::Relaxed)).is_gated()
    }

    /// Whether nothing runs, waits or is about to run.
    pub(crate) fn is_idle(&self) -> bool {
        // ORDERING: Acquire pairs with the idle CAS: what the actor did before is visible.
        !Word(self.near.word.load(Ordering::Acquire)).is_scheduled()
    }

    /// How many messages are accepted and not yet taken out. Exact at some moment during the call.
    pub(crate) fn len(&self) -> u32 {
        loop {
            // ORDERING: Acquire pairs with the reader's Release in `Reader::take`: a message that was taken out was
            // claimed before, so the word read next is not older than this head.
            let head = self.far.head.load(Ordering::Acquire);
            // ORDERING: Acquire keeps the second look at the head behind this load.
            let word = Word(self.near.word.load(Ordering::Acquire));
            // ORDERING: Relaxed; if the head still is the same, it was the head when the word was read: a claim that
            // needed a later head's room would have brought it along (`has_room`).
            if self.far.head.load(Ordering::Relaxed) == head {
                return word.position().wrapping_sub(head);
            }
            spin_loop();
        }
    }

    /// How many messages it holds at most.
    pub(crate) fn capacity(&self) -> u32 {
        self.far.capacity
    }

    /// The most messages that were ever there at once, as far as the reader has seen. It looks when it comes to another
    /// segment, and when room is due: so what it hasn't seen are at most as many as it takes out between two looks.
    pub(crate) fn deepest(&self) -> u32 {
        let seen = Depth::from_raw(self.far.progress.deepest.look()).get();
        // ORDERING: Relaxed; for people to look at. Each message is claimed at a position of its own.
        let was_used = Word(self.near.word.load(Ordering::Relaxed)).position() != 0;
        seen.max(self.len()).max(u32::from(was_used))
    }

    /// The reader's side.
    ///
    /// # Safety
    ///
    /// The caller is the only reader: it has the right to run the actor, which the scheduling step handed over.
    #[inline(always)]
    pub(crate) unsafe fn reader(&self) -> Reader<'_, C, S, O> {
        Reader { ring: self }
    }
}

impl<C, S, O> fmt::Debug for Ring<C, S, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // ORDERING: Relaxed; for people to look at.
        let word = Word(self.near.word.load(Ordering::Relaxed));
        f.debug_struct("Ring").field("word", &word).field("capacity", &self.far.capacity).finish()
    }
}

/// Where a claimed place is.
#[derive(Clone, Copy)]
enum Where {
    Inline,
    In(u32),
    New,
}

/// What a sender that found no room learns at the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Knock {
    /// There is room after all.
    Room,
    /// There is none.
    Full,
    /// The mailbox is closed.
    Closed,
}

/// A claimed place. It must be published.
#[must_use = "a place that is claimed and never published blocks the mailbox"]
pub(super) struct Place<'a> {
    blank: Blank<'a>,
    schedules: bool,
    /// A segment that was acquired for an attempt which failed. It goes back only after the publication, so that
    /// nothing dawdles before it.
    unused: Option<Owned>,
}

impl Place<'_> {
    /// Fills and publishes the place.
    ///
    /// # Safety
    ///
    /// `write` fills the payload as `vtable` expects, and doesn't unwind.
    #[inline(always)]
    pub(super) unsafe fn publish(self, vtable: &'static Vtable, write: impl FnOnce(*mut Payload)) -> Duty {
        // SAFETY: rule 1 of `envelope`: this place is our claim, published here once.
        unsafe { self.blank.publish(vtable, write) };
        if let Some(unused) = self.unused {
            unused.release();
        }
        if self.schedules { Duty::Schedule } else { Duty::Nothing }
    }
}

/// The right to take messages out. One exists at a time.
#[derive(Debug)]
pub(crate) struct Reader<'a, C, S, O> {
    ring: &'a Ring<C, S, O>,
}

impl<'a, C, S, O> Reader<'a, C, S, O> {
    /// The oldest message, if it is published.
    #[inline(always)]
    pub(crate) fn next(&mut self) -> Option<Parcel<'a>> {
        let head = self.head();
        let (end, segment) = self.cursor(|cursor| (*cursor.end, *cursor.segment));
        if head == end {
            return self.next_elsewhere(head);
        }
        // SAFETY: the end is ahead of the head only while there is a segment to look at; it is attached until we let go
        // of it, and holds the head.
        let parcel = unsafe { Segment::slot(segment.unwrap_unchecked(), head).take() }?;
        self.advance_head(head);
        Some(parcel)
    }

    /// As [`next`](Self::next), for a reader that found nothing a moment ago.
    #[cold]
    pub(crate) fn next_after_all(&mut self) -> Option<Parcel<'a>> {
        self.next()
    }

    /// The oldest message, if it is in the inline place or in a segment that we have not reached.
    fn next_elsewhere(&mut self, head: u32) -> Option<Parcel<'a>> {
        if !self.cursor(|cursor| *cursor.inline_taken) {
            // The first message since the actor was idle goes into the inline place: until that one is taken out, none
            // is older. The sign is cleared when the place is free again, by `rest`.
            let vtable = self.ring.near.sign.read()?;
            // SAFETY: published, and we are the reader.
            let parcel = unsafe { Parcel::new(vtable, self.ring.inline.with_mut(<*mut MaybeUninit<Payload>>::cast)) };
            self.advance_head(head);
            self.cursor(|cursor| {
                *cursor.inline_taken = true;
                *cursor.end = head.wrapping_add(1);
            });
            return Some(parcel);
        }
        let segment = self.advance(head)?;
        // SAFETY: attached, and it holds the head: `advance` found it so.
        let parcel = unsafe { Segment::slot(segment, head).take() }?;
        self.advance_head(head);
        Some(parcel)
    }

    /// Moves on to the segment that holds `head`, if anybody has claimed in it.
    fn advance(&mut self, head: u32) -> Option<NonNull<Segment>> {
        // ORDERING: Acquire pairs with the attaching claims' Release: their segments, and the links back.
        let word = Word(self.ring.near.word.load(Ordering::Acquire));
        if word.position() == head || word.segment() == 0 {
            return None;
        }
        self.note_depth(word, head);
        let current = self.cursor(|cursor| *cursor.segment);
        // SAFETY: the current segment is attached until it is let go of below, and we are the reader.
        let known = current.and_then(|current| unsafe { Segment::next(current, |next| *next) });
        let next = match known {
            Some(next) => next,
            None => {
                // SAFETY: as above.
                let oldest = current.map_or(0, |current| unsafe { Segment::number(current) });
                if word.segment() == oldest {
                    return None;
                }
                self.walk_back(word.segment(), oldest)
            }
        };
        if let Some(done) = current {
            // SAFETY: its last place was taken out (`head` is behind its end), and newer claims are in newer
            // segments, so no word holds its number.
            unsafe { Owned::detached(done) }.release();
        }
        self.cursor(|cursor| {
            *cursor.segment = Some(next);
            *cursor.end = (head | (SEGMENT_SLOTS as u32 - 1)).wrapping_add(1);
        });
        Some(next)
    }

    /// Walks from the newest segment back to the one after `oldest`, linking them forward on the way.
    #[cold]
    fn walk_back(&mut self, newest: u32, oldest: u32) -> NonNull<Segment> {
        let mut segment = Segment::find(newest);
        loop {
            // SAFETY: every segment of the chain is attached: we haven't reached it yet. Its link back was
            // acquired with the word: attaching claims form one release sequence.
            let previous = unsafe { Segment::previous(segment) };
            if previous == oldest {
                return segment;
            }
            let before = Segment::find(previous);
            // SAFETY: as above, and we are the reader.
            unsafe { Segment::next(before, |next| *next = Some(segment)) };
            segment = before;
        }
    }

    /// The names of the types of the messages that wait, the oldest first.
    #[cfg(any(corecast_loom, feature = "sim"))]
    pub(crate) fn messages(&mut self) -> Vec<&'static str> {
        // ORDERING: Relaxed; in a simulation one thread has claimed all there is.
        let word = Word(self.ring.near.word.load(Ordering::Relaxed));
        let (mut position, mut names) = (self.head(), Vec::new());
        let (mut end, mut segment, inline_taken) =
            self.cursor(|cursor| (*cursor.end, *cursor.segment, *cursor.inline_taken));
        if !inline_taken && position != word.position() {
            names.extend(self.ring.near.sign.message());
            position = position.wrapping_add(1);
            end = position;
        }
        while position != word.position() {
            if position == end {
                // SAFETY: attached, for it hasn't been let go of; and we are the reader.
                let (known, oldest) = segment.map_or((None, 0), |current| unsafe {
                    (Segment::next(current, |next| *next), Segment::number(current))
                });
                segment = known.or_else(|| (word.segment() != oldest).then(|| self.walk_back(word.segment(), oldest)));
                end = (position | (SEGMENT_SLOTS as u32 - 1)).wrapping_add(1);
            }
            let Some(segment) = segment else { break };
            // SAFETY: attached, and it holds this position.
            names.extend(unsafe { Segment::slot(segment, position) }.message());
            position = position.wrapping_add(1);
        }
        names
    }

    /// Gives room back if a quarter of the capacity has been taken out since the last time, or if `all` must be
    /// given. Returns whether senders may be waiting for it.
    #[inline(always)]
    pub(crate) fn credit(&mut self, all: bool) -> bool {
        let due = self.head().wrapping_add(self.ring.far.capacity);
        // ORDERING: Relaxed; we alone write it.
        let taken = due.wrapping_sub(self.ring.near.limit.load(Ordering::Relaxed));
        // What would be more than a quarter at the next look is given now.
        let is_due = taken + self.credit_interval() > self.quarter();
        if taken == 0 || !(all || is_due) {
            return false;
        }
        let word = self.credit_now(due);
        if !all {
            // Not for each handler that waits.
            self.note_depth(word, self.head());
        }
        word.is_gated()
    }

    /// Notes how many messages there are, if there were never so many.
    #[inline]
    fn note_depth(&self, word: Word, head: u32) {
        let deepest = &self.ring.far.progress.deepest;
        let depth = Depth::of(word.position().wrapping_sub(head));
        // SAFETY: the reader's, and we are the only one.
        if depth.0 > unsafe { deepest.get() } {
            deepest.set(depth.0);
        }
    }

    /// After how many messages to ask for [`credit`](Self::credit) again.
    #[inline(always)]
    pub(crate) fn credit_interval(&self) -> u32 {
        self.quarter().min(CREDIT_INTERVAL)
    }

    #[inline(always)]
    fn quarter(&self) -> u32 {
        (self.ring.far.capacity / 4).max(1)
    }

    #[cold]
    fn credit_now(&mut self, due: u32) -> Word {
        // ORDERING: Release: the head comes before the room that it makes (see `has_room`).
        self.ring.near.limit.store(due, Ordering::Release);
        // ORDERING: Release pairs with the Acquire of `knock`. Both are read-modify-writes of one word: a sender
        // that comes first is seen here, one that comes later sees the limit.
        // Acquire pairs with `knock`'s Release: behind the gate there is a line.
        Word(self.ring.near.word.fetch_or(0, Ordering::AcqRel))
    }

    /// Tries to go idle. `served` says that the line of waiting senders was found empty since the last
    /// message was taken out.
    #[inline(always)]
    pub(crate) fn rest(&mut self, served: bool) -> Rest {
        let head = self.head();
        // ORDERING: Release: as in `credit_now`. The idle CAS publishes it to senders at the gate (`knock`), the
        // line's lock to the others.
        self.ring.near.limit.store(head.wrapping_add(self.ring.far.capacity), Ordering::Release);
        // ORDERING: Acquire pairs with `close` and `nudge`: what they did before is visible to our caller, the reason or the
        // reference count.
        let mut word = Word(self.ring.near.word.load(Ordering::Acquire));
        loop {
            if word.position() != head {
                return Rest::Behind;
            }
            if word.is_gated() && !served && !planted::is(Mutant::RoomLost) {
                return Rest::Gated;
            }
            if word.is_closed() {
                return Rest::Drained;
            }
            if word.is_nudged() {
                return Rest::Nudged;
            }
            // Written before the CAS: behind it the cursor may be the next reader's.
            let (segment, inline_taken) = self.cursor(|cursor| {
                *cursor.end = head;
                (cursor.segment.take(), std::mem::take(cursor.inline_taken))
            });
            if inline_taken {
                // Nobody claims the inline place before the CAS.
                self.ring.near.sign.clear();
            }
            // ORDERING: Release hands the actor's state, the cursor and the sign to whoever schedules it next, and the
            // limit to a sender at the gate. Acquire on failure: as for the load above.
            match self.ring.near.word.compare_exchange(word.0, word.idle().0, Ordering::Release, Ordering::Acquire) {
                Ok(_) => {
                    if let Some(segment) = segment {
                        // SAFETY: all its claimed places were taken out, and the CAS dropped its number.
                        unsafe { Owned::detached(segment) }.release();
                    }
                    return Rest::Idle;
                }
                Err(now) => {
                    word = Word(now);
                    self.cursor(|cursor| {
                        *cursor.segment = segment;
                        *cursor.inline_taken = inline_taken;
                        *cursor.end = Self::end_of(segment, head);
                    });
                }
            }
        }
    }

    /// Takes a nudge back. The caller looks once more after that: the nudge of whoever came meanwhile was this one.
    pub(crate) fn forget_nudge(&mut self) {
        // ORDERING: Acquire pairs with `nudge`'s Release: the caller sees the reference count.
        self.ring.near.word.fetch_and(UNNUDGE, Ordering::Acquire);
    }

    /// Opens a mailbox that was closed, and from which the last message has been taken out: places are claimed again. The caller
    /// looks after that whether it was closed for good.
    pub(crate) fn reopen(&mut self) {
        debug_assert!(self.is_drained());
        // ORDERING: Acquire pairs with `close`'s Release: a close that came before this is undone, but its reason is seen.
        // Release: a claim that succeeds after this comes after all that the reader did before.
        self.ring.near.word.fetch_and(OPEN, Ordering::AcqRel);
    }

    /// How many messages have been taken out so far, modulo 2^32.
    pub(crate) fn taken(&self) -> u32 {
        self.head()
    }

    /// Whether the mailbox is closed, and the last message has been taken out.
    pub(crate) fn is_drained(&self) -> bool {
        // ORDERING: Acquire pairs with `close`, as in `rest`.
        let word = Word(self.ring.near.word.load(Ordering::Acquire));
        word.is_closed() && word.position() == self.head()
    }

    /// Where a cursor on `segment` ends, given that all before `head` is taken out.
    fn end_of(segment: Option<NonNull<Segment>>, head: u32) -> u32 {
        match segment {
            Some(_) => head.wrapping_add(SEGMENT_SLOTS as u32 - 1) & !(SEGMENT_SLOTS as u32 - 1),
            None => head,
        }
    }

    /// Lets go of the last segment of a mailbox that is closed and drained.
    pub(crate) fn finish(&mut self) {
        let head = self.head();
        let segment = self.cursor(|cursor| {
            *cursor.end = head;
            cursor.segment.take()
        });
        if let Some(segment) = segment {
            // SAFETY: closed and drained: all claimed places were taken out and none is claimed any more. The
            // word still holds its number, but a claim on a closed mailbox never looks at it.
            unsafe { Owned::detached(segment) }.release();
        }
    }

    fn head(&self) -> u32 {
        // ORDERING: Relaxed; we alone write it.
        self.ring.far.head.load(Ordering::Relaxed)
    }

    #[inline(always)]
    fn advance_head(&mut self, head: u32) {
        // ORDERING: Release pairs with the Acquire of `Ring::len`.
        self.ring.far.head.store(head.wrapping_add(1), Ordering::Release);
    }

    #[inline(always)]
    fn cursor<R>(&mut self, look: impl FnOnce(Cursor<'_>) -> R) -> R {
        let Progress { segment, end, inline_taken, .. } = &self.ring.far.progress;
        // SAFETY: these are the reader's, and we are the only reader; here, and twice below.
        segment.with_mut(|segment| unsafe {
            end.with_mut(|end| {
                inline_taken.with_mut(|inline_taken| {
                    look(Cursor { segment: &mut *segment, end: &mut *end, inline_taken: &mut *inline_taken })
                })
            })
        })
    }
}
