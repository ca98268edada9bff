//! All orders, the runtime's atomics opaque.
#![cfg(corecast_loom)]

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use corecast::loom::{Limit, Model, ModelError, model};
use corecast::{Actor, ActorContext, ActorRef, Handler, Message};
use model_checked::{Clerk, Left, Receipts, Sell, Stock, Take};
use tokio::sync::Semaphore;

#[test]
fn dependencies_are_what_they_always_are() {
    // Those that took part in a model checker would panic outside of a model.
    let (receipts, till) = (Receipts::default(), Semaphore::new(1));
    receipts.push("nobody");
    assert_eq!(receipts.pop(), Some("nobody"));
    assert!(till.try_acquire().is_ok());
}

/// Two clerks sell one piece.
fn sell_the_last_piece(system: &corecast::ActorSystem, clerk: fn(&'static str, &ActorRef<Stock>, &Receipts) -> Clerk) {
    let (stock, receipts) = (system.spawn(Stock(1)).start().unwrap(), Receipts::default());
    let clerks = ["one", "other"].map(|name| system.spawn(clerk(name, &stock, &receipts)).start().unwrap());
    let sales = clerks.map(|clerk| clerk.try_send(Sell).unwrap());
    let sold = sales.map(|sale| system.block_on(sale).unwrap());
    assert!(sold[0] != sold[1], "the piece was sold to {:?}", sold);
    assert_eq!((stock.blocking_send(Left).unwrap(), receipts.len()), (0, 1));
}

#[test]
fn the_last_piece_is_sold_once() {
    // What the run has come to: whether the customer has taken the piece, and what the clerk has sold.
    let last = RefCell::new(None::<(bool, Receipts)>);
    let outcomes = RefCell::new(BTreeSet::new());
    let note = || outcomes.borrow_mut().extend(last.take().map(|(taken, receipts)| (taken, receipts.len())));
    let report = Model::new().run(|system| {
        note();
        let (stock, receipts) = (system.spawn(Stock(1)).start().unwrap(), Receipts::default());
        let clerk = system.spawn(Clerk::new("one", &stock, &receipts)).start().unwrap();
        let taken = system.block_on(async {
            // The clerk may act before this goes on.
            clerk.tell(Sell).await.unwrap();
            stock.send(Take).await.unwrap()
        });
        last.replace(Some((taken, receipts)));
    });
    note();
    assert_eq!(outcomes.take(), BTreeSet::from([(false, 1), (true, 0)]), "either has it");
    println!("{} orders", report.runs());
}

#[test]
fn an_update_that_is_lost_is_found() {
    let found = Model::new().try_run(|system| sell_the_last_piece(system, Clerk::hasty));
    let Err(ModelError::Order(failure)) = found else { panic!("{found:?}") };
    assert!(failure.is_repeated());
    let story = failure.to_string();
    assert!(story.contains("the piece was sold to [true, true]"), "{story}");
    assert!(story.contains("Clerk") && story.contains("Left") && story.contains("Count"), "{story}");
    println!("{story}");
}

#[test]
fn a_till_keeps_hasty_clerks_apart() {
    let receipts = RefCell::new(None::<Receipts>);
    let sold_once = || receipts.take().is_none_or(|receipts| receipts.len() == 1);
    let report = Model::new().run(|system| {
        assert!(sold_once(), "in the run before this one");
        let till = Arc::new(Semaphore::new(1));
        let (stock, receipt) = (system.spawn(Stock(1)).start().unwrap(), Receipts::default());
        for name in ["one", "other"] {
            let clerk = Clerk::hasty(name, &stock, &receipt).at(&till);
            system.spawn(clerk).start().unwrap().try_tell(Sell).unwrap();
        }
        receipts.replace(Some(receipt));
    });
    assert!(sold_once(), "in the last run");
    println!("{} orders", report.runs());
}

/// Passes on what it is told.
struct Sender<R: Actor>(ActorRef<R>, u32);

impl<R: Actor> Actor for Sender<R> {}

struct Pass;

impl Message for Pass {
    type Result = ();
}

impl<R: Handler<From>> Handler<Pass> for Sender<R> {
    async fn handle(&mut self, _: Pass, _: &mut ActorContext<Self>) {
        self.0.try_tell(From(self.1)).unwrap();
    }
}

/// Notes from whom it hears.
struct Receiver(Arc<Mutex<Vec<u32>>>);

impl Actor for Receiver {}

struct From(u32);

impl Message for From {
    type Result = ();
}

impl Handler<From> for Receiver {
    async fn handle(&mut self, From(sender): From, _: &mut ActorContext<Self>) {
        self.0.lock().unwrap().push(sender);
    }
}

/// Takes it that the first sender comes first.
struct Trusting {
    has_heard: bool,
}

impl Actor for Trusting {}

impl Handler<From> for Trusting {
    async fn handle(&mut self, From(sender): From, _: &mut ActorContext<Self>) {
        assert!(self.has_heard || sender == 1, "listed before it is traded");
        self.has_heard = true;
    }
}

#[test]
fn an_order_of_two_senders_that_is_taken_for_granted_is_found() {
    let found = Model::new().try_run(|system| {
        let receiver = system.spawn(Trusting { has_heard: false }).start().unwrap();
        for number in [1, 2] {
            system.spawn(Sender(receiver.clone(), number)).start().unwrap().try_tell(Pass).unwrap();
        }
    });
    let Err(ModelError::Order(failure)) = found else { panic!("{found:?}") };
    assert!(failure.is_repeated() && failure.to_string().contains("listed before it is traded"), "{failure}");
}

/// How many orders there are of the turns of senders that have so many left each, and of a receiver with so many
/// messages before it: that has to start first.
fn orders(senders: &mut [u32], messages: u32, waiting: u32, has_started: bool) -> u64 {
    let is_over = senders.iter().all(|&left| left == 0) && waiting == 0 && has_started;
    let mut found = u64::from(is_over);
    for index in 0..senders.len() {
        if senders[index] == 0 {
            continue;
        }
        // The first turn is a start.
        let sent = u32::from(senders[index] <= messages);
        senders[index] -= 1;
        found += orders(senders, messages, waiting + sent, has_started);
        senders[index] += 1;
    }
    if !has_started {
        found += orders(senders, messages, waiting, true);
    } else if waiting > 0 {
        found += orders(senders, messages, waiting - 1, true);
    }
    found
}

fn factorial(of: u64) -> u64 {
    (1..=of).product()
}

#[test]
fn every_order_of_deliveries_is_explored_once() {
    for (senders, messages) in [(1, 1), (1, 3), (2, 1), (2, 2), (3, 1)] {
        let log = Arc::new(Mutex::new(Vec::new()));
        let seen = Mutex::new(BTreeSet::new());
        let keep = || {
            let heard = std::mem::take(&mut *log.lock().unwrap());
            seen.lock().unwrap().insert(heard);
        };
        let runs = Cell::new(0);
        let report = Model::new().run(|system| {
            // What the run before this one has come to.
            if runs.replace(runs.get() + 1) > 0 {
                keep();
            }
            let receiver = system.spawn(Receiver(Arc::clone(&log))).start().unwrap();
            for number in 0..senders {
                let sender = system.spawn(Sender(receiver.clone(), number)).start().unwrap();
                (0..messages).for_each(|_| sender.try_tell(Pass).unwrap());
            }
        });
        keep();
        let (senders, each) = (u64::from(senders), u64::from(messages));
        let deliveries = factorial(senders * each) / (0..senders).map(|_| factorial(each)).product::<u64>();
        assert_eq!(seen.lock().unwrap().len() as u64, deliveries, "{senders} senders, {messages} messages");
        let turns = orders(&mut vec![messages + 1; senders as usize], messages, 0, false);
        assert_eq!((report.runs(), runs.get()), (turns, turns), "{senders} senders, {messages} messages");
        println!(
            "{senders} senders, {messages} messages: {turns} orders, {deliveries} of them told apart by the receiver"
        );
    }
}

/// Tells itself, for ever.
struct Restless;

impl Actor for Restless {}

impl Handler<Pass> for Restless {
    async fn handle(&mut self, _: Pass, ctx: &mut ActorContext<Self>) {
        ctx.actor_ref().try_tell(Pass).unwrap();
    }
}

/// The limit that a model exceeds, and after how many runs.
fn exceeded(model: &Model, body: impl Fn(&corecast::ActorSystem)) -> (Limit, u64) {
    let found = model.try_run(body);
    let Err(ModelError::Limit { limit, runs }) = found else { panic!("{found:?}") };
    (limit, runs)
}

#[test]
fn more_runs_than_allowed_are_an_error() {
    let three = |system: &corecast::ActorSystem| {
        let log = Arc::default();
        for _ in 0..3 {
            system.spawn(Receiver(Arc::clone(&log))).start().unwrap().try_tell(From(0)).unwrap();
        }
    };
    // Two turns of each of three: 6! / 2! 2! 2!
    assert_eq!(Model::new().max_runs(90).run(three).runs(), 90);
    assert_eq!(exceeded(&Model::new().max_runs(89), three), (Limit::Runs(89), 89));
}

#[test]
fn more_turns_than_allowed_are_an_error() {
    let (limit, runs) = exceeded(&Model::new().max_steps(50), |system| {
        system.spawn(Restless).start().unwrap().try_tell(Pass).unwrap();
    });
    assert_eq!((limit, runs), (Limit::Steps(50), 1));
}

#[test]
#[ignore = "it ends its process, so the next test runs it in another one"]
fn a_run_for_ever() {
    Model::new().max_steps(u64::MAX).run(|system| {
        system.spawn(Restless).start().unwrap().try_tell(Pass).unwrap();
    });
}

#[test]
fn more_operations_than_allowed_end_the_process() {
    let test = std::env::current_exe().unwrap();
    let output = Command::new(test).args(["--ignored", "--exact", "a_run_for_ever", "--nocapture"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("exceeded maximum number of branches"), "{said}");
}

#[test]
#[should_panic(expected = "the model exceeds a limit, so that this is no proof: there are more than 5 runs")]
fn a_limit_is_a_panic_that_says_which() {
    Model::new().max_runs(5).run(|system| {
        let log = Arc::default();
        for _ in 0..2 {
            system.spawn(Receiver(Arc::clone(&log))).start().unwrap().try_tell(From(0)).unwrap();
        }
    });
}

/// Waits for a reply of its own.
struct Narcissus;

impl Actor for Narcissus {}

impl Handler<Pass> for Narcissus {
    async fn handle(&mut self, _: Pass, _: &mut ActorContext<Self>) {
        std::future::pending::<()>().await;
    }
}

#[test]
fn who_waits_for_ever_is_named() {
    let found = Model::new().try_run(|system| {
        system.spawn(Narcissus).name("pool").start().unwrap().blocking_send(Pass).unwrap();
    });
    let Err(ModelError::Order(failure)) = found else { panic!("{found:?}") };
    assert!(failure.to_string().contains("pool"), "{failure}");
}

#[test]
fn time_is_virtual_and_closures_are_turns() {
    model(|system| {
        system.block_on(async {
            let slept = system.sleep(Duration::from_secs(3_600));
            assert_eq!(system.spawn_blocking(|| 3).await.unwrap(), 3);
            slept.await;
            assert!(system.uptime() >= Duration::from_secs(3_600));
            assert!(system.shutdown().await.is_clean());
        });
    });
}
