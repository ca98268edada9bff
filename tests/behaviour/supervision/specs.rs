//! What can't be: typed errors, which say what is wrong, with whom, and what to do.

use std::error::Error;
use std::time::Duration;

use corecast::{
    Actor, AutoShutdown, Backoff, ChildError, ChildSpec, DynamicSupervisor, Mailbox, RestartType, ShutdownPolicy,
    SpawnError, SpecError, StopReason, Strategy, Supervisor,
};

use super::{Alive, Child, Fuse, builder, spec};
use crate::support::{eventually, system, wait};

const SECOND: Duration = Duration::from_secs(1);

#[track_caller]
fn assert_says(error: &dyn Error, parts: &[&str]) {
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "{text:?} doesn't say {part:?}");
    }
}

fn child() -> ChildSpec<Child> {
    spec("b", &Fuse::default(), &Alive::default())
}

type Change = fn(ChildSpec<Child>) -> ChildSpec<Child>;

/// What is found out by the start, and what is said then.
const STARTS: [(Change, &str); 5] = [
    (|spec| spec.mailbox(Mailbox::bounded(0)), "a mailbox needs room for at least one message"),
    (|spec| spec.mailbox(Mailbox::bounded(usize::MAX)), "use an unbounded one"),
    (|spec| spec.name("taken"), "another actor is named `taken`"),
    (|spec| spec.on_worker(9), "there is no worker 9: the system has 2, numbered from 0"),
    (|spec| spec.on_core(0), "build the system with `pin_cores(true)`"),
];

#[test]
fn what_a_start_finds_out_is_told_by_start_child_and_by_the_supervisor_s_own_start() {
    let system = system(2);
    let _taken = wait(system.spawn(crate::support::probe().0).name("taken")).unwrap();
    let supervisor = wait(system.spawn(builder().build().unwrap())).unwrap();
    for (change, text) in STARTS {
        let error = wait(supervisor.start_child(change(child()))).unwrap_err();
        assert!(matches!(&error, ChildError::StartFailed { id, .. } if id == "b"), "{error}");
        assert_says(&error, &["`b` did not start", text]);
        assert_eq!(wait(supervisor.count_children()).unwrap().specs, 0, "it is forgotten");

        let whole = builder().child(spec("a", &Fuse::default(), &Alive::default())).child(change(child()));
        let error = wait(system.spawn(whole.build().unwrap()).name("root")).unwrap_err();
        let SpawnError::PreStart { actor, reason: StopReason::StartFailed(_) } = &error else { panic!("{error}") };
        assert_eq!(actor.name(), Some("root"));
        assert_says(&error, &["`root`", "its child `b` did not start", text]);
        assert_eq!(error.to_string().matches("could not start").count(), 0, "{error}");
    }
    eventually("nobody else is left", || system.actor_count() == 2);
}

#[test]
fn a_start_that_fails_deep_in_a_tree_is_told_with_the_way_there() {
    let system = system(1);
    let branch = ChildSpec::supervisor("branch", || builder().child(child().mailbox(Mailbox::bounded(0))).build());
    let root = builder().child(branch).build().unwrap();
    let error = wait(system.spawn(root).name("root")).unwrap_err();
    assert_says(&error, &["`root`", "`branch`", "`b`", "at least one message"]);
    eventually("nobody is left", || system.actor_count() == 0);
}

/// What `build` refuses: how, and what is said.
type Refused = (fn() -> Result<Supervisor, SpecError>, fn(&SpecError) -> bool, &'static [&'static str]);

fn with(change: Change) -> Result<Supervisor, SpecError> {
    builder().child(change(child())).build()
}

fn inner(error: &SpecError) -> &SpecError {
    match error {
        SpecError::InChild { id, error } if id == "b" => error,
        other => panic!("it doesn't name the child: {other}"),
    }
}

const REFUSED: [Refused; 14] = [
    (
        || Supervisor::builder(Strategy::OneForAll).intensity(3, Duration::ZERO).build(),
        |error| matches!(error, SpecError::ZeroPeriod),
        &["needs a period"],
    ),
    (
        || with(|spec| spec.backoff(Backoff::new(Duration::ZERO, SECOND))),
        |error| matches!(inner(error), SpecError::ZeroBackoff),
        &["`b`", "first delay", "leave it out"],
    ),
    (
        || with(|spec| spec.backoff(Backoff::new(2 * SECOND, SECOND))),
        |error| matches!(inner(error), SpecError::LongestBelowFirst { .. }),
        &["`b`", "2s", "1s"],
    ),
    (
        || with(|spec| spec.backoff(Backoff::new(SECOND, SECOND).factor(0.5))),
        |error| matches!(inner(error), SpecError::Factor { .. }),
        &["`b`", "1 or more", "0.5"],
    ),
    (
        || with(|spec| spec.backoff(Backoff::new(SECOND, SECOND).jitter(2.0))),
        |error| matches!(inner(error), SpecError::Jitter { .. }),
        &["`b`", "from 0 to 1", "2"],
    ),
    (
        || with(|spec| spec.quarantine_after(0)),
        |error| matches!(inner(error), SpecError::QuarantineAfterNone),
        &["`b`", "before its first failure"],
    ),
    (
        || with(|spec| spec.start_limit(Duration::ZERO)),
        |error| matches!(inner(error), SpecError::ZeroStartLimit),
        &["`b`", "needs time to start"],
    ),
    (
        || with(|spec| spec.health_check(Duration::ZERO, SECOND)),
        |error| matches!(inner(error), SpecError::ZeroHealthInterval),
        &["`b`", "need an interval", "leave them out"],
    ),
    (
        || with(|spec| spec.health_check(SECOND, Duration::ZERO)),
        |error| matches!(inner(error), SpecError::ZeroHealthBudget),
        &["`b`", "a time in which it is to be over"],
    ),
    (
        || {
            let spec = child().significant();
            builder().auto_shutdown(AutoShutdown::AnySignificant).child(spec).build()
        },
        |error| matches!(error, SpecError::SignificantPermanent { .. }),
        &["`b`", "permanent"],
    ),
    (
        || with(|spec| spec.restart(RestartType::Transient).significant()),
        |error| matches!(error, SpecError::SignificantInVain { .. }),
        &["`b`", "set its auto-shutdown"],
    ),
    (
        || builder().child(child()).child(child()).build(),
        |error| matches!(error, SpecError::DuplicateId { .. }),
        &["`b`", "already"],
    ),
    (
        || builder().child(spec("", &Fuse::default(), &Alive::default())).build(),
        |error| matches!(error, SpecError::EmptyId),
        &["id"],
    ),
    (
        || builder().child(ChildSpec::supervisor("", || builder().build())).build(),
        |error| matches!(error, SpecError::EmptyId),
        &["id"],
    ),
];

#[test]
fn settings_that_cannot_be_are_refused_by_build_and_by_start_child() {
    for (build, is_right, parts) in REFUSED {
        let error = build().expect_err("it can't be");
        assert!(is_right(&error), "{error:?}");
        assert_says(&error, parts);
    }
    let system = system(1);
    let supervisor = wait(system.spawn(builder().build().unwrap())).unwrap();
    let error = wait(supervisor.start_child(child().quarantine_after(0))).unwrap_err();
    assert!(matches!(error, ChildError::Spec(SpecError::InChild { .. })), "{error}");
    assert_eq!(wait(supervisor.count_children()).unwrap().specs, 0);
}

struct Session;
impl Actor for Session {}

#[test]
fn settings_of_dynamic_children_that_cannot_be_are_refused_by_build() {
    let builder = || DynamicSupervisor::builder(|_: u64| Session);
    let refused: [(Result<_, SpecError>, &str); 4] = [
        (builder().intensity(1, Duration::ZERO).build(), "needs a period"),
        (builder().backoff(Backoff::new(Duration::ZERO, SECOND)).build(), "first delay"),
        (builder().quarantine_after(0).build(), "before its first failure"),
        (builder().start_limit(Duration::ZERO).build(), "needs time to start"),
    ];
    for (refused, text) in refused {
        assert_says(&refused.expect_err("it can't be"), &[text]);
    }
    assert!(builder().shutdown(ShutdownPolicy::Brutal).build().is_ok());
}

#[test]
fn a_dynamic_child_whose_start_fails_is_told_and_forgotten() {
    let system = system(1);
    let sessions = DynamicSupervisor::builder(|_: u64| Session).mailbox(Mailbox::bounded(0)).build().unwrap();
    let sessions = wait(system.spawn(sessions)).unwrap();
    let error = wait(sessions.start_child(1)).unwrap_err();
    assert_says(&error, &["did not start", "at least one message"]);
    assert!(!error.to_string().contains("``"), "{error}");
    assert_eq!(wait(sessions.count_children()).unwrap().specs, 0);
}

#[test]
fn what_cannot_be_done_with_a_child_says_which_one_and_what_to_do() {
    let system = system(1);
    let supervisor = wait(system.spawn(builder().child(child()).build().unwrap())).unwrap();
    let unknown = wait(supervisor.child::<Child>("c")).unwrap_err();
    assert_says(&unknown, &["`c`"]);
    let other = wait(supervisor.child::<Supervisor>("b")).unwrap_err();
    assert_says(&other, &["`b`", std::any::type_name::<Child>(), std::any::type_name::<Supervisor>()]);
    assert_says(&wait(supervisor.delete_child("b")).unwrap_err(), &["`b`", "terminate it first"]);
    assert_says(&wait(supervisor.restart_child::<Child>("b")).unwrap_err(), &["`b`", "running"]);
    supervisor.stop();
    wait(supervisor.stopped());
    assert_says(&wait(supervisor.terminate_child("b")).unwrap_err(), &["supervisor"]);
}
