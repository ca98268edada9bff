//! A hierarchical timing wheel: what is due when, with insertion and removal in constant time.
//!
//! Varghese and Lauck, "Hashed and Hierarchical Timing Wheels" (SOSP 1987), scheme 7. Time is counted in ticks. Each of
//! the levels has 64 slots, and a slot of one level is as long as the whole level below it; so [`LEVELS`] levels hold
//! every tick that a clock of 64 bits can come to, and there is no list for what lies beyond. An entry lies on the level
//! of the highest digit (base 64) in which its tick differs from the present one, in the slot of that digit. When the
//! present comes to the beginning of such a slot, its entries move to lower levels; on the lowest they are due.
//!
//! Entries with the same tick come out in the order in which they went in: slots are queues, and whoever belongs to a slot
//! that is just being emptied joins its end.
//!
//! | step | cost |
//! |---|---|
//! | insert, remove | constant |
//! | next | a look at a word per level |
//! | expire | constant per entry that is due, and per entry and level that it comes down |
//!
//! An entry may have an *owner*, an entry of its own that is due at no time: it heads a list of those that it owns. An entry
//! that *stays* is kept when it has expired, without a value, until it is put in again or removed.
//!
//! Entries may come in *fresh*: their time begins when somebody says so, and only then are they put where they belong. They
//! wait in one of two queues. Those of the *near* one are put in the wheel by whoever begins their time. Those of the *far*
//! one, most of which are removed long before they are due, may stay: what is written down for all of them at once is when
//! the time began of those that had come in up to then, and each finds that when it is put in the wheel.
//!
//! Entries lie in chunks that are never moved and never given back before the wheel's end; a free one is used again, and
//! its generation tells an old key from a new one. Not for several threads: whoever shares it locks it.

use std::collections::VecDeque;

use super::timer::Tick;
use crate::sync::limits::FRESH_SPELLS;

/// Digits of a tick, base 64.
const LEVELS: usize = Tick::BITS.div_ceil(DIGIT) as usize;
/// The queues of those that came in fresh, beside the levels.
const FRESH: usize = LEVELS;
const NEAR: usize = 0;
const FAR: usize = 1;
const DIGIT: u32 = 6;
const SLOTS: usize = 1 << DIGIT;

/// Entries of one chunk.
const CHUNK: usize = 256;

/// The level of an entry that lies in no slot.
const NOWHERE: u8 = u8::MAX;

/// No entry.
const NONE: u32 = u32::MAX;

/// The wheel.
#[derive(Debug)]
pub(super) struct Wheel<T> {
    /// The present, as far as it has been asked for. No slot that holds an entry begins before it.
    present: u64,
    levels: [Level; LEVELS + 1],
    /// The level and slot whose beginning is the present and whose entries are on their way down.
    falling: Option<(usize, usize)>,
    /// The spell in which entries come in now.
    spell: u32,
    /// Whether any has come to the far queue in it.
    has_far: bool,
    /// When the spells ended, for entries that are still in the far queue. The oldest first.
    spells: VecDeque<Spell>,
    chunks: Vec<Box<[Entry<T>; CHUNK]>>,
    /// The first of the free entries.
    free: u32,
}

#[derive(Clone, Copy, Debug)]
struct Level {
    /// A bit for each slot that isn't empty.
    occupied: u64,
    /// The first entry of each slot. Its `previous` is the last one.
    slots: [u32; SLOTS],
}

/// A time without a look at the far queue. At its end the time begins of those that came to it meanwhile.
#[derive(Clone, Copy, Debug)]
struct Spell {
    number: u32,
    end: u64,
}

/// A cache line, if its value is no larger than three words.
#[derive(Debug)]
#[repr(align(64))]
struct Entry<T> {
    tick: u64,
    /// The one before it in its slot; of the first one, the last.
    previous: u32,
    /// The next one of its slot, or of the free ones.
    next: u32,
    /// How often it was used.
    generation: u32,
    /// The entry that owns it.
    owner: u32,
    /// The ring of an owner and what it owns: who came before it, and after. Itself, if there is nobody else.
    older: u32,
    newer: u32,
    /// In which spell it came to the far queue.
    spell: u32,
    level: u8,
    slot: u8,
    /// Whether it is kept when it expires.
    stays: bool,
    value: Option<T>,
}

/// Where an entry lies.
struct Place {
    level: u8,
    slot: u8,
    previous: u32,
}

impl Place {
    const NOWHERE: Self = Self { level: NOWHERE, slot: 0, previous: NONE };
}

/// An entry's owner and neighbours in its ring.
struct Ring {
    owner: u32,
    older: u32,
    newer: u32,
}

/// An entry's name, until the entry is removed or expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) index: u32,
    pub(super) generation: u32,
}

/// An entry that has expired.
#[derive(Debug)]
pub(super) struct Expired<'a, T> {
    pub(super) key: Key,
    pub(super) value: T,
    /// Whoever owns it, and its value.
    pub(super) owner: Option<(Key, &'a T)>,
    /// Whether it is kept.
    pub(super) stays: bool,
}

impl<T> Wheel<T> {
    /// An empty wheel, at tick zero.
    pub(super) fn new() -> Self {
        let level = Level { occupied: 0, slots: [NONE; SLOTS] };
        Self {
            present: 0,
            levels: [level; LEVELS + 1],
            falling: None,
            spell: 0,
            has_far: false,
            // All that it may hold: arming is to call no allocator. Untouched, it takes no memory.
            spells: VecDeque::with_capacity(FRESH_SPELLS),
            chunks: Vec::new(),
            free: NONE,
        }
    }

    /// Adds an entry that is due at `tick`; at once, if that has passed.
    pub(super) fn insert(&mut self, tick: Tick, value: T) -> Key {
        let key = self.take(tick.get(), value);
        self.enter(key.index);
        key
    }

    /// Adds an entry that is due at no time, and may own others.
    pub(super) fn own(&mut self, value: T) -> Key {
        self.take(0, value)
    }

    /// Adds an entry that is due at `tick`, as [`insert`](Self::insert), and ends with its owner. It may stay.
    ///
    /// # Errors
    ///
    /// The value back, if the owner is gone.
    #[inline]
    pub(super) fn insert_owned(&mut self, owner: Key, tick: Tick, value: T, stays: bool) -> Result<Key, T> {
        let key = self.take_owned(owner, tick.get(), value, |_, _| Place::NOWHERE, stays)?;
        self.enter(key.index);
        Ok(key)
    }

    /// The same for one that comes in fresh, into the far queue, and that doesn't stay.
    ///
    /// # Errors
    ///
    /// As there.
    #[inline]
    pub(super) fn insert_owned_fresh(&mut self, owner: Key, length: u64, value: T) -> Result<Key, T> {
        self.has_far = true;
        self.take_owned(owner, length, value, |wheel, index| wheel.join(index, FRESH, FAR), false)
    }

    /// Lets an entry that has expired and stayed be due again.
    ///
    /// # Errors
    ///
    /// The value back, if the entry is gone.
    pub(super) fn insert_again(&mut self, key: Key, tick: Tick, value: T) -> Result<(), T> {
        if !self.holds(key) {
            return Err(value);
        }
        let entry = self.entry(key.index);
        debug_assert!(entry.stays && entry.value.is_none());
        (entry.tick, entry.value) = (tick.get(), Some(value));
        self.enter(key.index);
        Ok(())
    }

    /// Lets an entry that stays be due at `tick`, and at no other, whether it has expired or not.
    ///
    /// # Errors
    ///
    /// The value back, if the entry is gone.
    pub(super) fn reset(&mut self, key: Key, tick: Tick, value: T) -> Result<(), T> {
        if !self.holds(key) {
            return Err(value);
        }
        if self.entry(key.index).level != NOWHERE {
            self.unlink(key.index);
        }
        let entry = self.entry(key.index);
        debug_assert!(entry.stays);
        (entry.tick, entry.value) = (tick.get(), Some(value));
        self.enter(key.index);
        Ok(())
    }

    /// Takes out the oldest entry that `owner` owns, and tells its value, if it has one. In the end takes out the owner.
    pub(super) fn remove_owned(&mut self, owner: Key) -> Option<Option<T>> {
        if !self.holds(owner) {
            return None;
        }
        let index = self.entry(owner.index).newer;
        Some(self.end(index))
    }

    /// Adds an entry whose time begins at the next [`begin`](Self::begin) that comes to it. `length` is for whoever begins it.
    pub(super) fn insert_fresh(&mut self, length: u64, value: T) -> Key {
        let key = self.take(length, value);
        self.link_at(key.index, FRESH, NEAR);
        key
    }

    /// Whether there are entries that came in fresh and haven't been put in their places.
    #[inline]
    pub(super) fn has_fresh(&self) -> bool {
        self.levels[FRESH].occupied != 0
    }

    /// Whether the time of some of them may not have begun.
    pub(super) fn has_unbegun(&self) -> bool {
        self.levels[FRESH].slots[NEAR] != NONE || self.has_far && self.has_fresh()
    }

    /// When the time of the oldest in the far queue began, if it has.
    pub(super) fn far_since(&self) -> Option<u64> {
        self.spells.front().filter(|_| self.has_fresh()).map(|spell| spell.end)
    }

    /// Begins the time of those in the near queue, the oldest first and as many as are put in their places, and that of all
    /// in the far queue, if it can. Puts no more than `most` in their places: `due` tells the tick, by when the time began
    /// and by the length.
    pub(super) fn begin(&mut self, most: usize, now: u64, due: impl Fn(u64, u64) -> Tick) {
        if self.has_far && self.spells.len() < FRESH_SPELLS {
            self.spells.push_back(Spell { number: self.spell, end: now });
            (self.spell, self.has_far) = (self.spell.wrapping_add(1), false);
        }
        for _ in 0..most {
            let [near, far, ..] = self.levels[FRESH].slots;
            let (index, began) = if near != NONE {
                (near, now)
            } else if far == NONE {
                self.spells.clear();
                return;
            } else if let Some(began) = self.began(far) {
                (far, began)
            } else {
                return;
            };
            self.unlink(index);
            let entry = self.entry(index);
            entry.tick = due(began, entry.tick).get();
            self.enter(index);
        }
    }

    /// When the time began of the oldest in the far queue, `first`. Forgets older spells.
    fn began(&mut self, first: u32) -> Option<u64> {
        let spell = self.entry(first).spell;
        while let Some(&Spell { number, end }) = self.spells.front() {
            if number == spell {
                return Some(end);
            }
            self.spells.pop_front();
        }
        None
    }

    /// The entry that is taken next.
    #[inline]
    fn vacant(&mut self) -> u32 {
        if self.free == NONE {
            self.grow();
        }
        self.free
    }

    /// Takes an entry that owns itself alone, and lies nowhere.
    #[inline]
    fn take(&mut self, tick: u64, value: T) -> Key {
        let index = self.vacant();
        self.fill(index, tick, value, Ring { owner: NONE, older: index, newer: index }, Place::NOWHERE, false)
    }

    /// Takes an entry that `owner` owns, and that lies where `place` has it.
    #[inline(always)]
    fn take_owned(
        &mut self,
        owner: Key,
        tick: u64,
        value: T,
        place: impl FnOnce(&mut Self, u32) -> Place,
        stays: bool,
    ) -> Result<Key, T> {
        if !self.holds(owner) {
            return Err(value);
        }
        let index = self.vacant();
        let older = std::mem::replace(&mut self.entry(owner.index).older, index);
        self.entry(older).newer = index;
        let place = place(self, index);
        Ok(self.fill(index, tick, value, Ring { owner: owner.index, older, newer: owner.index }, place, stays))
    }

    /// Fills the vacant entry. Whoever is last in its slot, and in its owner's ring, knows of it already.
    #[inline(always)]
    fn fill(&mut self, index: u32, tick: u64, value: T, ring: Ring, place: Place, stays: bool) -> Key {
        let spell = self.spell;
        let entry = self.entry(index);
        let (generation, free) = (entry.generation, entry.next);
        let Ring { owner, older, newer } = ring;
        let Place { level, slot, previous } = place;
        (entry.tick, entry.previous, entry.next) = (tick, previous, NONE);
        (entry.owner, entry.older, entry.newer) = (owner, older, newer);
        (entry.spell, entry.level, entry.slot, entry.stays) = (spell, level, slot, stays);
        debug_assert!(entry.value.is_none());
        // There is none that would have to be dropped.
        std::mem::forget(entry.value.replace(value));
        self.free = free;
        Key { index, generation }
    }

    /// Takes an entry out, if it is still there. Tells its value; one that has expired and stayed has none.
    #[inline]
    pub(super) fn remove(&mut self, key: Key) -> Option<Option<T>> {
        self.holds(key).then(|| self.end(key.index))
    }

    /// Takes an entry out.
    #[inline]
    fn end(&mut self, index: u32) -> Option<T> {
        if self.entry(index).level != NOWHERE {
            self.unlink(index);
        }
        self.release(index)
    }

    /// The value of an entry that is still there.
    pub(super) fn value(&mut self, key: Key) -> Option<&mut T> {
        if self.holds(key) { self.entry(key.index).value.as_mut() } else { None }
    }

    /// Whether an entry is still there.
    #[inline]
    pub(super) fn holds(&self, key: Key) -> bool {
        let chunk = self.chunks.get(key.index as usize / CHUNK);
        chunk.is_some_and(|chunk| chunk[key.index as usize % CHUNK].generation == key.generation)
    }

    /// When to look again: no entry is due before this.
    pub(super) fn next(&self) -> Option<Tick> {
        self.first_slot().map(|(_, _, start)| Tick::new(start))
    }

    /// Takes out entries that are due at `now`, the earliest first, and moves others down: no more than `most` steps.
    /// Returns whether it came to the end.
    pub(super) fn expire(&mut self, now: Tick, most: usize, mut each: impl FnMut(Expired<'_, T>)) -> bool {
        for _ in 0..most {
            let Some((level, slot, start)) = self.first_slot().filter(|&(_, _, start)| start <= now.get()) else {
                self.present = self.present.max(now.get());
                return true;
            };
            self.present = start;
            let index = self.levels[level].slots[slot];
            self.unlink(index);
            if level > 0 {
                let (lower, home) = self.home(index);
                self.link_at(index, lower, home);
                let is_empty = self.levels[level].slots[slot] == NONE;
                self.falling = (!is_empty).then_some((level, slot));
            } else {
                self.expire_one(index, &mut each);
            }
        }
        false
    }

    /// Passes on an entry that is due, and isn't linked any more.
    fn expire_one(&mut self, index: u32, each: &mut impl FnMut(Expired<'_, T>)) {
        let entry = self.entry(index);
        entry.level = NOWHERE;
        let (owner, stays, generation) = (entry.owner, entry.stays, entry.generation);
        let value = if stays { entry.value.take() } else { self.release(index) };
        if let Some(value) = value {
            let owner = if owner == NONE { None } else { self.owner(owner) };
            each(Expired { key: Key { index, generation }, value, owner, stays });
        }
    }

    /// The name of an owner, and its value.
    fn owner(&mut self, index: u32) -> Option<(Key, &T)> {
        let Entry { generation, value, .. } = self.entry(index);
        Some((Key { index, generation: *generation }, value.as_ref()?))
    }

    /// Takes everything out.
    pub(super) fn clear(&mut self) -> impl Iterator<Item = T> + use<T> {
        std::mem::replace(self, Self::new())
            .chunks
            .into_iter()
            .flat_map(|chunk| (chunk as Box<[Entry<T>]>).into_vec())
            .filter_map(|entry| entry.value)
    }

    /// The slot that begins first, and when that is.
    fn first_slot(&self) -> Option<(usize, usize, u64)> {
        if let Some((level, slot)) = self.falling {
            return Some((level, slot, self.present));
        }
        // The lowest level comes first: what lies on a level is due before the next slot of the level above begins.
        let level = self.levels[..LEVELS].iter().position(|level| level.occupied != 0)?;
        let slot = self.levels[level].occupied.trailing_zeros() as usize;
        let shift = level as u32 * DIGIT;
        // All higher digits are those of the present.
        let higher = self.present >> shift & !(SLOTS as u64 - 1);
        Some((level, slot, (higher | slot as u64) << shift))
    }

    /// Links an entry that comes in: behind those that came before it, also where these are still on their way down.
    #[inline]
    fn enter(&mut self, index: u32) {
        let (level, slot) = self.home(index);
        match self.falling {
            Some((falling, from)) if level < falling => self.link_at(index, falling, from),
            _ => self.link_at(index, level, slot),
        }
    }

    /// The level and slot that an entry's tick belongs to.
    #[inline]
    fn home(&mut self, index: u32) -> (usize, usize) {
        let present = self.present;
        let tick = self.entry(index).tick.max(present);
        let level = ((tick ^ present) | 1).ilog2() / DIGIT;
        let slot = (tick >> (level * DIGIT)) as usize % SLOTS;
        (level as usize, slot)
    }

    /// Links an entry at the end of a slot.
    #[inline]
    fn link_at(&mut self, index: u32, level: usize, slot: usize) {
        let Place { level, slot, previous } = self.join(index, level, slot);
        let entry = self.entry(index);
        (entry.level, entry.slot, entry.previous, entry.next) = (level, slot, previous, NONE);
    }

    /// Lets a slot end with an entry. What comes back is for the entry itself.
    #[inline]
    fn join(&mut self, index: u32, level: usize, slot: usize) -> Place {
        let first = self.levels[level].slots[slot];
        let mut previous = index;
        if first == NONE {
            self.levels[level].slots[slot] = index;
            self.levels[level].occupied |= 1 << slot;
        } else {
            previous = std::mem::replace(&mut self.entry(first).previous, index);
            self.entry(previous).next = index;
        }
        Place { level: level as u8, slot: slot as u8, previous }
    }

    #[inline]
    fn unlink(&mut self, index: u32) {
        let &mut Entry { previous, next, level, slot, .. } = self.entry(index);
        let (level, slot) = (usize::from(level), usize::from(slot));
        let first = self.levels[level].slots[slot];
        // Whose `previous` this one is: the next one's or, at the end, the first one's.
        let after = if next == NONE { first } else { next };
        self.entry(after).previous = previous;
        if index != first {
            self.entry(previous).next = next;
            return;
        }
        self.levels[level].slots[slot] = next;
        if next == NONE {
            self.levels[level].occupied &= !(1 << slot);
            if self.falling == Some((level, slot)) {
                self.falling = None;
            }
        }
    }

    /// Frees an entry that isn't linked. What it owns has gone before.
    #[inline]
    fn release(&mut self, index: u32) -> Option<T> {
        let free = std::mem::replace(&mut self.free, index);
        let &mut Entry { owner, older, newer, .. } = self.entry(index);
        if owner != NONE {
            self.entry(older).newer = newer;
            self.entry(newer).older = older;
        }
        let entry = self.entry(index);
        entry.next = free;
        entry.generation = entry.generation.wrapping_add(1);
        entry.value.take()
    }

    #[cold]
    fn grow(&mut self) {
        let first = (self.chunks.len() * CHUNK) as u32;
        let last = first + CHUNK as u32 - 1;
        let fresh = |index| Entry {
            tick: 0,
            previous: NONE,
            next: if index == last { NONE } else { index + 1 },
            generation: 0,
            owner: NONE,
            older: index,
            newer: index,
            spell: 0,
            level: NOWHERE,
            slot: 0,
            stays: false,
            value: None,
        };
        let chunk: Box<[Entry<T>]> = (first..=last).map(fresh).collect();
        self.chunks.push(chunk.try_into().unwrap_or_else(|_| unreachable!("so many are made")));
        self.free = first;
    }

    #[inline]
    fn entry(&mut self, index: u32) -> &mut Entry<T> {
        &mut self.chunks[index as usize / CHUNK][index as usize % CHUNK]
    }
}

#[cfg(test)]
mod tests {
    use super::{FRESH_SPELLS, SLOTS, Tick, Wheel};
    use crate::sync::time::Random;
    use std::collections::BTreeSet;

    fn due(wheel: &mut Wheel<u64>, now: u64) -> Vec<u64> {
        let mut due = Vec::new();
        while !wheel.expire(Tick::new(now), 7, |expired| due.push(expired.value)) {}
        due
    }

    #[test]
    fn entries_expire_at_their_tick_and_not_before() {
        let mut wheel = Wheel::new();
        for tick in [0, 1, 63, 64, 65, 4_095, 4_096, 1 << 30, Tick::MAX.get()] {
            wheel.insert(Tick::new(tick), tick);
            if tick > 0 {
                let before = due(&mut wheel, tick - 1);
                assert!(before.iter().all(|&early| early < tick), "{tick}: {before:?}");
            }
            assert_eq!(due(&mut wheel, tick), [tick]);
        }
        assert_eq!(wheel.next(), None);
    }

    #[test]
    fn what_has_passed_is_due_at_once() {
        let mut wheel = Wheel::new();
        assert!(due(&mut wheel, 1_000).is_empty());
        wheel.insert(Tick::new(3), 3);
        assert_eq!(wheel.next(), Some(Tick::new(1_000)));
        assert_eq!(due(&mut wheel, 1_000), [3]);
    }

    #[test]
    fn an_entry_that_stays_is_due_at_the_last_time_it_was_given() {
        let mut wheel = Wheel::new();
        let owner = wheel.own(0);
        let key = wheel.insert_owned(owner, Tick::new(5), 1, true).unwrap();
        assert_eq!(wheel.reset(key, Tick::new(9_000), 2), Ok(()), "later");
        assert!(due(&mut wheel, 8_999).is_empty());
        assert_eq!(wheel.reset(key, Tick::new(9_005), 3), Ok(()));
        assert_eq!(wheel.reset(key, Tick::new(9_001), 4), Ok(()), "earlier");
        assert_eq!(due(&mut wheel, 9_004), [4]);
        assert_eq!(wheel.reset(key, Tick::new(9_004), 5), Ok(()), "again");
        assert_eq!(due(&mut wheel, 9_100), [5]);
        assert_eq!(wheel.remove_owned(owner), Some(None));
        assert_eq!(wheel.reset(key, Tick::new(9_200), 6), Err(6));
        assert!(due(&mut wheel, 10_000).is_empty() && wheel.next().is_none());
    }

    #[test]
    fn the_time_of_fresh_entries_begins_when_it_is_said_to() {
        let mut wheel = Wheel::new();
        let (first, second) = (wheel.insert_fresh(5, 1), wheel.insert_fresh(7, 2));
        assert!(wheel.has_fresh() && wheel.next().is_none());
        assert!(due(&mut wheel, 100).is_empty());
        assert_eq!(wheel.remove(first), Some(Some(1)));
        wheel.begin(1, 100, |began, length| Tick::new(began + length));
        assert_eq!((wheel.has_fresh(), wheel.value(second).copied()), (false, Some(2)));
        assert!(due(&mut wheel, 106).is_empty());
        assert_eq!(due(&mut wheel, 107), [2]);
    }

    #[test]
    fn the_time_of_many_fresh_entries_begins_in_parts_and_in_their_order() {
        let mut wheel = Wheel::new();
        for value in 0..5 {
            wheel.insert_fresh(3, value);
        }
        wheel.begin(4, 0, |_, length| Tick::new(length));
        assert!(wheel.has_fresh());
        assert_eq!(due(&mut wheel, 3), [0, 1, 2, 3]);
        wheel.begin(4, 0, |_, length| Tick::new(length));
        assert!(!wheel.has_fresh());
        assert_eq!(due(&mut wheel, 3), [4]);
    }

    #[test]
    fn entries_of_one_tick_come_out_in_the_order_in_which_they_went_in() {
        for tick in [5, 70, 5_000, 300_000] {
            let mut wheel = Wheel::new();
            let mut keys: Vec<_> = (0..9).map(|value| wheel.insert(Tick::new(tick), value)).collect();
            // From the beginning, the middle and the end.
            for index in [8, 4, 0] {
                wheel.remove(keys.remove(index));
            }
            assert!(due(&mut wheel, tick - 1).is_empty());
            wheel.insert(Tick::new(tick), 9);
            assert_eq!(due(&mut wheel, tick), [1, 2, 3, 5, 6, 7, 9]);
        }
    }

    #[test]
    fn who_comes_while_others_are_on_their_way_down_comes_behind_them() {
        let (mut wheel, mut found) = (Wheel::new(), Vec::new());
        let tick = Tick::new(SLOTS as u64 + 7);
        for value in 0..4 {
            wheel.insert(tick, value);
        }
        assert!(!wheel.expire(tick, 2, |expired| found.push(expired.value)), "two of them are down");
        wheel.insert(tick, 4);
        wheel.insert(Tick::new(SLOTS as u64 * 3), 5);
        found.extend(due(&mut wheel, tick.get()));
        wheel.insert(tick, 6);
        found.extend(due(&mut wheel, SLOTS as u64 * 3));
        assert_eq!(found, [0, 1, 2, 3, 4, 6, 5]);
    }

    #[test]
    fn a_key_is_good_for_its_own_entry_alone() {
        let mut wheel = Wheel::new();
        let first = wheel.insert(Tick::new(9), 1);
        assert_eq!(wheel.remove(first), Some(Some(1)));
        let second = wheel.insert(Tick::new(9), 2);
        assert_eq!(wheel.remove(first), None, "the entry is another's by now");
        assert_eq!(due(&mut wheel, 9), [2]);
        assert_eq!(wheel.remove(second), None, "it has expired");
    }

    #[test]
    fn what_is_owned_ends_with_its_owner_in_its_order() {
        let mut wheel = Wheel::new();
        let (owner, other) = (wheel.own(100), wheel.own(200));
        let own = |wheel: &mut Wheel<u64>, value, stays| {
            wheel.insert_owned(owner, Tick::new(value), value, stays).expect("the owner is there")
        };
        let (first, second, _third) = (own(&mut wheel, 1, false), own(&mut wheel, 2, true), own(&mut wheel, 90, false));
        let fourth = own(&mut wheel, 91, false);
        wheel.insert_owned(other, Tick::new(3), 3, false).unwrap();
        assert_eq!(wheel.remove(fourth), Some(Some(91)));
        let mut found = Vec::new();
        wheel.expire(Tick::new(5), 100, |expired| {
            found.push((expired.value, expired.owner.map(|(key, value)| (key, *value)), expired.stays, expired.key));
        });
        let owners: Vec<_> = found.iter().map(|(value, owner, stays, _)| (*value, *owner, *stays)).collect();
        let (owned, others) = (Some((owner, 100)), Some((other, 200)));
        assert_eq!(owners, [(1, owned, false), (2, owned, true), (3, others, false)]);
        assert!(!wheel.holds(first) && wheel.holds(second) && found[1].3 == second);
        assert_eq!(wheel.insert_again(second, Tick::new(6), 6), Ok(()));
        assert_eq!(due(&mut wheel, 6), [6]);
        assert_eq!(wheel.remove_owned(owner), Some(None), "it has fired, and stayed");
        assert_eq!(wheel.insert_again(second, Tick::new(7), 7), Err(7));
        assert_eq!([wheel.remove_owned(owner), wheel.remove_owned(owner)], [Some(Some(90)), Some(Some(100))]);
        assert_eq!(wheel.remove_owned(owner), None);
        assert_eq!(wheel.insert_owned(owner, Tick::new(7), 7, false), Err(7));
        assert!(wheel.holds(other) && wheel.next().is_none());
    }

    #[test]
    fn what_is_owned_and_fresh_ends_with_its_owner_begun_or_not() {
        let mut wheel = Wheel::new();
        let owner = wheel.own(100);
        for value in 0..3 {
            wheel.insert_owned_fresh(owner, 5 + value, value).expect("the owner is there");
        }
        wheel.begin(2, 100, |began, length| Tick::new(began + length));
        assert!(wheel.has_fresh());
        assert_eq!(due(&mut wheel, 105), [0]);
        assert_eq!([(); 3].map(|()| wheel.remove_owned(owner)), [Some(Some(1)), Some(Some(2)), Some(Some(100))]);
        assert!(!wheel.has_fresh() && wheel.next().is_none());
        assert_eq!(wheel.insert_owned_fresh(owner, 5, 7), Err(7));
    }

    #[test]
    fn those_that_wait_long_know_when_their_time_began_and_let_others_pass() {
        let mut wheel = Wheel::new();
        let due = |began, length| Tick::new(began + length);
        let owner = wheel.own(100);
        let mut keys: Vec<_> = (0..6).map(|_| Vec::new()).collect();
        for (spell, keys) in keys.iter_mut().enumerate() {
            keys.extend((0..3).map(|value| wheel.insert_owned_fresh(owner, 5 + value, value).expect("it is there")));
            assert!(wheel.has_unbegun());
            wheel.begin(0, 10 * spell as u64, due);
            assert!(wheel.has_fresh() && !wheel.has_unbegun() && wheel.far_since() == Some(0));
        }
        // All of the first spell, and one of the third.
        assert!(keys[0].drain(..).all(|key| wheel.remove(key).is_some()));
        assert!(wheel.remove(keys[2].remove(1)).is_some());
        wheel.insert_fresh(1, 7);
        wheel.begin(3, 60, due);
        assert_eq!(wheel.far_since(), Some(10));
        assert_eq!(wheel.levels[super::FRESH].slots[super::NEAR], super::NONE, "that one was the first");
        wheel.begin(100, 70, due);
        assert!(!wheel.has_fresh() && wheel.far_since().is_none());
        let mut found = Vec::new();
        for tick in 0..100 {
            while !wheel.expire(Tick::new(tick), 1, |expired| found.push((tick, expired.value))) {}
        }
        let far =
            [10, 20, 30, 40, 50].into_iter().flat_map(|began| (0..3).map(move |value| (began + 5 + value, value)));
        let mut expected: Vec<_> = far.filter(|&far| far != (26, 1)).chain([(61, 7)]).collect();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_time_of_those_beyond_the_spells_that_are_told_apart_begins_later() {
        let mut wheel = Wheel::new();
        let owner = wheel.own(0);
        for began in 0..FRESH_SPELLS as u64 + 2 {
            wheel.insert_owned_fresh(owner, 0, began).expect("it is there");
            wheel.begin(0, began, |began, _| Tick::new(began));
        }
        assert!(wheel.has_unbegun(), "there is no room for a spell more");
        let last = FRESH_SPELLS as u64 + 9;
        for _ in 0..3 {
            wheel.begin(FRESH_SPELLS, last, |began, _| Tick::new(began));
        }
        assert!(!wheel.has_fresh());
        let found = due(&mut wheel, last - 1);
        assert_eq!(found, (0..FRESH_SPELLS as u64).collect::<Vec<_>>());
        assert_eq!(due(&mut wheel, last), [last - 9, last - 8]);
    }

    #[test]
    fn an_entry_is_a_cache_line() {
        assert_eq!(size_of::<super::Entry<crate::scheduler::timer::Action>>(), 64);
    }

    #[test]
    fn everything_comes_out_when_it_is_cleared() {
        let mut wheel = Wheel::new();
        let key = wheel.insert(Tick::new(0), 700);
        wheel.remove(key);
        let key = wheel.insert(Tick::new(0), 0);
        for value in 1..600 {
            wheel.insert(Tick::new(value * value), value);
        }
        assert_eq!(wheel.clear().collect::<BTreeSet<_>>().len(), 600);
        assert_eq!(wheel.next(), None);
        assert_eq!(wheel.remove(key), None);
    }

    #[test]
    fn the_wheel_agrees_with_an_ordered_set() {
        let mut random = Random::new(0x7161);
        for _ in 0..200 {
            let (mut wheel, mut oracle, mut keys) = (Wheel::new(), BTreeSet::new(), Vec::new());
            let mut now = 0;
            for value in 0..300u64 {
                match random.below(4) {
                    0 | 1 => {
                        let reach = 1 << random.below(22);
                        let tick = now + random.below(reach) as u64;
                        keys.push((wheel.insert(Tick::new(tick), value), tick, value));
                        oracle.insert((tick, value));
                    }
                    2 if !keys.is_empty() => {
                        let (key, tick, value) = keys.swap_remove(random.below(keys.len()));
                        assert_eq!(wheel.remove(key).is_some(), oracle.remove(&(tick, value)));
                    }
                    _ => {
                        let reach = SLOTS << random.below(12);
                        now += random.below(reach) as u64;
                        let next = wheel.next().map(Tick::get);
                        let first = oracle.first().map(|(tick, _)| *tick);
                        assert!(next.is_some() == first.is_some() && next <= first.max(next), "{next:?} {first:?}");
                        if let (Some(next), Some(first)) = (next, first) {
                            assert!(next <= first.max(now));
                        }
                        let later = oracle.split_off(&(now + 1, 0));
                        let expected: Vec<_> = oracle.iter().map(|(_, value)| *value).collect();
                        assert_eq!(due(&mut wheel, now), expected, "by their ticks, and by age where these are equal");
                        oracle = later;
                    }
                }
            }
        }
    }
}
