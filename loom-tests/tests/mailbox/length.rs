//! The length: never more than the capacity, never less than nothing.

use super::actor::{Actor, Note, Told};
use corecast::loom_api::mailbox::Rest;
use loom::thread;
use loom_tests::{Bounds, Outcomes, model_in_all_modes as model};
use std::sync::Arc;

const EXPECTED: [&str; 3] = ["none", "one", "second accepted"];

/// One place, two messages after each other: there never are two, nor less than none.
fn two_messages_in_one_place(outcomes: &Outcomes, read: impl FnOnce(&Actor)) -> Arc<Actor> {
    let actor = Actor::<Note>::new(1);
    let sender = actor.spawn(|actor| {
        assert_eq!(actor.try_tell((1, 0)), Told::Accepted);
        thread::yield_now();
        actor.try_tell((1, 1)) == Told::Accepted
    });
    let watcher = actor.spawn(|actor| actor.mailbox.len());
    read(&actor);
    match watcher.join().unwrap() {
        0 => outcomes.saw("none"),
        1 => outcomes.saw("one"),
        length => panic!("{length} messages in one place"),
    }
    if sender.join().unwrap() {
        outcomes.saw("second accepted");
    }
    actor
}

#[test]
fn the_length_is_exact() {
    model("length", Bounds::default(), &EXPECTED, |outcomes| {
        two_messages_in_one_place(outcomes, Actor::run);
    });
}

/// The same for a reader that rests before it has given any room back: what `rest` gives back orders as much. (In the
/// shipped code that takes a capacity of eight, where room comes back with every second message.)
#[test]
fn the_length_is_exact_while_the_reader_rests() {
    model("length, rest", Bounds::default(), &EXPECTED, |outcomes| {
        let actor = two_messages_in_one_place(outcomes, |actor| {
            // SAFETY: the right to run is ours until the rest is Idle.
            let mut reader = unsafe { actor.mailbox.reader() };
            loop {
                if let Some(note) = reader.next() {
                    // SAFETY: the reader is ours, and so is what goes with it.
                    actor.state.with_mut(|state| unsafe { (*state).handled.push(note) });
                } else if reader.rest(false) == Rest::Idle {
                    break;
                } else {
                    thread::yield_now();
                }
            }
        });
        actor.has_all_its_room();
    });
}
