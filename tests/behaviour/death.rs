//! `stop` handles what was accepted, `kill` doesn't; each ends in one `post_stop` and a free name.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use corecast::{
    Actor, ActorContext, ActorRef, ActorSystem, Handler, Mailbox, Message, SendErrorReason, StopReason,
    TellErrorReason, TryTellErrorReason,
};

use crate::support::{
    Carry, Echo, Event, Hold, Note, Probe, Quiet, assert_goes_on, hold, hold_and_fill, later, name_of, probe, recv,
    run, spawn, spawn_with, system, unique_name, wait,
};

#[test]
fn stop_handles_what_was_accepted_and_refuses_the_rest() {
    let system = system(1);
    let (actor, events) = spawn(&system);
    let held = hold(&actor);
    (1..=3).for_each(|number| actor.try_tell(Note(number)).unwrap());
    let echo = actor.try_send(Echo(4)).unwrap();
    actor.stop();

    let error = wait(actor.tell(Note(9))).unwrap_err();
    assert!(matches!(error.reason(), TellErrorReason::Stopping), "{error}");
    assert_eq!(error.into_message().0, 9);
    let error = actor.try_tell(Note(9)).unwrap_err();
    assert!(matches!(error.reason(), TryTellErrorReason::Stopping), "{error}");
    let error = wait(actor.send(Echo(9))).unwrap_err();
    assert!(matches!(error.reason(), SendErrorReason::Stopping), "{error}");
    assert_eq!(error.into_message().map(|echo| echo.0), Some(9));

    held.open();
    assert_eq!(wait(echo).unwrap(), 4);
    assert!(matches!(wait(actor.stopped()), StopReason::Stopped));
    assert_eq!(events.rest(), ["note 1", "note 2", "note 3", "post_stop Stopped", "dropped"]);
}

#[test]
fn stop_gives_waiting_senders_their_messages_back() {
    let system = system(1);
    let (actor, events) = spawn_with(&system, Mailbox::bounded(1));
    let held = hold_and_fill(&actor, 1);
    let (tell, send) = (actor.tell(Note(8)), actor.send(Echo(9)));
    actor.stop();
    held.open();
    let error = wait(tell).unwrap_err();
    assert!(matches!(error.reason(), TellErrorReason::Stopping | TellErrorReason::Stopped(_)), "{error}");
    assert_eq!(error.into_message().0, 8);
    let error = wait(send).unwrap_err();
    assert!(matches!(error.reason(), SendErrorReason::Stopping | SendErrorReason::Stopped(_)), "{error}");
    assert_eq!(error.into_message().map(|echo| echo.0), Some(9));
    assert_eq!(events.rest(), ["note 1", "post_stop Stopped", "dropped"]);
}

#[test]
fn stop_from_inside_handles_what_was_accepted() {
    let system = system(1);
    let (actor, events) = spawn(&system);
    let held = hold(&actor);
    let stopping = actor.try_send(run(|ctx| ctx.stop())).unwrap();
    (1..=2).for_each(|number| actor.try_tell(Note(number)).unwrap());
    held.open();
    wait(stopping).unwrap();
    assert_eq!(events.rest(), ["note 1", "note 2", "post_stop Stopped", "dropped"]);
}

#[test]
fn stop_may_be_said_twice_and_by_many() {
    let system = system(2);
    for _ in 0..100 {
        let (actor, events) = spawn(&system);
        let stoppers: Vec<_> = (0..2)
            .map(|_| {
                let actor = actor.clone();
                std::thread::spawn(move || {
                    actor.stop();
                    actor.stop();
                })
            })
            .collect();
        stoppers.into_iter().for_each(|stopper| stopper.join().unwrap());
        assert_eq!(events.rest(), ["post_stop Stopped", "dropped"]);
    }
}

#[test]
fn kill_drops_the_suspended_handler_and_handles_nothing_more() {
    let system = system(1);
    let (actor, events) = spawn(&system);
    let (hold, held) = Hold::new();
    let holding = actor.send(hold);
    held.entered();
    actor.try_tell(Note(1)).unwrap();
    let echo = actor.try_send(Echo(2)).unwrap();
    actor.kill();

    let error = wait(holding).unwrap_err();
    assert!(matches!(error.reason(), SendErrorReason::Killed), "{error}");
    assert!(error.into_message().is_none(), "it was accepted");
    let error = wait(echo).unwrap_err();
    assert!(error.to_string().contains("kill"), "{error}");
    assert!(matches!(wait(actor.stopped()), StopReason::Killed));
    assert_eq!(events.rest(), ["post_stop Killed", "dropped"]);
    assert_goes_on(&system);
}

#[test]
fn kill_drops_what_the_suspended_handler_held() {
    let system = system(1);
    let (actor, events) = spawn(&system);
    let token = Arc::new(());
    let carried = Carry(Arc::clone(&token));
    let (entered, was_entered) = mpsc::channel();
    drop(actor.send(later(move |_ctx| {
        Box::pin(async move {
            entered.send(()).unwrap();
            pending::<()>().await;
            drop(carried);
        })
    })));
    recv(&was_entered);
    actor.kill();
    assert!(matches!(events.next(), Event::Stopped(StopReason::Killed)));
    assert_eq!(Arc::strong_count(&token), 1, "the future is dropped before post_stop");
}

#[test]
fn kill_gives_waiting_senders_their_messages_back() {
    let system = system(1);
    let (actor, _events) = spawn_with(&system, Mailbox::bounded(1));
    let _held = hold_and_fill(&actor, 1);
    let (tell, send) = (actor.tell(Note(8)), actor.send(Echo(9)));
    actor.kill();
    assert_eq!(wait(tell).unwrap_err().into_message().0, 8);
    assert_eq!(wait(send).unwrap_err().into_message().map(|echo| echo.0), Some(9));
}

#[test]
fn kill_overtakes_a_full_mailbox_and_a_stop() {
    let system = system(1);
    let (actor, events) = spawn_with(&system, Mailbox::bounded(2));
    let held = hold_and_fill(&actor, 2);
    actor.stop();
    actor.kill();
    assert!(matches!(wait(actor.stopped()), StopReason::Killed));
    assert_eq!(events.rest(), ["post_stop Killed", "dropped"]);
    held.open();
}

#[test]
fn a_running_handler_is_killed_at_its_next_await() {
    let system = system(1);
    let (actor, events) = spawn(&system);
    let after = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&after);
    let answer = actor.send(later(move |ctx| {
        Box::pin(async move {
            ctx.actor_ref().kill();
            // ORDERING: Relaxed; read after `stopped`.
            count.fetch_add(1, Ordering::Relaxed);
            pending::<()>().await;
            count.fetch_add(1, Ordering::Relaxed);
        })
    }));
    assert!(matches!(wait(answer).unwrap_err().reason(), SendErrorReason::Killed));
    wait(actor.stopped());
    // ORDERING: Relaxed; as above.
    assert_eq!(after.load(Ordering::Relaxed), 1);
    assert_eq!(events.rest(), ["post_stop Killed", "dropped"]);
}

#[test]
fn every_verb_to_a_stopped_actor_gives_the_message_back_and_says_why() {
    let system = system(1);
    let (actor, _events) = spawn(&system);
    actor.stop();
    wait(actor.stopped());

    let error = wait(actor.tell(Note(1))).unwrap_err();
    assert!(matches!(error.reason(), TellErrorReason::Stopped(StopReason::Stopped)), "{error}");
    assert_eq!((error.actor().id(), error.into_message().0), (actor.id(), 1));
    assert_eq!(actor.try_tell(Note(2)).unwrap_err().into_message().0, 2);
    assert_eq!(actor.blocking_tell(Note(3)).unwrap_err().into_message().0, 3);
    let error = wait(actor.send(Echo(4))).unwrap_err();
    assert!(matches!(error.reason(), SendErrorReason::Stopped(StopReason::Stopped)), "{error}");
    assert_eq!(error.into_message().unwrap().0, 4);
    assert_eq!(actor.try_send(Echo(5)).unwrap_err().into_message().0, 5);
    assert_eq!(actor.blocking_send(Echo(6)).unwrap_err().into_message().unwrap().0, 6);
}

#[test]
fn a_name_is_free_again_when_its_actor_has_stopped() {
    let system = system(2);
    for round in 0..200 {
        let (probe, _events) = probe();
        let actor = wait(system.spawn(probe).name("one at a time")).unwrap();
        if round % 2 == 0 {
            actor.stop()
        } else {
            actor.kill()
        }
        wait(actor.stopped());
    }
}

#[test]
fn stopped_resolves_for_all_who_wait_and_after_the_fact() {
    let system = system(1);
    let (actor, _events) = spawn(&system);
    let (early, other) = (actor.stopped(), actor.clone().stopped());
    let elsewhere = std::thread::spawn(move || name_of(&wait(other)));
    actor.stop();
    assert_eq!(name_of(&wait(early)), "Stopped");
    assert_eq!(elsewhere.join().unwrap(), "Stopped");
    assert_eq!(name_of(&wait(actor.stopped())), "Stopped");
}

/// Its `post_stop` never ends.
struct Clinging;

impl Actor for Clinging {
    async fn post_stop(&mut self, _reason: &StopReason, _ctx: &mut ActorContext<Self>) {
        pending().await
    }
}

fn with_a_short_deadline() -> ActorSystem {
    let deadline = Duration::from_millis(50);
    ActorSystem::builder().workers(1).name(unique_name()).observer(Quiet).post_stop_deadline(deadline).build().unwrap()
}

#[test]
fn a_killed_actor_s_post_stop_has_a_deadline() {
    let system = with_a_short_deadline();
    let actor = wait(system.spawn(Clinging)).unwrap();
    actor.kill();
    assert!(matches!(wait(actor.stopped()), StopReason::Killed));
    assert_goes_on(&system);
}

/// Kills the actor that handles it, and panics.
struct Stab;

impl Message for Stab {
    type Result = ();
}

impl Handler<Stab> for Clinging {
    async fn handle(&mut self, _: Stab, ctx: &mut ActorContext<Self>) {
        ctx.actor_ref().kill();
        panic!("stabbed");
    }
}

#[test]
fn the_deadline_holds_whatever_the_killed_actor_ends_of() {
    let system = with_a_short_deadline();
    let actor = wait(system.spawn(Clinging)).unwrap();
    actor.try_tell(Stab).unwrap();
    assert!(matches!(wait(actor.stopped()), StopReason::Panicked(panic) if panic.text() == "stabbed"));
    assert_goes_on(&system);
}

/// Its `post_stop` may still use the system: it tells its heir.
struct Testator {
    heir: ActorRef<Probe>,
}

struct Nothing;

impl Message for Nothing {
    type Result = ();
}

impl Actor for Testator {
    async fn post_stop(&mut self, reason: &StopReason, _ctx: &mut ActorContext<Self>) {
        let number = u64::from(matches!(reason, StopReason::Killed));
        let _ = self.heir.tell(Note(number)).await;
    }
}

impl Handler<Nothing> for Testator {
    async fn handle(&mut self, _: Nothing, _ctx: &mut ActorContext<Self>) {}
}

#[test]
fn post_stop_may_await_and_tell_others() {
    let system = system(2);
    for killed in [false, true] {
        let (heir, events) = spawn(&system);
        let actor = wait(system.spawn(Testator { heir })).unwrap();
        wait(actor.send(Nothing)).unwrap();
        if killed {
            actor.kill()
        } else {
            actor.stop()
        }
        assert_eq!(events.note(), u64::from(killed));
    }
}

#[test]
fn who_is_killed_between_two_messages_hears_that_it_was_a_kill() {
    let system = system(2);
    for _ in 0..2_000 {
        let (actor, _events) = spawn(&system);
        actor.try_tell(Note(1)).unwrap();
        actor.kill();
        assert!(matches!(wait(actor.stopped()), StopReason::Killed));
    }
}
