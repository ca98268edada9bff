//! Models of groups: joins against the end, and of the farewells by which a broker strikes off whoever ends.
//!
//! The host runs an actor there and then, on the thread that scheduled it.

use crate::common::drive;
use crate::common::inline::{Body, Inline, Say};
use crate::common::ledger::Ledger;
use corecast::loom_api::task::{self, Weakly, reason, weakly};
use corecast::{Actor, ActorContext, ActorRef, Groups, Handler, JoinError};
use loom::thread;
use loom_tests::{Bounds, linger, model_in_all_modes};

struct Member {
    body: Body,
}

impl Actor for Member {}

impl Handler<Say> for Member {
    async fn handle(&mut self, msg: Say, _ctx: &mut ActorContext<Self>) {
        self.body.touch();
        self.body.ledger.note(|seen| seen.handled.push(msg.0));
    }
}

/// An actor that has started and is idle, and its memory.
fn member(ledger: &Ledger) -> (ActorRef<Member>, Weakly) {
    let (actor, runnable) = task::actor(Inline(ledger.clone()), None, Member { body: Body::new(ledger) });
    drive(runnable);
    let memory = weakly(&actor);
    (actor, memory)
}

/// How many a group has, after a look whether the end of one of them has been heard of.
fn count_behind_the_end(groups: &Groups, memory: &Weakly) -> Option<usize> {
    reason(memory).is_some().then(|| groups.members::<Say>("a").unwrap().len())
}

fn bounds() -> Bounds {
    Bounds { branches: 20_000, preemptions: Some(2), ..Bounds::default() }
}

#[test]
fn a_join_against_the_end() {
    model_in_all_modes("join and end", bounds(), &["refused", "joined"], |outcomes| {
        let ledger = Ledger::default();
        let groups = Groups::new();
        let (actor, memory) = member(&ledger);
        let ending = thread::spawn({
            let actor = actor.clone();
            move || actor.stop()
        });
        let joined = groups.join::<Say>("a", &actor).start();
        assert!(
            count_behind_the_end(&groups, &memory).unwrap_or(0) == 0,
            "whoever has heard of its end finds it nowhere"
        );
        ending.join().unwrap();
        assert!(groups.names().is_empty());
        drop(actor);
        ledger.ended(1);
        outcomes.saw(match joined {
            Ok(membership) => {
                assert!(!membership.is_active());
                "joined"
            }
            Err(JoinError::Stopped { .. }) => "refused",
            Err(error) => panic!("{error}"),
        });
    });
}

#[test]
fn the_end_of_a_member_against_whoever_looks_for_it() {
    let expected = ["there", "found and gone", "gone"];
    model_in_all_modes("end and look", bounds(), &expected, |outcomes| {
        let ledger = Ledger::default();
        let groups = Groups::new();
        let (actor, memory) = member(&ledger);
        groups.join::<Say>("a", &actor).start().unwrap();
        let ending = thread::spawn(move || actor.stop());
        let found = groups.count("a");
        linger();
        let heard = count_behind_the_end(&groups, &memory);
        assert!(heard.unwrap_or(0) == 0, "whoever has heard of its end finds it nowhere");
        ending.join().unwrap();
        assert!(groups.names().is_empty());
        ledger.ended(1);
        outcomes.saw(match (heard, found) {
            (None, _) => "there",
            (Some(_), 0) => "gone",
            (Some(_), _) => "found and gone",
        });
    });
}

#[test]
fn the_last_handle_of_the_groups_against_the_end_of_a_member() {
    model_in_all_modes("groups go and end", bounds(), &["unreachable", "stopped"], |outcomes| {
        let ledger = Ledger::default();
        let groups = Groups::new();
        let (actor, memory) = member(&ledger);
        let membership = groups.join::<Say>("a", &actor).start().unwrap();
        let letting_go = thread::spawn(move || drop(groups));
        linger();
        let stops = membership.is_active();
        if stops {
            actor.stop();
        }
        drop(actor);
        letting_go.join().unwrap();
        assert!(!membership.is_active());
        assert!(reason(&memory).is_some());
        ledger.ended(1);
        outcomes.saw(if stops { "stopped" } else { "unreachable" });
    });
}

#[test]
fn two_join_at_once_of_whom_one_ends() {
    model_in_all_modes("two join, one ends", bounds(), &["both", "one"], |outcomes| {
        let ledger = Ledger::default();
        let groups = Groups::new();
        let (stays, _) = member(&ledger);
        let (actor, memory) = member(&ledger);
        let joining = thread::spawn({
            let (groups, actor) = (groups.clone(), actor.clone());
            move || {
                let joined = groups.join::<Say>("a", &actor).start().is_ok();
                actor.stop();
                joined
            }
        });
        groups.join::<Say>("a", &stays).start().unwrap();
        linger();
        let count = count_behind_the_end(&groups, &memory);
        assert!(count.unwrap_or(1) == 1, "whoever has heard of its end finds the other one alone");
        assert!(joining.join().unwrap());
        assert_eq!((groups.count("a"), groups.names().len()), (1, 1));
        drop((groups, actor, stays));
        ledger.ended(2);
        outcomes.saw(if count.is_some() { "one" } else { "both" });
    });
}
