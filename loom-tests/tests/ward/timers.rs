//! Timers and deadlines of runs that are over.

use super::cast::{Answer, Cast, Ear, FAIL, Home, KILLED, Place, RING, RUN};
use crate::common::gate::Gate;
use crate::common::ledger::Ledger;
use corecast::loom_api::scheduler::two_workers;
use corecast::loom_api::task::{self, Renewal, Weakly};
use loom::thread::{self};
use loom_tests::{Bounds, model};
use std::sync::Arc;

#[test]
fn a_timer_of_a_run_that_is_over() {
    let expected = ["by its own run", "left over", "dropped"];
    model("timer, restart", Bounds::default(), &expected, move |outcomes| {
        let ledger = Ledger::default();
        let (scheduler, _workers) = two_workers();
        let home = Home { scheduler: Some(Arc::clone(&scheduler)), ..Home::new(&ledger) };
        let place = Place { rings: true, ..Place::default() };
        let cast = Cast::at(&home, &Ear, Renewal::AfterFailure, Answer::AtOnce, 4, place);
        let other = Arc::clone(&scheduler);
        let firing = thread::spawn(move || other.fire());
        assert!(cast.tell(FAIL));
        firing.join().unwrap();
        assert!(cast.is_up());
        // That of the next run has a list of its own.
        scheduler.fire();
        let handled = ledger.note(|seen| seen.handled.clone());
        assert!(handled.contains(&(RUN + RING + 1)), "{handled:?}");
        assert!(!handled.contains(&(RUN + RING)), "a run hears its own timers alone: {handled:?}");
        let is_heard = handled.contains(&RING);
        // What is in the lane when the run is over was accepted; what comes to it later is not.
        let is_left_over = ledger.note(|seen| seen.dead.contains(&RING));
        let accepted = [FAIL, RING + 1, RING];
        let (seen, _) = cast.finish(&accepted[..2 + usize::from(is_heard || is_left_over)]);
        assert_eq!(seen.dead.len(), usize::from(is_left_over), "{seen:?}");
        drop(home);
        scheduler.close();
        outcomes.saw(match (is_heard, is_left_over) {
            (true, _) => expected[0],
            (_, true) => expected[1],
            _ => expected[2],
        });
    });
}

#[test]
fn the_deadline_of_an_earlier_run_against_the_next_last_hook() {
    let expected = ["before the gate", "behind it"];
    model("old deadline", Bounds::default(), &expected, move |outcomes| {
        let ledger = Ledger::default();
        let home = Home::new(&ledger);
        let gates = [Gate::new(), Gate::new()];
        let place = Place { last: gates.to_vec(), ..Place::default() };
        let cast = Cast::at(&home, &Ear, Renewal::AfterFailure, Answer::AtOnce, 4, place);
        task::cut(&cast.ward);
        gates[0].open();
        assert_eq!(cast.script.downs(), 1);
        let earlier = home.deadlines();
        assert_eq!(earlier.len(), 1, "killed, and its hook waited");
        task::cut(&cast.ward);
        let script = Arc::clone(&cast.script);
        let expiring = thread::spawn(move || {
            earlier.iter().for_each(Weakly::expire);
            script.downs()
        });
        gates[1].open();
        let downs = expiring.join().unwrap();
        assert_eq!(cast.script.downs(), 2);
        assert_eq!(ledger.note(|seen| seen.stopped.len()), 2, "it was dropped early");
        outcomes.saw(expected[downs - 1]);
        drop(home.deadlines());
        let _ = cast.finish(&[]);
    });
}

#[test]
fn both_deadlines_against_the_last_hook() {
    model("both deadlines", Bounds::default(), &["it was dropped"], move |outcomes| {
        let ledger = Ledger::default();
        let home = Home::new(&ledger);
        let gates = [Gate::new(), Gate::new()];
        let place = Place { last: gates.to_vec(), ..Place::default() };
        let cast = Cast::at(&home, &Ear, Renewal::AfterFailure, Answer::AtOnce, 4, place);
        task::cut(&cast.ward);
        gates[0].open();
        task::cut(&cast.ward);
        let deadlines = home.deadlines();
        assert_eq!((deadlines.len(), cast.script.downs()), (2, 1));
        let [earlier, own] = <[Weakly; 2]>::try_from(deadlines).unwrap_or_else(|_| panic!("there are two"));
        let expiring = [earlier, own].map(|deadline| thread::spawn(move || deadline.expire()));
        expiring.into_iter().for_each(|expiring| expiring.join().unwrap());
        assert_eq!(cast.script.downs(), 2, "its time was up");
        assert_eq!(ledger.note(|seen| seen.stopped.len()), 1);
        outcomes.saw("it was dropped");
        let _ = cast.finish(&[]);
    });
}

/// One whose third run is in its `post_stop`, behind a gate, and the deadlines of all three.
fn in_its_third_last_hook() -> (Cast, [Weakly; 3]) {
    let home = Home::new(&Ledger::default());
    let gates = [Gate::new(), Gate::new(), Gate::new()];
    let place = Place { last: gates.to_vec(), ..Place::default() };
    let cast = Cast::at(&home, &Ear, Renewal::AfterFailure, Answer::AtOnce, 4, place);
    for gate in &gates[..2] {
        task::cut(&cast.ward);
        gate.open();
    }
    task::cut(&cast.ward);
    assert_eq!(cast.script.downs(), 2);
    let deadlines = <[Weakly; 3]>::try_from(home.deadlines()).unwrap_or_else(|_| panic!("each hook has waited"));
    (cast, deadlines)
}

#[test]
fn the_deadlines_of_two_earlier_runs_against_the_last_hook() {
    model("two old deadlines", Bounds::default(), &["it came to its end"], move |outcomes| {
        let (cast, [first, second, own]) = in_its_third_last_hook();
        let expiring = [first, second].map(|deadline| thread::spawn(move || deadline.expire()));
        cast.gates[2].open();
        expiring.into_iter().for_each(|expiring| expiring.join().unwrap());
        assert_eq!(cast.script.downs(), 3);
        drop(own);
        let (seen, _) = cast.finish(&[]);
        assert_eq!(seen.stopped[..3], [KILLED; 3], "it was dropped early");
        outcomes.saw("it came to its end");
    });
}

#[test]
fn the_deadlines_of_three_runs_against_the_last_hook() {
    model("three deadlines", Bounds::default(), &["it was dropped"], move |outcomes| {
        let (cast, [first, second, own]) = in_its_third_last_hook();
        first.expire();
        let expiring = [second, own].map(|deadline| thread::spawn(move || deadline.expire()));
        expiring.into_iter().for_each(|expiring| expiring.join().unwrap());
        assert_eq!(cast.script.downs(), 3, "its time was up");
        let _ = cast.finish(&[]);
        outcomes.saw("it was dropped");
    });
}
