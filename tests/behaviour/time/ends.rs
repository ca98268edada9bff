//! What becomes of timers when their actor ends, or their system.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use corecast::{Actor, ActorContext, ActorRef, Handler, Message, MissedTicks, StopReason};

use super::{Begin, Clock, LONG, SHORT, Tick};
use crate::support::{Carry, Event, LIMIT, Note, Probe, eventually, recv, run, spawn, system, wait};

#[test]
fn a_timer_does_not_keep_its_actor_alive() {
    let system = system(1);
    let (actor, events) = spawn(&system);
    wait(actor.send(run(|ctx| {
        ctx.tell_after(LONG, Note(1));
    })))
    .unwrap();
    drop(actor);
    assert!(matches!(events.next(), Event::Stopped(StopReason::Unreachable)));
}

/// Ticks for ever, takes longer for each than it is to the next one, and says when it is gone.
struct Tireless {
    interval: Duration,
    gone: Sender<u64>,
    ticks: u64,
    /// Whom the next tick is to give a reference to its actor.
    heir: Option<Sender<ActorRef<Tireless>>>,
}

impl Actor for Tireless {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), corecast::ActorError> {
        ctx.tell_every(self.interval, Tick)?;
        Ok(())
    }

    async fn post_stop(&mut self, reason: &StopReason, _ctx: &mut ActorContext<Self>) {
        assert!(matches!(reason, StopReason::Unreachable), "{reason:?}");
        let _ = self.gone.send(self.ticks);
    }
}

impl Handler<Tick> for Tireless {
    async fn handle(&mut self, _: Tick, ctx: &mut ActorContext<Self>) {
        self.ticks += 1;
        let start = Instant::now();
        while start.elapsed() < 2 * self.interval {
            std::hint::spin_loop();
        }
        if let Some(heir) = self.heir.take() {
            let _ = heir.send(ctx.actor_ref());
        }
    }
}

#[test]
fn a_timer_that_is_always_due_does_not_keep_its_actor_alive() {
    for workers in [1, 2] {
        let system = system(workers);
        let (gone, end) = channel();
        let actor = system.spawn(Tireless { interval: SHORT / 10, gone, ticks: 0, heir: None }).start().unwrap();
        drop(actor);
        recv(&end);
        crate::support::assert_goes_on(&system);
    }
}

#[test]
fn a_reference_that_the_last_tick_gives_away_keeps_its_actor_and_its_ticks() {
    let system = system(2);
    let (gone, end) = channel();
    let (heir, inherited) = channel();
    let actor = Tireless { interval: SHORT / 10, gone, ticks: 0, heir: Some(heir) };
    let actor = system.spawn(actor).start().unwrap();
    drop(actor);
    // It may have ended before its first tick: that keeps nobody.
    let Ok(actor) = inherited.recv_timeout(LIMIT) else {
        assert_eq!(recv(&end), 0);
        return;
    };
    struct Ticks;
    impl Message for Ticks {
        type Result = u64;
    }
    impl Handler<Ticks> for Tireless {
        async fn handle(&mut self, _: Ticks, _ctx: &mut ActorContext<Self>) -> u64 {
            self.ticks
        }
    }
    eventually("it goes on to tick", || wait(actor.send(Ticks)).unwrap() > 5);
    drop(actor);
    assert!(recv(&end) > 5);
}

#[test]
fn timers_end_with_their_actor_whatever_it_ends_of() {
    let ends: [fn(&ActorRef<Probe>); 3] =
        [ActorRef::stop, ActorRef::kill, |actor| drop(actor.try_send(crate::support::Boom("end")))];
    for end in ends {
        let system = system(1);
        let (actor, _events) = spawn(&system);
        let carried = Arc::new(());
        let carries = [0, 1].map(|_| Carry(Arc::clone(&carried)));
        let timers = wait(actor.send(run(move |ctx| carries.map(|carry| ctx.tell_after(LONG, carry))))).unwrap();
        assert!(timers[0].cancel());
        end(&actor);
        wait(actor.stopped());
        // Neither waits for its time.
        assert_eq!(Arc::strong_count(&carried), 1);
        assert!(timers.iter().all(|timer| !timer.cancel()));
        assert_eq!(system.dead_letters(), 0, "none was ever accepted");
    }
}

#[test]
fn a_timer_that_is_set_by_post_stop_has_ended_already() {
    struct Late(Sender<bool>);
    impl Actor for Late {
        async fn post_stop(&mut self, _reason: &StopReason, ctx: &mut ActorContext<Self>) {
            let _ = self.0.send(ctx.tell_after(LONG, Tick).cancel());
        }
    }
    impl Handler<Tick> for Late {
        async fn handle(&mut self, _: Tick, _ctx: &mut ActorContext<Self>) {}
    }
    let system = system(1);
    let (sender, cancelled) = channel();
    system.spawn(Late(sender)).start().unwrap().stop();
    assert!(!recv(&cancelled));
}

#[test]
fn a_tick_that_fell_due_before_the_stop_is_handled() {
    let system = system(2);
    for number in 0..50 {
        let (actor, events) = spawn(&system);
        // The worker is busy until the other one has fired the timer; the stop comes after that.
        let (enter, entered) = channel();
        let (release, released) = channel::<()>();
        wait(actor.tell(run(move |ctx| {
            ctx.tell_after(Duration::ZERO, Note(number));
            enter.send(()).unwrap();
            let _ = released.recv_timeout(LIMIT);
        })))
        .unwrap();
        recv(&entered);
        // Whoever wakes this has fired the earlier one before.
        wait(system.sleep(SHORT / 10));
        actor.stop();
        release.send(()).unwrap();
        assert_eq!(events.rest(), [&format!("note {number}"), "post_stop Stopped", "dropped"]);
    }
}

#[test]
fn a_system_with_timers_ends_and_drops_what_they_hold() {
    let carried = Arc::new(());
    let timer = {
        let system = system(2);
        let (actor, _events) = spawn(&system);
        let carry = Carry(Arc::clone(&carried));
        let timer = wait(actor.send(run(move |ctx| ctx.tell_after(LONG, carry)))).unwrap();
        let (sender, _ticks) = channel();
        let clock = system.spawn(Clock(Instant::now(), sender)).start().unwrap();
        wait(clock.send(Begin(SHORT / 100, MissedTicks::Burst))).unwrap().unwrap();
        assert!(wait(system.shutdown()).is_clean(), "ticks keep nobody from ending");
        timer
    };
    assert_eq!(Arc::strong_count(&carried), 1);
    assert!(!timer.cancel());
}
