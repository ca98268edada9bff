//! Models of a sender that is interrupted at the worst moment, between claiming a place and filling it: whom it delays.
//!
//! What bounds the delay is in the order of steps, not in time: an activation that meets the claimed place ends there and
//! then, and says so. Whoever has the worker goes on with others.

use crate::common::drive;
use crate::common::inline::{Body, Inline, Say};
use crate::common::ledger::Ledger;
use corecast::loom_api::task::{After, Bench, Shared};
use corecast::{Actor, ActorContext, ActorError, Handler};
use loom::thread;
use loom_tests::{Bounds, model};

/// Notes what it is told.
struct Listener(Body);

impl Actor for Listener {
    async fn pre_start(&mut self, _ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        self.0.touch();
        Ok(())
    }
}

impl Handler<Say> for Listener {
    async fn handle(&mut self, msg: Say, _ctx: &mut ActorContext<Self>) {
        self.0.touch();
        self.0.ledger.note(|seen| seen.handled.push(msg.0));
    }
}

/// A worker with two actors, and a thread that tells one of them. Where that thread is interrupted in its claim, the worker
/// isn't held up: the other actor handles its message, and another sender's claim goes on, though the interrupted one
/// doesn't take a step meanwhile.
#[test]
fn an_interrupted_sender_delays_its_actor_alone() {
    let expected = ["told before", "told after", "interrupted"];
    model("interrupted sender", Bounds::default(), &expected, |outcomes| {
        let ledger = Ledger::default();
        let shared = Shared::new(Inline(ledger.clone()));
        let (other, runnable) = shared.actor(None, Listener(Body::new(&ledger)));
        drive(runnable);
        let (target, runnable) = shared.actor(None, Listener(Body::new(&ledger)));
        let sender = {
            let target = target.clone();
            thread::spawn(move || target.try_tell(Say(1)).unwrap())
        };
        let handled = || ledger.note(|seen| seen.handled.clone());
        match runnable.run(&mut Bench::new()) {
            After::Behind(runnable) => {
                // The claim is there, the message isn't. From here to the `drive` nothing yields to the sender.
                assert!(handled().is_empty(), "nothing is handled that isn't there");
                other.try_tell(Say(10)).unwrap();
                target.try_tell(Say(2)).unwrap();
                assert_eq!(handled(), [10], "the other actor isn't delayed, and this one is, however full its mailbox");
                drive(runnable);
                assert_eq!(handled(), [10, 1, 2], "the order is that of the claims");
                outcomes.saw("interrupted");
            }
            After::Rested => {
                let before = !handled().is_empty();
                sender.join().unwrap();
                assert_eq!(handled(), [1]);
                outcomes.saw(if before { "told before" } else { "told after" });
                return;
            }
            _ => unreachable!("the actor has one message at most, and doesn't wait"),
        }
        sender.join().unwrap();
    });
}
