//! Who watches from aside: actors that hear of the ends of others, and one that listens to supervisors. Nobody harms them, so
//! that they hear of everything until the system ends.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use corecast::{
    Actor, ActorContext, ActorId, ActorInfo, ActorRef, ActorSystem, Handler, Mailbox, Message, StopReason, Stopped,
    SupervisionEvent, Supervisor, WeakActorRef,
};

use crate::register::Register;
use crate::worker::Worker;
use crate::world::World;

/// How long, and how many times, it is asked whether somebody has heard of an end that has come.
const PATIENCE: Duration = Duration::from_secs(10);
const TURNS: u32 = 1_000;

/// Those who watch in an episode.
pub(crate) struct Watchers {
    watchers: [ActorRef<Watcher>; 2],
    listener: ActorRef<Listener>,
}

/// Watches whom it is told to.
pub(crate) struct Watcher {
    register: Arc<Register>,
    watched: HashMap<ActorId, Watched>,
}

/// One who is watched.
struct Watched {
    stopped: Stopped,
    has_ended: bool,
    heard: u32,
}

/// Hears what supervisors publish.
pub(crate) struct Listener {
    heard: u64,
}

impl Watchers {
    /// Spawns them, and has the register hear of each event as it is published.
    pub(crate) fn begin(system: &ActorSystem, register: &Arc<Register>) -> Option<Self> {
        let watcher = || {
            let watcher = Watcher { register: Arc::clone(register), watched: HashMap::new() };
            system.spawn(watcher).mailbox(Mailbox::unbounded()).keep_alive().start().ok()
        };
        let watchers = [watcher()?, watcher()?];
        let listener = system.spawn(Listener { heard: 0 }).mailbox(Mailbox::unbounded()).keep_alive().start().ok()?;
        let register = Arc::clone(register);
        let listens = system.broker().subscribe::<SupervisionEvent>(SupervisionEvent::TOPIC, &listener);
        let listens = listens.filter(move |event| {
            register.hear(event);
            true
        });
        listens.start().ok()?;
        Some(Self { watchers, listener })
    }

    /// Has an actor watched by one of them, or by both.
    pub(crate) fn watch(&self, actor: &ActorRef<Worker>, which: u64) {
        for (bit, watcher) in self.watchers.iter().enumerate() {
            if which >> bit & 1 == 1 {
                // None watches in a system that ends.
                let _ = watcher.try_tell(Watch(actor.downgrade()));
            }
        }
    }

    /// The same of a supervisor.
    pub(crate) fn watch_root(&self, root: &ActorRef<Supervisor>) {
        let _ = self.watchers[0].try_tell(Watch(root.downgrade()));
    }

    /// Nobody plays any more, and the system runs: who is watched and has ended was heard of, and so were the events. That comes
    /// a moment later than others hear of it.
    pub(crate) async fn look_after(&self, world: &World) {
        let start = Instant::now();
        for turn in 0.. {
            let mut missing = Vec::new();
            for watcher in &self.watchers {
                missing.extend(watcher.send(Missing).await.unwrap_or_default());
            }
            let events = world.register.events();
            let heard = self.listener.send(Heard).await.unwrap_or(events);
            if missing.is_empty() && heard >= events {
                return;
            }
            if start.elapsed() > PATIENCE || (world.settings.is_simulated() && turn > TURNS) {
                world.ledger.breach(format!("watchers never heard of the ends of {missing:?}"));
                world.ledger.breach(format!("of {events} events of supervisors {heard} were heard"));
                return;
            }
        }
    }
}

/// Watch this one.
struct Watch<A: Actor>(WeakActorRef<A>);

impl<A: Actor> Message for Watch<A> {
    type Result = ();
}

impl<A: Actor> Handler<Watch<A>> for Watcher {
    async fn handle(&mut self, Watch(actor): Watch<A>, ctx: &mut ActorContext<Self>) {
        self.watched.entry(actor.id()).or_insert_with(|| {
            ctx.watch(&actor);
            Watched { stopped: actor.stopped(), has_ended: false, heard: 0 }
        });
    }
}

/// Who has ended, and hasn't been heard of.
struct Missing;

impl Message for Missing {
    type Result = Vec<ActorId>;
}

impl Handler<Missing> for Watcher {
    async fn handle(&mut self, _: Missing, _: &mut ActorContext<Self>) -> Vec<ActorId> {
        let mut context = Context::from_waker(Waker::noop());
        for watched in self.watched.values_mut().filter(|watched| !watched.has_ended) {
            watched.has_ended = Pin::new(&mut watched.stopped).poll(&mut context).is_ready();
        }
        let missing = self.watched.iter().filter(|(_, watched)| watched.has_ended && watched.heard == 0);
        missing.map(|(actor, _)| *actor).collect()
    }
}

impl Actor for Watcher {
    async fn on_terminated(&mut self, who: ActorInfo, reason: StopReason, _: &mut ActorContext<Self>) {
        match self.watched.get_mut(&who.id()) {
            Some(watched) => {
                watched.heard += 1;
                if watched.heard > 1 {
                    self.register.breach(format!("a watcher has heard twice of the end of {who}: {reason}"));
                }
            }
            None => self.register.breach(format!("a watcher has heard of {who}, whom it doesn't watch: {reason}")),
        }
        self.register.ended(&who);
    }
}

impl Actor for Listener {}

impl Handler<SupervisionEvent> for Listener {
    async fn handle(&mut self, _: SupervisionEvent, _: &mut ActorContext<Self>) {
        self.heard += 1;
    }
}

/// How many events have come.
struct Heard;

impl Message for Heard {
    type Result = u64;
}

impl Handler<Heard> for Listener {
    async fn handle(&mut self, _: Heard, _: &mut ActorContext<Self>) -> u64 {
        self.heard
    }
}
