//! Messages that an actor sends to itself, once or again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use corecast::sim::{Check, Fault, check};
use corecast::{ActorContext, ActorSystem, Handler, Mailbox, Message, MissedTicks, StopReason, ZeroInterval};

use super::{LONG, SHORT};
use crate::doer::{Doer, Echo, Note, TICK, doer, is_on_time, later, run, take};

#[test]
fn tell_after_comes_once_and_on_time() {
    check(50, |sim| {
        let system = sim.system();
        let (actor, notes) = doer(&system, Mailbox::default());
        actor.blocking_send(run(|ctx| {
            ctx.tell_after(SHORT, Note(1));
            ctx.tell_after(Duration::ZERO, Note(2));
            assert!(!ctx.tell_after(Duration::MAX, Note(3)).cancel(), "there is nothing to cancel");
        }))?;
        sim.run_until_quiescent()?;
        let [(2, at_once), (1, after)] = take(&notes)[..] else { panic!("once each") };
        assert!(is_on_time(at_once, Duration::ZERO) && is_on_time(after, SHORT), "{at_once:?} {after:?}");
        Ok(())
    });
}

#[test]
fn long_timers_come_on_time_and_in_order_whoever_looks_at_the_clock_for_them() {
    check(10, |sim| {
        let system = sim.system();
        let (actor, notes) = doer(&system, Mailbox::default());
        actor.blocking_send(run(|ctx| {
            for number in 0..300 {
                ctx.tell_after(LONG, Note(number));
            }
        }))?;
        sim.run_until_quiescent()?;
        let came = take(&notes);
        assert!(came.iter().map(|(number, _)| *number).eq(0..300));
        assert!(came.iter().all(|(_, at)| is_on_time(*at, LONG)), "{came:?}");
        Ok(())
    });
}

#[test]
fn dropping_a_timer_does_not_cancel_it_and_cancelling_does() {
    check(50, |sim| {
        let system = sim.system();
        let (actor, notes) = doer(&system, Mailbox::default());
        let carried = Arc::new(());
        let carry = Arc::clone(&carried);
        let timer = actor.blocking_send(run(|ctx| {
            let _ = ctx.tell_after(SHORT, Note(4));
            ctx.tell_after(SHORT, run(move |_| drop(carry)))
        }))?;
        assert_eq!(Arc::strong_count(&carried), 2);
        assert!(timer.clone().cancel());
        assert!(!timer.cancel());
        assert_eq!(Arc::strong_count(&carried), 1);
        sim.run_until_quiescent()?;
        assert_eq!(take(&notes).len(), 1);
        Ok(())
    });
}

#[test]
fn a_timers_message_passes_ahead_of_a_full_mailbox() {
    check(100, |sim| {
        let system = sim.system();
        let (actor, notes) = doer(&system, Mailbox::bounded(2));
        actor.blocking_send(later(|ctx| {
            let myself = ctx.actor_ref();
            ctx.tell_after(Duration::ZERO, Note(100));
            let nap = ctx.sleep(SHORT);
            Box::pin(async move {
                // Full, while the timer fires.
                for number in 1..=2 {
                    myself.tell(Note(number)).await.expect("there is room");
                }
                assert!(myself.try_tell(Note(0)).is_err());
                nap.await;
            })
        }))?;
        sim.run_until_quiescent()?;
        assert!(take(&notes).iter().map(|(number, _)| *number).eq([100, 1, 2]));
        Ok(())
    });
}

/// Begins to tick so.
struct Begin(Duration, MissedTicks);
impl Message for Begin {
    type Result = Result<corecast::Timer, ZeroInterval>;
}

impl Handler<Begin> for Doer {
    async fn handle(
        &mut self,
        Begin(interval, missed): Begin,
        ctx: &mut ActorContext<Self>,
    ) -> Result<corecast::Timer, ZeroInterval> {
        ctx.tell_every_with(interval, Note(0), missed)
    }
}

#[test]
fn ticks_come_again_and_again_until_they_are_cancelled() {
    check(20, |sim| {
        let system = sim.system();
        let (actor, notes) = doer(&system, Mailbox::default());
        let zero = actor.blocking_send(Begin(Duration::ZERO, MissedTicks::Skip))?.expect_err("no interval");
        assert_eq!(zero.to_string(), "the interval of a timer is zero");
        let start = sim.now();
        let timer = actor.blocking_send(Begin(SHORT, MissedTicks::Skip))??;
        sim.run_for(100 * SHORT + TICK)?;
        let ticks = take(&notes);
        assert_eq!(ticks.len(), 100);
        for (number, (_, at)) in (1..).zip(&ticks) {
            assert!(is_on_time(*at, start + number * SHORT), "tick {number} at {at:?}");
        }
        assert!(timer.cancel());
        assert!(!timer.cancel());
        sim.run_for(LONG)?;
        assert!(take(&notes).is_empty());
        Ok(())
    });
}

/// When ticks of 1 ms come that find their actor busy for 20 ms.
fn ticks_of_a_busy_actor(sim: &corecast::sim::Sim, system: &ActorSystem, missed: MissedTicks) -> Vec<Duration> {
    let (actor, notes) = doer(system, Mailbox::default());
    let start = sim.now();
    let timer =
        actor.blocking_send(Begin(Duration::from_millis(1), missed)).expect("it runs").expect("there is an interval");
    let busy = actor.try_tell(later(|ctx| Box::pin(ctx.sleep(Duration::from_millis(20)))));
    busy.expect("there is room");
    sim.run_for(Duration::from_millis(30)).expect("it goes on");
    timer.cancel();
    sim.settle().expect("it comes to rest");
    take(&notes).into_iter().map(|(_, at)| at - start).collect()
}

#[test]
fn missed_ticks_are_left_out_made_up_for_or_put_off() {
    let millis = Duration::from_millis;
    check(20, |sim| {
        let system = sim.system();
        let are_due = |ticks: &[Duration], due: &[u64], slack: u32| {
            let is_due = |(at, due): (&Duration, &u64)| (millis(*due)..millis(*due) + slack * TICK).contains(at);
            ticks.len() == due.len() && ticks.iter().zip(due).all(is_due)
        };
        // The one that waits comes at 20, where the handler is done.
        let burst = ticks_of_a_busy_actor(sim, &system, MissedTicks::Burst);
        let due: Vec<_> = std::iter::repeat_n(20, 20).chain(21..=29).collect();
        assert!(are_due(&burst[..29], &due, 2), "{burst:?}");
        let skip = ticks_of_a_busy_actor(sim, &system, MissedTicks::Skip);
        assert!(are_due(&skip[..10], &[20, 21, 22, 23, 24, 25, 26, 27, 28, 29], 2), "{skip:?}");
        // Each a full interval after the last was taken: late by as much as all before.
        let delay = ticks_of_a_busy_actor(sim, &system, MissedTicks::Delay);
        assert!(are_due(&delay[..9], &[20, 21, 22, 23, 24, 25, 26, 27, 28], 12), "{delay:?}");
        Ok(())
    });
}

#[test]
fn at_most_one_tick_waits_for_its_actor() {
    check(20, |sim| {
        let system = sim.system();
        for missed in [MissedTicks::Skip, MissedTicks::Delay, MissedTicks::Burst] {
            let (actor, notes) = doer(&system, Mailbox::default());
            let timer = actor.blocking_send(Begin(SHORT / 10, missed))??;
            sim.run_for(SHORT / 5)?;
            actor.try_tell(later(|ctx| Box::pin(ctx.sleep(LONG))))?;
            sim.run_for(LONG / 2)?;
            take(&notes);
            timer.cancel();
            sim.run_for(LONG)?;
            assert!(take(&notes).len() <= 1, "{missed:?}");
        }
        Ok(())
    });
}

#[test]
fn a_tick_that_fell_due_before_the_stop_is_handled() {
    check(100, |sim| {
        let system = sim.system();
        let (actor, notes) = doer(&system, Mailbox::default());
        actor.try_tell(later(|ctx| {
            ctx.tell_after(SHORT, Note(7));
            ctx.tell_after(3 * SHORT, Note(8));
            Box::pin(ctx.sleep(4 * SHORT))
        }))?;
        sim.run_for(2 * SHORT)?;
        actor.stop();
        sim.run_until_quiescent()?;
        assert!(matches!(sim.block_on(actor.stopped()), StopReason::Stopped));
        let handled: Vec<_> = take(&notes).into_iter().map(|(number, _)| number).collect();
        // Timers go on until the actor is done with what it has: both fall due before that.
        assert_eq!(handled.first(), Some(&7), "{handled:?}");
        Ok(())
    });
}

#[test]
fn a_fired_message_that_is_left_over_is_a_dead_letter() {
    check(50, |sim| {
        let system = sim.system();
        let (actor, _notes) = doer(&system, Mailbox::default());
        let carried = Arc::new(());
        let carry = Arc::clone(&carried);
        let held = actor.try_send(later(move |ctx| {
            ctx.tell_after(SHORT, run(move |_| drop(carry)));
            Box::pin(ctx.sleep(Duration::MAX))
        }))?;
        sim.run_for(2 * SHORT)?;
        actor.kill();
        sim.run_until_quiescent()?;
        assert!(sim.block_on(held).is_err());
        assert_eq!((system.dead_letters(), sim.dead_letters().len()), (1, 1));
        assert_eq!(Arc::strong_count(&carried), 1);
        Ok(())
    });
}

#[test]
fn a_message_whose_clone_panics_stops_its_actor() {
    static CLONES: AtomicU64 = AtomicU64::new(0);
    struct Brittle;
    impl Clone for Brittle {
        fn clone(&self) -> Self {
            // ORDERING: Relaxed; one thread.
            CLONES.fetch_add(1, Ordering::Relaxed);
            panic!("from the clone");
        }
    }
    impl Message for Brittle {
        type Result = ();
    }
    impl Handler<Brittle> for Doer {
        async fn handle(&mut self, _: Brittle, _: &mut ActorContext<Self>) {}
    }
    check(20, |sim| {
        let system = sim.system();
        sim.expect_panics::<Doer>();
        let (actor, _notes) = doer(&system, Mailbox::default());
        actor.blocking_send(run(|ctx| ctx.tell_every(SHORT, Brittle).is_ok()))?;
        let reason = sim.block_on(actor.stopped());
        assert!(matches!(reason, StopReason::Panicked(panic) if panic.text() == "from the clone"));
        assert!(is_on_time(sim.now(), SHORT));
        assert!(sim.dead_letters().is_empty(), "it was accepted, and has failed");
        Ok(())
    });
}

#[test]
fn timers_and_messages_get_their_turns_though_there_are_always_more() {
    struct More(u64);
    impl Message for More {
        type Result = ();
    }
    impl Handler<More> for Doer {
        async fn handle(&mut self, More(left): More, ctx: &mut ActorContext<Self>) {
            if let Some(left) = left.checked_sub(1) {
                ctx.actor_ref().tell(More(left)).await.expect("there is room");
            }
        }
    }
    // Time passes while it floods itself.
    Check::new().runs(20).fault(Fault::clock_jumps(0.2, SHORT)).run(|sim| {
        let system = sim.system();
        let (actor, notes) = doer(&system, Mailbox::bounded(4));
        let timer = actor.blocking_send(Begin(SHORT / 100, MissedTicks::Burst))??;
        actor.try_tell(More(500))?;
        while actor.mailbox_size() > 0 {
            assert!(sim.step());
        }
        assert!(take(&notes).len() > 50, "ticks don't starve");
        timer.cancel();
        assert_eq!(actor.blocking_send(Echo(1))?, 1);
        Ok(())
    });
}
