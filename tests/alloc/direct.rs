//! From one to one: what is done over and over, by whom.

use std::hint::black_box;
use std::time::Duration;

use corecast::{Actor, ActorContext, ActorRef, Handler, Message};

use crate::counting::allocations;
use crate::sink::{Ask, Bytes, Flush, Nap, Sink, brim};

/// How much is done.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    pub(crate) capacity: usize,
    pub(crate) warm_up: u64,
    pub(crate) operations: u64,
}

/// What is done over and over.
pub(crate) trait Load: Copy + Send + 'static {
    /// Operations that are done at once.
    const BATCH: u64 = 1;

    fn once(self, sink: &ActorRef<Sink>) -> impl Future<Output = ()> + Send;
    fn once_blocking(self, sink: &ActorRef<Sink>);
}

#[derive(Clone, Copy)]
pub(crate) struct Tells<const N: usize>;

impl<const N: usize> Load for Tells<N> {
    async fn once(self, sink: &ActorRef<Sink>) {
        sink.tell(Bytes([1; N])).await.expect("told");
    }

    fn once_blocking(self, sink: &ActorRef<Sink>) {
        sink.blocking_tell(Bytes([1; N])).expect("told");
    }
}

/// As many as surely have room, and then a request behind them.
#[derive(Clone, Copy)]
pub(crate) struct Enqueues;

impl Load for Enqueues {
    const BATCH: u64 = 64;

    async fn once(self, sink: &ActorRef<Sink>) {
        (1..Self::BATCH).for_each(|_| sink.try_tell(Bytes([1; 8])).expect("room"));
        sink.send(Flush).await.expect("answered");
    }

    fn once_blocking(self, sink: &ActorRef<Sink>) {
        (1..Self::BATCH).for_each(|_| sink.try_tell(Bytes([1; 8])).expect("room"));
        sink.blocking_send(Flush).expect("answered");
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Sends<const N: usize>;

impl<const N: usize> Load for Sends<N> {
    async fn once(self, sink: &ActorRef<Sink>) {
        black_box(sink.send(Ask([1; N])).await.expect("answered"));
    }

    fn once_blocking(self, sink: &ActorRef<Sink>) {
        black_box(sink.blocking_send(Ask([1; N])).expect("answered"));
    }
}

/// Sends with a limit that isn't reached. From a thread outside, on an executor of others, a worker keeps the time.
#[derive(Clone, Copy)]
pub(crate) struct Limits(pub(crate) Duration);

impl Load for Limits {
    async fn once(self, sink: &ActorRef<Sink>) {
        black_box(sink.send(Nap(1)).timeout(self.0).await.expect("answered in time"));
    }

    fn once_blocking(self, sink: &ActorRef<Sink>) {
        // Not pollster, which allocates for each call.
        black_box(futures::executor::block_on(sink.send(Nap(1)).timeout(self.0)).expect("answered in time"));
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Naps;

impl Load for Naps {
    async fn once(self, sink: &ActorRef<Sink>) {
        black_box(sink.send(Nap(1)).await.expect("answered"));
    }

    fn once_blocking(self, sink: &ActorRef<Sink>) {
        black_box(sink.blocking_send(Nap(1)).expect("answered"));
    }
}

/// Does it from inside a handler.
pub(crate) struct Driver;

impl Actor for Driver {}

/// Lets the driver do `load`, and asks how many allocations there were.
pub(crate) struct Drive<L, const N: usize> {
    pub(crate) load: L,
    pub(crate) sink: ActorRef<Sink>,
    pub(crate) extent: Extent,
}

impl<L: Load, const N: usize> Message for Drive<L, N> {
    type Result = u64;
}

impl<L: Load, const N: usize> Handler<Drive<L, N>> for Driver {
    async fn handle(&mut self, drive: Drive<L, N>, _ctx: &mut ActorContext<Self>) -> u64 {
        let Drive { load, sink, extent } = drive;
        brim::<N>(&sink, extent.capacity).await;
        for _ in 0..extent.warm_up / L::BATCH {
            load.once(&sink).await;
        }
        // Again, now that freed memory has come to rest with other threads.
        brim::<N>(&sink, extent.capacity).await;
        let before = allocations();
        for _ in 0..extent.operations / L::BATCH {
            load.once(&sink).await;
        }
        sink.send(Flush).await.expect("answered");
        allocations() - before
    }
}

/// Does it from a thread that is no worker.
pub(crate) fn drive_from_outside<L: Load, const N: usize>(load: L, sink: &ActorRef<Sink>, extent: Extent) -> u64 {
    pollster::block_on(brim::<N>(sink, extent.capacity));
    for _ in 0..extent.warm_up / L::BATCH {
        load.once_blocking(sink);
    }
    pollster::block_on(brim::<N>(sink, extent.capacity));
    let before = allocations();
    for _ in 0..extent.operations / L::BATCH {
        load.once_blocking(sink);
    }
    sink.blocking_send(Flush).expect("answered");
    allocations() - before
}
