//! Each kind of bad input is a typed error at the call, which says what was wrong.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::process::Command;
use std::sync::Arc;

use corecast::{
    Actor, ActorSystem, BuildError, FindError, Mailbox, SendErrorReason, SpawnError, StopReason, TellErrorReason,
};

use crate::support::{
    Echo, LIMIT, Note, Probe, assert_goes_on, name_of, probe, run, spawn, system, unique_name, wait, within,
};

/// What the error says must contain this.
#[track_caller]
fn assert_says(error: &impl std::error::Error, part: &str) {
    let text = error.to_string();
    assert!(text.contains(part), "{text:?} doesn't say {part:?}");
}

/// The cores that this process may use, from the kernel's list (such as `0-3,8`).
fn allowed_cores() -> BTreeSet<usize> {
    let status = fs::read_to_string("/proc/self/status").expect("Linux tells");
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).expect("a list");
    list.trim()
        .split(',')
        .flat_map(|range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            first.parse().expect("a number")..=last.parse().expect("a number")
        })
        .collect()
}

#[test]
fn zero_workers_are_refused() {
    let error = ActorSystem::builder().workers(0).build().expect_err("zero");
    assert!(matches!(error, BuildError::ZeroWorkers), "{error}");
    assert!(!error.to_string().is_empty());
}

#[test]
fn too_many_workers_are_refused() {
    let error = ActorSystem::builder().workers(65).build().expect_err("too many");
    assert!(matches!(error, BuildError::TooManyWorkers { workers: 65, max: 64 }), "{error}");
    assert_says(&error, "65");
}

#[test]
fn zero_blocking_threads_are_refused() {
    let error = ActorSystem::builder().blocking_threads(0).build().expect_err("zero");
    assert!(matches!(error, BuildError::ZeroBlockingThreads), "{error}");
}

#[test]
fn more_pinned_workers_than_allowed_cores_are_refused() {
    let allowed = allowed_cores().len();
    let error = ActorSystem::builder().workers(allowed + 1).pin_cores(true).build().expect_err("too many");
    match error {
        BuildError::NotEnoughCores { workers, cores } => assert_eq!((workers, cores), (allowed + 1, allowed)),
        // A machine with so many cores that the other limit is met first.
        BuildError::TooManyWorkers { .. } if allowed >= 64 => {}
        other => panic!("another error: {other}"),
    }
}

#[test]
fn a_number_of_workers_other_than_that_of_the_cores_is_refused() {
    let core = *allowed_cores().first().expect("a core");
    let error = ActorSystem::builder().cores([core]).workers(2).build().expect_err("one core, two workers");
    assert!(matches!(error, BuildError::NotEnoughCores { workers: 2, cores: 1 }), "{error}");
}

#[test]
fn a_core_that_is_not_there_is_refused() {
    let error = ActorSystem::builder().cores([99_999]).build().expect_err("no such core");
    assert!(matches!(error, BuildError::NoSuchCore { core: 99_999 }), "{error}");
    assert_says(&error, "99999");
}

/// Set in the child process of the next test: the core that it may not use.
const FORBIDDEN: &str = "CORECAST_TEST_FORBIDDEN_CORE";

#[test]
fn a_core_that_is_not_allowed_is_refused() {
    if let Ok(core) = env::var(FORBIDDEN) {
        let core: usize = core.parse().expect("a number");
        let error = ActorSystem::builder().cores([core]).build().expect_err("not allowed");
        assert!(matches!(error, BuildError::NoSuchCore { core: refused } if refused == core), "{error}");
        return;
    }
    let mut allowed = allowed_cores().into_iter();
    let (Some(first), Some(second)) = (allowed.next(), allowed.next()) else {
        eprintln!("one core only: there is none to forbid");
        return;
    };
    // Once more, in a process that is confined to the first core.
    let this = env::current_exe().expect("this test");
    let child = Command::new("taskset")
        .args(["--cpu-list", &first.to_string()])
        .arg(this)
        .args(["--exact", "behaviour::bad_input::a_core_that_is_not_allowed_is_refused"])
        .env(FORBIDDEN, second.to_string())
        .output();
    match child {
        Ok(child) => {
            let output = String::from_utf8_lossy(&child.stdout);
            assert!(child.status.success(), "{output}");
            assert!(output.contains("1 passed"), "it ran: {output}");
        }
        Err(error) => eprintln!("no taskset here: {error}"),
    }
}

#[test]
fn on_core_without_pinning_is_refused() {
    let system = system(1);
    let error = system.spawn(probe().0).on_core(0).start().expect_err("not pinned");
    assert!(matches!(error, SpawnError::NotPinned), "{error}");
    let error = wait(system.spawn(probe().0).on_core(0)).expect_err("not pinned");
    assert!(matches!(error, SpawnError::NotPinned), "{error}");
}

#[test]
fn on_core_without_a_worker_there_is_refused() {
    let system = ActorSystem::builder().workers(1).pin_cores(true).name(unique_name()).build().unwrap();
    let error = system.spawn(probe().0).on_core(99_999).start().expect_err("no worker there");
    assert!(matches!(error, SpawnError::NoSuchCore { core: 99_999 }), "{error}");
}

#[test]
fn on_worker_beyond_the_last_is_refused() {
    let system = system(2);
    let error = system.spawn(probe().0).on_worker(2).start().expect_err("no such worker");
    assert!(matches!(error, SpawnError::NoSuchWorker { worker: 2, workers: 2 }), "{error}");
}

#[test]
fn zero_capacity_is_refused() {
    let system = system(1);
    let error = system.spawn(probe().0).mailbox(Mailbox::bounded(0)).start().expect_err("zero");
    assert!(matches!(error, SpawnError::ZeroCapacity), "{error}");
}

#[test]
fn too_large_a_capacity_is_refused() {
    let system = system(1);
    let capacity = Mailbox::MAX_CAPACITY + 1;
    let error = system.spawn(probe().0).mailbox(Mailbox::bounded(capacity)).start().expect_err("too large");
    match error {
        SpawnError::CapacityTooLarge { capacity: asked, max } => {
            assert_eq!((asked, max), (capacity, Mailbox::MAX_CAPACITY));
        }
        other => panic!("another error: {other}"),
    }
    // The largest is fine, and costs nothing before it is used.
    let actor = wait(system.spawn(probe().0).mailbox(Mailbox::bounded(Mailbox::MAX_CAPACITY))).unwrap();
    assert_eq!(wait(actor.send(Echo(1))).unwrap(), 1);
}

#[test]
fn a_name_in_use_is_refused() {
    let system = system(1);
    let _first = wait(system.spawn(probe().0).name("taken")).unwrap();
    let (second, events) = probe();
    let error = wait(system.spawn(second).name("taken")).expect_err("taken");
    assert!(matches!(&error, SpawnError::NameTaken { name } if **name == *"taken"), "{error}");
    assert_says(&error, "taken");
    assert_eq!(events.rest(), ["dropped"], "it never started");
    assert_eq!(system.actor_count(), 1);
}

/// Of another type.
struct Other;

impl Actor for Other {}

#[test]
fn a_look_up_with_another_type_is_refused() {
    let system = system(1);
    let _actor = wait(system.spawn(probe().0).name("probe")).unwrap();
    let error = system.find::<Other>("probe").expect_err("another type");
    assert!(matches!(error, FindError::WrongType { .. }), "{error}");
    for part in ["probe", std::any::type_name::<Other>(), std::any::type_name::<Probe>()] {
        assert_says(&error, part);
    }
}

#[test]
fn a_look_up_of_an_unknown_name_is_refused() {
    let system = system(1);
    let error = system.find::<Probe>("nobody").expect_err("unknown");
    assert!(matches!(error, FindError::NotFound { .. }), "{error}");
    assert_says(&error, "nobody");
}

#[test]
fn spawning_after_shutdown_is_refused() {
    let system = system(1);
    wait(system.shutdown());
    assert!(matches!(system.spawn(probe().0).start(), Err(SpawnError::ShutDown)));
    assert!(matches!(wait(system.spawn(probe().0)), Err(SpawnError::ShutDown)));
    let handle = system.handle();
    assert!(matches!(wait(handle.spawn(probe().0)), Err(SpawnError::ShutDown)));
    within(LIMIT, move || drop(system));
    assert!(matches!(handle.spawn(probe().0).start(), Err(SpawnError::ShutDown)));
}

#[test]
fn blocking_verbs_on_a_worker_are_refused_with_the_message_inside() {
    let system = system(1);
    let (actor, _events) = spawn(&system);
    let (other, _) = spawn(&system);
    let outcome = actor.send(run(move |_ctx| {
        let told = other.blocking_tell(Note(5)).expect_err("on a worker");
        let told = (matches!(told.reason(), TellErrorReason::WouldBlock), told.into_message().0);
        let asked = other.blocking_send(Echo(6)).expect_err("on a worker");
        let asked = (matches!(asked.reason(), SendErrorReason::WouldBlock), asked.into_message().map(|echo| echo.0));
        (told, asked)
    }));
    assert_eq!(wait(outcome).unwrap(), ((true, 5), (true, Some(6))));
    assert_eq!(wait(actor.send(Echo(1))).unwrap(), 1);
}

#[test]
fn sending_to_an_actor_that_has_stopped_is_refused() {
    let system = system(1);
    let (actor, _events) = spawn(&system);
    actor.kill();
    wait(actor.stopped());
    let error = actor.try_tell(Note(1)).expect_err("stopped");
    assert_says(&error, "kill");
    assert_says(&error, &actor.info().to_string());
    assert_eq!(error.into_message().0, 1);
    let error = wait(actor.send(Echo(2))).expect_err("stopped");
    assert!(matches!(error.reason(), SendErrorReason::Stopped(StopReason::Killed)), "{error}");
    assert_eq!(error.into_message().expect("not accepted").0, 2);
}

#[test]
fn block_on_on_a_worker_panics_with_the_actor_s_name_and_stops_that_actor_only() {
    let system = Arc::new(system(1));
    let actor = wait(system.spawn(probe().0).name("impatient")).unwrap();
    let inside = Arc::clone(&system);
    let error = wait(actor.send(run(move |_ctx| inside.block_on(async { 1 })))).expect_err("it panicked");
    assert_says(&error, "impatient");
    let SendErrorReason::Panicked(panic) = error.reason() else { panic!("{error}") };
    assert!(panic.text().contains("impatient"), "{}", panic.text());
    assert!(name_of(&wait(actor.stopped())).starts_with("Panicked"));
    assert_goes_on(&system);
    assert_eq!(system.block_on(async { 2 }), 2);
}
