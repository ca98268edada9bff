//! Mistakes that are planted in corecast's own protocols: the kit finds each, by whichever check it breaks.

use super::workload;
use super::{Breach, Check};
use crate::sim::{self, Cause, Failure};
use crate::sync::planted::Mutant;

/// Seeds that the unharmed code passes.
const SEEDS: u64 = 1_000;

/// Each mistake, and the check that notices it first.
const TABLE: [(Mutant, Check); 12] = [
    (Mutant::LineOvertaken, Check::Order),
    (Mutant::RoomLost, Check::Rest),
    (Mutant::LeftoverLost, Check::Ledger),
    (Mutant::WakeForgotten, Check::Rest),
    (Mutant::NudgeLost, Check::Ends),
    (Mutant::AskerNotTold, Check::Rest),
    (Mutant::RingForgotten, Check::Time),
    (Mutant::TimerUnseen, Check::Time),
    (Mutant::TokenKept, Check::Events),
    (Mutant::StopForgotten, Check::Ends),
    (Mutant::NoticeLost, Check::Ends),
    (Mutant::NoticeKept, Check::Ends),
];

fn check(mutant: Option<Mutant>) -> Result<sim::Report, Box<Failure>> {
    sim::Check::new().runs(SEEDS).shrinks(0).try_run(|sim| workload::run(sim, mutant))
}

/// The check that a failure is of.
fn breached(failure: &Failure) -> Check {
    match failure.cause() {
        Cause::Stuck(_) => Check::Rest,
        Cause::Failed(text) => {
            let checks = [Check::Ledger, Check::Order, Check::Ends, Check::Time, Check::Events];
            let is_of = |check: &Check| text.starts_with(&Breach(*check, String::new()).to_string());
            checks.into_iter().find(is_of).unwrap_or_else(|| panic!("no check's: {failure}"))
        }
        _ => panic!("no check's: {failure}"),
    }
}

#[test]
fn the_unharmed_code_passes() {
    let report = check(None).unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(report.runs(), SEEDS);
    assert!(report.messages() > 10 * SEEDS, "{report:?}");
}

#[test]
fn each_mistake_is_found() {
    let mut wrong = Vec::new();
    for (place, (mutant, _)) in TABLE.iter().enumerate() {
        assert!(TABLE[..place].iter().all(|(other, _)| other != mutant), "{mutant:?} is there twice");
    }
    for (mutant, expected) in TABLE {
        match check(Some(mutant)) {
            Ok(report) => wrong.push(format!("{mutant:?} passes {} seeds", report.runs())),
            Err(failure) => {
                let (check, seed) = (breached(&failure), failure.seed().expect("a seed"));
                println!("{mutant:?}: by {check:?}, in {} seeds: {}", seed + 1, failure.cause());
                if check != expected || !failure.is_repeated() {
                    wrong.push(format!("{mutant:?} is found by {check:?}, not {expected:?}: {failure}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
