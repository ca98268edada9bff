//! Watches and links, between two runs.

use super::cast::{Answer, Bid, Cast, Ear, FAIL, FAILED, Home, KILLED, Place, STOPPED};
use crate::common::gate::Gate;
use crate::common::inline::Say;
use crate::common::ledger::Ledger;
use corecast::loom_api::system::Registry;
use corecast::loom_api::task::{Renewal, Weakly};
use loom_tests::{Bounds, model};
use std::sync::Arc;

/// Two supervised actors with numbers: the locks of a link are taken in that order.
fn pair(ledgers: [&Ledger; 2], answers: [Answer; 2]) -> [Cast; 2] {
    let registry = Arc::new(Registry::new());
    let [one, other] = [0, 1].map(|at| {
        let home = Home { registry: Some(Arc::clone(&registry)), ..Home::new(ledgers[at]) };
        Cast::at(&home, &Ear, Renewal::AfterFailure, answers[at], 4, Place::default())
    });
    [one, other]
}

pub fn bid(cast: &Cast, bid: Bid) {
    assert!(cast.ward.try_tell(bid).is_ok(), "it lives");
}

/// Each has as many entries as the other has seats for it.
fn agree(one: &Weakly, other: &Weakly) -> bool {
    let ((mine, _, my_audience), (theirs, _, their_audience)) = (one.bonds(), other.bonds());
    (mine, theirs) == (their_audience, my_audience)
}

#[test]
fn a_watch_against_a_restart() {
    let expected = ["of the first run", "of the second run"];
    model("watch, restart", Bounds::default(), &expected, move |outcomes| {
        let [watcher, target] = pair([&Ledger::default(), &Ledger::default()], [Answer::Never, Answer::AtOnce]);
        let failing = target.meanwhile(|ward| ward.try_tell(Say(FAIL)).unwrap());
        bid(&watcher, Bid::Watch(target.ward.clone()));
        outcomes.saw(expected[target.script.downs()]);
        failing.join().unwrap();
        assert!(target.is_up());
        assert!(agree(&watcher.memory, &target.memory));
        assert!(watcher.script.note(|story| story.heard.is_empty()), "a restart is no end");
        let _ = target.finish(&[FAIL]);
        assert_eq!(watcher.script.note(|story| story.heard.clone()), [STOPPED]);
        let _ = watcher.finish(&[]);
    });
}

#[test]
fn a_link_against_a_restart() {
    let expected = ["with the first run, which took the other one along", "with the second run"];
    model("link, restart", Bounds::default(), &expected, move |outcomes| {
        let [one, other] = pair([&Ledger::default(), &Ledger::default()], [Answer::Never, Answer::AtOnce]);
        let failing = other.meanwhile(|ward| ward.try_tell(Say(FAIL)).unwrap());
        bid(&one, Bid::Link(other.ward.clone()));
        failing.join().unwrap();
        assert!(other.is_up());
        assert!(agree(&one.memory, &other.memory), "{:?}, {:?}", one.memory.bonds(), other.memory.bonds());
        let before = one.script.downs();
        assert!(other.tell(FAIL));
        assert_eq!(one.script.downs(), 1, "it fails with it, once");
        assert!(one.script.note(|story| story.downs[0].contains("has failed")));
        let _ = (one.finish(&[]), other.finish(&[FAIL, FAIL]));
        outcomes.saw(expected[1 - before]);
    });
}

/// The link is taken up again while the run ends that it was with: both know of it after that, or neither.
#[test]
fn a_second_link_against_a_restart() {
    let expected = ["not linked", "linked"];
    model("second link, restart", Bounds::default(), &expected, move |outcomes| {
        let [one, other] = pair([&Ledger::default(), &Ledger::default()], [Answer::AtOnce, Answer::AtOnce]);
        bid(&one, Bid::Link(other.ward.clone()));
        let failing = other.meanwhile(|ward| ward.try_tell(Say(FAIL)).unwrap());
        bid(&one, Bid::Link(other.ward.clone()));
        failing.join().unwrap();
        assert!(one.is_up() && other.is_up());
        let bonds = (one.memory.bonds(), other.memory.bonds());
        assert!(agree(&one.memory, &other.memory) && bonds.0 == bonds.1, "{bonds:?}");
        outcomes.saw(expected[bonds.0.0]);
        let _ = (one.finish(&[]), other.finish(&[FAIL]));
    });
}

/// Whoever watches another one, and is linked to it while its own run ends, has a seat there all the same.
#[test]
fn a_link_by_one_that_is_watched_against_the_restart_of_the_watcher() {
    let expected = ["with the first run", "with the second run"];
    model("link, restart of a watcher", Bounds::default(), &expected, move |outcomes| {
        let [one, other] = pair([&Ledger::default(), &Ledger::default()], [Answer::AtOnce, Answer::AtOnce]);
        bid(&other, Bid::Watch(one.ward.clone()));
        let failing = other.meanwhile(|ward| ward.try_tell(Say(FAIL)).unwrap());
        bid(&one, Bid::Link(other.ward.clone()));
        failing.join().unwrap();
        assert!(one.is_up() && other.is_up());
        let bonds = (one.memory.bonds(), other.memory.bonds());
        assert!(agree(&one.memory, &other.memory) && bonds.0 == bonds.1, "{bonds:?}");
        outcomes.saw(expected[bonds.0.0]);
        let _ = (one.finish(&[]), other.finish(&[FAIL]));
    });
}

#[test]
fn a_link_with_one_that_traps_against_a_restart() {
    let expected = ["heard of the first run", "of the second one alone"];
    model("trapped link, restart", Bounds::default(), &expected, move |outcomes| {
        let [one, other] = pair([&Ledger::default(), &Ledger::default()], [Answer::Never, Answer::AtOnce]);
        bid(&one, Bid::Trap);
        let failing = other.meanwhile(|ward| ward.try_tell(Say(FAIL)).unwrap());
        bid(&one, Bid::Link(other.ward.clone()));
        failing.join().unwrap();
        let before = one.script.note(|story| story.heard.len());
        assert!(other.tell(FAIL));
        assert_eq!(one.script.note(|story| story.heard.clone()), [FAILED], "once");
        assert!(agree(&one.memory, &other.memory));
        assert_eq!((one.script.downs(), one.memory.bonds()), (0, (0, 0, 0)));
        let _ = (one.finish(&[]), other.finish(&[FAIL, FAIL]));
        outcomes.saw(expected[1 - before]);
    });
}

/// The notice of a run that is over waits while the link is taken up again.
#[test]
fn a_second_link_against_the_notice_of_a_restart() {
    model("second link, notice", Bounds::default(), &["not linked"], move |outcomes| {
        let registry = Arc::new(Registry::new());
        let gate = Gate::new();
        let [one, other] = [Some(Arc::clone(&gate)), None].map(|gate| {
            let home = Home { registry: Some(Arc::clone(&registry)), ..Home::new(&Ledger::default()) };
            let place = Place { gate, ..Place::default() };
            Cast::at(&home, &Ear, Renewal::AfterFailure, Answer::AtOnce, 4, place)
        });
        bid(&one, Bid::Trap);
        bid(&one, Bid::Link(other.ward.clone()));
        bid(&one, Bid::LinkLater(other.ward.clone()));
        let failing = other.meanwhile(|ward| ward.try_tell(Say(FAIL)).unwrap());
        gate.open();
        failing.join().unwrap();
        assert!(one.is_up() && other.is_up());
        let bonds = (one.memory.bonds(), other.memory.bonds());
        assert_eq!(bonds, ((0, 0, 0), (0, 0, 0)), "what was heard of is over for both");
        outcomes.saw("not linked");
        let _ = (one.finish(&[]), other.finish(&[FAIL]));
    });
}

#[test]
fn two_linked_ones_that_fail_at_once() {
    let expected = ["each by itself", "one with the other"];
    model("linked failures", Bounds::default(), &expected, move |outcomes| {
        let [one, other] = pair([&Ledger::default(), &Ledger::default()], [Answer::AtOnce, Answer::AtOnce]);
        bid(&one, Bid::Link(other.ward.clone()));
        let failing = other.meanwhile(|ward| ward.try_tell(Say(FAIL)).unwrap());
        assert!(one.tell(FAIL));
        failing.join().unwrap();
        assert!(one.is_up() && other.is_up());
        assert_eq!([one.memory.bonds(), other.memory.bonds()], [(0, 0, 0); 2]);
        let stories = [one.finish(&[FAIL]).1, other.finish(&[FAIL]).1];
        for story in &stories {
            // The link was with the run that is over: it takes along no other one.
            assert!(!story.downs.iter().any(|down| down == KILLED), "{stories:?}");
        }
        outcomes.saw(expected[stories.iter().filter(|story| story.downs.len() == 2).count()]);
    });
}
