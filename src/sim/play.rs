//! What a test has of the simulation that it is in.

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use super::engine::{Engine, LeftOver};
use super::error::SimError;
use crate::actor::Actor;
use crate::actor::reference::ActorRef;
use crate::sync::parker;
use crate::system::ActorSystem;
use crate::system::wait::Wait;
use crate::task::director::Director;

/// One run of a simulation, for the test that is in it.
///
/// All of it happens on the test's own thread. Nothing moves while the test does anything but wait: it moves in
/// [`run_until_quiescent`](Self::run_until_quiescent) and its kin, and wherever the test would block: in
/// [`block_on`](Self::block_on), in `ActorSystem::block_on`, in the `blocking_*` verbs, and when a system is dropped.
pub struct Sim {
    pub(super) engine: Rc<Engine>,
    pub(super) seed: u64,
}

impl Sim {
    /// A system with the check's number of workers, which have no threads. Within a simulation every
    /// [`ActorSystem`] is like that, however it was built.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// corecast::sim::check(10, |sim| {
    ///     let system = sim.system();
    ///     let counter = system.spawn(Counter(0)).start()?;
    ///     counter.try_tell(Add(2))?;
    ///     sim.run_until_quiescent()?;
    ///     assert_eq!(counter.blocking_send(Add(3))?, 5);
    ///     Ok(())
    /// });
    /// ```
    #[must_use]
    pub fn system(&self) -> ActorSystem {
        ActorSystem::new().unwrap_or_else(|_| unreachable!("a simulated system needs no threads"))
    }

    /// Drives a future, and lets the actors act while it waits.
    ///
    /// # Panics
    ///
    /// If it waits when nobody can act any more: then the check fails, and says who waits for whom.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// corecast::sim::check(10, |sim| {
    ///     let system = sim.system();
    ///     let sum = sim.block_on(async {
    ///         let counter = system.spawn(Counter(1)).await?;
    ///         counter.tell(Add(2)).await?;
    ///         Ok::<_, Box<dyn std::error::Error + Send + Sync>>(counter.send(Add(3)).await?)
    ///     })?;
    ///     assert_eq!(sum, 6);
    ///     Ok(())
    /// });
    /// ```
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        parker::block_on(future)
    }

    /// Runs until nobody can act and no timer is set. Virtual time jumps from one timer to the next.
    ///
    /// # Errors
    ///
    /// If a handler waits then: nobody is left who would wake it. And if it goes on for longer than the check's
    /// [`max_steps`](super::Check::max_steps), as it does with a timer that comes again and again.
    pub fn run_until_quiescent(&self) -> Result<(), SimError> {
        self.engine.run(None)?;
        if self.engine.waits().is_empty() { Ok(()) } else { Err(self.engine.stuck_error(false)) }
    }

    /// As [`run_until_quiescent`](Self::run_until_quiescent), but handlers may wait then: for what the test is about to do.
    ///
    /// # Errors
    ///
    /// If it goes on for longer than the check's [`max_steps`](super::Check::max_steps).
    pub fn settle(&self) -> Result<(), SimError> {
        self.engine.run(None)
    }

    /// Runs until so much virtual time has passed, and all that is due by then is done. A timer is due in ticks of 66 µs, so
    /// that it may be later than asked for by so much.
    ///
    /// # Errors
    ///
    /// If it goes on for longer than the check's [`max_steps`](super::Check::max_steps).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use corecast::{Actor, ActorContext, Handler, Message};
    ///
    /// struct Clock(u32);
    /// impl Actor for Clock {
    ///     async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), corecast::ActorError> {
    ///         ctx.tell_every(Duration::from_secs(1), Tick)?;
    ///         Ok(())
    ///     }
    /// }
    ///
    /// #[derive(Clone)]
    /// struct Tick;
    /// impl Message for Tick {
    ///     type Result = ();
    /// }
    /// impl Handler<Tick> for Clock {
    ///     async fn handle(&mut self, _: Tick, _: &mut ActorContext<Self>) {
    ///         self.0 += 1;
    ///     }
    /// }
    ///
    /// struct Ticks;
    /// impl Message for Ticks {
    ///     type Result = u32;
    /// }
    /// impl Handler<Ticks> for Clock {
    ///     async fn handle(&mut self, _: Ticks, _: &mut ActorContext<Self>) -> u32 {
    ///         self.0
    ///     }
    /// }
    ///
    /// corecast::sim::check(5, |sim| {
    ///     let system = sim.system();
    ///     let clock = system.spawn(Clock(0)).start()?;
    ///     sim.run_for(Duration::from_secs(3_600))?; // no time at all
    ///     assert_eq!(clock.blocking_send(Ticks)?, 3_600);
    ///     Ok(())
    /// });
    /// ```
    pub fn run_for(&self, time: Duration) -> Result<(), SimError> {
        self.engine.run(Some(Engine::now().after(time)))
    }

    /// Lets one actor act, or one blocking closure. Time passes if nobody can otherwise. Returns whether anybody could.
    pub fn step(&self) -> bool {
        self.engine.run_once()
    }

    /// How much virtual time has passed.
    #[must_use]
    pub fn now(&self) -> Duration {
        Duration::from_nanos(Engine::now().as_nanos())
    }

    /// The seed of this run, as `CORECAST_SEED` takes it.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// A decision of the test's own, out of so many: drawn, replayed and shrunk as all others are.
    ///
    /// # Panics
    ///
    /// For zero.
    #[must_use]
    pub fn choose(&self, of: usize) -> usize {
        assert!(of > 0, "a choice out of nothing");
        self.engine.chooser().borrow_mut().pick(of)
    }

    /// Panics of actors of this type aren't counted against the test.
    pub fn expect_panics<A: Actor>(&self) {
        self.engine.expects(std::any::type_name::<A>());
    }

    /// The paths of the types of the messages that wait in an actor's mailbox, the oldest first. Nothing is taken out.
    ///
    /// For the test itself, between the turns of actors; none for an actor of another run, or one that has ended.
    #[must_use]
    pub fn mailbox<A: Actor>(&self, actor: &ActorRef<A>) -> Vec<&'static str> {
        self.engine.mailbox(actor.strong())
    }

    /// Whose handlers wait, and for whom.
    #[must_use]
    pub fn waits(&self) -> Vec<Wait> {
        self.engine.waits()
    }

    /// Accepted messages that were never handled because their actors ended, so far.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<LeftOver> {
        self.engine.left_over()
    }

    /// Puts a line into the trace.
    pub fn note(&self, text: impl fmt::Display) {
        self.engine.note(|| text.to_string());
    }
}

impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sim").field("seed", &self.seed).field("now", &self.now()).finish_non_exhaustive()
    }
}
