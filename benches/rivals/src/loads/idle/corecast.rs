//! Idle actors of corecast.

use corecast::{Actor, ActorContext, Handler, Message};

use super::{Call, State, weigh};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn idle(actors: u64) -> Found {
    let system = runtimes::corecast();
    weigh(
        actors,
        || system.spawn(Idle(0)).start().expect("the system runs"),
        |actor, call| actor.try_tell(call).expect("room"),
    )
}

struct Idle(State);

impl Actor for Idle {}

impl Message for Call {
    type Result = ();
}

impl Handler<Call> for Idle {
    async fn handle(&mut self, call: Call, _: &mut ActorContext<Self>) {
        self.0 += call.n;
        call.roll.here(self.0);
    }
}
