//! A run of places in a numbered block, linked to the one before it.
//!
//! Two places share a cache line, but not two of neighbouring positions: those of the first half of a segment take one place
//! of each line, those of the second half the other ones.
//!
//! | position within the segment | 0 | 1 | … | 31 | 32 | 33 | … | 63 |
//! |---|---|---|---|---|---|---|---|---|
//! | line | 0 | 1 | … | 31 | 0 | 1 | … | 31 |
//!
//! So a sender that is followed closely by the reader on another core has each line for itself while it writes, as if a place
//! were a line; and a burst that is read later takes half of the lines.

use std::mem::{offset_of, size_of};
use std::ptr::{self, NonNull};

use super::envelope::Slot;
use crate::memory::numbered;
use crate::sync::cell::UnsafeCell;
use crate::sync::hint::will_write;
use crate::sync::limits::SEGMENT_SLOTS;

/// How many claims ahead a place is fetched: far enough to have come by then, and near enough not to be taken from a reader.
const AHEAD: usize = 4;

/// What a segment knows beside its places.
#[repr(C)]
struct Trailer {
    /// The number of the next older segment, zero for the first of a chain. Written before the claim that
    /// attaches the segment, constant while it is attached.
    previous: UnsafeCell<u32>,
    /// The next newer segment, once the reader has walked the chain. The reader's alone.
    next: UnsafeCell<Option<NonNull<Segment>>>,
}

/// [`SEGMENT_SLOTS`] places. All are empty whenever the segment is in the pool, which keeps its chain and
/// its number behind the segment (see `memory::numbered`).
#[repr(C)]
pub(super) struct Segment {
    slots: [Slot; SEGMENT_SLOTS],
    trailer: Trailer,
}

const _: () = assert!(offset_of!(Segment, trailer) + size_of::<Trailer>() <= numbered::USABLE);

/// A segment that belongs to one thread: not yet attached, or detached.
#[derive(Debug)]
pub(super) struct Owned(NonNull<Segment>);

impl Owned {
    /// An empty segment.
    #[inline(always)]
    pub(super) fn acquire() -> Self {
        Self(numbered::acquire(prepare).cast())
    }

    /// Its number.
    pub(super) fn number(&self) -> u32 {
        // SAFETY: the block is in use.
        unsafe { numbered::number(self.0.cast()) }
    }

    /// Says which segment comes before it, by number.
    #[inline(always)]
    pub(super) fn set_previous(&mut self, previous: u32) {
        // SAFETY: the segment is ours alone until the claim that attaches it.
        unsafe { trailer(self.0).previous.with_mut(|place| *place = previous) };
    }

    /// Gives up the ownership: the segment is attached.
    pub(super) fn attach(self) -> NonNull<Segment> {
        self.0
    }

    /// Takes the ownership back.
    ///
    /// # Safety
    ///
    /// The segment is detached: no word holds its number, and each of its claimed places was taken out.
    #[inline(always)]
    pub(super) unsafe fn detached(segment: NonNull<Segment>) -> Self {
        Self(segment)
    }

    /// Returns it to the pool.
    #[inline(always)]
    pub(super) fn release(self) {
        // SAFETY: ours alone, and all places are empty: never published, or taken out.
        unsafe {
            trailer(self.0).next.with_mut(|next| *next = None);
            numbered::release(self.0.cast());
        }
    }
}

/// Where the place of `position` is in its segment.
#[inline(always)]
fn index(position: u32) -> usize {
    const LINES: usize = SEGMENT_SLOTS / 2;
    let position = position as usize % SEGMENT_SLOTS;
    position % LINES * 2 + position / LINES
}

impl Segment {
    /// The segment with `number`.
    #[inline(always)]
    pub(super) fn find(number: u32) -> NonNull<Self> {
        numbered::find(number).cast()
    }

    /// The place of `position`.
    ///
    /// # Safety
    ///
    /// The segment is attached and holds `position`.
    #[inline(always)]
    pub(super) unsafe fn slot<'a>(segment: NonNull<Self>, position: u32) -> &'a Slot {
        // SAFETY: an attached segment lives until the reader has taken out its last place.
        unsafe { &(&(*segment.as_ptr()).slots)[index(position)] }
    }

    /// Fetches the place that is claimed [`AHEAD`] claims after `position`, if the segment has it. The core that last read a
    /// message there may still have its line; and the next claim, a read-modify-write, waits for the lines of all that was
    /// written before it.
    #[inline(always)]
    pub(super) fn fetch_ahead_of(segment: NonNull<Self>, position: u32) {
        if position as usize % SEGMENT_SLOTS + AHEAD < SEGMENT_SLOTS {
            will_write(segment.as_ptr().cast::<Slot>().wrapping_add(index(position.wrapping_add(AHEAD as u32))));
        }
    }

    /// Fetches the places behind the first one, for the next claims.
    pub(super) fn fetch_first(segment: NonNull<Self>) {
        for ahead in 1..=AHEAD {
            will_write(segment.as_ptr().cast::<Slot>().wrapping_add(index(ahead as u32)));
        }
    }

    /// The number of the next older segment.
    ///
    /// # Safety
    ///
    /// The segment is attached, and its number was acquired from the word.
    pub(super) unsafe fn previous(segment: NonNull<Self>) -> u32 {
        // SAFETY: written before the attaching claim, constant since.
        unsafe { trailer(segment).previous.with(|previous| *previous) }
    }

    /// Runs `look` on the link to the next newer segment.
    ///
    /// # Safety
    ///
    /// The segment is attached and the caller is the reader.
    pub(super) unsafe fn next<R>(segment: NonNull<Self>, look: impl FnOnce(&mut Option<NonNull<Self>>) -> R) -> R {
        // SAFETY: the link is the reader's alone.
        unsafe { trailer(segment).next.with_mut(|next| look(&mut *next)) }
    }

    /// The number of an attached segment.
    ///
    /// # Safety
    ///
    /// The segment is attached.
    pub(super) unsafe fn number(segment: NonNull<Self>) -> u32 {
        // SAFETY: a block in use.
        unsafe { numbered::number(segment.cast()) }
    }
}

/// What a segment knows beside its places. A reference to the whole segment would reach into the pool's part.
///
/// # Safety
///
/// The segment is the caller's, or attached.
#[inline(always)]
unsafe fn trailer<'a>(segment: NonNull<Segment>) -> &'a Trailer {
    // SAFETY: alive, by the caller's promise; the fields are cells.
    unsafe { &(*segment.as_ptr()).trailer }
}

/// Makes a fresh block a segment: empty places. The number is written afterwards, by the pool.
fn prepare(block: NonNull<u8>) {
    let segment = Segment {
        slots: std::array::from_fn(|_| Slot::new()),
        trailer: Trailer { previous: UnsafeCell::new(0), next: UnsafeCell::new(None) },
    };
    let segment = std::mem::ManuallyDrop::new(segment);
    // SAFETY: a fresh numbered block is nobody else's, and large enough for what is before the padding of the
    // last line (checked above); the padding isn't copied, because the pool keeps its own there.
    unsafe {
        let to: *mut Segment = block.cast().as_ptr();
        ptr::copy_nonoverlapping(&raw const segment.slots, &raw mut (*to).slots, 1);
        ptr::copy_nonoverlapping(&raw const segment.trailer, &raw mut (*to).trailer, 1);
    }
}

#[cfg(test)]
mod tests {
    use super::{AHEAD, SEGMENT_SLOTS, Slot, index};
    use std::mem::size_of;

    #[test]
    fn each_position_has_a_place_and_those_ahead_are_on_other_lines() {
        let mut taken = [false; SEGMENT_SLOTS];
        for position in 0..SEGMENT_SLOTS {
            taken[index(position as u32)] = true;
            let line = |position: usize| index(position as u32) * size_of::<Slot>() / 64;
            let ahead = (position + 1..=position + AHEAD).filter(|ahead| *ahead < SEGMENT_SLOTS);
            assert!(ahead.map(line).all(|ahead| ahead != line(position)), "position {position}");
        }
        assert!(taken.into_iter().all(|is_taken| is_taken));
    }
}
