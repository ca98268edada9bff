//! Who runs where and when: nothing runnable is stuck, placed actors stay where they were put, and a
//! handler that never waits still lets others run.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread::{self, ThreadId};

use corecast::{ActorContext, ActorRef, Mailbox};

use crate::support::{
    Echo, LIMIT, Note, Probe, Seen, hold, later, poll_once, probe, recv, run, spawn, spawn_with, system, wait,
};

/// What fills a channel from inside `actor`.
fn fill_from(actor: &ActorRef<Probe>, channel: mpsc::Sender<()>) {
    actor.try_tell(run(move |_ctx| channel.send(()).unwrap())).unwrap();
}

#[test]
fn an_actor_told_by_a_handler_that_then_blocks_its_thread_runs_elsewhere() {
    let system = system(2);
    let (blocker, _) = spawn(&system);
    let (filler, _) = spawn(&system);
    for round in 0..1_000 {
        let filler = filler.clone();
        let filled = blocker.send(run(move |_ctx| {
            let (sender, receiver) = mpsc::channel();
            fill_from(&filler, sender);
            receiver.recv_timeout(LIMIT).is_ok()
        }));
        assert!(wait(filled).unwrap(), "stuck in round {round}");
    }
}

#[test]
fn an_actor_spawned_by_a_handler_that_then_blocks_its_thread_runs_elsewhere() {
    let system = system(2);
    let (blocker, _) = spawn(&system);
    for round in 0..300 {
        let filled = blocker.send(run(move |ctx| {
            let filler = ctx.system().spawn(probe().0).start().unwrap();
            let (sender, receiver) = mpsc::channel();
            fill_from(&filler, sender);
            receiver.recv_timeout(LIMIT).is_ok()
        }));
        assert!(wait(filled).unwrap(), "stuck in round {round}");
    }
}

#[test]
fn the_last_of_many_told_by_a_handler_that_then_blocks_runs_elsewhere() {
    let system = system(2);
    let (blocker, _) = spawn(&system);
    let fillers: Arc<Vec<_>> = Arc::new((0..20).map(|_| spawn(&system).0).collect());
    for round in 0..100 {
        let fillers = Arc::clone(&fillers);
        let filled = blocker.send(run(move |_ctx| {
            let (sender, receiver) = mpsc::channel();
            fillers.iter().for_each(|filler| fill_from(filler, sender.clone()));
            (0..fillers.len()).all(|_| receiver.recv_timeout(LIMIT).is_ok())
        }));
        assert!(wait(filled).unwrap(), "stuck in round {round}");
    }
}

#[test]
fn a_suspended_handler_woken_by_one_that_then_blocks_its_thread_runs_elsewhere() {
    let system = system(2);
    let (blocker, _) = spawn(&system);
    let (filler, _) = spawn(&system);
    for round in 0..300 {
        let (wake, woken) = futures::channel::oneshot::channel::<()>();
        let (sender, receiver) = mpsc::channel();
        let (entered, was_entered) = mpsc::channel();
        drop(filler.send(later(move |_ctx| {
            Box::pin(async move {
                entered.send(()).unwrap();
                let _ = woken.await;
                sender.send(()).unwrap();
            })
        })));
        recv(&was_entered);
        let filled = blocker.send(run(move |_ctx| {
            drop(wake);
            receiver.recv_timeout(LIMIT).is_ok()
        }));
        assert!(wait(filled).unwrap(), "stuck in round {round}");
    }
}

/// Where a handler runs.
fn place(ctx: &mut ActorContext<Probe>) -> (usize, ThreadId) {
    (ctx.worker(), thread::current().id())
}

#[test]
fn a_placed_actor_runs_on_its_worker_only() {
    let system = system(2);
    for worker in [0, 1] {
        let placed = wait(system.spawn(probe().0).on_worker(worker)).unwrap();
        let other = wait(system.spawn(probe().0).on_worker(1 - worker)).unwrap();
        let mut places = HashSet::new();
        for _ in 0..200 {
            // From outside, from the other worker, and after a suspension that this thread ends.
            places.insert(wait(placed.send(run(place))).unwrap());
            let target = placed.clone();
            let asked = other.send(later(move |_ctx| Box::pin(async move { target.send(run(place)).await.unwrap() })));
            places.insert(wait(asked).unwrap());
            let held = hold(&placed);
            let after = placed.send(later(|ctx| {
                Box::pin(async move {
                    ctx.yield_now().await;
                    place(ctx)
                })
            }));
            held.open();
            places.insert(wait(after).unwrap());
        }
        assert_eq!(places.iter().map(|(worker, _)| *worker).collect::<HashSet<_>>(), HashSet::from([worker]));
        assert_eq!(places.len(), 1, "one worker is one thread");
    }
}

#[test]
fn placed_actors_leave_a_busy_worker_s_others_to_the_other_worker() {
    let system = system(2);
    let placed = wait(system.spawn(probe().0).on_worker(0)).unwrap();
    let (free, _) = spawn(&system);
    let (release, released) = mpsc::channel::<()>();
    let (entered, was_entered) = mpsc::channel();
    let blocked = placed.send(run(move |_ctx| {
        entered.send(()).unwrap();
        released.recv_timeout(LIMIT).is_ok()
    }));
    recv(&was_entered);
    // Worker 0 is blocked by its placed actor: everything else runs on worker 1.
    for _ in 0..100 {
        assert_eq!(wait(free.send(run(|ctx| ctx.worker()))).unwrap(), 1);
    }
    release.send(()).unwrap();
    assert!(wait(blocked).unwrap());
}

/// About a millisecond of work that is not optimized away.
fn burn() -> u64 {
    (0..200_000_u64).fold(1, |sum, number| std::hint::black_box(sum ^ number).wrapping_mul(31))
}

#[test]
fn cpu_bound_actors_use_both_workers() {
    let system = system(2);
    let actors: Vec<_> = (0..64).map(|_| spawn(&system).0).collect();
    let mut used = HashSet::new();
    for _ in 0..1_000 {
        let asks: Vec<_> = actors
            .iter()
            .map(|actor| {
                actor.send(run(|ctx| {
                    burn();
                    ctx.worker()
                }))
            })
            .collect();
        used.extend(asks.into_iter().map(|ask| wait(ask).unwrap()));
        if used.len() == 2 {
            return;
        }
    }
    panic!("only worker {used:?} was used");
}

#[test]
fn cpu_bound_actors_started_by_one_handler_use_both_workers() {
    let system = system(2);
    let (parent, _) = spawn(&system);
    let used = Arc::new([const { AtomicBool::new(false) }; 2]);
    let marks = Arc::clone(&used);
    let children = wait(parent.send(run(move |ctx| {
        let system = ctx.system();
        let child = |_| {
            let marks = Arc::clone(&marks);
            let child = system.spawn(probe().0).start().unwrap();
            // Each works until both workers have been seen: one worker alone would never end.
            let done = child.try_send(run(move |ctx| {
                // ORDERING: Relaxed; only the flags themselves are asked for.
                marks[ctx.worker()].store(true, Ordering::Relaxed);
                let deadline = std::time::Instant::now() + LIMIT;
                while !marks.iter().all(|mark| mark.load(Ordering::Relaxed)) {
                    burn();
                    assert!(std::time::Instant::now() < deadline, "the other worker does nothing");
                }
            }));
            done.unwrap()
        };
        (0..64).map(child).collect::<Vec<_>>()
    })))
    .unwrap();
    children.into_iter().for_each(|done| wait(done).unwrap());
}

#[test]
fn a_handler_that_loops_over_ready_tells_lets_others_run() {
    let system = system(1);
    let (looper, _) = spawn(&system);
    let (other, _) = spawn_with(&system, Mailbox::unbounded());
    let ran = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&ran);
    // ORDERING: Relaxed; only the flag itself is asked for.
    let set = run(move |_ctx| flag.store(true, Ordering::Relaxed));
    let turns = looper.send(later(move |_ctx| {
        Box::pin(async move {
            other.tell(set).await.unwrap();
            let mut turns = 0_u32;
            // ORDERING: Relaxed; as above.
            while !ran.load(Ordering::Relaxed) && turns < 1_000_000 {
                other.tell(Note(0)).await.unwrap();
                turns += 1;
            }
            turns
        })
    }));
    assert!(wait(turns).unwrap() < 1_000_000, "the other actor never got its turn");
}

#[test]
fn a_handler_that_loops_over_its_own_yields_lets_others_run() {
    let system = system(1);
    let (looper, _) = spawn(&system);
    let (other, _) = spawn(&system);
    let turns = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&turns);
    let done = looper.send(later(move |ctx| {
        Box::pin(async move {
            let mut echo = other.send(Echo(9));
            loop {
                if let std::task::Poll::Ready(answer) = poll_once(&mut echo) {
                    return answer.unwrap();
                }
                // ORDERING: Relaxed; one thread counts, and looks after a reply.
                count.fetch_add(1, Ordering::Relaxed);
                ctx.yield_now().await;
            }
        })
    }));
    assert_eq!(wait(done).unwrap(), 9);
    // ORDERING: Relaxed; as above.
    assert!(turns.load(Ordering::Relaxed) > 0);
}

#[test]
fn two_actors_that_never_rest_let_a_third_run() {
    let system = system(1);
    let (a, _) = spawn(&system);
    let (b, _) = spawn(&system);
    // They keep each other busy for ever; each message makes the next.
    fn bounce(from: &ActorRef<Probe>, to: &ActorRef<Probe>) {
        let (back, forth) = (from.clone(), to.clone());
        let _ = to.try_tell(run(move |_ctx| bounce(&forth, &back)));
    }
    bounce(&a, &b);
    let (third, _) = spawn(&system);
    for number in 0..100 {
        assert_eq!(wait(third.send(Echo(number))).unwrap(), number);
    }
    a.kill();
    b.kill();
}

#[test]
fn a_flooded_actor_lets_others_run() {
    let system = system(1);
    let (flooded, _) = spawn(&system);
    let stop = Arc::new(AtomicBool::new(false));
    let flood = {
        let (flooded, stop) = (flooded.clone(), Arc::clone(&stop));
        // ORDERING: Relaxed; only the flag itself is asked for.
        thread::spawn(move || while !stop.load(Ordering::Relaxed) && flooded.blocking_tell(Echo(0)).is_ok() {})
    };
    let (other, _) = spawn(&system);
    for number in 0..100 {
        assert_eq!(wait(other.send(Echo(number))).unwrap(), number);
    }
    // ORDERING: Relaxed; as above.
    stop.store(true, Ordering::Relaxed);
    flood.join().unwrap();
}

#[test]
fn one_worker_is_enough_for_everything() {
    let system = system(1);
    let (front, _) = spawn_with(&system, Mailbox::bounded(1));
    let (back, _) = spawn_with(&system, Mailbox::bounded(1));
    let answer = front.send(later(move |ctx| {
        Box::pin(async move {
            let nested = back.send(later(|ctx| {
                Box::pin(async move { ctx.spawn_blocking(|| 20).await.unwrap() + ctx.worker() as u64 })
            }));
            let child = ctx.system().spawn(probe().0).await.unwrap();
            for number in 0..100 {
                child.tell(Note(number)).await.unwrap();
            }
            let seen = child.send(Seen).await.unwrap().len() as u64;
            nested.await.unwrap() + seen
        })
    }));
    assert_eq!(wait(answer).unwrap(), 120);
    assert!(wait(system.shutdown()).is_clean());
}
