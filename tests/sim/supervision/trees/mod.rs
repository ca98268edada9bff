//! Random trees of supervisors under random courses of events.
//!
//! | file | noun |
//! |---|---|
//! | [`plan`] | a tree, and how its children are |
//! | [`deed`] | what a message has a child do |
//! | [`leaf`] | a child that is no supervisor |
//! | [`course`] | what happens to the trees, and how they end |
//! | [`books`] | what becomes of each message |
//! | [`census`] | who lives, and in which order they start and stop |
//! | [`tale`] | what supervisors tell, and how often they restart |
//! | [`world`] | what all of them share |
//!
//! The four tests whose names begin with `random_trees` play 250 seeds each, a thousand together, in some seconds of a debug
//! build. `CORECAST_TREES=n` has each play so many, from `CORECAST_TREES_FROM` on. A hundred thousand take some minutes:
//!
//! ```text
//! CORECAST_TREES=25000 cargo test --features sim --test sim random_trees
//! ```
//!
//! Mistakes that were planted in the shipped code by hand, and what the first of these tests found after how many seeds:
//!
//! | the mistake | seeds | the check, and what it says |
//! |---|---|---|
//! | the third report that waits for a supervisor is lost if it is of a run that is over | 55 | rest: a child is said to run, and doesn't live |
//! | restarts of the same moment count once, from the third on | 64 | tale: four restarts within a second, where three are allowed |
//! | a supervisor that allows for three restarts or more gives up one too late | 64 | tale: the same |
//! | at its end a supervisor forgets a child that is on its way down | 1,261; 301 under hard changes of turns | outliving: a leaf lives, and its supervisor has ended |
//! | a supervisor that is killed doesn't wait for its children | 1 | outliving |
//! | one that is killed while it starts doesn't | 698; 26 where all is late | outliving |
//! | a message is dropped when its actor begins anew | 2 | books: a message has no end |
//! | a kill is taken for a stop | 3 | stop: a leaf stops in order, and one behind it lives |
//! | children are stopped the first one first | 3 | stop |
//! | a group is taken down the first one first | 5 | stop |
//! | a group is started all at once | 26 | tale: a supervisor has given up, and told of nobody |
//! | what a timer has left in the lane is for the next run | 7 | leaf: a run hears a timer of another |
//! | a mailbox that was closed by a stop isn't opened again | 3 | stop |
//! | a question to a supervisor lies in a letter that somebody keeps | 127 | a foreman waits for ever |

mod books;
mod census;
mod course;
mod deed;
mod leaf;
mod plan;
mod tale;
mod world;

use std::time::Duration;

use corecast::sim::{Check, Fault, Strategy};

/// Seeds for each kind of trouble, unless the environment says otherwise.
const SEEDS: u64 = 250;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.trim().parse().ok()
}

fn check() -> Check {
    let check = Check::new().runs(number("CORECAST_TREES").unwrap_or(SEEDS)).max_steps(200_000);
    check.seed(number("CORECAST_TREES_FROM").unwrap_or(0))
}

#[test]
fn random_trees_keep_what_supervisors_promise() {
    check().run(course::play);
}

#[test]
fn random_trees_keep_it_where_handlers_panic_and_actors_are_killed() {
    let check = check().fault(Fault::panics(0.02).at("Leaf")).fault(Fault::kills(0.0005).at("Leaf"));
    let check = check.fault(Fault::kills(0.0005).at("Supervisor")).fault(Fault::panics(0.002).at("Supervisor"));
    check.run(course::play);
}

#[test]
fn random_trees_keep_it_where_all_is_late() {
    let millis = Duration::from_millis;
    let check = check().workers(3).fault(Fault::delays(0.02, millis(5))).fault(Fault::slow_starts(0.1, millis(20)));
    check.fault(Fault::clock_jumps(0.005, millis(20))).run(course::play);
}

#[test]
fn random_trees_keep_it_under_few_but_hard_changes_of_turns() {
    check().strategy(Strategy::Pct { depth: 5 }).fault(Fault::full_mailboxes(0.3)).run(course::play);
}

#[test]
fn a_random_tree_is_the_same_under_the_same_seed() {
    let once = || Check::new().runs(20).fault(Fault::panics(0.02).at("Leaf")).shrinks(0).run(course::play);
    let (first, second) = (once(), once());
    assert_eq!(first, second);
    assert!(first.messages() > 100, "{first:?}");
}
