//! Models of whole workers: the shipped loop, with its search, its sleep, its sentinel and its end.
//!
//! A wake that is lost leaves everybody asleep, which loom reports as a deadlock. The sentinel's timed waits end at once
//! here, after the others were let through, and it sleeps for good as soon as it finds everybody asleep.

use crate::common::abort;
use crate::common::jobs::{Jobs, run};
use corecast::loom_api::scheduler::{Parker, Scheduler, Threads, Worker, two_workers};
use corecast::loom_api::task::{Host, Runnable, Shared, Weakly};
use corecast::{Actor, ActorContext, ActorRef, DeadLetter, Handler, Message, StopReason};
use loom::sync::atomic::{AtomicU32, Ordering::Relaxed};
use loom::thread;
use loom_tests::{Bounds, Outcomes, model};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the thread outside waits for: jobs that are done.
struct Done {
    jobs: Jobs,
    count: AtomicU32,
    all: u32,
    parker: Parker,
    /// Which worker ran which job, in order. Outside of the model.
    ran: Mutex<Vec<(u32, usize)>>,
}

impl Done {
    fn new(all: u32) -> Arc<Self> {
        Arc::new(Self {
            jobs: Jobs::default(),
            count: AtomicU32::new(0),
            all,
            parker: Parker::new(),
            ran: Mutex::default(),
        })
    }

    fn note(&self, job: u32, worker: usize) {
        self.ran.lock().unwrap().push((job, worker));
        if self.count.fetch_add(1, Relaxed) + 1 == self.all {
            self.parker.unpark();
        }
    }

    fn wait(&self) {
        self.parker.park();
        let mut ran: Vec<_> = self.ran().into_iter().map(|(job, _)| job).collect();
        ran.sort_unstable();
        assert_eq!(ran, (1..=self.all).collect::<Vec<_>>(), "each once");
    }

    fn ran(&self) -> Vec<(u32, usize)> {
        self.ran.lock().unwrap().clone()
    }

    fn worker_of(&self, job: u32) -> usize {
        self.ran().into_iter().find(|(ran, _)| *ran == job).unwrap().1
    }
}

/// Whole workers take many steps: the models of two of them get by with few preemptions.
fn bounds(preemptions: usize) -> Bounds {
    Bounds { branches: 20_000, preemptions: Some(preemptions), ..Bounds::default() }
}

/// Ends the workers: each leaves, whatever it is doing.
fn end(scheduler: &Scheduler, threads: Threads) {
    scheduler.close();
    threads.join();
}

fn by_workers(outcomes: &Outcomes, same: bool) {
    outcomes.saw(if same { "one worker" } else { "two workers" });
}

#[test]
fn one_worker_and_two_pushes_from_outside() {
    model("one worker", bounds(3), &["in order", "the other way round"], |outcomes| {
        let (scheduler, threads) = Scheduler::start(1);
        let done = Done::new(2);
        let (other, here) = (Arc::clone(&scheduler), Arc::clone(&done));
        let pusher = thread::spawn(move || {
            let done = Arc::clone(&here);
            other.schedule(here.jobs.job(move |worker| done.note(2, worker)));
        });
        let here = Arc::clone(&done);
        scheduler.schedule(done.jobs.job(move |worker| here.note(1, worker)));
        done.wait();
        pusher.join().unwrap();
        end(&scheduler, threads);
        outcomes.saw(if done.ran()[0].0 == 1 { "in order" } else { "the other way round" });
    });
}

/// What a worker runs is read where its thread keeps it, which goes with the thread.
#[test]
fn a_worker_that_runs_a_task_and_leaves_and_who_looks_what_it_runs() {
    model("window", bounds(2), &["nothing", "the task"], |outcomes| {
        let (scheduler, threads) = Scheduler::start(1);
        let done = Done::new(1);
        let here = Arc::clone(&done);
        scheduler.schedule(done.jobs.job(move |worker| here.note(1, worker)));
        let saw = |running: Vec<Option<usize>>| {
            assert_eq!(running.len(), 1);
            outcomes.saw(if running[0].is_none() { "nothing" } else { "the task" });
        };
        saw(scheduler.running());
        done.wait();
        scheduler.close();
        saw(scheduler.running());
        threads.join();
        assert_eq!(scheduler.running(), [None]);
    });
}

#[test]
fn two_workers_and_two_pushes_from_outside() {
    model("two workers", bounds(0), &["one worker"], |outcomes| {
        let (scheduler, threads) = Scheduler::start(2);
        let done = Done::new(2);
        for number in 1..=2 {
            let here = Arc::clone(&done);
            scheduler.schedule(done.jobs.job(move |worker| here.note(number, worker)));
        }
        done.wait();
        end(&scheduler, threads);
        by_workers(outcomes, done.worker_of(1) == done.worker_of(2));
    });
}

#[test]
fn what_is_placed_runs_at_home() {
    model("placed", bounds(1), &["all"], |outcomes| {
        let (scheduler, threads) = Scheduler::start(2);
        let done = Done::new(2);
        for number in 1..=2 {
            let here = Arc::clone(&done);
            let home = number as u16 - 1;
            scheduler.schedule(done.jobs.placed(Some(home), move |worker| {
                assert_eq!(worker, usize::from(home));
                here.note(number, worker);
            }));
        }
        done.wait();
        end(&scheduler, threads);
        outcomes.saw("all");
    });
}

#[test]
fn a_job_that_schedules_two_more() {
    model("local push", bounds(0), &["one worker"], |outcomes| {
        let (scheduler, threads) = Scheduler::start(2);
        let done = Done::new(3);
        let (inside, here) = (Arc::clone(&scheduler), Arc::clone(&done));
        scheduler.schedule(done.jobs.job(move |worker| {
            for number in 2..=3 {
                let done = Arc::clone(&here);
                inside.schedule(here.jobs.job(move |worker| done.note(number, worker)));
            }
            here.note(1, worker);
        }));
        done.wait();
        end(&scheduler, threads);
        by_workers(outcomes, (2..=3).all(|job| done.worker_of(job) == done.worker_of(1)));
    });
}

#[test]
fn a_job_that_blocks_its_thread_until_its_neighbour_has_run() {
    model("stuck", bounds(0), &["rescued"], |outcomes| {
        let (scheduler, threads) = Scheduler::start(2);
        let done = Done::new(2);
        let (inside, here) = (Arc::clone(&scheduler), Arc::clone(&done));
        scheduler.schedule(done.jobs.job(move |worker| {
            let (neighbour, ran) = (Arc::clone(&here), Arc::new(Parker::new()));
            let wake = Arc::clone(&ran);
            inside.schedule(here.jobs.job(move |worker| {
                neighbour.note(2, worker);
                wake.unpark();
            }));
            ran.park();
            here.note(1, worker);
        }));
        done.wait();
        end(&scheduler, threads);
        assert_ne!(done.worker_of(1), done.worker_of(2));
        outcomes.saw("rescued");
    });
}

#[test]
fn a_sentinel_that_goes_to_sleep_for_good_and_a_worker_that_gets_stuck() {
    model("stuck, by hand", bounds(2), &["rescued"], |outcomes| {
        let (scheduler, [stuck, sentinel]) = two_workers();
        let done = Done::new(1);
        let (pusher, jobs) = (Arc::clone(&scheduler), done.jobs.clone());
        let pusher = thread::spawn(move || pusher.schedule(jobs.placed(Some(0), |_| ())));
        let sentinel = thread::spawn(move || {
            let worker = Worker::new(sentinel);
            while worker.sleep() {
                if let Some(job) = worker.find() {
                    run(job);
                }
            }
        });
        let worker = Worker::new(stuck);
        assert!(worker.sleep());
        // The job that it was woken for schedules another one and then blocks the thread.
        let neighbour = Arc::clone(&done);
        worker.schedule_next(done.jobs.job(move |_| neighbour.note(1, 1)));
        done.wait();
        worker.find().map(run).unwrap();
        pusher.join().unwrap();
        scheduler.close();
        sentinel.join().unwrap();
        outcomes.saw("rescued");
    });
}

#[test]
fn one_worker_and_a_timer_from_outside() {
    model("timer", bounds(2), &["fired"], |outcomes| {
        let (scheduler, threads) = Scheduler::start(1);
        let done = Done::new(1);
        let (inside, here) = (Arc::clone(&scheduler), Arc::clone(&done));
        scheduler.arm_due(move || {
            // It is user code, and may take its time: nobody may rely on whoever runs it.
            if inside.relies_on(0) {
                abort("an errand is run by a worker that is listed as asleep, or counted as searching");
            }
            here.note(1, 0);
        });
        done.wait();
        end(&scheduler, threads);
        outcomes.saw("fired");
    });
}

#[test]
fn one_worker_and_more_timers_than_it_fires_at_once() {
    model("timers", bounds(1), &["fired"], |outcomes| {
        let (scheduler, threads) = Scheduler::start(1);
        let done = Done::new(5);
        for number in 1..=5 {
            let here = Arc::clone(&done);
            scheduler.arm_due(move || here.note(number, 0));
        }
        done.wait();
        assert!(done.ran().is_sorted(), "in order");
        end(&scheduler, threads);
        outcomes.saw("fired");
    });
}

#[test]
fn a_job_that_blocks_its_thread_until_its_timer_has_fired() {
    model("stuck, with a timer", bounds(0), &["fired"], |outcomes| {
        let (scheduler, threads) = Scheduler::start(2);
        let done = Done::new(2);
        let (inside, here) = (Arc::clone(&scheduler), Arc::clone(&done));
        scheduler.schedule(done.jobs.job(move |worker| {
            let (timer, fired) = (Arc::clone(&here), Arc::new(Parker::new()));
            let wake = Arc::clone(&fired);
            inside.arm_due(move || {
                timer.note(2, 1 - worker);
                wake.unpark();
            });
            fired.park();
            here.note(1, worker);
        }));
        done.wait();
        end(&scheduler, threads);
        outcomes.saw("fired");
    });
}

/// A host whose actors the workers run; that they end is the last of their jobs.
struct Home {
    workers: Arc<Scheduler>,
    done: Arc<Done>,
    ended: AtomicU32,
}

impl Host for Home {
    fn schedule(&self, runnable: Runnable) {
        self.workers.schedule(runnable);
    }

    fn message_failed(&self, cause: &StopReason) {
        abort(cause);
    }

    fn dead_letter(&self, letter: DeadLetter) {
        abort(format_args!("{letter:?}"));
    }

    fn actor_failed(&self, reason: &StopReason) {
        abort(reason);
    }

    fn ended(&self) {
        let last = 3 - self.ended.fetch_add(1, Relaxed);
        self.done.note(last, 0);
    }

    fn expire_later(&self, _task: Weakly) {}
}

struct Go;
struct Ask;

impl Message for Go {
    type Result = ();
}

impl Message for Ask {
    type Result = usize;
}

/// Replies with its worker.
struct Callee;

impl Actor for Callee {}

impl Handler<Ask> for Callee {
    async fn handle(&mut self, _: Ask, ctx: &mut ActorContext<Self>) -> usize {
        ctx.worker()
    }
}

/// Asks twice: the second time with its waiter in the slot.
struct Asker(ActorRef<Callee>, Arc<Done>, Arc<Mutex<Vec<usize>>>);

impl Actor for Asker {}

impl Handler<Go> for Asker {
    async fn handle(&mut self, _: Go, ctx: &mut ActorContext<Self>) {
        for _ in 0..2 {
            let callee = self.0.send(Ask).await.unwrap();
            self.2.lock().unwrap().extend([callee, ctx.worker()]);
        }
        self.1.note(1, ctx.worker());
    }
}

fn a_send(name: &str, preemptions: usize, expected: &[&'static str]) {
    // Hundreds of thousands of executions: a minute and a half alone, and several times that beside other work.
    let bounds = Bounds { time: Duration::from_secs(900), ..bounds(preemptions) };
    model(name, bounds, expected, |outcomes| {
        let (scheduler, threads) = Scheduler::start(2);
        let (done, places) = (Done::new(3), Arc::default());
        let (workers, ended) = (Arc::clone(&scheduler), AtomicU32::new(0));
        let host = Shared::new(Home { workers, done: Arc::clone(&done), ended });
        let (callee, begins) = host.actor(None, Callee);
        scheduler.schedule(begins);
        let (asker, begins) = host.actor(None, Asker(callee, Arc::clone(&done), Arc::clone(&places)));
        asker.try_tell(Go).unwrap();
        drop((asker, host));
        scheduler.schedule(begins);
        done.wait();
        end(&scheduler, threads);
        let places = places.lock().unwrap();
        by_workers(outcomes, places.iter().all(|&place| place == places[0]));
    });
}

#[test]
fn an_actor_asks_another_one() {
    a_send("send", 0, &["one worker"]);
}

/// With one preemption. The model above has none, and takes longer than any other of the quick set.
#[test]
#[ignore = "full"]
fn an_actor_asks_another_one_while_its_worker_is_interrupted() {
    a_send("send, interrupted", 1, &["one worker", "two workers"]);
}

#[test]
fn an_end_without_any_work() {
    model("close", bounds(3), &["ended"], |outcomes| {
        let (scheduler, threads) = Scheduler::start(2);
        end(&scheduler, threads);
        outcomes.saw("ended");
    });
}
