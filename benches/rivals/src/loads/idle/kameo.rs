//! Idle actors of kameo, with unbounded mailboxes.

use kameo::actor::Spawn;
use kameo::mailbox;
use kameo::message::{Context, Message};

use super::{Call, State, weigh};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn idle(actors: u64) -> Found {
    let runtime = runtimes::tokio();
    let _context = runtime.enter();
    weigh(
        actors,
        || Idle::spawn_with_mailbox(Idle(0), mailbox::unbounded()),
        |actor, call| actor.tell(call).try_send().expect("the actor lives"),
    )
}

#[derive(kameo::Actor)]
struct Idle(State);

impl Message<Call> for Idle {
    type Reply = ();

    async fn handle(&mut self, call: Call, _: &mut Context<Self, ()>) {
        self.0 += call.n;
        call.roll.here(self.0);
    }
}
