//! Hops: two actors play one message back and forth, so that each turn is an idle actor that is
//! told, scheduled, run, and idle again.
//!
//! 500 pairs of four kinds take turns, 1,000 hops each; a pair's two directions are two types of messages.

use std::sync::mpsc;
use std::time::Duration;

use corecast::{Actor, ActorContext, ActorError, ActorRef, ActorSystem, Handler, Message, Recipient};

use super::Load;
use super::cast::{ACTORS, Counter, Digest, Finished, Gauge, Record, State, Window};
use super::clock::Clock;

/// Hops of one rally.
const RALLY: u64 = 1_000;

/// The load. One operation is one hop.
pub struct Hops {
    umpire: ActorRef<Umpire>,
    /// Held so that it lives as long as the load, and ends with it.
    system: ActorSystem,
}

/// Sets the load up on one worker, by its CPU time.
pub fn load() -> Hops {
    Hops::new(ActorSystem::builder().workers(1).build().expect("one worker"), Clock::ThreadCpu)
}

impl Hops {
    /// Sets the load up in a given system. By CPU time, that must have one worker only.
    pub fn new(system: ActorSystem, clock: Clock) -> Self {
        let umpire = Umpire { pairs: Vec::new(), next: 0, clock, run: None };
        let umpire = system.block_on(async { system.spawn(umpire).await }).expect("the pairs start");
        let mut hops = Self { umpire, system };
        // Every pair once, to warm up.
        hops.rounds((ACTORS / 2) as u64);
        hops
    }

    /// How many workers play.
    pub fn workers(&self) -> usize {
        self.system.workers()
    }
}

impl Load for Hops {
    const ROUND: u64 = RALLY;

    fn rounds(&mut self, rounds: u64) -> Duration {
        let (report, spent) = mpsc::channel();
        self.umpire.blocking_tell(Run { rallies: rounds, report }).expect("the umpire lives");
        spent.recv().expect("the umpire reports")
    }
}

/// To the left player: hops that are left to play.
struct Ball(u64);

impl Message for Ball {
    type Result = ();
}

/// To the right player: the same, in a longer message.
struct Puck {
    left: u64,
    spin: Record,
}

impl Message for Puck {
    type Result = ();
}

/// The player who serves, and reports the end of the rally.
struct Left<S: State> {
    state: S,
    right: Option<ActorRef<Right<S>>>,
    umpire: Recipient<Finished>,
}

impl<S: State> Actor for Left<S> {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        let right = Right { state: S::default(), left: ctx.actor_ref() };
        self.right = Some(ctx.system().spawn(right).start()?);
        Ok(())
    }
}

impl<S: State> Handler<Ball> for Left<S> {
    async fn handle(&mut self, Ball(left): Ball, _: &mut ActorContext<Self>) {
        self.state.add(left);
        if left == 0 {
            self.umpire.tell(Finished).await.expect("the umpire lives");
        } else {
            let right = self.right.as_ref().expect("started with its partner");
            let puck = Puck { left: left - 1, spin: Record::new(left) };
            right.tell(puck).await.expect("the partner lives");
        }
    }
}

/// The player who returns.
struct Right<S: State> {
    state: S,
    left: ActorRef<Left<S>>,
}

impl<S: State> Actor for Right<S> {}

impl<S: State> Handler<Puck> for Right<S> {
    async fn handle(&mut self, Puck { left, spin }: Puck, _: &mut ActorContext<Self>) {
        self.state.record(spin);
        // A rally has an even number of hops, so the last one is never here.
        self.left.tell(Ball(left - 1)).await.expect("the partner lives");
    }
}

/// Has the pairs play one after the other, and reads the clock.
struct Umpire {
    pairs: Vec<Recipient<Ball>>,
    /// The pair that plays next.
    next: usize,
    clock: Clock,
    run: Option<Running>,
}

/// A run under way.
struct Running {
    rallies_left: u64,
    started: Duration,
    report: mpsc::Sender<Duration>,
}

impl Actor for Umpire {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        for _ in 0..ACTORS / 8 {
            let pairs = [pair::<Counter>(ctx)?, pair::<Gauge>(ctx)?, pair::<Digest>(ctx)?, pair::<Window>(ctx)?];
            self.pairs.extend(pairs);
        }
        Ok(())
    }
}

fn pair<S: State>(ctx: &ActorContext<Umpire>) -> Result<Recipient<Ball>, ActorError> {
    let left = Left::<S> { state: S::default(), right: None, umpire: ctx.actor_ref().recipient() };
    Ok(ctx.system().spawn(left).start()?.recipient())
}

impl Umpire {
    async fn rally(&mut self) {
        let pair = &self.pairs[self.next];
        self.next = (self.next + 1) % self.pairs.len();
        pair.tell(Ball(RALLY)).await.expect("the pair lives");
    }
}

struct Run {
    rallies: u64,
    report: mpsc::Sender<Duration>,
}

impl Message for Run {
    type Result = ();
}

impl Handler<Run> for Umpire {
    async fn handle(&mut self, Run { rallies, report }: Run, _: &mut ActorContext<Self>) {
        self.run = Some(Running { rallies_left: rallies, started: self.clock.now(), report });
        self.rally().await;
    }
}

impl Handler<Finished> for Umpire {
    async fn handle(&mut self, _: Finished, _: &mut ActorContext<Self>) {
        let run = self.run.as_mut().expect("a run is under way");
        run.rallies_left -= 1;
        if run.rallies_left > 0 {
            return self.rally().await;
        }
        // An error means that nobody waits for the figure any more.
        let _ = run.report.send(self.clock.now() - run.started);
        self.run = None;
    }
}
