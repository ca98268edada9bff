//! Time: limits of replies, sleeping, messages that an actor sends to itself later.
//!
//! No test here says how late something may come, beyond the limit at which it counts as lost; several say that it
//! doesn't come early.

use std::future::poll_fn;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use corecast::{
    Actor, ActorContext, ActorRef, ActorSystem, Handler, Mailbox, Message, MissedTicks, ReplyErrorReason,
    SendErrorReason, StopReason, Timer, ZeroInterval,
};
use futures::FutureExt;
use futures::future::join_all;

use crate::support::{
    Carry, CountWakes, Echo, Event, Hold, LIMIT, Note, Probe, Quiet, Seen, eventually, hold, hold_and_fill, later,
    poll_once, probe, recv, run, spawn, spawn_with, system, unique_name, wait, within,
};

/// Short, and longer than anything that is ready takes.
const SHORT: Duration = Duration::from_millis(10);

/// Longer than any test.
const LONG: Duration = Duration::from_secs(3_600);

// ---- limits of replies

#[test]
fn a_reply_that_does_not_come_in_time_is_an_error_that_names_actor_and_limit() {
    // MISSION: "Timeout support: Prevent indefinite waiting"
    let system = system(2);
    let (actor, _events) = spawn(&system);
    let held = hold(&actor);
    let start = Instant::now();
    let error = wait(actor.send(Echo(1)).timeout(SHORT)).expect_err("it is held");
    assert!(start.elapsed() >= SHORT, "early");
    assert!(matches!(error.reason(), SendErrorReason::Timeout(after) if *after == SHORT), "{error:?}");
    assert_eq!(error.actor().id(), actor.id());
    assert!(error.to_string().contains("10ms") && error.to_string().contains("Probe"), "{error}");
    assert!(error.into_message().is_none(), "it was accepted");
    held.open();
    assert_eq!(wait(actor.send(Echo(2))).unwrap(), 2);
}

#[test]
fn a_reply_that_comes_in_time_is_the_reply() {
    // MISSION: "Response guaranteed: Receive typed response or timeout error"
    let system = system(2);
    let (actor, _events) = spawn(&system);
    assert_eq!(wait(actor.send(Echo(1)).timeout(LONG)).unwrap(), 1);
    assert_eq!(wait(actor.recipient::<Echo>().send(Echo(2)).timeout(LONG)).unwrap(), 2);
    assert_eq!(wait(actor.try_send(Echo(3)).unwrap().timeout(LONG)).unwrap(), 3);
    assert_eq!(wait(actor.send(Echo(4)).timeout(Duration::MAX)).unwrap(), 4);
}

#[test]
fn a_limit_holds_in_a_handler_in_block_on_and_on_other_executors() {
    let system = system(2);
    let (target, _events) = spawn(&system);
    let held = hold(&target);
    let check = |error: corecast::SendError<Echo>| {
        assert!(matches!(error.reason(), SendErrorReason::Timeout(_)), "{error:?}");
        assert_eq!(error.actor().id(), target.id());
    };
    check(system.block_on(target.send(Echo(1)).timeout(SHORT)).unwrap_err());
    let other = target.clone();
    check(within(LIMIT, move || pollster::block_on(other.send(Echo(1)).timeout(SHORT))).unwrap_err());
    let other = target.clone();
    let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
    check(within(LIMIT, move || tokio.block_on(other.send(Echo(1)).timeout(SHORT))).unwrap_err());
    let (asker, _events) = spawn(&system);
    let other = target.clone();
    check(
        wait(asker.send(later(move |_| Box::pin(async move { other.send(Echo(1)).timeout(SHORT).await }))))
            .unwrap()
            .unwrap_err(),
    );
    let other = target.clone();
    // Made on a worker, and polled elsewhere.
    let made = wait(asker.send(run(move |_| other.send(Echo(1)).timeout(SHORT)))).unwrap();
    check(wait(made).unwrap_err());
    let reply = target.try_send(Echo(1)).unwrap();
    let error = wait(reply.timeout(SHORT)).expect_err("it is held");
    assert!(matches!(error.reason(), ReplyErrorReason::Timeout(after) if *after == SHORT));
    assert_eq!(error.actor().id(), target.id());
    held.open();
}

#[test]
fn each_of_several_limits_within_one_block_on_is_kept() {
    let system = system(1);
    let (actor, _events) = spawn(&system);
    let held = hold(&actor);
    // `join_all` polls only those that were woken, when there are many.
    let limits = (0..100).map(|number| actor.send(Echo(number)).timeout(SHORT * (1 + number as u32 % 3)));
    let outcomes = within(LIMIT, {
        let all: Vec<_> = limits.collect();
        move || system.block_on(join_all(all))
    });
    assert!(outcomes.iter().all(Result::is_err));
    held.open();
}

#[test]
fn a_zero_limit_polls_once() {
    let system = system(1);
    let (actor, _events) = spawn(&system);
    let ready = actor.send(Echo(1));
    wait(actor.send(Echo(2))).unwrap();
    assert_eq!(wait(ready.timeout(Duration::ZERO)).unwrap(), 1, "the reply is there");
    let held = hold(&actor);
    let mut late = actor.send(Echo(3)).timeout(Duration::ZERO);
    let std::task::Poll::Ready(Err(error)) = poll_once(&mut late) else { panic!("ready at the first poll") };
    assert!(matches!(error.reason(), SendErrorReason::Timeout(Duration::ZERO)));
    held.open();
}

#[test]
fn a_message_that_waits_for_room_comes_back_when_its_time_is_up() {
    let system = system(1);
    let (actor, _events) = spawn_with(&system, Mailbox::bounded(1));
    let held = hold_and_fill(&actor, 1);
    let error = wait(actor.send(Echo(7)).timeout(SHORT)).expect_err("there is no room");
    assert!(matches!(error.reason(), SendErrorReason::Timeout(_)));
    assert_eq!(error.into_message().map(|echo| echo.0), Some(7));
    held.open();
    assert_eq!(wait(actor.send(Seen)).unwrap(), [1]);
}

#[test]
fn a_message_whose_limit_was_reached_is_handled_all_the_same() {
    let system = system(1);
    let (actor, events) = spawn(&system);
    let held = hold(&actor);
    assert!(wait(actor.send(Note(5)).timeout(SHORT)).is_err());
    held.open();
    assert_eq!(events.note(), 5);
}

#[test]
fn the_actors_default_limit_comes_before_the_systems_and_the_callers_before_both() {
    let system =
        ActorSystem::builder().workers(1).name(unique_name()).observer(Quiet).send_timeout(SHORT).build().unwrap();
    let reached = |actor: &ActorRef<Probe>| match wait(actor.send(Echo(0))).unwrap_err().reason() {
        SendErrorReason::Timeout(after) => *after,
        other => panic!("{other:?}"),
    };
    let (by_system, _events) = spawn(&system);
    let held = [hold(&by_system)];
    assert_eq!(reached(&by_system), SHORT);
    assert!(matches!(by_system.blocking_send(Echo(0)).unwrap_err().reason(), SendErrorReason::Timeout(_)));
    let (probe, _other_events) = probe();
    let by_actor = system.spawn(probe).send_timeout(2 * SHORT).start().unwrap();
    // Not `hold`, which would time out itself.
    let also_held = hold(&by_actor);
    assert_eq!(reached(&by_actor), 2 * SHORT);
    let (asker, _asker_events) = spawn(&system);
    let target = by_actor.clone();
    let inside = wait(asker.send(later(move |_| Box::pin(async move { target.send(Echo(0)).await }))).timeout(LONG));
    assert!(matches!(inside.unwrap().unwrap_err().reason(), SendErrorReason::Timeout(after) if *after == 2 * SHORT));
    let mut patient = by_actor.send(Echo(9)).timeout(Duration::MAX);
    assert!(poll_once(&mut patient).is_pending());
    also_held.open();
    assert_eq!(wait(patient).unwrap(), 9);
    assert_eq!(wait(by_actor.send(Echo(1)).timeout(LONG)).unwrap(), 1);
    held.into_iter().for_each(crate::support::Held::open);
}

#[test]
fn a_blocking_send_keeps_its_limit_though_every_worker_is_blocked() {
    let system =
        ActorSystem::builder().workers(1).name(unique_name()).observer(Quiet).send_timeout(SHORT).build().unwrap();
    let (actor, _events) = spawn(&system);
    let (release, released) = channel::<()>();
    let (enter, entered) = channel();
    wait(actor.tell(run(move |_| {
        enter.send(()).unwrap();
        let _ = released.recv_timeout(LIMIT);
    })))
    .unwrap();
    recv(&entered);
    let asked = actor.clone();
    let error = within(LIMIT / 2, move || asked.blocking_send(Echo(1))).expect_err("its worker is blocked");
    assert!(matches!(error.reason(), SendErrorReason::Timeout(_)));
    let asked = actor.clone();
    let sent = within(LIMIT / 2, move || {
        let start = Instant::now();
        let sent = system.block_on(asked.send(Echo(1)).timeout(SHORT));
        system.block_on(system.sleep(SHORT));
        (sent.is_err() && start.elapsed() >= 2 * SHORT, system)
    });
    assert!(sent.0);
    release.send(()).unwrap();
}

#[test]
fn a_limit_is_kept_wherever_its_future_is_polled_whoever_made_it() {
    let system = system(2);
    let (target, _events) = spawn(&system);
    let held = hold(&target);
    let (asker, _events) = spawn(&system);
    // Below the length from which on a worker looks at no clock, and above it.
    for long in [SHORT / 2, 2 * SHORT] {
        let other = target.clone();
        let made = wait(asker.send(run(move |_| {
            (other.send(Echo(1)).timeout(long), other.try_send(Echo(1)).unwrap(), other.try_send(Echo(1)).unwrap())
        })));
        let (sent, first, second) = made.unwrap();
        let start = Instant::now();
        let error = within(LIMIT, move || pollster::block_on(sent)).unwrap_err();
        assert!(start.elapsed() >= long, "early: {error}");
        assert_eq!(error.actor().id(), target.id());
        let start = Instant::now();
        let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let error = within(LIMIT, move || tokio.block_on(first.timeout(long))).unwrap_err();
        assert!(start.elapsed() >= long, "early: {error}");
        // On a worker of another system.
        let elsewhere = crate::support::system(1);
        let (stranger, _events) = spawn(&elsewhere);
        let start = Instant::now();
        let error = wait(stranger.send(later(move |_| Box::pin(second.timeout(long))))).unwrap().unwrap_err();
        assert!(start.elapsed() >= long, "early: {error}");
        assert_eq!(error.actor().id(), target.id());
    }
    held.open();
}

#[test]
fn a_limit_moves_on_when_the_system_that_keeps_it_ends() {
    let system = system(1);
    let (target, _events) = spawn(&system);
    let held = hold(&target);
    for long in [4 * SHORT / 5, 4 * SHORT] {
        let keeper = crate::support::system(1);
        let (actor, _events) = spawn(&keeper);
        let counter = Arc::new(CountWakes::default());
        let waker = Waker::from(Arc::clone(&counter));
        let mut limited = target.send(Echo(1)).timeout(long);
        let start = Instant::now();
        let limited = wait(actor.send(run(move |_| {
            let polled = std::pin::Pin::new(&mut limited).poll(&mut Context::from_waker(&waker));
            polled.is_pending().then_some(limited)
        })));
        drop(keeper);
        // Whoever waits with it is woken by the end, and goes elsewhere.
        assert_eq!(counter.count(), 1);
        let Some(limited) = limited.unwrap() else { continue };
        let error = wait(limited).expect_err("it is held");
        assert!(start.elapsed() >= long, "early: {error}");
        assert!(matches!(error.reason(), SendErrorReason::Timeout(after) if *after == long));
    }
    held.open();
}

#[test]
fn a_limit_counts_only_after_a_poll_that_was_allowed_to_succeed() {
    let system = system(1);
    let (gone, _events) = spawn(&system);
    gone.stop();
    wait(gone.stopped());
    let (target, _events) = spawn(&system);
    let (asker, _events) = spawn(&system);
    // Around the number of awaits that may succeed at once.
    for awaits in (0..20).chain(500..530) {
        let (gone, target) = (gone.downgrade(), target.clone());
        let answers = wait(asker.send(later(move |_| {
            Box::pin(async move {
                let (sent, replied) = (target.send(Echo(1)), target.try_send(Echo(2)).unwrap());
                // Both are answered before this.
                target.send(Echo(3)).await.unwrap();
                for _ in 0..awaits {
                    gone.stopped().await;
                }
                (sent.timeout(Duration::ZERO).await.is_ok(), replied.timeout(Duration::ZERO).await.is_ok())
            })
        })));
        assert_eq!(answers.unwrap(), (true, true), "after {awaits} awaits that succeeded");
    }
}

#[test]
fn more_limits_than_a_worker_has_slots_for_are_all_kept() {
    let system = system(1);
    let (target, _events) = spawn(&system);
    let held = hold(&target);
    let (asker, _events) = spawn(&system);
    let other = target.clone();
    let outcomes = wait(asker.send(later(move |_| {
        Box::pin(async move {
            let start = Instant::now();
            let limits = (0..100).map(|number| other.send(Echo(number)).timeout(2 * SHORT));
            let timed_out = join_all(limits).await.iter().filter(|outcome| outcome.is_err()).count();
            (timed_out, start.elapsed() >= 2 * SHORT)
        })
    })));
    assert_eq!(outcomes.unwrap(), (100, true));
    held.open();
}

#[test]
fn timers_have_no_thread_of_their_own() {
    let system = system(2);
    let (actor, events) = spawn(&system);
    let before = crate::support::threads_of(system.name());
    wait(system.sleep(SHORT));
    wait(actor.send(run(|ctx| drop(ctx.tell_after(SHORT, Note(1)))))).unwrap();
    events.note();
    assert!(wait(actor.send(Echo(1)).timeout(LONG)).is_ok());
    assert_eq!(crate::support::threads_of(system.name()), before);
}

// ---- sleeping

#[test]
fn sleep_ends_no_earlier_than_asked_for_in_handlers_and_elsewhere() {
    let system = system(2);
    let (actor, _events) = spawn(&system);
    for millis in [1, 3, 20] {
        let long = Duration::from_millis(millis);
        let slept = wait(actor.send(later(move |ctx| {
            let nap = (Instant::now(), ctx.sleep(long));
            Box::pin(async move {
                nap.1.await;
                nap.0.elapsed()
            })
        })));
        assert!(slept.unwrap() >= long);
        let start = Instant::now();
        wait(system.sleep(long));
        assert!(start.elapsed() >= long);
        let start = Instant::now();
        system.block_on(system.sleep(long));
        assert!(start.elapsed() >= long);
    }
    wait(system.sleep(Duration::ZERO));
    let mut forever = system.sleep(Duration::MAX);
    assert!(poll_once(&mut forever).is_pending());
}

#[test]
fn an_actor_that_sleeps_lets_its_worker_go_on() {
    let system = system(1);
    let (sleeper, _events) = spawn(&system);
    let sleeping = sleeper.send(later(|ctx| {
        let nap = ctx.sleep(LONG);
        Box::pin(nap)
    }));
    let (other, _other_events) = spawn(&system);
    assert_eq!(wait(other.send(Echo(1))).unwrap(), 1);
    sleeper.kill();
    assert!(wait(sleeping).is_err(), "a kill drops it at its await point");
}

#[test]
fn a_sleep_wakes_whoever_polled_it_last() {
    let system = system(1);
    let mut nap = system.sleep(SHORT);
    let (first, last) = (Arc::new(CountWakes::default()), Arc::new(CountWakes::default()));
    for counter in [&first, &last] {
        let waker = Waker::from(Arc::clone(counter));
        let polled = std::pin::Pin::new(&mut nap).poll(&mut Context::from_waker(&waker));
        if polled.is_ready() {
            return; // A machine that was away for so long tells nothing.
        }
    }
    eventually("the last waker is woken", || last.count() == 1);
    assert_eq!(first.count(), 0);
}

#[test]
fn what_sleeps_is_woken_when_the_system_ends() {
    let system = system(1);
    let nap = system.sleep(LONG);
    let (began, begin) = channel();
    let sleeper = std::thread::spawn(move || {
        began.send(()).unwrap();
        wait(nap);
    });
    recv(&begin);
    drop(system);
    within(LIMIT, move || sleeper.join().unwrap());
}

#[test]
fn a_panic_in_a_waker_that_a_timer_wakes_is_its_own() {
    struct Trap;
    impl std::task::Wake for Trap {
        fn wake(self: Arc<Self>) {
            panic!("from a waker");
        }
    }
    let system = system(1);
    let mut nap = system.sleep(SHORT);
    let waker = Waker::from(Arc::new(Trap));
    let _ = std::pin::Pin::new(&mut nap).poll(&mut Context::from_waker(&waker));
    wait(system.sleep(2 * SHORT));
    crate::support::assert_goes_on(&system);
}

#[test]
fn a_thousand_sleepers_wake_and_each_in_its_time() {
    let system = system(2);
    let sleeps = (0..1_000u64).map(|number| {
        let long = Duration::from_micros(number * 37 % 30_000);
        let (start, nap) = (Instant::now(), system.sleep(long));
        async move {
            nap.await;
            start.elapsed() >= long
        }
    });
    assert!(wait(join_all(sleeps)).into_iter().all(|in_time| in_time));
}

// ---- who fires

/// Blocks the worker of a fresh actor, after `first` was run there, until the sender is dropped.
fn block_after<R: Send + 'static>(
    system: &ActorSystem,
    first: impl FnOnce(&mut ActorContext<Probe>) -> R + Send + 'static,
) -> (R, ActorRef<Probe>, Sender<()>) {
    let (actor, _events) = spawn(system);
    let (release, released) = channel::<()>();
    let (enter, entered) = channel();
    wait(actor.tell(run(move |ctx| {
        enter.send(first(ctx)).unwrap();
        let _ = released.recv_timeout(LIMIT);
    })))
    .unwrap();
    (recv(&entered), actor, release)
}

#[test]
fn a_timer_fires_though_the_worker_that_armed_it_is_blocked() {
    let system = system(2);
    let (fired, wake) = channel();
    struct Tell(Sender<()>);
    impl std::task::Wake for Tell {
        fn wake(self: Arc<Self>) {
            self.0.send(()).unwrap();
        }
    }
    let waker = Waker::from(Arc::new(Tell(fired)));
    let (nap, _actor, release) = block_after(&system, move |ctx| {
        let mut nap = ctx.sleep(SHORT);
        if std::pin::Pin::new(&mut nap).poll(&mut Context::from_waker(&waker)).is_ready() {
            waker.wake(); // The machine was away for so long.
        }
        nap
    });
    recv(&wake);
    drop((nap, release));
}

#[test]
fn a_timer_from_outside_fires_though_a_worker_is_blocked() {
    let system = system(2);
    let ((), _actor, release) = block_after(&system, |_| ());
    wait(system.sleep(SHORT));
    wait(system.sleep(SHORT));
    drop(release);
}

#[test]
fn one_timer_after_the_other_from_outside_with_nothing_else_to_do() {
    for workers in [1, 2] {
        let system = system(workers);
        for _ in 0..10 {
            wait(system.sleep(SHORT / 5));
        }
        // Nor does one that is taken back leave the time to a worker that keeps it no more.
        let _ = poll_once(&mut system.sleep(SHORT / 5));
        wait(system.sleep(SHORT));
    }
}

#[test]
fn a_waker_that_takes_its_time_holds_only_its_own_worker_up() {
    struct Slow(Sender<()>, Mutex<Receiver<()>>);
    impl std::task::Wake for Slow {
        fn wake(self: Arc<Self>) {
            self.0.send(()).unwrap();
            let _ = self.1.lock().unwrap().recv();
        }
    }
    let system = system(2);
    let (actor, _events) = spawn(&system);
    let ((enter, entered), (release, released)) = (channel(), channel::<()>());
    let waker = Waker::from(Arc::new(Slow(enter, Mutex::new(released))));
    let mut nap = system.sleep(SHORT);
    if std::pin::Pin::new(&mut nap).poll(&mut Context::from_waker(&waker)).is_ready() {
        return; // A machine that was away for so long tells nothing.
    }
    recv(&entered);
    for number in 0..10 {
        assert_eq!(wait(actor.send(Echo(number))).unwrap(), number);
        wait(system.sleep(SHORT / 10));
    }
    drop(release);
}

#[test]
fn a_sleep_in_block_on_wakes_whoever_polls_it_with_whatever_waker() {
    let system = system(1);
    let poll_with = |nap: &mut corecast::Sleep, counter: &Arc<CountWakes>| {
        let waker = Waker::from(Arc::clone(counter));
        std::pin::Pin::new(nap).poll(&mut Context::from_waker(&waker))
    };
    // A waker of somebody else's inside of a `block_on`, which then is left.
    let (counter, mut nap) = (Arc::new(CountWakes::default()), system.sleep(SHORT));
    if system.block_on(async { poll_with(&mut nap, &counter) }).is_pending() {
        eventually("the other waker is woken", || counter.count() == 1);
    }
    // Polled by a `block_on` first, and elsewhere later.
    let (counter, mut nap) = (Arc::new(CountWakes::default()), system.sleep(SHORT));
    if system.block_on(poll_fn(|context| Poll::Ready(nap.poll_unpin(context)))).is_pending()
        && poll_with(&mut nap, &counter).is_pending()
    {
        eventually("the last waker is woken", || counter.count() == 1);
    }
    // Elsewhere first, and by a `block_on` later.
    let (counter, mut nap) = (Arc::new(CountWakes::default()), system.sleep(SHORT));
    let _ = poll_with(&mut nap, &counter);
    within(LIMIT, move || system.block_on(nap));
}

#[test]
fn an_earlier_timer_ends_the_sleep_of_who_waits_for_a_later_one() {
    for workers in [1, 2] {
        let system = system(workers);
        let mut late = system.sleep(LONG);
        assert!(poll_once(&mut late).is_pending());
        // Whoever keeps the time may nap until the late one by now, or not: both must do.
        for _ in 0..20 {
            wait(system.sleep(SHORT / 10));
        }
    }
}

// ---- messages to oneself

#[derive(Clone)]
struct Tick;

impl Message for Tick {
    type Result = ();
}

/// Counts ticks, and reports each with the time since its start.
struct Clock(Instant, Sender<Duration>);

impl Actor for Clock {}

impl Handler<Tick> for Clock {
    async fn handle(&mut self, _: Tick, _ctx: &mut ActorContext<Self>) {
        let _ = self.1.send(self.0.elapsed());
    }
}

struct Begin(Duration, MissedTicks);

impl Message for Begin {
    type Result = Result<Timer, ZeroInterval>;
}

impl Handler<Begin> for Clock {
    async fn handle(&mut self, begin: Begin, ctx: &mut ActorContext<Self>) -> Result<Timer, ZeroInterval> {
        self.0 = Instant::now();
        ctx.tell_every_with(begin.0, Tick, begin.1)
    }
}

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
    wait(actor.send(run(|ctx| drop(ctx.tell_after(Duration::ZERO, Note(2)))))).unwrap();
    assert_eq!(events.note(), 2);
    let never = wait(actor.send(run(|ctx| ctx.tell_after(Duration::MAX, Note(3))))).unwrap();
    assert!(!never.cancel(), "there is nothing to cancel");
    assert_eq!(wait(actor.send(Seen)).unwrap(), [1, 2]);
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
    wait(actor.send(run(|ctx| drop(ctx.tell_after(SHORT, Note(4)))))).unwrap();
    assert_eq!(events.note(), 4);
}

#[test]
fn a_timers_message_passes_ahead_of_a_full_mailbox() {
    let system = system(1);
    let (actor, events) = spawn_with(&system, Mailbox::bounded(2));
    let (hold, held) = Hold::new();
    wait(actor.send(run(|ctx| drop(ctx.tell_after(Duration::ZERO, Note(99)))))).unwrap();
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

// ---- the actor's end

#[test]
fn a_timer_does_not_keep_its_actor_alive() {
    let system = system(1);
    let (actor, events) = spawn(&system);
    wait(actor.send(run(|ctx| drop(ctx.tell_after(LONG, Note(1)))))).unwrap();
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
fn a_fired_message_that_is_left_over_is_a_dead_letter() {
    let system = system(1);
    let (actor, _events) = spawn(&system);
    let carried = Arc::new(());
    let carry = Carry(Arc::clone(&carried));
    let (fire, fired) = channel();
    let held = actor.send(later(move |ctx| {
        ctx.tell_after(Duration::ZERO, carry);
        let (nap, never) = (ctx.sleep(SHORT), ctx.sleep(Duration::MAX));
        Box::pin(async move {
            nap.await;
            fire.send(()).unwrap();
            never.await;
        })
    }));
    recv(&fired);
    actor.kill();
    assert!(wait(held).is_err());
    wait(actor.stopped());
    assert_eq!(system.dead_letters(), 1);
    assert_eq!(Arc::strong_count(&carried), 1);
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

#[test]
fn a_message_whose_clone_panics_stops_its_actor() {
    struct Fragile(bool);
    impl Clone for Fragile {
        fn clone(&self) -> Self {
            assert!(!self.0, "from the clone");
            Self(self.0)
        }
    }
    impl Message for Fragile {
        type Result = ();
    }
    impl Handler<Fragile> for Clock {
        async fn handle(&mut self, _: Fragile, _ctx: &mut ActorContext<Self>) {}
    }
    struct Start;
    impl Message for Start {
        type Result = ();
    }
    impl Handler<Start> for Clock {
        async fn handle(&mut self, _: Start, ctx: &mut ActorContext<Self>) {
            ctx.tell_every(SHORT / 10, Fragile(true)).unwrap();
        }
    }
    let (system, records) = crate::support::observed(1);
    let (sender, _ticks) = channel();
    let actor = system.spawn(Clock(Instant::now(), sender)).start().unwrap();
    wait(actor.tell(Start)).unwrap();
    let reason = wait(actor.stopped());
    assert!(matches!(reason, StopReason::Panicked(panic) if panic.text() == "from the clone"));
    // It had fallen due, so it was accepted; and it has failed.
    let book = crate::support::close(system, &records);
    assert_eq!((book.messages.len(), book.letters.len()), (1, 0));
    assert!(book.messages[0].message_type.ends_with("Fragile"));
}
