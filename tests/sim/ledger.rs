//! What is guaranteed to each message holds in the simulator as on real workers: one body, both.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use corecast::sim::{Check, Fault, Outcome, Strategy};
use corecast::testing::Watch;
use corecast::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Mailbox, Message};

/// Where messages ended.
#[derive(Debug, Default)]
struct Books {
    offered: AtomicU64,
    handled: AtomicU64,
    /// Dropped in a handler that didn't come to its end.
    failed: AtomicU64,
    /// Out of an error of a verb.
    returned: AtomicU64,
    /// Out of a dead letter.
    dead: AtomicU64,
    /// Dropped with the future of a handler that was killed while it waited for room.
    withdrawn: AtomicU64,
    /// Dropped before its handler could say that it has begun, by a fault; anywhere else it is a breach.
    lost: AtomicU64,
}

fn add(column: &AtomicU64) {
    // ORDERING: Relaxed; summed up when the system has ended.
    column.fetch_add(1, Ordering::Relaxed);
}

fn sum(column: &AtomicU64) -> u64 {
    // ORDERING: Relaxed; as above.
    column.load(Ordering::Relaxed)
}

/// A message that books its own end.
struct Parcel {
    books: Arc<Books>,
    stage: Stage,
}

#[derive(Clone, Copy)]
enum Stage {
    Offered,
    /// By a handler, who may be killed.
    PassedOn,
    Begun,
    Handled,
    Returned,
    Dead,
}

impl Parcel {
    fn offer(books: &Arc<Books>) -> Self {
        add(&books.offered);
        Self { books: Arc::clone(books), stage: Stage::Offered }
    }

    fn pass_on(books: &Arc<Books>) -> Self {
        let mut parcel = Self::offer(books);
        parcel.stage = Stage::PassedOn;
        parcel
    }

    fn settle(mut self, stage: Stage) {
        self.stage = stage;
    }

    fn give_back(self) {
        self.settle(Stage::Returned);
    }
}

impl Drop for Parcel {
    fn drop(&mut self) {
        add(match self.stage {
            Stage::Offered => &self.books.lost,
            Stage::PassedOn => &self.books.withdrawn,
            Stage::Dead => &self.books.dead,
            Stage::Begun => &self.books.failed,
            Stage::Handled => &self.books.handled,
            Stage::Returned => &self.books.returned,
        });
    }
}

impl Message for Parcel {
    type Result = ();
}

/// Handles parcels: at once, after a while, or by passing another one on.
struct Postman {
    next: Option<ActorRef<Postman>>,
    count: u64,
}

impl Actor for Postman {}

impl Handler<Parcel> for Postman {
    async fn handle(&mut self, mut parcel: Parcel, ctx: &mut ActorContext<Self>) {
        parcel.stage = Stage::Begun;
        self.count += 1;
        match (self.count % 5, &self.next) {
            (1, _) => ctx.sleep(Duration::from_micros(50)).await,
            (2, Some(next)) => {
                if let Err(error) = next.tell(Parcel::pass_on(&parcel.books)).await {
                    error.into_message().give_back();
                }
            }
            (3, Some(next)) => {
                let sent = next.send(Parcel::pass_on(&parcel.books)).timeout(Duration::from_millis(2)).await;
                if let Err(error) = sent
                    && let Some(parcel) = error.into_message()
                {
                    parcel.give_back();
                }
            }
            (4, _) if self.count % 20 == 19 => panic!("every now and then"),
            _ => {}
        }
        parcel.stage = Stage::Handled;
    }
}

/// Four postmen in a row, who panic, are stopped and killed, and parcels for all of them.
fn body() -> Outcome {
    let watch = Watch::new();
    watch.expect_panics::<Postman>();
    let books = Arc::new(Books::default());
    let system = ActorSystem::builder().workers(2).observer(watch.observer()).build()?;
    let mut postmen: Vec<ActorRef<Postman>> = Vec::new();
    for _ in 0..4 {
        let next = postmen.last().cloned();
        postmen.push(system.spawn(Postman { next, count: 0 }).mailbox(Mailbox::bounded(4)).start()?);
    }
    for number in 0..60 {
        let (postman, parcel) = (&postmen[number * 7 % 4], Parcel::offer(&books));
        match number % 3 {
            0 => {
                if let Err(error) = postman.try_tell(parcel) {
                    error.into_message().give_back();
                }
            }
            1 => {
                if let Err(error) = postman.blocking_tell(parcel) {
                    error.into_message().give_back();
                }
            }
            _ => match postman.try_send(parcel) {
                Ok(reply) => drop(reply),
                Err(error) => error.into_message().give_back(),
            },
        }
        match number {
            40 => postmen[1].stop(),
            50 => postmen[2].kill(),
            _ => {}
        }
    }
    system.block_on(system.shutdown());
    watch.dead::<Parcel>().into_iter().for_each(|parcel| parcel.settle(Stage::Dead));
    drop((system, postmen));
    // What a fault takes before its handler has begun was offered by the test, or passed on.
    let failed = sum(&books.failed) + sum(&books.lost);
    let heard = watch.failures().len() as u64;
    assert!((failed..=failed + sum(&books.withdrawn)).contains(&heard), "{heard} failures were heard of: {books:?}");
    let ends = [&books.handled, &books.returned, &books.dead, &books.withdrawn].map(sum);
    assert_eq!(sum(&books.offered), failed + ends.iter().sum::<u64>(), "each has one end: {books:?}");
    Ok(())
}

#[test]
fn each_message_has_one_end_on_real_workers() {
    for _ in 0..20 {
        body().expect("it runs");
    }
}

#[test]
fn each_message_has_one_end_under_each_strategy_and_fault() {
    for strategy in [Strategy::RandomWalk, Strategy::Pct { depth: 5 }] {
        Check::new().runs(200).strategy(strategy).run(|_| body());
    }
    let millis = Duration::from_millis;
    let check = Check::new()
        .runs(300)
        .workers(3)
        .fault(Fault::panics(0.02))
        .fault(Fault::delays(0.05, millis(5)))
        .fault(Fault::full_mailboxes(0.3))
        .fault(Fault::kills(0.002))
        .fault(Fault::slow_starts(0.2, millis(5)))
        .fault(Fault::clock_jumps(0.01, millis(3)));
    check.run(|_| body());
}
