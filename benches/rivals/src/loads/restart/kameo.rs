//! kameo: a reply that is an error, and `supervise`.

use std::fmt;
use std::time::Duration;

use kameo::actor::{Actor, ActorRef, Spawn};
use kameo::error::Infallible;
use kameo::mailbox;
use kameo::message::{Context, Message};
use kameo::supervision::RestartPolicy;

use super::{Pass, passes};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn restart(size: u64) -> Found {
    let runtime = runtimes::tokio();
    let _context = runtime.enter();
    let driver = Driver::spawn_with_mailbox(Driver { pass: None, mayfly: None }, mailbox::unbounded());
    let supervisor = Overseer::spawn(Overseer);
    let _mayfly = runtime.block_on(
        Mayfly::supervise(&supervisor, driver.clone())
            .restart_policy(RestartPolicy::Permanent)
            .restart_limit(u32::MAX, Duration::from_nanos(1))
            .spawn_with_mailbox(mailbox::unbounded()),
    );
    passes(size, |pass| driver.tell(pass).try_send().expect("the driver lives"))
}

#[derive(kameo::Actor)]
struct Overseer;

#[derive(kameo::Actor)]
struct Driver {
    pass: Option<Pass>,
    mayfly: Option<ActorRef<Mayfly>>,
}

impl Driver {
    fn go_on(&mut self) {
        if let (Some(pass), Some(mayfly)) = (&mut self.pass, &self.mayfly)
            && pass.goes_on()
        {
            mayfly.tell(Fail).try_send().expect("it lives");
        }
    }
}

impl Message<Pass> for Driver {
    type Reply = ();

    async fn handle(&mut self, pass: Pass, _: &mut Context<Self, ()>) {
        self.pass = Some(pass);
        self.go_on();
    }
}

/// It is up.
struct Up(ActorRef<Mayfly>);

impl Message<Up> for Driver {
    type Reply = ();

    async fn handle(&mut self, Up(mayfly): Up, _: &mut Context<Self, ()>) {
        self.mayfly = Some(mayfly);
        self.go_on();
    }
}

struct Mayfly {
    driver: ActorRef<Driver>,
}

impl Actor for Mayfly {
    type Args = ActorRef<Driver>;
    type Error = Infallible;

    async fn on_start(driver: ActorRef<Driver>, mayfly: ActorRef<Self>) -> Result<Self, Infallible> {
        mayfly.tell(Begin).try_send().expect("it is about to begin");
        Ok(Self { driver })
    }
}

/// The first message of a state.
struct Begin;

impl Message<Begin> for Mayfly {
    type Reply = ();

    async fn handle(&mut self, _: Begin, ctx: &mut Context<Self, ()>) {
        self.driver.tell(Up(ctx.actor_ref().clone())).try_send().expect("the driver lives");
    }
}

struct Fail;

#[derive(Debug)]
struct Failed;

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("as it should")
    }
}

impl std::error::Error for Failed {}

impl Message<Fail> for Mayfly {
    type Reply = Result<(), Failed>;

    async fn handle(&mut self, _: Fail, _: &mut Context<Self, Self::Reply>) -> Result<(), Failed> {
        Err(Failed)
    }
}
