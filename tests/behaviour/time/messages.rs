//! Messages that an actor sends to itself, once or again and again.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use corecast::{Actor, ActorContext, Handler, Mailbox, Message, MissedTicks, Timer, ZeroInterval};

use super::{Begin, Clock, LONG, SHORT, Tick};
use crate::support::{
    Carry, Echo, Hold, LIMIT, Note, Seen, eventually, later, recv, run, spawn, spawn_with, system, wait,
};

#[test]
fn tell_after_comes_once_and_not_early() {
    let system = system(2);
    let (actor, events) = spawn(&system);
    let start = wait(actor.send(run(|ctx| {
        let start = Instant::now();
        ctx.tell_after(SHORT, Note(1));
        start
    })))
    .unwrap();
    assert_eq!(events.note(), 1);
    assert!(start.elapsed() >= SHORT);
    wait(actor.send(run(|ctx| {
        ctx.tell_after(Duration::ZERO, Note(2));
    })))
    .unwrap();
    assert_eq!(events.note(), 2);
    let never = wait(actor.send(run(|ctx| ctx.tell_after(Duration::MAX, Note(3))))).unwrap();
    assert!(!never.cancel(), "there is nothing to cancel");
    assert_eq!(wait(actor.send(Seen)).unwrap(), [1, 2]);
}

#[test]
fn long_timers_come_and_not_early_whoever_looks_at_the_clock_for_them() {
    let long = Duration::from_secs(1);
    for workers in [1, 2] {
        let system = system(workers);
        let (actor, events) = spawn(&system);
        let start = wait(actor.send(run(move |ctx| {
            let start = Instant::now();
            for number in 0..300 {
                ctx.tell_after(long, Note(number));
            }
            start
        })))
        .unwrap();
        let came: Vec<_> = (0..300).map(|_| events.note()).collect();
        assert!(start.elapsed() >= long);
        if workers == 1 {
            assert!(came.is_sorted(), "{came:?}");
        }
    }
}

#[test]
fn a_cancelled_timer_does_not_fire_and_gives_its_message_up() {
    let system = system(1);
    let (actor, _events) = spawn(&system);
    let carried = Arc::new(());
    let carry = Carry(Arc::clone(&carried));
    let timer = wait(actor.send(run(move |ctx| ctx.tell_after(LONG, carry)))).unwrap();
    assert_eq!(Arc::strong_count(&carried), 2);
    assert!(timer.clone().cancel());
    assert_eq!(Arc::strong_count(&carried), 1);
    assert!(!timer.cancel());
}

#[test]
fn dropping_a_timer_does_not_cancel_it() {
    let system = system(1);
    let (actor, events) = spawn(&system);
    wait(actor.send(run(|ctx| {
        ctx.tell_after(SHORT, Note(4));
    })))
    .unwrap();
    assert_eq!(events.note(), 4);
}

#[test]
fn a_timers_message_passes_ahead_of_a_full_mailbox() {
    let system = system(1);
    let (actor, events) = spawn_with(&system, Mailbox::bounded(2));
    let (hold, held) = Hold::new();
    wait(actor.send(run(|ctx| {
        ctx.tell_after(Duration::ZERO, Note(99));
    })))
    .unwrap();
    assert_eq!(events.note(), 99);
    wait(actor.tell(hold)).unwrap();
    held.entered();
    let (also, _other_events) = spawn(&system);
    // Armed by the actor before it was held: its handler can't do so now.
    held.open();
    let armed = wait(actor.send(later(|ctx| {
        let myself = ctx.actor_ref();
        ctx.tell_after(Duration::ZERO, Note(100));
        let nap = ctx.sleep(SHORT);
        Box::pin(async move {
            // Full, while the timer fires.
            for number in 1..=2 {
                myself.tell(Note(number)).await.unwrap();
            }
            assert!(myself.try_tell(Note(0)).is_err());
            nap.await;
        })
    })));
    armed.unwrap();
    assert_eq!([events.note(), events.note(), events.note()], [100, 1, 2]);
    assert_eq!(wait(also.send(Echo(1))).unwrap(), 1);
}

#[test]
fn timers_do_not_starve_under_a_flood_nor_the_flood_under_timers() {
    let system = system(2);
    let (sender, ticks) = channel();
    struct Flooded(Sender<()>, u64);
    impl Actor for Flooded {}
    impl Handler<Tick> for Flooded {
        async fn handle(&mut self, _: Tick, _ctx: &mut ActorContext<Self>) {
            let _ = self.0.send(());
        }
    }
    struct More(u64);
    impl Message for More {
        type Result = ();
    }
    impl Handler<More> for Flooded {
        async fn handle(&mut self, more: More, ctx: &mut ActorContext<Self>) {
            if more.0 == 0 {
                for _ in 0..4 {
                    // Always due: as soon as one is taken, the next has been missed.
                    ctx.tell_every_with(Duration::from_nanos(1), Tick, MissedTicks::Burst).unwrap();
                }
            }
            self.1 += 1;
            // It floods itself.
            if self.1 < 20_000 {
                ctx.actor_ref().tell(More(more.0 + 1)).await.unwrap();
            }
        }
    }
    let actor = system.spawn(Flooded(sender, 0)).mailbox(Mailbox::bounded(4)).start().unwrap();
    wait(actor.tell(More(0))).unwrap();
    for _ in 0..100 {
        recv(&ticks);
    }
    struct Done;
    impl Message for Done {
        type Result = u64;
    }
    impl Handler<Done> for Flooded {
        async fn handle(&mut self, _: Done, _ctx: &mut ActorContext<Self>) -> u64 {
            self.1
        }
    }
    eventually("the flood ends though there is always a tick", || wait(actor.send(Done)).unwrap() == 20_000);
}

#[test]
fn ticks_come_again_and_again_until_they_are_cancelled() {
    let system = system(2);
    let (sender, ticks) = channel();
    let actor = system.spawn(Clock(Instant::now(), sender)).start().unwrap();
    let zero: ZeroInterval = wait(actor.send(Begin(Duration::ZERO, MissedTicks::Skip))).unwrap().unwrap_err();
    assert_eq!(zero.to_string(), "the interval of a timer is zero");
    let timer = wait(actor.send(Begin(SHORT / 5, MissedTicks::Skip))).unwrap().unwrap();
    for number in 1..=5 {
        assert!(recv(&ticks) >= number * SHORT / 5, "early");
    }
    assert!(timer.cancel());
    assert!(!timer.cancel());
    // What had fallen due is handled before this.
    wait(actor.send(Begin(LONG, MissedTicks::Skip))).unwrap().unwrap();
    while ticks.try_recv().is_ok() {}
    wait(system.sleep(SHORT));
    assert!(ticks.try_recv().is_err());
}

/// Ticks of 1 ms that find their actor busy for 20 ms: the times of those that came, from the start.
fn ticks_of_a_busy_actor(missed: MissedTicks, count: usize) -> Vec<Duration> {
    let system = system(2);
    let (sender, ticks) = channel();
    struct Busy(Clock, bool);
    impl Actor for Busy {}
    impl Handler<Tick> for Busy {
        async fn handle(&mut self, _: Tick, ctx: &mut ActorContext<Self>) {
            if !std::mem::replace(&mut self.1, true) {
                ctx.sleep(Duration::from_millis(20)).await;
            }
            let _ = self.0.1.send(self.0.0.elapsed());
        }
    }
    impl Handler<Begin> for Busy {
        async fn handle(&mut self, begin: Begin, ctx: &mut ActorContext<Self>) -> Result<Timer, ZeroInterval> {
            self.0.0 = Instant::now();
            ctx.tell_every_with(begin.0, Tick, begin.1)
        }
    }
    let actor = system.spawn(Busy(Clock(Instant::now(), sender), false)).start().unwrap();
    let timer = wait(actor.send(Begin(Duration::from_millis(1), missed))).unwrap().unwrap();
    let times = (0..count).map(|_| recv(&ticks)).collect();
    timer.cancel();
    times
}

#[test]
fn missed_ticks_are_left_out_made_up_for_or_put_off() {
    let millis = Duration::from_millis;
    let burst = ticks_of_a_busy_actor(MissedTicks::Burst, 15);
    assert!(burst.iter().enumerate().all(|(number, at)| *at >= millis(number as u64 + 1)), "{burst:?}");
    // A tick waits while the actor is busy, and no more than that one; those that follow keep to the interval.
    let skip = ticks_of_a_busy_actor(MissedTicks::Skip, 6);
    assert!(skip[0] >= millis(21) && skip[5] >= millis(21 + 3), "{skip:?}");
    let delay = ticks_of_a_busy_actor(MissedTicks::Delay, 6);
    assert!(delay[0] >= millis(21) && delay[5] >= millis(21 + 4), "{delay:?}");
    for times in [&skip, &delay] {
        assert!(times[5] - times[1] >= millis(2), "they came in a burst: {times:?}");
    }
}

#[test]
fn at_most_one_tick_waits_for_its_actor() {
    let system = system(2);
    let (sender, ticks) = channel();
    let actor = system.spawn(Clock(Instant::now(), sender)).start().unwrap();
    for missed in [MissedTicks::Skip, MissedTicks::Delay, MissedTicks::Burst] {
        let timer = wait(actor.send(Begin(SHORT / 10, missed))).unwrap().unwrap();
        recv(&ticks);
        struct Busy(std::sync::mpsc::Receiver<()>);
        impl Message for Busy {
            type Result = ();
        }
        impl Handler<Busy> for Clock {
            async fn handle(&mut self, busy: Busy, _ctx: &mut ActorContext<Self>) {
                let _ = busy.0.recv_timeout(LIMIT);
            }
        }
        let (release, released) = channel();
        wait(actor.tell(Busy(released))).unwrap();
        // Many ticks long; and then it isn't ticking any more.
        wait(system.sleep(2 * SHORT));
        timer.cancel();
        while ticks.try_recv().is_ok() {}
        release.send(()).unwrap();
        // The one that waited, if any did, comes before this.
        let last = wait(actor.send(Begin(LONG, missed))).unwrap().unwrap();
        assert!(ticks.try_iter().count() <= 1, "{missed:?}");
        assert!(last.cancel());
    }
}
