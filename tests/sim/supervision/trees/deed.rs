//! What a message has its handler do, and what becomes of a leaf's next run.

use corecast::sim::Sim;

/// What a message has its handler do.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    Nothing,
    /// Sleep for so many microseconds.
    Pause(u64),
    /// Tell another leaf these: all calls first, then all awaits.
    Tell(usize, Vec<Deed>),
    /// Ask another leaf, within so many microseconds if that is said.
    Ask(usize, Box<Deed>, Option<u64>),
    /// Have it done in so many microseconds.
    Later(u64, Box<Deed>),
    Panic,
    Fail(&'static str),
    Stop,
    /// Wait for ever.
    Hang,
    Watch(usize),
    Unwatch(usize),
    Link(usize),
    Unlink(usize),
    Trap(bool),
    /// Ask its supervisor how many children there are.
    Count,
    /// Ask its supervisor to be terminated.
    Leave,
}

/// What becomes of a leaf's next run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Omen {
    /// The factory fails.
    NotMade,
    /// It panics.
    MakingPanics,
    /// It has nothing to start.
    Ignored,
    /// It takes so many milliseconds, if it may wait.
    MadeLate(u64),
    /// `pre_start` fails.
    NotStarted,
    StartPanics,
    StartedLate(u64),
    StopPanics,
    StoppedLate(u64),
    DropPanics,
    /// A message of its timer panics.
    TickPanics,
}

impl Deed {
    pub(super) fn draw(sim: &Sim, places: usize, depth: usize) -> Self {
        let peer = || sim.choose(places);
        let micros = || [0, 100, 1_000, 5_000, 40_000][sim.choose(5)];
        let below = || Self::draw(sim, places, depth - 1);
        match sim.choose(40) {
            4..8 => Self::Pause(micros()),
            8..13 if depth > 0 => Self::Tell(peer(), (0..=sim.choose(3)).map(|_| below()).collect()),
            13..18 if depth > 0 => Self::Ask(peer(), Box::new(below()), (sim.choose(2) == 1).then(micros)),
            18..20 if depth > 0 => Self::Later(micros(), Box::new(below())),
            20..26 => Self::Panic,
            26 => Self::Fail("resume"),
            27 | 28 => Self::Fail("restart"),
            29 => Self::Fail(["restart", "stop", "escalate"][sim.choose(3)]),
            30 | 31 => Self::Stop,
            32 => Self::Hang,
            33 => Self::Watch(peer()),
            34 => Self::Unwatch(peer()),
            35 => Self::Link(peer()),
            36 => Self::Unlink(peer()),
            37 => Self::Trap(sim.choose(2) == 1),
            38 => Self::Count,
            39 => Self::Leave,
            _ => Self::Nothing,
        }
    }
}

impl Omen {
    pub(super) fn draw(sim: &Sim) -> Self {
        let millis = || [1, 4, 30][sim.choose(3)];
        match sim.choose(11) {
            0 => Self::NotStarted,
            1 => Self::StartPanics,
            2 => Self::NotMade,
            3 => Self::MakingPanics,
            4 => Self::Ignored,
            5 => Self::MadeLate(millis()),
            6 => Self::StartedLate(millis()),
            7 => Self::StopPanics,
            8 => Self::StoppedLate(millis()),
            9 => Self::DropPanics,
            _ => Self::TickPanics,
        }
    }
}
