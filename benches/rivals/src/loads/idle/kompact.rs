//! Idle components of kompact.

use kompact::prelude::{
    Actor, Component, ComponentContext, ComponentDefinition, ComponentLifecycle, DynamicPortAccess, ExecuteResult,
    Handled, HandlerResult,
};

use super::{Call, State, weigh};
use crate::measured::Found;
use crate::runtimes::{self, kompact_actor};

pub(super) fn idle(actors: u64) -> Found {
    let system = runtimes::kompact();
    weigh(
        actors,
        || kompact_actor(&system, || Idle { ctx: ComponentContext::uninitialised(), state: 0 }),
        |actor, call| actor.tell(call),
    )
}

#[derive(ComponentDefinition)]
struct Idle {
    ctx: ComponentContext<Self>,
    state: State,
}

impl ComponentLifecycle for Idle {}

impl Actor for Idle {
    type Message = Call;

    fn receive_local(&mut self, call: Call) -> HandlerResult {
        self.state += call.n;
        call.roll.here(self.state);
        Handled::OK
    }
}
