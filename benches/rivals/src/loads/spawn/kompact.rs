//! kompact: a component is created and started, told, and shuts itself down by what its handler returns.

use std::sync::Arc;

use kompact::prelude::{
    Actor, ActorRef, ActorRefFactory, Component, ComponentContext, ComponentDefinition, ComponentLifecycle,
    DynamicPortAccess, ExecuteResult, Handled, HandlerResult, SystemHandle,
};

use super::{Census, Lives, passes};
use crate::measured::Found;
use crate::runtimes::{self, kompact_actor};

pub(super) fn spawn(lives: u64) -> Found {
    let system = runtimes::kompact();
    let driver = kompact_actor(&system, || Driver { ctx: ComponentContext::uninitialised(), lives: None });
    passes(lives, |lives| driver.tell(ToDriver::Live(lives)))
}

#[derive(Debug)]
enum ToDriver {
    Live(Lives),
    /// The last one of a batch is gone.
    Gone,
}

#[derive(ComponentDefinition)]
struct Driver {
    ctx: ComponentContext<Self>,
    lives: Option<Lives>,
}

impl ComponentLifecycle for Driver {}

impl Actor for Driver {
    type Message = ToDriver;

    fn receive_local(&mut self, message: ToDriver) -> HandlerResult {
        if let ToDriver::Live(lives) = message {
            self.lives = Some(lives);
        }
        let (system, driver) = (self.ctx.system(), self.actor_ref());
        let lives = self.lives.as_mut().expect("begun");
        for n in lives.batch() {
            let (census, driver) = (Arc::clone(&lives.census), driver.clone());
            let mayfly = system.create(|| Mayfly { ctx: ComponentContext::uninitialised(), census, driver });
            system.start(&mayfly);
            mayfly.actor_ref().tell(n);
        }
        Handled::OK
    }
}

#[derive(ComponentDefinition)]
struct Mayfly {
    ctx: ComponentContext<Self>,
    census: Arc<Census>,
    driver: ActorRef<ToDriver>,
}

impl ComponentLifecycle for Mayfly {}

impl Actor for Mayfly {
    type Message = u64;

    fn receive_local(&mut self, n: u64) -> HandlerResult {
        self.census.handled(n);
        Handled::SHUTDOWN
    }
}

impl Drop for Mayfly {
    fn drop(&mut self) {
        if self.census.gone() {
            self.driver.tell(ToDriver::Gone);
        }
    }
}
