//! An actor that takes everything, and what it takes.

use std::hint::black_box;

use corecast::{Actor, ActorContext, ActorRef, Handler, Message};
use futures::channel::oneshot;

/// Takes everything.
pub(crate) struct Sink;

impl Actor for Sink {}

/// A message of `N` bytes.
pub(crate) struct Bytes<const N: usize>(pub(crate) [u8; N]);

impl<const N: usize> Message for Bytes<N> {
    type Result = ();
}

impl<const N: usize> Handler<Bytes<N>> for Sink {
    async fn handle(&mut self, bytes: Bytes<N>, _ctx: &mut ActorContext<Self>) {
        black_box(bytes.0);
    }
}

/// A request of `N` bytes, with a reply of `N` bytes.
pub(crate) struct Ask<const N: usize>(pub(crate) [u8; N]);

impl<const N: usize> Message for Ask<N> {
    type Result = [u8; N];
}

impl<const N: usize> Handler<Ask<N>> for Sink {
    async fn handle(&mut self, ask: Ask<N>, _ctx: &mut ActorContext<Self>) -> [u8; N] {
        black_box(ask.0)
    }
}

/// A request whose handler suspends once.
pub(crate) struct Nap(pub(crate) u64);

impl Message for Nap {
    type Result = u64;
}

impl Handler<Nap> for Sink {
    async fn handle(&mut self, nap: Nap, ctx: &mut ActorContext<Self>) -> u64 {
        ctx.yield_now().await;
        nap.0
    }
}

/// An event.
#[derive(Clone)]
pub(crate) struct Event(pub(crate) [u8; 16]);

impl Message for Event {
    type Result = ();
}

impl Handler<Event> for Sink {
    async fn handle(&mut self, event: Event, _ctx: &mut ActorContext<Self>) {
        black_box(event.0);
    }
}

/// Keeps the handler suspended, so that the mailbox fills.
struct Pause(oneshot::Receiver<()>);

impl Message for Pause {
    type Result = ();
}

impl Handler<Pause> for Sink {
    async fn handle(&mut self, pause: Pause, _ctx: &mut ActorContext<Self>) {
        let _ = pause.0.await;
    }
}

/// Answered when all before it has been handled.
pub(crate) struct Flush;

impl Message for Flush {
    type Result = ();
}

impl Handler<Flush> for Sink {
    async fn handle(&mut self, _: Flush, _ctx: &mut ActorContext<Self>) {}
}

/// Fills the sink's mailbox to the brim once, and one waits: no later operation needs more memory. All of it is handled
/// when this returns, so that there is room.
pub(crate) async fn brim<const N: usize>(sink: &ActorRef<Sink>, capacity: usize) {
    let (open, opened) = oneshot::channel();
    sink.tell(Pause(opened)).await.expect("told");
    for _ in 0..capacity {
        sink.tell(Bytes([0; N])).await.expect("told");
    }
    let waiting = sink.tell(Bytes([0; N]));
    let _ = open.send(());
    waiting.await.expect("told");
    sink.send(Flush).await.expect("answered");
}
