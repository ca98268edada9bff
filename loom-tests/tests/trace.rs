//! Models of slow handlers: who runs them, against who notices that they take long. Each takes long from its beginning, for no
//! time passes in a model, and is told of once.

use crate::common::{abort, drive_on};
use corecast::loom_api::task::{self, Bench, Host, Runnable, Weakly};
use corecast::{Actor, ActorContext, ActorRef, DeadLetter, Handler, Message, StopReason};
use loom::thread;
use loom_tests::{Bounds, linger, model_in_all_modes};
use std::sync::{Arc, Mutex};

/// What is told, and the timers that are armed. Outside of the model.
#[derive(Default)]
struct Told {
    /// What took long, and whether it was over.
    slow: Mutex<Vec<(&'static str, bool)>>,
    looks: Mutex<Vec<Weakly>>,
}

impl Told {
    /// How often this was told of.
    fn times(&self, what: &str) -> usize {
        self.slow.lock().unwrap().iter().filter(|(told, _)| told.ends_with(what)).count()
    }

    fn was_over(&self, what: &str) -> bool {
        self.slow.lock().unwrap().iter().any(|(told, is_over)| told.ends_with(what) && *is_over)
    }

    /// A timer fires, if one is armed.
    fn fire(&self) -> bool {
        let armed = self.looks.lock().unwrap().pop();
        armed.inspect(Weakly::look_at_handler).is_some()
    }
}

struct Home(Arc<Told>);

impl Host for Home {
    fn schedule(&self, runnable: Runnable) {
        drive_on(&mut Bench::watched(), runnable);
    }

    fn message_failed(&self, _cause: &StopReason) {}

    fn dead_letter(&self, letter: DeadLetter) {
        abort(format_args!("{letter:?}"));
    }

    fn actor_failed(&self, reason: &StopReason) {
        abort(reason);
    }

    fn ended(&self) {}

    fn expire_later(&self, _task: Weakly) {}

    fn look_later(&self, task: Weakly) {
        let mut looks = self.0.looks.lock().unwrap();
        looks.push(task);
        if looks.len() > 1 {
            abort("two timers are armed for one actor");
        }
    }

    fn handler_slow(&self, what: &'static str, is_over: bool) {
        self.0.slow.lock().unwrap().push((what, is_over));
    }
}

struct Patient;
impl Actor for Patient {}

/// Handled at once.
struct Brief;
impl Message for Brief {
    type Result = ();
}

impl Handler<Brief> for Patient {
    async fn handle(&mut self, _: Brief, _: &mut ActorContext<Self>) {}
}

/// Waits once.
struct Pause;
impl Message for Pause {
    type Result = ();
}

impl Handler<Pause> for Patient {
    async fn handle(&mut self, _: Pause, ctx: &mut ActorContext<Self>) {
        ctx.yield_now().await;
    }
}

/// Waits for good.
struct Stay;
impl Message for Stay {
    type Result = ();
}

impl Handler<Stay> for Patient {
    async fn handle(&mut self, _: Stay, _: &mut ActorContext<Self>) {
        std::future::pending().await
    }
}

fn patient() -> (Arc<Told>, ActorRef<Patient>, Runnable) {
    let told = Arc::new(Told::default());
    let (actor, runnable) = task::actor(Home(Arc::clone(&told)), None, Patient);
    runnable.trace();
    (told, actor, runnable)
}

#[test]
fn a_handler_that_ends_and_who_finds_it_slow() {
    let expected = ["while it lasted", "at its end"];
    model_in_all_modes("slow", Bounds::default(), &expected, |outcomes| {
        let (told, actor, runnable) = patient();
        actor.try_tell(Brief).unwrap();
        let worker = thread::spawn(move || drive_on(&mut Bench::watched(), runnable));
        linger();
        task::look_at_handler(&actor);
        worker.join().unwrap();
        assert_eq!((told.times("pre_start"), told.times("Brief")), (1, 1), "once each");
        outcomes.saw(if told.was_over("Brief") { "at its end" } else { "while it lasted" });
        drop(actor);
        assert_eq!(told.times("post_stop"), 1);
    });
}

#[test]
fn handlers_that_wait_and_the_timer_that_looks_at_them() {
    let expected = ["the first", "the second", "none"];
    model_in_all_modes("slow waits", Bounds::default(), &expected, |outcomes| {
        let (told, actor, runnable) = patient();
        actor.try_tell(Pause).unwrap();
        actor.try_tell(Stay).unwrap();
        let worker = thread::spawn(move || drive_on(&mut Bench::watched(), runnable));
        linger();
        let fired = told.fire();
        worker.join().unwrap();
        outcomes.saw(match (fired, told.was_over("Pause")) {
            (false, _) => "none",
            (true, false) => "the first",
            (true, true) => "the second",
        });
        while told.fire() {}
        assert_eq!((told.times("Pause"), told.times("Stay")), (1, 1), "once each, also of the one that waits for good");
        actor.kill();
    });
}
