//! Supervisors on real threads: panics in each place, ends at each moment, and what can't be. What is decided, and in which
//! order, is in `tests/sim/supervision`.

mod cuts;
mod handles;
mod health;
mod panics;
mod specs;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use corecast::{
    Actor, ActorContext, ActorError, ActorInfo, ActorRef, ActorSystem, ChildSpec, Handler, Message, StopReason,
    Strategy, Supervisor, SupervisorBuilder,
};

use crate::support::{Hold, wait};

/// Where user code breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
enum At {
    Nowhere,
    Factory,
    PreStart,
    Handler,
    HandlerLater,
    OnError,
    OnTerminated,
    PostStop,
    PostStopLater,
    Drop,
}

/// Breaks once, where it is told to.
#[derive(Clone, Default)]
struct Fuse(Arc<AtomicUsize>);

impl Fuse {
    fn set(&self, at: At) {
        // ORDERING: Relaxed here and below; the flag is all that matters.
        self.0.store(at as usize, Ordering::Relaxed);
    }

    fn is_burnt(&self) -> bool {
        self.0.load(Ordering::Relaxed) == At::Nowhere as usize
    }

    fn pass(&self, at: At) {
        let now = At::Nowhere as usize;
        if self.0.compare_exchange(at as usize, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            // Without the hook, which would print each.
            std::panic::resume_unwind(Box::new(format!("broken at {at:?}")));
        }
    }
}

/// How many states there are.
#[derive(Clone, Default)]
struct Alive(Arc<AtomicUsize>);

impl Alive {
    fn count(&self) -> usize {
        // ORDERING: Acquire pairs with the Release of a drop.
        self.0.load(Ordering::Acquire)
    }
}

/// A child that passes the fuse wherever it can.
struct Child {
    fuse: Fuse,
    alive: Alive,
    handled: u64,
}

impl Child {
    fn new(fuse: &Fuse, alive: &Alive) -> Self {
        fuse.pass(At::Factory);
        // ORDERING: Relaxed; counted down behind it.
        alive.0.fetch_add(1, Ordering::Relaxed);
        Self { fuse: fuse.clone(), alive: alive.clone(), handled: 0 }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // ORDERING: Release pairs with the load in `count`.
        self.alive.0.fetch_sub(1, Ordering::Release);
        self.fuse.pass(At::Drop);
    }
}

impl Actor for Child {
    async fn pre_start(&mut self, _: &mut ActorContext<Self>) -> Result<(), ActorError> {
        self.fuse.pass(At::PreStart);
        Ok(())
    }

    fn on_error(&mut self, _: &ActorError, _: &mut ActorContext<Self>) -> corecast::Directive {
        self.fuse.pass(At::OnError);
        corecast::Directive::Restart
    }

    async fn on_terminated(&mut self, _: ActorInfo, _: StopReason, _: &mut ActorContext<Self>) {
        self.fuse.pass(At::OnTerminated);
    }

    async fn post_stop(&mut self, _: &StopReason, ctx: &mut ActorContext<Self>) {
        self.fuse.pass(At::PostStop);
        if self.fuse.0.load(Ordering::Relaxed) == At::PostStopLater as usize {
            ctx.yield_now().await;
        }
        self.fuse.pass(At::PostStopLater);
    }
}

/// How many of them has this state handled, with this one?
#[derive(Debug)]
struct Ask;

impl Message for Ask {
    type Result = u64;
}

impl Handler<Ask> for Child {
    async fn handle(&mut self, _: Ask, _: &mut ActorContext<Self>) -> u64 {
        self.handled += 1;
        self.handled
    }
}

/// Break there.
struct Break(At);

impl Message for Break {
    type Result = ();
}

/// Nobody's.
struct Passer;
impl Actor for Passer {}

impl Handler<Break> for Child {
    async fn handle(&mut self, Break(at): Break, ctx: &mut ActorContext<Self>) {
        self.fuse.set(at);
        match at {
            At::Nowhere => {}
            At::Handler => self.fuse.pass(at),
            At::HandlerLater => {
                ctx.yield_now().await;
                self.fuse.pass(at);
            }
            At::OnError => ctx.fail(ActorError::new("to be judged")),
            At::OnTerminated => {
                let passer = ctx.system().spawn(Passer).start().expect("the system runs");
                ctx.watch(&passer);
                passer.stop();
            }
            // On the way to the next state.
            At::Factory | At::PreStart | At::PostStop | At::PostStopLater | At::Drop => {
                std::panic::resume_unwind(Box::new("broken on the way".to_owned()));
            }
        }
    }
}

impl Handler<Hold> for Child {
    async fn handle(&mut self, hold: Hold, _: &mut ActorContext<Self>) {
        hold.stay().await;
    }
}

fn spec(id: &str, fuse: &Fuse, alive: &Alive) -> ChildSpec<Child> {
    let (fuse, alive) = (fuse.clone(), alive.clone());
    ChildSpec::new(id, move || Child::new(&fuse, &alive))
}

/// A supervisor that allows for many restarts.
fn builder() -> SupervisorBuilder {
    Supervisor::builder(Strategy::OneForOne).intensity(1_000, Duration::from_secs(1))
}

/// It is up, with its child `a`.
fn supervise(system: &ActorSystem, spec: ChildSpec<Child>) -> (ActorRef<Supervisor>, ActorRef<Child>) {
    let supervisor = wait(system.spawn(builder().child(spec).build().expect("as it should be"))).expect("it starts");
    let child = wait(supervisor.child::<Child>("a")).expect("it is there");
    (supervisor, child)
}
