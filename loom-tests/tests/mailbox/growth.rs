//! Growth: segments are attached, found, and given back. They hold two messages here.

use super::actor::{Actor, Large, Note, Noted, ROOMY, Told, notes};
use loom_tests::{Bounds, model_in_all_modes as model};

/// Four messages of one sender need the inline place and two segments.
#[test]
fn growth_over_segments_and_give_back() {
    model("growth, one sender", Bounds::default(), &["one run", "several runs", "behind"], |outcomes| {
        let actor = Actor::<Note>::new(ROOMY);
        let sender = actor.sender(1, 0..4);
        let runner = actor.late_runner();
        let (handled, runs) = actor.settle_after([sender, runner], &[(1, 0), (1, 1), (1, 2), (1, 3)]);
        assert!(handled.is_sorted(), "{handled:?}");
        outcomes.saw(if runs == 1 { "one run" } else { "several runs" });
        actor.tally.say_behind(outcomes);
    });
}

#[test]
fn two_senders_attach_segments() {
    model("growth, two senders", Bounds::default(), &["one run", "several runs", "behind"], |outcomes| {
        let actor = Actor::<Note>::new(ROOMY);
        let senders = [actor.sender(1, 0..2), actor.sender(2, 0..1)];
        actor.run();
        let (_, runs) = actor.settle_after(senders, &[(1, 0), (1, 1), (2, 0)]);
        outcomes.saw(if runs == 1 { "one run" } else { "several runs" });
        actor.tally.say_behind(outcomes);
    });
}

/// A chain of several segments that the reader has not seen grow: it walks back from the newest.
#[test]
fn a_chain_is_walked_back_to_the_oldest() {
    model("growth, walk back", Bounds::default(), &["one run", "several runs"], |outcomes| {
        let actor = Actor::<Large>::new(ROOMY);
        for note in notes(1, 0..3) {
            assert_eq!(actor.try_tell(Large::of(note)), Told::Accepted);
        }
        let sender = actor.sender(1, 3..6);
        let runner = actor.runner();
        let (_, runs) = actor.settle_after([sender, runner], &notes(1, 0..6).collect::<Vec<_>>());
        outcomes.saw(if runs == 1 { "one run" } else { "several runs" });
    });
}

/// Segments come back while others are attached: idle, growth, idle, growth.
#[test]
fn growth_by_two_senders_over_several_idles() {
    model("growth, several idles", Bounds::default(), &["three runs", "more runs", "behind"], |outcomes| {
        let actor = Actor::<Note>::idle(ROOMY);
        let senders = [actor.sender(1, 0..3), actor.sender(2, 0..3)];
        let (_, runs) = actor.settle_after(senders, &[(1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2)]);
        outcomes.saw(if runs == 4 { "three runs" } else { "more runs" });
        actor.tally.say_behind(outcomes);
    });
}

/// Messages that lie in blocks of their own, wherever they come to.
#[test]
fn two_senders_of_messages_in_blocks() {
    model("growth, blocks", Bounds::default(), &["one run", "several runs", "behind"], |outcomes| {
        let actor = Actor::<Large>::idle(ROOMY);
        let senders = [actor.sender(1, 0..2), actor.sender(2, 0..1)];
        let (_, runs) = actor.settle_after(senders, &[(1, 0), (1, 1), (2, 0)]);
        outcomes.saw(if runs == 2 { "one run" } else { "several runs" });
        actor.tally.say_behind(outcomes);
    });
}

/// The mailbox is closed meanwhile: a message comes back out of its block.
#[test]
fn a_message_in_a_block_against_close() {
    model("close, block", Bounds::default(), &["accepted", "refused"], |outcomes| {
        let actor = Actor::<Large>::idle(ROOMY);
        let sender = actor.spawn(|actor| match actor.mailbox.post(Large::of((1, 0))) {
            Ok(duty) => {
                actor.perform(duty);
                true
            }
            Err((message, _)) => {
                assert_eq!(message.note(), (1, 0));
                false
            }
        });
        actor.close();
        let accepted = sender.join().unwrap();
        let (handled, ..) = actor.settle();
        assert_eq!(handled.len(), usize::from(accepted));
        outcomes.saw(if accepted { "accepted" } else { "refused" });
    });
}
