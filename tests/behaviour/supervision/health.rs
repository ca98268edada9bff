//! Health checks on threads: an actor that hangs is cut by whichever worker is free, and made anew.

use std::future::pending;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use corecast::{
    Actor, ActorContext, ActorError, ChildSpec, DynamicSupervisor, Handler, HealthCheckOverdue, Message,
    ReplyErrorReason, SpawnError, SpecError, StopReason,
};

use super::builder;
use crate::support::{eventually, recv, system, wait};

const OFTEN: Duration = Duration::from_millis(1);

/// One that is well is checked in this time, however busy the machine is.
const LONG: Duration = Duration::from_secs(300);

/// Tells of its checks; the first run of them is well for so many.
struct Patient {
    checks: Sender<()>,
    pulse: u32,
}

impl Actor for Patient {
    async fn health_check(&mut self, _: &mut ActorContext<Self>) -> Result<(), ActorError> {
        let _ = self.checks.send(());
        self.pulse = self.pulse.checked_sub(1).ok_or(ActorError::new("no pulse"))?;
        Ok(())
    }
}

/// Awaits what never comes.
struct Hang;
impl Message for Hang {
    type Result = ();
}

impl Handler<Hang> for Patient {
    async fn handle(&mut self, _: Hang, _: &mut ActorContext<Self>) {
        pending().await
    }
}

fn patient(pulse: u32) -> (impl Fn() -> Patient + Send + Sync + Clone, Receiver<()>) {
    let (checks, checked) = channel();
    (move || Patient { checks: checks.clone(), pulse }, checked)
}

#[test]
fn one_that_is_checked_ends_when_it_is_not_well() {
    for workers in 1..=2 {
        let system = system(workers);
        let (make, checked) = patient(3);
        let actor = system.spawn(make()).health_check(OFTEN, LONG).start().unwrap();
        let reason = wait(actor.stopped());
        assert!(matches!(&reason, StopReason::Failed(error) if error.to_string() == "no pulse"), "{reason}");
        assert_eq!(checked.try_iter().count(), 4);
    }
}

#[test]
fn a_handler_that_hangs_is_dropped_and_the_next_state_is_checked() {
    for workers in 1..=2 {
        let system = system(workers);
        let (make, checked) = patient(u32::MAX);
        let child = ChildSpec::new("a", make).health_check(OFTEN, 20 * OFTEN);
        let supervisor = wait(system.spawn(builder().child(child).build().unwrap())).unwrap();
        let actor = wait(supervisor.child::<Patient>("a")).unwrap();
        for _ in 0..3 {
            let error = wait(actor.send(Hang)).expect_err("it hangs");
            assert!(error.to_string().contains("killed"), "{error}");
        }
        assert!(actor.is_alive());
        while checked.try_recv().is_ok() {}
        recv(&checked);
        let snapshot = system.snapshot();
        let looked_at = snapshot.find(actor.id()).expect("it lives");
        assert!(looked_at.restarts >= 3);
        let reason = looked_at.failures.last().expect("a reason");
        assert!(matches!(reason, StopReason::Failed(error) if error.source().is::<HealthCheckOverdue>()), "{reason}");
    }
}

/// Keeps the thread until this comes; then awaits what never comes, or returns.
struct Block {
    entered: Sender<()>,
    until: Receiver<()>,
    then_hangs: bool,
}

impl Message for Block {
    type Result = ();
}

impl Handler<Block> for Patient {
    async fn handle(&mut self, Block { entered, until, then_hangs }: Block, _: &mut ActorContext<Self>) {
        entered.send(()).unwrap();
        recv(&until);
        drop(until);
        if then_hangs {
            pending().await
        }
    }
}

#[test]
fn the_run_of_one_that_keeps_its_thread_is_over_when_it_awaits_or_returns() {
    for then_hangs in [true, false] {
        let system = system(2);
        let (make, _checked) = patient(u32::MAX);
        let actor = system.spawn(make()).on_worker(0).health_check(OFTEN, OFTEN).start().unwrap();
        let (entered, has_entered) = channel();
        let (release, until) = channel();
        let reply = actor.try_send(Block { entered, until, then_hangs }).unwrap();
        // On a busy machine it may have been too late for a check before.
        let has_entered = has_entered.recv().is_ok();
        if has_entered {
            eventually("the other worker has seen to it", || !actor.is_alive());
            assert_eq!(system.actor_count(), 1, "its thread is kept");
            release.send(()).unwrap();
        }
        match wait(reply) {
            Ok(()) => assert!(!then_hangs && has_entered, "the message counts as handled"),
            Err(error) if has_entered => assert!(then_hangs && matches!(error.reason(), ReplyErrorReason::Killed)),
            Err(error) => assert!(matches!(error.reason(), ReplyErrorReason::Died(_)), "{error}"),
        }
        let reason = wait(actor.stopped());
        assert!(matches!(&reason, StopReason::Failed(error) if error.source().is::<HealthCheckOverdue>()), "{reason}");
    }
}

#[test]
fn checks_without_an_interval_or_a_budget_are_refused() {
    let (system, (make, _)) = (system(1), patient(0));
    let says = |error: &dyn std::error::Error, part: &str| assert!(error.to_string().contains(part), "{error}");
    let error = system.spawn(make()).health_check(Duration::ZERO, OFTEN).start().unwrap_err();
    assert!(matches!(error, SpawnError::ZeroHealthInterval));
    says(&error, "need an interval");
    let error = wait(system.spawn(make()).health_check(OFTEN, Duration::ZERO)).unwrap_err();
    assert!(matches!(error, SpawnError::ZeroHealthBudget));
    says(&error, "a time in which it is to be over");
    let dynamic = move || {
        let make = make.clone();
        DynamicSupervisor::builder(move |_: u64| make())
    };
    assert_eq!(dynamic().health_check(Duration::ZERO, OFTEN).build().err(), Some(SpecError::ZeroHealthInterval));
    assert_eq!(dynamic().health_check(OFTEN, Duration::ZERO).build().err(), Some(SpecError::ZeroHealthBudget));
    assert_eq!(system.actor_count(), 0);
}
