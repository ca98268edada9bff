//! A stop, and the mailbox that is opened again.

use super::cast::{Answer, Cast, FAIL, Place, RUN, STOPPED, WAIT};
use crate::common::gate::Gate;
use crate::common::inline::Say;
use corecast::ActorRef;
use corecast::loom_api::scheduler::block_on;
use corecast::loom_api::task::Renewal;
use loom::thread::{self};
use loom_tests::{Bounds, model};
use std::sync::Arc;

#[test]
fn a_stop_that_is_over_against_a_sender() {
    let expected = ["refused", "by the first run", "by the second run"];
    model("stop, send", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::Always, Answer::Elsewhere);
        let stopping = cast.meanwhile(ActorRef::stop);
        let accepted = cast.tell(1);
        stopping.join().unwrap();
        cast.script.join();
        assert!(cast.is_up() && cast.tell(2), "its mailbox is open again");
        let (seen, story) = cast.finish(if accepted { &[1, 2] } else { &[2] });
        assert_eq!((seen.handled.len(), &story.downs[..]), (1 + usize::from(accepted), &[STOPPED.to_owned()][..]));
        outcomes.saw(match seen.handled[..] {
            [_] => expected[0],
            [1, _] => expected[1],
            _ => expected[2],
        });
    });
}

#[test]
fn a_stop_that_is_over_against_one_who_waits_for_room() {
    let expected = ["it came back", "by the first run", "by the second run"];
    model("stop, line", Bounds::default(), &expected, move |outcomes| {
        let gate = Gate::new();
        let place = Place { gate: Some(Arc::clone(&gate)), ..Place::default() };
        let cast = Cast::with(Renewal::Always, Answer::AtOnce, 1, place);
        assert!(cast.tell(WAIT) && cast.tell(1));
        let ward = cast.ward.clone();
        let sending = thread::spawn(move || block_on(ward.tell(Say(2))).is_ok());
        let stopping = cast.meanwhile(ActorRef::stop);
        gate.open();
        stopping.join().unwrap();
        let accepted = sending.join().unwrap();
        // The gate is down, too.
        assert!(cast.is_up() && cast.tell(3), "its mailbox is open again");
        let (seen, _) = cast.finish(if accepted { &[WAIT, 1, 2, 3] } else { &[WAIT, 1, 3] });
        assert!(seen.dead.is_empty(), "{seen:?}");
        outcomes.saw(match (accepted, seen.handled.contains(&2)) {
            (false, _) => expected[0],
            (true, true) => expected[1],
            (true, false) => expected[2],
        });
    });
}

#[test]
fn one_who_waits_for_room_against_the_word() {
    model("line, word", Bounds::default(), &["served"], |outcomes| {
        let cast = Cast::with(Renewal::AfterFailure, Answer::Never, 1, Place::default());
        assert!(cast.tell(FAIL) && cast.tell(1));
        let ward = cast.ward.clone();
        let sending = thread::spawn(move || block_on(ward.tell(Say(2))).is_ok());
        cast.script.renew();
        assert!(sending.join().unwrap());
        assert!(cast.is_up() && cast.tell(3));
        let (seen, _) = cast.finish(&[FAIL, 1, 2, 3]);
        assert_eq!(seen.handled, [FAIL, RUN + 1, RUN + 2, RUN + 3]);
        outcomes.saw("served");
    });
}
