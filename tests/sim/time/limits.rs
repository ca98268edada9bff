//! Limits of replies.

use std::time::Duration;

use corecast::sim::{Check, Fault, check};
use corecast::{ActorRef, ActorSystem, Mailbox, ReplyErrorReason, SendErrorReason};
use futures::future::join_all;

use super::{LONG, SHORT};
use crate::doer::{Doer, Echo, Note, doer, is_on_time, later, take};

/// Holds an actor in a handler for ever.
fn hold(actor: &ActorRef<Doer>) {
    actor.try_tell(later(|ctx| Box::pin(ctx.sleep(LONG)))).expect("there is room");
}

#[test]
fn a_reply_that_does_not_come_in_time_is_an_error_that_names_actor_and_limit() {
    // MISSION: "Timeout support: Prevent indefinite waiting"
    check(50, |sim| {
        let system = sim.system();
        let (actor, _notes) = doer(&system, Mailbox::default());
        hold(&actor);
        let error = sim.block_on(actor.send(Echo(1)).timeout(SHORT)).expect_err("it is held");
        assert!(is_on_time(sim.now(), SHORT), "{:?}", sim.now());
        assert!(matches!(error.reason(), SendErrorReason::Timeout { after, .. } if *after == SHORT), "{error:?}");
        assert_eq!(error.actor().id(), actor.id());
        assert!(error.to_string().contains("10ms") && error.to_string().contains("Doer"), "{error}");
        assert!(error.into_message().is_none(), "it was accepted");
        assert_eq!(sim.block_on(actor.send(Echo(2)))?, 2);
        Ok(())
    });
}

#[test]
fn limits_end_on_time_in_a_handler_in_block_on_and_where_they_were_made_elsewhere() {
    check(50, |sim| {
        let system = sim.system();
        let (target, _notes) = doer(&system, Mailbox::default());
        let (asker, _asker_notes) = doer(&system, Mailbox::default());
        hold(&target);
        // Below the length from which on a worker looks at no clock, and above it.
        for long in [SHORT / 2, 2 * SHORT] {
            let start = sim.now();
            assert!(sim.block_on(target.send(Echo(1)).timeout(long)).is_err());
            assert!(is_on_time(sim.now(), start + long));
            let start = sim.now();
            let reply = target.try_send(Echo(1))?;
            let error = sim.block_on(reply.timeout(long)).expect_err("it is held");
            assert!(matches!(error.reason(), ReplyErrorReason::Timeout { after, .. } if *after == long));
            assert!(is_on_time(sim.now(), start + long));
            let (start, other) = (sim.now(), target.clone());
            let inside = later(move |_| Box::pin(async move { other.send(Echo(1)).timeout(long).await.is_err() }));
            assert!(asker.blocking_send(inside)?);
            assert!(is_on_time(sim.now(), start + long), "{:?}", sim.now() - start);
            let (start, other) = (sim.now(), target.clone());
            let made = asker.blocking_send(crate::doer::run(move |_| other.send(Echo(1)).timeout(long)))?;
            assert!(sim.block_on(made).is_err());
            assert!(is_on_time(sim.now(), start + long));
        }
        Ok(())
    });
}

#[test]
fn each_of_more_limits_than_a_worker_has_slots_for_ends_on_time() {
    check(5, |sim| {
        let system = sim.system();
        let (target, _notes) = doer(&system, Mailbox::default());
        let (asker, _asker_notes) = doer(&system, Mailbox::default());
        hold(&target);
        let other = target.clone();
        let on_time = asker.blocking_send(later(move |ctx| {
            Box::pin(async move {
                let (start, ctx) = (ctx.uptime(), &*ctx);
                let limits = (0..100).map(|number| {
                    let long = SHORT * (1 + number as u32 % 3);
                    let limited = other.send(Echo(number)).timeout(long);
                    async move { limited.await.is_err() && is_on_time(ctx.uptime(), start + long) }
                });
                join_all(limits).await.into_iter().filter(|on_time| *on_time).count()
            })
        }))?;
        assert_eq!(on_time, 100);
        let start = sim.now();
        let limits = (0..100).map(|number| {
            let long = SHORT * (1 + number as u32 % 3);
            let limited = target.send(Echo(number)).timeout(long);
            async move { limited.await.is_err() && is_on_time(sim.now(), start + long) }
        });
        assert!(sim.block_on(join_all(limits)).into_iter().all(|on_time| on_time));
        Ok(())
    });
}

#[test]
fn a_message_that_waits_for_room_comes_back_when_its_time_is_up() {
    check(50, |sim| {
        let system = sim.system();
        let (actor, notes) = doer(&system, Mailbox::bounded(1));
        hold(&actor);
        sim.run_for(Duration::ZERO)?;
        actor.try_tell(Note(1))?;
        let error = sim.block_on(actor.send(Echo(7)).timeout(SHORT)).expect_err("there is no room");
        assert!(matches!(error.reason(), SendErrorReason::Timeout { .. }));
        assert_eq!(error.into_message().map(|echo| echo.0), Some(7));
        sim.run_until_quiescent()?;
        assert!(take(&notes).iter().map(|(number, _)| *number).eq([1]));
        Ok(())
    });
}

#[test]
fn a_message_whose_limit_was_reached_is_handled_all_the_same() {
    check(50, |sim| {
        let system = sim.system();
        let (actor, notes) = doer(&system, Mailbox::default());
        hold(&actor);
        assert!(sim.block_on(actor.send(Note(5)).timeout(SHORT)).is_err());
        assert!(take(&notes).is_empty());
        sim.run_until_quiescent()?;
        assert_eq!(take(&notes).len(), 1);
        Ok(())
    });
}

#[test]
fn the_actors_default_limit_comes_before_the_systems_and_the_callers_before_both() {
    check(20, |sim| {
        let system = ActorSystem::builder().send_timeout(SHORT).build()?;
        let reached = |actor: &ActorRef<Doer>| {
            let start = sim.now();
            let error = sim.block_on(actor.send(Echo(0))).expect_err("it is held");
            let SendErrorReason::Timeout { after, .. } = error.reason() else { panic!("{error:?}") };
            assert!(is_on_time(sim.now(), start + *after));
            *after
        };
        let (by_system, _notes) = doer(&system, Mailbox::default());
        hold(&by_system);
        assert_eq!(reached(&by_system), SHORT);
        assert!(
            matches!(by_system.blocking_send(Echo(0)), Err(e) if matches!(e.reason(), SendErrorReason::Timeout { .. }))
        );
        let by_actor = system.spawn(Doer(Default::default())).send_timeout(2 * SHORT).start()?;
        hold(&by_actor);
        assert_eq!(reached(&by_actor), 2 * SHORT);
        let (asker, target) = (doer(&system, Mailbox::default()).0, by_actor.clone());
        let inside = later(move |_| Box::pin(async move { target.send(Echo(0)).await.is_err() }));
        let start = sim.now();
        assert!(sim.block_on(asker.send(inside).timeout(LONG))?);
        assert!(is_on_time(sim.now(), start + 2 * SHORT));
        assert_eq!(sim.block_on(by_actor.send(Echo(9)).timeout(Duration::MAX))?, 9);
        Ok(())
    });
}

#[test]
fn a_reply_and_its_limit_race_and_one_of_them_wins() {
    let (replies, limits) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    Check::new().runs(300).fault(Fault::clock_jumps(0.2, SHORT)).run(|sim| {
        let system = sim.system();
        let (target, notes) = doer(&system, Mailbox::default());
        let which = if sim.block_on(target.send(Note(1)).timeout(SHORT / 2)).is_ok() { &replies } else { &limits };
        which.set(which.get() + 1);
        sim.run_until_quiescent()?;
        assert_eq!(take(&notes).len(), 1, "it is handled, whoever wins");
        Ok(())
    });
    assert!(replies.get() > 0 && limits.get() > 0, "{replies:?} {limits:?}");
}
