//! Sleeping Barber (13): customers come to a waiting room; who finds it full comes again at once.
//!
//! Stresses: a queue that is full most of the time, and retries, which are nearly all of the messages.
//!
//! Parameters: N = 5,000 haircuts, W = 1,000 places, waits of up to 1,000 random numbers between customers (APR) and for a haircut
//! (AHR). Messages: how many depends on how fast the retries are, so they are counted as they come; the suite's table has
//! 24,027,388. Retries are wasted work: compare milliseconds, too.
//!
//! Verified: each customer has had one haircut when it says so, and the barber has cut as many; the room let in as many, and
//! what it turned away is what came back to the factory; nobody is left, and there were never more than there are places.

use std::collections::VecDeque;
use std::sync::mpsc;
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorError, ActorRef, ActorSystem, Handler, Message};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc as tokio_mpsc, oneshot};

use super::busy;
use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome, verify};
use crate::random::Random;

/// See the module.
pub const BENCHMARK: Benchmark = Benchmark {
    number: 13,
    name: "sleeping-barber",
    parameters: "N = 5,000, W = 1,000, APR = AHR = 1,000",
    play,
    tokio: Some(play_tokio),
};

const PRODUCTION: u64 = 1_000;
const HAIRCUT: u64 = 1_000;

/// Haircuts, and places in the room.
fn sizes(size: Size) -> (u64, usize) {
    size.pick((5_000, 1_000), (100, 20))
}

/// What the room does with somebody who comes.
enum Answer<C> {
    Full,
    Wait,
    /// The barber sleeps: woken, it has a customer at once.
    Wake(C),
}

/// The waiting room, with `C` for customers; how messages are sent is another matter.
#[derive(Debug)]
struct Places<C> {
    waiting: VecDeque<C>,
    barber_sleeps: bool,
    log: Log,
}

/// What happened in the room.
#[derive(Debug, Default, Clone, Copy)]
struct Log {
    places: usize,
    came: u64,
    turned_away: u64,
    told_to_wait: u64,
    asked_for_next: u64,
    most: usize,
    left: usize,
}

impl<C> Places<C> {
    fn new(places: usize) -> Self {
        let log = Log { places, ..Log::default() };
        Self { waiting: VecDeque::new(), barber_sleeps: true, log }
    }

    fn enter(&mut self, customer: impl FnOnce() -> C) -> Answer<C> {
        self.log.came += 1;
        if std::mem::take(&mut self.barber_sleeps) {
            Answer::Wake(customer())
        } else if self.waiting.len() == self.log.places {
            self.log.turned_away += 1;
            Answer::Full
        } else {
            self.waiting.push_back(customer());
            self.log.most = self.log.most.max(self.waiting.len());
            self.log.told_to_wait += 1;
            Answer::Wait
        }
    }

    /// Who is next; if nobody is, the barber sleeps.
    fn next(&mut self) -> Option<C> {
        self.log.asked_for_next += 1;
        let customer = self.waiting.pop_front();
        self.barber_sleeps = customer.is_none();
        customer
    }

    fn log(&self) -> Log {
        Log { left: self.waiting.len(), ..self.log }
    }
}

/// What happened at the factory, which also hears of the end of a haircut.
#[derive(Debug, Default, Clone, Copy)]
struct Ledger {
    came_back: u64,
    done: u64,
    /// Haircuts of all who are done.
    haircuts: u64,
}

/// What comes out in the end.
#[derive(Debug)]
struct Day {
    ledger: Ledger,
    room: Log,
    cuts: u64,
}

impl Day {
    fn verify(&self, customers: u64) -> Result<(), Failure> {
        let Self { ledger, room, cuts } = self;
        verify("customers who are done", customers, ledger.done)?;
        verify("their haircuts", customers, ledger.haircuts)?;
        verify("the barber's cuts", customers, *cuts)?;
        verify("customers let in", customers, room.came - room.turned_away)?;
        verify("those who came back", room.turned_away, ledger.came_back)?;
        verify("those who still wait", 0, room.left)?;
        if room.most > room.places {
            return Err(Failure::new(format!("{} sat on {} places", room.most, room.places)));
        }
        Ok(())
    }

    /// All that were sent: to the room and its answers, to the factory, and around each haircut.
    fn messages(&self) -> u64 {
        let Self { ledger, room, cuts } = self;
        let to_room = room.came + room.asked_for_next;
        let from_room = room.turned_away + room.told_to_wait + cuts;
        let to_customers = 2 * cuts;
        to_room + from_room + to_customers + ledger.came_back + ledger.done
    }
}

struct Customer {
    haircuts: u64,
    factory: ActorRef<Factory>,
}

impl Actor for Customer {}

/// The room is full.
struct Full;

impl Message for Full {
    type Result = ();
}

impl Handler<Full> for Customer {
    async fn handle(&mut self, _: Full, ctx: &mut ActorContext<Self>) {
        let returned = Returned(ctx.actor_ref());
        self.factory.tell(returned).await.expect("the factory lives");
    }
}

/// There is a place to wait.
struct Wait;

impl Message for Wait {
    type Result = ();
}

impl Handler<Wait> for Customer {
    async fn handle(&mut self, _: Wait, _: &mut ActorContext<Self>) {}
}

/// The haircut begins.
struct Begin;

impl Message for Begin {
    type Result = ();
}

impl Handler<Begin> for Customer {
    async fn handle(&mut self, _: Begin, _: &mut ActorContext<Self>) {
        self.haircuts += 1;
    }
}

/// The haircut is over.
struct Over;

impl Message for Over {
    type Result = ();
}

impl Handler<Over> for Customer {
    async fn handle(&mut self, _: Over, _: &mut ActorContext<Self>) {
        let done = Done { haircuts: self.haircuts };
        self.factory.tell(done).await.expect("the factory lives");
        // Nobody reaches it any more, so it ends.
    }
}

struct Barber {
    cuts: u64,
    random: Random,
    room: ActorRef<Room>,
}

impl Actor for Barber {}

struct Cut(ActorRef<Customer>);

impl Message for Cut {
    type Result = ();
}

impl Handler<Cut> for Barber {
    async fn handle(&mut self, Cut(customer): Cut, _: &mut ActorContext<Self>) {
        customer.tell(Begin).await.expect("the customer lives");
        busy::wait(self.random.below(HAIRCUT) + 10);
        self.cuts += 1;
        customer.tell(Over).await.expect("the customer lives");
        self.room.tell(Next).await.expect("the room lives");
    }
}

/// Ends the barber, and returns its cuts.
struct GoHome;

impl Message for GoHome {
    type Result = u64;
}

impl Handler<GoHome> for Barber {
    async fn handle(&mut self, _: GoHome, ctx: &mut ActorContext<Self>) -> u64 {
        ctx.stop();
        self.cuts
    }
}

struct Room {
    places: Places<ActorRef<Customer>>,
    barber: Option<ActorRef<Barber>>,
}

impl Room {
    fn barber(&self) -> &ActorRef<Barber> {
        self.barber.as_ref().expect("started with the room")
    }
}

impl Actor for Room {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        let barber = Barber { cuts: 0, random: Random::new(2), room: ctx.actor_ref() };
        self.barber = Some(ctx.system().spawn(barber).start()?);
        Ok(())
    }
}

/// Somebody comes.
struct Enter(ActorRef<Customer>);

impl Message for Enter {
    type Result = ();
}

impl Handler<Enter> for Room {
    async fn handle(&mut self, Enter(customer): Enter, _: &mut ActorContext<Self>) {
        match self.places.enter(|| customer.clone()) {
            Answer::Full => customer.tell(Full).await.expect("the customer lives"),
            Answer::Wait => customer.tell(Wait).await.expect("the customer lives"),
            Answer::Wake(customer) => self.barber().tell(Cut(customer)).await.expect("the barber lives"),
        }
    }
}

/// The barber is free.
struct Next;

impl Message for Next {
    type Result = ();
}

impl Handler<Next> for Room {
    async fn handle(&mut self, _: Next, _: &mut ActorContext<Self>) {
        if let Some(customer) = self.places.next() {
            self.barber().tell(Cut(customer)).await.expect("the barber lives");
        }
    }
}

/// Ends the room and the barber, and returns what happened in the room, and the barber's cuts.
struct Close;

impl Message for Close {
    type Result = (Log, u64);
}

impl Handler<Close> for Room {
    async fn handle(&mut self, _: Close, ctx: &mut ActorContext<Self>) -> (Log, u64) {
        let cuts = self.barber().send(GoHome).await.expect("the barber replies");
        ctx.stop();
        (self.places.log(), cuts)
    }
}

/// Makes customers, and sends those back who were turned away.
struct Factory {
    room: ActorRef<Room>,
    customers: u64,
    ledger: Ledger,
    report: mpsc::Sender<Day>,
}

impl Actor for Factory {}

struct Start;

impl Message for Start {
    type Result = ();
}

impl Handler<Start> for Factory {
    async fn handle(&mut self, _: Start, ctx: &mut ActorContext<Self>) {
        let mut random = Random::new(1);
        for _ in 0..self.customers {
            let customer = Customer { haircuts: 0, factory: ctx.actor_ref() };
            let customer = ctx.system().spawn(customer).start().expect("the system runs");
            self.room.tell(Enter(customer)).await.expect("the room lives");
            busy::wait(random.below(PRODUCTION) + 10);
        }
    }
}

/// A customer found the room full.
struct Returned(ActorRef<Customer>);

impl Message for Returned {
    type Result = ();
}

impl Handler<Returned> for Factory {
    async fn handle(&mut self, Returned(customer): Returned, _: &mut ActorContext<Self>) {
        self.ledger.came_back += 1;
        self.room.tell(Enter(customer)).await.expect("the room lives");
    }
}

/// A customer has had its haircut.
struct Done {
    haircuts: u64,
}

impl Message for Done {
    type Result = ();
}

impl Handler<Done> for Factory {
    async fn handle(&mut self, Done { haircuts }: Done, ctx: &mut ActorContext<Self>) {
        self.ledger.done += 1;
        self.ledger.haircuts += haircuts;
        if self.ledger.done == self.customers {
            let (room, cuts) = self.room.send(Close).await.expect("the room replies");
            // An error would mean that nobody waits for the result any more.
            let _ = self.report.send(Day { ledger: self.ledger, room, cuts });
            ctx.stop();
        }
    }
}

/// Verifies, and counts the messages that there were.
fn finish((mut outcome, day): (Outcome, Day), customers: u64) -> Result<Outcome, Failure> {
    day.verify(customers)?;
    outcome.messages = day.messages();
    Ok(outcome)
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let (customers, places) = sizes(size);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let room = system.spawn(Room { places: Places::new(places), barber: None }).start()?;
    let factory = Factory { room, customers, ledger: Ledger::default(), report };
    system.spawn(factory).start()?.blocking_tell(Start)?;
    finish(outcome(started, 0, &result)?, customers)
}

/// What a customer's task receives.
enum News {
    Full,
    Wait,
    Begin,
    Over,
}

type Visitor = tokio_mpsc::Sender<News>;

/// What the room's task receives.
enum AtRoom {
    Enter(Visitor),
    Next,
    Close(oneshot::Sender<Log>),
}

/// What the factory's task receives.
enum AtFactory {
    Returned(Visitor),
    Done { haircuts: u64 },
}

/// Starts the task of a customer, which ends with its haircut.
fn spawn_customer(factory: tokio_mpsc::Sender<AtFactory>) -> Visitor {
    let (customer, mut news) = tokio_mpsc::channel(1_024);
    let myself = customer.clone();
    tokio::spawn(async move {
        let mut haircuts = 0;
        loop {
            match news.recv().await.expect("the customer knows itself") {
                News::Full => {
                    factory.send(AtFactory::Returned(myself.clone())).await.expect("the factory lives");
                }
                News::Wait => (),
                News::Begin => haircuts += 1,
                News::Over => break,
            }
        }
        factory.send(AtFactory::Done { haircuts }).await.expect("the factory lives");
    });
    customer
}

/// Starts the task of the barber, which ends when the room does and returns its cuts.
fn spawn_barber(room: tokio_mpsc::Sender<AtRoom>) -> (tokio_mpsc::Sender<Visitor>, oneshot::Receiver<u64>) {
    let (barber, mut customers) = tokio_mpsc::channel::<Visitor>(1_024);
    let (report, cuts) = oneshot::channel();
    tokio::spawn(async move {
        let (mut cuts, mut random) = (0, Random::new(2));
        while let Some(customer) = customers.recv().await {
            customer.send(News::Begin).await.expect("the customer lives");
            busy::wait(random.below(HAIRCUT) + 10);
            cuts += 1;
            customer.send(News::Over).await.expect("the customer lives");
            // After its last haircut the room may be closed already.
            let _ = room.send(AtRoom::Next).await;
        }
        report.send(cuts).expect("the factory waits");
    });
    (barber, cuts)
}

/// Starts the task of the room.
fn spawn_room(places: usize) -> (tokio_mpsc::Sender<AtRoom>, oneshot::Receiver<u64>) {
    let (room, mut orders) = tokio_mpsc::channel(1_024);
    let (barber, cuts) = spawn_barber(room.clone());
    tokio::spawn(async move {
        let mut places = Places::new(places);
        loop {
            match orders.recv().await.expect("the barber knows the room") {
                AtRoom::Enter(customer) => match places.enter(|| customer.clone()) {
                    Answer::Full => customer.send(News::Full).await.expect("the customer lives"),
                    Answer::Wait => customer.send(News::Wait).await.expect("the customer lives"),
                    Answer::Wake(customer) => barber.send(customer).await.expect("the barber lives"),
                },
                AtRoom::Next => {
                    if let Some(customer) = places.next() {
                        barber.send(customer).await.expect("the barber lives");
                    }
                }
                AtRoom::Close(reply) => break reply.send(places.log()).expect("the factory waits"),
            }
        }
    });
    (room, cuts)
}

fn play_tokio(runtime: &Runtime, size: Size) -> Result<Outcome, Failure> {
    let (customers, places) = sizes(size);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    runtime.spawn(async move {
        let (room, cuts) = spawn_room(places);
        let (factory, mut events) = tokio_mpsc::channel(1_024);
        let (mut ledger, mut random) = (Ledger::default(), Random::new(1));
        for _ in 0..customers {
            room.send(AtRoom::Enter(spawn_customer(factory.clone()))).await.expect("the room lives");
            busy::wait(random.below(PRODUCTION) + 10);
        }
        while ledger.done < customers {
            match events.recv().await.expect("the factory knows itself") {
                AtFactory::Returned(customer) => {
                    ledger.came_back += 1;
                    room.send(AtRoom::Enter(customer)).await.expect("the room lives");
                }
                AtFactory::Done { haircuts } => {
                    ledger.done += 1;
                    ledger.haircuts += haircuts;
                }
            }
        }
        let (reply, log) = oneshot::channel();
        room.send(AtRoom::Close(reply)).await.expect("the room lives");
        let room = log.await.expect("the room replies");
        let cuts = cuts.await.expect("the barber reports");
        // An error would mean that nobody waits for the result any more.
        let _ = report.send(Day { ledger, room, cuts });
    });
    finish(outcome(started, 0, &result)?, customers)
}
