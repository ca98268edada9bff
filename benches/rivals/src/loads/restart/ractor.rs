//! ractor: a handler that returns an error, and a supervisor that spawns another one.

use ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};

use super::{Pass, passes};
use crate::measured::Found;
use crate::runtimes::{self, ractor_actor};

pub(super) fn restart(size: u64) -> Found {
    let runtime = runtimes::tokio();
    let driver = ractor_actor(&runtime, Driver, ());
    let _supervisor = ractor_actor(&runtime, Overseer, driver.clone());
    passes(size, |pass| driver.cast(ToDriver::Play(pass)).expect("the driver lives"))
}

enum ToDriver {
    Play(Pass),
    /// It is up.
    Up(ActorRef<ToMayfly>),
}

struct Driver;

#[derive(Default)]
struct Driving {
    pass: Option<Pass>,
    mayfly: Option<ActorRef<ToMayfly>>,
}

impl Actor for Driver {
    type Msg = ToDriver;
    type State = Driving;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<ToDriver>, (): ()) -> Result<Driving, ActorProcessingErr> {
        Ok(Driving::default())
    }

    async fn handle(
        &self,
        _: ActorRef<ToDriver>,
        message: ToDriver,
        driving: &mut Driving,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            ToDriver::Play(pass) => driving.pass = Some(pass),
            ToDriver::Up(mayfly) => driving.mayfly = Some(mayfly),
        }
        if let (Some(pass), Some(mayfly)) = (&mut driving.pass, &driving.mayfly)
            && pass.goes_on()
        {
            mayfly.cast(ToMayfly::Fail)?;
        }
        Ok(())
    }
}

struct Overseer;

impl Overseer {
    async fn start(supervisor: ActorRef<()>, driver: ActorRef<ToDriver>) -> Result<(), ActorProcessingErr> {
        let (mayfly, _) = Actor::spawn_linked(None, Mayfly, driver, supervisor.get_cell()).await?;
        mayfly.cast(ToMayfly::Begin)?;
        Ok(())
    }
}

impl Actor for Overseer {
    type Msg = ();
    type State = ActorRef<ToDriver>;
    type Arguments = ActorRef<ToDriver>;

    async fn pre_start(
        &self,
        supervisor: ActorRef<()>,
        driver: ActorRef<ToDriver>,
    ) -> Result<ActorRef<ToDriver>, ActorProcessingErr> {
        Self::start(supervisor, driver.clone()).await?;
        Ok(driver)
    }

    async fn handle_supervisor_evt(
        &self,
        supervisor: ActorRef<()>,
        event: SupervisionEvent,
        driver: &mut ActorRef<ToDriver>,
    ) -> Result<(), ActorProcessingErr> {
        if let SupervisionEvent::ActorFailed(..) = event {
            Self::start(supervisor, driver.clone()).await?;
        }
        Ok(())
    }
}

enum ToMayfly {
    /// The first message of a state.
    Begin,
    Fail,
}

struct Mayfly;

impl Actor for Mayfly {
    type Msg = ToMayfly;
    type State = ActorRef<ToDriver>;
    type Arguments = ActorRef<ToDriver>;

    async fn pre_start(
        &self,
        _: ActorRef<ToMayfly>,
        driver: ActorRef<ToDriver>,
    ) -> Result<ActorRef<ToDriver>, ActorProcessingErr> {
        Ok(driver)
    }

    async fn handle(
        &self,
        mayfly: ActorRef<ToMayfly>,
        message: ToMayfly,
        driver: &mut ActorRef<ToDriver>,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            ToMayfly::Begin => Ok(driver.cast(ToDriver::Up(mayfly))?),
            ToMayfly::Fail => Err("as it should".into()),
        }
    }
}
