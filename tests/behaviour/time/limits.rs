//! Limits of replies.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use corecast::{ActorSystem, ReplyErrorReason, SendErrorReason};

use super::{LONG, SHORT};
use crate::support::{
    CountWakes, Echo, LIMIT, Note, Quiet, eventually, hold, later, poll_once, recv, run, spawn, system, unique_name,
    wait, within,
};

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
        assert!(matches!(error.reason(), SendErrorReason::Timeout { .. }), "{error:?}");
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
    assert!(matches!(error.reason(), ReplyErrorReason::Timeout { after, .. } if *after == SHORT));
    assert_eq!(error.actor().id(), target.id());
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
    assert!(matches!(error.reason(), SendErrorReason::Timeout { after: Duration::ZERO, .. }));
    held.open();
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
    assert!(matches!(error.reason(), SendErrorReason::Timeout { .. }));
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
        assert!(matches!(error.reason(), SendErrorReason::Timeout { after, .. } if *after == long));
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
fn timers_have_no_thread_of_their_own() {
    let system = system(2);
    let (actor, events) = spawn(&system);
    // They take their names themselves.
    eventually("both workers have begun", || crate::support::threads_of(system.name()) == 2);
    wait(system.sleep(SHORT));
    wait(actor.send(run(|ctx| {
        ctx.tell_after(SHORT, Note(1));
    })))
    .unwrap();
    events.note();
    assert!(wait(actor.send(Echo(1)).timeout(LONG)).is_ok());
    assert_eq!(crate::support::threads_of(system.name()), 2);
}
