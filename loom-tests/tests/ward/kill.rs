//! A kill at each step of a renewal.

use super::cast::{Answer, Cast, FAIL, KILLED, Place, RUN, WAIT};
use crate::common::gate::Gate;
use corecast::loom_api::task::{self, Renewal, weakly};
use loom::thread::{self};
use loom_tests::{Bounds, model};
use std::sync::Arc;

#[test]
fn a_kill_against_the_word() {
    let expected = ["it was of the run that is over", "the next run was killed"];
    model("kill, word", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::Always, Answer::Never);
        assert!(cast.tell(FAIL) && task::is_at_rest(&cast.ward));
        let killing = cast.meanwhile(task::cut);
        cast.script.renew();
        killing.join().unwrap();
        let downs = cast.script.downs();
        if downs == 2 {
            cast.script.renew();
        }
        assert!(cast.is_up() && cast.tell(1));
        let (_, story) = cast.finish(&[FAIL, 1]);
        assert_eq!(story.downs[1..], [KILLED][..downs - 1]);
        outcomes.saw(expected[downs - 1]);
    });
}

/// Whoever wakes it finds the word, whoever else is still saying it.
#[test]
fn a_kill_of_the_next_run_against_the_word_that_began_it() {
    let expected = ["it hasn't begun", "the next run was killed"];
    model("kill of the next run, word", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::AfterFailure, Answer::Never);
        assert!(cast.tell(FAIL) && task::is_at_rest(&cast.ward));
        let script = Arc::clone(&cast.script);
        let killing = thread::spawn({
            let ward = cast.ward.clone();
            move || {
                weakly(&ward).expire();
                let is_up = script.note(|story| story.ups == 2);
                if is_up {
                    task::cut(&ward);
                }
                is_up
            }
        });
        cast.script.renew();
        let is_killed = killing.join().unwrap();
        let (_, story) = cast.finish(&[FAIL]);
        assert_eq!((story.ups, story.downs.len()), (2, 1 + usize::from(is_killed)), "{story:?}");
        outcomes.saw(expected[usize::from(is_killed)]);
    });
}

#[test]
fn a_recall_against_the_word() {
    let expected = ["it was of the run that is over", "the next run was called back"];
    model("recall, word", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::AfterFailure, Answer::Never);
        assert!(cast.tell(FAIL) && task::is_at_rest(&cast.ward));
        let recalling = cast.meanwhile(task::recall);
        cast.script.renew();
        recalling.join().unwrap();
        let downs = cast.script.downs();
        if downs == 2 {
            cast.script.renew();
        }
        assert!(cast.is_up() && cast.tell(1));
        let (seen, story) = cast.finish(&[FAIL, 1]);
        // One that is called back before it has a state begins anew without having had one.
        assert!(story.made >= 2 && story.made as usize <= downs + 1 && seen.handled[1] / RUN + 1 == story.made);
        outcomes.saw(expected[downs - 1]);
    });
}

#[test]
fn a_kill_against_a_failure() {
    let expected = ["once down", "twice down"];
    model("kill, failure", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::AfterFailure, Answer::AtOnce);
        let killing = cast.meanwhile(task::cut);
        assert!(cast.tell(FAIL));
        killing.join().unwrap();
        assert!(cast.is_up() && cast.tell(1));
        let (_, story) = cast.finish(&[FAIL, 1]);
        outcomes.saw(expected[story.downs.len() - 1]);
    });
}

#[test]
fn a_kill_of_an_idle_one_against_a_sender() {
    let expected = ["by the first run", "by the second run"];
    model("kill, send", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::AfterFailure, Answer::AtOnce);
        let killing = cast.meanwhile(task::cut);
        assert!(cast.tell(1));
        killing.join().unwrap();
        assert_eq!(cast.script.downs(), 1, "the kill was lost");
        assert!(cast.is_up());
        let (seen, _) = cast.finish(&[1]);
        assert_eq!(seen.dead, [0; 0]);
        outcomes.saw(expected[(seen.handled[0] / RUN) as usize]);
    });
}

#[test]
fn a_kill_of_one_whose_handler_waits_against_its_wake() {
    let expected = ["handled", "dropped at its await point"];
    model("kill, wake", Bounds::default(), &expected, move |outcomes| {
        let gate = Gate::new();
        let place = Place { gate: Some(Arc::clone(&gate)), ..Place::default() };
        let cast = Cast::with(Renewal::AfterFailure, Answer::AtOnce, 4, place);
        assert!(cast.tell(WAIT));
        let killing = cast.meanwhile(task::cut);
        gate.open();
        killing.join().unwrap();
        assert_eq!(cast.script.downs(), 1, "the kill was lost");
        assert!(cast.is_up() && cast.tell(1));
        let (seen, _) = cast.finish(&[WAIT, 1]);
        outcomes.saw(expected[seen.failed as usize]);
    });
}

/// Both are the end of a run, and neither is the end of an actor that begins anew after each.
#[test]
fn a_kill_against_a_stop() {
    let expected = ["once down", "twice down"];
    model("kill, stop", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::Always, Answer::AtOnce);
        let killing = cast.meanwhile(task::cut);
        cast.ward.stop();
        killing.join().unwrap();
        assert!(cast.is_up() && cast.tell(1), "it ended for good");
        let (_, story) = cast.finish(&[1]);
        outcomes.saw(expected[story.downs.len() - 1]);
    });
}
