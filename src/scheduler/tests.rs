//! Whom a fan-out wakes, who is next, and whose tasks a hand takes; and what lies on which cache lines. The workers have no
//! threads: they are listed as asleep, their drivers count, and what they are to run is run by hand.

use std::any::Any;
use std::mem::offset_of;
use std::time::Duration;

use super::affinity::Placement;
use super::driver::Driver;
use super::worker::Worker;
use super::{Door, Remote, Runnable, Scheduler};
use crate::actor::Body;
use crate::actor::reference::ActorRef;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::barrier::Barrier;
use crate::sync::limits::{MANY, NEXT_SLOT_RUNS};
use crate::sync::time::{Clock, Moment};
use crate::task::circle::Circle;
use crate::task::hand;
use crate::task::handle::Weak;
use crate::task::identity::{ActorId, ActorInfo};
use crate::task::lane::Name;
use crate::task::letter::{DeadLetter, Host};
use crate::task::lodging::House;
use crate::task::reason::StopReason;
use crate::task::run::{After, Bench, Common};
use crate::task::seats::Seats;
use crate::task::startup::Startup;
use crate::task::trace::Slow;
use crate::task::typed::Task;
use crate::task::waits::Waits;
use crate::task::{Plan, Scratch, SendLimit};
use crate::{Actor, ActorContext, Handler, Message, MessageBroker};

/// Counts how often a worker is woken.
#[derive(Clone, Debug, Default)]
struct Bell(Arc<AtomicUsize>);

impl Driver for Bell {
    fn park(&self, _timeout: Option<Duration>) {
        unreachable!("no worker has a thread");
    }

    fn unpark(&self) {
        // ORDERING: Relaxed; one thread.
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Schedules, and no more.
struct Hand(Arc<Scheduler>, House);

impl Host for Hand {
    fn schedule(&self, runnable: Runnable) {
        self.0.schedule(runnable);
    }

    fn is_inside(&self) -> bool {
        false
    }

    fn message_failed(&self, _: ActorInfo, _: &'static str, cause: &StopReason, _: bool) {
        unreachable!("{cause}");
    }

    fn dead_letter(&self, letter: DeadLetter) {
        unreachable!("{}", letter.cause());
    }

    fn free_name(&self, _: &str) {}

    fn actor_failed(&self, _: ActorInfo, reason: &StopReason, _: bool) {
        unreachable!("{reason}");
    }

    fn seats(&self) -> Option<&Seats> {
        None
    }

    fn ended(&self) {}

    fn expire_later(&self, _: Weak) {}

    fn look_later(&self, _: Weak, _: Moment) {}

    fn check_later(&self, _: &Weak, _: Option<Name>, _: Moment) -> Option<Name> {
        None
    }

    fn handler_slow(&self, _: ActorInfo, _: Slow) {}

    fn send_timeout(&self) -> Option<Duration> {
        None
    }

    fn circle(&self, _: ActorId, _: ActorId) -> Option<Circle> {
        None
    }

    fn timekeeper(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        None
    }

    fn scheduler(&self) -> Option<&(dyn Any + Send + Sync)> {
        None
    }

    fn house(&self) -> &House {
        &self.1
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[derive(Clone)]
struct Tick;

impl Message for Tick {
    type Result = ();
}

/// Counts what all of them have handled.
struct Ear(Arc<AtomicUsize>);

impl Actor for Ear {}

impl Handler<Tick> for Ear {
    async fn handle(&mut self, _: Tick, _ctx: &mut ActorContext<Self>) {
        // ORDERING: Relaxed; one thread.
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Workers without threads, and actors on them.
struct Hall {
    scheduler: Arc<Scheduler>,
    bells: Vec<Bell>,
    workers: Vec<Worker>,
    handled: Arc<AtomicUsize>,
}

impl Hall {
    fn new(workers: usize) -> Self {
        let bells = vec![(); workers].into_iter().map(|()| Bell::default()).collect::<Vec<_>>();
        let drivers = bells.iter().map(|bell| Box::new(bell.clone()) as Box<dyn Driver>).collect();
        let (scheduler, locals) = Scheduler::driven_by(drivers, Placement::Free, None);
        let workers = locals.into_iter().enumerate();
        let workers = workers.map(|(index, local)| Worker::new(Arc::clone(&scheduler), index, local)).collect();
        Self { scheduler, bells, workers, handled: Arc::default() }
    }

    /// An actor that has started, placed or not.
    fn actor(&self, placed: Option<u16>) -> ActorRef<Ear> {
        let (actor, runnable) = self.make(placed);
        self.run(runnable);
        actor
    }

    /// An actor under a host of its own, and the right to start it.
    fn make(&self, placed: Option<u16>) -> (ActorRef<Ear>, Runnable) {
        let host = House::open(Arc::new(Hand(Arc::clone(&self.scheduler), House::new())));
        let plan = Plan {
            capacity: 4,
            placed,
            keep_alive: false,
            limit: SendLimit::None,
            host,
            startup: Startup::nobody(),
            fittings: None,
        };
        let ear = Ear(Arc::clone(&self.handled));
        let (task, runnable) = Task::create(plan, Body::new(ear));
        (ActorRef::new(task), runnable)
    }

    /// A broker, and actors that subscribe to its topic `clock`.
    fn audience(&self, places: impl Iterator<Item = Option<u16>>) -> (MessageBroker, Vec<ActorRef<Ear>>) {
        let broker = MessageBroker::new();
        let actors: Vec<_> = places.map(|placed| self.actor(placed)).collect();
        for actor in &actors {
            drop(broker.subscribe::<Tick>("clock", actor).start().unwrap());
        }
        (broker, actors)
    }

    fn run(&self, runnable: Runnable) {
        let common = Common { clock: Clock::new(), waits: Waits::new(), slow: None };
        let mut bench = Bench::new(Scratch::new(), &common, common.clock.now(), None);
        assert!(matches!(runnable.run(&mut bench), After::Rested));
    }

    /// All workers go to sleep: nobody has anything to do.
    fn fall_asleep(&self) {
        for worker in 0..self.workers.len() {
            self.scheduler.idle.fall_asleep(worker, false);
        }
    }

    /// How often each worker has been woken.
    fn rung(&self) -> Vec<usize> {
        // ORDERING: Relaxed; one thread.
        self.bells.iter().map(|bell| bell.0.load(Ordering::Relaxed)).collect()
    }

    /// Runs all that there is. Returns what has been handled so far.
    fn work(&self) -> usize {
        for worker in &self.workers {
            while let Some((runnable, _)) = worker.find() {
                self.run(runnable);
            }
        }
        // ORDERING: Relaxed; one thread.
        self.handled.load(Ordering::Relaxed)
    }
}

#[test]
fn a_publish_to_many_subscribers_of_one_idle_worker_wakes_it_once() {
    for placed in [None, Some(0)] {
        let hall = Hall::new(1);
        let (broker, actors) = hall.audience((0..10).map(|_| placed));
        let topic = broker.topic::<Tick>("clock").unwrap();
        hall.fall_asleep();
        for _ in 0..2 {
            drop(topic.publish(Tick));
            assert_eq!(hall.rung(), [1], "one wake for ten subscribers, and none for who is awake");
        }
        assert_eq!(hall.work(), 20);
        drop((topic, broker, actors));
        assert_eq!(hall.work(), 20);
    }
}

#[test]
fn a_publish_wakes_each_idle_worker_that_has_subscribers_once() {
    let hall = Hall::new(3);
    let (broker, actors) = hall.audience((0..10).map(|index| Some(index % 2)));
    hall.fall_asleep();
    drop(broker.publish("clock", Tick));
    assert_eq!(hall.rung(), [1, 1, 0], "nothing of it is for the third");
    assert_eq!(hall.work(), 10);
    drop((broker, actors));
    assert_eq!(hall.work(), 10);
}

#[test]
fn a_publish_to_subscribers_that_may_run_anywhere_wakes_one_worker() {
    let hall = Hall::new(2);
    let (broker, actors) = hall.audience((0..10).map(|_| None));
    hall.fall_asleep();
    drop(broker.publish("clock", Tick));
    assert_eq!(hall.rung().iter().sum::<usize>(), 1, "it calls the others when it finds more than it can do");
    assert_eq!(hall.work(), 10);
    drop((broker, actors));
    assert_eq!(hall.work(), 10);
}

#[test]
fn nobody_is_woken_for_a_few_that_take_short_turns() {
    let hall = Hall::new(2);
    let (actors, mut runnables): (Vec<_>, Vec<_>) = (0..=MANY).map(|_| hall.make(None)).unzip();
    let [awake, other] = &hall.workers[..] else { unreachable!("two workers") };
    hall.scheduler.idle.fall_asleep(1, false);
    let last = runnables.pop().expect("more than a few");
    // One is in the next-slot, a few are behind it.
    runnables.into_iter().for_each(|runnable| awake.schedule_next(runnable));
    awake.ask_for_help();
    assert_eq!(hall.rung(), [0, 0]);
    assert!(!other.sees_work() && other.steal(false).is_none(), "they are left to their worker");
    awake.schedule_next(last);
    awake.ask_for_help();
    assert_eq!(hall.rung(), [0, 1], "more than a few are for all");
    assert!(other.sees_work());
    hall.run(other.steal(false).expect("half of them"));
    assert_eq!(hall.work(), 0, "all have started");
    drop(actors);
    assert_eq!(hall.work(), 0, "and ended");
}

#[test]
fn a_few_are_taken_from_a_worker_that_does_not_come_to_them() {
    let hall = Hall::new(2);
    let (actors, runnables): (Vec<_>, Vec<_>) = (0..2).map(|_| hall.make(None)).unzip();
    let [stuck, other] = &hall.workers[..] else { unreachable!("two workers") };
    runnables.into_iter().for_each(|runnable| stuck.schedule_next(runnable));
    // No activation has begun since the search began.
    other.note_activations();
    hall.run(other.steal(true).expect("the one in the deque"));
    hall.run(other.rescue().expect("the one in the next-slot"));
    assert!(stuck.find().is_none());
    drop(actors);
    assert_eq!(hall.work(), 0);
}

#[test]
fn deque_and_placed_tasks_take_turns_beside_a_full_next_slot() {
    let hall = Hall::new(1);
    let worker = &hall.workers[0];
    let (actors, runnables): (Vec<_>, Vec<_>) =
        [None, None, None, Some(0)].map(|place| hall.make(place)).into_iter().unzip();
    let again = |runnable: Runnable| {
        let is_placed = runnable.placed().is_some();
        if is_placed {
            worker.schedule_placed(runnable)
        } else {
            worker.schedule_next(runnable)
        }
        is_placed
    };
    for runnable in runnables {
        again(runnable);
    }
    let placed = (0..20 * (NEXT_SLOT_RUNS + 1)).filter(|_| {
        let (runnable, _) = worker.find().expect("there is always one in the next-slot");
        // ORDERING: Relaxed; one thread.
        hall.scheduler.workers[0].activations.fetch_add(1, Ordering::Relaxed);
        again(runnable)
    });
    // Twenty turns aren't the next-slot's, and half of them aren't the deque's.
    let placed = placed.count();
    assert!((8..=12).contains(&placed), "{placed} of 20");
    assert_eq!(hall.work(), 0, "all have started");
    drop(actors);
    assert_eq!(hall.work(), 0, "and ended");
}

/// Where a field ends that begins at `start`; its type is that of what `get` gets.
fn end<S, T>(start: usize, _get: fn(&S) -> &T) -> usize {
    start + size_of::<T>()
}

/// The lines, in pairs, that a field occupies.
macro_rules! lines {
    ($owner:ty, $($field:ident),+) => {
        [$({
            let start = offset_of!($owner, $field);
            (stringify!($field), start / 128..end(start, |owner: &$owner| &owner.$field).div_ceil(128))
        }),+]
    };
}

#[test]
fn what_is_written_often_shares_no_line_with_what_everybody_reads() {
    let written = lines!(Scheduler, outside, idle, keeper);
    let read = lines!(Scheduler, number, workers, common, seats, timers, placement, closing, watched);
    for (index, (name, lines)) in written.iter().enumerate() {
        for (other, others) in written[..index].iter().chain(&read) {
            assert!(lines.end <= others.start || others.end <= lines.start, "{name} and {other}");
        }
    }
    assert_eq!(align_of::<Scheduler>(), 128, "the counts of its references are apart, too");
}

#[test]
fn what_a_worker_writes_shares_no_line_with_what_others_write() {
    let own = lines!(Remote, queue, activations);
    let [(_, door)] = lines!(Remote, door);
    assert!(own.iter().all(|(_, own)| own.end <= door.start || door.end <= own.start));
    assert!(size_of::<Door>() <= 128 && size_of::<Remote>() == 256, "nor with another worker's");
}

/// The last actor's end may free its host on the worker's own thread, and user code that is run there later may make another
/// one, in the same place.
#[test]
fn a_hand_is_for_its_own_host_and_for_none_that_takes_its_place() {
    let hall = Hall::new(1);
    let hand = hand::Hand::new(Barrier::new());
    let lent = hand.lend();
    let (own, runnable) = hall.make(None);
    hand.learn_host(&runnable);
    hall.run(runnable);
    own.stop();
    drop(own);
    hall.run(hand.next.take().expect("its host's actor is put there"));
    let others: Vec<_> = (0..100).map(|_| hall.actor(None)).collect();
    for other in &others {
        other.try_tell(Tick).unwrap();
        assert!(hand.is_empty(), "an actor of another host");
    }
    drop((others, lent));
    assert_eq!(hall.work(), 100);
}
