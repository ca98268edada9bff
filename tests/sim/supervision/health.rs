//! Health checks: when they run, what they find, and what follows.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use corecast::sim::{Outcome, Sim, check};
use corecast::{
    Actor, ActorContext, ActorError, ActorRef, ActorSystem, ChildSpec, Directive, DynamicSupervisor, Handler,
    HealthCheckOverdue, Mailbox, Message, MessageFailure, Observer, Panic, Place, ReplyErrorReason, RestartType,
    SpawnError, SpecError, StopReason, Strategy, SupervisionEvent, Supervisor,
};

use super::{Ear, SECOND, builder, spawn};

const EVERY: Duration = Duration::from_secs(10);
const BUDGET: Duration = Duration::from_secs(2);

/// By how much a timer may be late.
const LATE: Duration = Duration::from_millis(1);

/// What a check finds.
enum Pulse {
    Well,
    Ill(&'static str),
    Broken,
    Slow(Duration),
    /// It says so itself, and finds nothing.
    Confessed(&'static str),
}

/// What checks find, one after the other and then that all is well; and when they began, since the start of their run.
#[derive(Clone, Default)]
struct Chart(Arc<Mutex<(VecDeque<Pulse>, Vec<Duration>)>>);

impl Chart {
    fn find(&self, pulses: impl IntoIterator<Item = Pulse>) {
        self.0.lock().unwrap().0.extend(pulses);
    }

    fn count(&self) -> usize {
        self.0.lock().unwrap().1.len()
    }

    /// In seconds, since it was asked for last.
    fn seconds(&self) -> Vec<u64> {
        let checks = std::mem::take(&mut self.0.lock().unwrap().1);
        assert!(checks.iter().all(|at| at.subsec_nanos() < LATE.subsec_nanos() * 100), "{checks:?}");
        checks.iter().map(Duration::as_secs).collect()
    }
}

struct Patient {
    chart: Chart,
    started: Duration,
    handled: u64,
}

impl Actor for Patient {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        self.started = ctx.uptime();
        Ok(())
    }

    async fn health_check(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        let pulse = {
            let (pulses, checks) = &mut *self.chart.0.lock().unwrap();
            checks.push(ctx.uptime() - self.started);
            pulses.pop_front().unwrap_or(Pulse::Well)
        };
        match pulse {
            Pulse::Well => {}
            Pulse::Ill(what) => return Err(ActorError::new(what)),
            Pulse::Broken => panic!("no pulse"),
            Pulse::Slow(time) => ctx.sleep(time).await,
            Pulse::Confessed(what) => ctx.fail(ActorError::new(what)),
        }
        Ok(())
    }

    fn on_error(&mut self, error: &ActorError, _: &mut ActorContext<Self>) -> Directive {
        match error.to_string().as_str() {
            "a cold" => Directive::Resume,
            "old age" => Directive::Stop,
            "the plague" => Directive::Escalate,
            _ => Directive::Restart,
        }
    }
}

/// Takes so long.
struct Work(Duration);
impl Message for Work {
    type Result = u64;
}

impl Handler<Work> for Patient {
    async fn handle(&mut self, Work(time): Work, ctx: &mut ActorContext<Self>) -> u64 {
        if !time.is_zero() {
            ctx.sleep(time).await;
        }
        self.handled += 1;
        self.handled
    }
}

fn patient(chart: &Chart) -> Patient {
    Patient { chart: chart.clone(), started: Duration::ZERO, handled: 0 }
}

fn spec(id: &str, chart: &Chart) -> ChildSpec<Patient> {
    let chart = chart.clone();
    ChildSpec::new(id, move || patient(&chart)).name(id).health_check(EVERY, BUDGET)
}

fn play(body: impl Fn(&Sim, &ActorSystem, &Chart) -> Outcome) {
    check(60, |sim| {
        sim.expect_panics::<Patient>();
        let system = sim.system();
        body(sim, &system, &Chart::default())
    });
}

fn alone(system: &ActorSystem, chart: &Chart) -> ActorRef<Patient> {
    system.spawn(patient(chart)).health_check(EVERY, BUDGET).start().unwrap()
}

/// A supervised one, with its supervisor.
fn ward(sim: &Sim, system: &ActorSystem, chart: &Chart) -> (ActorRef<Supervisor>, ActorRef<Patient>) {
    let supervisor = spawn(sim, system, builder(Strategy::OneForOne).child(spec("a", chart)));
    (supervisor, system.find("a").unwrap())
}

fn restarts(system: &ActorSystem, actor: &ActorRef<Patient>) -> (u64, Vec<String>) {
    let snapshot = system.snapshot();
    let actor = snapshot.find(actor.id()).expect("it lives");
    (actor.restarts, actor.failures.iter().map(ToString::to_string).collect())
}

#[track_caller]
fn assert_overdue(reason: &StopReason, had_begun: bool) {
    let StopReason::Failed(error) = reason else { panic!("{reason}") };
    let overdue = error.source().downcast_ref::<HealthCheckOverdue>().unwrap_or_else(|| panic!("{reason}"));
    assert_eq!((overdue.budget(), overdue.had_begun()), (BUDGET, had_begun));
    let what = if had_begun { "was not over" } else { "had not begun" };
    assert_eq!(reason.to_string(), format!("it failed: the health check of {} {what} within 2s", overdue.actor()));
}

#[test]
fn one_that_is_well_is_checked_again_and_again_an_interval_after_the_last() {
    play(|sim, system, chart| {
        let actor = alone(system, chart);
        sim.run_for(35 * SECOND)?;
        assert_eq!(chart.seconds(), [10, 20, 30]);
        chart.find([Pulse::Slow(SECOND), Pulse::Well]);
        sim.run_for(30 * SECOND)?;
        assert_eq!(chart.seconds(), [40, 51, 61], "the interval begins when a check is over");
        assert_eq!(actor.blocking_send(Work(Duration::ZERO))?, 1);
        Ok(())
    });
}

#[test]
fn an_actor_without_checks_is_not_checked_and_one_without_a_hook_is_well() {
    struct Plain;
    impl Actor for Plain {}

    play(|sim, system, chart| {
        let unchecked = system.spawn(patient(chart)).start()?;
        let plain = system.spawn(Plain).health_check(SECOND, SECOND).start()?;
        let never = system.spawn(patient(chart)).health_check(Duration::MAX, SECOND).start()?;
        let patiently = system.spawn(patient(chart)).health_check(EVERY, Duration::MAX).start()?;
        chart.find([Pulse::Slow(100 * SECOND)]);
        sim.run_for(125 * SECOND)?;
        assert_eq!(chart.seconds(), [10, 120], "the last of them alone");
        assert!(unchecked.is_alive() && plain.is_alive() && never.is_alive() && patiently.is_alive());
        Ok(())
    });
}

#[test]
fn an_error_of_a_check_is_judged_by_on_error_as_one_of_a_handler_is() {
    play(|sim, system, chart| {
        let actor = alone(system, chart);
        chart.find([Pulse::Ill("a cold"), Pulse::Confessed("a cold"), Pulse::Ill("a fever")]);
        let reason = sim.block_on(actor.stopped());
        assert_eq!(reason.to_string(), "it failed: a fever");
        assert_eq!(chart.seconds(), [10, 20, 30]);

        let supervisor = builder(Strategy::OneForOne).child(spec("a", chart)).child(spec("b", chart));
        let supervisor = spawn(sim, system, supervisor);
        let (a, b) = (system.find::<Patient>("a")?, system.find::<Patient>("b")?);
        chart.find([Pulse::Ill("old age")]);
        sim.run_for(15 * SECOND)?;
        assert!(a.is_alive() != b.is_alive(), "one has resigned, and isn't restarted");
        chart.find([Pulse::Ill("the plague")]);
        let reason = sim.block_on(supervisor.stopped());
        assert!(matches!(reason, StopReason::Escalated { .. }), "{reason}");
        Ok(())
    });
}

#[test]
fn a_panic_of_a_check_says_where_it_was() {
    play(|sim, system, chart| {
        let actor = alone(system, chart);
        chart.find([Pulse::Broken]);
        let reason = sim.block_on(actor.stopped());
        assert!(matches!(&reason, StopReason::Panicked(panic) if panic.place() == Place::HealthCheck), "{reason}");
        assert_eq!(reason.to_string(), "health_check panicked: no pulse");
        Ok(())
    });
}

#[test]
fn a_check_that_exceeds_its_budget_is_dropped_and_one_that_keeps_it_is_not() {
    play(|sim, system, chart| {
        let actor = alone(system, chart);
        chart.find([Pulse::Slow(BUDGET - LATE), Pulse::Slow(BUDGET + LATE)]);
        sim.run_for(15 * SECOND)?;
        assert!(actor.is_alive());
        let before = system.uptime();
        let reason = sim.block_on(actor.stopped());
        assert_overdue(&reason, true);
        let waited = system.uptime() - before;
        assert!(waited < 10 * SECOND, "{waited:?}");
        assert_eq!(chart.count(), 2);
        Ok(())
    });
}

#[test]
fn a_handler_in_the_way_of_a_check_for_longer_than_its_budget_is_dropped() {
    play(|sim, system, chart| {
        let (_supervisor, actor) = ward(sim, system, chart);
        // It is in the way at 10, and over at 11.
        let short = actor.try_send(Work(11 * SECOND))?;
        assert_eq!(sim.block_on(short)?, 1);
        sim.run_for(SECOND)?;
        assert_eq!(chart.seconds(), [11]);
        // The next check is due at 21; at 23 the handler is dropped.
        let (long, next) = (actor.try_send(Work(100 * SECOND))?, actor.try_send(Work(Duration::ZERO))?);
        let error = sim.block_on(long).unwrap_err();
        assert!(matches!(error.reason(), ReplyErrorReason::Killed), "{error}");
        let at = system.uptime();
        assert!(at >= 23 * SECOND && at < 23 * SECOND + 100 * LATE, "{at:?}");
        assert_eq!(sim.block_on(next)?, 1, "what waits is handled by the next state");
        assert!(chart.seconds().is_empty());
        let (count, reasons) = restarts(system, &actor);
        assert_eq!(count, 1);
        assert!(reasons[0].contains("the health check of") && reasons[0].ends_with("had not begun within 2s"));
        Ok(())
    });
}

/// Keeps why messages have failed.
#[derive(Clone, Default)]
struct Failures(Arc<Mutex<Vec<StopReason>>>);

impl Observer for Failures {
    fn message_failed(&self, failure: &MessageFailure) {
        self.0.lock().unwrap().push(failure.cause().clone());
    }
}

#[test]
fn the_message_in_the_way_fails_once_with_the_reason_of_the_run() {
    check(60, |sim| {
        let (failures, chart) = (Failures::default(), Chart::default());
        let system = ActorSystem::builder().observer(failures.clone()).build()?;
        let actor = alone(&system, &chart);
        actor.try_tell(Work(100 * SECOND))?;
        let reason = sim.block_on(actor.stopped());
        assert_overdue(&reason, false);
        let failed = failures.0.lock().unwrap();
        assert_eq!(failed.len(), 1);
        assert_overdue(&failed[0], false);
        Ok(())
    });
}

#[test]
fn checks_pass_ahead_of_a_full_mailbox_and_are_not_counted_in_it() {
    play(|sim, system, chart| {
        let mailbox = Mailbox::bounded(2);
        let actor = system.spawn(patient(chart)).mailbox(mailbox).health_check(EVERY, BUDGET).start()?;
        let busy = actor.clone();
        // A second each, three of them at any time: one is handled, two wait.
        let replies: Vec<_> = (0..40).map(|_| busy.send(Work(SECOND))).collect();
        sim.run_for(35 * SECOND)?;
        assert_eq!(actor.mailbox_size(), 2);
        assert_eq!(chart.seconds(), [10, 20, 30]);
        for (number, reply) in (1..).zip(replies) {
            assert_eq!(sim.block_on(reply)?, number, "in order, none lost");
        }
        Ok(())
    });
}

#[test]
fn each_run_has_checks_of_its_own() {
    play(|sim, system, chart| {
        let (_supervisor, actor) = ward(sim, system, chart);
        sim.run_for(7 * SECOND)?;
        actor.kill();
        sim.run_for(12 * SECOND)?;
        assert_eq!(chart.seconds(), [10], "an interval after its own start");
        chart.find([Pulse::Slow(100 * SECOND)]);
        // Due at 27, and cut at 29: the next run begins then.
        sim.run_for(25 * SECOND)?;
        assert_eq!(chart.seconds(), [20, 10]);
        assert_eq!(restarts(system, &actor).0, 2);
        assert_eq!(actor.blocking_send(Work(Duration::ZERO))?, 1);
        Ok(())
    });
}

#[test]
fn a_stop_waits_for_a_check_and_a_kill_drops_it() {
    play(|sim, system, chart| {
        let (stopped, killed) = (alone(system, chart), alone(system, chart));
        chart.find([Pulse::Slow(SECOND), Pulse::Slow(SECOND)]);
        sim.run_for(10 * SECOND + SECOND / 2)?;
        stopped.try_tell(Work(Duration::ZERO))?;
        stopped.stop();
        killed.kill();
        let before = system.uptime();
        assert!(matches!(sim.block_on(killed.stopped()), StopReason::Killed));
        assert_eq!(system.uptime(), before);
        assert!(matches!(sim.block_on(stopped.stopped()), StopReason::Stopped));
        let waited = system.uptime() - before;
        assert!(waited > SECOND / 4 && waited < SECOND, "{waited:?}");
        Ok(())
    });
}

#[test]
fn one_that_hangs_on_its_way_out_is_checked_until_its_mailbox_is_empty() {
    play(|sim, system, chart| {
        let actor = alone(system, chart);
        drop(actor.try_send(Work(15 * SECOND))?);
        let hanging = actor.try_send(Work(100 * SECOND))?;
        chart.find([Pulse::Well]);
        actor.stop();
        // At 10 the first handler is in the way until 15.
        assert!(sim.block_on(hanging).is_err());
        assert_overdue(&sim.block_on(actor.stopped()), false);
        let at = system.uptime();
        assert!(at >= 12 * SECOND && at < 13 * SECOND, "{at:?}");

        // The `post_stop` is nothing to the checks.
        let supervised = spawn(sim, system, builder(Strategy::OneForOne).child(spec("a", chart)));
        supervised.stop();
        sim.block_on(supervised.stopped());
        sim.run_for(100 * SECOND)?;
        assert!(chart.seconds().is_empty());
        Ok(())
    });
}

#[test]
fn a_check_keeps_nobody_alive() {
    play(|sim, system, chart| {
        let actor = alone(system, chart);
        sim.run_for(5 * SECOND)?;
        drop(actor);
        sim.run_for(30 * SECOND)?;
        assert_eq!((system.actor_count(), chart.count()), (0, 0));
        Ok(())
    });
}

#[test]
fn supervisors_judge_and_tell_and_count_a_check_that_fails_as_any_failure() {
    play(|sim, system, chart| {
        let heard = Arc::<Mutex<Vec<_>>>::default();
        let ear = system.spawn(Ear(Arc::clone(&heard))).mailbox(Mailbox::unbounded()).start()?;
        sim.block_on(async { system.broker().subscribe::<SupervisionEvent>(SupervisionEvent::TOPIC, ear).await })?;
        let supervisor = Supervisor::builder(Strategy::OneForOne).intensity(2, 60 * SECOND).child(spec("a", chart));
        let supervisor = spawn(sim, system, supervisor);
        let actor = system.find::<Patient>("a")?;
        chart.find([Pulse::Ill("a fever"), Pulse::Slow(5 * SECOND), Pulse::Broken]);
        let reason = sim.block_on(supervisor.stopped());
        let StopReason::GaveUp { child, cause } = &reason else { panic!("{reason}") };
        assert_eq!(child.id(), actor.id());
        assert!(matches!(&**cause, StopReason::Panicked(Panic { .. })), "{cause}");
        sim.run_until_quiescent()?;
        let overdue = format!("it failed: the health check of {} was not over within 2s", actor.info());
        assert_eq!(
            *heard.lock().unwrap(),
            [
                "a has started".to_owned(),
                "a has failed: it failed: a fever".to_owned(),
                "a has been restarted".to_owned(),
                format!("a has failed: {overdue}"),
                "a has been restarted".to_owned(),
                "a has failed: health_check panicked: no pulse".to_owned(),
                "a failed more often than is allowed: health_check panicked: no pulse".to_owned(),
                "a has ended: health_check panicked: no pulse".to_owned(),
            ]
        );
        assert_eq!(chart.seconds(), [10, 10, 10]);
        Ok(())
    });
}

#[test]
fn a_temporary_child_ends_and_dynamic_ones_are_checked_too() {
    play(|sim, system, chart| {
        let temporary = spec("a", chart).restart(RestartType::Temporary);
        let _supervisor = spawn(sim, system, builder(Strategy::OneForAll).child(temporary).child(spec("b", chart)));
        let (a, b) = (system.find::<Patient>("a")?, system.find::<Patient>("b")?);
        a.try_tell(Work(100 * SECOND))?;
        assert_overdue(&sim.block_on(a.stopped()), false);
        assert_eq!(restarts(system, &b).0, 0);
        assert_eq!(chart.seconds(), [10], "the other one");

        let made = chart.clone();
        let dynamic = DynamicSupervisor::builder(move |()| patient(&made)).health_check(SECOND, BUDGET).build()?;
        let dynamic = sim.block_on(async { system.spawn(dynamic).await })?;
        let child = sim.block_on(dynamic.start_child(()))?;
        chart.find([Pulse::Ill("a fever")]);
        sim.run_for(SECOND + SECOND / 2)?;
        assert_eq!(restarts(system, &child), (1, vec!["it failed: a fever".to_owned()]));
        Ok(())
    });
}

#[test]
fn a_failed_check_is_no_message_that_failed() {
    play(|sim, system, chart| {
        let supervisor = builder(Strategy::OneForOne).child(spec("a", chart).quarantine_after(2));
        let _supervisor = spawn(sim, system, supervisor);
        let actor = system.find::<Patient>("a")?;
        chart.find([Pulse::Ill("a fever"), Pulse::Ill("a fever"), Pulse::Confessed("a fever"), Pulse::Ill("a fever")]);
        // A message that is handled well in each run but the last: it isn't given up before.
        for run in 0..3 {
            assert_eq!(actor.blocking_send(Work(Duration::ZERO))?, 1);
            sim.run_for(EVERY + SECOND)?;
            assert_eq!(restarts(system, &actor).0, run + 1);
        }
        let reason = sim.block_on(actor.stopped());
        assert!(matches!(reason, StopReason::Quarantined(_)), "{reason}");
        Ok(())
    });
}

#[test]
fn checks_need_an_interval_and_a_budget() {
    play(|_, system, chart| {
        let spawned = |every, budget| system.spawn(patient(chart)).health_check(every, budget).start();
        assert!(matches!(spawned(Duration::ZERO, BUDGET), Err(SpawnError::ZeroHealthInterval)));
        assert!(matches!(spawned(EVERY, Duration::ZERO), Err(SpawnError::ZeroHealthBudget)));
        let supervised = |every, budget| {
            let child = spec("a", chart).health_check(every, budget);
            match builder(Strategy::OneForOne).child(child).build() {
                Err(SpecError::InChild { id, error }) if id == "a" => *error,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(supervised(Duration::ZERO, BUDGET), SpecError::ZeroHealthInterval);
        assert_eq!(supervised(EVERY, Duration::ZERO), SpecError::ZeroHealthBudget);
        let dynamic = DynamicSupervisor::<Patient, ()>::builder(|()| unreachable!());
        assert_eq!(dynamic.health_check(EVERY, Duration::ZERO).build().err(), Some(SpecError::ZeroHealthBudget));
        Ok(())
    });
}

#[test]
fn a_look_shows_a_check_that_runs() {
    check(60, |sim| {
        let chart = Chart::default();
        let system = ActorSystem::builder().slow_handlers(100 * SECOND).build()?;
        let actor = alone(&system, &chart);
        chart.find([Pulse::Slow(SECOND)]);
        sim.run_for(10 * SECOND + SECOND / 2)?;
        let snapshot = system.snapshot();
        let actor = snapshot.find(actor.id()).expect("it lives");
        assert_eq!(actor.handler.map(|handler| handler.what), Some("health_check"));
        assert_eq!((actor.phase, actor.mailbox.depth), (corecast::ActorPhase::Serving, 0));
        Ok(())
    });
}
