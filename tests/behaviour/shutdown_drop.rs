//! Dropping a system kills and joins, wherever and whenever it happens; no thread is left behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use corecast::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Mailbox, Message, ReplyErrorReason, StopReason};

use crate::support::{
    Echo, LIMIT, Note, Probe, eventually, hold, later, name_of, recv, run, spawn, spawn_with, system, threads_of, wait,
    within,
};

/// Drops `system` on a thread that is none of its own, and sees its threads go.
#[track_caller]
fn drop_and_see_threads_gone(system: ActorSystem) {
    let name = system.name().to_string();
    eventually("its threads bear its name", || threads_of(&name) >= system.workers());
    within(LIMIT, move || drop(system));
    // The kernel lists a joined thread for a moment longer.
    eventually("no thread is left", || threads_of(&name) == 0);
}

#[test]
fn dropping_a_system_leaves_no_thread() {
    drop_and_see_threads_gone(system(1));
    let system = system(2);
    let (actor, _events) = spawn(&system);
    wait(actor.send(Echo(1))).unwrap();
    wait(actor.send(later(|ctx| Box::pin(async move { ctx.spawn_blocking(|| ()).await.unwrap() })))).unwrap();
    drop_and_see_threads_gone(system);
}

#[test]
fn dropping_a_system_after_its_shutdown_leaves_no_thread() {
    let system = system(2);
    let (_actor, _events) = spawn(&system);
    assert!(wait(system.shutdown()).is_clean());
    drop_and_see_threads_gone(system);
}

#[test]
fn dropping_a_system_kills_its_actors() {
    let system = system(2);
    let (idle, idle_events) = spawn(&system);
    let (held, held_events) = spawn(&system);
    let held_open = hold(&held);
    let reply = held.try_send(Echo(1)).unwrap();
    drop_and_see_threads_gone(system);

    assert!(matches!(wait(reply).unwrap_err().reason(), ReplyErrorReason::Died(_) | ReplyErrorReason::Killed));
    for (actor, events) in [(idle, idle_events), (held, held_events)] {
        let rest = events.rest();
        assert_eq!(rest.len(), 2, "{rest:?}");
        assert!(["post_stop Killed", "post_stop SystemShutdown"].contains(&rest[0].as_str()), "{rest:?}");
        assert!(matches!(wait(actor.stopped()), StopReason::Killed | StopReason::SystemShutdown));
        assert!(!actor.is_alive());
        assert_eq!(wait(actor.tell(Note(9))).unwrap_err().into_message().0, 9);
    }
    held_open.open();
}

#[test]
fn references_and_futures_outlive_their_system() {
    let system = system(1);
    let (actor, _events) = spawn_with(&system, Mailbox::bounded(1));
    let held = hold(&actor);
    wait(actor.tell(Note(1))).unwrap();
    let (waiting, reply, stopped) = (actor.tell(Note(2)), actor.send(Echo(3)), actor.stopped());
    let (weak, recipient) = (actor.downgrade(), actor.recipient::<Note>());
    within(LIMIT, move || drop(system));
    assert_eq!(wait(waiting).unwrap_err().into_message().0, 2);
    assert_eq!(wait(reply).unwrap_err().into_message().map(|echo| echo.0), Some(3));
    assert!(!name_of(&wait(stopped)).is_empty());
    assert_eq!(wait(recipient.tell(Note(4))).unwrap_err().into_message().0, 4);
    held.open();
    drop((actor, recipient));
    assert!(weak.upgrade().is_none());
}

/// Tells itself and a friend once more with each message: a flood that never ends by itself. It tries only:
/// actors that wait for one another's room may wait for ever.
struct Flooder {
    handled: Arc<AtomicUsize>,
}

struct Flood(ActorRef<Flooder>);

impl Message for Flood {
    type Result = ();
}

impl Actor for Flooder {}

impl Handler<Flood> for Flooder {
    async fn handle(&mut self, flood: Flood, ctx: &mut ActorContext<Self>) {
        // ORDERING: Relaxed; a count to wait for.
        self.handled.fetch_add(1, Ordering::Relaxed);
        let me = ctx.actor_ref();
        let _ = me.try_tell(Flood(flood.0.clone()));
        let _ = flood.0.try_tell(Flood(me));
    }
}

#[test]
fn a_system_is_dropped_in_the_middle_of_a_flood_from_inside() {
    for mailbox in [Mailbox::bounded(16), Mailbox::unbounded()] {
        let system = system(2);
        let handled = Arc::new(AtomicUsize::new(0));
        let actors: Vec<_> = (0..4)
            .map(|_| wait(system.spawn(Flooder { handled: Arc::clone(&handled) }).mailbox(mailbox)).unwrap())
            .collect();
        for (index, actor) in actors.iter().enumerate() {
            // Full already means that the flood of the others has come here.
            if let Err(error) = actor.try_tell(Flood(actors[(index + 1) % 4].clone())) {
                assert!(error.is_full(), "{error}");
            }
        }
        // ORDERING: Relaxed; as above.
        eventually("the flood is on", || handled.load(Ordering::Relaxed) > 100);
        drop_and_see_threads_gone(system);
    }
}

#[test]
fn a_system_is_dropped_in_the_middle_of_a_flood_from_outside() {
    for mailbox in [Mailbox::bounded(1), Mailbox::bounded(1024), Mailbox::unbounded()] {
        let system = system(2);
        let (actor, events) = spawn_with(&system, mailbox);
        let flooders: Vec<_> = (0..3)
            .map(|which| {
                let actor = actor.clone();
                thread::spawn(move || {
                    let mut told = 0_u64;
                    loop {
                        let refused = match which {
                            0 => actor.blocking_tell(Note(1)).is_err(),
                            1 => wait(actor.tell(Note(1))).is_err(),
                            _ => actor.blocking_send(Echo(1)).is_err(),
                        };
                        if refused {
                            return told;
                        }
                        told += 1;
                    }
                })
            })
            .collect();
        for _ in 0..100 {
            events.note();
        }
        drop_and_see_threads_gone(system);
        let told: u64 = flooders.into_iter().map(|flooder| within(LIMIT, move || flooder.join().unwrap())).sum();
        assert!(told >= 100);
    }
}

#[test]
fn a_system_dropped_in_its_own_handler_signals_and_detaches() {
    let system = system(2);
    let name = system.name().to_string();
    let (actor, events) = spawn(&system);
    let (other, other_events) = spawn(&system);
    let (dropped, was_dropped) = mpsc::channel();
    wait(actor.tell(run(move |_ctx| {
        drop(system);
        dropped.send(()).unwrap();
    })))
    .unwrap();
    recv(&was_dropped);
    wait(actor.stopped());
    wait(other.stopped());
    eventually("no thread is left", || threads_of(&name) == 0);
    for events in [events, other_events] {
        assert_eq!(events.rest().last().map(String::as_str), Some("dropped"));
    }
}

/// Keeps a system in its state, even its own.
struct Owner {
    system: Option<ActorSystem>,
}

struct Own(ActorSystem);

impl Message for Own {
    type Result = ();
}

impl Actor for Owner {}

impl Handler<Own> for Owner {
    async fn handle(&mut self, own: Own, _ctx: &mut ActorContext<Self>) {
        self.system = Some(own.0);
    }
}

#[test]
fn a_system_kept_in_its_own_actor_s_state_ends_with_that_actor() {
    let system = system(2);
    let name = system.name().to_string();
    let owner = wait(system.spawn(Owner { system: None })).unwrap();
    let (bystander, _events) = spawn(&system);
    wait(owner.send(Own(system))).unwrap();
    assert_eq!(wait(bystander.send(Echo(1))).unwrap(), 1);
    drop(owner);
    wait(bystander.stopped());
    eventually("no thread is left", || threads_of(&name) == 0);
}

#[test]
fn a_system_kept_in_its_own_actor_s_mailbox_ends_with_that_actor() {
    let system = system(1);
    let name = system.name().to_string();
    let (actor, _events): (ActorRef<Probe>, _) = spawn(&system);
    let held = hold(&actor);
    actor.try_tell(run(move |_ctx| drop(system))).unwrap();
    actor.kill();
    wait(actor.stopped());
    eventually("no thread is left", || threads_of(&name) == 0);
    held.open();
}

#[test]
fn a_system_kept_in_another_system_s_actor_ends_with_it() {
    let (outer, inner) = (system(1), system(1));
    let names = [outer.name().to_string(), inner.name().to_string()];
    let owner = wait(outer.spawn(Owner { system: None })).unwrap();
    let (actor, _events) = spawn(&inner);
    wait(owner.send(Own(inner))).unwrap();
    assert_eq!(wait(actor.send(Echo(1))).unwrap(), 1);
    within(LIMIT, move || drop(outer));
    wait(actor.stopped());
    eventually("no thread is left", || names.iter().all(|name| threads_of(name) == 0));
}

#[test]
fn many_systems_come_and_go() {
    for _ in 0..50 {
        let system = system(2);
        let (actor, _events) = spawn(&system);
        wait(actor.send(Echo(1))).unwrap();
        within(LIMIT, move || drop(system));
        assert!(!actor.is_alive());
    }
}
