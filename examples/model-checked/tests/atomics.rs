//! The shipped atomics, too.
#![cfg(corecast_loom)]

use std::cell::Cell;
use std::process::Command;

use corecast::loom::{Limit, MAX_PREEMPTIONS, Model, ModelError};
use corecast::{Actor, ActorContext, ActorSystem, Handler, Message};
use model_checked::{Clerk, Count, Left, Receipts, Sell, Stock, Take};

fn atomics() -> Model {
    Model::new().atomics(true)
}

#[test]
fn a_clerk_and_a_customer_take_different_pieces() {
    let outcomes = [Cell::new(0), Cell::new(0)];
    let report = atomics().run(|system| {
        let (stock, receipts) = (system.spawn(Stock(1)).start().unwrap(), Receipts::default());
        let clerk = system.spawn(Clerk::new("one", &stock, &receipts)).start().unwrap();
        let sale = clerk.try_send(Sell).unwrap();
        let taken = stock.blocking_send(Take).unwrap();
        assert!(system.block_on(sale).unwrap() != taken);
        let outcome = &outcomes[usize::from(taken)];
        outcome.set(outcome.get() + 1);
    });
    // Either may be first.
    assert!(outcomes.iter().all(|outcome| outcome.get() > 0), "{outcomes:?}");
    println!("{} executions, {outcomes:?}", report.runs());
}

#[test]
fn an_update_that_is_lost_is_found() {
    let found = atomics().try_run(|system| {
        let (stock, receipts) = (system.spawn(Stock(2)).start().unwrap(), Receipts::default());
        let clerk = system.spawn(Clerk::hasty("one", &stock, &receipts)).start().unwrap();
        let sale = clerk.try_send(Sell).unwrap();
        let left = stock.blocking_send(Left).unwrap();
        stock.blocking_send(Count(left - 1)).unwrap();
        assert!(system.block_on(sale).unwrap());
        assert_eq!(stock.blocking_send(Left).unwrap(), 0, "two were sold");
    });
    let Err(ModelError::Execution { text, runs }) = found else { panic!("{found:?}") };
    assert!(text.contains("two were sold") && runs > 0, "{text}");
}

/// Panics.
struct Careless;

impl Actor for Careless {}

struct Drop;

impl Message for Drop {
    type Result = ();
}

impl Handler<Drop> for Careless {
    async fn handle(&mut self, _: Drop, _: &mut ActorContext<Self>) {
        panic!("it fell");
    }
}

#[test]
fn an_actor_that_panics_fails_the_model() {
    let found = atomics().try_run(|system| {
        system.spawn(Careless).start().unwrap().try_tell(Drop).unwrap();
    });
    let Err(ModelError::Execution { text, .. }) = found else { panic!("{found:?}") };
    assert!(text.contains("Careless") && text.contains("it fell"), "{text}");
}

/// Never replies.
struct Deaf;

impl Actor for Deaf {}

impl Handler<Drop> for Deaf {
    async fn handle(&mut self, _: Drop, _: &mut ActorContext<Self>) {
        std::future::pending::<()>().await;
    }
}

#[test]
fn a_handler_that_waits_for_ever_fails_the_model() {
    let found = atomics().try_run(|system| {
        system.spawn(Deaf).start().unwrap().try_tell(Drop).unwrap();
    });
    let Err(ModelError::Execution { text, .. }) = found else { panic!("{found:?}") };
    assert!(text.contains("waits for ever"), "{text}");
}

#[test]
#[ignore = "it ends its process, so the next test runs it in another one"]
fn a_wait_for_ever() {
    atomics().preemptions(0).run(|system| system.spawn(Deaf).start().unwrap().blocking_send(Drop).unwrap());
}

#[test]
fn a_model_that_waits_for_ever_ends_the_process() {
    let test = std::env::current_exe().unwrap();
    let output = Command::new(test).args(["--ignored", "--exact", "a_wait_for_ever", "--nocapture"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("deadlock"), "{said}");
    assert!(said.contains("corecast::loom: execution 1 of the model ends the process"), "{said}");
}

/// The limit that a model exceeds.
fn exceeded(model: &Model, body: impl Fn(&ActorSystem)) -> Limit {
    let found = model.try_run(body);
    let Err(ModelError::Limit { limit, .. }) = found else { panic!("{found:?}") };
    limit
}

fn three_actors(system: &ActorSystem) {
    for _ in 0..3 {
        let _ = system.spawn(Stock(1)).start();
    }
}

#[test]
fn a_third_actor_is_an_error() {
    assert_eq!(exceeded(&atomics(), three_actors), Limit::Actors);
    // Even for an actor that does it, and that one has no panic of its own to tell of.
    assert_eq!(exceeded(&atomics(), |system| drop(system.spawn(Breeder).start())), Limit::Actors);
}

/// Spawns two.
struct Breeder;

impl Actor for Breeder {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), corecast::ActorError> {
        for _ in 0..2 {
            ctx.system().spawn(Stock(1)).await?;
        }
        Ok(())
    }
}

#[test]
fn a_third_thread_is_an_error() {
    assert_eq!(exceeded(&atomics().workers(2), |_| ()), Limit::Threads);
    assert_eq!(exceeded(&atomics(), |system| drop(system.spawn_blocking(|| ()))), Limit::Threads);
    assert_eq!(exceeded(&atomics(), |system| drop(system.shutdown())), Limit::Threads);
    assert_eq!(exceeded(&atomics(), |_| drop(ActorSystem::builder().workers(1).build())), Limit::Threads);
}

#[test]
fn a_third_preemption_is_an_error() {
    assert_eq!(exceeded(&atomics().preemptions(MAX_PREEMPTIONS + 1), |_| ()), Limit::Preemptions);
}

#[test]
fn more_executions_than_allowed_are_an_error() {
    let take = |system: &ActorSystem| {
        assert!(system.spawn(Stock(1)).start().unwrap().blocking_send(Take).unwrap());
    };
    let runs = atomics().preemptions(1).run(take).runs();
    assert_eq!(atomics().preemptions(1).max_runs(runs).run(take).runs(), runs);
    assert_eq!(exceeded(&atomics().preemptions(1).max_runs(runs - 1), take), Limit::Runs(runs - 1));
}

#[test]
#[should_panic(expected = "with the shipped atomics there may be 2 actors")]
fn a_limit_is_a_panic_that_says_which() {
    atomics().run(three_actors);
}

#[test]
#[should_panic(expected = "a model within a model")]
fn a_model_within_a_model_is_refused() {
    atomics().run(|_| {
        atomics().run(|_| ());
    });
}
