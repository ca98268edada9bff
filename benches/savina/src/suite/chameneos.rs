//! Chameneos (6): creatures meet in pairs at a mall and take on each other's colours.
//!
//! Stresses: many actors that send to one, the mall, and in pairs to each other.
//!
//! Parameters: 100 creatures, 200,000 meetings. Messages: for each meeting two requests to the mall, the introduction and
//! the change of colour; and three for each creature: its start, that the mall is closed, and its count;
//! 4 x 200,000 + 300.
//!
//! Verified: each meeting is one of two creatures, so the creatures' counts add up to twice the meetings; nobody met
//! itself. As numbers, two colours and the one that both turn into add up to a multiple of 3, whether they are equal or not:
//! whoever is visited holds each meeting against that. So each meeting preserves the sum of all colours modulo 3, which in
//! the end is that of the beginning.

use std::sync::{Arc, mpsc};
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Message};
use tokio::runtime::Runtime;
use tokio::sync::mpsc as tokio_mpsc;

use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome, verify};

/// See the module.
pub const BENCHMARK: Benchmark = Benchmark {
    number: 6,
    name: "chameneos",
    parameters: "100 creatures, 200,000 meetings",
    play,
    tokio: Some(play_tokio),
};

const CREATURES: usize = 100;

fn meetings(size: Size) -> u64 {
    size.pick(200_000, 1_000)
}

fn messages(meetings: u64) -> u64 {
    4 * meetings + 3 * CREATURES as u64
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Colour {
    Yellow,
    Blue,
    Red,
}

impl Colour {
    /// The colour of a creature at the beginning.
    fn first(id: usize) -> Self {
        [Self::Yellow, Self::Blue, Self::Red][id % 3]
    }

    /// What both turn into who meet with these colours.
    fn after(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yellow, Self::Yellow) | (Self::Blue, Self::Red) | (Self::Red, Self::Blue) => Self::Yellow,
            (Self::Blue, Self::Blue) | (Self::Yellow, Self::Red) | (Self::Red, Self::Yellow) => Self::Blue,
            (Self::Red, Self::Red) | (Self::Yellow, Self::Blue) | (Self::Blue, Self::Yellow) => Self::Red,
        }
    }
}

/// A creature with its present colour.
#[derive(Debug, Clone, Copy)]
struct Visitor {
    id: usize,
    colour: Colour,
}

/// What a creature has to say in the end.
#[derive(Debug, Clone, Copy)]
struct Count {
    meetings: u64,
    with_itself: u64,
    wrong_colours: u64,
    colour: Colour,
}

/// A creature's state and what it does; how it sends is another matter.
#[derive(Debug)]
struct Life {
    myself: Visitor,
    meetings: u64,
    with_itself: u64,
    wrong_colours: u64,
}

impl Life {
    fn new(id: usize) -> Self {
        Self { myself: Visitor { id, colour: Colour::first(id) }, meetings: 0, with_itself: 0, wrong_colours: 0 }
    }

    /// Takes on the colour that comes of meeting `other`.
    fn meet(&mut self, other: Visitor) -> Colour {
        let colours = [self.myself.colour, other.colour, self.myself.colour.after(other.colour)];
        self.wrong_colours += u64::from(colours.iter().map(|&colour| colour as u64).sum::<u64>() % 3 != 0);
        self.change(colours[2], other.id)
    }

    fn change(&mut self, colour: Colour, met: usize) -> Colour {
        self.myself.colour = colour;
        self.meetings += 1;
        self.with_itself += u64::from(met == self.myself.id);
        colour
    }

    fn count(&self) -> Count {
        let Self { myself, meetings, with_itself, wrong_colours } = *self;
        Count { meetings, with_itself, wrong_colours, colour: myself.colour }
    }
}

fn verify_counts(meetings: u64, counts: &[Count]) -> Result<(), Failure> {
    let parity = |colours: &mut dyn Iterator<Item = Colour>| colours.map(|colour| colour as u64).sum::<u64>() % 3;
    verify("the creatures", CREATURES, counts.len())?;
    verify("meetings of each", 2 * meetings, counts.iter().map(|count| count.meetings).sum())?;
    verify("meetings with oneself", 0, counts.iter().map(|count| count.with_itself).sum())?;
    verify("wrong colours", 0, counts.iter().map(|count| count.wrong_colours).sum())?;
    verify(
        "the sum of the colours modulo 3",
        parity(&mut (0..CREATURES).map(Colour::first)),
        parity(&mut counts.iter().map(|count| count.colour)),
    )
}

/// All creatures, who know each other.
type Creatures = Arc<[ActorRef<Creature>]>;

struct Creature {
    life: Life,
    mall: ActorRef<Mall>,
    /// Empty before the start.
    others: Creatures,
}

impl Actor for Creature {}

impl Creature {
    async fn go_to_the_mall(&self) {
        self.mall.tell(Meet(self.life.myself)).await.expect("the mall lives");
    }
}

/// The beginning.
struct Start(Creatures);

impl Message for Start {
    type Result = ();
}

impl Handler<Start> for Creature {
    async fn handle(&mut self, Start(others): Start, _: &mut ActorContext<Self>) {
        self.others = others;
        self.go_to_the_mall().await;
    }
}

/// To the mall: somebody wants to meet. From the mall: whom to meet.
struct Meet(Visitor);

impl Message for Meet {
    type Result = ();
}

impl Handler<Meet> for Creature {
    async fn handle(&mut self, Meet(other): Meet, _: &mut ActorContext<Self>) {
        let colour = self.life.meet(other);
        let change = Change { colour, met: self.life.myself.id };
        self.others[other.id].tell(change).await.expect("the other creature lives");
        self.go_to_the_mall().await;
    }
}

/// From the creature that was met.
struct Change {
    colour: Colour,
    met: usize,
}

impl Message for Change {
    type Result = ();
}

impl Handler<Change> for Creature {
    async fn handle(&mut self, Change { colour, met }: Change, _: &mut ActorContext<Self>) {
        self.life.change(colour, met);
        self.go_to_the_mall().await;
    }
}

/// The mall is closed.
struct Closed;

impl Message for Closed {
    type Result = ();
}

impl Handler<Closed> for Creature {
    async fn handle(&mut self, _: Closed, ctx: &mut ActorContext<Self>) {
        self.mall.tell(self.life.count()).await.expect("the mall lives");
        // The creatures keep each other alive.
        ctx.stop();
    }
}

struct Mall {
    /// Meetings that are left.
    left: u64,
    waiting: Option<Visitor>,
    /// Empty before it opens.
    creatures: Creatures,
    counts: Vec<Count>,
    report: mpsc::Sender<Vec<Count>>,
}

impl Actor for Mall {}

/// Opens the mall.
struct Open(Creatures);

impl Message for Open {
    type Result = ();
}

impl Handler<Open> for Mall {
    async fn handle(&mut self, Open(creatures): Open, _: &mut ActorContext<Self>) {
        self.creatures = creatures;
        for creature in self.creatures.iter() {
            creature.tell(Start(self.creatures.clone())).await.expect("a creature lives");
        }
    }
}

impl Handler<Meet> for Mall {
    async fn handle(&mut self, Meet(visitor): Meet, _: &mut ActorContext<Self>) {
        if self.left == 0 {
            self.creatures[visitor.id].tell(Closed).await.expect("a creature lives");
        } else if let Some(other) = self.waiting.take() {
            self.left -= 1;
            self.creatures[other.id].tell(Meet(visitor)).await.expect("a creature lives");
        } else {
            self.waiting = Some(visitor);
        }
    }
}

impl Message for Count {
    type Result = ();
}

impl Handler<Count> for Mall {
    async fn handle(&mut self, count: Count, ctx: &mut ActorContext<Self>) {
        self.counts.push(count);
        if self.counts.len() == CREATURES {
            // An error would mean that nobody waits for the result any more.
            let _ = self.report.send(std::mem::take(&mut self.counts));
            ctx.stop();
        }
    }
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let meetings = meetings(size);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let mall = Mall { left: meetings, waiting: None, creatures: Creatures::default(), counts: Vec::new(), report };
    let mall = system.spawn(mall).start()?;
    let mut creatures = Vec::new();
    for id in 0..CREATURES {
        let creature = Creature { life: Life::new(id), mall: mall.clone(), others: Creatures::default() };
        creatures.push(system.spawn(creature).start()?);
    }
    mall.blocking_tell(Open(creatures.into()))?;
    let (outcome, counts) = outcome(started, messages(meetings), &result)?;
    verify_counts(meetings, &counts)?;
    Ok(outcome)
}

/// What the mall's task receives.
enum Request {
    Meet(Visitor),
    Count(Count),
}

/// What a creature's task receives.
enum News {
    Meet(Visitor),
    Change { colour: Colour, met: usize },
    Closed,
}

fn play_tokio(runtime: &Runtime, size: Size) -> Result<Outcome, Failure> {
    let meetings = meetings(size);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let (mall, mut requests) = tokio_mpsc::channel(1_024);
    let (creatures, receivers): (Vec<_>, Vec<_>) = (0..CREATURES).map(|_| tokio_mpsc::channel(1_024)).unzip();
    let creatures: Arc<[_]> = creatures.into();
    for (id, mut receiver) in receivers.into_iter().enumerate() {
        let (mall, creatures) = (mall.clone(), creatures.clone());
        runtime.spawn(async move {
            let mut life = Life::new(id);
            loop {
                mall.send(Request::Meet(life.myself)).await.expect("the mall lives");
                match receiver.recv().await.expect("the creatures know each other") {
                    News::Meet(other) => {
                        let change = News::Change { colour: life.meet(other), met: id };
                        creatures[other.id].send(change).await.expect("the other creature lives");
                    }
                    News::Change { colour, met } => {
                        life.change(colour, met);
                    }
                    News::Closed => break,
                }
            }
            mall.send(Request::Count(life.count())).await.expect("the mall lives");
        });
    }
    runtime.spawn(async move {
        let (mut left, mut waiting, mut counts) = (meetings, None, Vec::new());
        while counts.len() < CREATURES {
            match requests.recv().await.expect("the creatures aren't done") {
                Request::Meet(visitor) if left == 0 => {
                    creatures[visitor.id].send(News::Closed).await.expect("a creature lives");
                }
                Request::Meet(visitor) => match waiting.take() {
                    None => waiting = Some(visitor),
                    Some(Visitor { id, .. }) => {
                        left -= 1;
                        creatures[id].send(News::Meet(visitor)).await.expect("a creature lives");
                    }
                },
                Request::Count(count) => counts.push(count),
            }
        }
        // An error would mean that nobody waits for the result any more.
        let _ = report.send(counts);
    });
    let (outcome, counts) = outcome(started, messages(meetings), &result)?;
    verify_counts(meetings, &counts)?;
    Ok(outcome)
}
