//! ractor: `spawn_instant` in a handler, `cast`, and `stop`.

use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef, ActorRuntime};

use super::{Census, Lives, passes};
use crate::measured::Found;
use crate::runtimes::{self, ractor_actor};

pub(super) fn spawn(lives: u64) -> Found {
    let runtime = runtimes::tokio();
    let driver = ractor_actor(&runtime, Driver, ());
    passes(lives, |lives| driver.cast(ToDriver::Live(lives)).expect("the driver lives"))
}

enum ToDriver {
    Live(Lives),
    /// The last one of a batch is gone.
    Gone,
}

struct Driver;

impl Actor for Driver {
    type Msg = ToDriver;
    type State = Option<Lives>;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<ToDriver>, (): ()) -> Result<Self::State, ActorProcessingErr> {
        Ok(None)
    }

    async fn handle(
        &self,
        driver: ActorRef<ToDriver>,
        message: ToDriver,
        running: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        if let ToDriver::Live(new) = message {
            *running = Some(new);
        }
        let lives = running.as_mut().expect("begun");
        for n in lives.batch() {
            let state = Living { census: Arc::clone(&lives.census), driver: driver.clone() };
            let (mayfly, _) = ActorRuntime::spawn_instant(None, Mayfly, state)?;
            mayfly.cast(n)?;
        }
        Ok(())
    }
}

struct Mayfly;

struct Living {
    census: Arc<Census>,
    driver: ActorRef<ToDriver>,
}

impl Drop for Living {
    fn drop(&mut self) {
        if self.census.gone() {
            self.driver.cast(ToDriver::Gone).expect("the driver lives");
        }
    }
}

impl Actor for Mayfly {
    type Msg = u64;
    type State = Living;
    type Arguments = Living;

    async fn pre_start(&self, _: ActorRef<u64>, living: Living) -> Result<Living, ActorProcessingErr> {
        Ok(living)
    }

    async fn handle(&self, mayfly: ActorRef<u64>, n: u64, living: &mut Living) -> Result<(), ActorProcessingErr> {
        living.census.handled(n);
        mayfly.stop(None);
        Ok(())
    }
}
