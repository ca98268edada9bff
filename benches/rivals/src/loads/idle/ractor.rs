//! Idle actors of ractor.

use ractor::{Actor, ActorProcessingErr, ActorRef};

use super::{Call, State, weigh};
use crate::measured::Found;
use crate::runtimes::{self, ractor_actor};

pub(super) fn idle(actors: u64) -> Found {
    let runtime = runtimes::tokio();
    weigh(actors, || ractor_actor(&runtime, Idle, ()), |actor, call| actor.cast(call).expect("the actor lives"))
}

struct Idle;

impl Actor for Idle {
    type Msg = Call;
    type State = State;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Call>, (): ()) -> Result<State, ActorProcessingErr> {
        Ok(0)
    }

    async fn handle(&self, _: ActorRef<Call>, call: Call, state: &mut State) -> Result<(), ActorProcessingErr> {
        *state += call.n;
        call.roll.here(*state);
        Ok(())
    }
}
