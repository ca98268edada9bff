//! Models of names: look-ups against claims, and against the end that frees a name.
//!
//! The host runs an actor there and then, on the thread that scheduled it, and frees its name.

use crate::common::drive;
use crate::common::inline::{Body, Inline, Say};
use crate::common::ledger::Ledger;
use corecast::loom_api::system::Registry;
use corecast::loom_api::task::{self, Host, Runnable, Weakly, reason, weakly};
use corecast::{Actor, ActorContext, ActorRef, DeadLetter, Handler, StopReason};
use loom::thread;
use loom_tests::{Bounds, linger, model_in_all_modes};
use std::sync::Arc;

/// Who has which name, and who runs there.
struct Town(Inline, Arc<Registry>);

impl Host for Town {
    fn schedule(&self, runnable: Runnable) {
        self.0.schedule(runnable);
    }

    fn message_failed(&self, cause: &StopReason) {
        self.0.message_failed(cause);
    }

    fn dead_letter(&self, letter: DeadLetter) {
        self.0.dead_letter(letter);
    }

    fn actor_failed(&self, reason: &StopReason) {
        self.0.actor_failed(reason);
    }

    fn names(&self) -> Option<&Registry> {
        Some(&self.1)
    }

    fn ended(&self) {
        self.0.ended();
    }

    fn expire_later(&self, task: Weakly) {
        self.0.expire_later(task);
    }
}

struct Citizen {
    number: u32,
    body: Body,
}

impl Actor for Citizen {}

/// Notes which of them was told.
impl Handler<Say> for Citizen {
    async fn handle(&mut self, _: Say, _ctx: &mut ActorContext<Self>) {
        self.body.touch();
        self.body.ledger.note(|seen| seen.handled.push(self.number));
    }
}

/// A registry, and where to write down what happens.
fn town() -> (Arc<Registry>, Ledger) {
    (Arc::new(Registry::new()), Ledger::default())
}

/// An actor that has started and is idle. It is called `name`, if it can have that.
fn citizen(registry: &Arc<Registry>, ledger: &Ledger, name: &str, number: u32) -> (ActorRef<Citizen>, Weakly) {
    let host = Town(Inline(ledger.clone()), Arc::clone(registry));
    let (actor, runnable) = task::named(host, name, Citizen { number, body: Body::new(ledger) });
    drive(runnable);
    let memory = weakly(&actor);
    (actor, memory)
}

fn settle(registry: &Registry, ledger: &Ledger, name: &str, actors: u32) -> Vec<u32> {
    assert!(registry.find::<Citizen>(name).is_none());
    // As at a system's end: what waits keeps those who have ended.
    registry.let_go();
    let seen = ledger.ended(actors);
    assert!(seen.dead.is_empty());
    seen.handled
}

fn bounds() -> Bounds {
    Bounds { branches: 10_000, ..Bounds::default() }
}

#[test]
fn a_look_up_against_the_end_that_frees_the_name() {
    let expected = ["told", "ending", "nobody", "heard of it"];
    model_in_all_modes("look up and end", bounds(), &expected, |outcomes| {
        let (registry, ledger) = town();
        let (actor, memory) = citizen(&registry, &ledger, "a", 1);
        assert!(registry.claim_name("a", &actor));
        let ending = thread::spawn(move || actor.stop());
        linger();
        let heard = reason(&memory).is_some();
        let found = registry.find::<Citizen>("a");
        assert!(!heard || found.is_none(), "a name is free when its actor's end is heard of");
        let told = found.as_ref().map(|actor| actor.try_tell(Say(0)).is_ok());
        drop(found);
        ending.join().unwrap();
        let handled = settle(&registry, &ledger, "a", 1);
        assert_eq!(handled.len(), usize::from(told == Some(true)));
        outcomes.saw(match told {
            Some(true) => "told",
            Some(false) => "ending",
            None if heard => "heard of it",
            None => "nobody",
        });
    });
}

#[test]
fn a_name_passes_to_another_while_it_is_looked_up() {
    let expected = ["the first", "nobody", "the second"];
    model_in_all_modes("look up and pass on", bounds(), &expected, |outcomes| {
        let (registry, ledger) = town();
        let (first, memory) = citizen(&registry, &ledger, "a", 1);
        let (second, _) = citizen(&registry, &ledger, "a", 2);
        assert!(registry.claim_name("a", &first) && !registry.claim_name("a", &second));
        let passing = thread::spawn({
            let (registry, memory) = (Arc::clone(&registry), weakly(&first));
            move || {
                first.stop();
                // Unless it ends on the thread that has told it something.
                let claimed = registry.claim_name("a", &second);
                assert!(claimed || reason(&memory).is_none(), "a name is free when its actor's end is heard of");
                (second, claimed)
            }
        });
        linger();
        let heard = reason(&memory).is_some();
        let found = registry.find::<Citizen>("a");
        let told = found.as_ref().is_some_and(|actor| actor.try_tell(Say(0)).is_ok());
        let alive = found.as_ref().is_some_and(ActorRef::is_alive);
        drop(found);
        let (second, claimed) = passing.join().unwrap();
        assert!(claimed || registry.claim_name("a", &second), "it has ended");
        assert_eq!(registry.find::<Citizen>("a").as_ref(), Some(&second));
        second.stop();
        let handled = settle(&registry, &ledger, "a", 2);
        assert_eq!(handled.len(), usize::from(told));
        assert!(!heard || handled != [1], "whoever has heard of the first one's end finds its successor at most");
        outcomes.saw(match *handled {
            [1] => "the first",
            [2] => "the second",
            _ if alive => unreachable!("it has room"),
            _ => "nobody",
        });
    });
}

#[test]
fn a_claim_against_a_look_up() {
    model_in_all_modes("claim and look up", bounds(), &["found", "nobody"], |outcomes| {
        let (registry, ledger) = town();
        let claiming = thread::spawn({
            let (registry, ledger) = (Arc::clone(&registry), ledger.clone());
            move || {
                let (actor, _) = citizen(&registry, &ledger, "a", 1);
                assert!(registry.claim_name("a", &actor));
            }
        });
        let found = registry.find::<Citizen>("a");
        if let Some(actor) = &found {
            actor.try_tell(Say(0)).expect("it lives");
        }
        claiming.join().unwrap();
        registry.find::<Citizen>("a").expect("its name keeps it").stop();
        let handled = settle(&registry, &ledger, "a", 1);
        assert_eq!(handled.len(), usize::from(found.is_some()));
        outcomes.saw(if found.is_some() { "found" } else { "nobody" });
    });
}

#[test]
fn two_claims_of_one_name() {
    model_in_all_modes("two claims", bounds(), &["the first", "the second"], |outcomes| {
        let (registry, ledger) = town();
        let actors = [1, 2].map(|number| citizen(&registry, &ledger, "a", number).0);
        let other = thread::spawn({
            let (registry, actor) = (Arc::clone(&registry), actors[1].clone());
            move || registry.claim_name("a", &actor)
        });
        let first = registry.claim_name("a", &actors[0]);
        assert_ne!(first, other.join().unwrap(), "one of them has it");
        let [owner, loser] = if first { [0, 1] } else { [1, 0] }.map(|at| &actors[at]);
        assert_eq!(registry.find::<Citizen>("a").as_ref(), Some(owner));
        owner.stop();
        assert!(registry.find::<Citizen>("a").is_none());
        // Its name is a wish: there is nothing to free.
        loser.stop();
        drop(actors);
        settle(&registry, &ledger, "a", 2);
        outcomes.saw(if first { "the first" } else { "the second" });
    });
}

#[test]
fn a_look_up_while_the_table_grows_and_an_end_frees_another_name() {
    model_in_all_modes("look up, grow and free", bounds(), &["found"], |outcomes| {
        let (registry, ledger) = town();
        let actors = ["a", "b", "c"].map(|name| citizen(&registry, &ledger, name, 1).0);
        // Two make the first table full.
        assert!(registry.claim_name("a", &actors[0]) && registry.claim_name("b", &actors[1]));
        let claiming = thread::spawn({
            let (registry, actor) = (Arc::clone(&registry), actors[2].clone());
            move || assert!(registry.claim_name("c", &actor))
        });
        let ending = thread::spawn({
            let actor = actors[1].clone();
            move || actor.stop()
        });
        assert_eq!(registry.find::<Citizen>("a").as_ref(), Some(&actors[0]), "it is there all the time");
        claiming.join().unwrap();
        ending.join().unwrap();
        assert!(registry.find::<Citizen>("b").is_none());
        assert_eq!(registry.find::<Citizen>("c").as_ref(), Some(&actors[2]));
        actors[0].stop();
        actors[2].stop();
        drop(actors);
        settle(&registry, &ledger, "b", 3);
        outcomes.saw("found");
    });
}

#[test]
fn a_look_up_against_the_end_of_its_system() {
    // What waits goes with the last look, or the registry would keep the actor, and the actor the registry.
    model_in_all_modes("look up and let go", bounds(), &["found", "nobody"], |outcomes| {
        let (registry, ledger) = town();
        let (actor, _) = citizen(&registry, &ledger, "a", 1);
        assert!(registry.claim_name("a", &actor));
        let ending = thread::spawn({
            let registry = Arc::clone(&registry);
            move || {
                actor.stop();
                registry.let_go();
            }
        });
        let found = registry.find::<Citizen>("a");
        outcomes.saw(if found.is_some() { "found" } else { "nobody" });
        drop(found);
        ending.join().unwrap();
        assert!(registry.find::<Citizen>("a").is_none());
        ledger.ended(1);
    });
}

#[test]
fn a_look_up_against_two_ends_that_free_names_together() {
    // The second name takes the place of a bucket, so the first end fills what waits, and the second begins anew.
    let expected = ["found", "ending", "nobody"];
    model_in_all_modes("look up and free two", bounds(), &expected, |outcomes| {
        let (registry, ledger) = town();
        let actors = ["a", "b"].map(|name| citizen(&registry, &ledger, name, 1).0);
        assert!(registry.claim_name("a", &actors[0]) && registry.claim_name("b", &actors[1]));
        let ending = thread::spawn(move || actors.iter().for_each(ActorRef::stop));
        let found = registry.find::<Citizen>("b");
        outcomes.saw(match &found {
            Some(actor) if actor.is_alive() => "found",
            Some(_) => "ending",
            None => "nobody",
        });
        drop(found);
        ending.join().unwrap();
        settle(&registry, &ledger, "b", 2);
    });
}
