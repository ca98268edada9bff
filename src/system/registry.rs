//! Who lives in a system, and under which name.
//!
//! Living actors sit in shards, each behind a lock that is held for a few pointer moves: once when an actor is
//! spawned and once when it ends. Names are behind one lock of their own. A closed registry seats nobody; closing
//! takes each shard's lock, so an actor is either refused, or seen by whoever stops everybody.

use std::collections::HashMap;
use std::num::NonZeroU32;

use crate::actor::reference::ActorRef;
use crate::actor::{Actor, Body};
use crate::error::FindError;
use crate::sync::Arc;
use crate::sync::limits::{SEAT_RUN, SHARDS};
use crate::sync::lock::Mutex;
use crate::task::handle::{Strong, Weak};
use crate::task::identity::ActorId;
use crate::task::typed::Task;

/// The registry.
#[derive(Debug)]
pub(crate) struct Registry {
    shards: Box<[Mutex<Shard>]>,
    names: Mutex<HashMap<Arc<str>, Strong>>,
}

/// Seats of one row.
const ROW: usize = 128;

/// Some of a shard's seats.
#[derive(Debug)]
struct Row {
    seats: [Option<Weak>; ROW],
    /// For a seat that was left: the one that was left before it. Room for it is made with the seat, so that an end
    /// needs no memory.
    before: [Option<Index>; ROW],
}

/// A seat's index in its shard, plus one.
type Index = NonZeroU32;

#[derive(Debug, Default)]
struct Shard {
    #[expect(clippy::vec_box, reason = "rows never move: a shard that grows leaves no copies behind")]
    rows: Vec<Box<Row>>,
    /// Seats that were never used, from here on.
    fresh: u32,
    /// How often a seat was taken.
    turns: u32,
    /// The seat that was left last.
    left: Option<Index>,
    seated: usize,
    /// What keeps those alive that asked for it.
    kept: HashMap<u32, Strong>,
    closed: bool,
}

/// The registry seats nobody any more.
#[derive(Debug)]
pub(crate) struct ClosedError;

impl Shard {
    /// A seat that nobody has.
    fn next(&mut self) -> u32 {
        match self.left {
            Some(index) => index.get() - 1,
            None => {
                if self.fresh as usize == self.rows.len() * ROW {
                    self.rows.push(Box::new(Row { seats: [const { None }; ROW], before: [None; ROW] }));
                }
                self.fresh += 1;
                self.fresh - 1
            }
        }
    }

    /// Whether all numbers of seats are taken.
    fn is_full(&self) -> bool {
        self.left.is_none() && self.fresh as usize == (u32::MAX as usize + 1) / SHARDS
    }

    /// Takes the seat that was the [`next`](Self::next) one.
    fn sit(&mut self, index: u32, task: Weak) {
        let (row, place) = (&mut self.rows[index as usize / ROW], index as usize % ROW);
        if self.left.is_some() {
            self.left = row.before[place].take();
        }
        row.seats[place] = Some(task);
        self.seated += 1;
    }

    /// Frees a seat, if somebody sits there.
    fn leave(&mut self, index: u32) -> Option<Weak> {
        let (row, place) = (self.rows.get_mut(index as usize / ROW)?, index as usize % ROW);
        let task = row.seats[place].take()?;
        row.before[place] = self.left.replace(Index::MIN.saturating_add(index));
        self.seated -= 1;
        if self.seated == 0 && self.rows.len() > 1 {
            // Nobody sits here: give the memory back.
            self.rows = Vec::new();
            self.left = None;
            self.fresh = 0;
        }
        Some(task)
    }

    fn everybody(&self) -> impl Iterator<Item = &Weak> {
        self.rows.iter().flat_map(|row| &row.seats).flatten()
    }
}

/// The number of a seat: shards take turns, a few seats each, so that neighbours stand together wherever numbers are an
/// index.
fn number(shard: usize, index: u32) -> u32 {
    let (run, place) = (index / SEAT_RUN, index % SEAT_RUN);
    (run * SHARDS as u32 + shard as u32) * SEAT_RUN + place
}

/// The shard of a seat, and its index there.
fn split(seat: u32) -> (usize, u32) {
    let (run, place) = (seat / SEAT_RUN, seat % SEAT_RUN);
    (run as usize % SHARDS, run / SHARDS as u32 * SEAT_RUN + place)
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), names: Mutex::default() }
    }

    /// Gives an actor a seat in the shard that `hint` chooses, and its number with it; `keep` keeps it alive for as long
    /// as it sits. Called before the actor is scheduled for the first time.
    pub(crate) fn seat(&self, hint: usize, task: Weak, keep: Option<Strong>) -> Result<ActorId, ClosedError> {
        let mut shard_index = hint % SHARDS;
        let mut shard = self.shards[shard_index].lock();
        // A number has 32 bits for a seat; the shard after one that is full has more.
        for _ in 1..SHARDS {
            if !shard.is_full() {
                break;
            }
            drop(shard);
            shard_index = (shard_index + 1) % SHARDS;
            shard = self.shards[shard_index].lock();
        }
        if shard.closed || shard.is_full() {
            return Err(ClosedError);
        }
        // Not zero, which is nobody's turn.
        shard.turns = shard.turns.checked_add(1).unwrap_or(1);
        let (turn, index) = (shard.turns, shard.next());
        let seat = number(shard_index, index);
        let id = ActorId::of(seat, turn);
        task.take_seat(id);
        shard.sit(index, task);
        if let Some(strong) = keep {
            shard.kept.insert(seat, strong);
        }
        Ok(id)
    }

    /// Frees a seat. What it kept is returned, to be dropped where no lock is held.
    pub(crate) fn leave(&self, seat: u32) -> (Option<Weak>, Option<Strong>) {
        let (shard, index) = split(seat);
        let mut shard = self.shards[shard].lock();
        let task = shard.leave(index);
        // Mostly nobody is kept: then no number is hashed.
        let kept = if shard.kept.is_empty() { None } else { shard.kept.remove(&seat) };
        (task, kept)
    }

    /// The actor of this number, if it hasn't ended.
    pub(crate) fn find_by_id(&self, id: ActorId) -> Option<Strong> {
        let seat = id.seat()?;
        let (shard, index) = split(seat);
        let shard = self.shards[shard].lock();
        let (row, place) = (index as usize / ROW, index as usize % ROW);
        let task = shard.rows.get(row)?.seats[place].as_ref()?;
        (task.id() == id).then(|| task.grasp())
    }

    /// Seats nobody any more.
    pub(crate) fn close(&self) {
        for shard in &self.shards {
            shard.lock().closed = true;
        }
    }

    /// How many actors there are.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().seated).sum()
    }

    /// Everybody who sits here now, also those whom nobody refers to any more.
    pub(crate) fn everybody(&self) -> Vec<Strong> {
        let mut all = Vec::new();
        for shard in &self.shards {
            all.extend(shard.lock().everybody().map(Weak::grasp));
        }
        all
    }

    /// Gives `name` to an actor, and keeps the actor alive under it.
    ///
    /// # Errors
    ///
    /// The reference back, if the name is taken.
    pub(crate) fn claim_name(&self, name: Arc<str>, task: Strong) -> Result<(), Strong> {
        match self.names.lock().entry(name) {
            std::collections::hash_map::Entry::Occupied(_) => Err(task),
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(task);
                Ok(())
            }
        }
    }

    /// Whether somebody has `name`.
    pub(crate) fn is_taken(&self, name: &str) -> bool {
        self.names.lock().contains_key(name)
    }

    /// Frees `name`. What it kept is returned, to be dropped where no lock is held.
    pub(crate) fn free_name(&self, name: &str) -> Option<Strong> {
        self.names.lock().remove(name)
    }

    /// The actor with `name`.
    pub(crate) fn find<A: Actor>(&self, name: &str) -> Result<ActorRef<A>, FindError> {
        let found = self.names.lock().get(name).cloned();
        let Some(strong) = found else {
            return Err(FindError::NotFound { name: name.into() });
        };
        Task::<Body<A>>::of(strong).map(ActorRef::new).map_err(|other| FindError::WrongType {
            name: name.into(),
            expected: std::any::type_name::<A>(),
            found: other.info().type_name(),
        })
    }
}

#[cfg(all(test, not(corecast_loom)))]
mod tests {
    use super::{SHARDS, number, split};
    use std::collections::HashSet;

    #[test]
    fn each_seat_has_a_number_of_its_own() {
        let seats = || (0..SHARDS).flat_map(|shard| (0..300).map(move |index| (shard, index)));
        assert!(seats().all(|(shard, index)| split(number(shard, index)) == (shard, index)));
        let last = (SHARDS - 1, (u32::MAX as usize / SHARDS) as u32);
        assert_eq!((number(last.0, last.1), split(u32::MAX)), (u32::MAX, last));
        assert_eq!(seats().map(|(shard, index)| number(shard, index)).collect::<HashSet<_>>().len(), SHARDS * 300);
    }
}
