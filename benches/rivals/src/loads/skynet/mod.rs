//! Skynet: an actor starts ten, each of which starts ten, down to a million leaves; numbers are added up on the way back.
//!
//! After <https://github.com/atemerev/skynet>. It stands for work that is split up among actors of its own, and for
//! the cost of starting actors by the million. It says nothing of actors that live on. In `tiny` runs there are fewer.
//!
//! One operation is one leaf; the actors above them, one for nine leaves, belong to it. Timed is from the start of the
//! root up to its report. The sum of the leaves' numbers is checked.

mod actix;
mod corecast;
mod kameo;
mod kompact;
mod ractor;
mod tokio;

use std::sync::mpsc;

use super::{Field, Load, Unit, play};
use crate::framework::Framework;
use crate::measured::Found;

/// Children of an actor that is no leaf.
const CHILDREN: u64 = 10;

pub const SKYNET: Load = Load {
    name: "skynet",
    operation: "one leaf",
    unit: Unit::Nanos,
    full: 1_000_000,
    tiny: 1_000,
    play: |framework, leaves| play(SKYNET_BY, framework, leaves, leaves, leaves * (leaves - 1) / 2),
};

const SKYNET_BY: &Field<u64> = &[
    (Framework::Corecast, Ok(corecast::skynet)),
    (Framework::Tokio, Ok(tokio::skynet)),
    (Framework::Kompact, Ok(kompact::skynet)),
    (Framework::Actix, Ok(actix::skynet)),
    (Framework::Kameo, Ok(kameo::skynet)),
    (Framework::Ractor, Ok(ractor::skynet)),
];

/// The leaves below an actor: their first number, and how many there are.
#[derive(Debug, Clone, Copy)]
struct Part {
    first: u64,
    leaves: u64,
}

impl Part {
    fn is_leaf(self) -> bool {
        self.leaves == 1
    }

    fn children(self) -> impl Iterator<Item = Self> {
        let leaves = self.leaves / CHILDREN;
        (0..CHILDREN).map(move |child| Self { first: self.first + child * leaves, leaves })
    }
}

/// What the children have brought.
#[derive(Debug, Default)]
struct Sum {
    children: u64,
    sum: u64,
}

impl Sum {
    /// The sum, when all children have brought theirs.
    fn add(&mut self, sum: u64) -> Option<u64> {
        self.children += 1;
        self.sum += sum;
        (self.children == CHILDREN).then_some(self.sum)
    }
}

/// Whom an actor brings its sum.
#[derive(Debug, Clone)]
enum Parent<R> {
    Actor(R),
    Main(mpsc::Sender<u64>),
}

impl<R> Parent<R> {
    fn bring(&self, sum: u64, tell: impl FnOnce(&R)) {
        match self {
            Self::Actor(actor) => tell(actor),
            Self::Main(report) => report.send(sum).expect("the main thread waits"),
        }
    }
}

/// One tree of a thousand leaves to warm up, and then the whole.
fn trees<R>(leaves: u64, root: impl Fn(Part, Parent<R>)) -> Found {
    let (report, sum) = mpsc::channel();
    Found::timed(1_000, leaves, |leaves| {
        root(Part { first: 0, leaves }, Parent::Main(report.clone()));
        sum.recv().expect("the root reports")
    })
}
