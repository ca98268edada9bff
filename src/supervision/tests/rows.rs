//! OTP's rules, a test for each; and behind them what goes beyond OTP.

use std::time::Duration;

use super::stage::{SECOND, Stage};
use crate::supervision::action::Exit;
use crate::supervision::auto_shutdown::AutoShutdown;
use crate::supervision::backoff::Backoff;
use crate::supervision::child::Key;
use crate::supervision::event::Event;
use crate::supervision::intensity::Intensity;
use crate::supervision::restart::RestartType::{self, Permanent, Temporary, Transient};
use crate::supervision::rules::{ChildKind, SupervisorRules};
use crate::supervision::shutdown::ShutdownPolicy;
use crate::supervision::strategy::Strategy::{self, OneForAll, OneForOne, RestForOne};
use crate::task::reason::{ActorError, StopReason};

/// A supervisor that doesn't give up soon.
fn patient(strategy: Strategy) -> Stage {
    let intensity = Intensity::new(100, SECOND);
    Stage::new(SupervisorRules { strategy, intensity, ..SupervisorRules::default() })
}

/// One that restarts so often within five seconds.
fn strict(restarts: u32) -> Stage {
    let intensity = Intensity::new(restarts, 5 * SECOND);
    Stage::new(SupervisorRules { intensity, ..SupervisorRules::default() }).permanent(&["a"]).begun()
}

fn ending(auto_shutdown: AutoShutdown) -> Stage {
    Stage::new(SupervisorRules { auto_shutdown, ..SupervisorRules::default() })
}

fn significant(stage: Stage, ids: &[&str], restart: RestartType) -> Stage {
    ids.iter().fold(stage, |stage, id| {
        stage.special(id, |rules| {
            rules.restart = restart;
            rules.significant = true;
        })
    })
}

// --- start and stop --------------------------------------------------------------------------------------------------

#[test]
fn children_are_started_in_their_order_each_when_the_one_before_is_up() {
    for strategy in [OneForOne, OneForAll, RestForOne] {
        let mut stage = patient(strategy).permanent(&["a", "b"]);
        assert_eq!(stage.hear(Event::Begin), "start a");
        assert_eq!(stage.hear(Event::Up(stage.key("a"))), "start b");
        assert_eq!(stage.hear(Event::Up(stage.key("b"))), "ready");
        assert_eq!(stage.reports, ["a started", "b started"]);
    }
}

#[test]
fn children_are_stopped_the_last_one_first_each_when_the_one_behind_has_ended() {
    for strategy in [OneForOne, OneForAll, RestForOne] {
        let mut stage = patient(strategy).permanent(&["a", "b"]).begun();
        assert_eq!(stage.hear(Event::Shutdown), "stop b, arm b 5s");
        assert_eq!(stage.hear(stage.gone("b")), "disarm b, stop a, arm a 5s");
        assert_eq!(stage.hear(stage.gone("a")), "disarm a, exit");
    }
}

#[test]
fn a_first_start_that_fails_stops_those_before_it_and_ends_the_supervisor() {
    let mut stage = patient(OneForOne).permanent(&["a", "b", "c"]);
    stage.breaks("b");
    let failure = "exit: b did not start: it could not start: broken";
    assert_eq!(stage.play(Event::Begin), format!("start a, start b, end b, stop a, {failure}"));
    assert!(!Exit::StartFailed(Key::FIRST, StopReason::Killed).is_orderly(), "its own supervisor sees a failure");
}

#[test]
fn a_child_that_is_ignored_keeps_its_place_unless_it_is_temporary() {
    let mut stage = patient(OneForOne).permanent(&["a"]).child("b", Temporary);
    stage.hear(Event::Begin);
    assert_eq!(stage.hear(Event::Ignored(stage.key("a"))), "start b");
    assert_eq!(stage.hear(Event::Ignored(stage.key("b"))), "forget b, ready");
    assert_eq!(stage.states(), "a Idle");
}

// --- restart types ---------------------------------------------------------------------------------------------------

#[test]
fn a_permanent_child_is_restarted_whatever_it_ended_by() {
    let mut stage = patient(OneForOne).permanent(&["a"]).begun();
    assert_eq!(stage.hear(stage.finished("a")), "restart a");
    stage.hear(Event::Up(stage.key("a")));
    assert_eq!(stage.hear(stage.failed("a")), "restart a");
}

#[test]
fn a_transient_child_is_restarted_unless_it_ended_in_order() {
    let mut stage = patient(OneForOne).child("a", Transient).begun();
    assert_eq!(stage.play(stage.failed("a")), "restart a");
    assert_eq!(stage.play(stage.finished("a")), "end a");
    assert_eq!(stage.states(), "a Idle", "its place is kept");
}

#[test]
fn a_temporary_child_is_never_restarted_and_is_forgotten() {
    let mut stage = patient(OneForOne).child("a", Temporary).child("b", Temporary).begun();
    assert_eq!(stage.play(stage.killed("a")), "forget a");
    assert_eq!(stage.play(stage.failed("b")), "end b, forget b");
    assert_eq!(stage.states(), "");
}

#[test]
fn a_temporary_child_is_forgotten_when_a_sibling_s_restart_takes_it_down() {
    let mut stage = patient(OneForAll).permanent(&["a"]).child("b", Temporary).permanent(&["c"]).begun();
    assert_eq!(stage.fails("a"), "recall c, stop b, forget b, restart a, restart c");
    assert_eq!(stage.up(), "a c");
}

// --- strategies ------------------------------------------------------------------------------------------------------

#[test]
fn one_for_one_restarts_the_one_that_failed() {
    let mut stage = patient(OneForOne).permanent(&["a", "b", "c"]).begun();
    assert_eq!(stage.fails("b"), "restart b");
}

#[test]
fn one_for_all_takes_the_others_down_the_last_one_first_and_starts_all_in_order() {
    let mut stage = patient(OneForAll).permanent(&["a", "b", "c"]).begun();
    assert_eq!(stage.fails("b"), "recall c, recall a, restart a, restart b, restart c");
}

#[test]
fn rest_for_one_leaves_those_before_alone() {
    let mut stage = patient(RestForOne).permanent(&["a", "b", "c", "d"]).begun();
    assert_eq!(stage.fails("b"), "recall d, recall c, restart b, restart c, restart d");
    assert_eq!(stage.fails("d"), "restart d");
}

#[test]
fn a_group_s_restart_starts_those_again_that_had_ended() {
    let mut stage = patient(OneForAll).permanent(&["a"]).child("b", Transient).permanent(&["c"]).begun();
    assert_eq!(stage.play(stage.gone("b")), "");
    assert_eq!(stage.play(stage.terminate("c")), "stop c, ok");
    assert_eq!(stage.fails("a"), "restart a, start b, start c");
}

#[test]
fn a_failed_restart_of_rest_for_one_is_tried_again_from_that_child_on() {
    let mut stage = patient(RestForOne).permanent(&["a", "b", "c"]).begun();
    stage.hear(stage.failed("a"));
    stage.hear(stage.finished("c"));
    assert_eq!(stage.hear(stage.finished("b")), "disarm b, restart a");
    assert_eq!(stage.hear(Event::Up(stage.key("a"))), "restart b");
    assert_eq!(stage.hear(stage.failed_at_once("b")), "restart b", "and a stays up");
    assert_eq!(stage.hear(Event::Up(stage.key("b"))), "restart c");
}

#[test]
fn a_failed_restart_of_one_for_all_takes_those_down_again_that_were_up() {
    let mut stage = patient(OneForAll).permanent(&["a", "b", "c"]).begun();
    stage.hear(stage.failed("b"));
    stage.hear(stage.finished("c"));
    stage.hear(stage.finished("a"));
    assert_eq!(stage.hear(Event::Up(stage.key("a"))), "restart b");
    assert_eq!(stage.play(stage.failed_at_once("b")), "recall a, restart a, restart b, restart c");
}

// --- intensity -------------------------------------------------------------------------------------------------------

#[test]
fn a_supervisor_gives_up_at_the_restart_that_is_one_too_many() {
    let mut stage = strict(2);
    assert_eq!(stage.fails("a"), "restart a");
    assert_eq!(stage.fails("a"), "restart a");
    assert_eq!(stage.fails("a"), "end a, give up");
}

#[test]
fn restarts_count_within_the_period_which_includes_its_end() {
    let mut stage = strict(1);
    assert_eq!(stage.fails("a"), "restart a");
    stage.passes(5 * SECOND + Duration::from_nanos(1));
    assert_eq!(stage.fails("a"), "restart a", "the one before is past");
    stage.passes(5 * SECOND);
    assert_eq!(stage.fails("a"), "end a, give up", "the one before is just not past");
}

#[test]
fn each_attempt_counts_also_one_that_fails() {
    let mut stage = strict(3);
    stage.breaks("a");
    assert_eq!(stage.fails("a"), "restart a, restart a, restart a, end a, give up");
}

#[test]
fn a_group_s_restart_counts_once() {
    let intensity = Intensity::new(1, SECOND);
    let rules = SupervisorRules { strategy: OneForAll, intensity, ..SupervisorRules::default() };
    let mut stage = Stage::new(rules).permanent(&["a", "b"]).begun();
    assert_eq!(stage.fails("a"), "recall b, restart a, restart b");
    assert_eq!(stage.fails("b"), "end b, stop a, give up");
}

#[test]
fn an_intensity_of_zero_is_no_restart_at_all() {
    assert_eq!(strict(0).fails("a"), "end a, give up");
}

#[test]
fn a_supervisor_that_gives_up_stops_all_the_last_one_first_and_ends_in_order() {
    let intensity = Intensity::new(0, SECOND);
    let rules = SupervisorRules { intensity, ..SupervisorRules::default() };
    let mut stage = Stage::new(rules).permanent(&["a", "b", "c"]).begun();
    assert_eq!(stage.fails("b"), "stop c, end b, stop a, give up");
    assert_eq!(stage.reports[..2], ["b failed", "b gaveup"]);
    let exit = Exit::GaveUp(Key::FIRST, StopReason::Killed);
    assert!(exit.is_orderly(), "as OTP's `shutdown`: a transient supervisor isn't restarted");
    assert!(Permanent.restarts(exit.is_orderly()) && !Transient.restarts(exit.is_orderly()));
}

#[test]
fn a_failed_restart_lets_others_through_before_the_next_attempt() {
    let mut stage = patient(OneForOne).permanent(&["a", "b"]).begun();
    assert_eq!(stage.hear(stage.failed("a")), "restart a");
    assert_eq!(stage.hear(stage.failed_at_once("a")), "restart a");
    assert_eq!(stage.hear(stage.failed("b")), "restart b");
    assert_eq!(stage.hear(Event::Shutdown), "stop b, arm b 5s", "and nothing starts any more");
    assert_eq!(stage.hear(stage.failed_at_once("a")), "");
    assert_eq!(stage.hear(stage.gone("b")), "disarm b, end a");
    assert_eq!(stage.hear(stage.killed("a")), "exit");
}

// --- shutdown --------------------------------------------------------------------------------------------------------

#[test]
fn a_child_that_outlasts_its_budget_is_cut() {
    let mut stage = patient(OneForOne).permanent(&["a"]).begun();
    assert_eq!(stage.hear(Event::Shutdown), "stop a, arm a 5s");
    let rung = stage.rung("a");
    assert_eq!(stage.hear(rung), "cut a");
    assert_eq!(stage.hear(stage.killed("a")), "exit");
    assert_eq!(stage.reports, ["a overdue", "a stopped"]);
}

#[test]
fn a_brutal_shutdown_gives_no_time_and_infinity_gives_all() {
    let mut stage = patient(OneForOne)
        .special("a", |rules| rules.shutdown = ShutdownPolicy::Infinity)
        .special("b", |rules| rules.shutdown = ShutdownPolicy::Brutal)
        .begun();
    assert_eq!(stage.hear(Event::Shutdown), "stop b, cut b");
    assert_eq!(stage.hear(stage.killed("b")), "stop a");
}

#[test]
fn a_sibling_that_is_taken_down_has_its_budget_too() {
    let mut stage =
        patient(OneForAll).permanent(&["a", "b"]).special("c", |rules| rules.shutdown = ShutdownPolicy::Brutal).begun();
    assert_eq!(stage.hear(stage.failed("a")), "recall c, cut c");
    assert_eq!(stage.hear(stage.finished("c")), "recall b, arm b 5s");
    let rung = stage.rung("b");
    assert_eq!(stage.hear(rung), "cut b");
    assert_eq!(stage.hear(stage.finished("b")), "restart a");
}

#[test]
fn dynamic_children_are_stopped_all_together_with_one_budget() {
    let dynamic = Some(ShutdownPolicy::Within(3 * SECOND));
    let mut stage = Stage::new(SupervisorRules { dynamic, ..SupervisorRules::default() });
    stage.play(Event::Begin);
    for _ in 0..3 {
        let key = stage.add("", |_| {}).expect("no id is no clash");
        assert_eq!(
            stage.play(Event::StartChild { child: key, request: crate::supervision::event::Request(0) }),
            "start , ok"
        );
    }
    assert_eq!(stage.hear(Event::Shutdown), "stop , stop , stop , arm 3s");
    assert_eq!(stage.hear(Event::Ended { child: Key(1), reason: StopReason::Stopped }), "forget ");
    let rung = stage.rung("");
    assert_eq!(stage.hear(rung), "cut , cut ");
    assert_eq!(stage.hear(Event::Ended { child: Key(2), reason: StopReason::Killed }), "forget ");
    assert_eq!(stage.hear(Event::Ended { child: Key(0), reason: StopReason::Killed }), "forget , exit");
}

#[test]
fn a_dynamic_child_is_restarted_by_its_type_and_forgotten_when_it_ends() {
    let rules = SupervisorRules { dynamic: Some(ShutdownPolicy::Infinity), ..SupervisorRules::default() };
    let mut stage = Stage::new(rules);
    stage.play(Event::Begin);
    let child = stage.add("", |rules| rules.restart = Transient).expect("good rules");
    stage.play(Event::StartChild { child, request: crate::supervision::event::Request(0) });
    assert_eq!(stage.fails(""), "restart ");
    assert_eq!(stage.play(stage.gone("")), "forget ");
}

#[test]
fn an_end_is_told_of_once_though_its_place_waits_to_be_filled_again() {
    let mut stage = patient(OneForAll).permanent(&["a"]).special("b", |rules| rules.restart = Transient).begun();
    stage.play(stage.finished("b"));
    assert_eq!(stage.reports, ["b stopped"]);
    assert_eq!(stage.hear(stage.failed("a")), "restart a");
    assert_eq!(stage.states(), "a Starting, b Waiting");
    stage.play(Event::Shutdown);
    assert_eq!(stage.reports, ["b stopped", "a failed", "a stopped"]);
}

// --- significant children --------------------------------------------------------------------------------------------

#[test]
fn any_significant_child_that_ends_for_good_ends_its_supervisor() {
    let mut stage = significant(ending(AutoShutdown::AnySignificant), &["a", "b"], Transient).permanent(&["c"]).begun();
    assert_eq!(stage.fails("a"), "restart a", "not for good");
    assert_eq!(stage.play(stage.gone("a")), "stop c, stop b, exit by itself");
    assert!(Exit::AutoShutdown.is_orderly());
}

#[test]
fn all_significant_children_end_their_supervisor_when_the_last_one_has_ended() {
    let stage = significant(ending(AutoShutdown::AllSignificant), &["a"], Transient);
    let mut stage = significant(stage, &["b"], Temporary).permanent(&["c"]).begun();
    assert_eq!(stage.play(stage.gone("a")), "");
    assert_eq!(stage.play(stage.killed("b")), "forget b, stop c, exit by itself");
}

#[test]
fn a_child_that_is_not_significant_ends_nobody_nor_does_one_that_is_terminated() {
    let mut stage = significant(ending(AutoShutdown::AnySignificant), &["a"], Transient).child("b", Transient).begun();
    assert_eq!(stage.play(stage.gone("b")), "");
    assert_eq!(stage.play(stage.terminate("a")), "stop a, ok");
}

// --- commands --------------------------------------------------------------------------------------------------------

#[test]
fn a_child_that_is_added_is_started_behind_the_others_and_forgotten_if_that_fails() {
    let mut stage = patient(RestForOne).permanent(&["a"]).begun();
    for (id, outcome) in [
        ("b", "start b, ok"),
        ("c", "start c, refused as the child did not start: it could not start: broken, end c, forget c"),
    ] {
        stage.add(id, |_| {}).expect("good rules");
        stage.breaks("c");
        assert_eq!(stage.play(stage.start(id)), outcome);
    }
    assert_eq!(stage.states(), "a Up, b Up");
    assert_eq!(stage.fails("a"), "recall b, restart a, restart b");
}

#[test]
fn a_child_is_terminated_restarted_and_deleted_by_command() {
    let mut stage = strict(0);
    assert_eq!(stage.play(stage.restart("a")), "refused as the child is running");
    assert_eq!(stage.play(stage.delete("a")), "refused as the child is running");
    assert_eq!(stage.play(stage.terminate("a")), "stop a, ok");
    assert_eq!(stage.play(stage.terminate("a")), "ok", "once more is no mistake");
    assert_eq!(stage.play(stage.restart("a")), "start a, ok", "which counts as no restart");
    stage.play(stage.terminate("a"));
    stage.breaks("a");
    let refused = "start a, refused as the child did not start: it could not start: broken, end a";
    assert_eq!(stage.play(stage.restart("a")), refused);
    assert_eq!(stage.states(), "a Idle", "its place is kept");
    assert_eq!(stage.play(stage.delete("a")), "forget a, ok");
    assert_eq!(stage.play(stage.delete("a")), "refused as there is no such child");
    assert!(stage.add("a", |_| {}).is_ok(), "its id is free");
}

#[test]
fn a_temporary_child_that_is_terminated_is_forgotten() {
    let mut stage = patient(OneForOne).child("a", Temporary).begun();
    assert_eq!(stage.play(stage.terminate("a")), "stop a, ok, forget a");
}

#[test]
fn children_are_counted_by_what_they_are() {
    let mut stage =
        patient(OneForOne).permanent(&["a"]).special("b", |rules| rules.kind = ChildKind::Supervisor).begun();
    stage.play(stage.terminate("a"));
    let count = stage.policy().count_children();
    assert_eq!((count.specs, count.active, count.workers, count.supervisors), (2, 1, 1, 1));
    assert_eq!(stage.policy().find("b"), Some(stage.key("b")));
}

// --- beyond OTP: back-off --------------------------------------------------------------------------------------------

/// One second, two, four .. a minute; from the beginning again after ten.
fn backing_off(strategy: Strategy) -> Stage {
    let backoff = Backoff::new(SECOND, 60 * SECOND).jitter(0.5).reset_after(10 * SECOND);
    patient(strategy).permanent(&["a"]).special("b", |rules| rules.backoff = Some(backoff)).permanent(&["c"]).begun()
}

#[test]
fn a_child_backs_off_longer_after_each_failure_while_the_others_are_served() {
    let mut stage = backing_off(OneForOne);
    assert_eq!(stage.hear(stage.failed("b")), "arm b 1s");
    assert_eq!(stage.hear(stage.failed("a")), "restart a");
    stage.play(Event::Up(stage.key("a")));
    assert_eq!(stage.rings("b"), "restart b");
    assert_eq!(stage.hear(stage.failed("b")), "arm b 2s");
    let rung = stage.rung("b");
    assert_eq!(stage.hear(rung), "restart b");
    assert_eq!(stage.hear(stage.failed_at_once("b")), "arm b 4s", "a failed start is a failure");
    assert_eq!(stage.states(), "a Up, b Waiting, c Up");
    assert_eq!(stage.reports[1], "b backs off for 1s");
}

#[test]
fn a_healthy_time_makes_the_backoff_begin_anew() {
    let mut stage = backing_off(OneForOne);
    stage.hear(stage.failed("b"));
    stage.rings("b");
    stage.passes(10 * SECOND - Duration::from_nanos(1));
    assert_eq!(stage.hear(stage.failed("b")), "arm b 2s", "not long enough");
    stage.rings("b");
    stage.passes(10 * SECOND);
    assert_eq!(stage.hear(stage.failed("b")), "arm b 1s");
}

#[test]
fn a_group_is_taken_down_at_once_and_waits_for_the_backoff_together() {
    let mut stage = backing_off(RestForOne);
    assert_eq!(stage.hear(stage.failed("b")), "recall c, arm c 5s");
    assert_eq!(stage.hear(stage.finished("c")), "disarm c, arm 1s");
    assert_eq!(stage.rings(""), "restart b, restart c");
}

#[test]
fn a_failure_before_a_group_that_waits_makes_the_group_larger() {
    let mut stage = backing_off(RestForOne);
    stage.play(stage.failed("b"));
    assert_eq!(stage.states(), "a Up, b Waiting, c Waiting");
    assert_eq!(stage.hear(stage.failed("a")), "disarm, arm 1s");
    assert_eq!(stage.rings(""), "restart a, restart b, restart c");
}

#[test]
fn the_backoff_of_a_group_that_grows_is_not_heard_any_more() {
    let backoff = Some(Backoff::new(SECOND, SECOND));
    let mut stage = patient(RestForOne).permanent(&["a", "b"]).special("c", |rules| rules.backoff = backoff).begun();
    stage.hear(stage.failed("c"));
    assert_eq!(stage.hear(stage.failed("a")), "disarm, recall b, arm b 5s");
    let rung = stage.rung("");
    assert_eq!(stage.hear(rung), "", "it was on its way");
    assert_eq!(stage.hear(stage.finished("b")), "disarm b, arm 1s");
}

#[test]
fn a_child_that_backs_off_can_be_terminated_and_its_alarm_is_not_heard_any_more() {
    let mut stage = backing_off(OneForOne);
    stage.hear(stage.failed("b"));
    assert_eq!(stage.hear(stage.terminate("b")), "disarm b, end b");
    let rung = stage.rung("b");
    assert_eq!(stage.hear(rung), "", "it was on its way");
    assert_eq!(stage.hear(stage.killed("b")), "ok");
}

#[test]
fn a_transient_child_that_is_stopped_while_it_backs_off_is_not_restarted() {
    let backoff = Some(Backoff::new(SECOND, SECOND));
    for (restart, disarmed, state) in [(Transient, "disarm a", "a Idle"), (Permanent, "", "a Waiting")] {
        let mut stage =
            patient(OneForOne).special("a", |rules| (rules.backoff, rules.restart) = (backoff, restart)).begun();
        stage.hear(stage.failed("a"));
        assert_eq!(stage.hear(stage.gone("a")), disarmed);
        assert_eq!(stage.states(), state);
    }
}

#[test]
fn a_child_that_is_terminated_while_its_group_waits_does_not_come_up_with_it() {
    let mut stage = backing_off(RestForOne);
    stage.play(stage.failed("b"));
    assert_eq!(stage.play(stage.terminate("b")), "end b, ok");
    assert_eq!(stage.rings(""), "restart c");
    assert_eq!(stage.states(), "a Up, b Idle, c Up");
}

#[test]
fn a_shutdown_does_not_wait_for_a_backoff() {
    for strategy in [OneForOne, RestForOne] {
        let mut stage = backing_off(strategy);
        stage.play(stage.failed("b"));
        let stops = if strategy == OneForOne { "stop c, end b, stop a, exit" } else { "end c, end b, stop a, exit" };
        assert_eq!(stage.play(Event::Shutdown), stops);
    }
}

#[test]
fn a_backoff_that_ends_while_the_supervisor_leaves_starts_nobody() {
    let mut stage = backing_off(OneForOne);
    stage.hear(stage.failed("b"));
    assert_eq!(stage.hear(Event::Shutdown), "stop c, arm c 5s");
    let rung = stage.rung("b");
    assert_eq!(stage.hear(rung), "");
    assert_eq!(stage.hear(stage.gone("c")), "disarm c, end b");
}

#[test]
fn a_significant_child_that_backs_off_has_not_ended_for_good() {
    let backoff = Some(Backoff::new(SECOND, SECOND));
    let mut stage = significant(ending(AutoShutdown::AllSignificant), &["a"], Transient)
        .special("b", |rules| (rules.restart, rules.significant, rules.backoff) = (Transient, true, backoff))
        .begun();
    assert_eq!(stage.hear(stage.failed("b")), "arm b 1s");
    assert_eq!(stage.hear(stage.gone("a")), "");
    assert_eq!(stage.play(stage.terminate("b")), "end b, ok", "and one that is terminated ends nobody");
}

// --- beyond OTP: quarantine, limits, escalation, and what comes at a bad time ----------------------------------------

fn frail(stage: Stage) -> Stage {
    stage.special("a", |rules| rules.quarantine_after = Some(3))
}

#[test]
fn a_child_that_fails_too_often_without_a_success_is_quarantined() {
    let mut stage = frail(patient(OneForOne)).begun();
    assert_eq!(stage.play(stage.failed_at_once("a")), "restart a");
    assert_eq!(stage.play(stage.failed_at_once("a")), "restart a");
    assert_eq!(stage.play(stage.failed("a")), "restart a", "it had a success");
    assert_eq!(stage.play(stage.failed_at_once("a")), "restart a");
    assert_eq!(stage.play(stage.failed_at_once("a")), "end a");
    assert_eq!(stage.states(), "a Idle");
    assert_eq!(stage.reports[stage.reports.len() - 2..], ["a quarantined", "a stopped"]);
}

#[test]
fn one_in_quarantine_comes_up_with_no_group_but_by_command() {
    let mut stage = frail(patient(OneForAll)).permanent(&["b"]).begun();
    stage.breaks("a");
    assert_eq!(
        stage.fails("a"),
        "recall b, restart a, restart a, end a, restart b",
        "and nobody else goes down for the last one"
    );
    assert_eq!(stage.states(), "a Idle, b Up");
    assert_eq!(stage.fails("b"), "restart b");
    stage.mends("a");
    assert_eq!(stage.play(stage.restart("a")), "start a, ok");
    assert_eq!(stage.play(stage.failed_at_once("a")), "recall b, restart a, restart b", "its failures are forgotten");
}

#[test]
fn a_start_that_exceeds_its_limit_is_cut_and_counts_as_failed() {
    let mut stage = patient(OneForOne).special("a", |rules| rules.start_limit = Some(SECOND));
    assert_eq!(stage.hear(Event::Begin), "start a, arm a 1s");
    assert_eq!(stage.hear(Event::Up(stage.key("a"))), "disarm a, ready");
    assert_eq!(stage.hear(stage.failed("a")), "restart a, arm a 1s");
    let rung = stage.rung("a");
    assert_eq!(stage.hear(rung), "cut a");
    assert_eq!(stage.hear(stage.failed_at_once("a")), "restart a, arm a 1s");
}

#[test]
fn a_child_that_escalates_ends_its_supervisor_with_its_failure() {
    let mut stage = patient(OneForOne).permanent(&["a", "b"]).begun();
    let escalated = Event::Escalated { child: stage.key("a"), reason: StopReason::Killed };
    assert_eq!(stage.play(escalated), "stop b, end a, exit: a escalated: it was killed");
    assert_eq!(stage.reports[0], "a escalated");
    assert!(!Exit::Escalated(Key::FIRST, StopReason::Killed).is_orderly(), "its own supervisor sees a failure");
}

#[test]
fn failures_within_a_group_that_is_taken_down_count_for_nothing() {
    let intensity = Intensity::new(1, SECOND);
    let rules = SupervisorRules { strategy: OneForAll, intensity, ..SupervisorRules::default() };
    let mut stage = Stage::new(rules).permanent(&["a", "b"]).child("c", Transient).child("d", Temporary).begun();
    assert_eq!(stage.hear(stage.failed("b")), "stop d, arm d 5s");
    assert_eq!(stage.hear(stage.failed("a")), "", "it is down already when it is its turn");
    assert_eq!(stage.hear(stage.gone("c")), "", "and one that ended in order is started as well");
    assert_eq!(stage.hear(stage.killed("d")), "disarm d, forget d, restart a");
    assert_eq!(stage.play(Event::Up(stage.key("a"))), "restart b, start c");
}

#[test]
fn a_failure_of_one_that_is_up_again_takes_the_group_down_once_more() {
    let mut stage = patient(OneForAll).permanent(&["a", "b", "c"]).begun();
    stage.hear(stage.failed("c"));
    stage.hear(stage.finished("b"));
    assert_eq!(stage.hear(stage.finished("a")), "disarm a, restart a");
    assert_eq!(stage.hear(Event::Up(stage.key("a"))), "restart b");
    assert_eq!(stage.hear(stage.failed("a")), "recall b, arm b 5s", "while it starts");
    assert_eq!(stage.hear(Event::Up(stage.key("b"))), "", "it had just begun to be up");
    assert_eq!(stage.hear(stage.finished("b")), "disarm b, restart a");
}

#[test]
fn a_failure_before_a_group_that_is_taken_down_makes_the_group_larger() {
    let mut stage = patient(RestForOne).permanent(&["a", "b", "c", "d", "e"]).begun();
    assert_eq!(stage.hear(stage.failed("d")), "recall e, arm e 5s");
    assert_eq!(stage.hear(stage.failed("b")), "");
    assert_eq!(stage.play(stage.finished("e")), "recall c, restart b, restart c, restart d, restart e");
}

#[test]
fn one_that_was_being_taken_down_keeps_its_budget_when_its_supervisor_leaves() {
    let mut stage = patient(OneForAll).permanent(&["a", "b"]).begun();
    assert_eq!(stage.hear(stage.failed("a")), "recall b, arm b 5s");
    assert_eq!(stage.hear(Event::Shutdown), "stop b", "and its alarm is what it was");
    let rung = stage.rung("b");
    assert_eq!(stage.hear(rung), "cut b");
    assert_eq!(stage.hear(stage.killed("b")), "end a");
}

#[test]
fn a_child_that_is_added_while_its_group_is_down_comes_up_behind_it() {
    let mut stage = patient(OneForAll).permanent(&["a", "b"]).begun();
    stage.hear(stage.failed("a"));
    stage.add("c", |_| {}).expect("good rules");
    assert_eq!(stage.hear(stage.start("c")), "");
    assert_eq!(stage.play(stage.finished("b")), "restart a, restart b, start c, ok");
}

#[test]
fn who_asks_a_supervisor_that_leaves_is_refused_or_waits_for_the_end() {
    let mut stage = patient(OneForOne).permanent(&["a", "b"]).begun();
    stage.add("c", |_| {}).expect("good rules");
    assert_eq!(stage.hear(stage.start("c")), "start c");
    let refused = "refused as the supervisor is shutting down";
    assert_eq!(stage.hear(Event::Shutdown), format!("{refused}, stop c, arm c 5s"));
    assert_eq!(stage.hear(stage.restart("a")), refused);
    assert_eq!(stage.hear(stage.terminate("a")), "");
    stage.add("d", |_| {}).expect("good rules");
    assert_eq!(stage.hear(stage.start("d")), format!("{refused}, forget d"));
    stage.hear(stage.gone("c"));
    stage.hear(stage.gone("b"));
    assert_eq!(stage.hear(stage.gone("a")), "disarm a, ok, exit");
    assert_eq!(stage.hear(stage.restart("a")), refused);
}

#[test]
fn a_temporary_child_that_is_taken_down_while_it_starts_refuses_who_asked_for_the_start() {
    let mut stage = patient(OneForAll).permanent(&["a"]).begun();
    stage.add("b", |rules| rules.restart = Temporary).expect("good rules");
    assert_eq!(stage.hear(stage.start("b")), "start b");
    let refused = "refused as the child was terminated before it had started";
    assert_eq!(stage.hear(stage.failed("a")), format!("{refused}, stop b, arm b 5s"));
}

#[test]
fn a_group_comes_up_behind_one_before_it_that_starts_by_itself() {
    let mut stage = patient(RestForOne).permanent(&["a", "b"]).begun();
    stage.play(stage.terminate("a"));
    assert_eq!(stage.hear(stage.restart("a")), "start a");
    assert_eq!(stage.hear(stage.failed("b")), "");
    assert_eq!(stage.hear(Event::Up(stage.key("a"))), "ok, restart b");
}

#[test]
fn a_child_that_is_terminated_while_it_starts_refuses_who_asked_for_the_start() {
    let mut stage = patient(OneForOne);
    stage.play(Event::Begin);
    stage.add("a", |_| {}).expect("good rules");
    stage.hear(stage.start("a"));
    let refused = "refused as the child was terminated before it had started";
    assert_eq!(stage.hear(stage.terminate("a")), format!("{refused}, stop a, arm a 5s"));
    assert_eq!(stage.hear(Event::Up(stage.key("a"))), "", "too late");
    assert_eq!(stage.hear(stage.gone("a")), "disarm a, ok");
}

#[test]
fn one_that_says_itself_that_it_ends_does_so_whatever_its_restart_type_and_comes_back_with_its_group() {
    for restart in [Permanent, Transient] {
        let mut stage = patient(OneForAll).child("a", restart).permanent(&["b"]).begun();
        let resigned = Event::Resigned { child: stage.key("a"), reason: StopReason::Failed(ActorError::new("enough")) };
        assert_eq!(stage.hear(resigned.clone()), "");
        assert_eq!(stage.hear(stage.failed("b")), "start a");
        assert_eq!(stage.hear(Event::Up(stage.key("a"))), "restart b");
        assert_eq!(stage.hear(Event::Up(stage.key("b"))), "");
        assert_eq!(stage.hear(stage.failed_at_once("a")), "recall b, arm b 5s", "that is forgotten by then");
    }
}
