//! Idle actors of actix, in two arbiters by turns.

use actix::{Actor, Context, Handler, Message};

use super::{Call, State, weigh};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn idle(actors: u64) -> Found {
    let actix = runtimes::actix();
    let mut arbiters = actix.arbiters.iter().cycle();
    let start = || Idle::start_in_arbiter(arbiters.next().expect("a cycle"), |_| Idle(0));
    weigh(actors, start, |actor, call| actor.do_send(call))
}

struct Idle(State);

impl Actor for Idle {
    type Context = Context<Self>;
}

impl Message for Call {
    type Result = ();
}

impl Handler<Call> for Idle {
    type Result = ();

    fn handle(&mut self, call: Call, _: &mut Context<Self>) {
        self.0 += call.n;
        call.roll.here(self.0);
    }
}
