//! kameo: `spawn_with_mailbox` in a handler, `tell`, and `ctx.stop()`.

use std::sync::Arc;

use kameo::actor::{ActorRef, Spawn};
use kameo::mailbox;
use kameo::message::{Context, Message};

use super::{Census, Lives, passes};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn spawn(lives: u64) -> Found {
    let runtime = runtimes::tokio();
    let _context = runtime.enter();
    let driver = Driver::spawn_with_mailbox(Driver(None), mailbox::unbounded());
    passes(lives, |lives| driver.tell(lives).try_send().expect("the driver lives"))
}

#[derive(kameo::Actor)]
struct Driver(Option<Lives>);

impl Driver {
    fn batch(&mut self, driver: &ActorRef<Self>) {
        let lives = self.0.as_mut().expect("begun");
        for n in lives.batch() {
            let mayfly = Mayfly { census: Arc::clone(&lives.census), driver: driver.clone() };
            let mayfly = Mayfly::spawn_with_mailbox(mayfly, mailbox::unbounded());
            mayfly.tell(Live(n)).try_send().expect("it waits for its message");
        }
    }
}

impl Message<Lives> for Driver {
    type Reply = ();

    async fn handle(&mut self, lives: Lives, ctx: &mut Context<Self, ()>) {
        self.0 = Some(lives);
        self.batch(ctx.actor_ref());
    }
}

/// The last one of a batch is gone.
struct Gone;

impl Message<Gone> for Driver {
    type Reply = ();

    async fn handle(&mut self, _: Gone, ctx: &mut Context<Self, ()>) {
        self.batch(ctx.actor_ref());
    }
}

#[derive(kameo::Actor)]
struct Mayfly {
    census: Arc<Census>,
    driver: ActorRef<Driver>,
}

impl Drop for Mayfly {
    fn drop(&mut self) {
        if self.census.gone() {
            self.driver.tell(Gone).try_send().expect("the driver lives");
        }
    }
}

struct Live(u64);

impl Message<Live> for Mayfly {
    type Reply = ();

    async fn handle(&mut self, Live(n): Live, ctx: &mut Context<Self, ()>) {
        self.census.handled(n);
        ctx.stop();
    }
}
