//! Models of recycled memory: the depot. Everything else in `memory` is a thread's own, or the allocator's.

use corecast::loom_api::memory::{Chain, Depot};
use loom::cell::UnsafeCell;
use loom::thread;
use loom_tests::{Bounds, model};
use std::sync::Arc;

/// What a block's first user leaves in it, so that loom sees whether the next one comes after.
struct Blocks(UnsafeCell<u32>);
// SAFETY: the model is about whether this is so.
unsafe impl Sync for Blocks {}
// SAFETY: it is a number, which any thread may own.
unsafe impl Send for Blocks {}

fn magazine() -> Chain {
    let mut chain = Chain::empty();
    chain.push();
    chain.push();
    chain
}

/// Empties a magazine, and says how many blocks it had.
fn count(mut chain: Chain) -> usize {
    let mut blocks = 0;
    while chain.pop() {
        blocks += 1;
    }
    blocks
}

#[test]
fn a_magazine_passes_from_thread_to_thread() {
    model("depot hand-off", Bounds::default(), &["taken", "missed"], |outcomes| {
        let depot = Arc::new(Depot::new(1));
        let traces = Arc::new(Blocks(UnsafeCell::new(0)));
        let giver = {
            let (depot, traces) = (Arc::clone(&depot), Arc::clone(&traces));
            thread::spawn(move || {
                let chain = magazine();
                // SAFETY: loom checks it: the magazine is still ours, and its taker touches the trace after it.
                traces.0.with_mut(|trace| unsafe { *trace = 1 });
                depot.put(chain);
            })
        };
        let taker = {
            let (depot, traces) = (Arc::clone(&depot), Arc::clone(&traces));
            thread::spawn(move || {
                thread::yield_now();
                let taken = depot.take();
                let blocks = taken.map(count);
                if blocks.is_some() {
                    // SAFETY: loom checks it: we took the magazine, so its giver is done with the trace.
                    traces.0.with_mut(|trace| unsafe { *trace += 1 });
                }
                blocks
            })
        };
        giver.join().unwrap();
        match taker.join().unwrap() {
            Some(blocks) => {
                outcomes.saw("taken");
                assert_eq!(blocks, 2);
                assert!(depot.take().is_none(), "a magazine is taken once");
            }
            None => {
                outcomes.saw("missed");
                assert_eq!(depot.take().map(count), Some(2));
            }
        }
    });
}

#[test]
fn a_full_depot_gives_blocks_back() {
    model("depot full", Bounds::default(), &["both taken", "one taken", "none taken"], |outcomes| {
        let depot = Arc::new(Depot::new(1));
        let givers: Vec<_> = (0..2)
            .map(|_| {
                let depot = Arc::clone(&depot);
                thread::spawn(move || depot.put(magazine()))
            })
            .collect();
        let mut taken = 0;
        for _ in 0..2 {
            thread::yield_now();
            if let Some(chain) = depot.take() {
                taken += 1;
                depot.dissolve(chain);
            }
        }
        outcomes.saw(["none taken", "one taken", "both taken"][taken]);
        for giver in givers {
            giver.join().unwrap();
        }
        // What is left in the depot; loom sees whether anything else is left.
        if let Some(chain) = depot.take() {
            assert_eq!(count(chain), 2);
        }
        assert!(depot.take().is_none());
    });
}
