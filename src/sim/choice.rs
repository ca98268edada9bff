//! Where decisions come from: a seed, or a list of them.
//!
//! Each decision is one of so many; that there is only one isn't a decision. Zero is what a quiet machine would do: the
//! test goes on, or who has been ready for longest; nobody yields, nothing fails. What was decided is recorded, so that a
//! run can be had again, with some of it set to zero.

use std::collections::BTreeMap;

use crate::sync::time::Random;

/// How a check comes from one schedule to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Strategy {
    /// Each decision is drawn by itself. How often an await yields is drawn for each run.
    RandomWalk,
    /// Probabilistic concurrency testing: who runs is a matter of priorities, which are drawn once, and changed at a few
    /// random moments: one less than `depth`. A bug that takes `depth` orders to hit on is found with a probability that
    /// doesn't depend on how long a run is otherwise.
    ///
    /// Source: Burckhardt, Kothari, Musuvathi and Nagarakatte, *A randomized scheduler with probabilistic guarantees of
    /// finding bugs*.
    Pct {
        /// At least one.
        depth: u32,
    },
    /// All schedules, one after the other, up to the number of runs. For small cases: each decision multiplies.
    Exhaustive,
}

/// What was decided, of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) taken: u32,
    pub(super) of: u32,
}

/// Takes decisions.
#[derive(Debug)]
pub(super) struct Chooser {
    source: Source,
    record: Vec<Decision>,
}

#[derive(Debug)]
enum Source {
    Walk {
        random: Random,
        yields: u32,
    },
    Priorities(Box<Priorities>),
    /// Zero, where it ends.
    Script(Box<[u32]>),
}

#[derive(Debug)]
struct Priorities {
    random: Random,
    /// Of each task that has been ready, by its key.
    given: BTreeMap<u64, u64>,
    /// The steps at which the first one has to stand back, the last first.
    changes: Vec<u64>,
    step: u64,
    /// The next priority for one that stands back.
    low: u64,
}

/// Out of 2^32.
pub(super) type Rate = u32;

/// The longest run that priorities are changed in, as a power of two.
const LONGEST: usize = 14;

impl Chooser {
    /// By the seed.
    pub(super) fn new(strategy: Strategy, seed: u64) -> Self {
        let mut random = Random::new(seed);
        // The first numbers of neighbouring seeds resemble each other.
        (0..16).for_each(|_| _ = random.below(2));
        let source = match strategy {
            Strategy::Pct { depth } => {
                let length = 1 << random.below(LONGEST + 1);
                let mut changes: Vec<_> = (1..depth).map(|_| random.below(length) as u64).collect();
                changes.sort_unstable_by(|one, other| other.cmp(one));
                let low = u64::from(depth);
                Source::Priorities(Box::new(Priorities { random, given: BTreeMap::new(), changes, step: 0, low }))
            }
            _ => {
                let yields = [0, Rate::MAX / 16, Rate::MAX / 4, Rate::MAX / 2][random.below(4)];
                Source::Walk { random, yields }
            }
        };
        Self { source, record: Vec::new() }
    }

    /// By a list.
    pub(super) fn script(decisions: &[u32]) -> Self {
        Self { source: Source::Script(decisions.into()), record: Vec::new() }
    }

    /// What was decided so far.
    pub(super) fn record(&self) -> &[Decision] {
        &self.record
    }

    /// One of so many, at least one.
    pub(super) fn pick(&mut self, of: usize) -> usize {
        if of <= 1 {
            return 0;
        }
        let taken = match &mut self.source {
            Source::Walk { random, .. } => random.below(of),
            Source::Priorities(priorities) => priorities.random.below(of),
            Source::Script(_) => self.scripted(of),
        };
        self.note(taken, of)
    }

    /// Who runs next, of so many that have these keys.
    pub(super) fn pick_who(&mut self, of: usize, key: impl Fn(usize) -> u64) -> usize {
        match &mut self.source {
            Source::Priorities(priorities) => {
                let taken = priorities.first(of, key);
                if of > 1 { self.note(taken, of) } else { taken }
            }
            _ => self.pick(of),
        }
    }

    /// Whether something happens that does at this rate.
    pub(super) fn happens(&mut self, rate: Rate) -> bool {
        if rate == 0 {
            return false;
        }
        let taken = match &mut self.source {
            Source::Walk { random, .. } => draws(random, rate),
            Source::Priorities(priorities) => draws(&mut priorities.random, rate),
            Source::Script(_) => self.scripted(2) == 1,
        };
        self.note(usize::from(taken), 2) == 1
    }

    /// Whether the task of this key lets others go first, at an await.
    pub(super) fn yields(&mut self, key: u64) -> bool {
        let taken = match &mut self.source {
            // A decision all the same: a replay asks for it in its place.
            Source::Walk { yields: 0, .. } => false,
            Source::Walk { random, yields } => draws(random, *yields),
            Source::Priorities(priorities) => priorities.stands_back(key),
            Source::Script(_) => self.scripted(2) == 1,
        };
        self.note(usize::from(taken), 2) == 1
    }

    fn scripted(&self, of: usize) -> usize {
        let Source::Script(script) = &self.source else { return 0 };
        script.get(self.record.len()).map_or(0, |&taken| (taken as usize).min(of - 1))
    }

    fn note(&mut self, taken: usize, of: usize) -> usize {
        self.record.push(Decision { taken: taken as u32, of: of as u32 });
        taken
    }
}

fn draws(random: &mut Random, rate: Rate) -> bool {
    random.below(1 << 31) < (rate >> 1) as usize
}

impl Priorities {
    /// The one of the highest priority; at a change, it is given the lowest one first.
    fn first(&mut self, of: usize, key: impl Fn(usize) -> u64) -> usize {
        let first = self.highest(of, &key);
        if self.is_change() {
            self.put_last(key(first));
            return self.highest(of, &key);
        }
        first
    }

    fn highest(&mut self, of: usize, key: &impl Fn(usize) -> u64) -> usize {
        let mut best = (0, 0);
        for index in 0..of {
            let priority = self.of(key(index));
            if priority > best.0 {
                best = (priority, index);
            }
        }
        best.1
    }

    fn of(&mut self, key: u64) -> u64 {
        let (random, low) = (&mut self.random, self.low);
        *self.given.entry(key).or_insert_with(|| low + 1 + random.below(1 << 31) as u64)
    }

    fn stands_back(&mut self, key: u64) -> bool {
        let stands_back = self.is_change();
        if stands_back {
            self.put_last(key);
        }
        stands_back
    }

    fn put_last(&mut self, key: u64) {
        self.given.insert(key, self.changes.len() as u64 + 1);
    }

    fn is_change(&mut self) -> bool {
        self.step += 1;
        let is_due = self.changes.last().is_some_and(|&change| change < self.step);
        if is_due {
            self.changes.pop();
        }
        is_due
    }
}

/// The list that comes after this record, when all lists are gone through: the last decision that has another way takes it.
pub(super) fn successor(record: &[Decision]) -> Option<Vec<u32>> {
    let last = record.iter().rposition(|decision| decision.taken + 1 < decision.of)?;
    let mut next: Vec<_> = record[..=last].iter().map(|decision| decision.taken).collect();
    next[last] += 1;
    Some(next)
}

#[cfg(test)]
mod tests {
    use super::{Chooser, Strategy};

    #[test]
    fn what_was_decided_is_decided_again() {
        for strategy in [Strategy::RandomWalk, Strategy::Pct { depth: 3 }] {
            for seed in 0..100 {
                let decide = |chooser: &mut Chooser| {
                    let mut taken = Vec::new();
                    for of in 2..20 {
                        taken.push(chooser.pick_who(of, |index| index as u64));
                        taken.push(usize::from(chooser.yields(of as u64)));
                        taken.push(usize::from(chooser.happens(1 << 30)));
                    }
                    taken
                };
                let mut drawn = Chooser::new(strategy, seed);
                let first = decide(&mut drawn);
                let script: Vec<_> = drawn.record().iter().map(|decision| decision.taken).collect();
                assert_eq!(decide(&mut Chooser::script(&script)), first, "{strategy:?}, {seed}");
            }
        }
    }
}
