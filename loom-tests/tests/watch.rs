//! Models of watches: an end against whoever begins to watch it, withdraws, ends as well, or has a full mailbox.
//!
//! The host runs an actor there and then, on the thread that scheduled it.

use crate::common::drive;
use crate::common::inline::{Body, Inline, Say};
use crate::common::ledger::Ledger;
use corecast::loom_api::task::{self, Weakly, weakly};
use corecast::{Actor, ActorContext, ActorInfo, ActorRef, Handler, Message, StopReason};
use loom::sync::atomic::{AtomicBool, Ordering::Relaxed};
use loom::thread;
use loom_tests::{Bounds, model};
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

/// The reasons that were heard, outside of the model, and how many messages had been handled before each.
type Heard = Arc<Mutex<Vec<(String, usize)>>>;

struct Ear {
    body: Body,
    heard: Heard,
    gate: Option<Arc<Gate>>,
}

/// What a handler waits for.
struct Gate {
    open: AtomicBool,
    waker: loom::sync::Mutex<Option<Waker>>,
}

impl Gate {
    fn open(&self) {
        self.open.store(true, Relaxed);
        let waker = self.waker.lock().unwrap().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Actor for Ear {
    async fn on_terminated(&mut self, _who: ActorInfo, reason: StopReason, _ctx: &mut ActorContext<Self>) {
        self.body.touch();
        let before = self.body.ledger.note(|seen| seen.handled.len());
        self.heard.lock().unwrap().push((reason.to_string(), before));
    }

    async fn post_stop(&mut self, reason: &StopReason, _ctx: &mut ActorContext<Self>) {
        self.body.stopped(reason);
    }
}

/// Zero waits for the gate.
impl Handler<Say> for Ear {
    async fn handle(&mut self, Say(number): Say, _ctx: &mut ActorContext<Self>) {
        self.body.touch();
        if let (0, Some(gate)) = (number, &self.gate) {
            poll_fn(|context| {
                *gate.waker.lock().unwrap() = Some(context.waker().clone());
                if gate.open.load(Relaxed) { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        }
        self.body.ledger.note(|seen| seen.handled.push(number));
    }
}

/// What one does with another.
enum Bid {
    Watch(ActorRef<Ear>),
    Unwatch(ActorRef<Ear>),
}

impl Message for Bid {
    type Result = ();
}

impl Handler<Bid> for Ear {
    async fn handle(&mut self, bid: Bid, ctx: &mut ActorContext<Self>) {
        self.body.touch();
        match bid {
            Bid::Watch(other) => ctx.watch(&other),
            Bid::Unwatch(other) => {
                ctx.unwatch(&other);
                let heard = self.heard.lock().unwrap().len() as u32;
                // For the model to see: nothing is to come after this.
                self.body.ledger.note(|seen| seen.handled.push(heard));
            }
        }
    }
}

/// An actor that has started and is idle, what it hears, and its memory.
fn ear(ledger: &Ledger, gate: Option<&Arc<Gate>>) -> (ActorRef<Ear>, Heard, Weakly) {
    let heard = Heard::default();
    let ear = Ear { body: Body::new(ledger), heard: Arc::clone(&heard), gate: gate.map(Arc::clone) };
    let (actor, runnable) = task::actor(Inline(ledger.clone()), None, ear);
    drive(runnable);
    let memory = weakly(&actor);
    (actor, heard, memory)
}

fn bid(actor: &ActorRef<Ear>, bid: Bid) {
    assert!(actor.try_tell(bid).is_ok(), "it lives");
}

fn kill(actor: &ActorRef<Ear>) -> thread::JoinHandle<()> {
    let actor = actor.clone();
    thread::spawn(move || actor.kill())
}

const KILLED: &str = "it was killed";

/// Nobody has anything left of the others.
fn is_clean(memories: [&Weakly; 2]) {
    for memory in memories {
        assert_eq!(memory.bonds(), (0, 0, 0), "something is left behind");
    }
}

#[test]
fn a_watch_against_the_end() {
    let expected = ["heard at once", "heard later"];
    model("watch and end", Bounds::default(), &expected, move |outcomes| {
        let ledger = Ledger::default();
        let ((watcher, heard, mine), (target, _, theirs)) = (ear(&ledger, None), ear(&ledger, None));
        let killing = kill(&target);
        bid(&watcher, Bid::Watch(target));
        let at_once = !heard.lock().unwrap().is_empty();
        killing.join().unwrap();
        assert_eq!(*heard.lock().unwrap(), [(KILLED.to_owned(), 0)], "heard once, with the reason");
        is_clean([&mine, &theirs]);
        drop(watcher);
        let _ = ledger.ended(2);
        outcomes.saw(expected[usize::from(!at_once)]);
    });
}

#[test]
fn an_unwatch_against_the_end() {
    let expected = ["never heard", "heard before"];
    model("unwatch and end", Bounds::default(), &expected, move |outcomes| {
        let ledger = Ledger::default();
        let ((watcher, heard, mine), (target, _, theirs)) = (ear(&ledger, None), ear(&ledger, None));
        bid(&watcher, Bid::Watch(target.clone()));
        let killing = kill(&target);
        bid(&watcher, Bid::Unwatch(target));
        killing.join().unwrap();
        drop(watcher);
        let seen = ledger.ended(2);
        let heard = heard.lock().unwrap().len();
        assert_eq!(seen.handled, [heard as u32], "nothing comes after the unwatch");
        is_clean([&mine, &theirs]);
        outcomes.saw(expected[heard]);
    });
}

#[test]
fn a_watch_is_withdrawn_and_begun_again_against_the_end() {
    let expected = ["heard once", "heard of twice: before and after"];
    model("watch again and end", Bounds::default(), &expected, move |outcomes| {
        let ledger = Ledger::default();
        let ((watcher, heard, mine), (target, _, theirs)) = (ear(&ledger, None), ear(&ledger, None));
        bid(&watcher, Bid::Watch(target.clone()));
        let killing = kill(&target);
        bid(&watcher, Bid::Unwatch(target.clone()));
        bid(&watcher, Bid::Watch(target));
        killing.join().unwrap();
        drop(watcher);
        let seen = ledger.ended(2);
        // How much was heard before the unwatch; after it, it is heard once more.
        let before = seen.handled[0] as usize;
        assert_eq!(heard.lock().unwrap().len(), before + 1);
        is_clean([&mine, &theirs]);
        outcomes.saw(expected[before]);
    });
}

#[test]
fn a_notice_against_a_full_mailbox() {
    let expected = ["before the messages", "later"];
    model("notice and full mailbox", Bounds::default(), &expected, move |outcomes| {
        let ledger = Ledger::default();
        let gate = Arc::new(Gate { open: AtomicBool::new(false), waker: loom::sync::Mutex::new(None) });
        let ((watcher, heard, mine), (target, _, theirs)) = (ear(&ledger, Some(&gate)), ear(&ledger, None));
        bid(&watcher, Bid::Watch(target.clone()));
        for number in 0..5 {
            watcher.try_tell(Say(number)).unwrap();
        }
        assert!(watcher.try_tell(Say(5)).is_err(), "it is full");
        let killing = kill(&target);
        gate.open();
        killing.join().unwrap();
        let heard = heard.lock().unwrap().clone();
        let [(reason, before)] = &heard[..] else { panic!("heard once: {heard:?}") };
        assert_eq!(reason, KILLED);
        is_clean([&mine, &theirs]);
        drop((watcher, target));
        assert_eq!(ledger.ended(2).handled, [0, 1, 2, 3, 4]);
        outcomes.saw(expected[usize::from(*before > 1)]);
    });
}

#[test]
fn the_end_of_the_watcher_against_the_end_of_the_watched_one() {
    let expected = ["never heard", "heard"];
    model("both ends", Bounds::default(), &expected, move |outcomes| {
        let ledger = Ledger::default();
        let ((watcher, heard, mine), (target, _, theirs)) = (ear(&ledger, None), ear(&ledger, None));
        bid(&watcher, Bid::Watch(target.clone()));
        let killing = kill(&target);
        watcher.kill();
        killing.join().unwrap();
        let _ = ledger.ended(2);
        is_clean([&mine, &theirs]);
        outcomes.saw(expected[heard.lock().unwrap().len()]);
    });
}

#[test]
fn a_notice_against_the_last_reference_to_the_watcher() {
    let expected = ["never heard", "heard"];
    model("notice and last reference", Bounds::default(), &expected, move |outcomes| {
        let ledger = Ledger::default();
        let ((watcher, heard, mine), (target, _, theirs)) = (ear(&ledger, None), ear(&ledger, None));
        bid(&watcher, Bid::Watch(target.clone()));
        let killing = kill(&target);
        drop(watcher);
        killing.join().unwrap();
        let _ = ledger.ended(2);
        is_clean([&mine, &theirs]);
        outcomes.saw(expected[heard.lock().unwrap().len()]);
    });
}
