//! What an episode is like: drawn from its seed.
//!
//! Each episode leaves out some of what there is (Groce and others, *Swarm Testing*, ISSTA 2012): what is always there
//! keeps other things from showing.

use std::time::Duration;

use corecast::{Mailbox, Overflow, RestartType, Strategy};

use crate::plan::Kind;
use crate::player::Step;
use crate::random::Random;

/// How much an episode has in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    Full,
    /// For one of many cycles.
    Small,
    /// In the simulator each step is many.
    Simulated,
}

/// Who asks whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Chain,
    Ring,
    Fan,
    Tree,
    Anybody,
}

/// How a system ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// A shutdown when all players are done: nobody needs to be killed.
    Finish,
    /// A shutdown while others call.
    Shutdown,
    /// The same, with so little time that some are killed.
    Deadline(Duration),
    /// A drop while others call.
    Drop,
    /// A drop when all players are done, in the middle of what they have sent.
    DropBehind,
    /// A drop that overtakes a shutdown.
    Overtake,
    /// A drop by one of the system's own actors.
    Inside,
}

/// What an episode is like.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) seed: u64,
    pub(crate) size: Size,
    pub(crate) workers: usize,
    pub(crate) pinned: bool,
    pub(crate) blocking_threads: usize,
    /// Threads that use the system, or futures in the simulator.
    pub(crate) players: u64,
    /// Of each player.
    pub(crate) steps: u64,
    /// After so many steps the first player ends the system, unless it waits for the others.
    pub(crate) last_step: u64,
    pub(crate) actors: usize,
    pub(crate) shape: Shape,
    pub(crate) ending: Ending,
    pub(crate) send_timeout: Option<Duration>,
    pub(crate) post_stop_deadline: Duration,
    pub(crate) mailboxes: Vec<Mailbox>,
    pub(crate) policies: Vec<Overflow>,
    /// Of supervisors, and of their children.
    pub(crate) strategies: Vec<Strategy>,
    pub(crate) restarts: Vec<RestartType>,
    /// How many restarts supervisors allow for in a short time.
    pub(crate) intensities: Vec<u32>,
    /// Out of a thousand actors so many are placed.
    pub(crate) placed: u64,
    /// Out of a thousand actors so many fail on their own.
    pub(crate) frail: u64,
    /// Nobody ends but by the end of the system, unless a fault of the simulator ends them.
    pub(crate) is_calm: bool,
    /// The longest of the limits and delays, in microseconds.
    pub(crate) longest: u64,
    /// What players do, as often as it is in the list.
    pub(crate) mix: Vec<Step>,
    /// What actors are asked to do, likewise.
    pub(crate) plans: Vec<Kind>,
}

/// Draws how often each of `all` is in a list, up to `weight`; about one in four isn't.
fn mix<T: Copy>(random: &mut Random, all: &[(T, u64)]) -> Vec<T> {
    let mut list = vec![all[0].0];
    for &(item, weight) in all {
        if !random.one_in(4) {
            list.extend((0..=random.below(weight)).map(|_| item));
        }
    }
    list
}

/// About half of `all`, and one at least.
fn some<T: Copy>(random: &mut Random, all: &[T]) -> Vec<T> {
    let mut list: Vec<_> = all.iter().copied().filter(|_| random.one_in(2)).collect();
    if list.is_empty() {
        list.push(*random.pick(all));
    }
    list
}

impl Settings {
    /// Those of a seed.
    pub(crate) fn draw(seed: u64, size: Size) -> Self {
        let random = &mut Random::new(seed, 0);
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as u64;
        let workers = 1 + random.below(4);
        let steps = match size {
            Size::Full => 1 << (5 + random.below(8)),
            Size::Small => 1 << random.below(6),
            Size::Simulated => 1 << (2 + random.below(6)),
        };
        let deadline = Duration::from_micros(random.below(3_000));
        let endings = [
            Ending::Finish,
            Ending::Finish,
            Ending::Shutdown,
            Ending::Deadline(deadline),
            Ending::Drop,
            Ending::DropBehind,
            Ending::Overtake,
            Ending::Inside,
        ];
        let shapes = [Shape::Chain, Shape::Ring, Shape::Fan, Shape::Tree, Shape::Anybody];
        let mailboxes = [1, 1, 2, 3, 8, 64, 1_000].map(Mailbox::bounded);
        let mailboxes = [&mailboxes[..], &[Mailbox::unbounded()]].concat();
        let policies =
            [Overflow::Wait, Overflow::DropNewest, Overflow::DropOldest(1), Overflow::DropOldest(5), Overflow::Latest];
        // What breaks things is left out more often.
        let is_rough = random.one_in(2);
        let plans = if is_rough { [Kind::CALM, Kind::ROUGH].concat() } else { Kind::CALM.to_vec() };
        let is_cruel = random.one_in(2);
        let players = if is_cruel { [Step::CALM, Step::ROUGH].concat() } else { Step::CALM.to_vec() };
        Self {
            seed,
            size,
            workers: workers as usize,
            pinned: workers <= cores && size != Size::Simulated && random.one_in(4),
            blocking_threads: 1 + random.below(4) as usize,
            players: 1 + random.below(4),
            steps,
            last_step: random.below(steps),
            actors: 1 + random.below(12) as usize,
            shape: *random.pick(&shapes),
            ending: *random.pick(&endings),
            send_timeout: random.one_in(4).then(|| Duration::from_micros(random.below(5_000))),
            post_stop_deadline: Duration::from_micros(random.below(5_000)),
            mailboxes: some(random, &mailboxes),
            policies: some(random, &policies),
            strategies: some(random, &[Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne]),
            restarts: some(random, &[RestartType::Permanent, RestartType::Transient, RestartType::Temporary]),
            intensities: some(random, &[0, 1, 5, 1_000]),
            placed: *random.pick(&[0, 100, 500, 1_000]),
            frail: if is_rough { *random.pick(&[0, 10, 100, 300]) } else { 0 },
            is_calm: !is_rough && !is_cruel,
            longest: *random.pick(&[50, 500, 3_000]),
            mix: mix(random, &players),
            plans: mix(random, &plans),
        }
    }
}

impl Settings {
    pub(crate) fn is_simulated(&self) -> bool {
        self.size == Size::Simulated
    }
}

impl Shape {
    /// Whom the actor in a place asks, of so many.
    pub(crate) fn next(self, place: usize, count: usize, random: &mut Random) -> Vec<usize> {
        let anybody = random.below(count as u64) as usize;
        match self {
            Self::Chain => (place + 1..count).take(1).collect(),
            Self::Ring => vec![(place + 1) % count],
            Self::Fan if place == 0 => (1..count).collect(),
            Self::Fan => Vec::new(),
            Self::Tree => (2 * place + 1..2 * place + 3).filter(|&child| child < count).collect(),
            Self::Anybody => vec![anybody],
        }
    }
}

impl Ending {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Finish => "finished",
            Self::Shutdown => "shut down under load",
            Self::Deadline(_) => "shut down with a deadline",
            Self::Drop => "dropped under load",
            Self::DropBehind => "dropped behind",
            Self::Overtake => "dropped in a shutdown",
            Self::Inside => "dropped inside",
        }
    }

    /// Whether it comes when all players are done.
    pub(crate) fn is_behind(self) -> bool {
        matches!(self, Self::Finish | Self::DropBehind)
    }
}
