//! The message broker: topics and patterns, subscriptions and their ends, what happens without room, retained events.

mod discovery;
mod ends;
mod life;
mod overflow;
mod publish;
mod retained;
pub(super) mod stress;
mod topics;
mod user_code;

use corecast::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Mailbox, Message};

use crate::support::{Held, Hold, wait};

/// An event with a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tick(pub(super) u64);

impl Message for Tick {
    type Result = ();
}

/// An event of another type.
#[derive(Clone, Debug)]
pub(super) struct Tock;

impl Message for Tock {
    type Result = ();
}

/// Notes each tick, with how many were missed before it.
#[derive(Default)]
pub(super) struct Listener(Vec<(u64, u64)>);

impl Actor for Listener {}

impl Handler<Tick> for Listener {
    async fn handle(&mut self, tick: Tick, ctx: &mut ActorContext<Self>) {
        self.0.push((tick.0, ctx.missed()));
    }
}

impl Handler<Tock> for Listener {
    async fn handle(&mut self, _: Tock, ctx: &mut ActorContext<Self>) {
        self.0.push((u64::MAX, ctx.missed()));
    }
}

/// Asks for what was noted.
struct Heard;

impl Message for Heard {
    type Result = Vec<(u64, u64)>;
}

impl Handler<Heard> for Listener {
    async fn handle(&mut self, _: Heard, ctx: &mut ActorContext<Self>) -> Vec<(u64, u64)> {
        assert_eq!(ctx.missed(), 0, "not an event");
        self.0.clone()
    }
}

impl Handler<Hold> for Listener {
    async fn handle(&mut self, hold: Hold, _ctx: &mut ActorContext<Self>) {
        hold.stay().await;
    }
}

pub(super) fn listener(system: &ActorSystem) -> ActorRef<Listener> {
    wait(system.spawn(Listener::default())).unwrap()
}

/// A listener whose mailbox has room for one message.
pub(super) fn narrow(system: &ActorSystem) -> ActorRef<Listener> {
    wait(system.spawn(Listener::default()).mailbox(Mailbox::bounded(1))).unwrap()
}

/// Holds a listener in a handler.
pub(super) fn hold(actor: &ActorRef<Listener>) -> Held {
    let (hold, held) = Hold::new();
    wait(actor.tell(hold)).unwrap();
    held.entered();
    held
}

/// The ticks that an actor has heard, with what it missed before each.
pub(super) fn heard_with_gaps(actor: &ActorRef<Listener>) -> Vec<(u64, u64)> {
    wait(actor.send(Heard)).unwrap()
}

/// The ticks that an actor has heard.
pub(super) fn heard(actor: &ActorRef<Listener>) -> Vec<u64> {
    heard_with_gaps(actor).into_iter().map(|(tick, _)| tick).collect()
}
