//! What many episodes came to.

use std::fmt;
use std::ops::AddAssign;

use crate::ledger::{FATES, Fate};

/// Counts of one episode or of many.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) episodes: u64,
    pub(crate) actors: u64,
    fates: [u64; FATES.len()],
    pub(crate) refused: u64,
    pub(crate) circles: u64,
    pub(crate) timeouts: u64,
    pub(crate) explosions: u64,
    /// Starts of those that had started before, and starts that supervisors told of.
    pub(crate) restarts: u64,
    pub(crate) told: u64,
    /// How systems ended, by name.
    pub(crate) endings: Vec<(&'static str, u64)>,
}

impl Tally {
    pub(crate) fn add(&mut self, fate: Fate) {
        self.fates[fate as usize - 1] += 1;
    }

    pub(crate) fn count(&self, fate: Fate) -> u64 {
        self.fates[fate as usize - 1]
    }

    /// All messages.
    pub(crate) fn messages(&self) -> u64 {
        self.fates.iter().sum()
    }

    pub(crate) fn ended(&mut self, name: &'static str, times: u64) {
        match self.endings.iter_mut().find(|(other, _)| *other == name) {
            Some((_, count)) => *count += times,
            None => self.endings.push((name, times)),
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.episodes += other.episodes;
        self.actors += other.actors;
        self.fates.iter_mut().zip(other.fates).for_each(|(sum, count)| *sum += count);
        self.refused += other.refused;
        self.circles += other.circles;
        self.timeouts += other.timeouts;
        self.explosions += other.explosions;
        self.restarts += other.restarts;
        self.told += other.told;
        other.endings.into_iter().for_each(|(name, count)| self.ended(name, count));
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (episodes, actors, messages) = (self.episodes, self.actors, self.messages());
        write!(f, "{episodes} episodes, {actors} actors, {messages} messages:")?;
        for fate in FATES.into_iter().filter(|&fate| self.count(fate) > 0) {
            write!(f, " {} {}", self.count(fate), format!("{fate:?}").to_lowercase())?;
        }
        let (circles, timeouts, explosions) = (self.circles, self.timeouts, self.explosions);
        write!(f, "; {circles} circles, {timeouts} timeouts, {explosions} panics of wakers and results")?;
        write!(f, "; {} restarts, {} starts told of; ends:", self.restarts, self.told)?;
        self.endings.iter().try_for_each(|(name, count)| write!(f, " {count} {name}"))
    }
}
