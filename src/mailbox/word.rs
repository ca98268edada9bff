//! The word that is a mailbox's whole shared state, and its transitions, all pure.
//!
//! ```text
//! bit 63                         32 31                           5   4      3      2      1       0
//! [ position of the next place: 32 ][ number of the segment: 27 ][ INLINE NUDGED GATED CLOSED SCHEDULED ]
//! ```
//!
//! | bit | set by | cleared by | means |
//! |---|---|---|---|
//! | SCHEDULED | the claim, close or nudge that finds it clear, which then owes a push to a run queue | the reader's last step, going idle | somebody runs or will run the actor |
//! | CLOSED | close | the reader, when all is taken out and the actor begins anew | no place is claimed |
//! | GATED | a sender that found no room; shutdown | whoever empties the line of waiting senders | only the holder of the line's lock claims |
//! | INLINE | the first claim since the actor was idle | the reader's last step, going idle | the inline place is taken |
//! | NUDGED | the last reference's drop | the reader | look again whether anybody can reach the actor |
//!
//! Invariants: SCHEDULED clear ⇒ INLINE clear, no segment, the inline place's sign null, and nothing claimed that isn't
//! taken out. A segment ⇒ INLINE set: the first message since the actor was idle lies in the inline place, the others in
//! segments. Positions count messages modulo 2^32; the low bits of a position are the place within its segment.

use std::fmt;

use crate::memory::numbered::NUMBER_BITS;
use crate::sync::limits::SEGMENT_SLOTS;

const SCHEDULED: u64 = 0b0001;
const CLOSED: u64 = 0b0010;
const GATED: u64 = 0b0100;
const NUDGED: u64 = 0b1000;
const INLINE: u64 = 0b1_0000;
const FLAG_BITS: u32 = 5;
const SEGMENT_MASK: u64 = ((1 << NUMBER_BITS) - 1) << FLAG_BITS;
const POSITION_SHIFT: u32 = FLAG_BITS + NUMBER_BITS;
const ONE_POSITION: u64 = 1 << POSITION_SHIFT;

const _: () = assert!(POSITION_SHIFT == 32, "a position is a u32");
const _: () = assert!(SEGMENT_SLOTS.is_power_of_two());

/// What [`close`](super::ring::Ring::close) sets.
pub(super) const CLOSE: u64 = CLOSED | SCHEDULED;
/// What [`nudge`](super::ring::Ring::nudge) sets.
pub(super) const NUDGE: u64 = NUDGED | SCHEDULED;
/// The complement opens what was closed.
pub(super) const OPEN: u64 = !CLOSED;
/// What a sender that found no room sets.
pub(super) const GATE: u64 = GATED;
/// The complement clears the gate.
pub(super) const UNGATE: u64 = !GATED;
/// The complement clears the nudge.
pub(super) const UNNUDGE: u64 = !NUDGED;

/// A snapshot of the word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Word(pub(super) u64);

impl Word {
    /// A mailbox whose actor is about to run for the first time.
    pub(super) const FIRST: Self = Self(SCHEDULED);

    pub(super) fn is_scheduled(self) -> bool {
        self.0 & SCHEDULED != 0
    }

    pub(super) fn is_closed(self) -> bool {
        self.0 & CLOSED != 0
    }

    pub(super) fn is_gated(self) -> bool {
        self.0 & GATED != 0
    }

    pub(super) fn is_nudged(self) -> bool {
        self.0 & NUDGED != 0
    }

    /// Closed or gated: an ordinary sender doesn't claim.
    pub(super) fn is_barred(self) -> bool {
        self.0 & (CLOSED | GATED) != 0
    }

    /// The next place to be claimed.
    pub(super) fn position(self) -> u32 {
        (self.0 >> POSITION_SHIFT) as u32
    }

    /// The segment of the newest places; zero if there is none.
    pub(super) fn segment(self) -> u32 {
        ((self.0 & SEGMENT_MASK) >> FLAG_BITS) as u32
    }

    /// Whether the inline place is taken, or was since the actor was idle.
    pub(super) fn is_inline_taken(self) -> bool {
        self.0 & INLINE != 0
    }

    /// Whether the next place isn't in a segment that is there already.
    pub(super) fn needs_segment(self) -> bool {
        self.segment() == 0 || (self.position() as usize).is_multiple_of(SEGMENT_SLOTS)
    }

    /// One place further, in the segment that is there.
    pub(super) fn claim(self) -> Self {
        Self(self.0.wrapping_add(ONE_POSITION))
    }

    /// One place further, the first of `segment`.
    pub(super) fn claim_first_of(self, segment: u32) -> Self {
        Self((self.claim().0 & !SEGMENT_MASK) | (u64::from(segment) << FLAG_BITS))
    }

    /// One place further, the inline one; the actor is scheduled.
    pub(super) fn claim_inline(self) -> Self {
        Self(self.claim().0 | SCHEDULED | INLINE)
    }

    /// Everything is taken out: not scheduled, no segment, the inline place free.
    pub(super) fn idle(self) -> Self {
        Self(self.0 & !(SCHEDULED | INLINE | SEGMENT_MASK))
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Word(position {}, segment {}", self.position(), self.segment())?;
        let flags =
            [(SCHEDULED, "scheduled"), (CLOSED, "closed"), (GATED, "gated"), (NUDGED, "nudged"), (INLINE, "inline")];
        for (_, name) in flags.into_iter().filter(|(bit, _)| self.0 & bit != 0) {
            write!(f, ", {name}")?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::{CLOSE, GATE, NUDGE, SEGMENT_SLOTS, UNGATE, UNNUDGE, Word};

    #[test]
    fn the_first_message_of_an_idle_actor_goes_inline_and_schedules() {
        let idle = Word::FIRST.claim_inline().idle();
        assert!(!idle.is_scheduled() && !idle.is_inline_taken());
        let claimed = idle.claim_inline();
        assert!(claimed.is_scheduled() && claimed.is_inline_taken());
        assert_eq!((claimed.position(), claimed.segment()), (2, 0));
        assert!(claimed.needs_segment());
    }

    #[test]
    fn a_segment_serves_up_to_the_next_multiple_of_its_length() {
        let mut word = Word::FIRST.idle().claim_inline().claim_first_of(9);
        assert_eq!((word.position(), word.segment()), (2, 9));
        while word.position() < SEGMENT_SLOTS as u32 {
            assert!(!word.needs_segment());
            word = word.claim();
        }
        assert!(word.needs_segment());
        assert_eq!(word.claim_first_of(10).segment(), 10);
    }

    #[test]
    fn positions_wrap_without_touching_the_rest() {
        let last = Word(u64::MAX << 32 | Word::FIRST.claim_first_of(5).0 & 0xFFFF_FFFF);
        let wrapped = last.claim();
        assert_eq!((wrapped.position(), wrapped.segment()), (0, 5));
        assert!(wrapped.is_scheduled() && !wrapped.is_closed());
    }

    #[test]
    fn flags_are_set_and_cleared_one_by_one_and_shown() {
        let word = Word(Word::FIRST.idle().0 | CLOSE | NUDGE | GATE);
        assert!(word.is_closed() && word.is_nudged() && word.is_gated() && word.is_scheduled());
        let word = Word(word.0 & UNGATE & UNNUDGE);
        assert!(word.is_closed() && !word.is_nudged() && !word.is_gated());
        assert_eq!(format!("{word:?}"), "Word(position 0, segment 0, scheduled, closed)");
    }
}
