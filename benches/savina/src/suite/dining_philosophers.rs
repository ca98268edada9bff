//! Dining Philosophers (12): twenty philosophers ask an arbiter for their two forks, and ask again if they don't get them.
//!
//! Stresses: one actor that all others talk to, denials and retries.
//!
//! Parameters: N = 20 philosophers, M = 10,000 meals each, one channel. Messages: requests, grants and denials, and that a meal is
//! over; how many depends on chance, so they are counted as they come. The suite's table has 1,350,118. Retries are wasted
//! work: compare milliseconds, too.
//!
//! Verified: each has had its meals, the books of the arbiter and of the philosophers agree, and whoever eats takes two
//! flags that neither neighbour has.

use std::ops::AddAssign;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorError, ActorRef, ActorSystem, Handler, Message};
use tokio::runtime::Runtime;
use tokio::sync::mpsc as tokio_mpsc;

use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome, verify};

/// See the module.
pub const BENCHMARK: Benchmark = Benchmark {
    number: 12,
    name: "dining-philosophers",
    parameters: "N = 20, M = 10,000",
    play,
    tokio: Some(play_tokio),
};

const PHILOSOPHERS: usize = 20;

fn meals(size: Size) -> u64 {
    size.pick(10_000, 50)
}

/// What happened, as one side has it in its books.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Books {
    requests: u64,
    grants: u64,
    denials: u64,
    meals_over: u64,
}

impl Books {
    fn messages(self) -> u64 {
        self.requests + self.grants + self.denials + self.meals_over
    }
}

impl AddAssign for Books {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.grants += other.grants;
        self.denials += other.denials;
        self.meals_over += other.meals_over;
    }
}

/// The arbiter's view of the table; how messages are sent is another matter.
#[derive(Debug, Default)]
struct Forks {
    taken: [bool; PHILOSOPHERS],
    books: Books,
}

impl Forks {
    /// Somebody is hungry. Returns whether the forks are free, and takes them.
    fn request(&mut self, id: usize) -> bool {
        let pair = [id, (id + 1) % PHILOSOPHERS];
        let free = pair.iter().all(|&fork| !self.taken[fork]);
        self.books.requests += 1;
        if free {
            pair.iter().for_each(|&fork| self.taken[fork] = true);
            self.books.grants += 1;
        } else {
            self.books.denials += 1;
        }
        free
    }

    fn put_back(&mut self, id: usize) {
        self.taken[id] = false;
        self.taken[(id + 1) % PHILOSOPHERS] = false;
        self.books.meals_over += 1;
    }
}

/// The table itself: a flag for each fork, which shows when two have the same.
#[derive(Debug, Default)]
struct Table([AtomicBool; PHILOSOPHERS]);

impl Table {
    /// Takes both forks and puts them back. Returns how many somebody else had.
    fn eat(&self, id: usize) -> u64 {
        let forks = [id, (id + 1) % PHILOSOPHERS].map(|fork| &self.0[fork]);
        // ORDERING: Relaxed: a flag is all there is to see, and the messages that lead here order the two who share it.
        let had = forks.map(|fork| fork.swap(true, Ordering::Relaxed));
        // ORDERING: as above.
        forks.iter().for_each(|fork| fork.store(false, Ordering::Relaxed));
        had.into_iter().map(u64::from).sum()
    }
}

/// A philosopher's own view.
#[derive(Debug)]
struct Life {
    id: usize,
    left: u64,
    table: Arc<Table>,
    books: Books,
    /// Forks that somebody else had as well.
    shared: u64,
}

impl Life {
    fn new(id: usize, meals: u64, table: Arc<Table>) -> Self {
        Self { id, left: meals, table, books: Books::default(), shared: 0 }
    }

    fn request(&mut self) {
        self.books.requests += 1;
    }

    fn denied(&mut self) {
        self.books.denials += 1;
    }

    /// Eats, and returns whether there is another meal to come.
    fn eat(&mut self) -> bool {
        self.shared += self.table.eat(self.id);
        self.books.grants += 1;
        self.books.meals_over += 1;
        self.left -= 1;
        self.left > 0
    }
}

/// What comes out in the end.
#[derive(Debug)]
struct Evening {
    arbiter: Books,
    philosophers: Books,
    shared: u64,
    forks_taken: usize,
}

impl Evening {
    fn of(forks: &Forks, guests: &[(Books, u64)]) -> Self {
        let mut philosophers = Books::default();
        guests.iter().for_each(|&(books, _)| philosophers += books);
        let shared = guests.iter().map(|&(_, shared)| shared).sum();
        let forks_taken = forks.taken.iter().filter(|&&taken| taken).count();
        Self { arbiter: forks.books, philosophers, shared, forks_taken }
    }

    fn verify(&self, meals: u64) -> Result<(), Failure> {
        verify("meals", meals * PHILOSOPHERS as u64, self.arbiter.meals_over)?;
        verify("the books of both sides", self.arbiter, self.philosophers)?;
        verify("requests are granted or denied", self.arbiter.requests, self.arbiter.grants + self.arbiter.denials)?;
        verify("forks that two had at once", 0, self.shared)?;
        verify("forks that are still taken", 0, self.forks_taken)
    }
}

struct Philosopher {
    life: Life,
    arbiter: ActorRef<Arbiter>,
}

impl Philosopher {
    async fn ask(&mut self) {
        self.life.request();
        self.arbiter.tell(Hungry { id: self.life.id }).await.expect("the arbiter lives");
    }
}

impl Actor for Philosopher {
    async fn pre_start(&mut self, _: &mut ActorContext<Self>) -> Result<(), ActorError> {
        self.ask().await;
        Ok(())
    }
}

struct Denied;

impl Message for Denied {
    type Result = ();
}

impl Handler<Denied> for Philosopher {
    async fn handle(&mut self, _: Denied, _: &mut ActorContext<Self>) {
        self.life.denied();
        self.ask().await;
    }
}

struct Eat;

impl Message for Eat {
    type Result = ();
}

impl Handler<Eat> for Philosopher {
    async fn handle(&mut self, _: Eat, ctx: &mut ActorContext<Self>) {
        let hungry_again = self.life.eat();
        self.arbiter.tell(MealOver { id: self.life.id }).await.expect("the arbiter lives");
        if hungry_again {
            self.ask().await;
        } else {
            let leave = Leave { books: self.life.books, shared: self.life.shared };
            self.arbiter.tell(leave).await.expect("the arbiter lives");
            ctx.stop();
        }
    }
}

struct Arbiter {
    forks: Forks,
    philosophers: Vec<ActorRef<Philosopher>>,
    meals: u64,
    left: Vec<(Books, u64)>,
    report: mpsc::Sender<Evening>,
}

impl Actor for Arbiter {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        let table = Arc::new(Table::default());
        for id in 0..PHILOSOPHERS {
            let life = Life::new(id, self.meals, table.clone());
            self.philosophers.push(ctx.system().spawn(Philosopher { life, arbiter: ctx.actor_ref() }).start()?);
        }
        Ok(())
    }
}

struct Hungry {
    id: usize,
}

impl Message for Hungry {
    type Result = ();
}

impl Handler<Hungry> for Arbiter {
    async fn handle(&mut self, Hungry { id }: Hungry, _: &mut ActorContext<Self>) {
        if self.forks.request(id) {
            self.philosophers[id].tell(Eat).await.expect("a philosopher lives");
        } else {
            self.philosophers[id].tell(Denied).await.expect("a philosopher lives");
        }
    }
}

struct MealOver {
    id: usize,
}

impl Message for MealOver {
    type Result = ();
}

impl Handler<MealOver> for Arbiter {
    async fn handle(&mut self, MealOver { id }: MealOver, _: &mut ActorContext<Self>) {
        self.forks.put_back(id);
    }
}

/// A philosopher has had all its meals.
struct Leave {
    books: Books,
    shared: u64,
}

impl Message for Leave {
    type Result = ();
}

impl Handler<Leave> for Arbiter {
    async fn handle(&mut self, Leave { books, shared }: Leave, ctx: &mut ActorContext<Self>) {
        self.left.push((books, shared));
        if self.left.len() == PHILOSOPHERS {
            // An error would mean that nobody waits for the result any more.
            let _ = self.report.send(Evening::of(&self.forks, &self.left));
            ctx.stop();
        }
    }
}

/// Verifies, and counts the messages that there were.
fn finish((mut outcome, evening): (Outcome, Evening), meals: u64) -> Result<Outcome, Failure> {
    evening.verify(meals)?;
    outcome.messages = evening.arbiter.messages();
    Ok(outcome)
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let meals = meals(size);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let arbiter = Arbiter { forks: Forks::default(), philosophers: Vec::new(), meals, left: Vec::new(), report };
    system.spawn(arbiter).start()?;
    finish(outcome(started, 0, &result)?, meals)
}

/// What the arbiter's task receives.
enum Event {
    Hungry { id: usize },
    MealOver { id: usize },
    Leave { books: Books, shared: u64 },
}

fn play_tokio(runtime: &Runtime, size: Size) -> Result<Outcome, Failure> {
    let meals = meals(size);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let (arbiter, mut events) = tokio_mpsc::channel(1_024);
    let table = Arc::new(Table::default());
    let mut philosophers = Vec::new();
    for id in 0..PHILOSOPHERS {
        let (philosopher, mut answers) = tokio_mpsc::channel::<bool>(1_024);
        philosophers.push(philosopher);
        let arbiter = arbiter.clone();
        let mut life = Life::new(id, meals, table.clone());
        runtime.spawn(async move {
            loop {
                life.request();
                arbiter.send(Event::Hungry { id }).await.expect("the arbiter lives");
                if !answers.recv().await.expect("the arbiter answers") {
                    life.denied();
                    continue;
                }
                let hungry_again = life.eat();
                arbiter.send(Event::MealOver { id }).await.expect("the arbiter lives");
                if !hungry_again {
                    break;
                }
            }
            let leave = Event::Leave { books: life.books, shared: life.shared };
            arbiter.send(leave).await.expect("the arbiter lives");
        });
    }
    runtime.spawn(async move {
        let (mut forks, mut left) = (Forks::default(), Vec::new());
        while left.len() < PHILOSOPHERS {
            match events.recv().await.expect("the arbiter is a sender itself") {
                Event::Hungry { id } => {
                    let granted = forks.request(id);
                    philosophers[id].send(granted).await.expect("a philosopher lives");
                }
                Event::MealOver { id } => forks.put_back(id),
                Event::Leave { books, shared } => left.push((books, shared)),
            }
        }
        // An error would mean that nobody waits for the result any more.
        let _ = report.send(Evening::of(&forks, &left));
    });
    finish(outcome(started, 0, &result)?, meals)
}
