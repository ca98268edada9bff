//! Models of timers: who fires, who cancels, who keeps the time; and what a timer brings, against an actor's rest and end.
//!
//! No time passes in a model: what is due is due from the beginning, and a sleep until later is a sleep for good.

use crate::common::inline::{Body, Inline, Say};
use crate::common::ledger::{Ledger, Seen};
use crate::common::{abort, drive};
use corecast::loom_api::reply;
use corecast::loom_api::scheduler::{Idle, Keeper, Parker, Scheduler, Timers, block_on, two_workers};
use corecast::loom_api::task::{self, Host, Runnable, Weakly};
use corecast::{Actor, ActorContext, ActorError, ActorRef, DeadLetter, Handler, StopReason, Timer};
use loom::cell::UnsafeCell;
use loom::thread;
use loom_tests::{Bounds, linger, model, model_in_all_modes};
use std::future::poll_fn;
use std::pin::Pin;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

/// What an errand does: a write that whoever armed it must have come before, and nobody else makes.
struct Deed {
    cell: UnsafeCell<u32>,
    count: std::sync::atomic::AtomicU32,
}

// SAFETY: loom checks the cell.
unsafe impl Sync for Deed {}

impl Deed {
    fn new() -> Arc<Self> {
        Arc::new(Self { cell: UnsafeCell::new(0), count: std::sync::atomic::AtomicU32::new(0) })
    }

    fn prepare(&self) {
        // SAFETY: loom checks it.
        self.cell.with_mut(|cell| unsafe { *cell = 1 });
    }

    fn errand(self: &Arc<Self>) -> impl FnOnce() + Send + 'static {
        let deed = Arc::clone(self);
        move || {
            // A guard stands around errands: what loom finds must not be taken for their own panic.
            let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                // SAFETY: loom checks it: after `prepare`, and once.
                deed.cell.with_mut(|cell| assert_eq!(unsafe { std::mem::replace(&mut *cell, 2) }, 1));
            }));
            if found.is_err() {
                abort("an errand isn't ordered behind its arming");
            }
            deed.count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }

    fn count(&self) -> u32 {
        self.count.load(std::sync::atomic::Ordering::Relaxed)
    }
}

#[test]
fn a_timer_armed_on_one_worker_fired_by_another_cancelled_by_a_third() {
    let expected = ["fired", "cancelled"];
    model("arm, fire, cancel", Bounds::default(), &expected, move |outcomes| {
        let (timers, deed) = (Arc::new(Timers::new(2)), Deed::new());
        let other = Arc::clone(&timers);
        let firing = thread::spawn(move || other.fire(0));
        deed.prepare();
        let (key, is_first) = timers.call(0, 0, deed.errand()).unwrap();
        assert!(is_first);
        let third = Arc::clone(&timers);
        let cancelling = thread::spawn(move || third.disarm(key));
        firing.join().unwrap();
        let cancelled = cancelling.join().unwrap();
        timers.fire(0);
        assert_eq!(deed.count() + u32::from(cancelled), 1, "fired or cancelled, once");
        assert!(!timers.disarm(key) && timers.earliest().is_none());
        outcomes.saw(expected[usize::from(cancelled)]);
    });
}

#[test]
fn two_workers_that_fire_and_a_close() {
    model("fire, close", Bounds::default(), &["fired", "dropped"], |outcomes| {
        let (timers, deeds) = (Arc::new(Timers::new(1)), [Deed::new(), Deed::new()]);
        for (place, deed) in deeds.iter().enumerate() {
            deed.prepare();
            timers.call(place, 0, deed.errand()).unwrap();
        }
        let firing = [(); 2].map(|()| {
            let timers = Arc::clone(&timers);
            thread::spawn(move || timers.fire(0))
        });
        timers.close();
        assert!(timers.call(0, 0, || ()).is_none(), "closed");
        let _ = firing.map(|firing| firing.join().unwrap());
        for deed in deeds {
            assert_eq!(Arc::strong_count(&deed), 1, "done or dropped");
            outcomes.saw(if deed.count() == 1 { "fired" } else { "dropped" });
        }
    });
}

struct Pool {
    timers: Timers,
    keeper: Keeper,
    idle: Idle,
    parkers: [Parker; 2],
}

impl Pool {
    fn new(workers: usize) -> Arc<Self> {
        let parkers = [Parker::new(), Parker::new()];
        Arc::new(Self { timers: Timers::new(workers), keeper: Keeper::new(), idle: Idle::new(workers), parkers })
    }

    /// `Scheduler::arm` on a thread outside. Returns whom it woke.
    fn arm_outside(&self, workers: usize, tick: u64, deed: &Arc<Deed>) -> Option<usize> {
        deed.prepare();
        let (_, is_first) = self.timers.call(workers, tick, deed.errand()).unwrap();
        if !is_first || !self.idle.has_sleepers_after_all() || self.keeper.is_up_by(tick) {
            return None;
        }
        let woken = self.idle.worker_to_wake();
        if let Some(worker) = woken {
            self.parkers[worker].unpark();
        }
        woken
    }

    /// `Worker::sleep`, and what it fires then, at tick zero. What isn't due now never is. Returns whether it searches.
    fn rest(&self, worker: usize, searching: bool) -> bool {
        self.idle.fall_asleep(worker, searching);
        linger();
        let earliest = self.timers.earliest();
        if earliest != Some(0) {
            if let Some(later) = earliest {
                self.keeper.keep(worker, later);
            }
            self.parkers[worker].park();
            self.keeper.leave(worker);
        }
        let searching = self.idle.wake_up(worker);
        self.timers.fire(0);
        searching
    }
}

#[test]
fn a_timer_from_outside_against_a_worker_that_goes_to_sleep() {
    let expected = ["woken", "seen"];
    model_in_all_modes("arm and sleep", Bounds::default(), &expected, move |outcomes| {
        let (pool, deed) = (Pool::new(1), Deed::new());
        let (other, done) = (Arc::clone(&pool), Arc::clone(&deed));
        let arming = thread::spawn(move || other.arm_outside(1, 0, &done));
        let mut searching = false;
        // A wake that is lost leaves this one parked for ever.
        while deed.count() == 0 {
            searching = pool.rest(0, searching);
        }
        outcomes.saw(if arming.join().unwrap().is_some() { "woken" } else { "seen" });
    });
}

#[test]
fn an_earlier_timer_against_a_keeper_that_goes_to_sleep() {
    let expected = ["woken", "seen"];
    model_in_all_modes("arm and keep", Bounds::default(), &expected, move |outcomes| {
        let (pool, deed) = (Pool::new(1), Deed::new());
        let late = Deed::new();
        late.prepare();
        pool.timers.call(0, 1_000, late.errand()).unwrap();
        let (other, done) = (Arc::clone(&pool), Arc::clone(&deed));
        let arming = thread::spawn(move || other.arm_outside(1, 0, &done));
        let mut searching = false;
        while deed.count() == 0 {
            searching = pool.rest(0, searching);
        }
        outcomes.saw(if arming.join().unwrap().is_some() { "woken" } else { "seen" });
        assert_eq!(late.count(), 0);
    });
}

#[test]
fn a_keeper_that_is_woken_and_a_worker_that_relies_on_it() {
    let expected = ["it keeps the time itself", "it is woken to do so"];
    model_in_all_modes("the keeper leaves", Bounds::default(), &expected, move |outcomes| {
        let pool = Pool::new(2);
        let late = Deed::new();
        late.prepare();
        pool.timers.call(0, 9, late.errand()).unwrap();
        pool.idle.fall_asleep(0, false);
        assert!(pool.keeper.keep(0, 9));
        assert!(pool.idle.must_wake(0));
        let other = Arc::clone(&pool);
        let keeper = thread::spawn(move || {
            other.keeper.leave(0);
            other.idle.wake_up(0);
            other.idle.sentinel_to_wake()
        });
        pool.idle.fall_asleep(1, false);
        linger();
        let keeps = pool.keeper.keep(1, 9);
        let woken = keeper.join().unwrap();
        assert!(keeps || woken == Some(1), "nobody is up when the time comes");
        outcomes.saw(if keeps { expected[0] } else { expected[1] });
    });
}

/// The rounds of a keeper: each time it has slept so long, what it kept the time for has been fired by somebody else.
const ROUNDS: [u64; 2] = [5, 7];

#[test]
fn a_keeper_that_goes_round_and_a_timer_from_outside() {
    let expected = ["seen", "woken", "both"];
    model_in_all_modes("round and arm", Bounds::default(), &expected, move |outcomes| {
        let (pool, deed) = (Pool::new(1), Deed::new());
        pool.idle.fall_asleep(0, false);
        assert!(pool.keeper.keep(0, ROUNDS[0]));
        let (other, done) = (Arc::clone(&pool), Arc::clone(&deed));
        let arming = thread::spawn(move || other.arm_outside(1, 9, &done));
        let mut kept = false;
        for next in [Some(ROUNDS[1]), None] {
            // It has slept until then, found nothing to do, and sleeps again.
            pool.keeper.leave(0);
            pool.idle.all_asleep();
            linger();
            let earliest = pool.timers.earliest().into_iter().chain(next).min();
            kept = earliest.is_some_and(|earliest| pool.keeper.keep(0, earliest));
        }
        if !kept {
            // For good: a wake that is lost leaves it there.
            pool.parkers[0].park();
            pool.keeper.leave(0);
            pool.idle.wake_up(0);
            assert_eq!(pool.timers.earliest(), Some(9));
        }
        let woken = arming.join().unwrap().is_some();
        outcomes.saw(match (kept, woken) {
            (true, false) => "seen",
            (false, _) => "woken",
            (true, true) => "both",
        });
    });
}

#[test]
fn a_keeper_that_goes_round_and_a_worker_that_relies_on_it() {
    let expected = ["it keeps the time itself", "the keeper goes on"];
    model_in_all_modes("round and rely", Bounds::default(), &expected, move |outcomes| {
        let (pool, deed) = (Pool::new(2), Deed::new());
        pool.idle.fall_asleep(0, false);
        assert!(pool.keeper.keep(0, ROUNDS[0]));
        let (other, done) = (Arc::clone(&pool), Arc::clone(&deed));
        let relying = thread::spawn(move || {
            done.prepare();
            other.timers.call(1, 9, done.errand()).unwrap();
            other.idle.fall_asleep(1, false);
            linger();
            other.keeper.keep(1, 9)
        });
        let mut kept = false;
        for next in [Some(ROUNDS[1]), None] {
            pool.keeper.leave(0);
            pool.idle.all_asleep();
            linger();
            let earliest = pool.timers.earliest().into_iter().chain(next).min();
            kept = earliest.is_some_and(|earliest| pool.keeper.keep(0, earliest));
        }
        let relied = !relying.join().unwrap();
        assert!(kept || !relied, "nobody is up when the time comes");
        outcomes.saw(expected[usize::from(relied)]);
    });
}

#[test]
fn two_workers_that_want_to_keep_the_time() {
    model_in_all_modes("two keepers", Bounds::default(), &["one", "both"], |outcomes| {
        let pool = Pool::new(2);
        let keeping = [(0, 9), (1, 5)].map(|(worker, until)| {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                pool.idle.fall_asleep(worker, false);
                pool.keeper.keep(worker, until)
            })
        });
        let kept = keeping.map(|keeping| keeping.join().unwrap());
        assert!(kept[1] && pool.keeper.is_up_by(5), "the earlier one is kept in any case");
        outcomes.saw(if kept[0] { "both" } else { "one" });
    });
}

/// Takes no waker for thin.
struct Boxed;

// SAFETY: it makes no pointers.
unsafe impl reply::Thin for Boxed {
    fn retain(_waker: &Waker) -> Option<NonNull<()>> {
        None
    }

    fn is_same(_thin: NonNull<()>, _waker: &Waker) -> bool {
        unreachable!("there is none")
    }

    unsafe fn wake(_thin: NonNull<()>) {
        unreachable!("there is none")
    }

    unsafe fn release(_thin: NonNull<()>) {
        unreachable!("there is none")
    }
}

#[test]
fn a_limit_against_a_reply() {
    let expected = ["the reply", "the limit"];
    model("limit, reply", Bounds::default(), &expected, move |outcomes| {
        let timers = Arc::new(Timers::new(1));
        let (sender, mut receiver) = reply::channel::<Arc<()>, Boxed>();
        let value = Arc::new(());
        let sent = Arc::clone(&value);
        let answering = thread::spawn(move || drop(sender.complete(sent)));
        let mut firing = None;
        let (mut key, mut answer) = (None, None);
        block_on(poll_fn(|context| {
            if let Poll::Ready(value) = Pin::new(&mut receiver).poll(context) {
                answer = Some(value);
                return Poll::Ready(());
            }
            match key {
                None => {
                    key = timers.wake(0, 0, context.waker().clone());
                    let timers = Arc::clone(&timers);
                    firing = Some(thread::spawn(move || timers.fire(0)));
                    Poll::Pending
                }
                Some(key) if timers.renew(key, context.waker()) => Poll::Pending,
                Some(_) => Poll::Ready(()),
            }
        }));
        outcomes.saw(expected[usize::from(answer.is_none())]);
        // Whichever it was, the other one comes too late and does no harm.
        if let Some(key) = key {
            timers.disarm(key);
        }
        drop((receiver, answer));
        answering.join().unwrap();
        let _ = firing.map(|firing| firing.join().unwrap());
        assert_eq!(Arc::strong_count(&value), 1, "the reply is dropped once");
    });
}

/// As [`Inline`], with somebody who keeps the time.
struct Timed(Inline, Arc<Scheduler>);

impl Host for Timed {
    fn schedule(&self, runnable: Runnable) {
        drive(runnable);
    }

    fn message_failed(&self, cause: &StopReason) {
        self.0.message_failed(cause);
    }

    fn dead_letter(&self, letter: DeadLetter) {
        self.0.dead_letter(letter);
    }

    fn actor_failed(&self, reason: &StopReason) {
        self.0.actor_failed(reason);
    }

    fn ended(&self) {
        self.0.ended();
    }

    fn expire_later(&self, _task: Weakly) {}

    fn timekeeper(&self) -> Option<&Scheduler> {
        Some(&self.1)
    }
}

/// Sends itself the number 7 as soon as it has started.
struct Ringing {
    body: Body,
    timer: Arc<Mutex<Option<Timer>>>,
}

impl Actor for Ringing {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        self.body.touch();
        let timer = ctx.tell_after(Duration::ZERO, Say(7));
        *self.timer.lock().unwrap() = Some(timer);
        Ok(())
    }

    async fn post_stop(&mut self, reason: &StopReason, _ctx: &mut ActorContext<Self>) {
        self.body.stopped(reason);
    }
}

impl Handler<Say> for Ringing {
    async fn handle(&mut self, say: Say, _ctx: &mut ActorContext<Self>) {
        self.body.touch();
        self.body.ledger.note(|seen| seen.handled.push(say.0));
    }
}

/// An actor with a timer that is due, started.
fn ringing(ledger: &Ledger) -> (ActorRef<Ringing>, Arc<Scheduler>, Arc<Mutex<Option<Timer>>>) {
    let (scheduler, _workers) = two_workers();
    let host = Timed(Inline(ledger.clone()), Arc::clone(&scheduler));
    let timer = Arc::new(Mutex::new(None));
    let actor = Ringing { body: Body::new(ledger), timer: Arc::clone(&timer) };
    let (actor, runnable) = task::actor(host, None, actor);
    drive(runnable);
    (actor, scheduler, timer)
}

/// A message that isn't handled has either been accepted, and is a dead letter, or it has not.
fn fate(seen: &Seen, number: u32) -> Option<bool> {
    let count = |heard: &[u32]| heard.iter().filter(|&&heard| heard == number).count();
    let (handled, dead) = (count(&seen.handled), count(&seen.dead));
    assert!(handled + dead <= 1, "once at most: {seen:?}");
    (handled + dead == 1).then_some(handled == 1)
}

/// Whether something has been done, outside of the model: it orders nothing there.
#[derive(Clone, Default)]
struct Done(Arc<std::sync::atomic::AtomicBool>);

impl Done {
    fn note(&self) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }

    fn is_noted(&self) -> bool {
        self.0.load(std::sync::atomic::Ordering::Relaxed)
    }
}

#[test]
fn a_timers_message_against_a_send() {
    let expected = ["before the other one", "after the other one"];
    model_in_all_modes("ring, send", Bounds::default(), &expected, move |outcomes| {
        let ledger = Ledger::default();
        let (actor, scheduler, timer) = ringing(&ledger);
        let other = Arc::clone(&scheduler);
        let firing = thread::spawn(move || other.fire());
        actor.try_tell(Say(1)).unwrap();
        firing.join().unwrap();
        // Not only when somebody looks again.
        let at_rest = ledger.note(|seen| seen.handled.clone());
        assert!(matches!(at_rest[..], [1, 7] | [7, 1]), "it is at rest: {at_rest:?}");
        outcomes.saw(expected[usize::from(at_rest == [1, 7])]);
        drop(actor);
        timer.lock().unwrap().take();
        scheduler.close();
        let _ = ledger.ended(1);
    });
}

/// The actor ends because nobody reaches it, and does so on purpose: what was accepted is handled, without exception.
#[test]
fn a_timers_message_against_a_send_and_the_last_reference() {
    let expected = ["handled: it fired before the drop", "handled: it fired meanwhile", "never accepted"];
    model_in_all_modes("ring, send, drop", Bounds::default(), &expected, move |outcomes| {
        let ledger = Ledger::default();
        let (actor, scheduler, timer) = ringing(&ledger);
        let (other, fired) = (Arc::clone(&scheduler), Done::default());
        let firing = thread::spawn({
            let fired = fired.clone();
            move || {
                other.fire();
                fired.note();
            }
        });
        actor.try_tell(Say(1)).unwrap();
        let has_fired = fired.is_noted();
        drop(actor);
        firing.join().unwrap();
        assert!(!timer.lock().unwrap().take().unwrap().cancel(), "it has fired");
        scheduler.close();
        let seen = ledger.ended(1);
        assert_eq!(fate(&seen, 1), Some(true), "{seen:?}");
        assert_eq!(seen.stopped, [StopReason::Unreachable.to_string()]);
        assert!(seen.dead.is_empty(), "what was accepted is handled: {seen:?}");
        outcomes.saw(match (fate(&seen, 7), has_fired) {
            (Some(_), true) => expected[0],
            (Some(_), false) => expected[1],
            (None, false) => expected[2],
            (None, true) => panic!("it fired while the actor was reachable: {seen:?}"),
        });
    });
}

#[test]
fn a_timers_message_against_a_stop() {
    let expected = ["handled", "a dead letter", "never accepted"];
    model_in_all_modes("ring, stop", Bounds::default(), &expected, move |outcomes| {
        let ledger = Ledger::default();
        let (actor, scheduler, timer) = ringing(&ledger);
        let other = Arc::clone(&scheduler);
        let firing = thread::spawn(move || other.fire());
        actor.stop();
        firing.join().unwrap();
        drop(actor);
        timer.lock().unwrap().take();
        scheduler.close();
        let seen = ledger.ended(1);
        assert_eq!(seen.stopped, [StopReason::Stopped.to_string()]);
        outcomes.saw(match fate(&seen, 7) {
            Some(true) => expected[0],
            Some(false) => expected[1],
            None => expected[2],
        });
    });
}

#[test]
fn a_timers_message_just_before_a_stop_against_a_send() {
    let expected = ["by itself", "before the other one", "after the other one"];
    model_in_all_modes("ring and stop, send", Bounds::default(), &expected, move |outcomes| {
        let ledger = Ledger::default();
        let (actor, scheduler, timer) = ringing(&ledger);
        let (other, stopping) = (Arc::clone(&scheduler), actor.clone());
        let firing = thread::spawn(move || {
            other.fire();
            stopping.stop();
        });
        let accepted = actor.try_tell(Say(1)).is_ok();
        firing.join().unwrap();
        drop(actor);
        timer.lock().unwrap().take();
        scheduler.close();
        let seen = ledger.ended(1);
        assert_eq!(seen.stopped, [StopReason::Stopped.to_string()]);
        assert_eq!(fate(&seen, 1), accepted.then_some(true), "{seen:?}");
        assert_eq!(fate(&seen, 7), Some(true), "it fired before the stop: {seen:?}");
        outcomes.saw(match seen.handled[..] {
            [7] => expected[0],
            [7, 1] => expected[1],
            _ => expected[2],
        });
    });
}

#[test]
fn a_timers_message_against_its_cancellation() {
    let expected = ["handled", "cancelled"];
    model_in_all_modes("ring, cancel", Bounds::default(), &expected, move |outcomes| {
        let ledger = Ledger::default();
        let (actor, scheduler, timer) = ringing(&ledger);
        let other = Arc::clone(&scheduler);
        let firing = thread::spawn(move || other.fire());
        let cancelled = timer.lock().unwrap().take().unwrap().cancel();
        firing.join().unwrap();
        scheduler.fire();
        assert_eq!(ledger.note(|seen| seen.handled.len()) + usize::from(cancelled), 1, "it is at rest");
        drop(actor);
        scheduler.close();
        let seen = ledger.ended(1);
        assert_eq!(fate(&seen, 7), (!cancelled).then_some(true), "{seen:?}");
        outcomes.saw(if cancelled { "cancelled" } else { "handled" });
    });
}

/// Sends itself 7 and 8. On 7 it gives a reference to itself away, and lets others go on.
struct Giving {
    body: Body,
    given: Given,
    /// Both have fired.
    fired: Done,
    /// 8 did so while the lane was sealed: it waits aside.
    aside: Done,
}

/// Where the reference is left.
type Given = Arc<loom::sync::Mutex<Option<ActorRef<Giving>>>>;

impl Actor for Giving {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        self.body.touch();
        for number in [7, 8] {
            ctx.tell_after(Duration::ZERO, Say(number));
        }
        Ok(())
    }

    async fn post_stop(&mut self, reason: &StopReason, _ctx: &mut ActorContext<Self>) {
        self.body.stopped(reason);
    }
}

impl Handler<Say> for Giving {
    async fn handle(&mut self, say: Say, ctx: &mut ActorContext<Self>) {
        self.body.touch();
        if say.0 == 7 {
            let me = ctx.actor_ref();
            let lane = task::weakly(&me);
            *self.given.lock().unwrap() = Some(me);
            thread::yield_now();
            if self.fired.is_noted() && lane.is_sealed() {
                self.aside.note();
            }
        }
        self.body.ledger.note(|seen| seen.handled.push(say.0));
    }
}

/// An actor that gives itself away on 7, started, with all that it notes.
fn giving(ledger: &Ledger) -> (ActorRef<Giving>, Arc<Scheduler>, Given, [Done; 2]) {
    let (scheduler, _workers) = two_workers();
    let host = Timed(Inline(ledger.clone()), Arc::clone(&scheduler));
    let (given, fired, aside) = (Given::default(), Done::default(), Done::default());
    let body = Body::new(ledger);
    let actor = Giving { body, given: Arc::clone(&given), fired: fired.clone(), aside: aside.clone() };
    let (actor, runnable) = task::actor(host, None, actor);
    drive(runnable);
    (actor, scheduler, given, [fired, aside])
}

/// Fires both, on another thread.
fn fire_both(scheduler: &Arc<Scheduler>, fired: &Done) -> thread::JoinHandle<()> {
    let (scheduler, fired) = (Arc::clone(scheduler), fired.clone());
    thread::spawn(move || {
        scheduler.fire();
        fired.note();
    })
}

/// The end of an actor that nobody reaches: what was accepted is handled.
fn end_of_giving(ledger: &Ledger) -> [bool; 2] {
    let seen = ledger.ended(1);
    assert_eq!(seen.stopped, [StopReason::Unreachable.to_string()]);
    assert!(seen.dead.is_empty(), "what was accepted is handled: {seen:?}");
    [7, 8].map(|number| fate(&seen, number).is_some())
}

/// What fired while the lane was sealed is handled if the actor is reached again, and stays so.
#[test]
fn timers_messages_against_the_last_reference_and_one_that_a_handler_gives_away() {
    let expected = ["in time", "let in after it waited aside", "both too late"];
    model_in_all_modes("ring, drop, give", Bounds::default(), &expected, move |outcomes| {
        let ledger = Ledger::default();
        let (actor, scheduler, given, [fired, aside]) = giving(&ledger);
        let firing = fire_both(&scheduler, &fired);
        let dropping = thread::spawn(move || drop(actor));
        firing.join().unwrap();
        dropping.join().unwrap();
        let heir = given.lock().unwrap().take();
        // Not only when somebody looks again.
        assert_eq!(ledger.note(|seen| seen.handled.contains(&8)), heir.is_some(), "it is at rest");
        drop(heir);
        scheduler.close();
        outcomes.saw(match end_of_giving(&ledger) {
            [true, true] => expected[usize::from(aside.is_noted())],
            [false, false] => expected[2],
            handled => panic!("the actor was reachable when both had fired: {handled:?}"),
        });
    });
}

/// The reference that was given away may be gone before the runner looks for it. Then what waits aside keeps nobody.
#[test]
fn timers_messages_against_a_reference_that_is_given_away_and_let_go_of() {
    let expected = ["in time", "let in after it waited aside", "waited aside in vain", "both too late"];
    model_in_all_modes("ring, give, let go", Bounds::default(), &expected, move |outcomes| {
        let ledger = Ledger::default();
        let (actor, scheduler, given, [fired, aside]) = giving(&ledger);
        let firing = fire_both(&scheduler, &fired);
        let dropping = thread::spawn(move || drop(actor));
        firing.join().unwrap();
        let heir = given.lock().unwrap().take();
        drop(heir);
        dropping.join().unwrap();
        let heir = given.lock().unwrap().take();
        let is_kept = heir.is_some();
        drop(heir);
        scheduler.close();
        outcomes.saw(match end_of_giving(&ledger) {
            [true, true] => expected[usize::from(aside.is_noted())],
            [true, false] if !is_kept => expected[2],
            [false, false] => expected[3],
            handled => panic!("the actor was reachable when both had fired: {handled:?}"),
        });
    });
}
