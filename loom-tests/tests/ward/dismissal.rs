//! A dismissal, a shutdown and the last reference's drop: the end for good.

use super::cast::{Answer, Cast, FAIL, FAILED, Place, STOPPED, WAIT, Ward};
use crate::common::gate::Gate;
use crate::common::inline::Say;
use corecast::loom_api::task::{self, Renewal, reason};
use corecast::{ActorRef, StopReason};
use loom::thread::{self};
use loom_tests::{Bounds, model, model_in_all_modes};
use std::sync::Arc;

pub fn dismiss_and_stop(ward: &ActorRef<Ward>) {
    task::dismiss(ward);
    ward.stop();
}

#[test]
fn a_dismissal_against_a_failure() {
    let expected = ["it was never down", "it was down", "the next run ended"];
    model("dismissal, failure", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::Always, Answer::AtOnce);
        let dismissing = cast.meanwhile(dismiss_and_stop);
        let accepted = cast.tell(FAIL);
        dismissing.join().unwrap();
        assert!(reason(&cast.memory).is_some(), "the dismissal was lost");
        let (_, story) = cast.finish(&[FAIL][..usize::from(accepted)]);
        outcomes.saw(expected[story.downs.len() + story.made as usize - 1]);
    });
}

#[test]
fn a_dismissal_against_the_wait_for_a_word() {
    let expected = ["it was never down", "it was down"];
    model_in_all_modes("dismissal, wait", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::Always, Answer::Never);
        let dismissing = cast.meanwhile(task::dismiss);
        assert!(cast.tell(FAIL));
        dismissing.join().unwrap();
        assert!(reason(&cast.memory).is_some(), "the dismissal was lost");
        let (_, story) = cast.finish(&[FAIL]);
        assert_eq!(story.ended, [FAILED]);
        outcomes.saw(expected[story.downs.len()]);
    });
}

#[test]
fn a_shutdown_against_the_wait_for_a_word() {
    let expected = ["it was never down", "it was down"];
    model_in_all_modes("shutdown, wait", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::Always, Answer::Never);
        let ending = cast.meanwhile(task::stop_for_shutdown);
        let accepted = cast.tell(FAIL);
        ending.join().unwrap();
        assert!(reason(&cast.memory).is_some(), "the shutdown was lost");
        let (_, story) = cast.finish(&[FAIL][..usize::from(accepted)]);
        outcomes.saw(expected[story.downs.len()]);
    });
}

/// It was stopped, and is down: the word opens its mailbox, the dismissal closes it for good.
#[test]
fn a_dismissal_against_the_word_after_a_stop() {
    let expected = ["it didn't begin anew", "the next run ended"];
    model("dismissal, word", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::Always, Answer::Never);
        cast.ward.stop();
        assert_eq!(cast.script.downs(), 1);
        let dismissing = cast.meanwhile(dismiss_and_stop);
        cast.script.renew();
        dismissing.join().unwrap();
        assert!(reason(&cast.memory).is_some(), "the dismissal was lost");
        let (_, story) = cast.finish(&[]);
        assert_eq!((story.downs.len(), &story.ended[0][..]), (1, STOPPED));
        outcomes.saw(expected[story.made as usize - 1]);
    });
}

#[test]
fn a_shutdown_against_the_word_after_a_stop() {
    let expected = ["it didn't begin anew", "the next run ended"];
    model("shutdown, word", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::Always, Answer::Never);
        cast.ward.stop();
        assert_eq!(cast.script.downs(), 1);
        let ending = cast.meanwhile(task::stop_for_shutdown);
        cast.script.renew();
        ending.join().unwrap();
        assert!(reason(&cast.memory).is_some(), "the stop was lost");
        let (_, story) = cast.finish(&[]);
        outcomes.saw(expected[story.made as usize - 1]);
    });
}

#[test]
fn a_dismissal_and_a_kill_against_a_wake_where_the_mailbox_is_full() {
    let expected = ["handled", "dropped at its await point"];
    model("dismissal and kill, wake", Bounds::default(), &expected, move |outcomes| {
        let gate = Gate::new();
        let place = Place { gate: Some(Arc::clone(&gate)), ..Place::default() };
        let cast = Cast::with(Renewal::Always, Answer::AtOnce, 1, place);
        assert!(cast.tell(WAIT) && cast.tell(1));
        let ending = cast.meanwhile(|ward| {
            task::dismiss(ward);
            task::cut(ward);
        });
        gate.open();
        ending.join().unwrap();
        assert!(reason(&cast.memory).is_some(), "what was asked for was lost");
        let (seen, story) = cast.finish(&[WAIT, 1]);
        assert!(story.downs.is_empty());
        outcomes.saw(expected[seen.failed as usize]);
    });
}

/// Whoever nobody reaches gets no word.
#[test]
fn the_last_reference_to_one_that_is_down() {
    model("last reference, down", Bounds::default(), &["it ended"], |outcomes| {
        let Cast { ward, script, ledger, memory, .. } = Cast::new(Renewal::Always, Answer::Never);
        drop(script.ward.lock().unwrap().take());
        let other = ward.clone();
        let dropping = thread::spawn(move || drop(other));
        ward.try_tell(Say(FAIL)).unwrap();
        drop(ward);
        dropping.join().unwrap();
        assert!(reason(&memory).is_some(), "it waits for ever");
        let (seen, story) = (ledger.ended(1), script.note(std::mem::take));
        assert_eq!(
            (&seen.handled[..], &story.downs[..], &story.ended[..]),
            (&[FAIL][..], &[FAILED.to_owned()][..], &[FAILED.to_owned()][..])
        );
        outcomes.saw("it ended");
    });
}

#[test]
fn the_last_reference_to_one_that_is_idle_against_a_sender() {
    model("last reference, idle", Bounds::default(), &["it ended"], |outcomes| {
        let Cast { ward, script, ledger, memory, .. } = Cast::new(Renewal::Always, Answer::Never);
        drop(script.ward.lock().unwrap().take());
        let other = ward.clone();
        let sending = thread::spawn(move || other.try_tell(Say(1)).unwrap());
        drop(ward);
        sending.join().unwrap();
        assert!(reason(&memory).is_some(), "it waits for ever");
        let (seen, story) = (ledger.ended(1), script.note(std::mem::take));
        assert_eq!((&seen.handled[..], story.downs.len()), (&[1][..], 0));
        assert_eq!(story.ended, [StopReason::Unreachable.to_string()]);
        outcomes.saw("it ended");
    });
}
