//! The register: what is known of each actor over all its runs, and what its supervisor says of it.
//!
//! An actor that is restarted is the same one, with the same number: it keeps its mailbox and its subscriptions. So the order of
//! its messages holds over its restarts, and it has one record. Held against one another are
//!
//! | what | with what |
//! |---|---|
//! | starts that succeeded | runs of `post_stop`: one for each, and no more than one more start than that |
//! | what its supervisor says by [`SupervisionEvent`]s | the starts and the ends that it had: see [`Record::hear`] |
//! | restarts in a snapshot | the starts before |
//! | failures that the observer hears of | the panics and the failures that its runs ended by |
//! | the end of a supervisor | the children that live: none |
//! | ends that watchers hear of | one for each that is watched, and nothing of its actor comes after that |
//!
//! [`SupervisionEvent`]: corecast::SupervisionEvent

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use corecast::{ActorId, ActorInfo, Incident, StopReason, SupervisionEvent, SystemSnapshot};

use crate::growth::Level;
use crate::ledger::{Kind, Ledger};
use crate::lock::lock;
use crate::worker::Worker;

/// The register of an episode.
pub(crate) struct Register {
    ledger: Ledger,
    records: Mutex<HashMap<ActorId, Arc<Record>>>,
    /// What grew below each supervisor that isn't a root, and hasn't ended since.
    levels: Mutex<HashMap<ActorId, Vec<Arc<Level>>>>,
    /// Events that supervisors have published.
    events: AtomicU64,
}

/// What is known of an actor.
pub(crate) struct Record {
    ledger: Ledger,
    actor: ActorId,
    /// Whether it has subscribed to news, and to rumours. Once to each, for its whole life: a subscription stays through
    /// restarts, and of two each brings every event, in an order of its own.
    pub(crate) subscribed: [AtomicBool; 2],
    /// Somebody has heard of its end.
    is_over: AtomicBool,
    messages: Mutex<Orders>,
    news: Mutex<Orders>,
    life: Mutex<Life>,
}

/// The order of the last message of each sender.
type Orders = HashMap<u32, u32>;

/// What an actor has done, and what is said of it.
#[derive(Default)]
struct Life {
    /// Where it is a child.
    level: Option<Arc<Level>>,
    starts: usize,
    /// How the runs were over that had started.
    ends: Vec<End>,
    /// How many starts its supervisor has told of.
    ups: usize,
    /// How many failures it has told of since.
    failed: usize,
    said: Said,
    /// How many failures the observer has heard of.
    observed: usize,
}

/// How a run was over, as its `post_stop` was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// By nobody's failure, or its supervisor wanted it so.
    InOrder,
    /// By a failure or a kill.
    Failed,
    /// By a failure that the observer hears of.
    Reported,
}

/// What the supervisor has said last that matters to what it may say next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Said {
    #[default]
    Nothing,
    Quarantined,
    Stopped,
}

impl End {
    fn of(reason: &StopReason) -> Self {
        match reason {
            StopReason::Panicked(_) | StopReason::Failed(_) => Self::Reported,
            StopReason::Restarting => Self::InOrder,
            reason if reason.is_orderly() => Self::InOrder,
            _ => Self::Failed,
        }
    }
}

/// Whether this is one of the swarm's own.
fn is_worker(actor: &ActorInfo) -> bool {
    actor.type_name() == std::any::type_name::<Worker>()
}

impl Register {
    pub(crate) fn new(ledger: &Ledger) -> Self {
        let (records, levels, events) = Default::default();
        Self { ledger: ledger.clone(), records, levels, events }
    }

    /// The record of an actor.
    pub(crate) fn of(&self, actor: ActorId) -> Arc<Record> {
        let mut records = lock(&self.records);
        Arc::clone(records.entry(actor).or_insert_with(|| Arc::new(Record::new(actor, &self.ledger))))
    }

    /// Somebody has heard that an actor has ended for good.
    pub(crate) fn ended(&self, actor: &ActorInfo) {
        if is_worker(actor) {
            self.of(actor.id()).ended();
        }
    }

    /// The observer has heard of an actor's failure.
    pub(crate) fn observed(&self, actor: &ActorInfo) {
        if is_worker(actor) {
            lock(&self.of(actor.id()).life).observed += 1;
        }
    }

    /// Something isn't as it has to be.
    pub(crate) fn breach(&self, what: impl Into<String>) {
        self.ledger.breach(what);
    }

    /// How many events there were so far.
    pub(crate) fn events(&self) -> u64 {
        // ORDERING: Relaxed; a count, which whoever compares it looks at until it fits.
        self.events.load(Ordering::Relaxed)
    }

    /// A supervisor publishes an event: on its own turn, so that what it says of a child comes in the order in which it heard
    /// that, and behind what the child did before.
    pub(crate) fn hear(&self, event: &SupervisionEvent) {
        // ORDERING: Relaxed; as above.
        self.events.fetch_add(1, Ordering::Relaxed);
        let Some(child) = event.child() else { return };
        if !is_worker(child) {
            return self.hear_of_supervisor(child, event.incident());
        }
        let record = self.of(child.id());
        let level = record.hear(event.incident());
        if let Some(level) = level {
            let mut levels = lock(&self.levels);
            let below = levels.entry(event.supervisor().id()).or_default();
            if !below.iter().any(|other| Arc::ptr_eq(other, &level)) {
                below.push(level);
            }
        }
    }

    /// The same of a supervisor below another one. When that hears of its end, none of its children lives: it has waited for
    /// them, also if it was killed while it started.
    fn hear_of_supervisor(&self, child: &ActorInfo, incident: &Incident) {
        let mut levels = lock(&self.levels);
        let Some(below) = levels.get_mut(&child.id()) else { return };
        let former = match incident {
            // The first child of each but a dynamic one is of the swarm, and starts without fail: so its level is there by now.
            Incident::Started | Incident::Restarted => {
                let Some(first) = below.iter().rposition(|level| level.is_first()) else { return };
                below.drain(..first).collect()
            }
            Incident::Failed(_) | Incident::Stopped(_) => std::mem::take(below),
            _ => return,
        };
        drop(levels);
        for live in former.iter().map(|level| level.live()).filter(|live| *live != 0) {
            self.ledger.breach(format!("{live} children live, and their supervisor {child} has ended: {incident}"));
        }
    }

    /// Holds a look at everybody against what was known `before`: see [`starts`](Self::starts).
    pub(crate) fn look(&self, before: &HashMap<ActorId, usize>, snapshot: &SystemSnapshot) {
        for seen in &snapshot.actors {
            let starts = before.get(&seen.actor.id()).copied().unwrap_or(0);
            if starts as u64 > seen.restarts + 1 {
                let Self { ledger, .. } = self;
                ledger.breach(format!("{} has started {starts} times, but restarted {}", seen.actor, seen.restarts));
            }
        }
    }

    /// How often each actor has started so far.
    pub(crate) fn starts(&self) -> HashMap<ActorId, usize> {
        lock(&self.records).iter().map(|(id, record)| (*id, lock(&record.life).starts)).collect()
    }

    /// Holds all records against one another, when everything has ended.
    pub(crate) fn close(&self) -> Restarts {
        let mut restarts = Restarts::default();
        for record in lock(&self.records).values() {
            let life = lock(&record.life);
            record.close(&life);
            restarts.had += life.starts.saturating_sub(1) as u64;
            restarts.told += life.ups as u64;
        }
        restarts
    }
}

/// Sums of an episode.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Restarts {
    /// Starts of actors that had started before.
    pub(crate) had: u64,
    /// Starts that supervisors told of.
    pub(crate) told: u64,
}

impl Record {
    fn new(actor: ActorId, ledger: &Ledger) -> Self {
        let (subscribed, is_over, messages, news, life) = Default::default();
        Self { ledger: ledger.clone(), actor, subscribed, is_over, messages, news, life }
    }

    fn breach(&self, what: impl std::fmt::Display) {
        self.ledger.breach(format!("actor {}: {what}", self.actor));
    }

    fn is_over(&self) -> bool {
        // ORDERING: Relaxed; that its end was heard of while it went on would be the mistake, not when that is seen.
        self.is_over.load(Ordering::Relaxed)
    }

    /// Somebody has heard that it has ended for good.
    pub(crate) fn ended(&self) {
        // ORDERING: Relaxed; as above.
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// A message begins to be handled, that of this order of its sender's. Returns the order of the one before if that should
    /// have come later.
    ///
    /// What one sender sends comes in the order of its calls, as far as it comes. Messages of timers pass ahead; events are
    /// in order among themselves, but those that were retained come behind newer ones of other topics.
    pub(crate) fn admit(&self, kind: Kind, sender: u32, order: u32) -> Option<u32> {
        if self.is_over() {
            self.breach(format!("it handles a message of {sender}, and its end was heard of"));
        }
        let orders = match kind {
            Kind::Heard | Kind::Nested => &self.messages,
            Kind::News => &self.news,
            Kind::Timer | Kind::Rumour => return None,
        };
        lock(orders).insert(sender, order).filter(|before| *before >= order)
    }

    /// It begins to start: as a child, if it is one.
    pub(crate) fn starts(&self, level: Option<&Arc<Level>>) {
        if self.is_over() {
            self.breach("it starts, and its end was heard of");
        }
        lock(&self.life).level = level.cloned();
    }

    /// It has started.
    pub(crate) fn has_started(&self) {
        let mut life = lock(&self.life);
        if life.starts > life.ends.len() {
            self.breach("it starts twice, and hasn't ended between");
        }
        life.starts += 1;
        if life.starts > 1 && life.level.is_none() {
            self.breach("it starts twice, and nobody supervises it");
        }
    }

    /// Its run is over that had started.
    pub(crate) fn stops(&self, reason: &StopReason) {
        let mut life = lock(&self.life);
        if life.ends.len() >= life.starts {
            self.breach("it stops, and hasn't started");
        }
        life.ends.push(End::of(reason));
    }

    /// Its supervisor says what happened to it. Returns where it is a child if that says that it is up.
    ///
    /// Each start that a supervisor tells of was one. It doesn't tell of one that succeeds while the child is on its way down
    /// or out: where children are restarted one by one that is the last one of an actor at most, and before each restart that
    /// follows a failure it tells of that. After an actor's end it says no more of it.
    fn hear(&self, incident: &Incident) -> Option<Arc<Level>> {
        let mut life = lock(&self.life);
        let is_alone = life.level.as_ref().is_some_and(|level| level.is_alone());
        match life.said {
            Said::Stopped => self.breach(format!("its supervisor says of it, after its end, that it {incident}")),
            Said::Quarantined if !matches!(incident, Incident::Stopped(_)) => {
                self.breach(format!("its supervisor says of it in quarantine that it {incident}"));
            }
            Said::Quarantined | Said::Nothing => {}
        }
        match incident {
            Incident::Started | Incident::Restarted => {
                if matches!(incident, Incident::Started) && life.ups > 0 {
                    self.breach("it has started for the first time, once more");
                }
                life.ups += 1;
                let Life { ups, failed, starts, .. } = *life;
                if ups > starts {
                    self.breach(format!("its supervisor told of {ups} starts, and it had {starts}"));
                }
                if is_alone && ups > 1 {
                    let before = life.ends.get(ups - 2);
                    if before.is_none() {
                        self.breach("it is up again, and the run before isn't over");
                    } else if before != Some(&End::InOrder) && failed == 0 {
                        self.breach("it is up again, and its supervisor didn't say that it had failed");
                    }
                }
                life.failed = 0;
                return life.level.clone();
            }
            Incident::Failed(_) => life.failed += 1,
            Incident::Quarantined(_) => life.said = Said::Quarantined,
            Incident::Stopped(_) => {
                life.said = Said::Stopped;
                let Life { ups, starts, .. } = *life;
                if is_alone && starts > ups + 1 {
                    self.breach(format!("it had {starts} starts, and its supervisor told of {ups}"));
                }
                drop(life);
                self.ended();
            }
            _ => {}
        }
        None
    }

    fn close(&self, life: &Life) {
        if life.starts != life.ends.len() {
            self.breach(format!("it has started {} times, and stopped {}", life.starts, life.ends.len()));
        }
        let reported = life.ends.iter().filter(|end| **end == End::Reported).count();
        if life.observed < reported {
            self.breach(format!("{reported} of its runs failed, and the observer heard of {}", life.observed));
        }
    }
}
