//! What a user may stumble over: ends that were meant for good, calls that come while a child is down, and user code that
//! breaks where nobody would look for it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Add, Do, Part, SECOND, builder, find, part, play, spawn};
use corecast::{
    Actor, ActorContext, ActorError, ActorRef, Backoff, ChildError, ChildSpec, ChildState, Directive,
    DynamicSupervisor, Handler, Message, ReplyErrorReason, RestartType, ShutdownPolicy, StopReason, Strategy,
    Supervisor,
};

#[test]
fn one_that_says_stop_isn_t_started_again_whatever_its_restart_type() {
    play(|sim, system, journal| {
        for restart in [RestartType::Permanent, RestartType::Transient] {
            let supervisor =
                spawn(sim, system, builder(Strategy::OneForOne).child(part("a", journal).restart(restart)));
            let a = find(system, "a");
            a.blocking_send(Do::Fail("stop"))?;
            assert!(matches!(sim.block_on(a.stopped()), StopReason::Failed(_)));
            sim.run_until_quiescent()?;
            let children = sim.block_on(async { supervisor.which_children().await })?;
            assert_eq!(children[0].state, ChildState::Stopped, "{restart:?}");
            assert!(system.find::<Part>("a").is_err());
            assert_eq!(journal.take(), ["+a", "-a"]);
            supervisor.stop();
            sim.block_on(supervisor.stopped());
        }
        Ok(())
    });
}

#[test]
fn a_kill_of_a_child_that_waits_for_its_restart_is_of_no_account() {
    play(|sim, system, journal| {
        let backoff = Backoff::new(SECOND, SECOND).jitter(0.0);
        let _supervisor = spawn(sim, system, builder(Strategy::OneForOne).child(part("a", journal).backoff(backoff)));
        let a = find(system, "a");
        assert!(a.blocking_send(Do::Panic).is_err());
        let waits = a.try_send(Add(1))?;
        a.kill();
        assert!(a.is_alive());
        assert_eq!(sim.block_on(waits)?, 1);
        assert_eq!(a.blocking_send(Add(1))?, 2);
        assert_eq!(journal.take(), ["+a", "-a", "+a"]);
        Ok(())
    });
}

#[test]
fn a_stop_of_a_child_that_waits_for_its_restart_is_followed_by_one_more() {
    play(|sim, system, journal| {
        let backoff = Backoff::new(SECOND, SECOND).jitter(0.0);
        let _supervisor = spawn(sim, system, builder(Strategy::OneForOne).child(part("a", journal).backoff(backoff)));
        let a = find(system, "a");
        assert!(a.blocking_send(Do::Panic).is_err());
        let waits = a.try_send(Add(1))?;
        a.stop();
        assert_eq!(sim.block_on(waits)?, 1);
        sim.run_until_quiescent()?;
        assert_eq!(a.blocking_send(Add(1))?, 1);
        Ok(())
    });
}

#[test]
fn a_child_that_asks_for_its_own_end_and_awaits_it_is_cut_at_its_budget() {
    struct Suicidal(ActorRef<Supervisor>);
    impl Actor for Suicidal {}
    impl Handler<Add> for Suicidal {
        async fn handle(&mut self, _: Add, _: &mut ActorContext<Self>) -> u64 {
            let _ = self.0.terminate_child("me").await;
            0
        }
    }
    play(|sim, system, journal| {
        let supervisor = spawn(sim, system, builder(Strategy::OneForOne).child(part("a", journal)));
        let known = supervisor.clone();
        let me = ChildSpec::new("me", move || Suicidal(known.clone()));
        let me = sim.block_on(async { supervisor.start_child(me).await })?;
        let start = system.uptime();
        let error = sim.block_on(me.try_send(Add(0))?).unwrap_err();
        assert!(matches!(error.reason(), ReplyErrorReason::Killed), "{error}");
        assert!(system.uptime() - start >= 5 * SECOND);
        assert_eq!(sim.block_on(async { supervisor.count_children().await })?.active, 1);
        supervisor.stop();
        sim.block_on(supervisor.stopped());
        Ok(())
    });
}

/// Panics when it is dropped, once it is armed.
#[derive(Clone)]
struct Bomb(Arc<Mutex<bool>>);

impl Drop for Bomb {
    fn drop(&mut self) {
        let armed = std::mem::take(&mut *self.0.lock().unwrap());
        if armed {
            panic!("a bomb");
        }
    }
}

#[test]
fn a_factory_that_panics_when_it_is_dropped_leaves_its_supervisor_alone() {
    play(|sim, system, journal| {
        sim.expect_panics::<Supervisor>();
        let armed = Arc::new(Mutex::new(false));
        let (bomb, inner) = (Bomb(Arc::clone(&armed)), journal.clone());
        let spec = ChildSpec::new("b", move || {
            let _ = &bomb;
            Part { name: "b", journal: inner.clone(), sum: 0, lingers: Duration::ZERO }
        });
        let supervisor = spawn(sim, system, builder(Strategy::OneForOne).child(part("a", journal)).child(spec));
        sim.block_on(async {
            supervisor.terminate_child("b").await?;
            *armed.lock().unwrap() = true;
            supervisor.delete_child("b").await?;
            assert!(!*armed.lock().unwrap(), "it was dropped");
            assert_eq!(supervisor.count_children().await?.specs, 1);
            Ok::<_, ChildError>(())
        })?;
        assert_eq!(find(system, "a").blocking_send(Add(1))?, 1);
        Ok(())
    });
}

#[test]
fn what_a_dynamic_child_is_made_of_may_panic_when_it_is_dropped() {
    play(|sim, system, journal| {
        let (armed, journal) = (Arc::new(Mutex::new(false)), journal.clone());
        let sessions = DynamicSupervisor::builder(move |_: Bomb| Part {
            name: "session",
            journal: journal.clone(),
            sum: 0,
            lingers: Duration::ZERO,
        })
        .build()?;
        let sessions = sim.block_on(async { system.spawn(sessions).await })?;
        sim.block_on(async {
            let first = sessions.start_child(Bomb(Arc::clone(&armed))).await?;
            let second = sessions.start_child(Bomb(Arc::default())).await?;
            *armed.lock().unwrap() = true;
            sessions.terminate_child(&first).await?;
            drop(first); // which kept it
            assert!(!*armed.lock().unwrap(), "it was dropped");
            assert_eq!(second.send(Add(1)).await.unwrap(), 1);
            assert_eq!(sessions.count_children().await?.active, 1);
            Ok::<_, ChildError>(())
        })?;
        Ok(())
    });
}

/// An event.
#[derive(Clone)]
struct Tick;

impl Message for Tick {
    type Result = ();
}

/// Subscribes in its `pre_start`; keeps the guard, or not.
struct Counts {
    keeps: bool,
    guard: Option<corecast::SubscriptionGuard<Tick>>,
    ticks: Arc<Mutex<u32>>,
}

impl Actor for Counts {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        let sub = ctx.broker().subscribe::<Tick>("ticks", ctx.weak_ref()).await?;
        if self.keeps {
            self.guard = Some(sub.into_guard());
        }
        Ok(())
    }
}

impl Handler<Tick> for Counts {
    async fn handle(&mut self, _: Tick, _: &mut ActorContext<Self>) {
        *self.ticks.lock().unwrap() += 1;
    }
}

impl Handler<Do> for Counts {
    async fn handle(&mut self, _: Do, _: &mut ActorContext<Self>) {
        panic!("it broke");
    }
}

#[test]
fn a_subscription_that_each_run_makes_is_ended_by_a_guard_in_the_state() {
    play(|sim, system, _| {
        sim.expect_panics::<Counts>();
        for (keeps, heard) in [(true, 1), (false, 3)] {
            let ticks = Arc::default();
            let made = Arc::clone(&ticks);
            let spec = ChildSpec::new("counts", move || Counts { keeps, guard: None, ticks: Arc::clone(&made) });
            let supervisor = spawn(sim, system, builder(Strategy::OneForOne).child(spec));
            let counts = sim.block_on(async { supervisor.child::<Counts>("counts").await })?;
            for _ in 0..2 {
                assert!(counts.blocking_send(Do::Panic).is_err());
                sim.run_until_quiescent()?;
            }
            sim.block_on(async { system.broker().publish("ticks", Tick).await })?;
            sim.run_until_quiescent()?;
            assert_eq!(*ticks.lock().unwrap(), heard);
            supervisor.stop();
            sim.block_on(supervisor.stopped());
        }
        Ok(())
    });
}

/// Joins a group in its `pre_start`; keeps the guard, or not.
struct Joins {
    keeps: bool,
    guard: Option<corecast::MembershipGuard>,
}

impl Actor for Joins {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        let membership = ctx.groups().join::<Tick>("joined", ctx.weak_ref()).await?;
        if self.keeps {
            self.guard = Some(membership.into_guard());
        }
        Ok(())
    }
}

impl Handler<Tick> for Joins {
    async fn handle(&mut self, _: Tick, _: &mut ActorContext<Self>) {
        panic!("it broke");
    }
}

#[test]
fn a_membership_that_each_run_takes_needs_a_guard_in_the_state() {
    play(|sim, system, _| {
        sim.expect_panics::<Joins>();
        for keeps in [true, false] {
            let spec = ChildSpec::new("joins", move || Joins { keeps, guard: None });
            let supervisor =
                spawn(sim, system, Supervisor::builder(Strategy::OneForOne).intensity(3, SECOND).child(spec));
            let joins = sim.block_on(async { supervisor.child::<Joins>("joins").await })?;
            assert!(joins.blocking_send(Tick).is_err());
            sim.run_until_quiescent()?;
            assert_eq!(supervisor.is_alive(), keeps);
            assert_eq!(system.groups().count("joined"), usize::from(keeps));
            supervisor.stop();
            sim.block_on(supervisor.stopped());
        }
        Ok(())
    });
}

/// Fails where it is told to.
struct Fails {
    place: &'static str,
    done: Arc<Mutex<u32>>,
    directive: Directive,
}

impl Actor for Fails {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        if self.place == "pre_start" && *self.done.lock().unwrap() == 0 {
            *self.done.lock().unwrap() += 1;
            ctx.fail(ActorError::new("in pre_start"));
        }
        Ok(())
    }

    fn on_error(&mut self, _: &ActorError, _: &mut ActorContext<Self>) -> Directive {
        if self.place == "on_error" && *self.done.lock().unwrap() == 0 {
            *self.done.lock().unwrap() += 1;
            panic!("in on_error");
        }
        self.directive
    }
}

impl Handler<Add> for Fails {
    async fn handle(&mut self, Add(more): Add, ctx: &mut ActorContext<Self>) -> u64 {
        if more == 0 {
            ctx.fail(ActorError::new("nothing to add"));
        }
        more
    }
}

#[test]
fn a_failure_in_pre_start_or_in_on_error_is_one_more_reason_for_a_restart() {
    play(|sim, system, _| {
        sim.expect_panics::<Fails>();
        for place in ["pre_start", "on_error"] {
            let done = Arc::default();
            let made = Arc::clone(&done);
            let spec = ChildSpec::new("fails", move || Fails {
                place,
                done: Arc::clone(&made),
                directive: Directive::Restart,
            });
            let supervisor = spawn(sim, system, builder(Strategy::OneForOne).child(spec));
            let fails = sim.block_on(async { supervisor.child::<Fails>("fails").await })?;
            assert_eq!(fails.blocking_send(Add(0))?, 0);
            assert_eq!(fails.blocking_send(Add(1))?, 1);
            assert_eq!(*done.lock().unwrap(), 1);
            supervisor.stop();
            sim.block_on(supervisor.stopped());
        }
        Ok(())
    });
}

/// Asks its supervisor in `pre_start`.
struct Asks;

impl Actor for Asks {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        let supervisor = ctx.system().find::<Supervisor>("root")?;
        supervisor.count_children().await?;
        Ok(())
    }
}

#[test]
fn a_child_that_awaits_its_supervisor_in_pre_start_may_do_so_when_that_has_started() {
    play(|sim, system, _| {
        let spec = || ChildSpec::new("asks", || Asks).start_limit(SECOND);
        let first = builder(Strategy::OneForOne).child(spec()).build()?;
        let error = sim.block_on(async { system.spawn(first).name("root").await }).unwrap_err();
        assert!(error.to_string().contains("`asks` did not start"), "{error}");
        sim.block_on(async {
            let root = system.spawn(builder(Strategy::OneForOne).build().unwrap()).name("root").await.unwrap();
            root.start_child(spec()).await
        })?;
        Ok(())
    });
}

/// Its first failure may come before its supervisor has heard that all have started.
#[test]
fn a_child_that_fails_as_soon_as_it_has_started_is_restarted() {
    struct Hasty(Arc<Mutex<u32>>);
    impl Actor for Hasty {
        async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
            *self.0.lock().unwrap() += 1;
            if *self.0.lock().unwrap() == 1 {
                // Handled behind the start, at once.
                ctx.actor_ref().try_tell(Do::Panic).expect("there is room");
            }
            Ok(())
        }
    }
    impl Handler<Do> for Hasty {
        async fn handle(&mut self, _: Do, _: &mut ActorContext<Self>) {
            panic!("too hasty");
        }
    }
    play(|sim, system, _| {
        sim.expect_panics::<Hasty>();
        let starts = Arc::default();
        let made = Arc::clone(&starts);
        let spec = ChildSpec::new("hasty", move || Hasty(Arc::clone(&made)));
        let supervisor = spawn(sim, system, builder(Strategy::OneForOne).child(spec));
        sim.run_until_quiescent()?;
        assert_eq!(*starts.lock().unwrap(), 2);
        assert_eq!(sim.block_on(async { supervisor.count_children().await })?.active, 1);
        Ok(())
    });
}

#[test]
fn a_failure_is_passed_on_by_a_child_of_any_restart_type() {
    for restart in [RestartType::Permanent, RestartType::Transient, RestartType::Temporary] {
        play(|sim, system, journal| {
            let supervisor =
                spawn(sim, system, builder(Strategy::OneForOne).child(part("a", journal).restart(restart)));
            find(system, "a").blocking_send(Do::Fail("escalate"))?;
            sim.run_until_quiescent()?;
            assert!(!supervisor.is_alive(), "{restart:?}");
            let reason = sim.block_on(supervisor.stopped());
            assert!(matches!(&reason, StopReason::Escalated { child, .. } if child.name() == Some("a")), "{reason}");
            Ok(())
        });
    }
}

/// Asks another one, and passes the answer on.
struct Dependent(ActorRef<Part>);

impl Actor for Dependent {}

impl Handler<Add> for Dependent {
    async fn handle(&mut self, add: Add, _: &mut ActorContext<Self>) -> u64 {
        self.0.send(add).await.unwrap_or(0)
    }
}

/// What it asked for lies in the mailbox of the one that failed, which is restarted when the group is down.
#[test]
fn a_group_waits_for_one_that_waits_for_the_one_that_failed_as_long_as_its_budget_lasts() {
    play(|sim, system, journal| {
        let supervisor = spawn(sim, system, builder(Strategy::RestForOne).child(part("a", journal)));
        let a = find(system, "a");
        let known = a.clone();
        let b = ChildSpec::new("b", move || Dependent(known.clone())).shutdown(ShutdownPolicy::Within(3 * SECOND));
        let b = sim.block_on(async { supervisor.start_child(b).await })?;
        let hangs = a.try_send(Do::Panic)?;
        let asked = b.try_send(Add(1))?;
        let start = system.uptime();
        assert!(sim.block_on(hangs).is_err());
        let answer = sim.block_on(asked);
        // It may have asked before the failure was seen, or after its restart.
        if answer.is_err() {
            assert!(system.uptime() - start >= 3 * SECOND);
        }
        let sum = sim.block_on(async { b.send(Add(1)).await })?;
        assert!((1..=2).contains(&sum), "it is of a new state, or the second of one: {sum}");
        Ok(())
    });
}

#[test]
fn a_child_whose_post_stop_takes_too_long_does_not_outlive_a_supervisor_that_is_killed() {
    play(|sim, system, journal| {
        let slow = super::lingering("a", journal, 1_000 * SECOND);
        let supervisor = spawn(sim, system, builder(Strategy::OneForOne).child(slow).child(part("b", journal)));
        let a = find(system, "a");
        supervisor.kill();
        assert!(matches!(sim.block_on(supervisor.stopped()), StopReason::Killed));
        assert!(!a.is_alive() && system.find::<Part>("a").is_err());
        assert_eq!(system.actor_count(), 0);
        Ok(())
    });
}

#[test]
fn a_stop_whose_last_hook_panics_has_failed() {
    /// Panics in its first `post_stop`.
    struct Clumsy(Arc<Mutex<u32>>);
    impl Actor for Clumsy {
        async fn pre_start(&mut self, _: &mut ActorContext<Self>) -> Result<(), ActorError> {
            *self.0.lock().unwrap() += 1;
            Ok(())
        }
        async fn post_stop(&mut self, _: &StopReason, _: &mut ActorContext<Self>) {
            let starts = *self.0.lock().unwrap();
            assert_ne!(starts, 1, "the first one");
        }
    }
    play(|sim, system, _| {
        sim.expect_panics::<Clumsy>();
        for (restart, is_the_same) in [(RestartType::Permanent, true), (RestartType::Transient, false)] {
            let starts = Arc::default();
            let kept = Arc::clone(&starts);
            let spec = ChildSpec::new("clumsy", move || Clumsy(Arc::clone(&kept))).restart(restart);
            let supervisor = spawn(sim, system, builder(Strategy::OneForOne).child(spec));
            let first = sim.block_on(async { supervisor.child::<Clumsy>("clumsy").await })?;
            first.stop();
            sim.run_until_quiescent()?;
            let second = sim.block_on(async { supervisor.child::<Clumsy>("clumsy").await })?;
            assert_eq!((*starts.lock().unwrap(), second.is_alive(), first == second), (2, true, is_the_same));
            supervisor.stop();
            sim.block_on(supervisor.stopped());
        }
        Ok(())
    });
}
