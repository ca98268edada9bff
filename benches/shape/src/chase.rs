//! The floor of [`live`](crate::live): as much memory, touched in the same order, by a plain loop.
//!
//! An actor with a small state is three cache lines: the senders', the first message's and what is the reader's. This loop
//! goes from block to block of so many lines, writes to each line, and reads in the block which one is next, so that it
//! can't be ahead of itself, as an actor's first line can't be written before its reference is known. What the caches
//! don't hold costs it as much as it costs the messages; a message costs that and what the runtime does.

use std::hint::black_box;

use crate::measure::Clock;

/// Lines of a block.
const LINES: usize = 3;

#[repr(align(64))]
#[derive(Clone)]
struct Line {
    next: u32,
    visits: u32,
}

/// Blocks, each of which knows the next one.
pub(crate) struct Chase {
    blocks: Vec<[Line; LINES]>,
    here: usize,
}

impl Chase {
    /// As many blocks as `order` is long, to be visited in that order, round and round.
    pub(crate) fn new(order: &[u32]) -> Self {
        let mut blocks = vec![[const { Line { next: 0, visits: 0 } }; LINES]; order.len()];
        for (&here, &next) in order.iter().zip(order.iter().cycle().skip(1)) {
            blocks[here as usize][0].next = next;
        }
        Self { blocks, here: order[0] as usize }
    }

    /// Nanoseconds of a step.
    pub(crate) fn step(&mut self, steps: u64) -> f64 {
        let before = Clock::Thread.now();
        let mut here = self.here;
        for _ in 0..steps {
            let block = &mut self.blocks[here];
            block.iter_mut().for_each(|line| line.visits += 1);
            here = block[0].next as usize;
        }
        self.here = black_box(here);
        let taken = Clock::Thread.now() - before;
        taken.as_nanos() as f64 / steps as f64
    }

    /// Visits of all lines so far.
    pub(crate) fn visits(&self) -> u64 {
        self.blocks.iter().flatten().map(|line| u64::from(line.visits)).sum()
    }

    /// The visits that so many steps make.
    pub(crate) const fn visits_of(steps: u64) -> u64 {
        steps * LINES as u64
    }
}
