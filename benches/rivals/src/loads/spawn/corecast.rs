//! corecast: `spawn` in a handler, `try_tell`, and `ctx.stop()`.

use std::sync::Arc;

use corecast::{Actor, ActorContext, ActorRef, Handler, Message};

use super::{Census, Lives, passes};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn spawn(lives: u64) -> Found {
    let system = runtimes::corecast();
    let driver = system.spawn(Driver(None)).start().expect("the system runs");
    passes(lives, |lives| driver.blocking_tell(lives).expect("the driver lives"))
}

struct Driver(Option<Lives>);

impl Actor for Driver {}

impl Driver {
    fn batch(&mut self, ctx: &mut ActorContext<Self>) {
        let lives = self.0.as_mut().expect("begun");
        let (system, driver) = (ctx.system(), ctx.actor_ref());
        for n in lives.batch() {
            let mayfly = Mayfly { census: Arc::clone(&lives.census), driver: driver.clone() };
            let mayfly = system.spawn(mayfly).start().expect("the system runs");
            mayfly.try_tell(Live(n)).expect("room");
        }
    }
}

impl Message for Lives {
    type Result = ();
}

impl Handler<Lives> for Driver {
    async fn handle(&mut self, lives: Lives, ctx: &mut ActorContext<Self>) {
        self.0 = Some(lives);
        self.batch(ctx);
    }
}

/// The last one of a batch is gone.
struct Gone;

impl Message for Gone {
    type Result = ();
}

impl Handler<Gone> for Driver {
    async fn handle(&mut self, _: Gone, ctx: &mut ActorContext<Self>) {
        self.batch(ctx);
    }
}

struct Mayfly {
    census: Arc<Census>,
    driver: ActorRef<Driver>,
}

impl Actor for Mayfly {}

impl Drop for Mayfly {
    fn drop(&mut self) {
        if self.census.gone() {
            self.driver.try_tell(Gone).expect("room");
        }
    }
}

struct Live(u64);

impl Message for Live {
    type Result = ();
}

impl Handler<Live> for Mayfly {
    async fn handle(&mut self, Live(n): Live, ctx: &mut ActorContext<Self>) {
        self.census.handled(n);
        ctx.stop();
    }
}
