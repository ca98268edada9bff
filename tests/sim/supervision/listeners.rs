//! What those hear who listen to supervisors, and those who watch their children.

use std::sync::{Arc, Mutex};

use super::{Add, Do, Ear, Journal, Part, SECOND, builder, find, part, play, spawn};
use corecast::sim::check;
use corecast::{
    ActorContext, ActorFailure, ActorRef, ActorSystem, Backoff, Handler, Mailbox, Message, Observer, RestartType,
    StopReason, Strategy, SupervisionEvent, Supervisor,
};

struct Watch(ActorRef<super::Part>, bool);

impl Message for Watch {
    type Result = ();
}

impl Handler<Watch> for Ear {
    async fn handle(&mut self, Watch(who, links): Watch, ctx: &mut ActorContext<Self>) {
        if links { ctx.link(&who) } else { ctx.watch(&who) }
    }
}

fn ear(system: &corecast::ActorSystem) -> (ActorRef<Ear>, Arc<Mutex<Vec<String>>>) {
    let heard = Arc::default();
    (system.spawn(Ear(Arc::clone(&heard))).mailbox(Mailbox::unbounded()).start().unwrap(), heard)
}

#[test]
fn whoever_listens_hears_of_all_that_happens() {
    play(|sim, system, journal| {
        let (ear, heard) = ear(system);
        sim.block_on(async { system.broker().subscribe::<SupervisionEvent>(SupervisionEvent::TOPIC, ear).await })?;
        let backoff = Backoff::new(2 * SECOND, 2 * SECOND).jitter(0.0);
        let supervisor = Supervisor::builder(Strategy::OneForOne)
            .intensity(1, 5 * SECOND)
            .child(part("a", journal).backoff(backoff))
            .child(part("b", journal).quarantine_after(1));
        let supervisor = spawn(sim, system, supervisor);
        assert!(find(system, "b").blocking_send(Do::Panic).is_err());
        sim.run_until_quiescent()?;
        let a = find(system, "a");
        assert!(a.blocking_send(Do::Panic).is_err());
        assert_eq!(a.blocking_send(Add(1))?, 1);
        sim.run_until_quiescent()?;
        assert!(a.blocking_send(Do::Panic).is_err());
        sim.block_on(supervisor.stopped());
        sim.run_until_quiescent()?;
        let (broken, hopeless) = ("a handler panicked: a broke", "a handler panicked: b broke");
        assert_eq!(
            *heard.lock().unwrap(),
            [
                "a has started".to_owned(),
                "b has started".to_owned(),
                format!("b has failed: {hopeless}"),
                format!("b failed too often without a success: {hopeless}"),
                format!("b has ended: it failed too often without a success; the last time, {hopeless}"),
                format!("a has failed: {broken}"),
                "a is restarted in 2s".to_owned(),
                "a has been restarted".to_owned(),
                format!("a has failed: {broken}"),
                format!("a failed more often than is allowed: {broken}"),
                format!("a has ended: {broken}"),
            ]
        );
        Ok(())
    });
}

#[test]
fn a_restart_is_no_end_to_those_who_watch_and_a_failure_to_those_who_are_linked() {
    play(|sim, system, journal| {
        let supervisor = spawn(sim, system, builder(Strategy::OneForOne).child(part("a", journal)));
        let a = find(system, "a");
        let (watcher, heard) = ear(system);
        watcher.blocking_send(Watch(a.clone(), false))?;
        let (linked, _) = ear(system);
        linked.blocking_send(Watch(a.clone(), true))?;
        assert!(a.blocking_send(Do::Panic).is_err());
        assert_eq!(a.blocking_send(Add(1))?, 1);
        assert!(matches!(sim.block_on(linked.stopped()), StopReason::Linked(who) if who.name() == Some("a")));
        assert!(heard.lock().unwrap().is_empty());
        supervisor.stop();
        sim.block_on(a.stopped());
        sim.run_until_quiescent()?;
        assert_eq!(*heard.lock().unwrap(), ["a: it was asked to stop"]);
        Ok(())
    });
}

/// Keeps what it hears of actors that failed.
#[derive(Clone, Default)]
struct Failures(Arc<Mutex<Vec<String>>>);

impl Failures {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Observer for Failures {
    fn actor_failed(&self, failure: &ActorFailure) {
        let line = format!("{}: {}", failure.actor().name().unwrap_or("the supervisor"), failure.reason());
        self.0.lock().unwrap().push(line);
    }
}

#[test]
fn the_observer_hears_of_each_failure_once_also_of_the_last() {
    check(100, |sim| {
        sim.expect_panics::<Part>();
        let (failures, journal) = (Failures::default(), Journal::default());
        let system = ActorSystem::builder().observer(failures.clone()).build()?;
        let supervisor = Supervisor::builder(Strategy::OneForOne)
            .intensity(2, 60 * SECOND)
            .child(part("a", &journal))
            .child(part("b", &journal).quarantine_after(1))
            .child(part("c", &journal).restart(RestartType::Temporary))
            .child(part("d", &journal));
        let supervisor = spawn(sim, &system, supervisor);
        for name in ["b", "c"] {
            let child = find(&system, name);
            assert!(child.blocking_send(Do::Panic).is_err());
            sim.block_on(child.stopped());
        }
        let d = find(&system, "d");
        d.blocking_send(Do::Fail("stop"))?;
        sim.block_on(d.stopped());
        assert_eq!(
            failures.take(),
            [
                "b: a handler panicked: b broke",
                // Another reason, which is heard of, too.
                "b: it failed too often without a success; the last time, a handler panicked: b broke",
                "c: a handler panicked: c broke",
                "d: it failed: stop",
            ]
        );
        let a = find(&system, "a");
        for _ in 0..3 {
            assert!(a.blocking_send(Do::Panic).is_err());
        }
        sim.block_on(supervisor.stopped());
        let failed = failures.take();
        assert_eq!(failed[..3], ["a: a handler panicked: a broke"; 3]);
        assert!(failed.len() == 4 && failed[3].starts_with("the supervisor: it gave up on `a`"), "{failed:?}");
        Ok(())
    });
}

#[test]
fn the_observer_hears_once_of_one_that_is_terminated_while_it_fails_or_backs_off() {
    check(100, |sim| {
        sim.expect_panics::<Part>();
        let (failures, journal) = (Failures::default(), Journal::default());
        let system = ActorSystem::builder().observer(failures.clone()).build()?;
        let backoff = Backoff::new(60 * SECOND, 60 * SECOND);
        let supervisor =
            builder(Strategy::OneForOne).child(part("a", &journal)).child(part("b", &journal).backoff(backoff));
        let supervisor = spawn(sim, &system, supervisor);
        let (a, b) = (find(&system, "a"), find(&system, "b"));
        let (crash, other) = (a.try_send(Do::Panic)?, b.try_send(Do::Panic)?);
        sim.block_on(supervisor.terminate_child("a"))?;
        assert!(sim.block_on(crash).is_err() && sim.block_on(other).is_err());
        sim.run_for(SECOND)?;
        sim.block_on(supervisor.terminate_child("b"))?;
        let mut failed = failures.take();
        failed.sort();
        assert_eq!(failed, ["a: a handler panicked: a broke", "b: a handler panicked: b broke"]);
        Ok(())
    });
}

#[test]
fn a_start_that_comes_to_no_actor_is_told_of_without_one() {
    play(|sim, system, journal| {
        let (ear, _) = ear(system);
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let told = Arc::clone(&seen);
        let listens = system.broker().subscribe::<SupervisionEvent>(SupervisionEvent::TOPIC, &ear);
        let listens = listens.filter(move |event| {
            let incident = event.incident().to_string();
            let what = incident.split(':').next().unwrap_or_default();
            told.lock().unwrap().push(format!("{what}, of an actor: {}", event.child().is_some()));
            true
        });
        let _listening = listens.start()?;
        let supervisor = spawn(sim, system, builder(Strategy::OneForOne).child(part("a", journal)));
        sim.block_on(supervisor.terminate_child("a"))?;
        let _other = system.spawn(Ear(Arc::default())).name("a").start()?;
        assert!(sim.block_on(supervisor.restart_child::<super::Part>("a")).is_err(), "its name is taken");
        let told = seen.lock().unwrap().clone();
        let wanted = [
            "has started, of an actor: true",
            "has ended, of an actor: true",
            "has failed, of an actor: false",
            "has ended, of an actor: false",
        ];
        assert_eq!(told, wanted);
        Ok(())
    });
}
