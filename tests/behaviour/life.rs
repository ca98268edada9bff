//! An actor starts, and lives while it can be reached.

use std::future::pending;
use std::sync::mpsc;

use corecast::{Actor, ActorContext, ActorError, Handler, Mailbox, Message, SendErrorReason, SpawnError, StopReason};
use futures::channel::oneshot;

use crate::support::{
    Echo, Event, Hold, LIMIT, Note, Probe, Seen, eventually, hold, later, name_of, poll_once, probe, run, spawn,
    system, wait, within,
};

#[test]
fn an_actor_stops_when_its_last_reference_is_dropped() {
    let system = system(1);
    let (actor, events) = spawn(&system);
    let again = actor.clone();
    drop(actor);
    assert_eq!(wait(again.send(Echo(1))).unwrap(), 1);
    drop(again);
    assert_eq!(events.rest(), ["post_stop Unreachable", "dropped"]);
}

#[test]
fn an_unreachable_actor_first_handles_what_it_has() {
    let system = system(1);
    let (actor, events) = spawn(&system);
    let held = hold(&actor);
    (1..=3).for_each(|number| actor.try_tell(Note(number)).unwrap());
    let echo = actor.try_send(Echo(4)).unwrap();
    drop(actor);
    held.open();
    assert_eq!(wait(echo).unwrap(), 4);
    assert_eq!(events.rest(), ["note 1", "note 2", "note 3", "post_stop Unreachable", "dropped"]);
}

#[test]
fn an_unreachable_actor_first_finishes_its_suspended_handler() {
    let system = system(1);
    let (actor, events) = spawn(&system);
    let (hold, held) = Hold::new();
    let holding = actor.send(hold);
    held.entered();
    drop(actor);
    held.open();
    wait(holding).unwrap();
    assert_eq!(events.rest(), ["post_stop Unreachable", "dropped"]);
}

#[test]
fn an_actor_that_was_never_used_stops_as_well() {
    let system = system(1);
    for _ in 0..100 {
        let (probe, events) = probe();
        drop(system.spawn(probe).start().unwrap());
        assert_eq!(events.rest(), ["started", "post_stop Unreachable", "dropped"]);
    }
    eventually("none is left", || system.actor_count() == 0);
}

#[test]
fn a_name_keeps_an_actor_alive() {
    let system = system(1);
    let (probe, events) = probe();
    let actor = wait(system.spawn(probe).name("kept")).unwrap();
    wait(actor.tell(Note(1))).unwrap();
    drop(actor);
    let found = system.find::<Probe>("kept").unwrap();
    assert_eq!(wait(found.send(Seen)).unwrap(), [1]);
    found.stop();
    drop(found);
    assert_eq!(events.rest(), ["started", "note 1", "post_stop Stopped", "dropped"]);
}

#[test]
fn keep_alive_keeps_an_actor_alive() {
    let system = system(1);
    let (probe, events) = probe();
    let actor = wait(system.spawn(probe).keep_alive()).unwrap();
    let weak = actor.downgrade();
    drop(actor);
    for number in 0..10 {
        let actor = weak.upgrade().expect("kept alive");
        wait(actor.send(Note(number))).unwrap();
    }
    weak.upgrade().expect("kept alive").stop();
    assert_eq!(events.rest()[11..], ["post_stop Stopped", "dropped"]);
}

#[test]
fn a_weak_reference_does_not_keep_an_actor_alive() {
    let system = system(1);
    let (actor, events) = spawn(&system);
    let (weak, stopped) = (actor.downgrade(), actor.stopped());
    drop(actor);
    assert!(matches!(wait(stopped), StopReason::Unreachable));
    assert_eq!(events.rest(), ["post_stop Unreachable", "dropped"]);
    assert!(weak.upgrade().is_none());
}

#[test]
fn an_upgrade_is_a_reference_or_nothing() {
    let system = system(2);
    for round in 0..300 {
        let (actor, events) = spawn(&system);
        let weak = actor.downgrade();
        let upgrader = std::thread::spawn(move || match weak.upgrade() {
            Some(actor) => wait(actor.send(Echo(round))).unwrap() == round,
            None => true,
        });
        drop(actor);
        assert!(upgrader.join().unwrap(), "an upgraded reference leads to a living actor");
        assert_eq!(events.rest(), ["post_stop Unreachable", "dropped"]);
    }
}

#[test]
fn two_actors_that_hold_each_other_end_with_their_system() {
    let (a, b) = {
        let system = system(1);
        let ((a, a_events), (b, b_events)) = (spawn(&system), spawn(&system));
        for (from, to) in [(&a, &b), (&b, &a)] {
            let friend = to.clone();
            // Kept in a future that never ends.
            from.try_tell(later(move |_ctx| {
                Box::pin(async move {
                    pending::<()>().await;
                    drop(friend);
                })
            }))
            .unwrap();
        }
        drop((a, b));
        within(LIMIT, move || drop(system));
        (a_events, b_events)
    };
    assert_eq!(a.rest().last().map(String::as_str), Some("dropped"));
    assert_eq!(b.rest().last().map(String::as_str), Some("dropped"));
}

/// Starts as the test says: waits for `gate`, then fails with `error`, or doesn't.
struct Starter {
    gate: Option<oneshot::Receiver<()>>,
    error: Option<&'static str>,
    handled: mpsc::Sender<u64>,
}

impl Actor for Starter {
    async fn pre_start(&mut self, _ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        if let Some(gate) = self.gate.take() {
            let _ = gate.await;
        }
        self.error.map_or(Ok(()), |text| Err(ActorError::new(text)))
    }
}

struct Job(u64);

impl Message for Job {
    type Result = u64;
}

impl Handler<Job> for Starter {
    async fn handle(&mut self, job: Job, _ctx: &mut ActorContext<Self>) -> u64 {
        let _ = self.handled.send(job.0);
        job.0
    }
}

fn starter(error: Option<&'static str>) -> (Starter, oneshot::Sender<()>, mpsc::Receiver<u64>) {
    let (open, gate) = oneshot::channel();
    let (handled, receiver) = mpsc::channel();
    (Starter { gate: Some(gate), error, handled }, open, receiver)
}

#[test]
fn messages_wait_until_pre_start_has_succeeded() {
    let system = system(1);
    let (starter, open, handled) = starter(None);
    let actor = system.spawn(starter).start().unwrap();
    wait(actor.tell(Job(1))).unwrap();
    let reply = actor.try_send(Job(2)).unwrap();
    // A whole round trip on the only worker: were the start not waited for, the jobs would be done.
    let (other, _events) = spawn(&system);
    wait(other.send(Echo(0))).unwrap();
    assert_eq!(handled.try_iter().count(), 0);
    open.send(()).unwrap();
    assert_eq!(wait(reply).unwrap(), 2);
    assert_eq!(handled.try_iter().collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn awaiting_a_spawn_waits_for_pre_start() {
    let system = system(1);
    let (starter, open, _handled) = starter(None);
    let mut spawning = Box::pin(system.spawn(starter).into_future());
    assert!(poll_once(&mut spawning).is_pending());
    open.send(()).unwrap();
    assert!(wait(spawning).unwrap().is_alive());
}

#[test]
fn a_failed_pre_start_is_the_spawn_s_error() {
    let system = system(1);
    let (starter, open, _handled) = starter(Some("no disk"));
    open.send(()).unwrap();
    match wait(system.spawn(starter).name("store")).expect_err("pre_start failed") {
        SpawnError::PreStart { actor, reason } => {
            assert_eq!(actor.name(), Some("store"));
            assert_eq!(name_of(&reason), "StartFailed(no disk)");
        }
        other => panic!("another error: {other}"),
    }
    // Its name is free again.
    wait(system.spawn(probe().0).name("store")).unwrap();
}

#[test]
fn what_was_accepted_before_a_failed_pre_start_comes_to_an_end() {
    let system = system(1);
    let (starter, open, handled) = starter(Some("no disk"));
    let actor = system.spawn(starter).start().unwrap();
    let reply = actor.send(Job(1));
    open.send(()).unwrap();
    let error = wait(reply).expect_err("never handled");
    assert!(matches!(error.reason(), SendErrorReason::Died(StopReason::StartFailed(_))), "{error}");
    assert_eq!(name_of(&wait(actor.stopped())), "StartFailed(no disk)");
    assert!(handled.recv().is_err(), "the actor is gone and handled nothing");
}

#[test]
fn an_actor_stops_itself() {
    let system = system(1);
    let (actor, events) = spawn(&system);
    wait(actor.send(run(|ctx| ctx.stop()))).unwrap();
    assert!(matches!(wait(actor.stopped()), StopReason::Stopped));
    assert!(matches!(events.next(), Event::Stopped(StopReason::Stopped)));
}

#[test]
fn many_actors_live_and_die() {
    let system = system(2);
    for _ in 0..20 {
        let actors: Vec<_> =
            (0..200).map(|_| system.spawn(probe().0).mailbox(Mailbox::bounded(2)).start().unwrap()).collect();
        for (number, actor) in (0..).zip(&actors) {
            assert_eq!(wait(actor.send(Echo(number))).unwrap(), number);
        }
    }
    eventually("none is left", || system.actor_count() == 0);
}
