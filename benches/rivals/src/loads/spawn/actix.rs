//! actix: `start` in a handler, hence in the driver's arbiter, `do_send`, and `ctx.stop()`.

use std::sync::Arc;

use actix::{Actor, ActorContext, Addr, AsyncContext, Context, Handler, Message};

use super::{Census, Lives, passes};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn spawn(lives: u64) -> Found {
    let actix = runtimes::actix();
    let driver = Driver::start_in_arbiter(&actix.arbiters[0], |_| Driver(None));
    passes(lives, |lives| driver.do_send(lives))
}

struct Driver(Option<Lives>);

impl Actor for Driver {
    type Context = Context<Self>;
}

impl Driver {
    fn batch(&mut self, ctx: &Context<Self>) {
        let lives = self.0.as_mut().expect("begun");
        let driver = ctx.address();
        for n in lives.batch() {
            let mayfly = Mayfly { census: Arc::clone(&lives.census), driver: driver.clone() };
            mayfly.start().do_send(Live(n));
        }
    }
}

impl Message for Lives {
    type Result = ();
}

impl Handler<Lives> for Driver {
    type Result = ();

    fn handle(&mut self, lives: Lives, ctx: &mut Context<Self>) {
        self.0 = Some(lives);
        self.batch(ctx);
    }
}

/// The last one of a batch is gone.
#[derive(Message)]
#[rtype("()")]
struct Gone;

impl Handler<Gone> for Driver {
    type Result = ();

    fn handle(&mut self, _: Gone, ctx: &mut Context<Self>) {
        self.batch(ctx);
    }
}

struct Mayfly {
    census: Arc<Census>,
    driver: Addr<Driver>,
}

impl Actor for Mayfly {
    type Context = Context<Self>;
}

impl Drop for Mayfly {
    fn drop(&mut self) {
        if self.census.gone() {
            self.driver.do_send(Gone);
        }
    }
}

#[derive(Message)]
#[rtype("()")]
struct Live(u64);

impl Handler<Live> for Mayfly {
    type Result = ();

    fn handle(&mut self, Live(n): Live, ctx: &mut Context<Self>) {
        self.census.handled(n);
        ctx.stop();
    }
}
