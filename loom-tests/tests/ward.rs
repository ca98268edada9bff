//! Models of supervised actors: between two of its runs an actor meets its supervisor's word, a kill, a dismissal, a stop,
//! those who send to it, watch it or are linked to it, and the timers of the run that is over.
//!
//! The host runs an actor there and then, on the thread that scheduled it. The supervisor is a script, which says its word
//! inside of the report, on another thread, or not at all.

use crate::common::drive;
use crate::common::gate::Gate;
use crate::common::inline::{Body, Inline, Say};
use crate::common::ledger::{Ledger, Seen};
use corecast::loom_api::scheduler::{Scheduler, block_on, two_workers};
use corecast::loom_api::system::Registry;
use corecast::loom_api::task::{
    self, Bench, Host, Overseer, Renewal, Report, Runnable, Shared, Weakly, reason, weakly,
};
use corecast::{
    Actor, ActorContext, ActorError, ActorInfo, ActorRef, DeadLetter, Directive, Handler, Message, StopReason,
    WeakActorRef,
};
use loom::thread::{self, JoinHandle};
use loom_tests::{Bounds, linger, model, model_in_all_modes};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Fails, when it has been handled.
const FAIL: u32 = 0;
/// Waits for the gate.
const WAIT: u32 = 9;
/// The same, and then fails.
const FAIL_LATE: u32 = 5;
/// The number of the first timer's message; each run has one.
const RING: u32 = 7;
/// What an actor has noted of its run, and the message.
const RUN: u32 = 100;

/// What an actor finds in each of its runs.
#[derive(Clone, Default)]
struct Place {
    /// What [`WAIT`] waits for.
    gate: Option<Arc<Gate>>,
    /// What the `post_stop` of each run waits for.
    last: Vec<Arc<Gate>>,
    /// It has itself told something, at once, in each run.
    rings: bool,
    /// It has health checks: a moment after each start, of which no time passes in a model, and within another one.
    is_checked: bool,
}

/// The moment when a check is due, and the one when its time is over that was found due then.
const DUE: u64 = 1;
const OVER: u64 = 2;

struct Ward {
    body: Body,
    run: u32,
    place: Place,
    script: Arc<Script>,
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
enum Bid {
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
enum Answer {
    /// Inside of the report: begin anew.
    AtOnce,
    /// On another thread: begin anew.
    Elsewhere,
    /// Not by itself.
    Never,
}

/// What the supervisor has heard, and the actor has made: outside of the model.
#[derive(Debug, Default)]
struct Story {
    made: u32,
    ups: u32,
    downs: Vec<String>,
    ended: Vec<String>,
    /// It is down, and no word has been said to it.
    waits: bool,
    /// What `on_terminated` was told.
    heard: Vec<String>,
    /// The runs of its health checks.
    checks: Vec<u32>,
}

struct Script {
    answer: Answer,
    story: Mutex<Story>,
    /// Std's reference, which is nothing to the model.
    ward: Mutex<Option<Arc<ActorRef<Ward>>>>,
    answering: Mutex<Vec<JoinHandle<()>>>,
}

impl Script {
    fn new(answer: Answer) -> Arc<Self> {
        Arc::new(Self { answer, story: Mutex::default(), ward: Mutex::default(), answering: Mutex::default() })
    }

    fn note<R>(&self, note: impl FnOnce(&mut Story) -> R) -> R {
        note(&mut self.story.lock().unwrap())
    }

    fn downs(&self) -> usize {
        self.note(|story| story.downs.len())
    }

    /// Says that the actor is to begin anew, if it is down and has no word yet.
    fn renew(&self) {
        let waits = self.note(|story| std::mem::take(&mut story.waits));
        let ward = self.ward.lock().unwrap().clone();
        if let (true, Some(ward)) = (waits, ward) {
            task::say_renew(&ward);
        }
    }

    /// Waits for those who answer.
    fn join(&self) {
        loop {
            let answering = self.answering.lock().unwrap().pop();
            let Some(answering) = answering else { return };
            answering.join().unwrap();
        }
    }
}

/// Hears for a script.
struct Ear(Arc<Script>);

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
struct Home {
    inline: Inline,
    registry: Option<Arc<Registry>>,
    scheduler: Option<Arc<Scheduler>>,
    /// Whose `post_stop` has a deadline.
    expiring: Arc<Mutex<Vec<Weakly>>>,
}

impl Home {
    fn new(ledger: &Ledger) -> Self {
        Self { inline: Inline(ledger.clone()), registry: None, scheduler: None, expiring: Arc::default() }
    }

    /// The deadlines that were set, which haven't come yet.
    fn deadlines(&self) -> Vec<Weakly> {
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
struct Cast {
    ward: ActorRef<Ward>,
    script: Arc<Script>,
    ledger: Ledger,
    memory: Weakly,
    gates: Vec<Arc<Gate>>,
}

impl Cast {
    /// One that has started and is idle.
    fn new(renewal: Renewal, answer: Answer) -> Self {
        Self::with(renewal, answer, 4, Place::default())
    }

    fn with(renewal: Renewal, answer: Answer, capacity: u32, place: Place) -> Self {
        let ledger = Ledger::default();
        let home = Home::new(&ledger);
        Self::at(&home, &Ear, renewal, answer, capacity, place)
    }

    fn at<O: Overseer>(
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

    fn tell(&self, number: u32) -> bool {
        self.ward.try_tell(Say(number)).is_ok()
    }

    /// What another thread does with the actor.
    fn meanwhile(&self, deed: impl FnOnce(&ActorRef<Ward>) + Send + 'static) -> JoinHandle<()> {
        let ward = self.ward.clone();
        thread::spawn(move || deed(&ward))
    }

    /// What the timer of its checks does, on another thread.
    fn seeing_to_check(&self, now: u64) -> JoinHandle<()> {
        self.meanwhile(move |ward| weakly(ward).see_to_check(now))
    }

    /// How many checks there were.
    fn checks(&self) -> usize {
        self.script.note(|story| story.checks.len())
    }

    /// It is up, at rest, and handles what comes.
    fn is_up(&self) -> bool {
        let runs = self.script.note(|story| (story.made, story.ended.len(), story.waits));
        runs.1 == 0 && !runs.2 && self.ward.is_alive()
    }

    /// The account of one that has ended, or ends now: what was accepted is handled once, has failed or is a dead letter.
    fn finish(self, accepted: &[u32]) -> (Seen, Story) {
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

const STOPPED: &str = "it was asked to stop";
const KILLED: &str = "it was killed";
const FAILED: &str = "it failed: as it should";

// A word.

#[test]
fn a_word_on_another_thread_against_the_wait_for_it() {
    model("word, wait", Bounds::default(), &["it began anew"], |outcomes| {
        let cast = Cast::new(Renewal::AfterFailure, Answer::Elsewhere);
        assert!(cast.tell(FAIL));
        cast.script.join();
        assert!(cast.is_up() && cast.tell(1), "the word was lost");
        let (seen, story) = cast.finish(&[FAIL, 1]);
        assert_eq!((&seen.handled[..], story.ups), (&[FAIL, RUN + 1][..], 2));
        assert_eq!(story.downs, [FAILED]);
        outcomes.saw("it began anew");
    });
}

/// The second one answers nothing: it isn't kept for the next end.
#[test]
fn two_words_for_one_end() {
    model("two words", Bounds::default(), &["it waits for another one"], |outcomes| {
        let cast = Cast::new(Renewal::AfterFailure, Answer::Never);
        assert!(cast.tell(FAIL));
        cast.script.note(|story| story.waits = false);
        let saying = cast.meanwhile(task::say_renew);
        task::say_renew(&cast.ward);
        saying.join().unwrap();
        assert!(cast.is_up() && cast.tell(FAIL));
        // It is woken, and looks for a word.
        task::cut(&cast.ward);
        let (made, waits) = cast.script.note(|story| (story.made, story.waits));
        assert!(made == 2 && waits, "it was answered before it asked");
        let _ = cast.finish(&[FAIL, FAIL]);
        outcomes.saw("it waits for another one");
    });
}

#[test]
fn a_sender_against_a_failure_and_the_word_after_it() {
    let expected = ["both by the first run", "one by each", "both by the second run"];
    model("restart, send", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::AfterFailure, Answer::Elsewhere);
        let sending = cast.meanwhile(|ward| (1..=2).for_each(|number| ward.try_tell(Say(number)).unwrap()));
        assert!(cast.tell(FAIL));
        sending.join().unwrap();
        cast.script.join();
        assert!(cast.is_up());
        let (seen, story) = cast.finish(&[FAIL, 1, 2]);
        assert_eq!((seen.handled.len(), story.downs.len()), (3, 1), "{seen:?}");
        let at = |wanted: u32| seen.handled.iter().position(|number| number % RUN == wanted).unwrap();
        assert!(at(1) < at(2), "in order: {seen:?}");
        outcomes.saw(expected[seen.handled.iter().filter(|number| **number > RUN).count()]);
    });
}

// A kill.

#[test]
fn a_kill_against_the_word() {
    let expected = ["it was of the run that is over", "the next run was killed"];
    model("kill, word", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::Always, Answer::Never);
        assert!(cast.tell(FAIL) && task::is_at_rest(&cast.ward));
        let killing = cast.meanwhile(task::cut);
        cast.script.renew();
        killing.join().unwrap();
        let downs = cast.script.downs();
        if downs == 2 {
            cast.script.renew();
        }
        assert!(cast.is_up() && cast.tell(1));
        let (_, story) = cast.finish(&[FAIL, 1]);
        assert_eq!(story.downs[1..], [KILLED][..downs - 1]);
        outcomes.saw(expected[downs - 1]);
    });
}

/// Whoever wakes it finds the word, whoever else is still saying it.
#[test]
fn a_kill_of_the_next_run_against_the_word_that_began_it() {
    let expected = ["it hasn't begun", "the next run was killed"];
    model("kill of the next run, word", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::AfterFailure, Answer::Never);
        assert!(cast.tell(FAIL) && task::is_at_rest(&cast.ward));
        let script = Arc::clone(&cast.script);
        let killing = thread::spawn({
            let ward = cast.ward.clone();
            move || {
                weakly(&ward).expire();
                let is_up = script.note(|story| story.ups == 2);
                if is_up {
                    task::cut(&ward);
                }
                is_up
            }
        });
        cast.script.renew();
        let is_killed = killing.join().unwrap();
        let (_, story) = cast.finish(&[FAIL]);
        assert_eq!((story.ups, story.downs.len()), (2, 1 + usize::from(is_killed)), "{story:?}");
        outcomes.saw(expected[usize::from(is_killed)]);
    });
}

#[test]
fn a_recall_against_the_word() {
    let expected = ["it was of the run that is over", "the next run was called back"];
    model("recall, word", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::AfterFailure, Answer::Never);
        assert!(cast.tell(FAIL) && task::is_at_rest(&cast.ward));
        let recalling = cast.meanwhile(task::recall);
        cast.script.renew();
        recalling.join().unwrap();
        let downs = cast.script.downs();
        if downs == 2 {
            cast.script.renew();
        }
        assert!(cast.is_up() && cast.tell(1));
        let (seen, story) = cast.finish(&[FAIL, 1]);
        // One that is called back before it has a state begins anew without having had one.
        assert!(story.made >= 2 && story.made as usize <= downs + 1 && seen.handled[1] / RUN + 1 == story.made);
        outcomes.saw(expected[downs - 1]);
    });
}

#[test]
fn a_kill_against_a_failure() {
    let expected = ["once down", "twice down"];
    model("kill, failure", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::AfterFailure, Answer::AtOnce);
        let killing = cast.meanwhile(task::cut);
        assert!(cast.tell(FAIL));
        killing.join().unwrap();
        assert!(cast.is_up() && cast.tell(1));
        let (_, story) = cast.finish(&[FAIL, 1]);
        outcomes.saw(expected[story.downs.len() - 1]);
    });
}

#[test]
fn a_kill_of_an_idle_one_against_a_sender() {
    let expected = ["by the first run", "by the second run"];
    model("kill, send", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::AfterFailure, Answer::AtOnce);
        let killing = cast.meanwhile(task::cut);
        assert!(cast.tell(1));
        killing.join().unwrap();
        assert_eq!(cast.script.downs(), 1, "the kill was lost");
        assert!(cast.is_up());
        let (seen, _) = cast.finish(&[1]);
        assert_eq!(seen.dead, [0; 0]);
        outcomes.saw(expected[(seen.handled[0] / RUN) as usize]);
    });
}

#[test]
fn a_kill_of_one_whose_handler_waits_against_its_wake() {
    let expected = ["handled", "dropped at its await point"];
    model("kill, wake", Bounds::default(), &expected, move |outcomes| {
        let gate = Gate::new();
        let place = Place { gate: Some(Arc::clone(&gate)), ..Place::default() };
        let cast = Cast::with(Renewal::AfterFailure, Answer::AtOnce, 4, place);
        assert!(cast.tell(WAIT));
        let killing = cast.meanwhile(task::cut);
        gate.open();
        killing.join().unwrap();
        assert_eq!(cast.script.downs(), 1, "the kill was lost");
        assert!(cast.is_up() && cast.tell(1));
        let (seen, _) = cast.finish(&[WAIT, 1]);
        outcomes.saw(expected[seen.failed as usize]);
    });
}

/// Both are the end of a run, and neither is the end of an actor that begins anew after each.
#[test]
fn a_kill_against_a_stop() {
    let expected = ["once down", "twice down"];
    model("kill, stop", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::Always, Answer::AtOnce);
        let killing = cast.meanwhile(task::cut);
        cast.ward.stop();
        killing.join().unwrap();
        assert!(cast.is_up() && cast.tell(1), "it ended for good");
        let (_, story) = cast.finish(&[1]);
        outcomes.saw(expected[story.downs.len() - 1]);
    });
}

// A recall.

/// The actor was to end by the stop, which its being called back postpones.
#[test]
fn a_recall_against_a_stop_of_one_that_only_begins_anew_after_failures() {
    let expected = ["it ended first", "it was called back first"];
    model("recall, stop", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::AfterFailure, Answer::AtOnce);
        let calling = cast.meanwhile(task::recall);
        cast.ward.stop();
        calling.join().unwrap();
        assert!(reason(&cast.memory).is_some(), "the stop was lost");
        let (_, story) = cast.finish(&[]);
        assert_eq!(story.ended, [STOPPED]);
        outcomes.saw(expected[story.downs.len()]);
    });
}

#[test]
fn a_recall_and_a_kill_of_one_whose_handler_waits_and_whose_mailbox_is_full() {
    let expected = ["handled", "dropped at its await point"];
    model("recall and kill, wake", Bounds::default(), &expected, move |outcomes| {
        let gate = Gate::new();
        let place = Place { gate: Some(Arc::clone(&gate)), ..Place::default() };
        let cast = Cast::with(Renewal::AfterFailure, Answer::Never, 1, place);
        assert!(cast.tell(WAIT) && cast.tell(1) && !cast.tell(2));
        let calling = cast.meanwhile(|ward| {
            task::recall(ward);
            task::cut(ward);
        });
        gate.open();
        calling.join().unwrap();
        assert_eq!(cast.script.downs(), 1, "what was asked for was lost");
        cast.script.renew();
        assert!(cast.is_up());
        let (seen, story) = cast.finish(&[WAIT, 1]);
        assert_eq!(story.downs, [StopReason::Restarting.to_string()]);
        outcomes.saw(expected[seen.failed as usize]);
    });
}

#[test]
fn a_recall_against_a_sender() {
    let expected = ["by the first run", "by the second run"];
    model("recall, send", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::AfterFailure, Answer::Elsewhere);
        let calling = cast.meanwhile(task::recall);
        assert!(cast.tell(1));
        calling.join().unwrap();
        cast.script.join();
        assert_eq!(cast.script.downs(), 1, "the recall was lost");
        assert!(cast.is_up());
        let (seen, _) = cast.finish(&[1]);
        outcomes.saw(expected[(seen.handled[0] / RUN) as usize]);
    });
}

// A dismissal.

fn dismiss_and_stop(ward: &ActorRef<Ward>) {
    task::dismiss(ward);
    ward.stop();
}

#[test]
fn a_dismissal_against_a_failure() {
    let expected = ["it was never down", "it was down", "the next run ended"];
    model("dismissal, failure", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::Always, Answer::AtOnce);
        let dismissing = cast.meanwhile(dismiss_and_stop);
        let accepted = cast.tell(FAIL);
        dismissing.join().unwrap();
        assert!(reason(&cast.memory).is_some(), "the dismissal was lost");
        let (_, story) = cast.finish(&[FAIL][..usize::from(accepted)]);
        outcomes.saw(expected[story.downs.len() + story.made as usize - 1]);
    });
}

#[test]
fn a_dismissal_against_the_wait_for_a_word() {
    let expected = ["it was never down", "it was down"];
    model_in_all_modes("dismissal, wait", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::Always, Answer::Never);
        let dismissing = cast.meanwhile(task::dismiss);
        assert!(cast.tell(FAIL));
        dismissing.join().unwrap();
        assert!(reason(&cast.memory).is_some(), "the dismissal was lost");
        let (_, story) = cast.finish(&[FAIL]);
        assert_eq!(story.ended, [FAILED]);
        outcomes.saw(expected[story.downs.len()]);
    });
}

#[test]
fn a_shutdown_against_the_wait_for_a_word() {
    let expected = ["it was never down", "it was down"];
    model_in_all_modes("shutdown, wait", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::Always, Answer::Never);
        let ending = cast.meanwhile(task::stop_for_shutdown);
        let accepted = cast.tell(FAIL);
        ending.join().unwrap();
        assert!(reason(&cast.memory).is_some(), "the shutdown was lost");
        let (_, story) = cast.finish(&[FAIL][..usize::from(accepted)]);
        outcomes.saw(expected[story.downs.len()]);
    });
}

/// It was stopped, and is down: the word opens its mailbox, the dismissal closes it for good.
#[test]
fn a_dismissal_against_the_word_after_a_stop() {
    let expected = ["it didn't begin anew", "the next run ended"];
    model("dismissal, word", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::Always, Answer::Never);
        cast.ward.stop();
        assert_eq!(cast.script.downs(), 1);
        let dismissing = cast.meanwhile(dismiss_and_stop);
        cast.script.renew();
        dismissing.join().unwrap();
        assert!(reason(&cast.memory).is_some(), "the dismissal was lost");
        let (_, story) = cast.finish(&[]);
        assert_eq!((story.downs.len(), &story.ended[0][..]), (1, STOPPED));
        outcomes.saw(expected[story.made as usize - 1]);
    });
}

#[test]
fn a_shutdown_against_the_word_after_a_stop() {
    let expected = ["it didn't begin anew", "the next run ended"];
    model("shutdown, word", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::Always, Answer::Never);
        cast.ward.stop();
        assert_eq!(cast.script.downs(), 1);
        let ending = cast.meanwhile(task::stop_for_shutdown);
        cast.script.renew();
        ending.join().unwrap();
        assert!(reason(&cast.memory).is_some(), "the stop was lost");
        let (_, story) = cast.finish(&[]);
        outcomes.saw(expected[story.made as usize - 1]);
    });
}

#[test]
fn a_dismissal_and_a_kill_against_a_wake_where_the_mailbox_is_full() {
    let expected = ["handled", "dropped at its await point"];
    model("dismissal and kill, wake", Bounds::default(), &expected, move |outcomes| {
        let gate = Gate::new();
        let place = Place { gate: Some(Arc::clone(&gate)), ..Place::default() };
        let cast = Cast::with(Renewal::Always, Answer::AtOnce, 1, place);
        assert!(cast.tell(WAIT) && cast.tell(1));
        let ending = cast.meanwhile(|ward| {
            task::dismiss(ward);
            task::cut(ward);
        });
        gate.open();
        ending.join().unwrap();
        assert!(reason(&cast.memory).is_some(), "what was asked for was lost");
        let (seen, story) = cast.finish(&[WAIT, 1]);
        assert!(story.downs.is_empty());
        outcomes.saw(expected[seen.failed as usize]);
    });
}

/// Whoever nobody reaches gets no word.
#[test]
fn the_last_reference_to_one_that_is_down() {
    model("last reference, down", Bounds::default(), &["it ended"], |outcomes| {
        let Cast { ward, script, ledger, memory, .. } = Cast::new(Renewal::Always, Answer::Never);
        drop(script.ward.lock().unwrap().take());
        let other = ward.clone();
        let dropping = thread::spawn(move || drop(other));
        ward.try_tell(Say(FAIL)).unwrap();
        drop(ward);
        dropping.join().unwrap();
        assert!(reason(&memory).is_some(), "it waits for ever");
        let (seen, story) = (ledger.ended(1), script.note(std::mem::take));
        assert_eq!(
            (&seen.handled[..], &story.downs[..], &story.ended[..]),
            (&[FAIL][..], &[FAILED.to_owned()][..], &[FAILED.to_owned()][..])
        );
        outcomes.saw("it ended");
    });
}

#[test]
fn the_last_reference_to_one_that_is_idle_against_a_sender() {
    model("last reference, idle", Bounds::default(), &["it ended"], |outcomes| {
        let Cast { ward, script, ledger, memory, .. } = Cast::new(Renewal::Always, Answer::Never);
        drop(script.ward.lock().unwrap().take());
        let other = ward.clone();
        let sending = thread::spawn(move || other.try_tell(Say(1)).unwrap());
        drop(ward);
        sending.join().unwrap();
        assert!(reason(&memory).is_some(), "it waits for ever");
        let (seen, story) = (ledger.ended(1), script.note(std::mem::take));
        assert_eq!((&seen.handled[..], story.downs.len()), (&[1][..], 0));
        assert_eq!(story.ended, [StopReason::Unreachable.to_string()]);
        outcomes.saw("it ended");
    });
}

// A stop, and the mailbox that is opened again.

#[test]
fn a_stop_that_is_over_against_a_sender() {
    let expected = ["refused", "by the first run", "by the second run"];
    model("stop, send", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::Always, Answer::Elsewhere);
        let stopping = cast.meanwhile(ActorRef::stop);
        let accepted = cast.tell(1);
        stopping.join().unwrap();
        cast.script.join();
        assert!(cast.is_up() && cast.tell(2), "its mailbox is open again");
        let (seen, story) = cast.finish(if accepted { &[1, 2] } else { &[2] });
        assert_eq!((seen.handled.len(), &story.downs[..]), (1 + usize::from(accepted), &[STOPPED.to_owned()][..]));
        outcomes.saw(match seen.handled[..] {
            [_] => expected[0],
            [1, _] => expected[1],
            _ => expected[2],
        });
    });
}

#[test]
fn a_stop_that_is_over_against_one_who_waits_for_room() {
    let expected = ["it came back", "by the first run", "by the second run"];
    model("stop, line", Bounds::default(), &expected, move |outcomes| {
        let gate = Gate::new();
        let place = Place { gate: Some(Arc::clone(&gate)), ..Place::default() };
        let cast = Cast::with(Renewal::Always, Answer::AtOnce, 1, place);
        assert!(cast.tell(WAIT) && cast.tell(1));
        let ward = cast.ward.clone();
        let sending = thread::spawn(move || block_on(ward.tell(Say(2))).is_ok());
        let stopping = cast.meanwhile(ActorRef::stop);
        gate.open();
        stopping.join().unwrap();
        let accepted = sending.join().unwrap();
        // The gate is down, too.
        assert!(cast.is_up() && cast.tell(3), "its mailbox is open again");
        let (seen, _) = cast.finish(if accepted { &[WAIT, 1, 2, 3] } else { &[WAIT, 1, 3] });
        assert!(seen.dead.is_empty(), "{seen:?}");
        outcomes.saw(match (accepted, seen.handled.contains(&2)) {
            (false, _) => expected[0],
            (true, true) => expected[1],
            (true, false) => expected[2],
        });
    });
}

#[test]
fn one_who_waits_for_room_against_the_word() {
    model("line, word", Bounds::default(), &["served"], |outcomes| {
        let cast = Cast::with(Renewal::AfterFailure, Answer::Never, 1, Place::default());
        assert!(cast.tell(FAIL) && cast.tell(1));
        let ward = cast.ward.clone();
        let sending = thread::spawn(move || block_on(ward.tell(Say(2))).is_ok());
        cast.script.renew();
        assert!(sending.join().unwrap());
        assert!(cast.is_up() && cast.tell(3));
        let (seen, _) = cast.finish(&[FAIL, 1, 2, 3]);
        assert_eq!(seen.handled, [FAIL, RUN + 1, RUN + 2, RUN + 3]);
        outcomes.saw("served");
    });
}

// A supervisor that is an actor.

/// Says its word when it hears that somebody is down.
struct Boss {
    body: Body,
    gate: Arc<Gate>,
    script: Arc<Script>,
}

impl Actor for Boss {}

impl Handler<Say> for Boss {
    async fn handle(&mut self, Say(number): Say, _ctx: &mut ActorContext<Self>) {
        self.body.touch();
        if number == WAIT {
            self.gate.opened().await;
        }
        self.body.touch();
    }
}

struct IsDown;

impl Message for IsDown {
    type Result = ();
}

impl Handler<IsDown> for Boss {
    async fn handle(&mut self, _: IsDown, _ctx: &mut ActorContext<Self>) {
        self.body.touch();
        self.script.renew();
    }
}

/// Passes on that somebody is down.
struct Line(Ear, Arc<Mutex<Option<WeakActorRef<Boss>>>>);

impl Overseer for Line {
    fn hear(&self, report: Report) -> bool {
        let is_down = matches!(report, Report::Down(_));
        assert!(self.0.hear(report));
        let boss = self.1.lock().unwrap().take();
        !is_down || boss.is_some_and(|boss| task::signal(&boss, IsDown))
    }
}

#[test]
fn a_report_to_a_supervisor_whose_handler_waits_and_whose_mailbox_is_full() {
    model("report, wake", Bounds::default(), &["heard"], |outcomes| {
        let (ledger, bosses) = (Ledger::default(), Ledger::default());
        let line = Arc::new(Mutex::new(None));
        let ear = |script| Line(Ear(script), Arc::clone(&line));
        let cast = Cast::at(&Home::new(&ledger), &ear, Renewal::AfterFailure, Answer::Never, 4, Place::default());
        let gate = Gate::new();
        let boss = Boss { body: Body::new(&bosses), gate: Arc::clone(&gate), script: Arc::clone(&cast.script) };
        let (boss, runnable) = task::actor(Inline(bosses.clone()), None, boss);
        drive(runnable);
        *line.lock().unwrap() = Some(boss.downgrade());
        boss.try_tell(Say(WAIT)).unwrap();
        (1..=4).for_each(|number| boss.try_tell(Say(number)).unwrap());
        assert!(boss.try_tell(Say(5)).is_err(), "it is full");
        let opening = thread::spawn(move || gate.open());
        assert!(cast.tell(FAIL));
        opening.join().unwrap();
        assert!(cast.is_up(), "the report was lost");
        let (_, story) = cast.finish(&[FAIL]);
        assert_eq!(story.made, 2);
        drop(boss);
        let _ = bosses.ended(1);
        outcomes.saw("heard");
    });
}

// Watches and links.

/// Two supervised actors with numbers: the locks of a link are taken in that order.
fn pair(ledgers: [&Ledger; 2], answers: [Answer; 2]) -> [Cast; 2] {
    let registry = Arc::new(Registry::new());
    let [one, other] = [0, 1].map(|at| {
        let home = Home { registry: Some(Arc::clone(&registry)), ..Home::new(ledgers[at]) };
        Cast::at(&home, &Ear, Renewal::AfterFailure, answers[at], 4, Place::default())
    });
    [one, other]
}

fn bid(cast: &Cast, bid: Bid) {
    assert!(cast.ward.try_tell(bid).is_ok(), "it lives");
}

/// Each has as many entries as the other has seats for it.
fn agree(one: &Weakly, other: &Weakly) -> bool {
    let ((mine, _, my_audience), (theirs, _, their_audience)) = (one.bonds(), other.bonds());
    (mine, theirs) == (their_audience, my_audience)
}

#[test]
fn a_watch_against_a_restart() {
    let expected = ["of the first run", "of the second run"];
    model("watch, restart", Bounds::default(), &expected, move |outcomes| {
        let [watcher, target] = pair([&Ledger::default(), &Ledger::default()], [Answer::Never, Answer::AtOnce]);
        let failing = target.meanwhile(|ward| ward.try_tell(Say(FAIL)).unwrap());
        bid(&watcher, Bid::Watch(target.ward.clone()));
        outcomes.saw(expected[target.script.downs()]);
        failing.join().unwrap();
        assert!(target.is_up());
        assert!(agree(&watcher.memory, &target.memory));
        assert!(watcher.script.note(|story| story.heard.is_empty()), "a restart is no end");
        let _ = target.finish(&[FAIL]);
        assert_eq!(watcher.script.note(|story| story.heard.clone()), [STOPPED]);
        let _ = watcher.finish(&[]);
    });
}

#[test]
fn a_link_against_a_restart() {
    let expected = ["with the first run, which took the other one along", "with the second run"];
    model("link, restart", Bounds::default(), &expected, move |outcomes| {
        let [one, other] = pair([&Ledger::default(), &Ledger::default()], [Answer::Never, Answer::AtOnce]);
        let failing = other.meanwhile(|ward| ward.try_tell(Say(FAIL)).unwrap());
        bid(&one, Bid::Link(other.ward.clone()));
        failing.join().unwrap();
        assert!(other.is_up());
        assert!(agree(&one.memory, &other.memory), "{:?}, {:?}", one.memory.bonds(), other.memory.bonds());
        let before = one.script.downs();
        assert!(other.tell(FAIL));
        assert_eq!(one.script.downs(), 1, "it fails with it, once");
        assert!(one.script.note(|story| story.downs[0].contains("has failed")));
        let _ = (one.finish(&[]), other.finish(&[FAIL, FAIL]));
        outcomes.saw(expected[1 - before]);
    });
}

/// The link is taken up again while the run ends that it was with: both know of it after that, or neither.
#[test]
fn a_second_link_against_a_restart() {
    let expected = ["not linked", "linked"];
    model("second link, restart", Bounds::default(), &expected, move |outcomes| {
        let [one, other] = pair([&Ledger::default(), &Ledger::default()], [Answer::AtOnce, Answer::AtOnce]);
        bid(&one, Bid::Link(other.ward.clone()));
        let failing = other.meanwhile(|ward| ward.try_tell(Say(FAIL)).unwrap());
        bid(&one, Bid::Link(other.ward.clone()));
        failing.join().unwrap();
        assert!(one.is_up() && other.is_up());
        let bonds = (one.memory.bonds(), other.memory.bonds());
        assert!(agree(&one.memory, &other.memory) && bonds.0 == bonds.1, "{bonds:?}");
        outcomes.saw(expected[bonds.0.0]);
        let _ = (one.finish(&[]), other.finish(&[FAIL]));
    });
}

/// Whoever watches another one, and is linked to it while its own run ends, has a seat there all the same.
#[test]
fn a_link_by_one_that_is_watched_against_the_restart_of_the_watcher() {
    let expected = ["with the first run", "with the second run"];
    model("link, restart of a watcher", Bounds::default(), &expected, move |outcomes| {
        let [one, other] = pair([&Ledger::default(), &Ledger::default()], [Answer::AtOnce, Answer::AtOnce]);
        bid(&other, Bid::Watch(one.ward.clone()));
        let failing = other.meanwhile(|ward| ward.try_tell(Say(FAIL)).unwrap());
        bid(&one, Bid::Link(other.ward.clone()));
        failing.join().unwrap();
        assert!(one.is_up() && other.is_up());
        let bonds = (one.memory.bonds(), other.memory.bonds());
        assert!(agree(&one.memory, &other.memory) && bonds.0 == bonds.1, "{bonds:?}");
        outcomes.saw(expected[bonds.0.0]);
        let _ = (one.finish(&[]), other.finish(&[FAIL]));
    });
}

#[test]
fn a_link_with_one_that_traps_against_a_restart() {
    let expected = ["heard of the first run", "of the second one alone"];
    model("trapped link, restart", Bounds::default(), &expected, move |outcomes| {
        let [one, other] = pair([&Ledger::default(), &Ledger::default()], [Answer::Never, Answer::AtOnce]);
        bid(&one, Bid::Trap);
        let failing = other.meanwhile(|ward| ward.try_tell(Say(FAIL)).unwrap());
        bid(&one, Bid::Link(other.ward.clone()));
        failing.join().unwrap();
        let before = one.script.note(|story| story.heard.len());
        assert!(other.tell(FAIL));
        assert_eq!(one.script.note(|story| story.heard.clone()), [FAILED], "once");
        assert!(agree(&one.memory, &other.memory));
        assert_eq!((one.script.downs(), one.memory.bonds()), (0, (0, 0, 0)));
        let _ = (one.finish(&[]), other.finish(&[FAIL, FAIL]));
        outcomes.saw(expected[1 - before]);
    });
}

/// The notice of a run that is over waits while the link is taken up again.
#[test]
fn a_second_link_against_the_notice_of_a_restart() {
    model("second link, notice", Bounds::default(), &["not linked"], move |outcomes| {
        let registry = Arc::new(Registry::new());
        let gate = Gate::new();
        let [one, other] = [Some(Arc::clone(&gate)), None].map(|gate| {
            let home = Home { registry: Some(Arc::clone(&registry)), ..Home::new(&Ledger::default()) };
            let place = Place { gate, ..Place::default() };
            Cast::at(&home, &Ear, Renewal::AfterFailure, Answer::AtOnce, 4, place)
        });
        bid(&one, Bid::Trap);
        bid(&one, Bid::Link(other.ward.clone()));
        bid(&one, Bid::LinkLater(other.ward.clone()));
        let failing = other.meanwhile(|ward| ward.try_tell(Say(FAIL)).unwrap());
        gate.open();
        failing.join().unwrap();
        assert!(one.is_up() && other.is_up());
        let bonds = (one.memory.bonds(), other.memory.bonds());
        assert_eq!(bonds, ((0, 0, 0), (0, 0, 0)), "what was heard of is over for both");
        outcomes.saw("not linked");
        let _ = (one.finish(&[]), other.finish(&[FAIL]));
    });
}

#[test]
fn two_linked_ones_that_fail_at_once() {
    let expected = ["each by itself", "one with the other"];
    model("linked failures", Bounds::default(), &expected, move |outcomes| {
        let [one, other] = pair([&Ledger::default(), &Ledger::default()], [Answer::AtOnce, Answer::AtOnce]);
        bid(&one, Bid::Link(other.ward.clone()));
        let failing = other.meanwhile(|ward| ward.try_tell(Say(FAIL)).unwrap());
        assert!(one.tell(FAIL));
        failing.join().unwrap();
        assert!(one.is_up() && other.is_up());
        assert_eq!([one.memory.bonds(), other.memory.bonds()], [(0, 0, 0); 2]);
        let stories = [one.finish(&[FAIL]).1, other.finish(&[FAIL]).1];
        for story in &stories {
            // The link was with the run that is over: it takes along no other one.
            assert!(!story.downs.iter().any(|down| down == KILLED), "{stories:?}");
        }
        outcomes.saw(expected[stories.iter().filter(|story| story.downs.len() == 2).count()]);
    });
}

// Timers.

#[test]
fn a_timer_of_a_run_that_is_over() {
    let expected = ["by its own run", "left over", "dropped"];
    model("timer, restart", Bounds::default(), &expected, move |outcomes| {
        let ledger = Ledger::default();
        let (scheduler, _workers) = two_workers();
        let home = Home { scheduler: Some(Arc::clone(&scheduler)), ..Home::new(&ledger) };
        let place = Place { rings: true, ..Place::default() };
        let cast = Cast::at(&home, &Ear, Renewal::AfterFailure, Answer::AtOnce, 4, place);
        let other = Arc::clone(&scheduler);
        let firing = thread::spawn(move || other.fire());
        assert!(cast.tell(FAIL));
        firing.join().unwrap();
        assert!(cast.is_up());
        // That of the next run has a list of its own.
        scheduler.fire();
        let handled = ledger.note(|seen| seen.handled.clone());
        assert!(handled.contains(&(RUN + RING + 1)), "{handled:?}");
        assert!(!handled.contains(&(RUN + RING)), "a run hears its own timers alone: {handled:?}");
        let is_heard = handled.contains(&RING);
        // What is in the lane when the run is over was accepted; what comes to it later is not.
        let is_left_over = ledger.note(|seen| seen.dead.contains(&RING));
        let accepted = [FAIL, RING + 1, RING];
        let (seen, _) = cast.finish(&accepted[..2 + usize::from(is_heard || is_left_over)]);
        assert_eq!(seen.dead.len(), usize::from(is_left_over), "{seen:?}");
        drop(home);
        scheduler.close();
        outcomes.saw(match (is_heard, is_left_over) {
            (true, _) => expected[0],
            (_, true) => expected[1],
            _ => expected[2],
        });
    });
}

#[test]
fn the_deadline_of_an_earlier_run_against_the_next_last_hook() {
    let expected = ["before the gate", "behind it"];
    model("old deadline", Bounds::default(), &expected, move |outcomes| {
        let ledger = Ledger::default();
        let home = Home::new(&ledger);
        let gates = [Gate::new(), Gate::new()];
        let place = Place { last: gates.to_vec(), ..Place::default() };
        let cast = Cast::at(&home, &Ear, Renewal::AfterFailure, Answer::AtOnce, 4, place);
        task::cut(&cast.ward);
        gates[0].open();
        assert_eq!(cast.script.downs(), 1);
        let earlier = home.deadlines();
        assert_eq!(earlier.len(), 1, "killed, and its hook waited");
        task::cut(&cast.ward);
        let script = Arc::clone(&cast.script);
        let expiring = thread::spawn(move || {
            earlier.iter().for_each(Weakly::expire);
            script.downs()
        });
        gates[1].open();
        let downs = expiring.join().unwrap();
        assert_eq!(cast.script.downs(), 2);
        assert_eq!(ledger.note(|seen| seen.stopped.len()), 2, "it was dropped early");
        outcomes.saw(expected[downs - 1]);
        drop(home.deadlines());
        let _ = cast.finish(&[]);
    });
}

#[test]
fn both_deadlines_against_the_last_hook() {
    model("both deadlines", Bounds::default(), &["it was dropped"], move |outcomes| {
        let ledger = Ledger::default();
        let home = Home::new(&ledger);
        let gates = [Gate::new(), Gate::new()];
        let place = Place { last: gates.to_vec(), ..Place::default() };
        let cast = Cast::at(&home, &Ear, Renewal::AfterFailure, Answer::AtOnce, 4, place);
        task::cut(&cast.ward);
        gates[0].open();
        task::cut(&cast.ward);
        let deadlines = home.deadlines();
        assert_eq!((deadlines.len(), cast.script.downs()), (2, 1));
        let [earlier, own] = <[Weakly; 2]>::try_from(deadlines).unwrap_or_else(|_| panic!("there are two"));
        let expiring = [earlier, own].map(|deadline| thread::spawn(move || deadline.expire()));
        expiring.into_iter().for_each(|expiring| expiring.join().unwrap());
        assert_eq!(cast.script.downs(), 2, "its time was up");
        assert_eq!(ledger.note(|seen| seen.stopped.len()), 1);
        outcomes.saw("it was dropped");
        let _ = cast.finish(&[]);
    });
}

// Health checks.

fn checked() -> Place {
    Place { is_checked: true, ..Place::default() }
}

/// One whose handler waits for the gate.
fn checked_behind_a_gate(number: u32, capacity: u32) -> (Cast, Arc<Gate>) {
    let gate = Gate::new();
    let place = Place { gate: Some(Arc::clone(&gate)), ..checked() };
    let cast = Cast::with(Renewal::AfterFailure, Answer::AtOnce, capacity, place);
    assert!(cast.tell(number));
    (cast, gate)
}

fn is_overdue(reason: &str) -> bool {
    reason.contains("health check")
}

#[test]
fn a_check_that_is_due_against_a_sender() {
    let expected = ["before it", "behind it"];
    model_in_all_modes("check, send", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::with(Renewal::AfterFailure, Answer::AtOnce, 4, checked());
        let seeing = cast.seeing_to_check(DUE);
        assert!(cast.tell(1));
        let checks = cast.checks();
        seeing.join().unwrap();
        assert_eq!(cast.checks(), 1, "it wasn't checked");
        assert!(cast.is_up());
        let (seen, story) = cast.finish(&[1]);
        assert_eq!((&seen.handled[..], story.downs.len()), (&[1][..], 0));
        outcomes.saw(expected[1 - checks]);
    });
}

/// Both are called out by the same bit of the task word.
#[test]
fn a_check_that_is_due_against_the_notice_of_an_end() {
    let expected = ["the check first", "the notice first"];
    model("check, notice", Bounds::default(), &expected, move |outcomes| {
        let ledgers = [Ledger::default(), Ledger::default()];
        let place = [checked(), Place::default()];
        let [cast, other] = [0, 1].map(|at| {
            Cast::at(&Home::new(&ledgers[at]), &Ear, Renewal::AfterFailure, Answer::AtOnce, 4, place[at].clone())
        });
        bid(&cast, Bid::Watch(other.ward.clone()));
        let seeing = cast.seeing_to_check(DUE);
        let _ = other.finish(&[]);
        let checks = cast.checks();
        seeing.join().unwrap();
        let (checked, heard) = cast.script.note(|story| (story.checks.len(), story.heard.len()));
        assert_eq!((checked, heard), (1, 1), "one of them was lost");
        assert!(cast.is_up());
        let _ = cast.finish(&[]);
        outcomes.saw(expected[1 - checks]);
    });
}

#[test]
fn the_end_of_a_checks_time_against_the_handler_in_its_way() {
    let expected = ["cut", "checked in time"];
    model("overdue, wake", Bounds::default(), &expected, move |outcomes| {
        let (cast, gate) = checked_behind_a_gate(WAIT, 4);
        assert!(cast.tell(1));
        weakly(&cast.ward).see_to_check(DUE);
        assert_eq!(cast.checks(), 0, "its handler waits");
        let seeing = cast.seeing_to_check(OVER);
        gate.open();
        seeing.join().unwrap();
        assert!(cast.is_up());
        let (seen, story) = cast.finish(&[WAIT, 1]);
        assert!(story.downs.len() <= 1 && story.downs.iter().all(|down| is_overdue(down)), "{story:?}");
        let is_in_time = story.downs.is_empty();
        assert!(seen.failed == 0 || !is_in_time, "{seen:?}, {story:?}");
        // One that comes when the check is over finds the next one due.
        assert!(story.checks.len() <= 2 && !(is_in_time && story.checks.is_empty()), "{story:?}");
        outcomes.saw(expected[usize::from(is_in_time)]);
    });
}

/// It cuts the run whose check it was, or none: the check is still due when the run is over.
#[test]
fn the_end_of_a_checks_time_against_the_restart() {
    let expected = ["the run had failed", "cut before it was judged", "its handler was dropped"];
    model("overdue, restart", Bounds::default(), &expected, move |outcomes| {
        let (cast, gate) = checked_behind_a_gate(FAIL_LATE, 4);
        weakly(&cast.ward).see_to_check(DUE);
        let seeing = cast.seeing_to_check(OVER);
        gate.open();
        seeing.join().unwrap();
        assert!(cast.is_up() && cast.tell(1));
        let (seen, story) = cast.finish(&[FAIL_LATE, 1]);
        let [down] = &story.downs[..] else { panic!("another run was cut: {story:?}") };
        assert!(down == FAILED || is_overdue(down), "{story:?}");
        outcomes.saw(expected[if down == FAILED { 0 } else { 1 + seen.failed as usize }]);
    });
}

/// Also where it ends for good.
#[test]
fn the_end_of_a_checks_time_against_a_dismissal() {
    let expected = ["stopped", "cut", "cut before it was dismissed"];
    model("overdue, dismissal", Bounds::default(), &expected, move |outcomes| {
        let (cast, gate) = checked_behind_a_gate(WAIT, 4);
        weakly(&cast.ward).see_to_check(DUE);
        let seeing = cast.seeing_to_check(OVER);
        dismiss_and_stop(&cast.ward);
        gate.open();
        seeing.join().unwrap();
        assert!(reason(&cast.memory).is_some(), "it was kept");
        let (_, story) = cast.finish(&[WAIT]);
        let is_cut = is_overdue(&story.ended[0]);
        assert!(is_cut || story.ended == [STOPPED], "{story:?}");
        assert!(story.downs.iter().all(|down| is_overdue(down)), "{story:?}");
        assert!(story.downs.len() + usize::from(is_cut) <= 1 || story.made == 1, "the next run was cut: {story:?}");
        outcomes.saw(expected[if story.made == 2 { 2 } else { usize::from(is_cut) }]);
    });
}

/// One whose third run is in its `post_stop`, behind a gate, and the deadlines of all three.
fn in_its_third_last_hook() -> (Cast, [Weakly; 3]) {
    let home = Home::new(&Ledger::default());
    let gates = [Gate::new(), Gate::new(), Gate::new()];
    let place = Place { last: gates.to_vec(), ..Place::default() };
    let cast = Cast::at(&home, &Ear, Renewal::AfterFailure, Answer::AtOnce, 4, place);
    for gate in &gates[..2] {
        task::cut(&cast.ward);
        gate.open();
    }
    task::cut(&cast.ward);
    assert_eq!(cast.script.downs(), 2);
    let deadlines = <[Weakly; 3]>::try_from(home.deadlines()).unwrap_or_else(|_| panic!("each hook has waited"));
    (cast, deadlines)
}

#[test]
fn the_deadlines_of_two_earlier_runs_against_the_last_hook() {
    model("two old deadlines", Bounds::default(), &["it came to its end"], move |outcomes| {
        let (cast, [first, second, own]) = in_its_third_last_hook();
        let expiring = [first, second].map(|deadline| thread::spawn(move || deadline.expire()));
        cast.gates[2].open();
        expiring.into_iter().for_each(|expiring| expiring.join().unwrap());
        assert_eq!(cast.script.downs(), 3);
        drop(own);
        let (seen, _) = cast.finish(&[]);
        assert_eq!(seen.stopped[..3], [KILLED; 3], "it was dropped early");
        outcomes.saw("it came to its end");
    });
}

#[test]
fn the_deadlines_of_three_runs_against_the_last_hook() {
    model("three deadlines", Bounds::default(), &["it was dropped"], move |outcomes| {
        let (cast, [first, second, own]) = in_its_third_last_hook();
        first.expire();
        let expiring = [second, own].map(|deadline| thread::spawn(move || deadline.expire()));
        expiring.into_iter().for_each(|expiring| expiring.join().unwrap());
        assert_eq!(cast.script.downs(), 3, "its time was up");
        let _ = cast.finish(&[]);
        outcomes.saw("it was dropped");
    });
}
