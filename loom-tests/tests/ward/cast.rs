//! The actor of the models, its supervisor, which is a script, and their host.

use crate::common::drive;
use crate::common::gate::Gate;
use crate::common::inline::{Body, Inline, Say};
use crate::common::ledger::{Ledger, Seen};
use corecast::loom_api::scheduler::Scheduler;
use corecast::loom_api::system::Registry;
use corecast::loom_api::task::{
    self, Bench, Host, Overseer, Renewal, Report, Runnable, Shared, Weakly, reason, weakly,
};
use corecast::{
    Actor, ActorContext, ActorError, ActorInfo, ActorRef, DeadLetter, Directive, Handler, Message, StopReason,
};
use loom::thread::{self, JoinHandle};
use loom_tests::linger;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Fails, when it has been handled.
pub const FAIL: u32 = 0;
/// Waits for the gate.
pub const WAIT: u32 = 9;
/// The same, and then fails.
pub const FAIL_LATE: u32 = 5;
/// The number of the first timer's message; each run has one.
pub const RING: u32 = 7;
/// What an actor has noted of its run, and the message.
pub const RUN: u32 = 100;

/// What an actor finds in each of its runs.
#[derive(Clone, Default)]
pub struct Place {
    /// What [`WAIT`] waits for.
    pub gate: Option<Arc<Gate>>,
    /// What the `post_stop` of each run waits for.
    pub last: Vec<Arc<Gate>>,
    /// It has itself told something, at once, in each run.
    pub rings: bool,
    /// It has health checks: a moment after each start, of which no time passes in a model, and within another one.
    pub is_checked: bool,
}

/// The moment when a check is due, and the one when its time is over that was found due then.
pub const DUE: u64 = 1;
pub const OVER: u64 = 2;

pub struct Ward {
    pub body: Body,
    pub run: u32,
    pub place: Place,
    pub script: Arc<Script>,
}

impl Actor for Ward {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        self.body.touch();
        if self.place.rings {
            ctx.tell_after(Duration::ZERO, Say(RING + self.run));
        }
        Ok(())
    }

    fn on_error(&mut self, _error: &ActorError, _ctx: &mut ActorContext<Self>) -> Directive {
        self.body.touch();
        Directive::Restart
    }

    async fn on_terminated(&mut self, _who: ActorInfo, reason: StopReason, _ctx: &mut ActorContext<Self>) {
        self.body.touch();
        self.script.note(|story| story.heard.push(reason.to_string()));
    }

    async fn health_check(&mut self, _ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        self.body.touch();
        self.script.note(|story| story.checks.push(self.run));
        Ok(())
    }

    async fn post_stop(&mut self, reason: &StopReason, _ctx: &mut ActorContext<Self>) {
        self.body.touch();
        linger();
        if let Some(gate) = self.place.last.get(self.run as usize) {
            gate.opened().await;
        }
        self.body.stopped(reason);
    }
}

impl Handler<Say> for Ward {
    async fn handle(&mut self, Say(number): Say, ctx: &mut ActorContext<Self>) {
        self.body.touch();
        if let (WAIT | FAIL_LATE, Some(gate)) = (number, &self.place.gate) {
            gate.opened().await;
            self.body.touch();
        }
        self.body.ledger.note(|seen| seen.handled.push(self.run * RUN + number));
        if number == FAIL || number == FAIL_LATE {
            ctx.fail(ActorError::new("as it should"));
        }
    }
}

/// What one does with another.
pub enum Bid {
    Watch(ActorRef<Ward>),
    Link(ActorRef<Ward>),
    /// The same, behind the gate.
    LinkLater(ActorRef<Ward>),
    Trap,
}

impl Message for Bid {
    type Result = ();
}

impl Handler<Bid> for Ward {
    async fn handle(&mut self, bid: Bid, ctx: &mut ActorContext<Self>) {
        self.body.touch();
        match bid {
            Bid::Watch(other) => ctx.watch(&other),
            Bid::Link(other) => ctx.link(&other),
            Bid::LinkLater(other) => {
                if let Some(gate) = &self.place.gate {
                    gate.opened().await;
                }
                ctx.link(&other);
            }
            Bid::Trap => ctx.trap_links(true),
        }
    }
}

/// How the supervisor answers an actor that is down.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Inside of the report: begin anew.
    AtOnce,
    /// On another thread: begin anew.
    Elsewhere,
    /// Not by itself.
    Never,
}

/// What the supervisor has heard, and the actor has made: outside of the model.
#[derive(Debug, Default)]
pub struct Story {
    pub made: u32,
    pub ups: u32,
    pub downs: Vec<String>,
    pub ended: Vec<String>,
    /// It is down, and no word has been said to it.
    pub waits: bool,
    /// What `on_terminated` was told.
    pub heard: Vec<String>,
    /// The runs of its health checks.
    pub checks: Vec<u32>,
}

pub struct Script {
    pub answer: Answer,
    pub story: Mutex<Story>,
    /// Std's reference, which is nothing to the model.
    pub ward: Mutex<Option<Arc<ActorRef<Ward>>>>,
    pub answering: Mutex<Vec<JoinHandle<()>>>,
}

impl Script {
    pub fn new(answer: Answer) -> Arc<Self> {
        Arc::new(Self { answer, story: Mutex::default(), ward: Mutex::default(), answering: Mutex::default() })
    }

    pub fn note<R>(&self, note: impl FnOnce(&mut Story) -> R) -> R {
        note(&mut self.story.lock().unwrap())
    }

    pub fn downs(&self) -> usize {
        self.note(|story| story.downs.len())
    }

    /// Says that the actor is to begin anew, if it is down and has no word yet.
    pub fn renew(&self) {
        let waits = self.note(|story| std::mem::take(&mut story.waits));
        let ward = self.ward.lock().unwrap().clone();
        if let (true, Some(ward)) = (waits, ward) {
            task::say_renew(&ward);
        }
    }

    /// Waits for those who answer.
    pub fn join(&self) {
        loop {
            let answering = self.answering.lock().unwrap().pop();
            let Some(answering) = answering else { return };
            answering.join().unwrap();
        }
    }
}

/// Hears for a script.
pub struct Ear(pub Arc<Script>);

impl Overseer for Ear {
    fn hear(&self, report: Report) -> bool {
        match report {
            Report::Up => self.0.note(|story| {
                assert!(!story.waits && story.ended.is_empty(), "it began anew by itself: {story:?}");
                story.ups += 1;
            }),
            Report::Down(reason) => {
                self.0.note(|story| {
                    assert!(!story.waits && story.ended.is_empty(), "it was down already: {story:?}");
                    story.waits = true;
                    story.downs.push(reason.to_string());
                });
                match self.0.answer {
                    Answer::AtOnce => self.0.renew(),
                    Answer::Elsewhere => {
                        let script = Arc::clone(&self.0);
                        let answering = thread::spawn(move || script.renew());
                        self.0.answering.lock().unwrap().push(answering);
                    }
                    Answer::Never => {}
                }
            }
            Report::Ended(reason) => self.0.note(|story| story.ended.push(reason.to_string())),
        }
        true
    }
}

/// Runs an actor at once. It has a number if there is a registry, and timers if there is a scheduler.
#[derive(Clone)]
pub struct Home {
    pub inline: Inline,
    pub registry: Option<Arc<Registry>>,
    pub scheduler: Option<Arc<Scheduler>>,
    /// Whose `post_stop` has a deadline.
    pub expiring: Arc<Mutex<Vec<Weakly>>>,
}

impl Home {
    pub fn new(ledger: &Ledger) -> Self {
        Self { inline: Inline(ledger.clone()), registry: None, scheduler: None, expiring: Arc::default() }
    }

    /// The deadlines that were set, which haven't come yet.
    pub fn deadlines(&self) -> Vec<Weakly> {
        std::mem::take(&mut self.expiring.lock().unwrap())
    }
}

impl Host for Home {
    fn schedule(&self, runnable: Runnable) {
        self.inline.schedule(runnable);
    }

    fn message_failed(&self, cause: &StopReason) {
        self.inline.message_failed(cause);
    }

    fn dead_letter(&self, letter: DeadLetter) {
        self.inline.dead_letter(letter);
    }

    fn actor_failed(&self, reason: &StopReason) {
        self.inline.actor_failed(reason);
    }

    fn ended(&self) {
        self.inline.ended();
    }

    fn expire_later(&self, task: Weakly) {
        self.expiring.lock().unwrap().push(task);
    }

    fn registry(&self) -> Option<&Registry> {
        self.registry.as_deref()
    }

    fn timekeeper(&self) -> Option<&Scheduler> {
        self.scheduler.as_deref()
    }
}

/// A supervised actor, its supervisor, and what both note.
pub struct Cast {
    pub ward: ActorRef<Ward>,
    pub script: Arc<Script>,
    pub ledger: Ledger,
    pub memory: Weakly,
    pub gates: Vec<Arc<Gate>>,
}

impl Cast {
    /// One that has started and is idle.
    pub fn new(renewal: Renewal, answer: Answer) -> Self {
        Self::with(renewal, answer, 4, Place::default())
    }

    pub fn with(renewal: Renewal, answer: Answer, capacity: u32, place: Place) -> Self {
        let ledger = Ledger::default();
        let home = Home::new(&ledger);
        Self::at(&home, &Ear, renewal, answer, capacity, place)
    }

    pub fn at<O: Overseer>(
        home: &Home,
        ear: &dyn Fn(Arc<Script>) -> O,
        renewal: Renewal,
        answer: Answer,
        capacity: u32,
        place: Place,
    ) -> Self {
        let (script, ledger) = (Script::new(answer), home.inline.0.clone());
        let gates = place.gate.iter().chain(&place.last).cloned().collect();
        let is_checked = place.is_checked;
        let maker = {
            let (script, ledger) = (Arc::clone(&script), ledger.clone());
            move || {
                let run = script.note(|story| {
                    story.made += 1;
                    story.made - 1
                });
                Ward { body: Body::new(&ledger), run, place: place.clone(), script: Arc::clone(&script) }
            }
        };
        let (shared, ear) = (Shared::new(home.clone()), ear(Arc::clone(&script)));
        let (ward, runnable) = if is_checked {
            shared.checked_ward((DUE, OVER - DUE), capacity, renewal, ear, maker)
        } else {
            shared.ward(capacity, renewal, ear, maker)
        };
        *script.ward.lock().unwrap() = Some(Arc::new(ward.clone()));
        if let Some(registry) = &home.registry {
            assert!(Bench::new().seat(registry, &runnable));
        }
        drive(runnable);
        let memory = weakly(&ward);
        Self { ward, script, ledger, memory, gates }
    }

    pub fn tell(&self, number: u32) -> bool {
        self.ward.try_tell(Say(number)).is_ok()
    }

    /// What another thread does with the actor.
    pub fn meanwhile(&self, deed: impl FnOnce(&ActorRef<Ward>) + Send + 'static) -> JoinHandle<()> {
        let ward = self.ward.clone();
        thread::spawn(move || deed(&ward))
    }

    /// What the timer of its checks does, on another thread.
    pub fn seeing_to_check(&self, now: u64) -> JoinHandle<()> {
        self.meanwhile(move |ward| weakly(ward).see_to_check(now))
    }

    /// How many checks there were.
    pub fn checks(&self) -> usize {
        self.script.note(|story| story.checks.len())
    }

    /// It is up, at rest, and handles what comes.
    pub fn is_up(&self) -> bool {
        let runs = self.script.note(|story| (story.made, story.ended.len(), story.waits));
        runs.1 == 0 && !runs.2 && self.ward.is_alive()
    }

    /// The account of one that has ended, or ends now: what was accepted is handled once, has failed or is a dead letter.
    pub fn finish(self, accepted: &[u32]) -> (Seen, Story) {
        let Self { ward, script, ledger, memory, gates } = self;
        task::dismiss(&ward);
        ward.stop();
        script.join();
        drop(script.ward.lock().unwrap().take());
        drop(ward);
        gates.iter().for_each(|gate| gate.forget());
        assert!(reason(&memory).is_some(), "it has ended");
        let (seen, story) = (ledger.read(), script.note(std::mem::take));
        assert_eq!((seen.aborted, story.ended.len(), seen.ended), (0, 1, 1), "it ends once: {seen:?}, {story:?}");
        assert_eq!(seen.dropped, story.made, "each state is dropped once: {seen:?}, {story:?}");
        let mut left = accepted.to_vec();
        for number in seen.handled.iter().map(|number| number % RUN).chain(seen.dead.iter().copied()) {
            let at = left.iter().position(|left| *left == number);
            left.swap_remove(at.unwrap_or_else(|| panic!("{number} came to somebody twice: {seen:?}")));
        }
        assert_eq!(left.len(), seen.failed as usize, "each is accounted for: {seen:?}");
        assert!(seen.handled.is_sorted_by_key(|number| number / RUN), "runs follow one another: {seen:?}");
        (seen, story)
    }
}

pub const STOPPED: &str = "it was asked to stop";
pub const KILLED: &str = "it was killed";
pub const FAILED: &str = "it failed: as it should";
