//! Models of the task that a worker holds: who wakes it, kills it, steals it or lets it go at the same time.
//!
//! The actors are of the public API, the worker is one by hand (`common::manual`). A handler tells the neighbour and waits,
//! so that its worker holds it while the neighbour is run; up to there nothing else goes on. What a waker did before its
//! wake is a relaxed store: the poll that follows must see it, or the task waits for good and the model says so. Threads
//! that are no workers run what they schedule there and then.
//!
//! In loom's eyes a thief's swap of an empty slot and its owner's next plain store have no order. So a thief looks before it
//! steals, once, and a slot from which one may steal is filled once.

use crate::common::drive;
use crate::common::inline::{Body, Say};
use crate::common::ledger::{Ledger, Seen};
use crate::common::manual::{Home, Manual};
use corecast::loom_api::system::Registry;
use corecast::loom_api::task::{self, Bench, Census, Hand, Member, Shared};
use corecast::{Actor, ActorContext, ActorRef, Handler, Message, SendErrorReason, StopReason};
use loom::sync::atomic::{AtomicBool, Ordering::Relaxed};
use loom::thread::{self, JoinHandle, ThreadId};
use loom_tests::{Bounds, Outcomes, model_in_all_modes};
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

/// What a handler waits for: all of it. The wakers are left by its first poll, before there is another thread.
struct Gate {
    events: [AtomicBool; 2],
    wakers: Mutex<Vec<Waker>>,
    /// Which threads polled. Outside of the model.
    polled: Mutex<Vec<ThreadId>>,
}

impl Gate {
    /// Some have happened from the beginning.
    fn new(waits_for: usize) -> Arc<Self> {
        let events = std::array::from_fn(|event| AtomicBool::new(event >= waits_for));
        Arc::new(Self { events, wakers: Mutex::default(), polled: Mutex::default() })
    }

    fn waker(&self) -> Waker {
        self.wakers.lock().unwrap().pop().expect("a waker for each who wants one")
    }

    fn happen(&self, event: usize, waker: Waker) {
        self.events[event].store(true, Relaxed);
        waker.wake();
    }

    fn polls(&self) -> Vec<ThreadId> {
        self.polled.lock().unwrap().clone()
    }
}

/// Does what it is told.
struct Neighbour(Body);

struct Call(Box<dyn FnOnce() + Send>);

impl Message for Call {
    type Result = ();
}

impl Actor for Neighbour {
    async fn post_stop(&mut self, reason: &StopReason, _ctx: &mut ActorContext<Self>) {
        self.0.stopped(reason);
    }
}

impl Handler<Call> for Neighbour {
    async fn handle(&mut self, Call(call): Call, _ctx: &mut ActorContext<Self>) {
        self.0.touch();
        call();
    }
}

/// Waits at a gate, with its neighbour in the next-slot.
struct Waiter {
    body: Body,
    gate: Arc<Gate>,
    neighbour: ActorRef<Neighbour>,
    /// What the neighbour does meanwhile.
    call: Option<Call>,
}

impl Actor for Waiter {
    async fn post_stop(&mut self, reason: &StopReason, _ctx: &mut ActorContext<Self>) {
        self.body.stopped(reason);
    }
}

impl Handler<Say> for Waiter {
    async fn handle(&mut self, msg: Say, _ctx: &mut ActorContext<Self>) {
        poll_fn(|context| {
            self.body.touch();
            if let Some(call) = self.call.take() {
                self.neighbour.try_tell(call).unwrap();
                self.gate.wakers.lock().unwrap().extend((0..2).map(|_| context.waker().clone()));
            }
            self.gate.polled.lock().unwrap().push(thread::current().id());
            if self.gate.events.iter().all(|event| event.load(Relaxed)) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        self.body.ledger.note(|seen| seen.handled.push(msg.0));
    }
}

/// A waiter that is held, and its worker, which is about to run the neighbour.
struct Holding {
    ledger: Ledger,
    gate: Arc<Gate>,
    waiter: ActorRef<Waiter>,
}

impl Holding {
    /// Up to where the waiter is held by `worker`; the neighbour is to do `call`.
    fn new(
        home: &Home,
        worker: &mut Manual,
        ledger: &Ledger,
        gate: &Arc<Gate>,
        call: impl FnOnce() + Send + 'static,
    ) -> Self {
        let host = Shared::new(home.clone());
        let (neighbour, task) = host.actor(None, Neighbour(Body::new(ledger)));
        worker.begin(task);
        let (body, call) = (Body::new(ledger), Some(Call(Box::new(call))));
        let (waiter, task) = host.actor(None, Waiter { body, gate: Arc::clone(gate), neighbour, call });
        worker.begin(task);
        waiter.try_tell(Say(1)).unwrap();
        worker.step();
        assert!(worker.hand().has_held() && worker.hand().has_next());
        Self { ledger: ledger.clone(), gate: Arc::clone(gate), waiter }
    }

    /// Lets the actors go and their worker bring them to their end.
    fn end(self, worker: &mut Manual) -> Seen {
        drop(self.waiter);
        worker.work();
        assert!(!worker.hand().has_held() && !worker.hand().has_next());
        self.ledger.ended(2)
    }
}

/// Another thread's part.
type Part = Box<dyn FnOnce() + Send>;

/// One execution: the worker runs the neighbour, which makes the event happen that is `local`, if there is one, and what comes
/// after it, while others do their parts.
fn execute(
    waits_for: usize,
    local: Option<usize>,
    parts: impl FnOnce(&Holding, &Arc<Hand>) -> Vec<Part>,
) -> (Seen, Vec<ThreadId>) {
    let (ledger, gate) = (Ledger::default(), Gate::new(waits_for));
    let home = Home::new(&ledger);
    let worker = &mut home.worker(Bench::new());
    worker.lend(|worker| {
        let inside = Arc::clone(&gate);
        let call = move || {
            if let Some(event) = local {
                inside.happen(event, inside.waker());
            }
        };
        let holding = Holding::new(&home, worker, &ledger, &gate, call);
        let parts: Vec<_> = parts(&holding, worker.hand()).into_iter().map(thread::spawn).collect();
        worker.work();
        parts.into_iter().for_each(|part: JoinHandle<()>| part.join().unwrap());
        let polls = holding.gate.polls();
        holding.gate.wakers.lock().unwrap().clear();
        (holding.end(worker), polls)
    })
}

fn wakes(holding: &Holding, event: usize) -> Part {
    let (gate, waker) = (Arc::clone(&holding.gate), holding.gate.waker());
    Box::new(move || gate.happen(event, waker))
}

fn kills(holding: &Holding) -> Part {
    let victim = holding.waiter.clone();
    Box::new(move || victim.kill())
}

fn steals(hand: &Arc<Hand>) -> Part {
    let hand = Arc::clone(hand);
    Box::new(move || {
        if hand.has_held()
            && let Some(task) = hand.steal_held()
        {
            drive(task);
        }
    })
}

/// Where the waiter went on after its first poll: all of it must have been seen by the last one.
fn handled(outcomes: &Outcomes, (seen, polls): (Seen, Vec<ThreadId>)) {
    assert_eq!((seen.handled.as_slice(), seen.failed), ([1].as_slice(), 0), "{seen:?}");
    let here = thread::current().id();
    assert_eq!(polls[0], here);
    outcomes.saw(if polls[polls.len() - 1] == here { "went on here" } else { "went on elsewhere" });
}

/// Handled, or dropped at its await point.
fn handled_or_killed(outcomes: &Outcomes, (seen, polls): (Seen, Vec<ThreadId>)) {
    assert_eq!(seen.handled.len() + seen.failed as usize, 1, "{seen:?}");
    assert!(!polls.is_empty());
    outcomes.saw(if seen.failed == 0 { "handled" } else { "killed" });
}

const WENT_ON: [&str; 2] = ["went on here", "went on elsewhere"];

#[test]
fn a_held_task_and_a_wake_by_another_thread() {
    model_in_all_modes("held, a wake", Bounds::default(), &WENT_ON, |outcomes| {
        handled(outcomes, execute(1, None, |holding, _| vec![wakes(holding, 0)]));
    });
}

#[test]
fn a_held_task_and_two_wakes_by_other_threads() {
    model_in_all_modes("held, two wakes", Bounds::default(), &WENT_ON, |outcomes| {
        handled(outcomes, execute(2, None, |holding, _| vec![wakes(holding, 0), wakes(holding, 1)]));
    });
}

#[test]
fn a_held_task_and_a_kill() {
    model_in_all_modes("held, a kill", Bounds::default(), &["killed"], |outcomes| {
        handled_or_killed(outcomes, execute(1, None, |holding, _| vec![kills(holding)]));
    });
}

#[test]
fn a_held_task_a_wake_and_a_kill() {
    model_in_all_modes("held, a wake and a kill", Bounds::default(), &["handled", "killed"], |outcomes| {
        handled_or_killed(outcomes, execute(1, None, |holding, _| vec![wakes(holding, 0), kills(holding)]));
    });
}

#[test]
fn a_task_that_is_woken_out_of_the_slot() {
    model_in_all_modes("out of the slot", Bounds::default(), &["went on here"], |outcomes| {
        handled(outcomes, execute(1, Some(0), |_, _| Vec::new()));
    });
}

#[test]
fn a_task_that_is_woken_out_of_the_slot_and_a_wake_by_another_thread() {
    model_in_all_modes("out of the slot, a wake", Bounds::default(), &WENT_ON, |outcomes| {
        handled(outcomes, execute(2, Some(0), |holding, _| vec![wakes(holding, 1)]));
    });
}

#[test]
fn a_task_that_is_woken_out_of_the_slot_and_a_kill() {
    model_in_all_modes("out of the slot, a kill", Bounds::default(), &["handled", "killed"], |outcomes| {
        handled_or_killed(outcomes, execute(1, Some(0), |holding, _| vec![kills(holding)]));
    });
}

#[test]
fn a_task_that_is_woken_out_of_the_slot_a_wake_and_a_kill() {
    model_in_all_modes("out of the slot, a wake and a kill", Bounds::default(), &["handled", "killed"], |outcomes| {
        handled_or_killed(outcomes, execute(2, Some(0), |holding, _| vec![wakes(holding, 1), kills(holding)]));
    });
}

#[test]
fn a_held_task_a_thief_and_a_wake_by_a_third_thread() {
    model_in_all_modes("held, a thief and a wake", Bounds::default(), &WENT_ON, |outcomes| {
        handled(outcomes, execute(1, None, |holding, hand| vec![steals(hand), wakes(holding, 0)]));
    });
}

#[test]
fn a_task_that_is_woken_out_of_the_slot_and_a_thief() {
    model_in_all_modes("out of the slot, a thief", Bounds::default(), &WENT_ON, |outcomes| {
        handled(outcomes, execute(1, Some(0), |_, hand| vec![steals(hand)]));
    });
}

#[test]
fn a_task_that_is_woken_out_of_the_slot_a_thief_and_a_wake_by_a_third_thread() {
    model_in_all_modes("out of the slot, a thief and a wake", Bounds::default(), &WENT_ON, |outcomes| {
        handled(outcomes, execute(2, Some(0), |holding, hand| vec![steals(hand), wakes(holding, 1)]));
    });
}

#[test]
fn a_held_task_a_thief_and_a_kill() {
    model_in_all_modes("held, a thief and a kill", Bounds::default(), &["killed"], |outcomes| {
        handled_or_killed(outcomes, execute(1, None, |holding, hand| vec![steals(hand), kills(holding)]));
    });
}

/// Asks the next, which asks the next: the last one replies at once.
struct Link {
    body: Body,
    next: Option<ActorRef<Link>>,
    gate: Arc<Gate>,
    /// Its next poll does.
    leaves_waker: bool,
}

struct Ask;

impl Message for Ask {
    type Result = Option<SendErrorReason>;
}

impl Actor for Link {
    async fn post_stop(&mut self, reason: &StopReason, _ctx: &mut ActorContext<Self>) {
        self.body.stopped(reason);
    }
}

impl Handler<Ask> for Link {
    async fn handle(&mut self, _: Ask, _ctx: &mut ActorContext<Self>) -> Option<SendErrorReason> {
        self.body.touch();
        self.ask().await
    }
}

impl Handler<Say> for Link {
    async fn handle(&mut self, msg: Say, _ctx: &mut ActorContext<Self>) {
        self.body.touch();
        self.leaves_waker = msg.0 == 1;
        let failed = self.ask().await.is_some();
        self.body.ledger.note(|seen| if failed { seen.dead.push(msg.0) } else { seen.handled.push(msg.0) });
    }
}

impl Link {
    /// Asks the next one. Why there was no reply, if so.
    async fn ask(&mut self) -> Option<SendErrorReason> {
        let next = self.next.clone()?;
        let mut reply = next.send(Ask);
        drop(next);
        let outcome = poll_fn(|context| {
            self.body.touch();
            if std::mem::take(&mut self.leaves_waker) {
                self.gate.wakers.lock().unwrap().push(context.waker().clone());
            }
            std::pin::Pin::new(&mut reply).poll(context)
        });
        match outcome.await {
            Ok(Some(reason)) => Some(reason),
            Ok(None) => None,
            Err(error) => Some(error.reason().clone()),
        }
    }
}

/// The first of three asks the second one, which asks the third: the first is held, then displaced by the second. Another
/// thread does its part meanwhile, as soon as the first is held.
fn chain(part: impl FnOnce([&ActorRef<Link>; 3], Waker) -> Part) -> Seen {
    let (ledger, gate) = (Ledger::default(), Gate::new(0));
    let home = Home::new(&ledger);
    let worker = &mut home.worker(Bench::new());
    worker.lend(|worker| {
        let host = Shared::new(home.clone());
        let mut make = |next: Option<&ActorRef<Link>>| {
            let link =
                Link { body: Body::new(&ledger), next: next.cloned(), gate: Arc::clone(&gate), leaves_waker: false };
            let (link, task) = host.actor(None, link);
            worker.begin(task);
            link
        };
        let third = make(None);
        let second = make(Some(&third));
        let first = make(Some(&second));
        // Once before: then references go round, and slots begin with their waiters.
        first.try_tell(Say(0)).unwrap();
        worker.work();
        assert_eq!(ledger.note(|seen| std::mem::take(&mut seen.handled)), [0]);
        first.try_tell(Say(1)).unwrap();
        worker.step();
        assert!(worker.hand().has_held() && worker.hand().has_next());
        let other = thread::spawn(part([&first, &second, &third], gate.waker()));
        worker.work();
        other.join().unwrap();
        drop([first, second, third]);
        worker.work();
        assert!(!worker.hand().has_held() && !worker.hand().has_next());
    });
    ledger.ended(3)
}

#[test]
fn one_held_after_another_and_a_wake_by_another_thread() {
    model_in_all_modes("chain, a wake", Bounds::default(), &["handled"], |outcomes| {
        let seen = chain(|_, waker| Box::new(move || waker.wake()));
        assert_eq!((seen.handled.as_slice(), seen.failed), ([1].as_slice(), 0), "{seen:?}");
        outcomes.saw("handled");
    });
}

/// One of the chain is killed.
fn chain_killed(outcomes: &Outcomes, which: usize) {
    let seen = chain(|links, waker| {
        drop(waker);
        let victim = links[which].clone();
        Box::new(move || victim.kill())
    });
    let all = seen.handled.len() + seen.dead.len() + usize::from(which == 0 && seen.failed == 1);
    assert_eq!(all, 1, "{seen:?}");
    outcomes.saw(if seen.handled.is_empty() { "killed" } else { "handled" });
}

#[test]
fn one_held_after_another_and_a_kill_of_the_first() {
    model_in_all_modes("chain, the first killed", Bounds::default(), &["handled", "killed"], |outcomes| {
        chain_killed(outcomes, 0)
    });
}

#[test]
fn one_held_after_another_and_a_kill_of_the_second() {
    model_in_all_modes("chain, the second killed", Bounds::default(), &["handled", "killed"], |outcomes| {
        chain_killed(outcomes, 1)
    });
}

#[test]
fn one_held_after_another_and_a_kill_of_the_third() {
    model_in_all_modes("chain, the third killed", Bounds::default(), &["handled", "killed"], |outcomes| {
        chain_killed(outcomes, 2)
    });
}

/// Two that may wait for each other.
struct Pair([ActorRef<Point>; 2]);

impl Pair {
    fn of(&self, wanted: Member) -> &ActorRef<Point> {
        self.0.iter().find(|actor| Member::of(actor.id()) == wanted).expect("one of the two")
    }
}

impl Census for Pair {
    fn is_suspended(&self, member: Member) -> bool {
        task::is_suspended(self.of(member))
    }

    fn break_wait(&self, member: Member) -> bool {
        task::break_wait(self.of(member))
    }
}

/// Asks the other one, with a neighbour in the next-slot if there is one.
struct Point {
    body: Body,
    neighbour: Option<ActorRef<Neighbour>>,
}

/// Whom to ask.
struct Go(ActorRef<Point>);

impl Message for Go {
    type Result = ();
}

struct Reply;

impl Message for Reply {
    type Result = ();
}

impl Actor for Point {
    async fn post_stop(&mut self, reason: &StopReason, _ctx: &mut ActorContext<Self>) {
        self.body.stopped(reason);
    }
}

impl Handler<Reply> for Point {
    async fn handle(&mut self, _: Reply, _ctx: &mut ActorContext<Self>) {
        self.body.touch();
    }
}

/// Handled is who got the reply; dead is who was told of the circle.
impl Handler<Go> for Point {
    async fn handle(&mut self, Go(other): Go, _ctx: &mut ActorContext<Self>) {
        if let Some(neighbour) = self.neighbour.take() {
            neighbour.try_tell(Call(Box::new(|| ()))).unwrap();
        }
        let answer = other.send(Reply);
        drop(other);
        let told = match answer.await {
            Ok(()) => false,
            Err(error) => {
                assert!(matches!(error.reason(), SendErrorReason::Circle(_)), "{error}");
                true
            }
        };
        self.body.ledger.note(|seen| if told { seen.dead.push(1) } else { seen.handled.push(1) });
    }
}

/// Two ask each other. The first is held by its worker; the second, on another thread, is suspended at once, or held as
/// well. A thief may take the first one over. Returns how many were told.
fn circle(both_held: bool, is_stolen: bool) -> usize {
    let ledger = Ledger::default();
    let registry = Arc::new(Registry::new());
    let home = Home::with(&registry, &ledger);
    let worker = &mut home.worker(Bench::new());
    worker.lend(|worker| {
        let host = Shared::new(home.clone());
        let neighbours = [0, 1].map(|_| {
            let (neighbour, task) = host.actor(None, Neighbour(Body::new(&ledger)));
            worker.begin(task);
            neighbour
        });
        let mut waits_with = neighbours.into_iter();
        let seats = Bench::new();
        let mut make = |is_held: bool| {
            let neighbour = waits_with.next().filter(|_| is_held);
            let (point, task) = host.actor(None, Point { body: Body::new(&ledger), neighbour });
            assert!(seats.seat(&registry, &task));
            (point, task)
        };
        let ((first, begins), (second, there)) = (make(true), make(both_held));
        worker.begin(begins);
        let asked = worker.bench.ask(Pair([first.clone(), second.clone()]));
        second.try_tell(Go(first.clone())).unwrap();
        first.try_tell(Go(second)).unwrap();
        drop(first);
        worker.step();
        assert!(worker.hand().has_held() && worker.hand().has_next());
        let (elsewhere, bench) = (home.clone(), worker.bench.another());
        let other = thread::spawn(move || {
            let other = &mut elsewhere.worker(bench);
            other.lend(|worker| worker.work_on(there));
        });
        let (stolen, elsewhere, bench) = (Arc::clone(worker.hand()), home.clone(), worker.bench.another());
        let thief = is_stolen.then(|| {
            thread::spawn(move || {
                if stolen.has_held()
                    && let Some(task) = stolen.steal_held()
                {
                    // As a worker: it has the system's table of waits.
                    let thief = &mut elsewhere.worker(bench);
                    thief.lend(|thief| thief.work_on(task));
                }
            })
        });
        worker.work();
        other.join().unwrap();
        thief.into_iter().for_each(|thief| thief.join().unwrap());
        worker.work();
        drop(asked);
        worker.work();
    });
    let seen = ledger.ended(4);
    assert_eq!(seen.handled.len() + seen.dead.len(), 2, "{seen:?}");
    assert!(!seen.dead.is_empty(), "nobody was told of the circle");
    seen.dead.len()
}

#[test]
fn two_that_wait_for_each_other_one_of_them_held() {
    let expected = ["one was told", "both were told"];
    model_in_all_modes("circle, one held", Bounds::default(), &expected, |outcomes| {
        outcomes.saw(if circle(false, false) == 1 { "one was told" } else { "both were told" });
    });
}

#[test]
fn two_that_wait_for_each_other_both_of_them_held() {
    model_in_all_modes("circle, both held", Bounds::default(), &["told"], |outcomes| {
        circle(true, false);
        outcomes.saw("told");
    });
}

#[test]
fn two_that_wait_for_each_other_one_of_them_held_and_a_thief() {
    model_in_all_modes("circle, one held and stolen", Bounds::default(), &["told"], |outcomes| {
        circle(false, true);
        outcomes.saw("told");
    });
}
