//! The frameworks' runtimes, with two workers each, as the loads start them.

use actix::{Arbiter, ArbiterHandle, System, SystemRunner};
use corecast::ActorSystem;
use kompact::component::ComponentTraits;
use kompact::config_keys::system::THREADS;
use kompact::prelude::{
    ActorRefFactory, ActorRefStrong, BlockingFutureExt, ComponentDefinition, KompactConfig, KompactSystem,
};
use tokio::runtime::{Builder, Runtime};

use crate::loads::WORKERS;

pub fn corecast() -> ActorSystem {
    ActorSystem::builder().workers(WORKERS).build().expect("the workers start")
}

/// What tasks of bare tokio run on, and kameo's and ractor's actors.
pub fn tokio() -> Runtime {
    Builder::new_multi_thread().worker_threads(WORKERS).enable_time().build().expect("the workers start")
}

pub fn kompact() -> KompactSystem {
    let mut config = KompactConfig::default();
    config.set_config_value(&THREADS, WORKERS);
    config.build().wait().expect("the system starts")
}

/// Starts a component, and refers to it.
pub fn kompact_actor<C>(system: &KompactSystem, new: impl FnOnce() -> C) -> ActorRefStrong<C::Message>
where
    C: ComponentDefinition + ComponentTraits + 'static,
{
    let component = system.create(new);
    system.start_notify(&component).wait();
    component.actor_ref().hold().expect("it has just been started")
}

/// actix's system, and two arbiters with a thread each.
pub struct Actix {
    pub arbiters: [ArbiterHandle; WORKERS],
    /// Held so that the arbiters have a system.
    _system: SystemRunner,
}

pub fn actix() -> Actix {
    let system = System::new();
    Actix { arbiters: [Arbiter::new().handle(), Arbiter::new().handle()], _system: system }
}

/// Starts an actor of ractor, and waits for it.
pub fn ractor_actor<A: ractor::Actor>(
    runtime: &Runtime,
    actor: A,
    arguments: A::Arguments,
) -> ractor::ActorRef<A::Msg> {
    let (actor, _) = runtime.block_on(A::spawn(None, actor, arguments)).expect("it has no name that others have");
    actor
}
