//! Models of the task word: a poller, its wakers, late wakers of an earlier handler, and a kill.
//!
//! Whoever is told to schedule runs the task there and then, so that the right to run, the frame and the actor's state
//! pass through the word alone. What a waker did before its wake is a relaxed store: the poll that follows must see it,
//! or the task suspends for good and the model says so.

use corecast::loom_api::task::State;
use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicBool, Ordering::Relaxed};
use loom::thread;
use loom_tests::{Bounds, Outcomes, linger, model, model_in_all_modes};
use std::sync::Arc;

/// What a task's handler has come to. The runner's alone.
#[derive(Default)]
struct Frame {
    polls: u32,
    done: bool,
    dropped: bool,
}

/// A handler that is done when all of `events` have happened; in order, if it is a sequence of handlers.
struct Task {
    state: State,
    frame: UnsafeCell<Frame>,
    events: Vec<AtomicBool>,
}

impl Task {
    fn new(events: usize) -> Arc<Self> {
        Arc::new(Self {
            state: State::new(),
            frame: UnsafeCell::new(Frame::default()),
            events: (0..events).map(|_| AtomicBool::new(false)).collect(),
        })
    }

    /// Polls; on whose behalf doesn't matter.
    fn poll(&self) -> bool {
        self.frame.with_mut(|frame| {
            // SAFETY: loom checks it: whoever runs is alone.
            let frame = unsafe { &mut *frame };
            assert!(!frame.done && !frame.dropped, "polled after its end");
            frame.polls += 1;
            frame.done = self.events.iter().all(|event| event.load(Relaxed));
            frame.done
        })
    }

    /// An activation after the first: as a worker runs it.
    fn run(&self) {
        loop {
            let seen = self.state.resume();
            if seen.is_killed() {
                // SAFETY: as in `poll`.
                self.frame.with_mut(|frame| unsafe { (*frame).dropped = true });
                return;
            }
            if self.poll() || self.state.suspend(seen) {
                return;
            }
        }
    }

    /// The first activation: a fresh handler only looks at the word.
    fn begin(&self) {
        let seen = self.state.look();
        if !self.poll() && !self.state.suspend(seen) {
            self.run();
        }
    }

    fn happen(&self, event: usize) {
        self.events[event].store(true, Relaxed);
        self.wake();
    }

    fn wake(&self) {
        if self.state.wake() {
            self.run();
        }
    }

    fn kill(&self) {
        if self.state.kill() {
            self.run();
        }
    }

    fn frame<R>(&self, look: impl FnOnce(&Frame) -> R) -> R {
        // SAFETY: as in `poll`; called when all have been joined.
        self.frame.with(|frame| look(unsafe { &*frame }))
    }
}

fn many(outcomes: &Outcomes, task: &Task) {
    outcomes.saw(match task.frame(|frame| frame.polls) {
        1 => "one poll",
        2 => "two polls",
        3 => "three polls",
        _ => "more polls",
    });
}

const POLLS: [&str; 3] = ["one poll", "two polls", "three polls"];

#[test]
fn a_poller_and_two_wakers() {
    model("two wakers", Bounds::default(), &POLLS, |outcomes| {
        let task = Task::new(2);
        let wakers: Vec<_> = (0..2)
            .map(|event| {
                let task = Arc::clone(&task);
                thread::spawn(move || task.happen(event))
            })
            .collect();
        task.begin();
        wakers.into_iter().for_each(|waker| waker.join().unwrap());
        assert!(task.frame(|frame| frame.done), "a wake was lost");
        many(outcomes, &task);
    });
}

#[test]
fn a_wake_that_comes_before_the_first_poll() {
    let expected = ["one poll", "two polls"];
    model_in_all_modes("early wake", Bounds::default(), &expected, |outcomes| {
        let task = Task::new(1);
        let early = Arc::clone(&task);
        let waker = thread::spawn(move || early.happen(0));
        // In a thread of its own: loom shows nothing stale to a thread that has yielded.
        linger();
        let runner = Arc::clone(&task);
        thread::spawn(move || runner.begin()).join().unwrap();
        waker.join().unwrap();
        assert!(task.frame(|frame| frame.done), "a wake was lost");
        many(outcomes, &task);
    });
}

#[test]
fn a_stale_waker_among_two() {
    let expected = ["one poll", "two polls", "three polls", "more polls"];
    model("stale waker", Bounds::default(), &expected, |outcomes| {
        let task = Task::new(2);
        let one = Arc::clone(&task);
        let stale = thread::spawn(move || {
            one.wake();
            one.happen(0);
        });
        let two = Arc::clone(&task);
        let waker = thread::spawn(move || two.happen(1));
        task.begin();
        stale.join().unwrap();
        waker.join().unwrap();
        assert!(task.frame(|frame| frame.done), "a wake was lost");
        many(outcomes, &task);
    });
}

#[test]
fn a_kill_a_wake_and_a_suspension() {
    let expected = ["done", "dropped", "done, and the kill is known"];
    model("kill", Bounds::default(), &expected, |outcomes| {
        let task = Task::new(1);
        let one = Arc::clone(&task);
        let killer = thread::spawn(move || one.kill());
        let two = Arc::clone(&task);
        let waker = thread::spawn(move || two.happen(0));
        task.begin();
        killer.join().unwrap();
        waker.join().unwrap();
        let (done, dropped) = task.frame(|frame| (frame.done, frame.dropped));
        assert!(done != dropped, "it neither ended nor was killed");
        outcomes.saw(match (done, task.state.resume().is_killed()) {
            (false, _) => "dropped",
            (true, true) => "done, and the kill is known",
            (true, false) => unreachable!("the kill was forgotten"),
        });
        if done && task.frame(|frame| frame.polls) == 1 {
            outcomes.saw("done");
        }
    });
}
