//! Supervised actors without a supervisor: a script answers what they report.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};

use super::super::ActorSystem;
use crate::actor::Body;
use crate::actor::mailbox::Mailbox;
use crate::task::charge::{Charge, Down, Maker, Making, Overseer, Renewal, Report, Word};
use crate::{
    Actor, ActorContext, ActorError, ActorRef, Directive, Handler, Message, Reply, SendErrorReason, StopReason,
};

/// Counts, and knows which of its kind it is.
struct Worker {
    number: u32,
    sum: u64,
    /// Its last hook panics.
    is_spoilt: bool,
}

impl Actor for Worker {
    fn on_error(&mut self, error: &ActorError, _: &mut ActorContext<Self>) -> Directive {
        match error.to_string().as_str() {
            "resume" => Directive::Resume,
            "stop" => Directive::Stop,
            "escalate" => Directive::Escalate,
            _ => Directive::Restart,
        }
    }

    async fn post_stop(&mut self, _: &StopReason, _: &mut ActorContext<Self>) {
        assert!(!self.is_spoilt, "spoilt");
    }
}

struct Spoil;

impl Message for Spoil {
    type Result = ();
}

impl Handler<Spoil> for Worker {
    async fn handle(&mut self, _: Spoil, _: &mut ActorContext<Self>) {
        self.is_spoilt = true;
    }
}

/// Adds, and says who has added.
struct Add(u64);

impl Message for Add {
    type Result = (u32, u64);
}

impl Handler<Add> for Worker {
    async fn handle(&mut self, Add(more): Add, _: &mut ActorContext<Self>) -> (u32, u64) {
        self.sum += more;
        (self.number, self.sum)
    }
}

struct Crash;

impl Message for Crash {
    type Result = ();
}

impl Handler<Crash> for Worker {
    async fn handle(&mut self, _: Crash, _: &mut ActorContext<Self>) {
        panic!("crash")
    }
}

struct Fail(&'static str);

impl Message for Fail {
    type Result = ();
}

impl Handler<Fail> for Worker {
    async fn handle(&mut self, Fail(how): Fail, ctx: &mut ActorContext<Self>) {
        ctx.fail(ActorError::new(how));
    }
}

struct Hang;

impl Message for Hang {
    type Result = ();
}

impl Handler<Hang> for Worker {
    async fn handle(&mut self, _: Hang, _: &mut ActorContext<Self>) {
        std::future::pending().await
    }
}

/// What is said to one that is down.
type Answer = dyn Fn(&Down) -> Option<Word> + Send + Sync;

/// Answers by the script, and passes on what it hears.
struct Script {
    ward: OnceLock<ActorRef<Worker>>,
    answer: Box<Answer>,
    heard: Mutex<Sender<String>>,
}

struct Ear(Arc<Script>);

impl Overseer for Ear {
    fn hear(&self, _: u64, report: Report) -> bool {
        let text = match &report {
            Report::Up => "up".into(),
            Report::Down(down) => format!("down: {} {} {}", down.reason, down.has_worked, down.escalates),
            Report::Ended(reason) => format!("ended: {reason}"),
        };
        let _ = self.0.heard.lock().unwrap().send(text);
        if let Report::Down(down) = &report
            && let Some(word) = (self.0.answer)(down)
        {
            self.0.ward.wait().strong().say(word);
        }
        true
    }
}

/// A ward, and what its overseer hears.
fn ward(
    system: &ActorSystem,
    renewal: Renewal,
    answer: impl Fn(&Down) -> Option<Word> + Send + Sync + 'static,
) -> (ActorRef<Worker>, Receiver<String>) {
    let (heard, reports) = channel();
    let script = Arc::new(Script { ward: OnceLock::new(), answer: Box::new(answer), heard: Mutex::new(heard) });
    let made = AtomicU32::new(0);
    let maker = Maker::new(move || {
        Making::Made(Ok(Body::new(Worker { number: made.fetch_add(1, Ordering::Relaxed), sum: 0, is_spoilt: false })))
    });
    let charge = Charge::new(Arc::new(Ear(Arc::clone(&script))), 0, crate::ActorId::UNKNOWN, renewal, maker);
    let ward = system.handle().spawn_ward::<Worker>(Mailbox::bounded(8), None, charge).unwrap();
    assert!(script.ward.set(ward.clone()).is_ok());
    assert_eq!(reports.recv().unwrap(), "up");
    (ward, reports)
}

/// A handler that waits for ever, and does so already.
fn hang(ward: &ActorRef<Worker>) -> Reply<()> {
    let hanging = ward.try_send(Hang).unwrap();
    while !ward.strong().is_suspended() {
        std::thread::yield_now();
    }
    hanging
}

fn system() -> ActorSystem {
    ActorSystem::builder().workers(2).build().unwrap()
}

#[test]
fn a_ward_begins_anew_behind_the_same_reference_and_what_waits_is_handled() {
    let system = system();
    let (ward, reports) = ward(&system, Renewal::AfterFailure, |_| Some(Word::Renew));
    assert_eq!(ward.blocking_send(Add(3)).unwrap(), (0, 3));
    let crash = ward.try_send(Crash).unwrap();
    let replies: Vec<_> = (1..=5).map(|more| ward.try_send(Add(more)).unwrap()).collect();
    let failed = system.block_on(crash).unwrap_err();
    assert!(failed.to_string().contains("crash"), "{failed}");
    let sums: Vec<_> = replies.into_iter().map(|reply| system.block_on(reply).unwrap()).collect();
    assert_eq!(sums, [(1, 1), (1, 3), (1, 6), (1, 10), (1, 15)]);
    assert_eq!(reports.recv().unwrap(), "down: a handler panicked: crash true false");
    assert_eq!(reports.recv().unwrap(), "up");
    assert!(ward.is_alive());
}

#[test]
fn a_run_without_a_success_says_so() {
    let system = system();
    let (ward, reports) = ward(&system, Renewal::Always, |_| Some(Word::Renew));
    for _ in 0..3 {
        assert!(ward.blocking_send(Crash).is_err());
        assert_eq!(reports.recv().unwrap(), "down: a handler panicked: crash false false");
        assert_eq!(reports.recv().unwrap(), "up");
    }
    assert_eq!(ward.blocking_send(Add(1)).unwrap(), (3, 1));
}

#[test]
fn a_ward_that_always_begins_anew_does_so_after_a_stop_and_a_kill() {
    let system = system();
    let (ward, reports) = ward(&system, Renewal::Always, |_| Some(Word::Renew));
    ward.stop();
    assert_eq!(reports.recv().unwrap(), "down: it was asked to stop false false");
    assert_eq!(reports.recv().unwrap(), "up");
    assert_eq!(ward.blocking_send(Add(1)).unwrap(), (1, 1));
    let hanging = hang(&ward);
    ward.kill();
    assert!(system.block_on(hanging).is_err());
    assert_eq!(reports.recv().unwrap(), "down: it was killed true false");
    assert_eq!(reports.recv().unwrap(), "up");
    assert_eq!(ward.blocking_send(Add(1)).unwrap(), (2, 1));
}

#[test]
fn a_ward_whose_last_hook_panics_after_a_stop_takes_messages_again() {
    let system = system();
    let (ward, reports) = ward(&system, Renewal::Always, |_| Some(Word::Renew));
    ward.blocking_send(Spoil).unwrap();
    ward.stop();
    let down = reports.recv().unwrap();
    assert!(down.starts_with("down: post_stop panicked: spoilt"), "{down}");
    assert_eq!(reports.recv().unwrap(), "up");
    assert_eq!(ward.blocking_send(Add(1)).unwrap(), (1, 1));
    assert!(reports.try_recv().is_err(), "it is down once");
}

#[test]
fn a_ward_that_begins_anew_after_failures_ends_by_a_stop() {
    let system = system();
    let (ward, reports) = ward(&system, Renewal::AfterFailure, |_| Some(Word::Renew));
    ward.stop();
    assert_eq!(reports.recv().unwrap(), "ended: it was asked to stop");
    assert!(matches!(system.block_on(ward.stopped()), StopReason::Stopped));
}

#[test]
fn a_ward_that_never_begins_anew_ends_by_a_failure() {
    let system = system();
    let (ward, reports) = ward(&system, Renewal::Never, |_| Some(Word::Renew));
    assert!(ward.blocking_send(Crash).is_err());
    assert_eq!(reports.recv().unwrap(), "ended: a handler panicked: crash");
}

#[test]
fn a_word_may_end_a_ward_and_say_why() {
    let system = system();
    let (ward, reports) = ward(&system, Renewal::Always, |down| {
        Some(Word::End(Some(StopReason::Quarantined(Box::new(down.reason.clone())))))
    });
    assert!(ward.blocking_send(Crash).is_err());
    assert_eq!(reports.recv().unwrap(), "down: a handler panicked: crash false false");
    assert!(reports.recv().unwrap().starts_with("ended: it failed too often"));
    let refused = ward.blocking_send(Add(1)).unwrap_err();
    assert!(matches!(refused.reason(), SendErrorReason::Stopped(StopReason::Quarantined(_))), "{refused:?}");
}

#[test]
fn what_an_actor_says_of_itself_is_judged_by_itself() {
    let system = system();
    let (ward, reports) = ward(&system, Renewal::Always, |_| Some(Word::Renew));
    ward.blocking_send(Fail("resume")).unwrap();
    assert_eq!(ward.blocking_send(Add(1)).unwrap(), (0, 1));
    ward.blocking_send(Fail("restart")).unwrap();
    assert_eq!(reports.recv().unwrap(), "down: it failed: restart true false");
    assert_eq!(reports.recv().unwrap(), "up");
    ward.blocking_send(Fail("escalate")).unwrap();
    assert_eq!(reports.recv().unwrap(), "down: it failed: escalate false true");
    assert_eq!(reports.recv().unwrap(), "up");
    ward.blocking_send(Fail("stop")).unwrap();
    assert_eq!(reports.recv().unwrap(), "ended: it failed: stop");
}

#[test]
fn a_ward_that_is_called_back_keeps_what_waits() {
    let system = system();
    let (ward, reports) = ward(&system, Renewal::AfterFailure, |_| None);
    ward.strong().recall();
    assert_eq!(reports.recv().unwrap(), "down: its supervisor restarts it with others false false");
    let waiting = ward.try_send(Add(2)).unwrap();
    ward.strong().say(Word::Renew);
    assert_eq!(reports.recv().unwrap(), "up");
    assert_eq!(system.block_on(waiting).unwrap(), (1, 2));
    // One whose handler waits is cut.
    let hanging = hang(&ward);
    ward.strong().recall();
    ward.strong().cut();
    assert!(system.block_on(hanging).is_err());
    assert_eq!(reports.recv().unwrap(), "down: its supervisor restarts it with others true false");
    let waiting = ward.try_send(Add(2)).unwrap();
    ward.strong().dismiss();
    assert_eq!(reports.recv().unwrap(), "ended: its supervisor restarts it with others");
    assert!(system.block_on(waiting).is_err(), "it is a dead letter");
}

#[test]
fn a_shutdown_and_a_drop_end_wards_that_wait() {
    let system = system();
    let (down, _reports) = ward(&system, Renewal::Always, |_| None);
    assert!(down.blocking_send(Crash).is_err());
    let report = system.block_on(system.shutdown_within(std::time::Duration::ZERO));
    assert_eq!(report.killed.len(), 1);
    let system = self::system();
    let (down, reports) = ward(&system, Renewal::Always, |_| None);
    assert!(down.blocking_send(Crash).is_err());
    assert_eq!(reports.recv().unwrap(), "down: a handler panicked: crash false false");
    drop(system);
    assert_eq!(reports.recv().unwrap(), "ended: a handler panicked: crash");
}

#[test]
fn a_shutdown_ends_a_ward_that_is_down() {
    let system = system();
    let (ward, reports) = ward(&system, Renewal::Always, |_| None);
    assert!(ward.blocking_send(Crash).is_err());
    assert_eq!(reports.recv().unwrap(), "down: a handler panicked: crash false false");
    ward.strong().stop_for_shutdown();
    assert_eq!(reports.recv().unwrap(), "ended: a handler panicked: crash");
    assert!(!ward.is_alive());
}
