//! Messages to idle actors: what one costs as more and more of them live.
//!
//! One worker; a driver's handler tells the actors one after the other, in the order in which they were started or in an
//! order by chance, and lets them run after every ten. Timed is the worker's CPU time for all of it.
//!
//! More actors than the caches hold cost more, whatever the runtime does: each message has to fetch its actor's lines from
//! memory. [`Chase`] does nothing else, over as many lines in the same order. What the message costs beyond that loop is
//! the runtime's.
//!
//! Each actor adds its own number to a sum whenever it is told; the sum has to be that of the numbers told.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use corecast::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Message};
use serde_json::{Value, json};

use crate::Failure;
use crate::chase::Chase;
use crate::measure::{Clock, Random, median};

/// Living actors; a test run has no more than a thousand.
const SIZES: [usize; 4] = [10, 1_000, 100_000, 1_000_000];

/// Messages before the actors run: fewer than the smallest cast, so that each finds its actor idle.
const BATCH: u64 = 10;

thread_local! {
    /// How many messages the actors of this thread have handled, and the sum of who did.
    static HANDLED: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

/// A number of actors, and what a message costs with it.
pub(crate) struct Point {
    pub(crate) actors: usize,
    pub(crate) in_turn: f64,
    pub(crate) by_chance: f64,
    pub(crate) floor_in_turn: f64,
    pub(crate) floor_by_chance: f64,
}

impl Point {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "actors": self.actors,
            "in_turn_ns": self.in_turn,
            "by_chance_ns": self.by_chance,
            "floor_in_turn_ns": self.floor_in_turn,
            "floor_by_chance_ns": self.floor_by_chance,
        })
    }
}

/// Has a number, and says so when it is told.
struct Leaf(u64);

impl Actor for Leaf {}

struct Visit;

impl Message for Visit {
    type Result = ();
}

impl Handler<Visit> for Leaf {
    async fn handle(&mut self, _: Visit, _ctx: &mut ActorContext<Self>) {
        let (handled, sum) = HANDLED.get();
        HANDLED.set((handled + 1, sum.wrapping_add(self.0)));
    }
}

/// Tells the others, and reads the clock.
struct Driver {
    leaves: Vec<ActorRef<Leaf>>,
}

impl Actor for Driver {}

/// So many messages in that order, round and round.
struct Tour {
    order: Arc<[u32]>,
    messages: u64,
}

impl Message for Tour {
    type Result = Duration;
}

impl Handler<Tour> for Driver {
    async fn handle(&mut self, Tour { order, messages }: Tour, ctx: &mut ActorContext<Self>) -> Duration {
        HANDLED.set((0, 0));
        let mut expected = 0_u64;
        let mut order = order.iter().cycle();
        let before = Clock::Thread.now();
        for message in 1..=messages {
            let number = *order.next().expect("an order of at least one");
            expected = expected.wrapping_add(u64::from(number));
            self.leaves[number as usize].tell(Visit).await.expect("the leaf lives");
            if message.is_multiple_of(BATCH) {
                ctx.yield_now().await;
            }
        }
        while HANDLED.get().0 < messages {
            ctx.yield_now().await;
        }
        let taken = Clock::Thread.now() - before;
        assert_eq!(HANDLED.get(), (messages, expected), "each message came to its actor, once");
        taken
    }
}

/// A system with so many actors, and its floor.
struct Stage {
    driver: ActorRef<Driver>,
    orders: [Arc<[u32]>; 2],
    floors: [Chase; 2],
    steps: u64,
    /// In turn and by chance.
    messages: [Vec<f64>; 2],
    floor: [Vec<f64>; 2],
    /// Held so that it lives as long as the actors.
    _system: ActorSystem,
}

impl Stage {
    fn new(actors: usize) -> Result<Self, Failure> {
        let system = ActorSystem::builder().workers(1).build()?;
        let leaves = (0..actors as u64).map(|number| system.spawn(Leaf(number)).start()).collect::<Result<_, _>>()?;
        let driver = system.spawn(Driver { leaves }).start()?;
        let orders: [Arc<[u32]>; 2] = [(0..actors as u32).collect(), Random::new().permutation(actors).into()];
        let floors = [Chase::new(&orders[0]), Chase::new(&orders[1])];
        Ok(Self {
            driver,
            orders,
            floors,
            steps: 0,
            messages: Default::default(),
            floor: Default::default(),
            _system: system,
        })
    }

    /// Plays both orders, and their floors.
    fn play(&mut self, messages: u64) -> Result<(), Failure> {
        self.steps += messages;
        for (index, floor) in self.floors.iter_mut().enumerate() {
            let order = Arc::clone(&self.orders[index]);
            let taken = self.driver.blocking_send(Tour { order, messages })?;
            self.messages[index].push(taken.as_nanos() as f64 / messages as f64);
            self.floor[index].push(floor.step(messages));
            assert_eq!(floor.visits(), Chase::visits_of(self.steps), "the loop did what it is compared for");
        }
        Ok(())
    }

    fn point(self, actors: usize) -> Point {
        let ([in_turn, by_chance], [floor_in_turn, floor_by_chance]) = (self.messages, self.floor);
        Point {
            actors,
            in_turn: median(in_turn),
            by_chance: median(by_chance),
            floor_in_turn: median(floor_in_turn),
            floor_by_chance: median(floor_by_chance),
        }
    }
}

/// Measures all points, and prints them.
pub(crate) fn measure(is_test: bool) -> Result<Vec<Point>, Failure> {
    let (rounds, messages) = if is_test { (1, 2_000) } else { (7, 1_000_000) };
    let sizes: Vec<usize> = SIZES.into_iter().filter(|size| !is_test || *size <= 1_000).collect();
    let mut stages = sizes.iter().map(|size| Stage::new(*size)).collect::<Result<Vec<_>, _>>()?;
    for stage in &mut stages {
        // Once, to warm up.
        stage.play(messages)?;
        (stage.messages, stage.floor) = Default::default();
    }
    for _ in 0..rounds {
        for stage in &mut stages {
            stage.play(messages)?;
        }
    }
    println!("### Messages to idle actors, one worker, CPU time of each\n");
    println!("| living actors | in turn | floor | by chance | floor | by chance, beyond the floor |");
    println!("|---:|---:|---:|---:|---:|---:|");
    let mut points = Vec::new();
    for (actors, stage) in sizes.into_iter().zip(stages) {
        let point = stage.point(actors);
        let Point { in_turn, by_chance, floor_in_turn, floor_by_chance, .. } = &point;
        println!(
            "| {actors} | {in_turn:.1} ns | {floor_in_turn:.1} ns | {by_chance:.1} ns | {floor_by_chance:.1} ns | {:.1} ns |",
            by_chance - floor_by_chance
        );
        points.push(point);
    }
    println!();
    Ok(points)
}
