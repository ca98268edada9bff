//! The gate: it goes down with the last who waits, and shutdown holds it against the outside.

use super::actor::{Actor, Large, Note, Told, WAITED};
use corecast::loom_api::mailbox::{Duty, Join, Refusal, Rest};
use loom_tests::{Bounds, model_in_all_modes as model};

/// A gate that nobody waits behind is down again: after a withdrawal, a refusal, and a message that was placed after
/// all. (One that stays up does no harm but costs every later sender the line's lock.)
#[test]
fn the_gate_is_down_when_nobody_waits() {
    let expected = ["withdrawn", "placed", "placed after all"];
    model("gate down", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::full(1);
        assert!(matches!(actor.mailbox.join((1, 1), false, true), Join::Refused(_, Refusal::Full)));
        let ticket = actor.wait((1, 5));
        assert_eq!(actor.end(ticket), Told::Refused(Refusal::Full));
        // SAFETY: the right to run a new actor is ours.
        let mut reader = unsafe { actor.mailbox.reader() };
        assert_eq!(reader.next(), Some((1, 0)));
        assert!(!reader.credit(false), "a sender that was refused, or has left, left the gate up");
        assert_eq!(actor.try_tell((1, 2)), Told::Accepted);
        let ticket = actor.wait((1, 3));
        let leaver = actor.spawn(|actor| actor.end(ticket));
        assert_eq!(reader.next(), Some((1, 2)));
        let gated = reader.credit(false);
        if gated {
            actor.serve();
        }
        let placed = leaver.join().unwrap() == Told::Accepted;
        outcomes.saw(if placed { "placed" } else { "withdrawn" });
        assert_eq!(actor.mailbox.len(), u32::from(placed));
        if !placed {
            assert!(matches!(actor.mailbox.join((1, 4), false, true), Join::Placed(Duty::Nothing)));
            outcomes.saw("placed after all");
        }
        assert!(reader.next().is_some());
        assert!(!reader.credit(false), "the gate is up and nobody waits");
        assert_eq!(reader.rest(false), Rest::Idle);
    });
}

/// Shutdown holds the gate: the outside is refused from then on, those inside pass.
#[test]
fn a_held_gate_against_a_sender() {
    let expected = ["outside before", "outside refused", "gated"];
    model("held gate", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::idle(2);
        actor.lay_line();
        let tell = |sender, inside| {
            actor.spawn(move |actor| match actor.begin((sender, 0), inside) {
                Ok(Told::Accepted) => true,
                Ok(Told::Refused(refusal)) => {
                    assert_eq!(refusal, Refusal::Held);
                    false
                }
                Err(_) => panic!("there is room"),
            })
        };
        let (outside, inside) = (tell(1, false), tell(2, true));
        actor.mailbox.hold();
        let outside = outside.join().unwrap();
        assert!(inside.join().unwrap(), "who is inside passes");
        if actor.tally.gated.get() > 0 {
            outcomes.saw("gated");
        }
        outcomes.saw(if outside { "outside before" } else { "outside refused" });
        let (mut handled, ..) = actor.settle();
        handled.sort_unstable();
        assert_eq!(handled, if outside { vec![(1, 0), (2, 0)] } else { vec![(2, 0)] });
        assert_eq!(actor.try_tell((3, 0)), Told::Refused(Refusal::Full), "the gate stays up");
    });
}

/// The gate is held over a full mailbox with somebody in line: who waits is placed all the same.
#[test]
fn a_held_gate_over_a_line() {
    let expected = ["accepted before", "refused"];
    model("held gate, line", Bounds::default(), &expected, |outcomes| {
        let actor = Actor::full(1);
        let ticket = actor.wait((1, 1));
        let runner = actor.runner();
        let sender = actor.spawn(|actor| actor.wait_out(actor.join((2, 0), true, false)));
        actor.mailbox.hold();
        runner.join().unwrap();
        let told = sender.join().unwrap();
        assert_eq!(actor.end(ticket), Told::Accepted, "placed without being polled");
        let (handled, ..) = actor.settle();
        match told {
            Told::Accepted => {
                outcomes.saw("accepted before");
                assert_eq!(handled, [(1, 0), (1, 1), (2, 0)]);
            }
            Told::Refused(refusal) => {
                outcomes.saw("refused");
                assert_eq!(refusal, Refusal::Held);
                assert_eq!(handled, [(1, 0), (1, 1)]);
            }
        }
        assert_eq!(actor.try_tell((3, 0)), Told::Refused(Refusal::Full), "the gate stays up");
    });
}

/// Two senders inside wait while shutdown holds the gate: knocks change nothing in the word any more, the line's lock
/// orders them.
#[test]
fn insiders_wait_behind_a_held_gate() {
    model("held gate, waiting", Bounds::default(), &WAITED, |outcomes| {
        let actor = Actor::<Note>::idle(1);
        actor.lay_line();
        actor.mailbox.hold();
        let senders = [actor.patient_sender(1, 0..2), actor.patient_sender(2, 0..1)];
        actor.settle_after(senders, &[(1, 0), (1, 1), (2, 0)]);
        actor.tally.say_waited(outcomes);
    });
}

/// The same with messages that lie in blocks of their own.
#[test]
fn messages_in_blocks_wait_behind_a_held_gate() {
    model("held gate, blocks", Bounds::default(), &WAITED[..2], |outcomes| {
        let actor = Actor::<Large>::idle(1);
        actor.lay_line();
        actor.mailbox.hold();
        let senders = [actor.patient_sender(1, 0..1), actor.patient_sender(2, 0..1)];
        actor.settle_after(senders, &[(1, 0), (2, 0)]);
        actor.tally.say_waited(outcomes);
    });
}
