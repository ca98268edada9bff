//! Idle tasks of bare tokio, with an unbounded channel each.

use tokio::sync::mpsc::unbounded_channel;

use super::{Call, State, weigh};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn idle(actors: u64) -> Found {
    let runtime = runtimes::tokio();
    let start = || {
        let (actor, mut calls) = unbounded_channel::<Call>();
        runtime.spawn(async move {
            let mut state: State = 0;
            while let Some(call) = calls.recv().await {
                state += call.n;
                call.roll.here(state);
            }
        });
        actor
    };
    weigh(actors, start, |actor, call| actor.send(call).expect("the actor lives"))
}
