//! Models of an actor's whole cell: references, the last of them, messages, suspension, kill, and who waits for the end.
//!
//! The host runs an actor there and then, on the thread that scheduled it.

use crate::common::drive;
use crate::common::gate::Gate;
use crate::common::inline::{Body, Inline, Say};
use crate::common::ledger::Ledger;
use corecast::loom_api::scheduler::block_on;
use corecast::loom_api::task::{self, Runnable, reason, weakly};
use corecast::{Actor, ActorContext, ActorError, ActorRef, Handler, StopReason};
use loom::thread::{self, JoinHandle};
use loom_tests::{Bounds, model};
use std::sync::{Arc, Mutex};

struct Probe {
    body: Body,
    fails_to_start: bool,
    gate: Option<Arc<Gate>>,
    helper: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Probe {
    fn new(ledger: &Ledger) -> Self {
        Self { body: Body::new(ledger), fails_to_start: false, gate: None, helper: Arc::default() }
    }
}

impl Actor for Probe {
    async fn pre_start(&mut self, _ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        self.body.touch();
        if self.fails_to_start { Err(ActorError::new("as it should")) } else { Ok(()) }
    }

    async fn post_stop(&mut self, reason: &StopReason, _ctx: &mut ActorContext<Self>) {
        self.body.stopped(reason);
    }
}

/// Zero makes the actor hand a reference to itself to a thread of its own.
impl Handler<Say> for Probe {
    async fn handle(&mut self, msg: Say, ctx: &mut ActorContext<Self>) {
        self.body.touch();
        if let Some(gate) = self.gate.clone() {
            gate.opened().await;
            self.body.touch();
        }
        if msg.0 == 0 {
            let me = ctx.actor_ref();
            let helper = thread::spawn(move || me.try_tell(Say(1)).unwrap());
            *self.helper.lock().unwrap() = Some(helper);
        }
        self.body.ledger.note(|seen| seen.handled.push(msg.0));
    }
}

fn start(ledger: &Ledger, probe: Probe) -> (ActorRef<Probe>, Runnable) {
    task::actor(Inline(ledger.clone()), None, probe)
}

/// An actor that has started and is idle.
fn idle(ledger: &Ledger, probe: Probe) -> ActorRef<Probe> {
    let (actor, runnable) = start(ledger, probe);
    drive(runnable);
    actor
}

#[test]
fn the_last_reference_an_upgrade_and_a_send() {
    let expected = ["upgraded", "too late"];
    model("last reference", Bounds::default(), &expected, |outcomes| {
        let ledger = Ledger::default();
        let actor = idle(&ledger, Probe::new(&ledger));
        let sender = actor.clone();
        let weak = actor.downgrade();
        let teller = thread::spawn(move || sender.try_tell(Say(1)).unwrap());
        let upgrader = thread::spawn(move || match weak.upgrade() {
            Some(actor) => {
                actor.try_tell(Say(2)).unwrap();
                true
            }
            None => false,
        });
        drop(actor);
        teller.join().unwrap();
        let upgraded = upgrader.join().unwrap();
        let mut seen = ledger.ended(1);
        seen.handled.sort_unstable();
        assert_eq!(seen.handled, if upgraded { vec![1, 2] } else { vec![1] }, "{seen:?}");
        assert!(seen.dead.is_empty());
        assert_eq!(seen.stopped, [StopReason::Unreachable.to_string()]);
        outcomes.saw(if upgraded { "upgraded" } else { "too late" });
    });
}

/// What one reference was used for comes before the other one frees the cell.
#[test]
fn two_references_to_an_actor_that_has_ended() {
    model("freed", Bounds::default(), &["refused twice"], |outcomes| {
        let ledger = Ledger::default();
        let mut probe = Probe::new(&ledger);
        probe.fails_to_start = true;
        let (actor, runnable) = start(&ledger, probe);
        drive(runnable);
        ledger.ended(1);
        let other = actor.clone();
        let reader = thread::spawn(move || other.try_tell(Say(1)).is_err());
        let refused = actor.try_tell(Say(2)).is_err();
        drop(actor);
        assert!(reader.join().unwrap() && refused);
        outcomes.saw("refused twice");
    });
}

#[test]
fn a_reference_made_by_the_actor_is_the_last_one() {
    let expected = ["handled in the same activation", "handled in one of its own"];
    model("revived", Bounds::default(), &expected, |outcomes| {
        let ledger = Ledger::default();
        let probe = Probe::new(&ledger);
        let helper = Arc::clone(&probe.helper);
        let (actor, runnable) = start(&ledger, probe);
        actor.try_tell(Say(0)).unwrap();
        // The nudge of this one comes before the handler makes another reference.
        drop(actor);
        drive(runnable);
        let here = ledger.note(|seen| seen.handled.len()) == 2;
        helper.lock().unwrap().take().unwrap().join().unwrap();
        let seen = ledger.ended(1);
        assert_eq!(seen.handled, [0, 1], "what was accepted is handled: {seen:?}");
        outcomes.saw(if here { "handled in the same activation" } else { "handled in one of its own" });
    });
}

#[test]
fn a_stop_against_two_senders() {
    let expected = ["both handled", "one refused", "both refused"];
    model("stop", Bounds::default(), &expected, |outcomes| {
        let ledger = Ledger::default();
        let actor = idle(&ledger, Probe::new(&ledger));
        let senders: Vec<_> = (1..=2)
            .map(|number| {
                let actor = actor.clone();
                thread::spawn(move || actor.try_tell(Say(number)).is_ok())
            })
            .collect();
        actor.stop();
        let accepted = senders.into_iter().map(|sender| sender.join().unwrap()).filter(|accepted| *accepted).count();
        drop(actor);
        let seen = ledger.ended(1);
        assert_eq!((seen.handled.len(), seen.dead.len()), (accepted, 0), "{seen:?}");
        outcomes.saw(["both refused", "one refused", "both handled"][accepted]);
    });
}

#[test]
fn a_message_that_waits_a_wake_and_a_kill() {
    let expected = ["handled", "dropped at its await point", "never begun"];
    model("suspended and killed", Bounds::default(), &expected, |outcomes| {
        let ledger = Ledger::default();
        let gate = Gate::new();
        let mut probe = Probe::new(&ledger);
        probe.gate = Some(Arc::clone(&gate));
        let actor = idle(&ledger, probe);
        let opener = thread::spawn(move || gate.open());
        let victim = actor.clone();
        let killer = thread::spawn(move || victim.kill());
        let accepted = actor.try_tell(Say(1)).is_ok();
        opener.join().unwrap();
        killer.join().unwrap();
        drop(actor);
        let seen = ledger.ended(1);
        assert_eq!(seen.handled.len() + seen.dead.len() + seen.failed as usize, usize::from(accepted), "{seen:?}");
        outcomes.saw(match (seen.handled.len(), seen.failed) {
            (1, _) => "handled",
            (_, 1) => "dropped at its await point",
            _ => "never begun",
        });
    });
}

/// A suspended actor is told of a circle, and killed: it ends, whichever comes first.
#[test]
fn a_circle_and_a_kill() {
    let expected = ["told of a circle", "killed first"];
    model("circle and kill", Bounds::default(), &expected, |outcomes| {
        let ledger = Ledger::default();
        let mut probe = Probe::new(&ledger);
        probe.gate = Some(Gate::new());
        let actor = idle(&ledger, probe);
        actor.try_tell(Say(1)).unwrap();
        let victim = actor.clone();
        let killer = thread::spawn(move || victim.kill());
        let told = task::break_wait(&actor);
        killer.join().unwrap();
        drop(actor);
        assert_eq!(ledger.read().stopped.len(), 1, "the kill was lost");
        outcomes.saw(if told { "told of a circle" } else { "killed first" });
    });
}

#[test]
fn an_end_and_who_watches_it() {
    let expected = ["woken or early", "too soon to tell", "told the reason"];
    model("end and watch", Bounds::default(), &expected, |outcomes| {
        let ledger = Ledger::default();
        let mut probe = Probe::new(&ledger);
        probe.fails_to_start = true;
        let (actor, runnable) = start(&ledger, probe);
        let ended_at = actor.stopped();
        let watcher = thread::spawn(move || {
            let why = block_on(ended_at);
            assert!(matches!(why, StopReason::StartFailed(_)), "{why}");
        });
        let weak = weakly(&actor);
        let asker = thread::spawn(move || reason(&weak));
        drop(actor);
        drive(runnable);
        watcher.join().unwrap();
        outcomes.saw("woken or early");
        match asker.join().unwrap() {
            None => outcomes.saw("too soon to tell"),
            Some(StopReason::StartFailed(_)) => outcomes.saw("told the reason"),
            Some(other) => panic!("{other}"),
        }
        let _ = ledger.read();
    });
}

#[test]
fn two_watchers_of_one_end() {
    model("two watchers", Bounds::default(), &["both told"], |outcomes| {
        let ledger = Ledger::default();
        let (actor, runnable) = start(&ledger, Probe::new(&ledger));
        let watchers = [actor.stopped(), actor.stopped()];
        let watchers = watchers.map(|end| thread::spawn(move || block_on(end)));
        drop(actor);
        drive(runnable);
        for watcher in watchers {
            let why = watcher.join().unwrap();
            assert!(matches!(why, StopReason::Unreachable), "{why}");
        }
        let _ = ledger.ended(1);
        outcomes.saw("both told");
    });
}
