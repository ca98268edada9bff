//! Models of a task's wakers, and of the counted reference that goes round among them.
//!
//! One actor asks another one under the same host. The answer wakes it inside of the other's activation, which runs it
//! there and then: the waker leaves its reference to the task, and the next waker takes it. Whether everybody looks at
//! that reference alone is loom's to say, as it is a cell of its; one too many is a leak, one too few frees a cell that
//! is still used.

use crate::common::drive;
use crate::common::inline::{Body, Inline, Say};
use crate::common::ledger::{Ledger, Seen};
use corecast::loom_api::task::Shared;
use corecast::{Actor, ActorContext, ActorRef, Handler, Message, StopReason};
use loom::thread::{self, JoinHandle, ThreadId};
use loom_tests::{Bounds, Outcomes, model};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

/// How often the asker was woken from within an activation of the answerer, as outcomes.
const INSIDE: [&str; 3] = ["never woken inside", "woken inside", "woken inside twice"];

/// How answers arrived. Outside of the model.
#[derive(Clone, Default)]
struct Arrivals(Arc<Mutex<(Option<ThreadId>, usize)>>);

impl Arrivals {
    fn answered(&self) {
        self.0.lock().unwrap().0 = Some(thread::current().id());
    }

    /// An asker that has waited got its answer.
    fn arrived(&self) {
        let (answered_on, inside) = &mut *self.0.lock().unwrap();
        *inside += usize::from(*answered_on == Some(thread::current().id()));
    }

    /// How many wakes came from within an activation of the answerer.
    fn inside(&self) -> usize {
        self.0.lock().unwrap().1
    }
}

/// Where an asker leaves a waker for others.
type Shelf = loom::sync::Mutex<Option<Waker>>;

/// Takes the waker, and wakes by another one. Returns whether there was one.
fn wake_from(shelf: &Shelf) -> bool {
    let Some(waker) = shelf.lock().unwrap().take() else { return false };
    let another = waker.clone();
    another.wake();
    true
}

struct Ask;

impl Message for Ask {
    type Result = ();
}

struct Answerer {
    body: Body,
    arrivals: Arrivals,
    shelf: Option<Arc<Shelf>>,
}

impl Actor for Answerer {
    async fn post_stop(&mut self, reason: &StopReason, _ctx: &mut ActorContext<Self>) {
        self.body.stopped(reason);
    }
}

impl Handler<Ask> for Answerer {
    async fn handle(&mut self, _msg: Ask, _ctx: &mut ActorContext<Self>) {
        self.body.touch();
        if let Some(shelf) = &self.shelf {
            wake_from(shelf);
        }
        self.arrivals.answered();
    }
}

/// Asks twice.
struct Asker {
    body: Body,
    answerer: ActorRef<Answerer>,
    arrivals: Arrivals,
    /// Both at once, or one after the other.
    at_once: bool,
    /// Asks in between, and drops what would be the reply.
    drops: bool,
    /// Where each poll leaves a waker.
    shelf: Option<Arc<Shelf>>,
}

impl Asker {
    async fn ask(&mut self, times: usize) {
        let mut asked: Vec<_> = (0..times).map(|_| Some(self.answerer.send(Ask))).collect();
        let mut waited = false;
        poll_fn(|context| {
            self.body.touch();
            if let Some(shelf) = &self.shelf {
                *shelf.lock().unwrap() = Some(context.waker().clone());
            }
            for place in &mut asked {
                if let Some(answer) = place
                    && let Poll::Ready(answer) = Pin::new(answer).poll(context)
                {
                    answer.unwrap();
                    *place = None;
                    if waited {
                        self.arrivals.arrived();
                    }
                }
            }
            waited = true;
            if asked.iter().all(Option::is_none) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

impl Actor for Asker {
    async fn post_stop(&mut self, reason: &StopReason, _ctx: &mut ActorContext<Self>) {
        self.body.stopped(reason);
    }
}

impl Handler<Say> for Asker {
    async fn handle(&mut self, msg: Say, _ctx: &mut ActorContext<Self>) {
        if self.at_once {
            self.ask(2).await;
        } else {
            self.ask(1).await;
            if self.drops {
                drop(self.answerer.send(Ask));
            }
            self.ask(1).await;
        }
        self.body.ledger.note(|seen| seen.handled.push(msg.0));
    }
}

/// What differs from model to model.
#[derive(Default)]
struct Setting {
    at_once: bool,
    drops: bool,
    askers_shelf: Option<Arc<Shelf>>,
    answerers_shelf: Option<Arc<Shelf>>,
}

/// An asker that is idle, and a thread that runs the answerer for the first time.
struct Pair {
    ledger: Ledger,
    arrivals: Arrivals,
    asker: ActorRef<Asker>,
    answering: JoinHandle<()>,
}

impl Pair {
    fn new(setting: Setting) -> Self {
        let Setting { at_once, drops, askers_shelf, answerers_shelf } = setting;
        let (ledger, arrivals) = (Ledger::default(), Arrivals::default());
        let host = Shared::new(Inline(ledger.clone()));
        let body = || Body::new(&ledger);
        let answerer = Answerer { body: body(), arrivals: arrivals.clone(), shelf: answerers_shelf };
        let (answerer, answering) = host.actor(None, answerer);
        let asker = Asker { body: body(), answerer, arrivals: arrivals.clone(), at_once, drops, shelf: askers_shelf };
        let (asker, asking) = host.actor(None, asker);
        drive(asking);
        let answering = thread::spawn(move || drive(answering));
        Self { ledger, arrivals, asker, answering }
    }

    /// Gives the last reference up, if the others are gone, and waits for everybody's end.
    fn end(self, other: JoinHandle<()>, outcomes: &Outcomes) -> Seen {
        let arrivals = self.arrivals.clone();
        let seen = self.finish(other);
        outcomes.saw(INSIDE[arrivals.inside()]);
        seen
    }

    /// The same, however often the asker was woken inside.
    fn finish(self, other: JoinHandle<()>) -> Seen {
        drop(self.asker);
        self.answering.join().unwrap();
        other.join().unwrap();
        self.ledger.ended(2)
    }
}

/// The asker is killed meanwhile.
fn kill(at_once: bool, outcomes: &Outcomes) {
    let pair = Pair::new(Setting { at_once, ..Setting::default() });
    let victim = pair.asker.clone();
    let killer = thread::spawn(move || victim.kill());
    let accepted = pair.asker.try_tell(Say(1)).is_ok();
    let seen = pair.end(killer, outcomes);
    assert_eq!(seen.handled.len() + seen.dead.len() + seen.failed as usize, usize::from(accepted), "{seen:?}");
    outcomes.saw(match (seen.handled.len(), seen.failed) {
        (1, _) => "handled",
        (_, 1) => "dropped at its await point",
        _ => "never begun",
    });
}

const KILLED: [&str; 6] = [INSIDE[0], INSIDE[1], INSIDE[2], "handled", "dropped at its await point", "never begun"];

#[test]
fn an_answer_wakes_its_asker_and_a_kill() {
    model("answer and kill", Bounds::default(), &KILLED, |outcomes| kill(false, outcomes));
}

#[test]
fn two_answers_wake_their_asker_and_a_kill() {
    model("two answers and kill", Bounds::default(), &KILLED, |outcomes| kill(true, outcomes));
}

#[test]
fn an_answer_wakes_its_asker_and_the_last_reference() {
    model("answer and last reference", Bounds::default(), &INSIDE, |outcomes| {
        let pair = Pair::new(Setting::default());
        let other = pair.asker.clone();
        pair.asker.try_tell(Say(1)).unwrap();
        let dropper = thread::spawn(move || drop(other));
        let seen = pair.end(dropper, outcomes);
        assert_eq!((seen.handled.as_slice(), seen.dead.len(), seen.failed), ([1].as_slice(), 0, 0), "{seen:?}");
        assert_eq!(seen.stopped, [StopReason::Unreachable.to_string(), StopReason::Unreachable.to_string()]);
    });
}

#[test]
fn a_reply_is_dropped_whose_slot_begins_with_its_asker() {
    let expected = ["handled", "dropped at its await point", "never begun"];
    model("dropped reply and kill", Bounds::default(), &expected, |outcomes| {
        let pair = Pair::new(Setting { drops: true, ..Setting::default() });
        let victim = pair.asker.clone();
        let killer = thread::spawn(move || victim.kill());
        let accepted = pair.asker.try_tell(Say(1)).is_ok();
        let seen = pair.finish(killer);
        assert_eq!(seen.handled.len() + seen.dead.len() + seen.failed as usize, usize::from(accepted), "{seen:?}");
        outcomes.saw(match (seen.handled.len(), seen.failed) {
            (1, _) => "handled",
            (_, 1) => "dropped at its await point",
            _ => "never begun",
        });
    });
}

/// Another thread wakes the asker meanwhile, by a waker that it has cloned; the answerer, too, before it answers.
fn wake(answerer_too: bool, outcomes: &Arc<Outcomes>) {
    let shelf = Arc::new(Shelf::new(None));
    let askers_shelf = Some(Arc::clone(&shelf));
    let answerers_shelf = askers_shelf.clone().filter(|_| answerer_too);
    let pair = Pair::new(Setting { askers_shelf, answerers_shelf, ..Setting::default() });
    let counted = Arc::clone(outcomes);
    let waker = thread::spawn(move || {
        counted.saw(if wake_from(&shelf) { "another thread's waker" } else { "no waker there" });
    });
    pair.asker.try_tell(Say(1)).unwrap();
    let seen = pair.end(waker, outcomes);
    assert_eq!((seen.handled.as_slice(), seen.dead.len(), seen.failed), ([1].as_slice(), 0, 0), "{seen:?}");
}

const WOKEN: [&str; 5] = [INSIDE[0], INSIDE[1], INSIDE[2], "another thread's waker", "no waker there"];

#[test]
fn an_answer_wakes_its_asker_and_so_does_another_thread() {
    model("answer and wake", Bounds::default(), &WOKEN, |outcomes| wake(false, outcomes));
}

#[test]
fn an_answerer_wakes_its_asker_twice_and_so_does_another_thread() {
    model("answer and wakes", Bounds::default(), &WOKEN, |outcomes| wake(true, outcomes));
}
