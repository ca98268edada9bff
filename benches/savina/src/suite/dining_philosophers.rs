//! Dining Philosophers (12): twenty philosophers ask an arbiter for their two forks, and ask again if they don't get them.
//!
//! Stresses: one actor that all others talk to, denials and retries.
//!
//! Parameters: N = 20 philosophers, M = 10,000 meals each, one channel. Messages: requests, grants and denials, and that a meal is
//! over; how many depends on chance, so they are counted as they come. The suite's table has 1,350,118. Retries are wasted
//! work: compare milliseconds, too.
//!
//! Verified: each has had its meals, and the books of the arbiter and of the philosophers agree. The arbiter writes down
//! who begins and who is done; read again in sequence, nobody began while a neighbour ate.

use std::ops::AddAssign;
use std::sync::mpsc;
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

/// A line of the arbiter's history.
#[derive(Debug, Clone, Copy)]
enum Step {
    Begins(u8),
    IsDone(u8),
}

/// The arbiter's view of the table; how messages are sent is another matter.
#[derive(Debug, Default)]
struct Forks {
    taken: [bool; PHILOSOPHERS],
    books: Books,
    history: Vec<Step>,
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
            self.history.push(Step::Begins(id as u8));
        } else {
            self.books.denials += 1;
        }
        free
    }

    fn put_back(&mut self, id: usize) {
        self.taken[id] = false;
        self.taken[(id + 1) % PHILOSOPHERS] = false;
        self.books.meals_over += 1;
        self.history.push(Step::IsDone(id as u8));
    }
}

/// A philosopher's own view.
#[derive(Debug)]
struct Life {
    id: usize,
    left: u64,
    books: Books,
}

impl Life {
    fn new(id: usize, meals: u64) -> Self {
        Self { id, left: meals, books: Books::default() }
    }

    fn request(&mut self) {
        self.books.requests += 1;
    }

    fn denied(&mut self) {
        self.books.denials += 1;
    }

    /// Eats, and returns whether there is another meal to come.
    fn eat(&mut self) -> bool {
        self.books.grants += 1;
        self.books.meals_over += 1;
        self.left -= 1;
        self.left > 0
    }
}

/// What comes out in the end.
#[derive(Debug)]
struct Evening {
    forks: Forks,
    /// The books of each philosopher.
    guests: Vec<Books>,
}

impl Evening {
    fn verify(&self, meals: u64) -> Result<(), Failure> {
        let Self { forks: Forks { books, history, .. }, guests } = self;
        let mut philosophers = Books::default();
        guests.iter().for_each(|&books| philosophers += books);
        verify("the meals of each", vec![meals; PHILOSOPHERS], guests.iter().map(|books| books.grants).collect())?;
        verify("the books of both sides", *books, philosophers)?;
        verify("requests are granted or denied", books.requests, books.grants + books.denials)?;
        verify("the lines of the history", 2 * meals * PHILOSOPHERS as u64, history.len() as u64)?;
        let mut eats = [false; PHILOSOPHERS];
        for step in history {
            match *step {
                Step::Begins(id) => {
                    let id = usize::from(id);
                    let neighbours = [(id + 1) % PHILOSOPHERS, (id + PHILOSOPHERS - 1) % PHILOSOPHERS];
                    verify("neighbours who eat already", 0, neighbours.iter().filter(|&&other| eats[other]).count())?;
                    verify("eats already", false, std::mem::replace(&mut eats[id], true))?;
                }
                Step::IsDone(id) => verify("ate", true, std::mem::replace(&mut eats[usize::from(id)], false))?,
            }
        }
        Ok(())
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
            self.arbiter.tell(Leave { books: self.life.books }).await.expect("the arbiter lives");
            ctx.stop();
        }
    }
}

struct Arbiter {
    forks: Forks,
    philosophers: Vec<ActorRef<Philosopher>>,
    meals: u64,
    guests: Vec<Books>,
    report: mpsc::Sender<Evening>,
}

impl Actor for Arbiter {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        for id in 0..PHILOSOPHERS {
            let life = Life::new(id, self.meals);
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
}

impl Message for Leave {
    type Result = ();
}

impl Handler<Leave> for Arbiter {
    async fn handle(&mut self, Leave { books }: Leave, ctx: &mut ActorContext<Self>) {
        self.guests.push(books);
        if self.guests.len() == PHILOSOPHERS {
            let evening = Evening { forks: std::mem::take(&mut self.forks), guests: std::mem::take(&mut self.guests) };
            // An error would mean that nobody waits for the result any more.
            let _ = self.report.send(evening);
            ctx.stop();
        }
    }
}

/// Verifies, and counts the messages that there were.
fn finish((mut outcome, evening): (Outcome, Evening), meals: u64) -> Result<Outcome, Failure> {
    evening.verify(meals)?;
    outcome.messages = evening.forks.books.messages();
    Ok(outcome)
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let meals = meals(size);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let arbiter = Arbiter { forks: Forks::default(), philosophers: Vec::new(), meals, guests: Vec::new(), report };
    system.spawn(arbiter).start()?;
    finish(outcome(started, 0, &result)?, meals)
}

/// What the arbiter's task receives.
enum Event {
    Hungry { id: usize },
    MealOver { id: usize },
    Leave { books: Books },
}

fn play_tokio(runtime: &Runtime, size: Size) -> Result<Outcome, Failure> {
    let meals = meals(size);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let (arbiter, mut events) = tokio_mpsc::channel(1_024);
    let mut philosophers = Vec::new();
    for id in 0..PHILOSOPHERS {
        let (philosopher, mut answers) = tokio_mpsc::channel::<bool>(1_024);
        philosophers.push(philosopher);
        let arbiter = arbiter.clone();
        let mut life = Life::new(id, meals);
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
            arbiter.send(Event::Leave { books: life.books }).await.expect("the arbiter lives");
        });
    }
    runtime.spawn(async move {
        let (mut forks, mut guests) = (Forks::default(), Vec::new());
        while guests.len() < PHILOSOPHERS {
            match events.recv().await.expect("the arbiter is a sender itself") {
                Event::Hungry { id } => {
                    let granted = forks.request(id);
                    philosophers[id].send(granted).await.expect("a philosopher lives");
                }
                Event::MealOver { id } => forks.put_back(id),
                Event::Leave { books } => guests.push(books),
            }
        }
        // An error would mean that nobody waits for the result any more.
        let _ = report.send(Evening { forks, guests });
    });
    finish(outcome(started, 0, &result)?, meals)
}
