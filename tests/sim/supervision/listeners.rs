//! What those hear who listen to supervisors, and those who watch their children.

use std::sync::{Arc, Mutex};

use super::{Add, Do, SECOND, builder, find, part, play, spawn};
use corecast::{
    Actor, ActorContext, ActorInfo, ActorRef, Backoff, Handler, Mailbox, Message, StopReason, Strategy,
    SupervisionEvent, Supervisor,
};

struct Ear(Arc<Mutex<Vec<String>>>);

impl Actor for Ear {
    async fn on_terminated(&mut self, who: ActorInfo, reason: StopReason, _: &mut ActorContext<Self>) {
        self.0.lock().unwrap().push(format!("{}: {reason}", who.name().unwrap_or_default()));
    }
}

impl Handler<SupervisionEvent> for Ear {
    async fn handle(&mut self, event: SupervisionEvent, _: &mut ActorContext<Self>) {
        self.0.lock().unwrap().push(format!("{} {}", event.child_id(), event.incident()));
    }
}

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
