//! A panic in somebody's `Drop` or waker, met by a worker: the actor concerned stops alone.

use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread;

use corecast::{Actor, ActorContext, ActorError, ActorSystem, Handler, Mailbox, Message, Place, StopReason};
use futures::FutureExt;

use crate::support::{
    Echo, Note, Probe, assert_goes_on, close, eventually, hold, hold_and_fill, name_of, observed, spawn, spawn_with,
    system, wait,
};

/// Panics where it is dropped, unless that would be the second panic at once.
struct Bomb(&'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        if !thread::panicking() {
            panic!("{}", self.0);
        }
    }
}

impl Message for Bomb {
    type Result = u64;
}

impl Handler<Bomb> for Probe {
    async fn handle(&mut self, _bomb: Bomb, _ctx: &mut ActorContext<Self>) -> u64 {
        1
    }
}

/// Asks for a bomb.
struct Make(&'static str);

impl Message for Make {
    type Result = Bomb;
}

impl Handler<Make> for Probe {
    async fn handle(&mut self, make: Make, _ctx: &mut ActorContext<Self>) -> Bomb {
        Bomb(make.0)
    }
}

#[test]
fn a_message_whose_drop_panics_in_its_handler_stops_that_actor() {
    let (system, records) = observed(1);
    let (actor, _events) = spawn(&system);
    let error = wait(actor.send(Bomb("message drop"))).unwrap_err();
    assert!(error.to_string().contains("message drop"), "{error}");
    assert_eq!(name_of(&wait(actor.stopped())), "Panicked(message drop)");
    assert_goes_on(&system);
    let book = close(system, &records);
    assert_eq!((book.messages.len(), book.actors.len()), (1, 1));
}

#[test]
fn a_left_over_message_whose_drop_panics_harms_nobody() {
    // The observer of `system` drops each dead letter where it gets it: on the worker.
    let system = system(1);
    let (actor, events) = spawn(&system);
    let _held = hold(&actor);
    wait(actor.tell(Bomb("left over"))).unwrap();
    let reply = actor.try_send(Echo(1)).unwrap();
    wait(actor.tell(Bomb("left over"))).unwrap();
    actor.kill();
    wait(actor.stopped());
    assert!(wait(reply).is_err());
    assert_eq!(events.rest(), ["post_stop Killed", "dropped"]);
    eventually("all three are counted", || system.dead_letters() == 3);
    assert_goes_on(&system);
}

#[test]
fn a_result_whose_drop_panics_stops_the_actor_that_made_it() {
    let (system, records) = observed(1);
    let (told, _) = spawn(&system);
    wait(told.tell(Make("result drop"))).unwrap();
    assert_eq!(name_of(&wait(told.stopped())), "Panicked(result drop)");

    let (asked, _) = spawn(&system);
    let held = hold(&asked);
    drop(asked.try_send(Make("reply dropped")).unwrap());
    held.open();
    assert_eq!(name_of(&wait(asked.stopped())), "Panicked(reply dropped)");
    assert_goes_on(&system);
    assert_eq!(close(system, &records).actors.len(), 2);
}

#[test]
fn a_result_whose_drop_would_panic_reaches_an_asker_unharmed() {
    let system = system(1);
    let (actor, _events) = spawn(&system);
    let bomb = wait(actor.send(Make("live"))).unwrap();
    assert_eq!(bomb.0, "live");
    std::mem::forget(bomb);
    assert_eq!(wait(actor.send(Echo(1))).unwrap(), 1);
}

/// An actor whose state panics when it is dropped.
struct Mined {
    _bomb: Bomb,
}

impl Actor for Mined {}

impl Handler<Note> for Mined {
    async fn handle(&mut self, _: Note, _ctx: &mut ActorContext<Self>) {}
}

#[test]
fn an_actor_whose_drop_panics_is_recorded_and_ends_alone() {
    let (system, records) = observed(1);
    let actor = wait(system.spawn(Mined { _bomb: Bomb("actor drop") }).name("mined")).unwrap();
    wait(actor.send(Note(1))).unwrap();
    actor.stop();
    wait(actor.stopped());
    assert!(system.find::<Mined>("mined").is_err(), "its name is free");
    assert_goes_on(&system);
    let book = close(system, &records);
    let [failure] = &book.actors[..] else { panic!("{} actors failed", book.actors.len()) };
    let StopReason::Panicked(panic) = &failure.reason else { panic!("failed with {}", failure.reason) };
    assert_eq!((panic.text(), panic.place()), ("actor drop", Place::Drop));
}

#[test]
fn actors_whose_drops_panic_do_not_keep_a_system_from_ending() {
    for kill in [false, true] {
        let (system, records) = observed(2);
        for _ in 0..10 {
            let mined = Mined { _bomb: Bomb("actor drop") };
            let actor = wait(system.spawn(mined).keep_alive()).unwrap();
            if kill {
                actor.kill();
            }
        }
        if !kill {
            wait(system.shutdown());
        }
        assert_eq!(close(system, &records).actors.len(), 10);
    }
}

/// A waker that panics when it is used.
struct BadWaker;

impl Wake for BadWaker {
    fn wake(self: Arc<Self>) {
        panic!("bad waker");
    }

    fn wake_by_ref(self: &Arc<Self>) {
        panic!("bad waker");
    }
}

#[test]
fn a_waker_that_panics_at_a_reply_stops_the_answering_actor() {
    let (system, records) = observed(1);
    let (actor, _events) = spawn(&system);
    let held = hold(&actor);
    let mut echo = actor.send(Echo(1));
    let waker = Waker::from(Arc::new(BadWaker));
    assert!(echo.poll_unpin(&mut Context::from_waker(&waker)).is_pending());
    held.open();
    assert_eq!(name_of(&wait(actor.stopped())), "Panicked(bad waker)");
    // The reply itself was given before its waker was called.
    assert!(wait(echo).map_or_else(|error| error.to_string().contains("bad waker"), |number| number == 1));
    assert_goes_on(&system);
    assert_eq!(close(system, &records).actors.len(), 1);
}

#[test]
fn a_waker_that_panics_when_room_comes_back_stops_that_actor() {
    let system = system(1);
    let (actor, _events) = spawn_with(&system, Mailbox::bounded(1));
    let held = hold_and_fill(&actor, 1);
    let mut tell = actor.tell(Note(2));
    let waker = Waker::from(Arc::new(BadWaker));
    assert!(tell.poll_unpin(&mut Context::from_waker(&waker)).is_pending());
    let next = actor.tell(Note(3));
    held.open();
    assert_eq!(name_of(&wait(actor.stopped())), "Panicked(bad waker)");
    // Nobody is left waiting, whatever became of the messages.
    let _ = wait(tell);
    let _ = wait(next);
    assert_goes_on(&system);
}

#[test]
fn a_waker_that_panics_at_the_end_of_an_actor_harms_nobody() {
    let system = system(1);
    let (actor, _events) = spawn(&system);
    let held = hold(&actor);
    let mut stopped = actor.stopped();
    let mut echo = actor.send(Echo(1));
    let waker = Waker::from(Arc::new(BadWaker));
    assert!(stopped.poll_unpin(&mut Context::from_waker(&waker)).is_pending());
    assert!(echo.poll_unpin(&mut Context::from_waker(&waker)).is_pending());
    let other = actor.stopped();
    actor.kill();
    assert!(matches!(wait(other), StopReason::Killed | StopReason::Panicked(_)));
    assert!(wait(echo).is_err());
    held.open();
    assert_goes_on(&system);
}

/// A failed start's error that asks who runs here when it goes.
struct Sore(Arc<ActorSystem>, std::sync::mpsc::Sender<()>);

impl Drop for Sore {
    fn drop(&mut self) {
        let (system, gone) = (&self.0, self.1.clone());
        // On a worker this panics by itself; what matters is that it can be asked.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| system.block_on(async {})));
        gone.send(()).unwrap();
    }
}

impl std::fmt::Debug for Sore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sore")
    }
}

impl std::fmt::Display for Sore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("sore")
    }
}

impl std::error::Error for Sore {}

struct Stillborn(Option<Sore>);

impl Actor for Stillborn {
    async fn pre_start(&mut self, _ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        Err(ActorError::new(self.0.take().expect("started once")))
    }
}

#[test]
fn the_last_of_a_failed_start_s_error_goes_when_nobody_runs_its_actor_any_more() {
    let (system, _records) = observed(1);
    let system = Arc::new(system);
    let (gone, seen) = std::sync::mpsc::channel();
    for round in 0..20 {
        let sore = Sore(Arc::clone(&system), gone.clone());
        let actor = system.spawn(Stillborn(Some(sore))).name(format!("stillborn {round}")).start().unwrap();
        drop(actor);
        // The observer's record of it is dropped, too.
        seen.recv_timeout(std::time::Duration::from_secs(10)).expect("the error went");
    }
    assert_goes_on(&system);
}
