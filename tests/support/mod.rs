//! What the behaviour files share: an actor that does what it is told, waiting with a limit, an observer
//! that keeps what it hears, a ledger, threads by name.

mod ledger;
mod observer;
mod probe;
mod random;
mod threads;
mod waiting;

pub(crate) use ledger::{Fate, Ledger, Parcel};
pub(crate) use observer::{Quiet, Recorder, Records, close};
pub(crate) use probe::{
    Boom, Carry, Echo, Event, Events, Held, Hold, Note, Probe, Seen, hold, hold_then_panic, later, name_of, probe, run,
};
pub(crate) use random::{Random, rounds, seed};
pub(crate) use threads::threads_of;
pub(crate) use waiting::{CountWakes, LIMIT, eventually, poll_once, recv, wait, within};

use corecast::{ActorRef, ActorSystem, Mailbox};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A name that no other system of this process has, short enough to lead a thread's name on Linux.
pub(crate) fn unique_name() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    // ORDERING: Relaxed; only the numbers must differ.
    format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A system with `workers` workers that reports nothing.
pub(crate) fn system(workers: usize) -> ActorSystem {
    ActorSystem::builder().workers(workers).name(unique_name()).observer(Quiet).build().expect("a system starts")
}

/// A system with `workers` workers, and what its observer hears.
pub(crate) fn observed(workers: usize) -> (ActorSystem, Records) {
    let (recorder, records) = Recorder::new();
    let system = ActorSystem::builder().workers(workers).name(unique_name()).observer(recorder).build();
    (system.expect("a system starts"), records)
}

/// A probe with the default mailbox, started.
pub(crate) fn spawn(system: &ActorSystem) -> (ActorRef<Probe>, Events) {
    spawn_with(system, Mailbox::default())
}

/// A probe with `mailbox`, started.
pub(crate) fn spawn_with(system: &ActorSystem, mailbox: Mailbox) -> (ActorRef<Probe>, Events) {
    let (probe, events) = probe();
    let actor = wait(system.spawn(probe).mailbox(mailbox)).expect("a probe starts");
    assert!(matches!(events.next(), Event::Started));
    (actor, events)
}

/// Holds `actor` in a handler and fills its mailbox with the notes `1..=capacity`.
///
/// A `tell` waits for room where a `try_tell` might come before the held handler's own room is back.
pub(crate) fn hold_and_fill(actor: &ActorRef<Probe>, capacity: u64) -> Held {
    let held = hold(actor);
    for number in 1..=capacity {
        wait(actor.tell(Note(number))).expect("there is room");
    }
    held
}

/// Whether a fresh actor of `system` answers: its workers go on.
#[track_caller]
pub(crate) fn assert_goes_on(system: &ActorSystem) {
    for worker in 0..system.workers() {
        let (probe, _events) = probe();
        let actor = wait(system.spawn(probe).on_worker(worker)).expect("a worker goes on");
        assert_eq!(wait(actor.send(Echo(7))).expect("a worker goes on"), 7);
    }
}
