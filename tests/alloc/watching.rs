//! Who is watched, or has a name: what it costs to be, to watch and not to any more, and to look a name up.

use corecast::{Actor, ActorContext, ActorInfo, ActorRef, ActorSystem, Handler, Message, StopReason};

use crate::counting::{allocations, blocks};
use crate::direct::Extent;
use crate::sink::Sink;

/// Rounds of watches that are withdrawn.
const ROUNDS: usize = 10_000;

/// Watches, is linked, and lives on.
pub(crate) struct Guard;

impl Actor for Guard {
    async fn on_terminated(&mut self, _: ActorInfo, _: StopReason, _ctx: &mut ActorContext<Self>) {}
}

/// Watch it, and link to it.
pub(crate) struct Mind(pub(crate) ActorRef<Sink>);

impl Message for Mind {
    type Result = ();
}

impl Handler<Mind> for Guard {
    async fn handle(&mut self, Mind(sink): Mind, ctx: &mut ActorContext<Self>) {
        ctx.trap_links(true);
        ctx.watch(&sink);
        ctx.link(&sink);
    }
}

/// Watch it and don't, so many times; asks how many blocks are left.
struct NeverMind(ActorRef<Sink>);

impl Message for NeverMind {
    type Result = u64;
}

impl Handler<NeverMind> for Guard {
    async fn handle(&mut self, NeverMind(sink): NeverMind, ctx: &mut ActorContext<Self>) -> u64 {
        let mut before = 0;
        for round in 0..=ROUNDS {
            ctx.watch(&sink);
            ctx.link(&sink);
            ctx.unwatch(&sink);
            ctx.unlink(&sink);
            // The first round makes what an actor has from its first watch on.
            if round == 0 {
                before = blocks();
            }
        }
        blocks() - before
    }
}

/// How many blocks are left of watches and links that were withdrawn.
pub(crate) fn left_of_watches(system: &ActorSystem, sink: &ActorRef<Sink>) -> u64 {
    let guard = system.spawn(Guard).on_worker(0).start().expect("a guard starts");
    guard.blocking_send(NeverMind(sink.clone())).expect("answered")
}

/// A name that is found again and again.
pub(crate) fn of_names(system: &ActorSystem, extent: Extent) -> u64 {
    let sink = system.spawn(Sink).name("found").start().expect("a sink starts");
    let find = |operations: u64| {
        for _ in 0..operations {
            assert_eq!(system.find::<Sink>("found").as_ref(), Ok(&sink));
        }
    };
    find(extent.warm_up);
    let before = allocations();
    find(extent.operations);
    allocations() - before
}
