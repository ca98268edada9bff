//! A failure that nobody observes is reported once, on stderr unless the system has an observer.
//!
//! Each test looks at the stderr of a child: this binary again, with one test that plays its part in it.

use std::env;
use std::process::Command;

use corecast::ActorSystem;

use crate::support::{LIMIT, eventually, run, spawn, system, unique_name, wait, within};

/// Set in the child: which part it plays.
const PART: &str = "CORECAST_TEST_PART";

/// What the failing handler says; without the panic hook, which would say it as well.
const TEXT: &str = "nobody saw this coming";

/// How often the failure is reported when the child plays `part`.
fn reports(part: &str) -> usize {
    let child = Command::new(env::current_exe().expect("this binary"))
        .args(["--exact", "behaviour::report::the_child_s_part", "--nocapture", "--test-threads=1"])
        .env(PART, part)
        .output()
        .expect("the child runs");
    let (output, errors) = (String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
    assert!(child.status.success() && output.contains("1 passed"), "{output}\n{errors}");
    errors.matches(TEXT).count()
}

/// Does nothing, except in a child.
#[test]
fn the_child_s_part() {
    let Ok(part) = env::var(PART) else { return };
    let system = match part.as_str() {
        "own observer" => system(1),
        _ => ActorSystem::builder().workers(1).name(unique_name()).build().unwrap(),
    };
    let (actor, _events) = spawn(&system);
    let fail: fn() = || std::panic::resume_unwind(Box::new(TEXT));
    if part == "asked" {
        assert!(wait(actor.send(run(move |_ctx| fail()))).is_err());
    } else {
        wait(actor.tell(run(move |_ctx| fail()))).unwrap();
        // Without `stopped`, which would be somebody who watches.
        eventually("it has failed", || !actor.is_alive());
    }
    within(LIMIT, move || drop(system));
}

#[test]
fn an_unobserved_failure_is_reported_once() {
    assert_eq!(reports("told"), 1);
}

#[test]
fn a_failure_that_the_asker_hears_of_is_not_reported() {
    assert_eq!(reports("asked"), 0);
}

#[test]
fn an_observer_takes_the_place_of_the_report() {
    assert_eq!(reports("own observer"), 0);
}
