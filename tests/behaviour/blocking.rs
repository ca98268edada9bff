//! `spawn_blocking` runs closures on a small pool of their own: workers go on, panics come back.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use corecast::{ActorSystem, BlockingError};

use crate::support::{
    Echo, LIMIT, Note, Quiet, eventually, later, recv, spawn, system, threads_of, unique_name, wait, within,
};

#[test]
fn a_blocking_closure_s_result_comes_back() {
    let system = system(1);
    let (actor, _events) = spawn(&system);
    let (here, there) = wait(actor.send(later(|ctx| {
        Box::pin(async move {
            let there = ctx.spawn_blocking(|| thread::current().id()).await.unwrap();
            (thread::current().id(), there)
        })
    })))
    .unwrap();
    assert_ne!(here, there, "not on a worker");
    assert_eq!(wait(system.handle().spawn_blocking(|| "from outside".to_owned())).unwrap(), "from outside");
}

#[test]
fn a_panic_in_a_blocking_closure_comes_back_and_stops_nobody() {
    let system = system(1);
    let (actor, _events) = spawn(&system);
    let text = wait(actor.send(later(|ctx| {
        Box::pin(async move {
            match ctx.spawn_blocking(|| panic!("blocked and lost")).await {
                Err(BlockingError::Panicked(panic)) => panic.text().to_owned(),
                Err(other) => other.to_string(),
                Ok(()) => "nothing".to_owned(),
            }
        })
    })));
    assert_eq!(text.unwrap(), "blocked and lost");
    // The actor goes on, and so does the pool, however often it happens.
    assert_eq!(wait(actor.send(Echo(1))).unwrap(), 1);
    for _ in 0..20 {
        let quietly: fn() = || std::panic::resume_unwind(Box::new("quietly"));
        assert!(wait(system.handle().spawn_blocking(quietly)).is_err());
    }
    assert_eq!(wait(system.handle().spawn_blocking(|| 5)).unwrap(), 5);
}

#[test]
fn a_blocking_closure_blocks_no_worker() {
    let system = system(1);
    let (waiter, _) = spawn(&system);
    let (other, _) = spawn(&system);
    let (entered, was_entered) = mpsc::channel();
    let (release, released) = mpsc::channel();
    let answer = waiter.send(later(move |ctx| {
        Box::pin(async move {
            let closure = move || {
                entered.send(()).unwrap();
                recv::<u64>(&released)
            };
            ctx.spawn_blocking(closure).await.unwrap()
        })
    }));
    recv(&was_entered);
    assert_eq!(wait(other.send(Echo(1))).unwrap(), 1);
    release.send(8).unwrap();
    assert_eq!(wait(answer).unwrap(), 8);
}

#[test]
fn the_pool_has_no_more_threads_than_it_was_given() {
    const THREADS: usize = 2;
    const CLOSURES: usize = 10;
    let system = ActorSystem::builder()
        .workers(1)
        .name(unique_name())
        .observer(Quiet)
        .blocking_threads(THREADS)
        .build()
        .unwrap();
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (entered, was_entered) = mpsc::channel();
    let mut releases = Vec::new();
    let results: Vec<_> = (0..CLOSURES)
        .map(|number| {
            let (running, most, entered) = (Arc::clone(&running), Arc::clone(&most), entered.clone());
            let (release, released) = mpsc::channel();
            releases.push(release);
            system.handle().spawn_blocking(move || {
                // ORDERING: AcqRel; the counts are compared between threads.
                most.fetch_max(running.fetch_add(1, Ordering::AcqRel) + 1, Ordering::AcqRel);
                entered.send(number).unwrap();
                recv::<()>(&released);
                running.fetch_sub(1, Ordering::AcqRel);
                number
            })
        })
        .collect();
    // All of them at once while none may leave, then one in for one out.
    let mut inside: Vec<_> = (0..THREADS).map(|_| recv(&was_entered)).collect();
    for _ in THREADS..CLOSURES {
        releases[inside.remove(0)].send(()).unwrap();
        inside.push(recv(&was_entered));
    }
    inside.into_iter().for_each(|number: usize| releases[number].send(()).unwrap());
    for (number, result) in results.into_iter().enumerate() {
        assert_eq!(wait(result).unwrap(), number);
    }
    // ORDERING: Acquire; as above.
    assert_eq!(most.load(Ordering::Acquire), THREADS);
}

#[test]
fn a_blocking_closure_may_use_blocking_verbs() {
    let system = system(1);
    let (caller, _) = spawn(&system);
    let (callee, _) = spawn(&system);
    let answer = caller.send(later(move |ctx| {
        Box::pin(async move {
            let closure = move || {
                callee.blocking_tell(Note(1)).unwrap();
                callee.blocking_send(Echo(2)).unwrap()
            };
            ctx.spawn_blocking(closure).await.unwrap()
        })
    }));
    assert_eq!(wait(answer).unwrap(), 2);
}

#[test]
fn a_kill_does_not_wait_for_a_blocking_closure() {
    let system = system(1);
    let (actor, _events) = spawn(&system);
    let (entered, was_entered) = mpsc::channel();
    let (release, released) = mpsc::channel();
    let answer = actor.send(later(move |ctx| {
        Box::pin(async move {
            let closure = move || {
                entered.send(()).unwrap();
                recv::<u64>(&released)
            };
            let number = ctx.spawn_blocking(closure).await.unwrap();
            pending::<()>().await;
            number
        })
    }));
    recv(&was_entered);
    actor.kill();
    wait(actor.stopped());
    assert!(wait(answer).is_err());
    release.send(1).unwrap();
    assert_eq!(wait(system.handle().spawn_blocking(|| 2)).unwrap(), 2, "the pool goes on");
}

#[test]
fn a_pool_of_a_system_that_is_no_more_refuses() {
    let system = system(1);
    let handle = system.handle();
    assert_eq!(wait(handle.spawn_blocking(|| 1)).unwrap(), 1);
    let name = system.name().to_string();
    within(LIMIT, move || drop(system));
    assert!(matches!(wait(handle.spawn_blocking(|| 2)), Err(BlockingError::ShutDown)));
    eventually("no thread is left", || threads_of(&name) == 0);
}
