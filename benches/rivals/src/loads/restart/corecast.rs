//! corecast: `ctx.fail`, and a `Supervisor` that restarts one for one.

use std::time::Duration;

use corecast::{Actor, ActorContext, ActorError, ActorRef, ChildSpec, Handler, Message, Strategy, Supervisor};

use super::{Pass, passes};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn restart(size: u64) -> Found {
    let system = runtimes::corecast();
    let driver = system.spawn(Driver { pass: None, mayfly: None }).start().expect("the system runs");
    let known = driver.clone();
    let supervisor = Supervisor::builder(Strategy::OneForOne)
        .intensity(u32::MAX, Duration::from_nanos(1))
        .child(ChildSpec::new("mayfly", move || Mayfly { driver: known.clone() }))
        .build()
        .expect("the settings can be");
    let _supervisor = system.block_on(async { system.spawn(supervisor).await }).expect("it starts");
    passes(size, |pass| driver.blocking_tell(pass).expect("the driver lives"))
}

struct Driver {
    pass: Option<Pass>,
    mayfly: Option<ActorRef<Mayfly>>,
}

impl Actor for Driver {}

impl Driver {
    fn go_on(&mut self) {
        if let (Some(pass), Some(mayfly)) = (&mut self.pass, &self.mayfly)
            && pass.goes_on()
        {
            mayfly.try_tell(Fail).expect("room");
        }
    }
}

impl Message for Pass {
    type Result = ();
}

impl Handler<Pass> for Driver {
    async fn handle(&mut self, pass: Pass, _: &mut ActorContext<Self>) {
        self.pass = Some(pass);
        self.go_on();
    }
}

/// It is up.
struct Up(ActorRef<Mayfly>);

impl Message for Up {
    type Result = ();
}

impl Handler<Up> for Driver {
    async fn handle(&mut self, Up(mayfly): Up, _: &mut ActorContext<Self>) {
        self.mayfly = Some(mayfly);
        self.go_on();
    }
}

struct Mayfly {
    driver: ActorRef<Driver>,
}

impl Actor for Mayfly {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        ctx.actor_ref().try_tell(Begin)?;
        Ok(())
    }
}

/// The first message of a state.
#[derive(Debug)]
struct Begin;

impl Message for Begin {
    type Result = ();
}

impl Handler<Begin> for Mayfly {
    async fn handle(&mut self, _: Begin, ctx: &mut ActorContext<Self>) {
        self.driver.try_tell(Up(ctx.actor_ref())).expect("room");
    }
}

struct Fail;

impl Message for Fail {
    type Result = ();
}

impl Handler<Fail> for Mayfly {
    async fn handle(&mut self, _: Fail, ctx: &mut ActorContext<Self>) {
        ctx.fail(ActorError::new("as it should"));
    }
}
