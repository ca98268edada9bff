//! A recall, by which a supervisor takes an actor down to begin it anew.

use super::cast::{Answer, Cast, Place, RUN, STOPPED, WAIT};
use crate::common::gate::Gate;
use corecast::StopReason;
use corecast::loom_api::task::{self, Renewal, reason};
use loom_tests::{Bounds, model};
use std::sync::Arc;

/// The actor was to end by the stop, which its being called back postpones.
#[test]
fn a_recall_against_a_stop_of_one_that_only_begins_anew_after_failures() {
    let expected = ["it ended first", "it was called back first"];
    model("recall, stop", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::AfterFailure, Answer::AtOnce);
        let calling = cast.meanwhile(task::recall);
        cast.ward.stop();
        calling.join().unwrap();
        assert!(reason(&cast.memory).is_some(), "the stop was lost");
        let (_, story) = cast.finish(&[]);
        assert_eq!(story.ended, [STOPPED]);
        outcomes.saw(expected[story.downs.len()]);
    });
}

#[test]
fn a_recall_and_a_kill_of_one_whose_handler_waits_and_whose_mailbox_is_full() {
    let expected = ["handled", "dropped at its await point"];
    model("recall and kill, wake", Bounds::default(), &expected, move |outcomes| {
        let gate = Gate::new();
        let place = Place { gate: Some(Arc::clone(&gate)), ..Place::default() };
        let cast = Cast::with(Renewal::AfterFailure, Answer::Never, 1, place);
        assert!(cast.tell(WAIT) && cast.tell(1) && !cast.tell(2));
        let calling = cast.meanwhile(|ward| {
            task::recall(ward);
            task::cut(ward);
        });
        gate.open();
        calling.join().unwrap();
        assert_eq!(cast.script.downs(), 1, "what was asked for was lost");
        cast.script.renew();
        assert!(cast.is_up());
        let (seen, story) = cast.finish(&[WAIT, 1]);
        assert_eq!(story.downs, [StopReason::Restarting.to_string()]);
        outcomes.saw(expected[seen.failed as usize]);
    });
}

#[test]
fn a_recall_against_a_sender() {
    let expected = ["by the first run", "by the second run"];
    model("recall, send", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::AfterFailure, Answer::Elsewhere);
        let calling = cast.meanwhile(task::recall);
        assert!(cast.tell(1));
        calling.join().unwrap();
        cast.script.join();
        assert_eq!(cast.script.downs(), 1, "the recall was lost");
        assert!(cast.is_up());
        let (seen, _) = cast.finish(&[1]);
        outcomes.saw(expected[(seen.handled[0] / RUN) as usize]);
    });
}
