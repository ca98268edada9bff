//! Models of watches and links: an end against whoever begins to watch it, withdraws, ends as well, or has a full mailbox.
//!
//! The host runs an actor there and then, on the thread that scheduled it.

use crate::common::drive;
use crate::common::gate::Gate;
use crate::common::inline::{Body, Inline, Say};
use crate::common::ledger::Ledger;
use corecast::loom_api::system::Registry;
use corecast::loom_api::task::{self, Bench, Host, Runnable, Weakly, reason, weakly};
use corecast::{Actor, ActorContext, ActorInfo, ActorRef, DeadLetter, Handler, Message, StopReason};
use loom::thread;
use loom_tests::{Bounds, model};
use std::sync::{Arc, Mutex};

/// The reasons that were heard, outside of the model, and how many messages had been handled before each.
type Heard = Arc<Mutex<Vec<(String, usize)>>>;

struct Ear {
    body: Body,
    heard: Heard,
    gate: Option<Arc<Gate>>,
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
            gate.opened().await;
        }
        self.body.ledger.note(|seen| seen.handled.push(number));
    }
}

/// What one does with another.
enum Bid {
    Watch(ActorRef<Ear>),
    Unwatch(ActorRef<Ear>),
    Link(ActorRef<Ear>),
    Unlink(ActorRef<Ear>),
}

impl Message for Bid {
    type Result = ();
}

impl Handler<Bid> for Ear {
    async fn handle(&mut self, bid: Bid, ctx: &mut ActorContext<Self>) {
        self.body.touch();
        match bid {
            Bid::Watch(other) => ctx.watch(&other),
            Bid::Link(other) => ctx.link(&other),
            Bid::Unlink(other) => ctx.unlink(&other),
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

/// Runs an actor at once, which has a number: the locks of a link are taken in the order of the numbers, and where there are
/// none in that of the addresses, in which loom couldn't repeat an execution.
struct Numbered(Inline, Arc<Registry>);

impl Host for Numbered {
    fn schedule(&self, runnable: Runnable) {
        self.0.schedule(runnable);
    }

    fn message_failed(&self, cause: &StopReason) {
        self.0.message_failed(cause);
    }

    fn dead_letter(&self, letter: DeadLetter) {
        self.0.dead_letter(letter);
    }

    fn actor_failed(&self, _reason: &StopReason) {}

    fn registry(&self) -> Option<&Registry> {
        Some(&self.1)
    }

    fn ended(&self) {
        self.0.ended();
    }

    fn expire_later(&self, task: Weakly) {
        self.0.expire_later(task);
    }
}

/// Two of them, and their memory.
fn numbered_pair(ledger: &Ledger) -> [(ActorRef<Ear>, Weakly); 2] {
    let registry = Arc::new(Registry::new());
    [(); 2].map(|()| {
        let ear = Ear { body: Body::new(ledger), heard: Heard::default(), gate: None };
        let host = Numbered(Inline(ledger.clone()), Arc::clone(&registry));
        let (actor, runnable) = task::actor(host, None, ear);
        assert!(Bench::new().seat(&registry, &runnable));
        drive(runnable);
        let memory = weakly(&actor);
        (actor, memory)
    })
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
        let gate = Gate::new();
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

#[test]
fn a_link_against_the_end() {
    model("link and end", Bounds::default(), &["shared"], move |outcomes| {
        let ledger = Ledger::default();
        let [(one, mine), (other, theirs)] = numbered_pair(&ledger);
        let killing = kill(&other);
        bid(&one, Bid::Link(other));
        killing.join().unwrap();
        let _ = ledger.ended(2);
        assert!(matches!(reason(&mine), Some(StopReason::Linked(_))));
        is_clean([&mine, &theirs]);
        outcomes.saw("shared");
    });
}

#[test]
fn two_linked_ones_that_fail_at_once() {
    let expected = ["each by itself", "one by the other's end"];
    model("linked ends", Bounds::default(), &expected, move |outcomes| {
        let ledger = Ledger::default();
        let [(one, mine), (other, theirs)] = numbered_pair(&ledger);
        bid(&one, Bid::Link(other.clone()));
        let killing = kill(&other);
        one.kill();
        killing.join().unwrap();
        let _ = ledger.ended(2);
        is_clean([&mine, &theirs]);
        let shared = [&mine, &theirs].into_iter().filter(|one| matches!(reason(one), Some(StopReason::Linked(_))));
        outcomes.saw(expected[shared.count()]);
    });
}

/// The two books never disagree on a link.
#[test]
fn a_link_against_an_unlink_by_the_other_one() {
    let expected = ["linked", "not linked"];
    model("link and unlink", Bounds::default(), &expected, move |outcomes| {
        let ledger = Ledger::default();
        let [(one, mine), (other, theirs)] = numbered_pair(&ledger);
        let (second, first) = (other.clone(), one.clone());
        let unlinking = thread::spawn(move || bid(&second, Bid::Unlink(first)));
        bid(&one, Bid::Link(other.clone()));
        unlinking.join().unwrap();
        assert_eq!(mine.bonds(), theirs.bonds());
        let linked = mine.bonds() == (1, 0, 1);
        one.kill();
        assert_eq!(reason(&theirs).is_some(), linked);
        drop(other);
        let _ = ledger.ended(2);
        is_clean([&mine, &theirs]);
        outcomes.saw(expected[usize::from(!linked)]);
    });
}
