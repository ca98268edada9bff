//! Handlers that take long, in virtual time; and a look at who is at what.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use corecast::sim::check;
use corecast::{
    Activity, Actor, ActorContext, ActorError, ActorPhase, ActorRef, ActorSystem, Handler, Message, Observer,
    SlowHandler, StopReason,
};

const MINUTE: Duration = Duration::from_secs(60);

/// What is told.
#[derive(Clone, Default)]
struct Reports(Arc<Mutex<Vec<SlowHandler>>>);

impl Reports {
    fn all(&self) -> Vec<SlowHandler> {
        self.0.lock().expect("not poisoned").clone()
    }

    /// The minutes that those of this name had lasted, rounded down, and whether they were over.
    fn of(&self, what: &str) -> Vec<(u64, bool)> {
        let reports = self.all().into_iter().filter(|slow| slow.handler().ends_with(what));
        reports.map(|slow| (slow.lasted().as_secs() / 60, slow.is_over())).collect()
    }
}

impl Observer for Reports {
    fn handler_slow(&self, slow: &SlowHandler) {
        self.0.lock().expect("not poisoned").push(slow.clone());
    }
}

fn watched() -> (ActorSystem, Reports) {
    let reports = Reports::default();
    let system = ActorSystem::builder().slow_handlers(10 * MINUTE).observer(reports.clone()).build();
    (system.expect("it starts"), reports)
}

/// Sleeps so long in each hook and handler.
struct Sleeper {
    hooks: Duration,
}

impl Actor for Sleeper {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        ctx.sleep(self.hooks).await;
        Ok(())
    }

    async fn post_stop(&mut self, _: &StopReason, ctx: &mut ActorContext<Self>) {
        ctx.sleep(self.hooks).await;
    }
}

struct Nap(Duration);
impl Message for Nap {
    type Result = ();
}

impl Handler<Nap> for Sleeper {
    async fn handle(&mut self, nap: Nap, ctx: &mut ActorContext<Self>) {
        ctx.sleep(nap.0).await;
    }
}

/// Asks another one to sleep, and waits for it.
struct Ask(ActorRef<Sleeper>, Duration);
impl Message for Ask {
    type Result = ();
}

impl Handler<Ask> for Sleeper {
    async fn handle(&mut self, ask: Ask, _: &mut ActorContext<Self>) {
        let _ = ask.0.send(Nap(ask.1)).await;
    }
}

#[test]
fn one_that_waits_is_told_of_when_it_has_and_again_when_it_has_twice_as_long() {
    check(50, |sim| {
        let (system, reports) = watched();
        let sleeper = system.spawn(Sleeper { hooks: Duration::ZERO }).start()?;
        for minutes in [5, 9, 45, 5] {
            sleeper.blocking_send(Nap(minutes * MINUTE))?;
        }
        sim.run_for(100 * MINUTE)?;
        assert_eq!(reports.of("Nap"), [(10, false), (20, false), (40, false)]);
        for slow in reports.all() {
            assert_eq!(slow.activity(), &Activity::Waiting { targets: vec![] }, "{slow}");
            assert_eq!(slow.actor().id(), sleeper.id());
        }
        Ok(())
    });
}

#[test]
fn those_that_wait_for_another_one_are_told_of_with_it() {
    check(50, |_| {
        let (system, reports) = watched();
        let [asker, sleeper] =
            [(); 2].map(|()| system.spawn(Sleeper { hooks: Duration::ZERO }).start().expect("it runs"));
        asker.blocking_send(Ask(sleeper.clone(), 15 * MINUTE))?;
        assert_eq!((reports.of("Ask"), reports.of("Nap")), (vec![(10, false)], vec![(10, false)]));
        let asked = reports.all().into_iter().find(|slow| slow.handler().ends_with("Ask")).expect("it is told");
        assert_eq!(asked.activity(), &Activity::Waiting { targets: vec![sleeper.info()] });
        Ok(())
    });
}

#[test]
fn hooks_are_told_of() {
    check(30, |sim| {
        let (system, reports) = watched();
        let sleeper = system.spawn(Sleeper { hooks: 12 * MINUTE }).start()?;
        sim.run_for(15 * MINUTE)?;
        assert_eq!(reports.of("pre_start"), [(10, false)]);
        sleeper.stop();
        sim.run_for(15 * MINUTE)?;
        assert_eq!(reports.of("post_stop"), [(10, false)]);
        assert_eq!(reports.all().len(), 2);
        Ok(())
    });
}

#[test]
fn one_that_never_ends_is_told_of_often_enough_and_time_comes_to_a_rest() {
    check(10, |sim| {
        let (system, reports) = watched();
        let sleeper = system.spawn(Sleeper { hooks: Duration::ZERO }).start()?;
        drop(sleeper.try_send(Nap(Duration::MAX))?);
        sim.run_until_quiescent().expect_err("it waits for ever");
        assert_eq!(reports.of("Nap").len(), 17);
        sleeper.kill();
        sim.run_until_quiescent()?;
        Ok(())
    });
}

#[test]
fn one_that_is_killed_or_ends_in_time_is_told_of_no_more() {
    check(30, |sim| {
        let (system, reports) = watched();
        let sleeper = system.spawn(Sleeper { hooks: Duration::ZERO }).start()?;
        drop(sleeper.try_send(Nap(15 * MINUTE))?);
        sim.run_for(12 * MINUTE)?;
        sleeper.kill();
        sim.run_for(60 * MINUTE)?;
        assert!(matches!(reports.of("Nap")[..], [(10, false)] | [(10, false), (12, true)]), "{:?}", reports.all());
        Ok(())
    });
}

#[test]
fn a_look_tells_who_is_at_what_and_for_how_long() {
    check(30, |sim| {
        let (system, _) = watched();
        let [asker, sleeper] =
            [(); 2].map(|()| system.spawn(Sleeper { hooks: Duration::ZERO }).start().expect("it runs"));
        drop(asker.try_send(Ask(sleeper.clone(), 15 * MINUTE))?);
        sim.run_for(3 * MINUTE)?;
        let snapshot = system.snapshot();
        let [asks, naps] = [&asker, &sleeper].map(|actor| snapshot.find(actor.id()).expect("it lives"));
        assert_eq!(asks.activity, Activity::Waiting { targets: vec![sleeper.info()] });
        assert_eq!(naps.activity, Activity::Waiting { targets: vec![] });
        let handler = asks.handler.expect("it is known");
        assert!(handler.what.ends_with("Ask") && handler.age.as_secs() / 60 == 3, "{snapshot}");
        assert_eq!((naps.phase, snapshot.uptime >= 3 * MINUTE), (ActorPhase::Serving, true));
        Ok(())
    });
}
