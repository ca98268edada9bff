//! An actor that does what it is told, and keeps what it is told to note.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use corecast::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Mailbox, Message};
use futures::future::BoxFuture;

/// What was noted, and when, by the clock of the simulation.
pub(crate) type Notes = Arc<Mutex<Vec<(u64, Duration)>>>;

/// The actor.
pub(crate) struct Doer(pub(crate) Notes);
impl Actor for Doer {}

/// A doer, and its notes.
pub(crate) fn doer(system: &ActorSystem, mailbox: Mailbox) -> (ActorRef<Doer>, Notes) {
    let notes = Notes::default();
    let actor = system.spawn(Doer(Arc::clone(&notes))).mailbox(mailbox).start();
    (actor.expect("the system runs"), notes)
}

/// Takes all notes.
pub(crate) fn take(notes: &Notes) -> Vec<(u64, Duration)> {
    std::mem::take(&mut notes.lock().expect("not poisoned"))
}

/// The length of a tick, by which a timer may be late in virtual time.
pub(crate) const TICK: Duration = Duration::from_nanos(1 << 16);

/// Whether `at` is the time of a timer that was due then: not early, and late by less than a tick.
pub(crate) fn is_on_time(at: Duration, due: Duration) -> bool {
    (due..due + TICK).contains(&at)
}

/// A note.
#[derive(Clone, Debug)]
pub(crate) struct Note(pub(crate) u64);
impl Message for Note {
    type Result = ();
}

impl Handler<Note> for Doer {
    async fn handle(&mut self, note: Note, ctx: &mut ActorContext<Self>) {
        self.0.lock().expect("not poisoned").push((note.0, ctx.uptime()));
    }
}

/// Gives its number back.
#[derive(Debug)]
pub(crate) struct Echo(pub(crate) u64);
impl Message for Echo {
    type Result = u64;
}

impl Handler<Echo> for Doer {
    async fn handle(&mut self, echo: Echo, _: &mut ActorContext<Self>) -> u64 {
        echo.0
    }
}

type Closure<R> = Box<dyn for<'a> FnOnce(&'a mut ActorContext<Doer>) -> BoxFuture<'a, R> + Send>;

/// A closure whose future a handler awaits.
pub(crate) struct Do<R>(Closure<R>);

/// Lets a doer await what `closure` returns.
pub(crate) fn later<R>(
    closure: impl for<'a> FnOnce(&'a mut ActorContext<Doer>) -> BoxFuture<'a, R> + Send + 'static,
) -> Do<R> {
    Do(Box::new(closure))
}

/// Lets a doer run `closure`.
pub(crate) fn run<R: Send + 'static>(closure: impl FnOnce(&mut ActorContext<Doer>) -> R + Send + 'static) -> Do<R> {
    later(move |ctx| {
        let done = closure(ctx);
        Box::pin(async move { done })
    })
}

impl<R: Send + 'static> Message for Do<R> {
    type Result = R;
}

impl<R: Send + 'static> Handler<Do<R>> for Doer {
    async fn handle(&mut self, todo: Do<R>, ctx: &mut ActorContext<Self>) -> R {
        (todo.0)(ctx).await
    }
}
