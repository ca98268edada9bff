//! The loop of a simulation: who can act, who does, and what becomes of it.
//!
//! | who can act | its turn is |
//! |---|---|
//! | the test, once it has been woken | until it waits again |
//! | an actor that is scheduled | one activation: its start, one message, or its handler up to the next await that waits |
//! | a blocking closure | all of it |
//!
//! Timers that are due fire before the next turn, whoever has it. When nobody can act, what workers hold is let go of; then
//! systems that end look whether they are at rest; then time passes, up to the next timer.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt::Display;
use std::mem;
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::Duration;

use super::choice::Chooser;
use super::error::SimError;
use super::fault::{Faults, Kind};
use super::trace::{Deed, End, Event, Trace, What};
use crate::scheduler::timer::TICK;
use crate::scheduler::worker::crew::{Crew, Ran};
use crate::sync::limits::COOP_BUDGET;
use crate::sync::stage::{self, Stage};
use crate::sync::thread;
use crate::sync::time::Moment;
use crate::system::wait::{self, Wait};
use crate::task::Runnable;
use crate::task::director::{Director, Ending, Job};
use crate::task::handle::Strong;
use crate::task::identity::ActorInfo;
use crate::task::letter::DeadLetter;
use crate::task::reason::StopReason;

/// How long systems that end wait for a lull before they look again.
const LOOK: Duration = Duration::from_millis(20);

/// What a panic says that is a fault.
const INJECTED: &str = "a fault of the simulation";

/// Parts of the longest time of a fault that are told apart.
const PARTS: usize = 64;

/// The key of the test, among tasks.
const TEST: u64 = 0;

/// The key of closures that block.
const JOBS: u64 = 1;

/// What is fixed for a run.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) workers: usize,
    pub(super) faults: Faults,
    pub(super) max_steps: u64,
}

/// A panic of an actor.
#[derive(Clone, Debug)]
struct Failed {
    actor: ActorInfo,
    reason: String,
}

/// An accepted message that nobody handled.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOver {
    /// For whom it was.
    pub actor: ActorInfo,
    /// The path of its type.
    pub message_type: &'static str,
}

/// One run.
pub(super) struct Engine {
    settings: Settings,
    chooser: RefCell<Chooser>,
    crews: RefCell<Vec<Rc<Crew>>>,
    ready: RefCell<VecDeque<Entry>>,
    /// Those whose turn comes later, the next one first.
    delayed: RefCell<VecDeque<(Moment, Entry)>>,
    jobs: RefCell<VecDeque<Job>>,
    endings: RefCell<Vec<Ending>>,
    turn: Cell<Turn>,
    /// Activations that are under way: more than one, if a system is dropped in one of another's.
    acting: Cell<u32>,
    /// How often the test waits: more than once, if a blocking closure does, too.
    waiting: Cell<u32>,
    steps: Cell<u64>,
    messages: Cell<u64>,
    /// Of all that was decided, and who it was.
    print: Cell<u64>,
    /// It is being cleaned up: nothing is decided any more.
    is_over: Cell<bool>,
    /// A system is being dropped: nothing is decided meanwhile.
    is_calm: Cell<bool>,
    stuck: RefCell<Option<SimError>>,
    /// Why it couldn't go on while a system was dropped: nobody was told.
    unsaid: RefCell<Option<SimError>>,
    failed: RefCell<Vec<Failed>>,
    /// Types of actors that may panic.
    expected: RefCell<Vec<&'static str>>,
    left_over: RefCell<Vec<LeftOver>>,
    trace: RefCell<Option<Trace>>,
}

/// A task that is ready.
struct Entry {
    task: Runnable,
    /// Of which system.
    crew: usize,
    /// The worker that holds another one for it.
    held_by: Option<usize>,
    /// It has let others go first in its last turn.
    has_yielded: bool,
}

/// Whoever is acting.
#[derive(Clone, Copy, Debug, Default)]
struct Turn {
    key: u64,
    /// Awaits in it.
    awaits: i32,
    /// It doesn't yield, for it did in its last turn.
    goes_on: bool,
    has_yielded: bool,
    /// The message that it began with.
    message: Option<&'static str>,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Somebody has acted.
    Acted,
    /// It is the test's turn.
    Test,
    /// Nobody can act.
    Nobody,
}

impl Engine {
    pub(super) fn new(settings: Settings, chooser: Chooser, is_traced: bool) -> Self {
        Self {
            settings,
            chooser: RefCell::new(chooser),
            crews: RefCell::default(),
            ready: RefCell::default(),
            delayed: RefCell::default(),
            jobs: RefCell::default(),
            endings: RefCell::default(),
            turn: Cell::default(),
            acting: Cell::new(0),
            waiting: Cell::new(0),
            steps: Cell::new(0),
            messages: Cell::new(0),
            print: Cell::new(0),
            is_over: Cell::new(false),
            is_calm: Cell::new(false),
            stuck: RefCell::default(),
            unsaid: RefCell::default(),
            failed: RefCell::default(),
            expected: RefCell::default(),
            left_over: RefCell::default(),
            trace: RefCell::new(is_traced.then(Trace::default)),
        }
    }

    pub(super) fn chooser(&self) -> &RefCell<Chooser> {
        &self.chooser
    }

    pub(super) fn steps(&self) -> u64 {
        self.steps.get()
    }

    pub(super) fn messages(&self) -> u64 {
        self.messages.get()
    }

    pub(super) fn print(&self) -> u64 {
        self.print.get()
    }

    pub(super) fn stuck(&self) -> Option<SimError> {
        self.stuck.borrow().clone()
    }

    /// Why it couldn't go on, if nobody was told.
    pub(super) fn unsaid(&self) -> Option<SimError> {
        self.unsaid.borrow().clone()
    }

    /// Whether another thread has sent something to one of the systems.
    pub(super) fn was_trespassed(&self) -> bool {
        self.crews.borrow().iter().any(|crew| crew.scheduler().was_trespassed())
    }

    /// The first panic of an actor that wasn't expected.
    pub(super) fn unexpected(&self) -> Option<String> {
        let (failed, expected) = (self.failed.borrow(), self.expected.borrow());
        let first = failed.iter().find(|failed| !expected.contains(&failed.actor.type_name()))?;
        Some(format!("{}: {}", first.actor, first.reason))
    }

    pub(super) fn left_over(&self) -> Vec<LeftOver> {
        self.left_over.borrow().clone()
    }

    pub(super) fn take_trace(&self) -> Option<Trace> {
        self.trace.borrow_mut().take()
    }

    pub(super) fn now() -> Moment {
        stage::now().unwrap_or(Moment::from_nanos(0))
    }

    fn time() -> Duration {
        Duration::from_nanos(Self::now().as_nanos())
    }

    fn crew(&self, index: usize) -> Rc<Crew> {
        Rc::clone(&self.crews.borrow()[index])
    }

    fn crews(&self) -> Vec<Rc<Crew>> {
        self.crews.borrow().clone()
    }

    fn is_traced(&self) -> bool {
        self.trace.borrow().is_some()
    }

    fn note_event(&self, choice: Option<(usize, usize)>, what: impl FnOnce() -> What) {
        if let Some(trace) = &mut *self.trace.borrow_mut()
            && !self.is_over.get()
        {
            trace.push(Event { at: Self::time(), choice, what: what() });
        }
    }

    pub(super) fn note(&self, text: impl FnOnce() -> String) {
        self.note_event(None, || What::Note(text()));
    }

    /// Takes what has been scheduled since, and what is due.
    fn gather(&self) {
        let crews = self.crews.borrow();
        for (index, crew) in crews.iter().enumerate() {
            crew.gather(|task, held_by| self.put(Entry { task, crew: index, held_by, has_yielded: false }));
        }
        let mut has_fired = false;
        for crew in crews.iter() {
            has_fired |= crew.fire();
        }
        if has_fired {
            for (index, crew) in crews.iter().enumerate() {
                crew.gather(|task, held_by| self.put(Entry { task, crew: index, held_by, has_yielded: false }));
            }
        }
        drop(crews);
        if !self.delayed.borrow().is_empty() {
            self.release();
        }
    }

    /// Those whose delay is over are ready.
    fn release(&self) {
        let mut delayed = self.delayed.borrow_mut();
        while delayed.front().is_some_and(|(until, _)| *until <= Self::now()) {
            self.ready.borrow_mut().extend(delayed.pop_front().map(|(_, entry)| entry));
        }
    }

    /// Makes a task ready, now or later.
    fn put(&self, entry: Entry) {
        if self.settings.faults.is_empty() || !self.decides() {
            self.ready.borrow_mut().push_back(entry);
        } else {
            self.put_perhaps_later(entry);
        }
    }

    fn put_perhaps_later(&self, entry: Entry) {
        let is_new = entry.task.is_new();
        let names = [entry.task.type_name()];
        let is_meant = |kind| matches!(kind, Kind::Delays(_)) || is_new && matches!(kind, Kind::SlowStarts(_));
        let mut chooser = self.chooser.borrow_mut();
        for (fault, rate) in self.settings.faults.rates(&names, is_meant) {
            let (Kind::Delays(most) | Kind::SlowStarts(most)) = fault.kind else { continue };
            if chooser.happens(rate) {
                let late = most / PARTS as u32 * (chooser.pick(PARTS) as u32 + 1);
                self.note(|| format!("fault: {} comes to its turn {late:?} late", entry.task.info()));
                let until = Self::now().after(late);
                let mut delayed = self.delayed.borrow_mut();
                let place = delayed.partition_point(|(other, _)| *other <= until);
                delayed.insert(place, (until, entry));
                return;
            }
        }
        drop(chooser);
        self.ready.borrow_mut().push_back(entry);
    }

    /// Lets one of those act who can. The test can, if it is `woken`.
    fn step(&self, woken: bool) -> Step {
        self.gather();
        if !self.settings.faults.is_empty() && self.decides() {
            self.break_something();
        }
        let (ready, jobs) = (self.ready.borrow().len(), usize::from(!self.jobs.borrow().is_empty()));
        let (test, of) = (usize::from(woken), usize::from(woken) + ready + jobs);
        if of == 0 {
            return Step::Nobody;
        }
        let key = |index: usize| match index.checked_sub(test) {
            None => TEST,
            Some(place) => self.ready.borrow().get(place).map_or(JOBS, Entry::key),
        };
        let taken = if self.decides() { self.chooser.borrow_mut().pick_who(of, key) } else { 0 };
        self.steps.set(self.steps.get() + 1);
        self.stamp(of, taken, key(taken));
        let choice = Some((taken, of));
        let Some(place) = taken.checked_sub(test) else {
            self.note_event(choice, || What::Test);
            return Step::Test;
        };
        let entry = self.ready.borrow_mut().remove(place);
        match entry {
            Some(entry) => self.act(entry, choice),
            None => {
                let job = self.jobs.borrow_mut().pop_front();
                self.note_event(choice, || What::Job);
                let former = self.turn.replace(Turn { key: JOBS, ..Turn::default() });
                if let Some(job) = job {
                    job();
                }
                self.turn.set(former);
            }
        }
        Step::Acted
    }

    fn stamp(&self, of: usize, taken: usize, key: u64) {
        let mix = |print: u64, word: u64| (print ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
        self.print.set(mix(mix(self.print.get(), (of as u64) << 32 | taken as u64), key));
    }

    /// Lets an actor act.
    fn act(&self, entry: Entry, choice: Option<(usize, usize)>) {
        let Entry { task, crew: index, held_by, has_yielded } = entry;
        let crew = self.crew(index);
        let key = Entry::key_of(index, &task);
        // Which worker it is matters little, so that it isn't a decision.
        let worker = held_by.or(task.placed()).unwrap_or((self.steps.get() / 4) as usize % crew.len());
        let before =
            self.is_traced().then(|| (task.info(), task.is_new(), task.has_frame(), self.failed.borrow().len()));
        let former = self.turn.replace(Turn { key, goes_on: has_yielded, ..Turn::default() });
        self.acting.set(self.acting.get() + 1);
        let ran = crew.run(worker, task, held_by == Some(worker));
        self.acting.set(self.acting.get() - 1);
        let turn = self.turn.replace(former);
        let ready = |task| Entry { task, crew: index, held_by: None, has_yielded: turn.has_yielded };
        let has_yielded = turn.has_yielded && matches!(ran, Ran::Woken(_));
        let waits = matches!(ran, Ran::Waits | Ran::Held);
        match ran {
            Ran::Rested | Ran::Waits | Ran::Held => {}
            // Nothing but its own turn is late.
            Ran::Woken(task) | Ran::Again(task) => self.ready.borrow_mut().push_back(ready(task)),
        }
        if let Some((actor, is_new, had_frame, failures)) = before {
            let scheduler = crew.scheduler();
            let has_ended = scheduler.seats().find(actor.id()).is_none();
            let deed = match turn.message {
                Some(message) => Deed::Handles(message),
                None if is_new => Deed::Starts,
                None if has_ended => Deed::Ends,
                None if had_frame => Deed::GoesOn,
                None => Deed::Looks,
            };
            let targets = || {
                let targets = scheduler.waits().targets_of(actor.id(), || waits);
                targets
                    .into_iter()
                    .flatten()
                    .filter_map(|target| Some(scheduler.seats().find(target)?.info()))
                    .collect()
            };
            let end = match () {
                () if self.failed.borrow().len() > failures => End::Panics,
                () if has_yielded => End::Yields,
                () if waits => End::Waits(targets()),
                () => End::Done,
            };
            self.note_event(choice, || What::Turn { actor, worker, deed, end });
        }
    }

    /// Faults that don't need an occasion.
    #[cold]
    fn break_something(&self) {
        let faults = self.settings.faults.clone();
        for (fault, rate) in faults.of(|kind| matches!(kind, Kind::ClockJumps(_))) {
            let Kind::ClockJumps(most) = fault.kind else { continue };
            if self.chooser.borrow_mut().happens(rate) {
                let passed = most / PARTS as u32 * (self.chooser.borrow_mut().pick(PARTS) as u32 + 1);
                self.note(|| format!("fault: {passed:?} pass"));
                stage::set_now(Self::now().after(passed));
                self.gather();
            }
        }
        for (fault, rate) in faults.of(|kind| kind == Kind::Kills) {
            if !self.chooser.borrow_mut().happens(rate) {
                continue;
            }
            let everybody = self.crews().into_iter().flat_map(|crew| crew.scheduler().seats().everybody());
            let victims: Vec<_> = everybody.filter(|actor| fault.is_at(&[actor.info().type_name()])).collect();
            if let Some(victim) = victims.get(self.chooser.borrow_mut().pick(victims.len())) {
                self.note(|| format!("fault: {} is killed", victim.info()));
                victim.kill();
            }
            drop(victims);
            self.gather();
        }
    }

    /// Nobody can act: sees to it that somebody can, up to the moment `until`. Returns whether anything may have changed.
    fn go_on(&self, until: Option<Moment>) -> bool {
        if self.crews().iter().fold(false, |any, crew| crew.let_go() | any) {
            return true;
        }
        if !self.endings.borrow().is_empty() {
            let mut endings = mem::take(&mut *self.endings.borrow_mut());
            let before = endings.len();
            endings.retain_mut(|ending| ending.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            let is_any_over = endings.len() < before;
            self.endings.borrow_mut().append(&mut endings);
            self.gather();
            if is_any_over || !self.ready.borrow().is_empty() {
                return true;
            }
        }
        let look = (!self.endings.borrow().is_empty()).then(|| Self::now().after(LOOK));
        let timers = self.crews().iter().filter_map(|crew| crew.earliest()).min();
        let late = self.delayed.borrow().front().map(|(until, _)| *until);
        let Some(next) = [look, timers, late].into_iter().flatten().min() else { return false };
        if until.is_some_and(|until| next > until) {
            return false;
        }
        self.pass_to(next);
        true
    }

    /// Time passes.
    fn pass_to(&self, next: Moment) {
        let passed = next.until(Self::now());
        if !passed.is_zero() {
            stage::set_now(next);
            self.note_event(None, || What::Time(passed));
        }
    }

    /// Lets others act until nobody can, and no timer is due up to the moment `until`.
    pub(super) fn run(&self, until: Option<Moment>) -> Result<(), SimError> {
        // What is due then fires in the next tick.
        let last = until.map(|until| until.after(TICK - Duration::from_nanos(1)));
        loop {
            if self.step(false) == Step::Nobody && !self.go_on(last) {
                break;
            }
            self.count_steps()?;
        }
        if let Some(until) = until {
            self.pass_to(until);
            self.gather();
        }
        Ok(())
    }

    /// Lets one act, if anybody can; time passes if need be.
    pub(super) fn run_once(&self) -> bool {
        while self.step(false) == Step::Nobody {
            if !self.go_on(None) {
                return false;
            }
        }
        true
    }

    /// Whether anybody but who is acting could act.
    fn can_others(&self) -> bool {
        !self.ready.borrow().is_empty()
            || !self.jobs.borrow().is_empty()
            || self.waiting.get() > 0
            || self.crews.borrow().iter().any(|crew| !crew.is_idle())
    }

    fn is_endless(&self) -> bool {
        self.steps.get() > self.settings.max_steps
    }

    fn count_steps(&self) -> Result<(), SimError> {
        if self.is_endless() {
            return Err(self.give_up(SimError::Endless { steps: self.settings.max_steps }));
        }
        Ok(())
    }

    fn give_up(&self, error: SimError) -> SimError {
        self.stuck.borrow_mut().get_or_insert_with(|| error.clone());
        error
    }

    /// Whose handlers wait.
    pub(super) fn waits(&self) -> Vec<Wait> {
        self.crews().iter().flat_map(|crew| wait::all(crew.scheduler())).collect()
    }

    /// The names of the types of the messages that wait for an actor of this run; none while one is acting.
    pub(super) fn mailbox(&self, actor: &Strong) -> Vec<&'static str> {
        let is_ours = |crew: &Rc<Crew>| {
            crew.scheduler().seats().find(actor.id()).is_some_and(|found| found.address() == actor.address())
        };
        if self.acting.get() == 0 && self.crews().iter().any(is_ours) { actor.messages() } else { Vec::new() }
    }

    pub(super) fn stuck_error(&self, test_waits: bool) -> SimError {
        self.give_up(SimError::Stuck { waits: self.waits(), test_waits })
    }

    /// From now on nothing is decided, and nothing goes wrong.
    pub(super) fn clean_up(&self) {
        self.is_over.set(true);
        let jobs = mem::take(&mut *self.jobs.borrow_mut());
        drop(jobs);
        // Whoever still holds a system lets go of it when nobody plays any more.
        let _ = self.run(None);
        let endings = mem::take(&mut *self.endings.borrow_mut());
        drop(endings);
        let crews = mem::take(&mut *self.crews.borrow_mut());
        drop(crews);
    }
}

impl Entry {
    fn key(&self) -> u64 {
        Self::key_of(self.crew, &self.task)
    }

    fn key_of(crew: usize, task: &Runnable) -> u64 {
        (crew as u64 + 1).rotate_right(6) ^ task.id().get().wrapping_add(JOBS + 1)
    }
}

impl Stage for Engine {
    fn pause(&self, is_over: &dyn Fn() -> bool) -> Result<(), Box<dyn Display>> {
        self.wait_until(is_over).map_err(|error| Box::new(error) as Box<dyn Display>)
    }

    fn wind_down(&self, is_over: &dyn Fn() -> bool) -> Result<(), Box<dyn Display>> {
        let former = self.is_calm.replace(true);
        // If it is already, the test has been told, or a drop before was the first that couldn't be.
        let was_endless = self.is_endless();
        let paused = self.wait_until(is_over);
        if let Err(error) = &paused
            && !was_endless
        {
            self.unsaid.borrow_mut().get_or_insert_with(|| error.clone());
        }
        self.is_calm.set(former);
        paused.map_err(|error| Box::new(error) as Box<dyn Display>)
    }
}

impl Engine {
    /// Whether anything is decided now.
    fn decides(&self) -> bool {
        !self.is_over.get() && !self.is_calm.get()
    }

    /// Whoever acts waits, and others act meanwhile.
    fn wait_until(&self, is_over: &dyn Fn() -> bool) -> Result<(), SimError> {
        if thread::panicking() {
            self.is_over.set(true);
        }
        let former = self.turn.take();
        self.waiting.set(self.waiting.get() + 1);
        let paused = self.pause_while(is_over);
        self.waiting.set(self.waiting.get() - 1);
        let has_yielded = former.has_yielded;
        self.turn.set(Turn { awaits: 0, goes_on: has_yielded, has_yielded: false, ..former });
        paused
    }

    fn pause_while(&self, is_over: &dyn Fn() -> bool) -> Result<(), SimError> {
        loop {
            match self.step(is_over()) {
                Step::Test => return Ok(()),
                Step::Acted => {}
                Step::Nobody if is_over() || self.go_on(None) => {}
                Step::Nobody => return Err(self.stuck_error(true)),
            }
            self.count_steps()?;
        }
    }
}

impl Director for Engine {
    fn workers(&self) -> usize {
        self.settings.workers
    }

    fn employ(&self, crew: Box<dyn std::any::Any>) {
        if let Ok(crew) = crew.downcast::<Crew>() {
            self.crews.borrow_mut().push(Rc::new(*crew));
        }
    }

    fn capacity(&self, actor: &'static str, asked: u32) -> u32 {
        let names = [actor];
        let mut chooser = self.chooser.borrow_mut();
        for (_, rate) in self.settings.faults.rates(&names, |kind| kind == Kind::FullMailboxes) {
            if asked > 1 && self.decides() && chooser.happens(rate) {
                self.note(|| format!("fault: a mailbox of a {actor} has room for one message"));
                return 1;
            }
        }
        asked
    }

    fn yields(&self) -> bool {
        let mut turn = self.turn.get();
        turn.awaits += 1;
        let yields = if turn.awaits > COOP_BUDGET {
            turn.awaits = 0;
            true
        } else if turn.goes_on || !self.decides() || !self.can_others() {
            false
        } else {
            let yields = self.chooser.borrow_mut().yields(turn.key);
            turn.has_yielded |= yields;
            yields
        };
        self.turn.set(turn);
        yields
    }

    fn begins(&self, actor: &dyn Fn() -> ActorInfo, kind: &'static str, message: &'static str) {
        self.messages.set(self.messages.get() + 1);
        self.turn.set(Turn { message: Some(message), ..self.turn.get() });
        if self.settings.faults.is_empty() || !self.decides() {
            return;
        }
        let names = [kind, message];
        let happens = self
            .settings
            .faults
            .rates(&names, |kind| kind == Kind::Panics)
            .any(|(_, rate)| self.chooser.borrow_mut().happens(rate));
        if happens {
            self.note(|| format!("fault: {} panics over {message}", actor()));
            panic!("{INJECTED}");
        }
    }

    fn failed(&self, actor: &ActorInfo, reason: &StopReason) {
        if let StopReason::Panicked(panic) = reason
            && panic.text() != INJECTED
        {
            self.note(|| format!("{actor}: {reason}"));
            self.failed.borrow_mut().push(Failed { actor: actor.clone(), reason: reason.to_string() });
        }
    }

    fn expects(&self, kind: &'static str) {
        self.expected.borrow_mut().push(kind);
    }

    fn left_over(&self, letter: &DeadLetter) {
        self.note(|| format!("a {} never came to {}", letter.message_type(), letter.actor()));
        let (actor, message_type) = (letter.actor().clone(), letter.message_type());
        self.left_over.borrow_mut().push(LeftOver { actor, message_type });
    }

    fn job(&self, job: Job) {
        self.jobs.borrow_mut().push_back(job);
    }

    fn end(&self, ending: Ending) {
        self.endings.borrow_mut().push(ending);
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("steps", &self.steps).finish_non_exhaustive()
    }
}
