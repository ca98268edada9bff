//! Supervisors and their children: who is restarted, in which order, what survives, and who hears of it.

mod edges;
mod ends;
mod failures;
mod health;
mod listeners;
mod looks;
mod overtaken;
mod questions;
mod strategies;
mod timers;
mod trees;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use corecast::sim::{Outcome, Sim, check};
use corecast::{
    Actor, ActorContext, ActorError, ActorInfo, ActorRef, ActorSystem, ChildSpec, Directive, Handler, Message,
    StopReason, Strategy, SupervisionEvent, Supervisor, SupervisorBuilder,
};

/// What happened, in order.
#[derive(Clone, Default)]
struct Journal(Arc<Mutex<Entries>>);

#[derive(Default)]
struct Entries {
    lines: Vec<String>,
    /// How many starts of each child are to fail yet.
    failing: HashMap<&'static str, u32>,
    /// How long each child's start takes.
    slow: HashMap<&'static str, Duration>,
}

impl Journal {
    fn note(&self, line: String) {
        self.0.lock().unwrap().lines.push(line);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().lines)
    }

    fn fail(&self, name: &'static str, starts: u32) {
        self.0.lock().unwrap().failing.insert(name, starts);
    }

    fn slow(&self, name: &'static str, time: Duration) {
        self.0.lock().unwrap().slow.insert(name, time);
    }
}

/// A child that notes what becomes of it. Its `sum` is gone when it is made anew.
struct Part {
    name: &'static str,
    journal: Journal,
    sum: u64,
    /// How long its `post_stop` takes.
    lingers: Duration,
}

impl Actor for Part {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        let time = self.journal.0.lock().unwrap().slow.get(self.name).copied().unwrap_or_default();
        if !time.is_zero() {
            ctx.sleep(time).await;
        }
        let mut entries = self.journal.0.lock().unwrap();
        if let Some(left @ 1..) = entries.failing.get_mut(self.name) {
            *left -= 1;
            entries.lines.push(format!("{} fails", self.name));
            return Err(ActorError::new("not yet"));
        }
        entries.lines.push(format!("+{}", self.name));
        Ok(())
    }

    fn on_error(&mut self, error: &ActorError, _: &mut ActorContext<Self>) -> Directive {
        match error.to_string().as_str() {
            "resume" => Directive::Resume,
            "stop" => Directive::Stop,
            "escalate" => Directive::Escalate,
            _ => Directive::Restart,
        }
    }

    async fn post_stop(&mut self, _: &StopReason, ctx: &mut ActorContext<Self>) {
        if !self.lingers.is_zero() {
            ctx.sleep(self.lingers).await;
        }
        self.journal.note(format!("-{}", self.name));
    }
}

/// Adds, and tells the sum.
struct Add(u64);

impl Message for Add {
    type Result = u64;
}

impl Handler<Add> for Part {
    async fn handle(&mut self, Add(more): Add, _: &mut ActorContext<Self>) -> u64 {
        self.sum += more;
        self.sum
    }
}

/// What a part does to itself.
enum Do {
    Panic,
    Stop,
    Hang,
    Fail(&'static str),
}

impl Message for Do {
    type Result = ();
}

impl Handler<Do> for Part {
    async fn handle(&mut self, todo: Do, ctx: &mut ActorContext<Self>) {
        match todo {
            Do::Panic => panic!("{} broke", self.name),
            Do::Stop => ctx.stop(),
            Do::Hang => std::future::pending().await,
            Do::Fail(how) => ctx.fail(ActorError::new(how)),
        }
    }
}

const SECOND: Duration = Duration::from_secs(1);

fn part(name: &'static str, journal: &Journal) -> ChildSpec<Part> {
    lingering(name, journal, Duration::ZERO)
}

fn lingering(name: &'static str, journal: &Journal, lingers: Duration) -> ChildSpec<Part> {
    let journal = journal.clone();
    ChildSpec::new(name, move || Part { name, journal: journal.clone(), sum: 0, lingers }).name(name)
}

/// A supervisor that allows for many restarts.
fn builder(strategy: Strategy) -> SupervisorBuilder {
    Supervisor::builder(strategy).intensity(100, SECOND)
}

fn spawn(sim: &Sim, system: &ActorSystem, supervisor: SupervisorBuilder) -> ActorRef<Supervisor> {
    sim.block_on(async { system.spawn(supervisor.build().unwrap()).await }).unwrap()
}

fn find(system: &ActorSystem, name: &str) -> ActorRef<Part> {
    system.find(name).unwrap()
}

/// Plays under many seeds.
fn play(body: impl Fn(&Sim, &ActorSystem, &Journal) -> Outcome) {
    check(100, |sim| {
        sim.expect_panics::<Part>();
        let system = sim.system();
        body(sim, &system, &Journal::default())
    });
}

/// Keeps what it is told of ends, and of what supervisors see and do.
struct Ear(Arc<Mutex<Vec<String>>>);

impl Actor for Ear {
    async fn on_terminated(&mut self, who: ActorInfo, reason: StopReason, _: &mut ActorContext<Self>) {
        self.0.lock().unwrap().push(format!("{}: {reason}", who.name().unwrap_or_default()));
    }
}

impl Handler<SupervisionEvent> for Ear {
    async fn handle(&mut self, event: SupervisionEvent, _: &mut ActorContext<Self>) {
        self.0.lock().unwrap().push(format!("{} {}", event.child_id(), event.incident()));
    }
}
