//! Rest: going idle against senders and nudges, who runs the actor, and what is seen of the run.

use super::actor::{Actor, Note, ROOMY};
use loom::thread;
use loom_tests::{Bounds, model_in_all_modes as model};

#[test]
fn two_senders_and_a_consumer_that_goes_idle() {
    let expected = ["idle between all", "idle between some", "one run", "behind"];
    model("two senders, idle", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::<Note>::idle(ROOMY);
        let senders = [actor.sender(1, 0..2), actor.sender(2, 0..1)];
        let (_, runs) = actor.settle_after(senders, &[(1, 0), (1, 1), (2, 0)]);
        outcomes.saw(match runs - 1 {
            3 => "idle between all",
            2 => "idle between some",
            _ => "one run",
        });
        actor.tally.say_behind(outcomes);
    });
}

#[test]
fn two_senders_and_a_consumer_on_its_own_thread() {
    let expected = ["consumer ran all", "senders ran the rest", "behind"];
    model("two senders, consumer", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::<Note>::new(ROOMY);
        let senders = [actor.sender(1, 0..1), actor.sender(2, 0..1)];
        // The first run of the actor is ours: a new mailbox counts as scheduled.
        thread::yield_now();
        actor.run();
        let (_, runs) = actor.settle_after(senders, &[(1, 0), (2, 0)]);
        outcomes.saw(if runs == 1 { "consumer ran all" } else { "senders ran the rest" });
        actor.tally.say_behind(outcomes);
    });
}

/// As above, with more messages: the actor goes idle over and over.
#[test]
fn two_senders_with_two_messages_each() {
    // A sender's second message comes after the run that it may have done for its first: never one run for all.
    let expected = ["four runs", "three runs", "two runs", "behind"];
    model("two senders, idle, 2 x 2", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::<Note>::idle(ROOMY);
        let senders = [actor.sender(1, 0..2), actor.sender(2, 0..2)];
        let (_, runs) = actor.settle_after(senders, &[(1, 0), (1, 1), (2, 0), (2, 1)]);
        outcomes.saw(["two runs", "three runs", "four runs"][runs - 3]);
        actor.tally.say_behind(outcomes);
    });
}

#[test]
fn nudge_against_idle() {
    model("nudge, idle", Bounds::default(), &["one look", "two looks"], |outcomes| {
        let actor = Actor::<Note>::new(ROOMY);
        let nudgers = [0, 1].map(|which| actor.spawn(move |actor| actor.nudge(which)));
        actor.run();
        let (_, runs) = actor.settle_after(nudgers, &[]);
        // SAFETY: both nudgers have been joined.
        let seen = actor.state.with(|state| unsafe { (*state).looks });
        assert_eq!(seen, 2, "the last look sees both");
        outcomes.saw(if runs < 3 { "one look" } else { "two looks" });
    });
}

#[test]
fn nudge_against_send_against_idle() {
    model("nudge, send, idle", Bounds::default(), &["one run", "two runs"], |outcomes| {
        let actor = Actor::<Note>::idle(ROOMY);
        let (_, runs) = actor.settle_after([actor.spawn(|actor| actor.nudge(0)), actor.sender(1, 0..1)], &[(1, 0)]);
        // SAFETY: nudger and sender have been joined.
        assert_eq!(actor.state.with(|state| unsafe { (*state).looks }), 1);
        outcomes.saw(if runs == 2 { "one run" } else { "two runs" });
    });
}

/// What the actor did is visible to whoever finds it idle.
#[test]
fn idle_is_seen_with_what_was_done() {
    model("idle and done", Bounds::default(), &["busy", "idle"], |outcomes| {
        let actor = Actor::<Note>::new(ROOMY);
        let runner = actor.runner();
        thread::yield_now();
        if actor.mailbox.is_idle() {
            outcomes.saw("idle");
            // SAFETY: loom checks it: whoever sees Idle comes after the run, and nobody runs again.
            actor.state.with(|state| assert_eq!(unsafe { (*state).runs }, 1));
        } else {
            outcomes.saw("busy");
        }
        runner.join().unwrap();
    });
}
