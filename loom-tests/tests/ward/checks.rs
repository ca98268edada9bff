//! Health checks.

use super::cast::{Answer, Bid, Cast, DUE, Ear, FAIL_LATE, FAILED, Home, OVER, Place, STOPPED, WAIT};
use super::dismissal::dismiss_and_stop;
use super::links::bid;
use crate::common::gate::Gate;
use crate::common::ledger::Ledger;
use corecast::loom_api::task::{Renewal, reason, weakly};
use loom_tests::{Bounds, model, model_in_all_modes};
use std::sync::Arc;

fn checked() -> Place {
    Place { is_checked: true, ..Place::default() }
}

/// One whose handler waits for the gate.
fn checked_behind_a_gate(number: u32, capacity: u32) -> (Cast, Arc<Gate>) {
    let gate = Gate::new();
    let place = Place { gate: Some(Arc::clone(&gate)), ..checked() };
    let cast = Cast::with(Renewal::AfterFailure, Answer::AtOnce, capacity, place);
    assert!(cast.tell(number));
    (cast, gate)
}

fn is_overdue(reason: &str) -> bool {
    reason.contains("health check")
}

#[test]
fn a_check_that_is_due_against_a_sender() {
    let expected = ["before it", "behind it"];
    model_in_all_modes("check, send", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::with(Renewal::AfterFailure, Answer::AtOnce, 4, checked());
        let seeing = cast.seeing_to_check(DUE);
        assert!(cast.tell(1));
        let checks = cast.checks();
        seeing.join().unwrap();
        assert_eq!(cast.checks(), 1, "it wasn't checked");
        assert!(cast.is_up());
        let (seen, story) = cast.finish(&[1]);
        assert_eq!((&seen.handled[..], story.downs.len()), (&[1][..], 0));
        outcomes.saw(expected[1 - checks]);
    });
}

/// Both are called out by the same bit of the task word.
#[test]
fn a_check_that_is_due_against_the_notice_of_an_end() {
    let expected = ["the check first", "the notice first"];
    model("check, notice", Bounds::default(), &expected, move |outcomes| {
        let ledgers = [Ledger::default(), Ledger::default()];
        let place = [checked(), Place::default()];
        let [cast, other] = [0, 1].map(|at| {
            Cast::at(&Home::new(&ledgers[at]), &Ear, Renewal::AfterFailure, Answer::AtOnce, 4, place[at].clone())
        });
        bid(&cast, Bid::Watch(other.ward.clone()));
        let seeing = cast.seeing_to_check(DUE);
        let _ = other.finish(&[]);
        let checks = cast.checks();
        seeing.join().unwrap();
        let (checked, heard) = cast.script.note(|story| (story.checks.len(), story.heard.len()));
        assert_eq!((checked, heard), (1, 1), "one of them was lost");
        assert!(cast.is_up());
        let _ = cast.finish(&[]);
        outcomes.saw(expected[1 - checks]);
    });
}

#[test]
fn the_end_of_a_checks_time_against_the_handler_in_its_way() {
    let expected = ["cut", "checked in time"];
    model("overdue, wake", Bounds::default(), &expected, move |outcomes| {
        let (cast, gate) = checked_behind_a_gate(WAIT, 4);
        assert!(cast.tell(1));
        weakly(&cast.ward).see_to_check(DUE);
        assert_eq!(cast.checks(), 0, "its handler waits");
        let seeing = cast.seeing_to_check(OVER);
        gate.open();
        seeing.join().unwrap();
        assert!(cast.is_up());
        let (seen, story) = cast.finish(&[WAIT, 1]);
        assert!(story.downs.len() <= 1 && story.downs.iter().all(|down| is_overdue(down)), "{story:?}");
        let is_in_time = story.downs.is_empty();
        assert!(seen.failed == 0 || !is_in_time, "{seen:?}, {story:?}");
        // One that comes when the check is over finds the next one due.
        assert!(story.checks.len() <= 2 && !(is_in_time && story.checks.is_empty()), "{story:?}");
        outcomes.saw(expected[usize::from(is_in_time)]);
    });
}

/// It cuts the run whose check it was, or none: the check is still due when the run is over.
#[test]
fn the_end_of_a_checks_time_against_the_restart() {
    let expected = ["the run had failed", "cut before it was judged", "its handler was dropped"];
    model("overdue, restart", Bounds::default(), &expected, move |outcomes| {
        let (cast, gate) = checked_behind_a_gate(FAIL_LATE, 4);
        weakly(&cast.ward).see_to_check(DUE);
        let seeing = cast.seeing_to_check(OVER);
        gate.open();
        seeing.join().unwrap();
        assert!(cast.is_up() && cast.tell(1));
        let (seen, story) = cast.finish(&[FAIL_LATE, 1]);
        let [down] = &story.downs[..] else { panic!("another run was cut: {story:?}") };
        assert!(down == FAILED || is_overdue(down), "{story:?}");
        outcomes.saw(expected[if down == FAILED { 0 } else { 1 + seen.failed as usize }]);
    });
}

/// Also where it ends for good.
#[test]
fn the_end_of_a_checks_time_against_a_dismissal() {
    let expected = ["stopped", "cut", "cut before it was dismissed"];
    model("overdue, dismissal", Bounds::default(), &expected, move |outcomes| {
        let (cast, gate) = checked_behind_a_gate(WAIT, 4);
        weakly(&cast.ward).see_to_check(DUE);
        let seeing = cast.seeing_to_check(OVER);
        dismiss_and_stop(&cast.ward);
        gate.open();
        seeing.join().unwrap();
        assert!(reason(&cast.memory).is_some(), "it was kept");
        let (_, story) = cast.finish(&[WAIT]);
        let is_cut = is_overdue(&story.ended[0]);
        assert!(is_cut || story.ended == [STOPPED], "{story:?}");
        assert!(story.downs.iter().all(|down| is_overdue(down)), "{story:?}");
        assert!(story.downs.len() + usize::from(is_cut) <= 1 || story.made == 1, "the next run was cut: {story:?}");
        outcomes.saw(expected[if story.made == 2 { 2 } else { usize::from(is_cut) }]);
    });
}
