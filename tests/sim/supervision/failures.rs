//! What counts as a failure, and what follows.

use super::{Add, Do, Part, SECOND, builder, find, part, play, spawn};
use corecast::{
    Actor, ActorContext, ActorError, ActorInfo, ActorRef, Backoff, ChildSpec, Directive, Handler, Message,
    ReplyErrorReason, RestartType, StopReason, Strategy, Supervisor,
};
use std::time::Duration;

#[test]
fn whoever_asked_is_told_and_whoever_waits_is_served_by_the_next_state() {
    play(|sim, system, journal| {
        let _supervisor = spawn(sim, system, builder(Strategy::OneForOne).child(part("a", journal)));
        let a = find(system, "a");
        let (before, crash, after) = (a.try_send(Add(1))?, a.try_send(Do::Panic)?, a.try_send(Add(10))?);
        assert_eq!(sim.block_on(before)?, 1);
        let error = sim.block_on(crash).unwrap_err();
        assert!(matches!(error.reason(), ReplyErrorReason::Panicked(panic) if panic.text() == "a broke"), "{error}");
        assert_eq!(sim.block_on(after)?, 10);
        Ok(())
    });
}

#[test]
fn permanent_children_are_restarted_after_a_stop_transient_ones_are_not_and_temporary_ones_never() {
    play(|sim, system, journal| {
        let supervisor = builder(Strategy::OneForOne)
            .child(part("permanent", journal))
            .child(part("transient", journal).restart(RestartType::Transient))
            .child(part("temporary", journal).restart(RestartType::Temporary));
        let _supervisor = spawn(sim, system, supervisor);
        let [permanent, transient, temporary] = ["permanent", "transient", "temporary"].map(|name| find(system, name));
        assert!(transient.blocking_send(Do::Panic).is_err());
        assert_eq!(transient.blocking_send(Add(1))?, 1);
        assert!(temporary.blocking_send(Do::Panic).is_err());
        assert!(matches!(sim.block_on(temporary.stopped()), StopReason::Panicked(_)));
        permanent.blocking_send(Do::Stop)?;
        transient.blocking_send(Do::Stop)?;
        assert!(matches!(sim.block_on(transient.stopped()), StopReason::Stopped));
        sim.run_until_quiescent()?;
        assert_eq!(permanent.blocking_send(Add(1))?, 1);
        permanent.kill();
        sim.run_until_quiescent()?;
        assert_eq!(permanent.blocking_send(Add(2))?, 2);
        Ok(())
    });
}

#[test]
fn one_restart_too_many_ends_the_supervisor_and_all_children() {
    play(|sim, system, journal| {
        let supervisor = Supervisor::builder(Strategy::OneForOne)
            .intensity(2, 5 * SECOND)
            .child(part("a", journal))
            .child(part("b", journal));
        let supervisor = spawn(sim, system, supervisor);
        let (a, b) = (find(system, "a"), find(system, "b"));
        for _ in 0..3 {
            assert!(b.blocking_send(Do::Panic).is_err());
        }
        let reason = sim.block_on(supervisor.stopped());
        assert!(matches!(&reason, StopReason::GaveUp { child, .. } if child.name() == Some("b")), "{reason}");
        assert!(!a.is_alive() && !b.is_alive(), "no child outlives its supervisor");
        assert!(system.find::<Part>("a").is_err());
        assert_eq!(journal.take(), ["+a", "+b", "-b", "+b", "-b", "+b", "-b", "-a"]);
        Ok(())
    });
}

#[test]
fn restarts_that_are_long_ago_count_no_more() {
    play(|sim, system, journal| {
        let supervisor = Supervisor::builder(Strategy::OneForOne).intensity(1, 5 * SECOND).child(part("a", journal));
        let supervisor = spawn(sim, system, supervisor);
        let a = find(system, "a");
        for _ in 0..5 {
            assert!(a.blocking_send(Do::Panic).is_err());
            sim.run_for(6 * SECOND)?;
        }
        assert!(supervisor.is_alive());
        assert_eq!(a.blocking_send(Add(1))?, 1);
        Ok(())
    });
}

#[test]
fn a_restart_backs_off_for_longer_each_time_and_others_are_served_meanwhile() {
    play(|sim, system, journal| {
        let backoff = Backoff::new(SECOND, 8 * SECOND).jitter(0.0).reset_after(60 * SECOND);
        let supervisor =
            builder(Strategy::OneForOne).child(part("a", journal).backoff(backoff)).child(part("b", journal));
        let _supervisor = spawn(sim, system, supervisor);
        let (a, b) = (find(system, "a"), find(system, "b"));
        for seconds in [1, 2, 4, 8, 8] {
            let start = system.uptime();
            assert!(a.blocking_send(Do::Panic).is_err());
            let reply = a.try_send(Add(1))?;
            assert!(b.blocking_send(Do::Panic).is_err());
            assert_eq!(b.blocking_send(Add(1))?, 1, "it is restarted at once");
            assert_eq!(system.uptime(), start);
            assert_eq!(sim.block_on(reply)?, 1);
            let waited = system.uptime() - start;
            assert!(waited >= seconds * SECOND && waited < seconds * SECOND + SECOND / 10, "{waited:?}");
        }
        sim.run_for(61 * SECOND)?;
        let start = system.uptime();
        assert!(a.blocking_send(Do::Panic).is_err());
        assert_eq!(a.blocking_send(Add(1))?, 1);
        assert!(system.uptime() - start < 2 * SECOND, "it was well for long enough");
        Ok(())
    });
}

#[test]
fn one_that_fails_without_a_success_is_quarantined() {
    play(|sim, system, journal| {
        let supervisor = builder(Strategy::OneForOne).child(part("a", journal).quarantine_after(3));
        let supervisor = spawn(sim, system, supervisor);
        let a = find(system, "a");
        for _ in 0..10 {
            // A success in between.
            assert!(a.blocking_send(Do::Panic).is_err());
            assert_eq!(a.blocking_send(Add(1))?, 1);
        }
        for _ in 0..3 {
            assert!(a.blocking_send(Do::Panic).is_err());
        }
        let reason = sim.block_on(a.stopped());
        assert!(
            matches!(&reason, StopReason::Quarantined(last) if matches!(**last, StopReason::Panicked(_))),
            "{reason}"
        );
        assert!(supervisor.is_alive());
        assert_eq!(sim.block_on(async { supervisor.count_children().await })?.active, 0);
        Ok(())
    });
}

#[test]
fn what_a_child_says_of_itself_is_judged_by_itself() {
    play(|sim, system, journal| {
        let supervisor =
            spawn(sim, system, builder(Strategy::OneForOne).child(part("a", journal)).child(part("b", journal)));
        let (a, b) = (find(system, "a"), find(system, "b"));
        assert_eq!(a.blocking_send(Add(1))?, 1);
        a.blocking_send(Do::Fail("resume"))?;
        assert_eq!(a.blocking_send(Add(1))?, 2);
        a.blocking_send(Do::Fail("restart"))?;
        assert_eq!(a.blocking_send(Add(1))?, 1);
        a.blocking_send(Do::Fail("stop"))?;
        assert!(matches!(sim.block_on(a.stopped()), StopReason::Failed(_)));
        assert!(supervisor.is_alive());
        b.blocking_send(Do::Fail("escalate"))?;
        let reason = sim.block_on(supervisor.stopped());
        assert!(matches!(&reason, StopReason::Escalated { child, .. } if child.name() == Some("b")), "{reason}");
        assert_eq!(Directive::default(), Directive::Restart);
        Ok(())
    });
}

#[test]
fn a_start_that_fails_is_tried_again_and_counts() {
    play(|sim, system, journal| {
        let supervisor = Supervisor::builder(Strategy::OneForOne).intensity(3, 5 * SECOND).child(part("a", journal));
        let supervisor = spawn(sim, system, supervisor);
        let a = find(system, "a");
        journal.fail("a", 2);
        let crash = a.try_send(Do::Panic)?;
        let reply = a.try_send(Add(1))?;
        assert!(sim.block_on(crash).is_err());
        assert_eq!(sim.block_on(reply)?, 1, "what waits survives starts that fail");
        assert_eq!(journal.take(), ["+a", "-a", "a fails", "a fails", "+a"]);
        journal.fail("a", 1);
        assert!(a.blocking_send(Do::Panic).is_err());
        assert!(matches!(sim.block_on(supervisor.stopped()), StopReason::GaveUp { .. }));
        Ok(())
    });
}

#[test]
fn a_start_that_takes_too_long_has_failed() {
    play(|sim, system, journal| {
        journal.slow("a", 10 * SECOND);
        let supervisor = builder(Strategy::OneForOne).child(part("a", journal).start_limit(SECOND));
        let start = system.uptime();
        let error = sim.block_on(async { system.spawn(supervisor.build().unwrap()).await }).unwrap_err();
        assert!(error.to_string().contains("its child `a` did not start"), "{error}");
        assert!(system.uptime() - start < 2 * SECOND);
        Ok(())
    });
}

#[test]
fn a_factory_may_fail_panic_wait_and_have_nothing_to_start() {
    play(|sim, system, journal| {
        let new =
            |journal: &super::Journal| Part { name: "a", journal: journal.clone(), sum: 0, lingers: Duration::ZERO };
        let fails = ChildSpec::fallible("a", || Err::<Part, _>(corecast::ActorError::new("no disk")));
        let error =
            sim.block_on(async { system.spawn(builder(Strategy::OneForOne).child(fails).build().unwrap()).await });
        assert!(error.unwrap_err().to_string().contains("no disk"));
        let panics = ChildSpec::<Part>::new("a", || panic!("no luck"));
        let error =
            sim.block_on(async { system.spawn(builder(Strategy::OneForOne).child(panics).build().unwrap()).await });
        assert!(error.unwrap_err().to_string().contains("its factory panicked: no luck"));
        let (slow, nothing) = (journal.clone(), ChildSpec::<Part>::fallible("b", || Err(corecast::Ignore)));
        let (handle, make) = (system.handle(), new);
        let waits = ChildSpec::asynchronous("a", move || {
            let (made, timer) = (make(&slow), handle.clone());
            async move {
                assert!(timer.is_running());
                futures::future::ready(()).await;
                Ok::<_, corecast::ActorError>(made)
            }
        });
        let supervisor = spawn(sim, system, builder(Strategy::OneForOne).child(waits).child(nothing));
        let a = sim.block_on(async { supervisor.child::<Part>("a").await })?;
        assert_eq!(a.blocking_send(Add(1))?, 1);
        let count = sim.block_on(async { supervisor.count_children().await })?;
        assert_eq!((count.specs, count.active), (2, 1));
        Ok(())
    });
}

/// Fails when one ends that it watches.
struct Mourner;

impl Actor for Mourner {
    async fn on_terminated(&mut self, _: ActorInfo, _: StopReason, ctx: &mut ActorContext<Self>) {
        ctx.fail(ActorError::new("grief"));
    }
}

struct Mind(ActorRef<Part>);

impl Message for Mind {
    type Result = ();
}

impl Handler<Mind> for Mourner {
    async fn handle(&mut self, Mind(who): Mind, ctx: &mut ActorContext<Self>) {
        ctx.watch(&who);
    }
}

#[test]
fn what_a_hook_says_of_the_actor_is_no_message_that_failed() {
    play(|sim, system, journal| {
        let child = ChildSpec::new("mourner", || Mourner).name("mourner").quarantine_after(2);
        let _supervisor = spawn(sim, system, builder(Strategy::OneForOne).child(child));
        let mourner = system.find::<Mourner>("mourner")?;
        for _ in 0..3 {
            // A message that is handled well, and then a failure.
            let other = Part { name: "other", journal: journal.clone(), sum: 0, lingers: Duration::ZERO };
            let other = system.spawn(other).start()?;
            mourner.blocking_send(Mind(other.clone()))?;
            other.stop();
            sim.run_until_quiescent()?;
            assert!(mourner.is_alive());
        }
        let snapshot = system.snapshot();
        assert_eq!(snapshot.find(mourner.id()).expect("it lives").restarts, 3);
        Ok(())
    });
}
