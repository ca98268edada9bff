//! A failure, and the restart: from the end of the handler that failed to the first message of the state that was made anew.
//!
//! A driver tells a supervised actor to fail, and asks it something. The actor says of itself that it failed, so that no panic
//! is caught: that is the compiler's and the library's work, and takes some microseconds. The clock is read in the last line of
//! the handler that fails and in the first one of the handler that comes next, of the actor made anew. In between are: the old
//! state's `post_stop` and drop, the report, the supervisor's decision, the factory, and `pre_start`. It says nothing about a
//! supervisor that is busy.

use std::cell::Cell;
use std::time::{Duration, Instant};

use corecast::{
    Actor, ActorContext, ActorError, ActorRef, ActorSystem, ChildSpec, Handler, Message, Strategy, Supervisor,
};

use super::samples::Samples;

thread_local! {
    /// When the last failure was. Failed and new state share a worker, as all here do.
    static FAILED: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Nanoseconds of each of so many restarts, after as many to warm up.
pub fn nanos(times: usize) -> Samples {
    let system = ActorSystem::builder().workers(1).build().expect("one worker");
    let driver = system.block_on(async { system.spawn(Driver { mayfly: None }).await }).expect("it starts");
    driver.blocking_send(Run { times }).expect("a reply");
    driver.blocking_send(Run { times }).expect("a reply").into_iter().map(|took| took.as_nanos() as f64).collect()
}

/// Fails when it is told to.
#[derive(Default)]
struct Mayfly {
    sum: u64,
}

impl Actor for Mayfly {}

struct Fail;

impl Message for Fail {
    type Result = ();
}

impl Handler<Fail> for Mayfly {
    async fn handle(&mut self, _: Fail, ctx: &mut ActorContext<Self>) {
        self.sum += 1;
        ctx.fail(ActorError::new("as it should"));
        FAILED.set(Some(Instant::now()));
    }
}

struct Ask;

impl Message for Ask {
    type Result = Duration;
}

impl Handler<Ask> for Mayfly {
    async fn handle(&mut self, _: Ask, _: &mut ActorContext<Self>) -> Duration {
        let now = Instant::now();
        assert_eq!(self.sum, 0, "its state is a new one");
        now - FAILED.take().expect("it failed")
    }
}

/// Has it fail, and asks.
struct Driver {
    mayfly: Option<(ActorRef<Supervisor>, ActorRef<Mayfly>)>,
}

impl Actor for Driver {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        let supervisor = Supervisor::builder(Strategy::OneForOne)
            .intensity(u32::MAX, Duration::from_nanos(1))
            .child(ChildSpec::new("mayfly", Mayfly::default))
            .build()?;
        let supervisor = ctx.system().spawn(supervisor).await?;
        let mayfly = supervisor.child("mayfly").await?;
        self.mayfly = Some((supervisor, mayfly));
        Ok(())
    }
}

struct Run {
    times: usize,
}

impl Message for Run {
    type Result = Vec<Duration>;
}

impl Handler<Run> for Driver {
    async fn handle(&mut self, Run { times }: Run, _: &mut ActorContext<Self>) -> Vec<Duration> {
        let (_, mayfly) = self.mayfly.as_ref().expect("it has started");
        let mut all = Vec::with_capacity(times);
        for _ in 0..times {
            mayfly.try_tell(Fail).expect("room");
            all.push(mayfly.send(Ask).await.expect("a reply"));
        }
        all
    }
}
