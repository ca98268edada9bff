//! One message that goes round a ring of actors, each of which tells the next.
//!
//! | row | what happens | what it stands for | what it does not |
//! |---|---|---|---|
//! | `ping-pong` | two actors, one message | a conversation: each hop wakes an idle actor | throughput |
//! | `ring-100` | a hundred actors, one message | as before, through actors that aren't in the cache's first places | the same |
//! | `pairs-64` | 64 pairs at the same time | as before, with work for all workers | uneven work |
//!
//! One operation is one hop. Timed is from the first message, by the main thread, up to the last actor's report to it.
//! The message holds how many hops are left and a hash of the actors that it has passed, which is checked.

mod actix;
mod corecast;
mod kameo;
mod kompact;
mod ractor;
mod tokio;

use super::{Field, Load, Played, Unit, play};
use crate::framework::Framework;

pub const PING_PONG: Load = Load {
    name: "ping-pong",
    operation: "one hop",
    unit: Unit::Nanos,
    full: 1_000_000,
    tiny: 1_000,
    play: |framework, size| rings(framework, Rings { rings: 1, nodes: 2, hops: size }),
};

pub const RING: Load = Load {
    name: "ring-100",
    play: |framework, size| rings(framework, Rings { rings: 1, nodes: 100, hops: size }),
    ..PING_PONG
};

pub const PAIRS: Load = Load {
    name: "pairs-64",
    full: 1_280_000,
    tiny: 6_400,
    play: |framework, size| rings(framework, Rings { rings: 64, nodes: 2, hops: size / 64 }),
    ..PING_PONG
};

const RINGS_BY: &Field<Rings> = &[
    (Framework::Corecast, Ok(corecast::rings)),
    (Framework::Tokio, Ok(tokio::rings)),
    (Framework::Kompact, Ok(kompact::rings)),
    (Framework::Actix, Ok(actix::rings)),
    (Framework::Kameo, Ok(kameo::rings)),
    (Framework::Ractor, Ok(ractor::rings)),
];

#[derive(Debug, Clone, Copy)]
struct Rings {
    rings: u64,
    nodes: u64,
    /// In each ring.
    hops: u64,
}

fn rings(framework: Framework, rings: Rings) -> Played {
    let mut ball = Ball::new(rings.hops);
    let mut nodes = (0..rings.nodes).cycle();
    let hash = loop {
        match ball.pass(nodes.next().expect("a cycle")) {
            Pass::On(next) => ball = next,
            Pass::End(hash) => break hash,
        }
    };
    play(RINGS_BY, framework, rings, rings.rings * rings.hops, rings.rings * hash)
}

/// What goes round: the hops that are left in the upper half, and in the lower a hash of the nodes that it has passed.
#[derive(Debug, Clone, Copy)]
struct Ball(u64);

/// What a node has to do with a ball.
enum Pass {
    On(Ball),
    /// Report the hash.
    End(u64),
}

impl Ball {
    fn new(hops: u64) -> Self {
        Self(hops << 32)
    }

    #[inline]
    fn pass(self, node: u64) -> Pass {
        let hash = (self.0 as u32).wrapping_mul(31).wrapping_add(node as u32 + 1);
        match self.0 >> 32 {
            0 => Pass::End(hash.into()),
            left => Pass::On(Self((left - 1) << 32 | u64::from(hash))),
        }
    }
}

/// What is played to warm up: a tenth.
fn warm_up(hops: u64) -> u64 {
    hops / 10
}
