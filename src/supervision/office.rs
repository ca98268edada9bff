//! What feeds a supervisor's [policy](super::policy), and does what it says: with actors, alarms, and answers to those who ask.
//!
//! Nothing here waits, but for the start and the stop of the supervisor itself, while it has nothing else to do.
//!
//! | comes from | by | to the policy as |
//! |---|---|---|
//! | a child | its [`Inbox`] | `Up`, `Down`, `Escalated`, `Ended`, `Ignored` |
//! | the clock | a timer of the supervisor's, set for the first of the alarms | `Alarm` |
//! | whoever has its reference | a message | `StartChild` and its kin |

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use super::action::{Action, Exit};
use super::alarms::Alarms;
use super::blueprint::{Blueprint, Part};
use super::child::Key;
use super::control::{Answer, ChildCount, ChildError};
use super::error::{Refusal, SpecError};
use super::event::{Event, Request};
use super::inbox::{Ear, Inbox, Look};
use super::incident::{Incident, SupervisionEvent};
use super::policy::Policy;
use super::row::Row;
use super::rules::{ChildRules, SupervisorRules};
use super::spec::{Cradle, Ignore, Nurse};
use crate::actor::context::ActorContext;
use crate::actor::timer::{Sleep, Timer};
use crate::actor::{Handler, Message};
use crate::broker::topic::Topic;
use crate::sync::Arc;
use crate::sync::time::Random;
use crate::task::charge::{Down, Report, Word};
use crate::task::handle::Strong;
use crate::task::identity::{ActorId, ActorInfo};
use crate::task::reason::{ActorError, StopReason};

/// The first of the alarms is due.
#[derive(Debug)]
pub(super) struct Ring;

impl Message for Ring {
    type Result = ();
}

/// Supervisors as their office sees them.
pub(super) trait Chief: Handler<Look> + Handler<Ring> {}

impl<S: Handler<Look> + Handler<Ring>> Chief for S {}

/// What a supervisor has of a child.
struct Desk<S: Chief> {
    part: Arc<Part<S>>,
    /// The actor, until it has ended for good.
    actor: Option<Strong>,
    /// Who it is, or was.
    info: Option<ActorInfo>,
    /// It had nothing to start.
    is_ignored: bool,
    /// It ends for this reason, if it is told to end.
    sentence: Option<StopReason>,
}

impl<S: Chief> Desk<S> {
    fn new(part: Arc<Part<S>>) -> Self {
        Self { part, actor: None, info: None, is_ignored: false, sentence: None }
    }
}

/// The office of a supervisor that is an `S`.
pub(super) struct Office<S: Chief> {
    policy: Policy,
    desks: Row<Desk<S>>,
    /// The children whose actors live, where they have no ids.
    keys: HashMap<ActorId, Key>,
    is_dynamic: bool,
    inbox: Arc<Inbox>,
    /// What children report by, once one has been started.
    ear: Option<Arc<Ear<S>>>,
    alarms: Alarms,
    /// The timer, and what it is set for. None while the office polls.
    timer: Option<(Duration, Timer)>,
    /// What wakes the office while it polls, and when.
    pause: Option<(Duration, Pin<Box<Sleep>>)>,
    /// The time of the present event.
    now: Duration,
    requests: BTreeMap<u64, (Key, Answer)>,
    next_request: u64,
    events: VecDeque<Event>,
    actions: Vec<Action>,
    random: Random,
    topic: Option<Topic<SupervisionEvent>>,
    /// Whose failure was one too many.
    culprit: Option<ActorInfo>,
    /// The ids of children that were forgotten while the supervisor started.
    forgotten: Vec<(Key, Arc<str>)>,
    is_ready: bool,
    exit: Option<Exit>,
    shuts_down: bool,
}

impl<S: Chief> Office<S> {
    /// That of a supervisor with these children.
    ///
    /// # Errors
    ///
    /// For settings that can't be.
    pub(super) fn new(rules: SupervisorRules, blueprint: &Blueprint<S>) -> Result<Self, SpecError> {
        blueprint.check(&rules)?;
        Ok(Self {
            policy: Policy::with(rules, blueprint.children()),
            desks: blueprint.parts().map(|(key, part)| (key, Desk::new(Arc::clone(part)))).collect(),
            keys: HashMap::new(),
            is_dynamic: rules.dynamic.is_some(),
            inbox: Arc::default(),
            ear: None,
            alarms: Alarms::default(),
            timer: None,
            pause: None,
            now: Duration::ZERO,
            requests: BTreeMap::new(),
            next_request: 0,
            events: VecDeque::new(),
            actions: Vec::new(),
            random: Random::new(0),
            topic: None,
            culprit: None,
            forgotten: Vec::new(),
            is_ready: false,
            exit: None,
            shuts_down: false,
        })
    }

    /// Adds a child behind all others.
    pub(super) fn add(&mut self, rules: Arc<ChildRules>, cradle: Box<dyn Cradle<S>>) -> Result<Key, SpecError> {
        let key = self.policy.add(Arc::clone(&rules))?;
        self.desks.push(key, Desk::new(Arc::new(Part { rules, cradle })));
        Ok(key)
    }

    // --- the supervisor's life ---------------------------------------------------------------------------------------

    /// Starts all children, in their order.
    ///
    /// # Errors
    ///
    /// What one of them couldn't start for; none is left then.
    pub(super) async fn open(&mut self, ctx: &ActorContext<S>) -> Result<(), ActorError> {
        // Each child that is killed has its deadline, and the supervisor ends after the last one, also if it is killed now.
        ctx.wait_for_others();
        // Another one for each supervisor, each run and each process: those who fail together mustn't come back together.
        self.random = Random::new(ctx.id().get() ^ u64::from(ctx.uptime().subsec_nanos()).rotate_left(32));
        self.topic = ctx.broker().topic(SupervisionEvent::TOPIC).ok();
        self.hear(ctx, Event::Begin);
        while !self.is_ready && self.exit.is_none() {
            self.wait(ctx).await;
        }
        if let Some(exit) = self.exit.take() {
            return Err(self.why_not_opened(&exit));
        }
        self.inbox.signal();
        self.pause = None;
        self.forgotten = Vec::new();
        // What came behind the last start came without a signal.
        self.look(ctx);
        Ok(())
    }

    fn why_not_opened(&self, exit: &Exit) -> ActorError {
        match exit {
            Exit::StartFailed(key, reason) | Exit::GaveUp(key, reason) | Exit::Escalated(key, reason) => {
                let forgotten = self.forgotten.iter().find(|(other, _)| other == key).map(|(_, id)| id);
                let id = self.desks.get(*key).map(|desk| &desk.part.rules.id).or(forgotten).map_or("", |id| id);
                ActorError::new(format_args!("its child `{id}` did not start: {}", reason.as_cause_of_no_start()))
            }
            Exit::Shutdown | Exit::AutoShutdown => ActorError::new("it ended before all of its children had started"),
        }
    }

    /// Stops all children, the last one first, and waits for their ends. The start may have been dropped in the middle.
    pub(super) async fn close(&mut self, ctx: &ActorContext<S>, reason: &StopReason) {
        self.timer = None;
        self.shuts_down = matches!(reason, StopReason::SystemShutdown);
        if matches!(reason, StopReason::Killed | StopReason::Linked(_)) {
            self.kill_all();
        }
        self.hear(ctx, Event::Shutdown);
        while self.exit.is_none() {
            self.wait(ctx).await;
        }
    }

    /// Kills all children, for good.
    fn kill_all(&self) {
        self.desks.range(Key::FIRST, None).filter_map(|(_, desk)| desk.actor.as_ref()).for_each(Strong::kill_for_good);
    }

    /// Waits for a report or an alarm, and sees to it.
    async fn wait(&mut self, ctx: &ActorContext<S>) {
        // One that ends earlier is as good: then this is left, and comes again.
        if let Some(due) = self.alarms.first().filter(|due| self.pause.as_ref().is_none_or(|(until, _)| due < until)) {
            self.pause = Some((due, Box::pin(ctx.sleep(due.saturating_sub(ctx.uptime())))));
        }
        let (inbox, pause) = (&self.inbox, &mut self.pause);
        let report = poll_fn(|context| match (inbox.poll(context), pause.as_mut()) {
            (Poll::Ready(report), _) => Poll::Ready(Some(report)),
            (Poll::Pending, Some((_, sleep))) => sleep.as_mut().poll(context).map(|()| None),
            (Poll::Pending, None) => Poll::Pending,
        });
        match report.await {
            Some((key, report)) => self.take_report(ctx, key, report),
            None => {
                self.pause = None;
                self.ring(ctx);
            }
        }
    }

    // --- what comes in -----------------------------------------------------------------------------------------------

    /// Sees to all reports that wait.
    pub(super) fn look(&mut self, ctx: &ActorContext<S>) {
        while let Some((key, report)) = self.inbox.take() {
            self.take_report(ctx, key, report);
        }
        self.set_timer(ctx);
        self.leave(ctx);
    }

    fn take_report(&mut self, ctx: &ActorContext<S>, key: Key, report: Report) {
        let Some(desk) = self.desks.get_mut(key) else { return };
        let event = match report {
            Report::Up => Event::Up(key),
            Report::Down(Down { reason: StopReason::StartFailed(error), .. }) if error.source().is::<Ignore>() => {
                desk.is_ignored = true;
                if let Some(actor) = &desk.actor {
                    actor.say(Word::End(None));
                }
                return;
            }
            Report::Down(Down { reason, escalates: true, .. }) => Event::Escalated { child: key, reason },
            Report::Down(Down { reason, has_worked, .. }) => {
                Event::Down { child: key, reason, had_success: has_worked }
            }
            Report::Ended(reason) => {
                if let Some(actor) = desk.actor.take().filter(|_| self.is_dynamic) {
                    self.keys.remove(&actor.id());
                }
                let is_ignored = match &reason {
                    StopReason::StartFailed(error) => error.source().is::<Ignore>(),
                    _ => false,
                };
                if std::mem::take(&mut desk.is_ignored) || is_ignored {
                    Event::Ignored(key)
                } else if matches!(reason, StopReason::Failed(_)) {
                    // It would be down, and ask, if it hadn't said that this is the end.
                    Event::Resigned { child: key, reason }
                } else {
                    Event::Ended { child: key, reason }
                }
            }
        };
        self.hear(ctx, event);
    }

    /// Raises the alarms whose time is over.
    pub(super) fn ring(&mut self, ctx: &ActorContext<S>) {
        let now = ctx.uptime();
        while let Some(alarm) = self.alarms.take(now) {
            self.hear(ctx, Event::Alarm(alarm));
        }
    }

    /// The same, by the timer.
    pub(super) fn ring_by_timer(&mut self, ctx: &ActorContext<S>) {
        self.timer = None;
        self.ring(ctx);
        self.set_timer(ctx);
        self.leave(ctx);
    }

    /// Somebody asks for what is to be done with a child.
    pub(super) fn ask(
        &mut self,
        ctx: &ActorContext<S>,
        key: Key,
        answer: Answer,
        event: impl FnOnce(Key, Request) -> Event,
    ) {
        let request = self.next_request;
        self.next_request += 1;
        self.requests.insert(request, (key, answer));
        self.hear(ctx, event(key, Request(request)));
        self.set_timer(ctx);
        self.leave(ctx);
    }

    // --- what is done ------------------------------------------------------------------------------------------------

    /// Has the policy hear an event, and does what it says, and what follows from that.
    fn hear(&mut self, ctx: &ActorContext<S>, event: Event) {
        self.now = ctx.uptime();
        let mut actions = std::mem::take(&mut self.actions);
        let mut next = Some(event);
        while let Some(event) = next {
            self.policy.on(self.now, event, self.random.next(), &mut actions);
            for action in actions.drain(..) {
                self.perform(ctx, action);
            }
            next = if self.events.is_empty() { None } else { self.events.pop_front() };
        }
        self.actions = actions;
    }

    fn perform(&mut self, ctx: &ActorContext<S>, action: Action) {
        match action {
            Action::Start(key) => self.start(ctx, key),
            Action::Restart(key) => self.tell(key, |actor| actor.say(Word::Renew)),
            Action::End(key) => {
                let sentence = self.desks.get_mut(key).and_then(|desk| desk.sentence.take());
                self.tell(key, |actor| actor.say(Word::End(sentence)));
            }
            Action::Recall(key) => self.tell(key, Strong::recall),
            Action::Stop(key) => self.stop(key),
            Action::Cut(key) => self.tell(key, Strong::cut),
            Action::Arm(alarm, after) => self.alarms.arm(self.now.saturating_add(after), alarm),
            Action::Disarm(alarm) => self.alarms.disarm(alarm),
            Action::Answer(Request(request), outcome) => self.answer(request, outcome),
            Action::Report(key, incident) => self.report(ctx, key, incident),
            Action::Ready => self.is_ready = true,
            Action::Forget(key) => self.forget(key),
            Action::Exit(exit) => self.exit = Some(exit),
        }
    }

    fn stop(&self, key: Key) {
        self.tell(key, |actor| {
            actor.dismiss();
            if self.shuts_down { actor.stop_for_shutdown() } else { actor.stop() }
        });
        // They mostly go one after the other, the last one first.
        if let Some(before) = key.before() {
            self.tell(before, Strong::fetch);
        }
    }

    fn forget(&mut self, key: Key) {
        if let Some(desk) = self.desks.remove(key)
            && !self.is_ready
        {
            self.forgotten.push((key, Arc::clone(&desk.part.rules.id)));
        }
    }

    fn tell(&self, key: Key, say: impl FnOnce(&Strong)) {
        if let Some(actor) = self.desks.get(key).and_then(|desk| desk.actor.as_ref()) {
            say(actor);
        }
    }

    fn start(&mut self, ctx: &ActorContext<S>, key: Key) {
        let Some(desk) = self.desks.get_mut(key) else { return };
        let inbox = &self.inbox;
        let ear =
            self.ear.get_or_insert_with(|| Arc::new(Ear { inbox: Arc::clone(inbox), supervisor: ctx.weak_ref() }));
        let (system, ChildRules { restart, health_check, .. }) = (&ctx.system(), &*desk.part.rules);
        let (restart, health_check) = (*restart, *health_check);
        match desk.part.cradle.spawn(&Nurse { system, supervisor: ctx.id(), ear, child: key, restart, health_check }) {
            Ok(actor) => {
                if self.is_dynamic {
                    self.keys.insert(actor.id(), key);
                }
                desk.info = Some(actor.info());
                desk.actor = Some(actor);
            }
            Err(error) => {
                // Whoever was here before has nothing to do with it.
                desk.info = None;
                let reason = StopReason::StartFailed(error.into());
                self.events.push_back(Event::Ended { child: key, reason });
            }
        }
    }

    fn answer(&mut self, request: u64, outcome: Result<(), Refusal>) {
        let Some((key, answer)) = self.requests.remove(&request) else { return };
        let desk = self.desks.get(key);
        answer.give(match outcome {
            Ok(()) => Ok(desk.and_then(|desk| desk.actor.clone())),
            Err(refusal) => Err(ChildError::refused(refusal, desk.map_or("", |desk| &desk.part.rules.id))),
        });
    }

    fn report(&mut self, ctx: &ActorContext<S>, key: Key, incident: Incident) {
        let Some(desk) = self.desks.get_mut(key) else { return };
        match &incident {
            Incident::Quarantined(reason) => {
                desk.sentence = Some(StopReason::Quarantined(Box::new(reason.clone())));
            }
            Incident::BackingOff(_) => {
                if let Some(actor) = &desk.actor {
                    actor.back_off();
                }
            }
            Incident::GaveUp(_) | Incident::Escalated(_) => self.culprit.clone_from(&desk.info),
            _ => {}
        }
        if let Some(topic) = self.topic.as_ref().filter(|topic| topic.has_subscribers()) {
            let (supervisor, id, child) = (ctx.actor_ref().info(), Arc::clone(&desk.part.rules.id), desk.info.clone());
            // Placed where there is room: nobody is waited for.
            drop(topic.publish(SupervisionEvent { supervisor, id, child, incident }));
        }
    }

    /// Ends the supervisor, if there is a reason.
    fn leave(&mut self, ctx: &ActorContext<S>) {
        let (child, cause) = match &self.exit {
            None => return,
            Some(Exit::Shutdown | Exit::AutoShutdown) => return ctx.end(StopReason::Stopped),
            Some(Exit::GaveUp(_, reason) | Exit::StartFailed(_, reason) | Exit::Escalated(_, reason)) => {
                let culprit = self.culprit.take().unwrap_or_else(ActorInfo::unknown);
                (Box::new(culprit), Box::new(reason.clone()))
            }
        };
        ctx.end(match &self.exit {
            Some(Exit::Escalated(..)) => StopReason::Escalated { child, cause },
            _ => StopReason::GaveUp { child, cause },
        });
    }

    /// Sets the timer for the first alarm.
    fn set_timer(&mut self, ctx: &ActorContext<S>) {
        let due = self.alarms.first();
        if self.timer.as_ref().map(|(set, _)| *set) == due {
            return;
        }
        if let Some((_, timer)) = self.timer.take() {
            timer.cancel();
        }
        if let Some(due) = due {
            self.timer = Some((due, ctx.notify_after(due.saturating_sub(ctx.uptime()), Ring)));
        }
    }

    // --- what is asked -----------------------------------------------------------------------------------------------

    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The rules of a child, and who it is.
    pub(super) fn child(&self, key: Key) -> Option<(&ChildRules, Option<&Strong>)> {
        self.desks.get(key).map(|desk| (&*desk.part.rules, desk.actor.as_ref()))
    }

    /// The child that is this actor, while it is.
    pub(super) fn key_of(&self, actor: ActorId) -> Option<Key> {
        self.keys.get(&actor).copied()
    }

    pub(super) fn count(&self) -> ChildCount {
        let count = self.policy.count_children();
        ChildCount { specs: count.specs, active: count.active, supervisors: count.supervisors, workers: count.workers }
    }

    /// Whether it has begun to end.
    pub(super) fn is_leaving(&self) -> bool {
        self.policy.is_leaving()
    }
}

impl<S: Chief> Drop for Office<S> {
    /// No child outlives its supervisor: whoever is left, because the supervisor was dropped before it came to stop them, is
    /// killed.
    fn drop(&mut self) {
        self.inbox.close();
        self.kill_all();
    }
}
