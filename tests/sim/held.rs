//! What workers hold for one activation: in a simulation, too, each has a place of its own for that.

use corecast::sim::Check;
use corecast::{Actor, ActorContext, ActorRef, Handler, Message, SendErrorReason};

/// An actor that passes routes on.
struct Stop;
impl Actor for Stop {}

/// From stop to stop: each asks the next. Whether a circle was found.
struct Route(Vec<ActorRef<Stop>>);
impl Message for Route {
    type Result = bool;
}

impl Handler<Route> for Stop {
    async fn handle(&mut self, Route(mut route): Route, _: &mut ActorContext<Self>) -> bool {
        if route.is_empty() {
            return false;
        }
        let next = route.remove(0);
        match next.send(Route(route)).await {
            Ok(is_found) => is_found,
            Err(error) => matches!(error.reason(), SendErrorReason::Circle(_)),
        }
    }
}

/// What one worker has put aside for the task that it holds was overwritten by the next one that held something.
#[test]
fn a_circle_is_found_whatever_other_workers_hold_meanwhile() {
    Check::new().runs(1_000).workers(3).run(|sim| {
        let system = sim.system();
        let mut replies = Vec::new();
        for _ in 0..4 {
            let (one, other) = (system.spawn(Stop).start()?, system.spawn(Stop).start()?);
            replies.push(one.try_send(Route(vec![other, one.clone()]))?);
        }
        for reply in replies {
            assert!(sim.block_on(reply)?, "each asks the other");
        }
        Ok(())
    });
}
