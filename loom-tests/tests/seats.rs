//! Models of who lives: seats that are taken and left at desks without a lock, against those who look who sits there.

use crate::common::ledger::Ledger;
use crate::common::{abort, drive_on};
use corecast::loom_api::system::{Registry, number};
use corecast::loom_api::task::{self, Bench, Host, Runnable, Shared, Weakly};
use corecast::{Actor, ActorRef, DeadLetter, StopReason};
use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicBool, Ordering::Acquire, Ordering::Release};
use loom::thread;
use loom_tests::{Bounds, linger, model_in_all_modes};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// A system as its actors see it, which is about to go.
struct Home {
    registry: Registry,
    leaving: AtomicBool,
    /// How often somebody found that the last actor has ended.
    closed: AtomicUsize,
}

impl Home {
    fn new() -> Arc<Self> {
        Arc::new(Self { registry: Registry::new(), leaving: AtomicBool::new(false), closed: AtomicUsize::new(0) })
    }

    /// An actor that lives, and the right to run it.
    fn spawn(self: &Arc<Self>, bench: &Bench, ledger: &Ledger) -> (ActorRef<Tenant>, Runnable) {
        let (actor, runnable) = task::actor(Door(Arc::clone(self)), None, Tenant(ledger.clone()));
        assert!(bench.seat(&self.registry, &runnable));
        (actor, runnable)
    }

    fn look_for_the_last(&self) {
        if self.registry.len() == 0 {
            self.closed.fetch_add(1, Relaxed);
        }
    }
}

struct Door(Arc<Home>);

impl Host for Door {
    fn schedule(&self, _runnable: Runnable) {
        abort("an actor that has begun to stop is never scheduled");
    }

    fn message_failed(&self, _cause: &StopReason) {}

    fn dead_letter(&self, letter: DeadLetter) {
        abort(format_args!("{letter:?}"));
    }

    fn actor_failed(&self, reason: &StopReason) {
        abort(reason);
    }

    fn registry(&self) -> Option<&Registry> {
        Some(&self.0.registry)
    }

    /// As `Core::ended`.
    fn ended(&self) {
        linger();
        if self.0.leaving.load(Acquire) {
            self.0.look_for_the_last();
        }
    }

    fn expire_later(&self, _task: Weakly) {}
}

struct Tenant(Ledger);

impl Actor for Tenant {}

impl Drop for Tenant {
    fn drop(&mut self) {
        self.0.note(|seen| seen.dropped += 1);
    }
}

#[test]
fn an_end_and_who_looks_who_is_there() {
    model_in_all_modes("end and visit", Bounds::default(), &["there", "gone"], |outcomes| {
        let (home, ledger) = (Home::new(), Ledger::default());
        let mut bench = Bench::with_desk(&home.registry, 0);
        let (actor, runnable) = home.spawn(&bench, &ledger);
        actor.stop();
        // Nobody refers to it any more but who visits it.
        drop(actor);
        let worker = thread::spawn(move || drive_on(&mut bench, runnable));
        linger();
        let seen = home.registry.visit_everybody();
        outcomes.saw(["gone", "there"][seen]);
        worker.join().unwrap();
        assert_eq!((home.registry.len(), home.registry.visit_everybody()), (0, 0));
        assert_eq!(ledger.note(|seen| seen.dropped), 1);
    });
}

#[test]
fn an_end_and_who_looks_at_it() {
    let expected = ["alive", "ended", "gone"];
    model_in_all_modes("end and look", Bounds::default(), &expected, |outcomes| {
        let (home, ledger) = (Home::new(), Ledger::default());
        let mut bench = Bench::with_desk(&home.registry, 0);
        let (actor, runnable) = home.spawn(&bench, &ledger);
        actor.stop();
        // With a reference its end is announced before it leaves its seat.
        let worker = thread::spawn(move || {
            drive_on(&mut bench, runnable);
            drop(actor);
        });
        linger();
        outcomes.saw(match home.registry.look_at_everybody() {
            (0, _) => "gone",
            (_, 0) => "alive",
            _ => "ended",
        });
        worker.join().unwrap();
        assert_eq!(home.registry.look_at_everybody(), (0, 0));
        assert_eq!(ledger.note(|seen| seen.dropped), 1);
    });
}

#[test]
fn an_end_whose_seat_is_taken_again_and_who_looks_for_the_one_that_had_it() {
    let expected = ["there", "gone"];
    model_in_all_modes("seat taken again", Bounds::default(), &expected, |outcomes| {
        let (home, ledger) = (Home::new(), Ledger::default());
        let mut bench = Bench::with_desk(&home.registry, 0);
        let (actor, runnable) = home.spawn(&bench, &ledger);
        let first = number(&actor);
        actor.stop();
        let (tenants, theirs) = (Arc::clone(&home), ledger.clone());
        let worker = thread::spawn(move || {
            drive_on(&mut bench, runnable);
            let (next, runnable) = tenants.spawn(&bench, &theirs);
            (next, runnable, bench)
        });
        linger();
        let found = home.registry.find_and_stop(first);
        outcomes.saw(if found { "there" } else { "gone" });
        let (next, runnable, mut bench) = worker.join().unwrap();
        assert!(next.is_alive(), "another one was taken for the one that had its seat");
        assert!(!home.registry.find_and_stop(first));
        assert!(home.registry.find_and_stop(number(&next)));
        drive_on(&mut bench, runnable);
        assert_eq!(home.registry.len(), 0);
        drop((actor, next));
        assert_eq!(ledger.note(|seen| seen.dropped), 2);
    });
}

#[test]
fn two_ends_and_a_system_that_goes_with_the_last() {
    let expected = ["an end was the last", "all had ended"];
    let bounds = Bounds { branches: 20_000, ..Bounds::default() };
    model_in_all_modes("last end", bounds, &expected, |outcomes| {
        let (home, ledger) = (Home::new(), Ledger::default());
        let workers = [0, 1].map(|worker| {
            let mut bench = Bench::with_desk(&home.registry, worker);
            let (actor, runnable) = home.spawn(&bench, &ledger);
            actor.stop();
            thread::spawn(move || {
                drive_on(&mut bench, runnable);
                drop(actor);
            })
        });
        // As `shutdown::abandon` on a thread of the system's own.
        home.registry.close();
        home.leaving.store(true, Release);
        home.registry.catch_up();
        linger();
        home.look_for_the_last();
        outcomes.saw(if home.closed.load(Relaxed) == 0 { "an end was the last" } else { "all had ended" });
        for worker in workers {
            worker.join().unwrap();
        }
        assert!(home.closed.load(Relaxed) > 0, "nobody has noticed");
        assert_eq!(ledger.note(|seen| seen.dropped), 2);
    });
}

/// A host whose end loom looks at.
struct Inn {
    rooms: UnsafeCell<u32>,
    ledger: Ledger,
}

// SAFETY: loom checks it: the host's uses come before its end.
unsafe impl Sync for Inn {}

impl Host for Inn {
    fn schedule(&self, _runnable: Runnable) {
        abort("an actor that has begun to stop is never scheduled");
    }

    fn message_failed(&self, _cause: &StopReason) {}

    fn dead_letter(&self, letter: DeadLetter) {
        abort(format_args!("{letter:?}"));
    }

    fn actor_failed(&self, reason: &StopReason) {
        abort(reason);
    }

    fn ended(&self) {
        // SAFETY: as above.
        self.rooms.with(|rooms| unsafe { *rooms });
    }

    fn expire_later(&self, _task: Weakly) {}
}

impl Drop for Inn {
    fn drop(&mut self) {
        // SAFETY: as above.
        self.rooms.with_mut(|rooms| unsafe { *rooms += 1 });
        self.ledger.note(|seen| seen.ended += 1);
    }
}

#[test]
fn the_last_cells_of_a_host_and_its_system() {
    model_in_all_modes("lodging", Bounds::default(), &["kept", "gone"], |outcomes| {
        let (guests, ledger) = (Ledger::default(), Ledger::default());
        let host = Shared::new(Inn { rooms: UnsafeCell::new(0), ledger: ledger.clone() });
        let threads = [0, 1].map(|_| {
            let (actor, runnable) = host.actor(None, Tenant(guests.clone()));
            actor.stop();
            thread::spawn(move || {
                drive_on(&mut Bench::new(), runnable);
                drop(actor);
            })
        });
        drop(host);
        outcomes.saw(if ledger.note(|seen| seen.ended) == 0 { "kept" } else { "gone" });
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(ledger.note(|seen| seen.ended), 1, "the host goes once");
        assert_eq!(guests.note(|seen| seen.dropped), 2);
    });
}
