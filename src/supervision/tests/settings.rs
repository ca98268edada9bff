//! What can't be set is refused, and the text says why.

use std::time::Duration;

use super::stage::{SECOND, Stage};
use crate::supervision::auto_shutdown::AutoShutdown;
use crate::supervision::backoff::Backoff;
use crate::supervision::intensity::Intensity;
use crate::supervision::policy::Policy;
use crate::supervision::restart::RestartType;
use crate::supervision::rules::{ChildKind, ChildRules, SupervisorRules};
use crate::supervision::shutdown::ShutdownPolicy;

fn refusal(auto_shutdown: AutoShutdown, change: impl FnOnce(&mut ChildRules)) -> String {
    let mut stage = Stage::new(SupervisorRules { auto_shutdown, ..SupervisorRules::default() });
    stage.add("a", change).expect_err("it can't be so").to_string()
}

#[test]
fn an_intensity_needs_a_period() {
    let rules = SupervisorRules { intensity: Intensity::new(1, Duration::ZERO), ..SupervisorRules::default() };
    let error = Policy::new(rules).expect_err("there is none").to_string();
    assert_eq!(error, "restarts can't be counted within no time; an intensity needs a period");
}

#[test]
fn a_backoff_is_refused_that_makes_no_sense() {
    let good = Backoff::new(SECOND, 9 * SECOND);
    let refused = |backoff| refusal(AutoShutdown::Never, |rules| rules.backoff = Some(backoff));
    assert!(refused(Backoff::new(Duration::ZERO, SECOND)).contains("needs a first delay"));
    assert_eq!(refused(Backoff::new(9 * SECOND, SECOND)), "a back-off can't begin with 9s and be at most 1s");
    for factor in [0.9, -1.0, f64::NAN, f64::INFINITY] {
        assert!(refused(good.factor(factor)).ends_with(&format!("a factor of 1 or more, not {factor}")));
    }
    for jitter in [-0.1, 1.1, f64::NAN] {
        assert!(refused(good.jitter(jitter)).ends_with(&format!("from 0 to 1, not {jitter}")));
    }
    assert_eq!(good.factor(1.0).jitter(0.0).check(), Ok(()));
    assert_eq!(good.factor(1.0).jitter(1.0).check(), Ok(()));
}

#[test]
fn a_significant_child_is_refused_that_is_permanent_or_of_a_supervisor_that_never_ends() {
    let permanent = refusal(AutoShutdown::AnySignificant, |rules| rules.significant = true);
    assert_eq!(permanent, "`a` is permanent and never ends for good, so it can't be significant");
    let in_vain = refusal(AutoShutdown::Never, |rules| {
        rules.restart = RestartType::Transient;
        rules.significant = true;
    });
    assert_eq!(in_vain, "`a` is significant, and its supervisor never ends by itself; set its auto-shutdown");
}

#[test]
fn a_child_needs_an_id_of_its_own_time_to_start_and_a_failure_before_its_quarantine() {
    let mut stage = Stage::new(SupervisorRules::default()).permanent(&["a"]);
    let twice = stage.add("a", |_| {}).expect_err("it is there").to_string();
    assert_eq!(twice, "there is a child with the id `a` already");
    let limit = refusal(AutoShutdown::Never, |rules| rules.start_limit = Some(Duration::ZERO));
    assert_eq!(limit, "a child needs time to start");
    let quarantine = refusal(AutoShutdown::Never, |rules| rules.quarantine_after = Some(0));
    assert_eq!(quarantine, "a child can't be quarantined before its first failure");
}

#[test]
fn the_defaults_are_those_of_otp() {
    let worker = ChildRules::new("a", ChildKind::Worker);
    assert_eq!(worker.restart, RestartType::Permanent);
    assert_eq!(worker.shutdown, ShutdownPolicy::Within(5 * SECOND));
    assert_eq!(ChildRules::new("a", ChildKind::Supervisor).shutdown, ShutdownPolicy::Infinity);
    let supervisor = SupervisorRules::default();
    assert_eq!(supervisor.intensity, Intensity::new(1, 5 * SECOND));
    assert_eq!(supervisor.auto_shutdown, AutoShutdown::Never);
}
