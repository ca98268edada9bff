//! The actor that most tests use: it notes, echoes, panics, holds and runs closures, and tells what befalls it.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};

use corecast::{Actor, ActorContext, ActorError, ActorRef, Handler, Message, StopReason};
use futures::channel::oneshot;
use futures::future::BoxFuture;

use super::{recv, wait};

/// What befell a probe.
#[derive(Debug)]
pub(crate) enum Event {
    Started,
    Noted(u64),
    Stopped(StopReason),
    Dropped,
}

/// The actor.
pub(crate) struct Probe {
    seen: Vec<u64>,
    events: Sender<Event>,
}

/// What befalls a probe, in order.
pub(crate) struct Events(Receiver<Event>);

/// A probe, not yet an actor.
pub(crate) fn probe() -> (Probe, Events) {
    let (events, receiver) = mpsc::channel();
    (Probe { seen: Vec::new(), events }, Events(receiver))
}

impl Probe {
    /// Nobody need listen.
    fn report(&self, event: Event) {
        let _ = self.events.send(event);
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.report(Event::Dropped);
    }
}

impl Actor for Probe {
    async fn pre_start(&mut self, _ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        self.report(Event::Started);
        Ok(())
    }

    async fn post_stop(&mut self, reason: &StopReason, _ctx: &mut ActorContext<Self>) {
        self.report(Event::Stopped(reason.clone()));
    }
}

impl Events {
    /// The next event.
    #[track_caller]
    pub(crate) fn next(&self) -> Event {
        recv(&self.0)
    }

    /// The next event, which is a note.
    #[track_caller]
    pub(crate) fn note(&self) -> u64 {
        match self.next() {
            Event::Noted(number) => number,
            other => panic!("expected a note, got {other:?}"),
        }
    }

    /// All events to come, until the probe is no more, in words.
    #[track_caller]
    pub(crate) fn rest(&self) -> Vec<String> {
        let mut words = Vec::new();
        loop {
            match self.next() {
                Event::Started => words.push("started".to_owned()),
                Event::Noted(number) => words.push(format!("note {number}")),
                Event::Stopped(reason) => words.push(format!("post_stop {}", name_of(&reason))),
                Event::Dropped => {
                    words.push("dropped".to_owned());
                    return words;
                }
            }
        }
    }
}

/// A stop reason in one word, with its text where it has one.
pub(crate) fn name_of(reason: &StopReason) -> String {
    match reason {
        StopReason::Stopped => "Stopped".to_owned(),
        StopReason::Unreachable => "Unreachable".to_owned(),
        StopReason::Killed => "Killed".to_owned(),
        StopReason::SystemShutdown => "SystemShutdown".to_owned(),
        StopReason::Panicked(panic) => format!("Panicked({})", panic.text()),
        StopReason::StartFailed(error) => format!("StartFailed({error})"),
        other => panic!("an unknown reason: {other:?}"),
    }
}

/// Appends its number to what the probe has seen.
#[derive(Clone, Debug)]
pub(crate) struct Note(pub(crate) u64);

impl Message for Note {
    type Result = ();
}

impl Handler<Note> for Probe {
    async fn handle(&mut self, note: Note, _ctx: &mut ActorContext<Self>) {
        self.seen.push(note.0);
        self.report(Event::Noted(note.0));
    }
}

/// Asks for the notes so far.
pub(crate) struct Seen;

impl Message for Seen {
    type Result = Vec<u64>;
}

impl Handler<Seen> for Probe {
    async fn handle(&mut self, _: Seen, _ctx: &mut ActorContext<Self>) -> Vec<u64> {
        self.seen.clone()
    }
}

/// Asks for its number back.
#[derive(Debug)]
pub(crate) struct Echo(pub(crate) u64);

impl Message for Echo {
    type Result = u64;
}

impl Handler<Echo> for Probe {
    async fn handle(&mut self, echo: Echo, _ctx: &mut ActorContext<Self>) -> u64 {
        echo.0
    }
}

/// Panics with its text.
pub(crate) struct Boom(pub(crate) &'static str);

impl Message for Boom {
    type Result = u64;
}

impl Handler<Boom> for Probe {
    async fn handle(&mut self, boom: Boom, _ctx: &mut ActorContext<Self>) -> u64 {
        panic!("{}", boom.0)
    }
}

/// Lives as long as the message does: its count tells whether somebody still has it.
pub(crate) struct Carry(pub(crate) Arc<()>);

impl Message for Carry {
    type Result = ();
}

impl Handler<Carry> for Probe {
    async fn handle(&mut self, carry: Carry, _ctx: &mut ActorContext<Self>) {
        drop(carry.0);
    }
}

/// Suspends its handler until its [`Held`] lets it go.
pub(crate) struct Hold {
    entered: Sender<()>,
    open: oneshot::Receiver<()>,
    then_panic: Option<&'static str>,
}

/// The key of a [`Hold`]. Dropping it lets the handler go as well.
pub(crate) struct Held {
    entered: Receiver<()>,
    open: oneshot::Sender<()>,
}

impl Hold {
    /// A message that holds its handler, and what lets it go.
    pub(crate) fn new() -> (Hold, Held) {
        let (entered, was_entered) = mpsc::channel();
        let (opener, open) = oneshot::channel();
        (Hold { entered, open, then_panic: None }, Held { entered: was_entered, open: opener })
    }

    /// What a handler does with it.
    pub(crate) async fn stay(self) {
        let _ = self.entered.send(());
        let _ = self.open.await;
        if let Some(text) = self.then_panic {
            panic!("{text}");
        }
    }
}

impl Held {
    /// Waits until the handler has begun.
    #[track_caller]
    pub(crate) fn entered(&self) {
        recv(&self.entered);
    }

    /// Lets the handler go on.
    pub(crate) fn open(self) {
        let _ = self.open.send(());
    }
}

impl Message for Hold {
    type Result = ();
}

impl Handler<Hold> for Probe {
    async fn handle(&mut self, hold: Hold, _ctx: &mut ActorContext<Self>) {
        hold.stay().await;
    }
}

/// Holds `actor` in a handler that has begun when this returns.
#[track_caller]
pub(crate) fn hold(actor: &ActorRef<Probe>) -> Held {
    let (hold, held) = Hold::new();
    wait(actor.tell(hold)).expect("accepted");
    held.entered();
    held
}

/// The same, and the handler panics when it is let go.
#[track_caller]
pub(crate) fn hold_then_panic(actor: &ActorRef<Probe>, text: &'static str) -> Held {
    let (mut hold, held) = Hold::new();
    hold.then_panic = Some(text);
    wait(actor.tell(hold)).expect("accepted");
    held.entered();
    held
}

type Closure<R> = Box<dyn FnOnce(&mut ActorContext<Probe>) -> R + Send>;

/// A closure to run as a handler.
pub(crate) struct Run<R>(Closure<R>);

/// Lets a probe's handler run `closure`.
pub(crate) fn run<R>(closure: impl FnOnce(&mut ActorContext<Probe>) -> R + Send + 'static) -> Run<R> {
    Run(Box::new(closure))
}

impl<R: Send + 'static> Message for Run<R> {
    type Result = R;
}

impl<R: Send + 'static> Handler<Run<R>> for Probe {
    async fn handle(&mut self, run: Run<R>, ctx: &mut ActorContext<Self>) -> R {
        (run.0)(ctx)
    }
}

type AsyncClosure<R> = Box<dyn for<'a> FnOnce(&'a mut ActorContext<Probe>) -> BoxFuture<'a, R> + Send>;

/// A closure whose future a handler awaits.
pub(crate) struct Later<R>(AsyncClosure<R>);

/// Lets a probe's handler await what `closure` returns.
pub(crate) fn later<R>(
    closure: impl for<'a> FnOnce(&'a mut ActorContext<Probe>) -> BoxFuture<'a, R> + Send + 'static,
) -> Later<R> {
    Later(Box::new(closure))
}

impl<R: Send + 'static> Message for Later<R> {
    type Result = R;
}

impl<R: Send + 'static> Handler<Later<R>> for Probe {
    async fn handle(&mut self, later: Later<R>, ctx: &mut ActorContext<Self>) -> R {
        (later.0)(ctx).await
    }
}
