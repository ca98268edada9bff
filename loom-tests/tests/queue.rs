//! Models of the run queues: the inbox that any thread fills, the next-slot, and the deque over its double.
//!
//! The tasks are jobs: running one touches a cell of loom's that its maker wrote, so that each queue has to pass on what
//! the right to run brings along.
//!
//! The next-slot mixes plain stores with swaps, which loom can't follow where a thief swaps a slot that is empty: in its
//! eyes such a swap and the owner's next store have no order. So the thief looks first, as the worker does (`rescue`),
//! and steals once.

use crate::common::jobs::{Jobs, run};
use corecast::loom_api::scheduler::{Inbox, queue};
use corecast::loom_api::task::Runnable;
use loom::thread;
use loom_tests::{Bounds, linger, model, model_in_all_modes};
use std::sync::{Arc, Mutex};

/// Which jobs ran, in order. Outside of the model.
#[derive(Clone, Default)]
struct Log {
    ran: Arc<Mutex<Vec<u32>>>,
    jobs: Jobs,
}

impl Log {
    fn job(&self, number: u32) -> Runnable {
        let ran = Arc::clone(&self.ran);
        self.jobs.job(move |_| ran.lock().unwrap().push(number))
    }

    fn read(&self) -> Vec<u32> {
        self.ran.lock().unwrap().clone()
    }

    /// Each of the jobs up to `last`, once.
    fn each_once(&self, last: u32) {
        let mut ran = self.read();
        ran.sort_unstable();
        assert_eq!(ran, (1..=last).collect::<Vec<_>>());
    }
}

#[test]
fn two_pushers_and_a_taker() {
    let expected = ["in turns", "one by one"];
    model_in_all_modes("inbox", Bounds::default(), &expected, |outcomes| {
        let (inbox, log) = (Arc::new(Inbox::new()), Log::default());
        let pushers = [vec![1, 2], vec![3]].map(|numbers| {
            let (inbox, log) = (Arc::clone(&inbox), log.clone());
            thread::spawn(move || numbers.into_iter().for_each(|number| inbox.push(log.job(number))))
        });
        // Once while they push, and then the rest.
        linger();
        let early = inbox.take(2, run);
        for pusher in pushers {
            pusher.join().unwrap();
        }
        assert_eq!(early + inbox.take(3, run), 3);
        assert!(inbox.is_empty());
        log.each_once(3);
        let ran = log.read();
        let place = |number| ran.iter().position(|&ran| ran == number);
        assert!(place(1) < place(2), "first in, first out: {ran:?}");
        outcomes.saw(if ran[1] == 3 { "in turns" } else { "one by one" });
    });
}

#[test]
fn a_backlog_is_for_everybody() {
    model("backlog", Bounds::default(), &["one each"], |outcomes| {
        let (inbox, log) = (Arc::new(Inbox::new()), Log::default());
        inbox.push(log.job(1));
        inbox.push(log.job(2));
        let other = Arc::clone(&inbox);
        let taker = thread::spawn(move || other.take(1, run));
        let here = inbox.take(1, run);
        // Each takes one of two: neither may find it empty, also while the other one turns the chain round.
        assert_eq!((here, taker.join().unwrap()), (1, 1));
        log.each_once(2);
        outcomes.saw("one each");
    });
}

#[test]
fn the_next_slot_and_a_thief() {
    let expected = ["stole the first", "stole the second", "stole nothing"];
    model("next-slot", Bounds::default(), &expected, |outcomes| {
        let log = Log::default();
        let (_local, stealable) = queue();
        let stealable = Arc::new(stealable);
        let victim = Arc::clone(&stealable);
        let thief = thread::spawn(move || {
            let stolen = if victim.has_next() { victim.steal_next() } else { None };
            stolen.map(run).is_some()
        });
        let displaced = [stealable.put_next(log.job(1)), stealable.put_next(log.job(2))];
        let own = displaced.into_iter().flatten().chain(stealable.take_next()).map(run).count();
        let stolen = thief.join().unwrap();
        log.each_once(2);
        outcomes.saw(match (stolen, own) {
            (false, 2) => "stole nothing",
            (true, 1) if log.read()[0] == 1 => "stole the first",
            (true, 1) => "stole the second",
            other => panic!("{other:?}"),
        });
    });
}

#[test]
fn the_next_slot_and_two_thieves() {
    let expected = ["taken", "stolen"];
    let bounds = Bounds { preemptions: Some(2), ..Bounds::default() };
    model("two thieves", bounds, &expected, |outcomes| {
        let log = Log::default();
        let (_local, stealable) = queue();
        let stealable = Arc::new(stealable);
        assert!(stealable.put_next(log.job(1)).is_none());
        let thieves: Vec<_> = (0..2)
            .map(|_| {
                let victim = Arc::clone(&stealable);
                thread::spawn(move || victim.steal_next().map(run).is_some())
            })
            .collect();
        let taken = stealable.take_next().map(run).is_some();
        let stolen = thieves.into_iter().map(|thief| thief.join().unwrap()).filter(|&stolen| stolen).count();
        // A thief may have given way to a worker that was about to take it, and that took it.
        assert_eq!(usize::from(taken) + stolen, 1);
        log.each_once(1);
        outcomes.saw(if taken { "taken" } else { "stolen" });
    });
}

#[test]
fn half_of_a_deque_and_its_owner() {
    let expected = ["stole nothing", "stole one", "stole two"];
    model("deque", Bounds::default(), &expected, |outcomes| {
        let log = Log::default();
        let (local, stealable) = queue();
        let from_thief = log.clone();
        for number in 1..=2 {
            let Ok(()) = local.push(log.job(number)) else { panic!("there is room") };
        }
        let thief = thread::spawn(move || {
            let (own, _) = queue();
            let first = stealable.steal_half(&own);
            let stolen = first.into_iter().chain(std::iter::from_fn(|| own.pop())).map(run).count();
            drop(from_thief);
            stolen
        });
        let Ok(()) = local.push(log.job(3)) else { panic!("there is room") };
        let own = std::iter::from_fn(|| local.pop()).map(run).count();
        let stolen = thief.join().unwrap();
        assert_eq!(own + stolen, 3);
        log.each_once(3);
        outcomes.saw(["stole nothing", "stole one", "stole two"][stolen]);
    });
}
