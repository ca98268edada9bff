//! What is left over when an actor ends comes to the observer: type, actor, cause, and the payload to one taker.

use std::any::type_name;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use corecast::{ActorSystem, DeadLetter, Mailbox, Observer, Recipient, ReplyErrorReason, StopReason};

use crate::support::{
    Carry, Echo, Note, Recorder, close, eventually, hold, hold_and_fill, name_of, observed, probe, recv, spawn,
    spawn_with, unique_name, wait,
};

#[test]
fn what_a_killed_actor_leaves_comes_to_the_observer() {
    let (system, records) = observed(1);
    let (probe, _events) = probe();
    let actor = wait(system.spawn(probe).name("late")).unwrap();
    let _held = hold(&actor);
    wait(actor.tell(Note(1))).unwrap();
    let asker = actor.try_send(Echo(2)).unwrap();
    wait(actor.tell(Note(3))).unwrap();
    actor.kill();
    wait(actor.stopped());
    eventually("three are counted", || system.dead_letters() == 3);
    let error = wait(asker).unwrap_err();
    assert!(matches!(error.reason(), ReplyErrorReason::Died(StopReason::Killed)), "{error}");

    let letters = close(system, &records).letters;
    assert_eq!(
        letters.iter().map(DeadLetter::message_type).collect::<Vec<_>>(),
        [type_name::<Note>(), type_name::<Echo>(), type_name::<Note>()]
    );
    for letter in &letters {
        assert_eq!((letter.actor().id(), letter.actor().name()), (actor.id(), Some("late")));
        assert_eq!(name_of(letter.cause()), "Killed");
    }
    let [first, second, third]: [DeadLetter; 3] = letters.try_into().expect("three letters");
    let first = first.downcast::<Echo>().expect_err("another type: the letter comes back");
    assert_eq!(first.downcast::<Note>().expect("a note").0, 1);
    assert_eq!(second.downcast::<Echo>().expect("an echo").0, 2);
    assert_eq!(third.downcast::<Note>().expect("a note").0, 3);
}

#[test]
fn a_payload_that_nobody_takes_is_dropped_once() {
    let (system, records) = observed(1);
    let (actor, _events) = spawn(&system);
    let token = Arc::new(());
    let _held = hold(&actor);
    wait(actor.tell(Carry(Arc::clone(&token)))).unwrap();
    actor.kill();
    let letter = records.letter();
    assert_eq!(Arc::strong_count(&token), 2);
    drop(letter);
    assert_eq!(Arc::strong_count(&token), 1);
}

#[test]
fn what_the_end_of_the_system_leaves_comes_to_the_observer() {
    let (system, records) = observed(1);
    let (actor, _events) = spawn_with(&system, Mailbox::bounded(2));
    let held = hold_and_fill(&actor, 2);
    let waiting = actor.tell(Note(9));
    let letters = close(system, &records).letters;
    assert_eq!(letters.len(), 2, "the accepted ones");
    assert_eq!(wait(waiting).unwrap_err().into_message().0, 9, "the waiting one came back");
    held.open();
}

#[test]
fn what_a_deadline_leaves_comes_to_the_observer() {
    let (recorder, records) = Recorder::new();
    let system = ActorSystem::builder()
        .workers(1)
        .name(unique_name())
        .observer(recorder)
        .shutdown_deadline(Duration::from_millis(50))
        .build()
        .unwrap();
    let (actor, _events) = spawn(&system);
    let _held = hold(&actor);
    wait(actor.tell(Note(1))).unwrap();
    assert!(!wait(system.shutdown()).is_clean());
    let letters = close(system, &records).letters;
    assert_eq!(letters.len(), 1);
}

#[test]
fn what_was_refused_or_handled_is_no_dead_letter() {
    let (system, records) = observed(1);
    let (actor, _events) = spawn_with(&system, Mailbox::bounded(1));
    let held = hold_and_fill(&actor, 1);
    actor.try_tell(Note(8)).unwrap_err();
    drop(actor.tell(Note(9)));
    actor.stop();
    wait(actor.tell(Note(10))).unwrap_err();
    held.open();
    wait(actor.stopped());
    wait(actor.send(Echo(11))).unwrap_err();
    assert_eq!(system.dead_letters(), 0);
    assert!(close(system, &records).letters.is_empty());
}

/// Sends each dead letter's note on to an actor that is no more, and tells how that went.
struct Undertaker {
    grave: Arc<OnceLock<Recipient<Note>>>,
    outcomes: Sender<bool>,
}

impl Observer for Undertaker {
    fn dead_letter(&self, letter: DeadLetter) {
        let note = letter.downcast::<Note>().expect("a note");
        let refused = self.grave.get().expect("dug before").try_tell(note).is_err();
        let _ = self.outcomes.send(refused);
    }
}

#[test]
fn dead_letters_make_no_dead_letters() {
    let grave = Arc::new(OnceLock::new());
    let (outcomes, outcome) = mpsc::channel();
    let system = ActorSystem::builder()
        .workers(1)
        .name(unique_name())
        .observer(Undertaker { grave: Arc::clone(&grave), outcomes })
        .build()
        .unwrap();
    let (dead, _) = spawn(&system);
    dead.stop();
    wait(dead.stopped());
    assert!(grave.set(dead.recipient()).is_ok());
    let (actor, _events) = spawn(&system);
    let _held = hold(&actor);
    for number in 1..=3 {
        wait(actor.tell(Note(number))).unwrap();
    }
    actor.kill();
    for _ in 0..3 {
        assert!(recv(&outcome), "refused, with the note inside the error");
    }
    wait(actor.stopped());
    assert_eq!(system.dead_letters(), 3);
}
