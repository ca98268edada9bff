//! Facility Location (27): customers come one by one to a plane that is divided into squares. One whose customers have
//! too far to go, taken together, opens a facility in its middle, splits into four and passes its customers on to them.
//!
//! Stresses: a tree of actors that grows while messages go down it, with news that go up and across.
//!
//! Parameters: 100,000 points, a plane of 500 by 500, alpha 2 (a square splits when its customers' distances sum up to
//! more than alpha times the plane's diagonal), cut-off depth 3, seed 123,456. A message is a customer at a square, its
//! successor's call, news of a facility, or a part of the two rounds in the end. They are counted by who gets them: how
//! many squares there are when news come, and so how often they are told, depends on chance.
//!
//! News: what is opened down to the cut-off depth is told to all squares, by way of the parents. A square splits by
//! what it has known from its start, its own middle and those above it, and looks at the news in the end, when each
//! customer goes to the nearest facility. In the suite it counts them at once, so that its result depends on the order
//! of arrival. The end takes two rounds through the tree: when the first is back at the root all news have been passed
//! on, and go ahead of the second, in which the squares add up.
//!
//! Squares send to their parents and to their children, so their mailboxes are unbounded: bounded ones could wait in a
//! circle.
//!
//! Verified: against a tree of squares that is built in sequence: how many squares, facilities and customers there are,
//! the sum of all distances to the nearest facility, and, for the news, the sum of all distances from the squares that
//! have not split to the facilities that they know.

use std::sync::mpsc;
use std::time::Instant;
use std::{mem, vec};

use corecast::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Mailbox, Message};

use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome, verify};
use crate::random::Random;

/// See the module.
pub const BENCHMARK: Benchmark = Benchmark {
    number: 27,
    name: "facility-location",
    parameters: "100,000 points, grid 500, alpha 2, cut-off 3, seed 123,456",
    play,
    tokio: None,
};

#[derive(Clone, Copy)]
struct Parameters {
    points: usize,
    side: f64,
    alpha: f64,
    cut_off: u32,
    seed: u64,
}

impl Parameters {
    fn new(size: Size) -> Self {
        let suite = Self { points: 100_000, side: 500.0, alpha: 2.0, cut_off: 3, seed: 123_456 };
        // With squares below the cut-off.
        size.pick(suite, Self { points: 3_000, cut_off: 1, ..suite })
    }

    /// What the distances of a square's customers may sum up to.
    fn threshold(self) -> f64 {
        self.alpha * self.side * std::f64::consts::SQRT_2
    }

    fn plane(self) -> Square {
        Square { corner: Point { x: 0.0, y: 0.0 }, side: self.side, depth: 0 }
    }

    fn customers(self) -> Vec<Point> {
        let mut random = Random::new(self.seed);
        (0..self.points).map(move |_| Point { x: random.unit() * self.side, y: random.unit() * self.side }).collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    x: f64,
    y: f64,
}

impl Point {
    fn distance(self, other: Self) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    fn to_nearest<'a>(self, facilities: impl IntoIterator<Item = &'a Self>) -> f64 {
        facilities.into_iter().map(|facility| self.distance(*facility)).fold(f64::INFINITY, f64::min)
    }
}

#[derive(Clone, Copy)]
struct Square {
    corner: Point,
    side: f64,
    depth: u32,
}

impl Square {
    fn middle(self) -> Point {
        Point { x: self.corner.x + self.side / 2.0, y: self.corner.y + self.side / 2.0 }
    }

    fn quarters(self) -> [Self; 4] {
        let (side, Point { x, y }) = (self.side / 2.0, self.corner);
        [(x, y), (x + side, y), (x, y + side), (x + side, y + side)].map(|(x, y)| Self {
            corner: Point { x, y },
            side,
            depth: self.depth + 1,
        })
    }

    /// The quarter that a point is in.
    fn quarter_of(self, point: Point) -> usize {
        let middle = self.middle();
        usize::from(point.x >= middle.x) + 2 * usize::from(point.y >= middle.y)
    }
}

/// Sends a customer when the root has seen the one before.
struct Producer {
    customers: vec::IntoIter<Point>,
    root: Option<ActorRef<Quadrant>>,
}

impl Actor for Producer {}

/// Has it begin.
struct Start(ActorRef<Quadrant>);

impl Message for Start {
    type Result = ();
}

impl Handler<Start> for Producer {
    async fn handle(&mut self, Start(root): Start, _: &mut ActorContext<Self>) {
        self.root = Some(root);
        self.next().await;
    }
}

/// The root has seen the last customer.
struct Next;

impl Message for Next {
    type Result = ();
}

impl Handler<Next> for Producer {
    async fn handle(&mut self, _: Next, _: &mut ActorContext<Self>) {
        self.next().await;
    }
}

impl Producer {
    async fn next(&mut self) {
        let Some(root) = &self.root else { return };
        match self.customers.next() {
            Some(point) => root.tell(Customer(point)).await.expect(LIVES),
            None => {
                root.tell(Close).await.expect(LIVES);
                // The root and its producer keep each other alive.
                self.root = None;
            }
        }
    }
}

/// Squares stop when the second round is back from them, and nothing is sent to them after that.
const LIVES: &str = "a square lives until the end";

/// To whom a square answers.
enum Parent {
    Square { square: ActorRef<Quadrant>, quarter: usize },
    Nobody { producer: ActorRef<Producer>, report: mpsc::Sender<Tally> },
}

struct Quadrant {
    parameters: Parameters,
    square: Square,
    parent: Parent,
    /// The facilities in the middles of the squares above it, and its own.
    own: Vec<Point>,
    /// Those that others have opened.
    news: Vec<Point>,
    customers: Vec<Point>,
    /// The sum of the customers' distances to the square's own facilities.
    cost: f64,
    quarters: Vec<ActorRef<Quadrant>>,
    /// Quarters that haven't answered in this round.
    unanswered: usize,
    tallies: [Tally; 4],
    received: u64,
}

impl Actor for Quadrant {}

/// What a part of the tree has.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    squares: usize,
    customers: usize,
    /// Squares that have split.
    facilities: usize,
    /// The sum of the customers' distances to the nearest facility.
    distance: f64,
    /// The sum of the distances from the squares that have customers to all facilities that they know.
    spread: f64,
    /// Messages that its squares got.
    messages: u64,
}

impl Tally {
    fn plus(self, other: Self) -> Self {
        Self {
            squares: self.squares + other.squares,
            customers: self.customers + other.customers,
            facilities: self.facilities + other.facilities,
            distance: self.distance + other.distance,
            spread: self.spread + other.spread,
            messages: self.messages + other.messages,
        }
    }
}

impl Quadrant {
    fn new(parameters: Parameters, square: Square, parent: Parent, above: &[Point], customers: Vec<Point>) -> Self {
        let mut own = above.to_vec();
        own.push(square.middle());
        let cost = customers.iter().map(|customer| customer.to_nearest(&own)).sum();
        Self {
            parameters,
            square,
            parent,
            own,
            news: Vec::new(),
            customers,
            cost,
            quarters: Vec::new(),
            unanswered: 0,
            tallies: [Tally::default(); 4],
            received: 0,
        }
    }

    async fn split(&mut self, ctx: &ActorContext<Self>) {
        let mut shares = [const { Vec::new() }; 4];
        for customer in mem::take(&mut self.customers) {
            shares[self.square.quarter_of(customer)].push(customer);
        }
        for (quarter, (square, customers)) in self.square.quarters().into_iter().zip(shares).enumerate() {
            let parent = Parent::Square { square: ctx.actor_ref(), quarter };
            let mut quadrant = Self::new(self.parameters, square, parent, &self.own, customers);
            quadrant.news = self.news.clone();
            // It sends to its parent, and its parent to it: with bounded mailboxes they could wait for each other.
            let quadrant = ctx.system().spawn(quadrant).mailbox(Mailbox::unbounded()).start();
            self.quarters.push(quadrant.expect("the system runs"));
        }
        if self.square.depth <= self.parameters.cut_off
            && let Parent::Square { square, quarter } = &self.parent
        {
            square.tell(Opened { at: self.square.middle(), quarter: *quarter }).await.expect(LIVES);
        }
    }

    /// Sends a message to all quarters.
    async fn tell_quarters<M: Message<Result = ()> + Copy>(&mut self, message: M)
    where
        Self: Handler<M>,
    {
        self.unanswered = self.quarters.len();
        for quarter in &self.quarters {
            quarter.tell(message).await.expect(LIVES);
        }
    }

    /// All of the tree below is closed: no customer and no news are on their way up from there.
    async fn closed(&mut self) {
        match &self.parent {
            Parent::Square { square, .. } => square.tell(Closed).await.expect(LIVES),
            Parent::Nobody { .. } => self.tell_quarters(AddUp).await,
        }
    }

    async fn added_up(&self, tally: Tally, ctx: &ActorContext<Self>) {
        let tally = Tally { squares: tally.squares + 1, messages: tally.messages + self.received, ..tally };
        match &self.parent {
            Parent::Square { square, quarter } => {
                square.tell(AddedUp { quarter: *quarter, tally }).await.expect(LIVES);
            }
            Parent::Nobody { report, .. } => {
                // An error would mean that nobody waits for the result any more.
                let _ = report.send(tally);
            }
        }
        // Parents and children keep each other alive.
        ctx.stop();
    }
}

/// A customer at a place.
struct Customer(Point);

impl Message for Customer {
    type Result = ();
}

impl Handler<Customer> for Quadrant {
    async fn handle(&mut self, Customer(point): Customer, ctx: &mut ActorContext<Self>) {
        self.received += 1;
        if self.quarters.is_empty() {
            self.customers.push(point);
            self.cost += point.to_nearest(&self.own);
            if self.cost > self.parameters.threshold() {
                self.split(ctx).await;
            }
        } else {
            let quarter = self.square.quarter_of(point);
            self.quarters[quarter].tell(Customer(point)).await.expect(LIVES);
        }
        if let Parent::Nobody { producer, .. } = &self.parent {
            producer.tell(Next).await.expect("the producer waits for the call");
        }
    }
}

/// A facility was opened in this quarter.
struct Opened {
    at: Point,
    quarter: usize,
}

impl Message for Opened {
    type Result = ();
}

impl Handler<Opened> for Quadrant {
    async fn handle(&mut self, Opened { at, quarter }: Opened, _: &mut ActorContext<Self>) {
        self.received += 1;
        self.news.push(at);
        for (other, square) in self.quarters.iter().enumerate() {
            if other != quarter {
                square.tell(Elsewhere(at)).await.expect(LIVES);
            }
        }
        if let Parent::Square { square, quarter } = &self.parent {
            square.tell(Opened { at, quarter: *quarter }).await.expect(LIVES);
        }
    }
}

/// A facility was opened outside of this square.
#[derive(Clone, Copy)]
struct Elsewhere(Point);

impl Message for Elsewhere {
    type Result = ();
}

impl Handler<Elsewhere> for Quadrant {
    async fn handle(&mut self, Elsewhere(at): Elsewhere, _: &mut ActorContext<Self>) {
        self.received += 1;
        self.news.push(at);
        self.tell_quarters(Elsewhere(at)).await;
    }
}

/// There are no more customers.
#[derive(Clone, Copy)]
struct Close;

impl Message for Close {
    type Result = ();
}

impl Handler<Close> for Quadrant {
    async fn handle(&mut self, _: Close, _: &mut ActorContext<Self>) {
        self.received += 1;
        self.tell_quarters(Close).await;
        if self.quarters.is_empty() {
            self.closed().await;
        }
    }
}

/// A quarter is closed.
struct Closed;

impl Message for Closed {
    type Result = ();
}

impl Handler<Closed> for Quadrant {
    async fn handle(&mut self, _: Closed, _: &mut ActorContext<Self>) {
        self.received += 1;
        self.unanswered -= 1;
        if self.unanswered == 0 {
            self.closed().await;
        }
    }
}

/// All news are there.
#[derive(Clone, Copy)]
struct AddUp;

impl Message for AddUp {
    type Result = ();
}

impl Handler<AddUp> for Quadrant {
    async fn handle(&mut self, _: AddUp, ctx: &mut ActorContext<Self>) {
        self.received += 1;
        self.tell_quarters(AddUp).await;
        if self.quarters.is_empty() {
            let known = || self.own.iter().chain(&self.news);
            let distance = self.customers.iter().map(|customer| customer.to_nearest(known())).sum();
            let spread = known().map(|facility| facility.distance(self.square.middle())).sum();
            let customers = self.customers.len();
            self.added_up(Tally { customers, distance, spread, ..Tally::default() }, ctx).await;
        }
    }
}

/// What a quarter has.
struct AddedUp {
    quarter: usize,
    tally: Tally,
}

impl Message for AddedUp {
    type Result = ();
}

impl Handler<AddedUp> for Quadrant {
    async fn handle(&mut self, AddedUp { quarter, tally }: AddedUp, ctx: &mut ActorContext<Self>) {
        self.received += 1;
        self.tallies[quarter] = tally;
        self.unanswered -= 1;
        if self.unanswered == 0 {
            let tally = self.tallies.into_iter().fold(Tally { facilities: 1, ..Tally::default() }, Tally::plus);
            self.added_up(tally, ctx).await;
        }
    }
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let parameters = Parameters::new(size);
    let (outcome, tally) = run(system, parameters)?;
    check(parameters, &tally)?;
    Ok(outcome)
}

fn run(system: &ActorSystem, parameters: Parameters) -> Result<(Outcome, Tally), Failure> {
    let customers = parameters.customers().into_iter();
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let producer = system.spawn(Producer { customers, root: None }).start()?;
    let parent = Parent::Nobody { producer: producer.clone(), report };
    let root = Quadrant::new(parameters, parameters.plane(), parent, &[], Vec::new());
    let root = system.spawn(root).mailbox(Mailbox::unbounded()).start()?;
    producer.blocking_tell(Start(root))?;
    let (outcome, tally) = outcome(started, 0, &result)?;
    // With those that the producer got.
    Ok((Outcome { messages: tally.messages + parameters.points as u64 + 1, ..outcome }, tally))
}

/// A square of the tree that is built in sequence.
struct Plot {
    square: Square,
    own: Vec<Point>,
    customers: Vec<Point>,
    cost: f64,
    quarters: Vec<Plot>,
}

impl Plot {
    fn new(square: Square, above: &[Point]) -> Self {
        let own = [above, &[square.middle()]].concat();
        Self { square, own, customers: Vec::new(), cost: 0.0, quarters: Vec::new() }
    }

    fn settle(&mut self, customer: Point, threshold: f64) {
        if !self.quarters.is_empty() {
            return self.quarters[self.square.quarter_of(customer)].settle(customer, threshold);
        }
        self.customers.push(customer);
        self.cost += customer.to_nearest(&self.own);
        if self.cost > threshold {
            self.quarters = self.square.quarters().map(|square| Self::new(square, &self.own)).into();
            for customer in mem::take(&mut self.customers) {
                // A square that is just there splits with its next customer at the earliest.
                self.quarters[self.square.quarter_of(customer)].settle(customer, f64::INFINITY);
            }
        }
    }

    /// Calls for each square.
    fn visit<'a>(&'a self, each: &mut impl FnMut(&'a Self)) {
        each(self);
        self.quarters.iter().for_each(|quarter| quarter.visit(each));
    }
}

fn check(parameters: Parameters, tally: &Tally) -> Result<(), Failure> {
    let mut root = Plot::new(parameters.plane(), &[]);
    for customer in parameters.customers() {
        root.settle(customer, parameters.threshold());
    }
    let mut squares = Vec::new();
    root.visit(&mut |plot| squares.push(plot));
    let split = || squares.iter().filter(|plot| !plot.quarters.is_empty());
    let is_told = |plot: &&&Plot| plot.square.depth <= parameters.cut_off;
    let told: Vec<_> = split().filter(is_told).map(|plot| plot.square.middle()).collect();
    let (mut distance, mut spread) = (0.0, 0.0);
    for plot in squares.iter().filter(|plot| plot.quarters.is_empty()) {
        let mut known = plot.own.clone();
        known.extend(told.iter().filter(|facility| !plot.own.contains(facility)));
        distance += plot.customers.iter().map(|customer| customer.to_nearest(&known)).sum::<f64>();
        spread += known.iter().map(|facility| facility.distance(plot.square.middle())).sum::<f64>();
    }

    verify("how many squares there are", squares.len(), tally.squares)?;
    verify("how many facilities were opened", split().count(), tally.facilities)?;
    verify("how many customers there are", parameters.points, tally.customers)?;
    for (what, expected, got) in [("distance", distance, tally.distance), ("spread", spread, tally.spread)] {
        let is_right = (got - expected).abs() <= expected * 1e-12;
        verify(&format!("whether the {what}, {got}, is {expected}"), true, is_right)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use corecast::ActorSystem;

    use super::{Parameters, Tally, check, run};
    use crate::benchmark::Size;

    #[test]
    fn wrong_sums_are_found() {
        let system = ActorSystem::new().expect("a system");
        let parameters = Parameters::new(Size::Test);
        let (_, tally) = run(&system, parameters).expect("a result");
        check(parameters, &tally).expect("right");

        assert!(check(parameters, &Tally { squares: tally.squares - 4, ..tally }).is_err());
        assert!(check(parameters, &Tally { facilities: tally.facilities + 1, ..tally }).is_err());
        assert!(check(parameters, &Tally { customers: tally.customers - 1, ..tally }).is_err());
        assert!(check(parameters, &Tally { distance: tally.distance + 1e-3, ..tally }).is_err());
        assert!(check(parameters, &Tally { spread: tally.spread - 1e-3, ..tally }).is_err());
    }

    #[test]
    fn the_cut_off_makes_a_difference() {
        let system = ActorSystem::new().expect("a system");
        let parameters = Parameters::new(Size::Test);
        let (_, tally) = run(&system, parameters).expect("a result");
        // A check that knows less news, or more.
        for cut_off in [parameters.cut_off - 1, parameters.cut_off + 1] {
            assert!(check(Parameters { cut_off, ..parameters }, &tally).is_err());
        }
    }
}
