//! `shutdown` refuses the outside, drains, stops all, and kills at its deadline.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use corecast::{
    Actor, ActorContext, ActorRef, ActorSystem, Handler, Mailbox, Message, SendErrorReason, SpawnError, StopReason,
    TellErrorReason, TryTellErrorReason,
};

use crate::support::{
    Echo, Hold, LIMIT, Note, Quiet, eventually, hold, later, name_of, poll_once, probe, recv, run, spawn, spawn_with,
    system, threads_of, unique_name, wait, within,
};

#[test]
fn shutdown_of_an_empty_system_is_clean() {
    let system = system(2);
    assert!(wait(system.shutdown()).is_clean());
}

#[test]
fn shutdown_handles_what_was_accepted_and_then_stops() {
    let system = system(1);
    let (actor, events) = spawn(&system);
    let held = hold(&actor);
    (1..=3).for_each(|number| actor.try_tell(Note(number)).unwrap());
    let echo = actor.try_send(Echo(4)).unwrap();
    let shutdown = system.shutdown();
    held.open();
    let report = wait(shutdown);
    assert!(report.is_clean());
    assert!(report.killed.is_empty());
    assert_eq!(wait(echo).unwrap(), 4);
    assert_eq!(events.rest(), ["note 1", "note 2", "note 3", "post_stop SystemShutdown", "dropped"]);
    assert!(matches!(wait(actor.stopped()), StopReason::SystemShutdown));
    assert!(!actor.is_alive());
}

/// Hands a token on to the next in a ring, until it has made its hops.
struct Relay {
    next: Option<ActorRef<Relay>>,
    hops: Arc<AtomicU64>,
}

struct Join(ActorRef<Relay>);

struct Hop(u64);

impl Message for Join {
    type Result = ();
}

impl Message for Hop {
    type Result = ();
}

impl Actor for Relay {}

impl Handler<Join> for Relay {
    async fn handle(&mut self, join: Join, _ctx: &mut ActorContext<Self>) {
        self.next = Some(join.0);
    }
}

impl Handler<Hop> for Relay {
    async fn handle(&mut self, hop: Hop, _ctx: &mut ActorContext<Self>) {
        // ORDERING: Relaxed; read after the shutdown.
        self.hops.fetch_add(1, Ordering::Relaxed);
        if hop.0 > 0 {
            self.next.as_ref().expect("joined").tell(Hop(hop.0 - 1)).await.expect("inside, a shutdown refuses nobody");
        }
    }
}

#[test]
fn shutdown_drains_what_actors_still_tell_one_another() {
    const TOKENS: u64 = 10;
    const HOPS: u64 = 1_000;
    let system = system(2);
    let hops = Arc::new(AtomicU64::new(0));
    let ring: Vec<_> =
        (0..5).map(|_| wait(system.spawn(Relay { next: None, hops: Arc::clone(&hops) })).unwrap()).collect();
    for (index, relay) in ring.iter().enumerate() {
        wait(relay.send(Join(ring[(index + 1) % ring.len()].clone()))).unwrap();
    }
    for token in 0..TOKENS {
        wait(ring[token as usize % ring.len()].tell(Hop(HOPS))).unwrap();
    }
    assert!(wait(system.shutdown()).is_clean());
    // ORDERING: Relaxed; all have stopped.
    assert_eq!(hops.load(Ordering::Relaxed), TOKENS * (HOPS + 1));
}

#[test]
fn shutdown_waits_for_suspended_handlers_and_what_wakes_them() {
    let system = system(2);
    let (actor, _events) = spawn(&system);
    let answer = actor.send(later(|ctx| {
        Box::pin(async move {
            let child = ctx.system().spawn(probe().0).await.expect("inside, a shutdown refuses nobody");
            let blocking = ctx.spawn_blocking(|| 1).await.unwrap();
            blocking + child.send(Echo(2)).await.unwrap()
        })
    }));
    let shutdown = system.shutdown();
    assert_eq!(wait(answer).unwrap(), 3);
    assert!(wait(shutdown).is_clean());
}

#[test]
fn shutdown_begins_at_the_call_and_refuses_the_outside() {
    let system = system(1);
    let (actor, events) = spawn(&system);
    let (other, _) = spawn(&system);
    let (entered, was_entered) = mpsc::channel();
    let (open, opened) = futures::channel::oneshot::channel::<()>();
    let inside = other.clone();
    let answer = actor.send(later(move |_ctx| {
        Box::pin(async move {
            entered.send(()).unwrap();
            let _ = opened.await;
            inside.send(Echo(7)).await.expect("inside, a shutdown refuses nobody")
        })
    }));
    recv(&was_entered);

    // Not polled, and it has begun.
    let mut shutdown = system.shutdown();
    let error = wait(other.tell(Note(1))).unwrap_err();
    assert!(matches!(error.reason(), TellErrorReason::ShuttingDown), "{error}");
    assert_eq!(error.into_message().0, 1);
    let error = other.try_tell(Note(2)).unwrap_err();
    assert!(matches!(error.reason(), TryTellErrorReason::ShuttingDown), "{error}");
    assert_eq!(error.into_message().0, 2);
    let error = other.blocking_send(Echo(3)).unwrap_err();
    assert!(matches!(error.reason(), SendErrorReason::ShuttingDown), "{error}");
    assert_eq!(error.into_message().map(|echo| echo.0), Some(3));
    assert!(matches!(wait(system.spawn(probe().0)), Err(SpawnError::ShutDown)));
    assert!(poll_once(&mut shutdown).is_pending());

    open.send(()).unwrap();
    assert_eq!(wait(answer).unwrap(), 7);
    assert!(wait(shutdown).is_clean());
    assert_eq!(events.rest(), ["post_stop SystemShutdown", "dropped"]);
}

#[test]
fn a_dropped_shutdown_future_does_not_call_it_off() {
    let system = system(1);
    let (actor, events) = spawn(&system);
    drop(system.shutdown());
    assert_eq!(events.rest(), ["post_stop SystemShutdown", "dropped"]);
    assert!(matches!(wait(actor.stopped()), StopReason::SystemShutdown));
}

#[test]
fn shutdown_may_be_asked_for_twice() {
    let system = system(2);
    let (_actor, _events) = spawn(&system);
    let (first, second) = (system.shutdown(), system.shutdown());
    assert!(wait(second).is_clean());
    assert!(wait(first).is_clean());
    assert!(wait(system.shutdown()).is_clean());
}

#[test]
fn shutdown_kills_at_its_deadline_and_says_whom() {
    let system = ActorSystem::builder()
        .workers(1)
        .name(unique_name())
        .observer(Quiet)
        .shutdown_deadline(Duration::from_millis(50))
        .build()
        .unwrap();
    let (stuck, events) = probe();
    let stuck = wait(system.spawn(stuck).name("stuck")).unwrap();
    let (good, good_events) = spawn(&system);
    let (hold, held) = Hold::new();
    let holding = stuck.send(hold);
    held.entered();
    wait(good.tell(Note(1))).unwrap();

    let report = wait(system.shutdown());
    assert!(!report.is_clean());
    assert_eq!(report.killed.iter().map(|actor| actor.id()).collect::<Vec<_>>(), [stuck.id()]);
    assert_eq!(report.killed[0].name(), Some("stuck"));
    assert!(matches!(wait(holding).unwrap_err().reason(), SendErrorReason::Killed));
    assert_eq!(good_events.rest(), ["note 1", "post_stop SystemShutdown", "dropped"]);
    let rest = events.rest();
    assert!(["post_stop Killed", "post_stop SystemShutdown"].contains(&rest[1].as_str()), "{rest:?}");
    assert_eq!(rest.len(), 3);
}

/// Its `post_stop` never ends.
struct Clinging;

impl Actor for Clinging {
    async fn post_stop(&mut self, _reason: &StopReason, _ctx: &mut ActorContext<Self>) {
        pending().await
    }
}

#[test]
fn a_post_stop_that_never_ends_does_not_outlast_the_deadlines() {
    let system = ActorSystem::builder()
        .workers(1)
        .name(unique_name())
        .observer(Quiet)
        .shutdown_deadline(Duration::from_millis(50))
        .post_stop_deadline(Duration::from_millis(50))
        .build()
        .unwrap();
    let actor = wait(system.spawn(Clinging)).unwrap();
    let report = wait(system.shutdown());
    assert_eq!(report.killed.iter().map(|killed| killed.id()).collect::<Vec<_>>(), [actor.id()]);
    let name = system.name().to_string();
    within(LIMIT, move || drop(system));
    eventually("no thread is left", || threads_of(&name) == 0);
}

#[test]
fn waiting_senders_from_outside_are_served_or_told() {
    let system = system(1);
    let (actor, _events) = spawn_with(&system, Mailbox::bounded(1));
    let held = hold(&actor);
    wait(actor.tell(Note(1))).unwrap();
    let waiting: Vec<_> = (2..=5).map(|number| actor.tell(Note(number))).collect();
    let shutdown = system.shutdown();
    held.open();
    assert!(wait(shutdown).is_clean());
    for (number, tell) in (2..).zip(waiting) {
        if let Err(error) = wait(tell) {
            assert_eq!(error.into_message().0, number, "the message is inside");
        }
    }
}

#[test]
fn shutdown_against_spawning_leaves_no_actor_behind() {
    for _ in 0..50 {
        let system = Arc::new(system(2));
        let spawner = std::thread::spawn({
            let system = Arc::clone(&system);
            move || {
                let mut started = Vec::new();
                while let Ok(actor) = system.spawn(probe().0).keep_alive().start() {
                    started.push(actor);
                }
                started
            }
        });
        eventually("some were started", || system.actor_count() > 3);
        assert!(wait(system.shutdown()).is_clean());
        for actor in spawner.join().unwrap() {
            assert_eq!(name_of(&wait(actor.stopped())), "SystemShutdown");
        }
        assert_eq!(system.actor_count(), 0);
    }
}

#[test]
fn several_systems_live_side_by_side() {
    let systems: Vec<_> = (0..3).map(|_| system(1)).collect();
    let actors: Vec<_> =
        systems.iter().map(|system| wait(system.spawn(probe().0).name("same name in each")).unwrap()).collect();
    // An actor of one system asks an actor of another.
    let far = actors[2].clone();
    let answer = actors[0].send(later(move |_ctx| Box::pin(async move { far.send(Echo(5)).await.unwrap() })));
    assert_eq!(wait(answer).unwrap(), 5);

    let mut systems = systems.into_iter();
    let first = systems.next().unwrap();
    within(LIMIT, move || drop(first));
    assert!(!actors[0].is_alive());
    for (system, actor) in systems.zip(&actors[1..]) {
        assert_eq!(wait(actor.send(Echo(6))).unwrap(), 6);
        assert_eq!(
            wait(actor.send(run(|ctx| ctx.system().name().unwrap_or_default()))).unwrap(),
            system.name().to_string()
        );
    }
}
