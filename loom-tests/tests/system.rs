//! Models of a system's end: who is spawned meanwhile, and when nothing is queued or handled any more.

use crate::common::ledger::Ledger;
use crate::common::{abort, drive};
use corecast::loom_api::scheduler::Scheduler;
use corecast::loom_api::system::Registry;
use corecast::loom_api::task::{self, Bench, Host, Runnable, Weakly};
use corecast::{Actor, ActorContext, ActorRef, DeadLetter, Handler, Message, StopReason};
use loom::thread;
use loom_tests::{Bounds, linger, model_in_all_modes};
use std::sync::Arc;

/// Where the actors live: in workers, or on the thread that schedules them.
struct Home {
    registry: Arc<Registry>,
    workers: Option<Arc<Scheduler>>,
}

impl Host for Home {
    fn schedule(&self, runnable: Runnable) {
        match &self.workers {
            Some(workers) => workers.schedule(runnable),
            None => drive(runnable),
        }
    }

    fn message_failed(&self, _cause: &StopReason) {}

    fn dead_letter(&self, letter: DeadLetter) {
        abort(format_args!("{letter:?}"));
    }

    fn actor_failed(&self, reason: &StopReason) {
        abort(reason);
    }

    fn registry(&self) -> Option<&Registry> {
        Some(&self.registry)
    }

    fn ended(&self) {}

    fn expire_later(&self, _task: Weakly) {}
}

/// Passes a number on.
struct Relay {
    number: u32,
    next: Option<ActorRef<Relay>>,
    ledger: Ledger,
}

struct Go;

impl Message for Go {
    type Result = ();
}

impl Actor for Relay {
    async fn post_stop(&mut self, reason: &StopReason, _ctx: &mut ActorContext<Self>) {
        self.ledger.note(|seen| seen.stopped.push(reason.to_string()));
    }
}

impl Handler<Go> for Relay {
    async fn handle(&mut self, _msg: Go, _ctx: &mut ActorContext<Self>) {
        if let Some(next) = &self.next {
            // Not awaited: behind the gate there is room, and whoever makes room places it.
            drop(next.tell(Go));
        }
        self.ledger.note(|seen| seen.handled.push(self.number));
    }
}

#[test]
fn a_close_against_two_spawns() {
    let expected = ["both stopped", "one refused", "both refused"];
    model_in_all_modes("close and spawn", Bounds::default(), &expected, |outcomes| {
        let (registry, ledger) = (Arc::new(Registry::new()), Ledger::default());
        let spawners = [0, 1].map(|number| {
            let (registry, ledger) = (Arc::clone(&registry), ledger.clone());
            // One spawns on a worker, the other one from outside.
            let bench = if number == 0 { Bench::with_desk(&registry, 0) } else { Bench::new() };
            thread::spawn(move || {
                let home = Home { registry: Arc::clone(&registry), workers: None };
                let (actor, runnable) = task::actor(home, None, Relay { number, next: None, ledger });
                if bench.seat(&registry, &runnable) {
                    drive(runnable);
                    Some(actor)
                } else {
                    runnable.refuse();
                    None
                }
            })
        });
        linger();
        registry.close();
        registry.stop_everybody();
        let spawned: Vec<_> = spawners.into_iter().filter_map(|spawner| spawner.join().unwrap()).collect();
        // Nobody who was let in has been overlooked.
        assert_eq!(registry.len(), 0);
        assert!(spawned.iter().all(|actor| !actor.is_alive()));
        assert_eq!(ledger.read().stopped, vec![StopReason::SystemShutdown.to_string(); spawned.len()]);
        outcomes.saw(["both refused", "one refused", "both stopped"][spawned.len()]);
    });
}

#[test]
fn a_chain_of_messages_and_the_look_whether_all_is_quiet() {
    let expected = ["quiet at once", "not yet"];
    let bounds = Bounds { branches: 20_000, preemptions: Some(1), ..Bounds::default() };
    model_in_all_modes("quiet", bounds, &expected, |outcomes| {
        let (scheduler, threads) = Scheduler::start(1);
        let (registry, ledger) = (Arc::new(Registry::of(&scheduler)), Ledger::default());
        let mut next = None;
        // The last of the chain is looked at first.
        for number in (1..=2).rev() {
            let home = Home { registry: Arc::clone(&registry), workers: Some(Arc::clone(&scheduler)) };
            let relay = Relay { number, next: next.take(), ledger: ledger.clone() };
            let (actor, runnable) = task::actor(home, None, relay);
            assert!(Bench::new().seat(&registry, &runnable));
            drive(runnable);
            next = Some(actor);
        }
        let first = next.unwrap();
        first.try_tell(Go).unwrap();
        linger();
        let quiet = registry.is_quiet(&scheduler);
        let handled = ledger.note(|seen| seen.handled.clone());
        if quiet {
            assert_eq!(handled, [1, 2], "it was said to be quiet");
        }
        outcomes.saw(if quiet { "quiet at once" } else { "not yet" });
        while !registry.is_quiet(&scheduler) {
            thread::yield_now();
        }
        assert_eq!(ledger.note(|seen| seen.handled.clone()), [1, 2], "it was said to be quiet");
        drop(first);
        registry.close();
        registry.stop_everybody();
        while registry.len() > 0 {
            thread::yield_now();
        }
        scheduler.close();
        threads.join();
    });
}
