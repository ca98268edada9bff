//! A handler that waits for an actor of its own worker: whatever becomes of either, it goes on, and as soon as it can.
//!
//! Where a callee blocks its thread until its asker has gone on, the test would hang if another worker didn't see to the
//! asker.

use std::collections::HashSet;
use std::future::{pending, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use corecast::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Message, SendErrorReason, SendFuture, StopReason};
use futures::channel::oneshot;
use futures::future::{Either, FutureExt, join_all, select};
use futures::stream::{FuturesUnordered, StreamExt};

use crate::support::{
    Boom, Carry, Echo, LIMIT, Note, Probe, eventually, later, probe, recv, rounds, run, spawn, system, wait, within,
};

/// Nobody waits so long.
const SOON: Duration = Duration::from_millis(1);

/// A handler's channel, and whether something came out of it in time.
fn blocks<T: Send + 'static>() -> (mpsc::Sender<T>, impl FnOnce() -> bool + Send + 'static) {
    let (sender, receiver) = mpsc::channel();
    (sender, move || receiver.recv_timeout(LIMIT).is_ok())
}

/// Waits for `answer` until something else wakes the asker, and says so to the callee, whose answer is whether that was in
/// time.
async fn goes_on(
    answer: SendFuture<impl Message<Result = bool>>,
    woken: impl Future<Output = ()> + Unpin,
    over: mpsc::Sender<()>,
) -> bool {
    let Either::Right(((), answer)) = select(answer, woken).await else { panic!("the callee waits for its asker") };
    over.send(()).unwrap();
    answer.await.unwrap()
}

#[test]
fn a_limit_ends_a_wait_for_a_callee_that_blocks_its_thread() {
    let system = system(2);
    let ((asker, _), (callee, _)) = (spawn(&system), spawn(&system));
    for round in 0..100 {
        let callee = callee.clone();
        let gone_on = asker.send(later(move |_ctx| {
            Box::pin(async move {
                let (over, is_over) = blocks();
                let (told, was_told) = oneshot::channel();
                let answer = callee.send(run(move |_ctx| told.send(is_over()).unwrap())).timeout(SOON).await;
                let error = answer.expect_err("the callee waits for its asker");
                assert!(matches!(error.reason(), SendErrorReason::Timeout { .. }), "{error}");
                over.send(()).unwrap();
                was_told.await.unwrap()
            })
        }));
        assert!(wait(gone_on).unwrap(), "stuck in round {round}");
    }
}

#[test]
fn a_timer_ends_a_wait_for_a_callee_that_blocks_its_thread() {
    let system = system(2);
    let ((asker, _), (callee, _)) = (spawn(&system), spawn(&system));
    for round in 0..100 {
        let callee = callee.clone();
        let gone_on = asker.send(later(move |ctx| {
            Box::pin(async move {
                let (over, is_over) = blocks();
                let answer = callee.send(run(move |_ctx| is_over()));
                goes_on(answer, std::pin::pin!(ctx.sleep(SOON)), over).await
            })
        }));
        assert!(wait(gone_on).unwrap(), "stuck in round {round}");
    }
}

/// Steps of a handler that uses up its share of the time, but not much more: its worker looks at what comes from others only
/// every 61 activations.
const TOIL: u64 = if cfg!(debug_assertions) { 10_000 } else { 200_000 };

/// Keeps its worker busy until that is over: there is always another handler to be run.
fn toil(ctx: &mut ActorContext<Probe>, is_over: Arc<AtomicBool>) {
    std::hint::black_box((0..TOIL).fold(0, |sum, n| std::hint::black_box(sum ^ n)));
    if !is_over.load(Ordering::Acquire) {
        ctx.actor_ref().try_tell(run(|ctx| toil(ctx, is_over))).unwrap();
    }
}

#[test]
fn an_asker_goes_on_though_its_worker_is_blocked_and_the_other_one_never_rests() {
    let system = system(2);
    let placed = |worker| system.spawn(probe().0).on_worker(worker).start().unwrap();
    // Where the neighbour blocks nobody but the asker: on the other worker the callee would wait for it.
    let (first, neighbour, busy, callee) = (placed(0), placed(0), placed(1), placed(1));
    let (asker, _) = spawn(&system);
    let is_over = Arc::new(AtomicBool::new(false));
    let toils = Arc::clone(&is_over);
    busy.try_tell(run(|ctx| toil(ctx, toils))).unwrap();
    for round in 0..3 {
        let (callee, neighbour, asker) = (callee.clone(), neighbour.clone(), asker.clone());
        let (gone_on, has_gone_on) = oneshot::channel();
        // From a handler on the first worker, so that the asker runs there.
        let ask = move |_ctx: &mut ActorContext<Probe>| {
            let asking = later(move |_ctx| {
                Box::pin(async move {
                    let (over, neighbour_is_over) = blocks();
                    let answer = callee.send(Echo(1));
                    let freed = neighbour.send(run(move |_ctx| neighbour_is_over()));
                    assert_eq!(answer.await.unwrap(), 1);
                    over.send(()).unwrap();
                    gone_on.send(freed.await.unwrap()).unwrap();
                })
            });
            asker.try_tell(asking).unwrap();
        };
        first.try_tell(run(ask)).unwrap();
        assert!(wait(has_gone_on).unwrap(), "stuck in round {round}");
    }
    is_over.store(true, Ordering::Release);
}

/// Asks `callee`, which does something `meanwhile`.
fn asks(callee: ActorRef<Probe>, meanwhile: impl FnOnce() + Send + 'static) -> impl Future<Output: Send> + Send {
    async move { callee.send(run(move |_ctx| meanwhile())).await }
}

#[test]
fn a_kill_ends_a_wait_for_a_callee_that_blocks_its_thread() {
    for from_outside in [false, true] {
        let system = system(2);
        let (callee, _) = spawn(&system);
        for _ in 0..rounds(50) {
            let (asker, events) = spawn(&system);
            let victim = asker.clone();
            let (kill, killer) = mpsc::channel::<ActorRef<Probe>>();
            let killing = thread::spawn(move || killer.iter().for_each(|actor| actor.kill()));
            let (done, is_done) = mpsc::channel();
            let waits = asks(callee.clone(), move || {
                if from_outside {
                    kill.send(victim.clone()).unwrap();
                } else {
                    drop(kill);
                    victim.kill();
                }
                wait(victim.stopped());
                done.send(()).unwrap();
            });
            asker
                .try_tell(later(move |_ctx| {
                    Box::pin(async move {
                        waits.await;
                    })
                }))
                .unwrap();
            recv(&is_done);
            assert_eq!(events.rest(), ["post_stop Killed", "dropped"]);
            killing.join().unwrap();
        }
    }
}

#[test]
fn another_wake_ends_a_wait_for_a_callee_that_blocks_its_thread() {
    for from_outside in [false, true] {
        let system = system(2);
        let ((asker, _), (callee, _)) = (spawn(&system), spawn(&system));
        for round in 0..100 {
            let callee = callee.clone();
            let gone_on = asker.send(later(move |_ctx| {
                Box::pin(async move {
                    let (over, is_over) = blocks();
                    let (wake, woken) = oneshot::channel();
                    let answer = callee.send(run(move |_ctx| {
                        if from_outside {
                            thread::spawn(|| wake.send(()).unwrap()).join().unwrap();
                        } else {
                            wake.send(()).unwrap();
                        }
                        is_over()
                    }));
                    goes_on(answer, woken.map(Result::unwrap), over).await
                })
            }));
            assert!(wait(gone_on).unwrap(), "stuck in round {round}");
        }
    }
}

/// Sends at its end.
struct Farewell(Option<oneshot::Sender<()>>);

impl Actor for Farewell {}

impl Drop for Farewell {
    fn drop(&mut self) {
        self.0.take().expect("dropped once").send(()).unwrap();
    }
}

/// An actor whose name is another's ends inside of the handler that spawns it: an activation in an activation.
#[test]
fn an_actor_that_is_refused_wakes_an_asker() {
    let system = system(2);
    let foreign = Arc::new(crate::support::system(1));
    let taken =
        [wait(system.spawn(probe().0).name("taken")).unwrap(), wait(foreign.spawn(probe().0).name("taken")).unwrap()];
    let ((asker, _), (callee, _)) = (spawn(&system), spawn(&system));
    for round in 0..100 {
        let (callee, foreign) = (callee.clone(), Arc::clone(&foreign));
        let gone_on = asker.send(later(move |_ctx| {
            Box::pin(async move {
                let (over, is_over) = blocks();
                let (wake, woken) = oneshot::channel();
                let answer = callee.send(run(move |ctx| {
                    let farewell = Farewell(Some(wake));
                    let refused = match round % 2 {
                        0 => ctx.system().spawn(farewell).name("taken").start(),
                        _ => foreign.spawn(farewell).name("taken").start(),
                    };
                    refused.is_err() && is_over()
                }));
                goes_on(answer, woken.map(Result::unwrap), over).await
            })
        }));
        assert!(wait(gone_on).unwrap(), "stuck in round {round}");
    }
    drop(taken);
}

#[test]
fn actors_of_two_systems_ask_each_other() {
    let systems = [system(1), system(2)];
    let links: Vec<_> = (0..8).map(|number| spawn(&systems[number % 2]).0).collect();
    for round in 0..300 {
        let first = round % links.len();
        assert_eq!(wait(descend(links[first..].to_vec())), (links.len() - first) as u64);
        // Two of one system after each other.
        let alike = links.iter().step_by(2).chain(links.iter().skip(1).step_by(2)).cloned().collect();
        assert_eq!(wait(descend(alike)), links.len() as u64);
    }
}

/// What a worker holds, and what it runs next, while it is stuck: both are taken over.
#[test]
fn an_asker_and_its_callee_s_neighbour_are_taken_over() {
    let system = system(2);
    let ((asker, _), (callee, _), (neighbour, _)) = (spawn(&system), spawn(&system), spawn(&system));
    for round in 0..100 {
        let (callee, neighbour) = (callee.clone(), neighbour.clone());
        let gone_on = asker.send(later(move |_ctx| {
            Box::pin(async move {
                let (over, is_over) = blocks();
                let (ran, has_run) = blocks();
                let (wake, woken) = oneshot::channel();
                let answer = callee.send(run(move |_ctx| {
                    neighbour.try_tell(run(move |_ctx| ran.send(()).unwrap())).unwrap();
                    let has_run = has_run();
                    thread::spawn(|| wake.send(()).unwrap()).join().unwrap();
                    has_run && is_over()
                }));
                goes_on(answer, woken.map(Result::unwrap), over).await
            })
        }));
        assert!(wait(gone_on).unwrap(), "stuck in round {round}");
    }
}

#[test]
fn a_placed_asker_stays_where_it_is_placed() {
    let system = system(2);
    for worker in [0, 1] {
        let asker = wait(system.spawn(probe().0).on_worker(worker)).unwrap();
        let ((callee, _), (neighbour, _)) = (spawn(&system), spawn(&system));
        let mut places = HashSet::new();
        for round in 0..200 {
            let (callee, neighbour) = (callee.clone(), neighbour.clone());
            let place = asker.send(later(move |ctx| {
                Box::pin(async move {
                    let answer = callee.send(run(move |_ctx| {
                        // Twice: a sentinel takes the neighbour over, and then the asker, which has to come back.
                        (0..2).all(|_| {
                            let (ran, has_run) = blocks::<()>();
                            neighbour.try_tell(run(move |_ctx| drop(ran))).unwrap();
                            round % 10 != 0 || !has_run()
                        })
                    }));
                    assert!(answer.await.unwrap());
                    (ctx.worker(), thread::current().id())
                })
            }));
            places.insert(wait(place).unwrap());
        }
        assert_eq!(places.len(), 1, "{places:?}");
        assert!(places.iter().all(|(place, _)| *place == worker));
    }
}

/// Asks the next one, down to the last.
fn descend(mut links: Vec<ActorRef<Probe>>) -> futures::future::BoxFuture<'static, u64> {
    Box::pin(async move {
        let Some(next) = links.pop() else { return 0 };
        1 + next.send(later(move |_ctx| descend(links))).await.unwrap()
    })
}

#[test]
fn a_chain_of_askers_gets_its_reply() {
    for workers in [1, 2] {
        let system = system(workers);
        let links: Vec<_> = (0..8).map(|_| spawn(&system).0).collect();
        for round in 0..300 {
            let length = round % (links.len() + 1);
            assert_eq!(wait(descend(links[..length].to_vec())), length as u64);
        }
    }
}

/// What becomes of a callee while its asker waits.
fn outcome(
    asker: &ActorRef<Probe>,
    callee: ActorRef<Probe>,
    first: impl FnOnce(&ActorRef<Probe>) + Send + 'static,
) -> Result<u64, SendErrorReason> {
    let asked = asker.send(later(move |_ctx| {
        Box::pin(async move {
            first(&callee);
            let answer = callee.send(Echo(5)).await;
            answer.map_err(|error| error.reason().clone())
        })
    }));
    wait(asked).unwrap()
}

#[test]
fn an_asker_hears_of_its_callee_s_end() {
    // On one worker: with two, the callee may have come to its end before it is asked.
    let system = system(1);
    let (asker, _) = spawn(&system);
    for _ in 0..50 {
        let fresh = || spawn(&system).0;
        let panics = outcome(&asker, fresh(), |callee| drop(callee.try_send(Boom("as it should")).unwrap()));
        assert!(matches!(panics, Err(SendErrorReason::Died(StopReason::Panicked(_)))), "{panics:?}");
        let asked = asker.send(later(|ctx| {
            Box::pin(async move {
                let callee = ctx.system().spawn(probe().0).start().unwrap();
                callee.send(Boom("as it should")).await.map_err(|error| error.reason().clone())
            })
        }));
        assert!(matches!(wait(asked).unwrap(), Err(SendErrorReason::Panicked(_))));
        let killed = outcome(&asker, fresh(), |callee| {
            callee.try_tell(run(|ctx| ctx.actor_ref().kill())).unwrap();
        });
        assert!(matches!(killed, Err(SendErrorReason::Died(StopReason::Killed))), "{killed:?}");
        let stopped = outcome(&asker, fresh(), |callee| callee.try_tell(run(|ctx| ctx.stop())).unwrap());
        assert_eq!(stopped.unwrap(), 5, "it was accepted before the stop");
        let gone = outcome(&asker, fresh(), |callee| callee.stop());
        assert!(matches!(gone, Err(SendErrorReason::Stopping | SendErrorReason::Stopped(_))), "{gone:?}");
        assert_eq!(outcome(&asker, fresh(), |_| ()).unwrap(), 5);
    }
}

#[test]
fn a_reply_that_nobody_polls_for_is_dropped() {
    for workers in [1, 2] {
        let system = system(workers);
        let ((asker, _), (callee, _)) = (spawn(&system), spawn(&system));
        let carried = Arc::new(());
        for _ in 0..100 {
            let (callee, carried) = (callee.clone(), Arc::clone(&carried));
            let asked = asker.send(later(move |ctx| {
                Box::pin(async move {
                    // Before its reply, and after it: the first one has been waited for until then.
                    drop(callee.send(Carry(Arc::clone(&carried))));
                    let late = callee.send(Echo(1));
                    let dropped = callee.send(Carry(carried));
                    assert_eq!(callee.send(Echo(2)).await.unwrap(), 2);
                    drop((late, dropped));
                    ctx.yield_now().await;
                    callee.send(Echo(3)).await.unwrap()
                })
            }));
            assert_eq!(wait(asked).unwrap(), 3);
        }
        eventually("what was sent has been handled", || Arc::strong_count(&carried) == 1);
    }
}

#[test]
fn a_reply_that_was_asked_for_in_a_handler_arrives_elsewhere() {
    let system = system(2);
    let ((asker, _), (callee, _)) = (spawn(&system), spawn(&system));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let (replies, replied) = mpsc::channel::<SendFuture<Echo>>();
    let elsewhere = thread::spawn(move || replied.iter().map(|reply| wait(reply).unwrap()).sum::<u64>());
    for number in 0..100 {
        let (callee, replies) = (callee.clone(), replies.clone());
        let (tokio, told) = oneshot::channel();
        let handle = runtime.handle().clone();
        let asked = asker.send(later(move |_ctx| {
            Box::pin(async move {
                replies.send(callee.send(Echo(number))).unwrap();
                let reply = callee.send(Echo(number));
                handle.spawn(async move { tokio.send(reply.await.unwrap()).unwrap() });
                // One that has been polled here before.
                let mut reply = callee.send(Echo(number));
                let early = poll_fn(|context| Poll::Ready(Pin::new(&mut reply).poll(context))).await;
                assert!(early.is_pending(), "its callee has had no chance");
                thread::spawn(move || wait(reply).unwrap()).join().unwrap()
            })
        }));
        assert_eq!(wait(asked).unwrap(), number);
        assert_eq!(wait(told).unwrap(), number);
    }
    drop(replies);
    assert_eq!(elsewhere.join().unwrap(), (0..100).sum::<u64>());
}

#[test]
fn a_reply_arrives_in_an_executor_within_a_handler() {
    let system = system(2);
    let ((asker, _), (callee, _)) = (spawn(&system), spawn(&system));
    for number in 0..100 {
        let callee = callee.clone();
        let asked = asker.send(later(move |_ctx| {
            Box::pin(async move {
                // One that blocks its thread, so that the callee is run by the other worker, and one with wakers of its own.
                let blocked = futures::executor::block_on(callee.send(Echo(number))).unwrap();
                let all: FuturesUnordered<_> = (0..4).map(|_| callee.send(Echo(number))).collect();
                blocked + all.map(|answer| answer.unwrap()).collect::<Vec<_>>().await.iter().sum::<u64>()
            })
        }));
        assert_eq!(wait(asked).unwrap(), 5 * number);
    }
}

/// Keeps what it has asked for.
struct Keeper {
    callee: ActorRef<Probe>,
    kept: Vec<SendFuture<Echo>>,
    polls: Arc<AtomicUsize>,
}

/// Asks, and waits for nothing.
struct Keep(u64);

/// Waits for everything.
struct Gather;

impl Message for Keep {
    type Result = ();
}

impl Message for Gather {
    type Result = Vec<u64>;
}

impl Actor for Keeper {}

impl Handler<Keep> for Keeper {
    async fn handle(&mut self, Keep(number): Keep, _: &mut ActorContext<Self>) {
        self.kept.push(self.callee.send(Echo(number)));
    }
}

impl Handler<Gather> for Keeper {
    async fn handle(&mut self, _: Gather, _: &mut ActorContext<Self>) -> Vec<u64> {
        // ORDERING: Relaxed; counted for people.
        self.polls.fetch_add(1, Ordering::Relaxed);
        join_all(self.kept.drain(..)).await.into_iter().map(Result::unwrap).collect()
    }
}

fn keeper(system: &ActorSystem, callee: &ActorRef<Probe>) -> ActorRef<Keeper> {
    let keeper = Keeper { callee: callee.clone(), kept: Vec::new(), polls: Arc::default() };
    wait(system.spawn(keeper)).unwrap()
}

#[test]
fn what_one_handler_asks_for_a_later_one_gets() {
    for workers in [1, 2] {
        let system = system(workers);
        let (callee, events) = spawn(&system);
        let keeper = keeper(&system, &callee);
        for round in 0..100 {
            for number in 0..5 {
                wait(keeper.tell(Keep(number))).unwrap();
                if round % 2 == 0 {
                    // Its reply comes while the keeper has nothing to do.
                    wait(callee.tell(Note(number))).unwrap();
                    events.note();
                }
            }
            assert_eq!(wait(keeper.send(Gather)).unwrap(), [0, 1, 2, 3, 4]);
        }
    }
}

#[test]
fn an_actor_that_ends_gives_up_what_it_has_asked_for() {
    for workers in [1, 2] {
        let system = system(workers);
        let (callee, _) = spawn(&system);
        for round in 0..100 {
            let keeper = keeper(&system, &callee);
            for number in 0..5 {
                wait(keeper.tell(Keep(number))).unwrap();
            }
            if round % 2 == 0 {
                keeper.kill()
            } else {
                keeper.stop()
            }
            wait(keeper.stopped());
        }
        assert_eq!(wait(callee.send(Echo(1))).unwrap(), 1);
    }
}

#[test]
fn many_replies_out_of_order_are_gathered() {
    for workers in [1, 2] {
        let system = system(workers);
        let (asker, _) = spawn(&system);
        let all: Vec<_> = (0..50).map(|_| spawn(&system).0).collect();
        for _ in 0..20 {
            let callees = all.clone();
            let gathered = asker.send(later(move |_ctx| {
                Box::pin(async move {
                    // Each waits for the one behind it: the last is the first to reply.
                    let (mut gate, mut asked) = (None::<oneshot::Receiver<()>>, Vec::new());
                    for (number, callee) in callees.iter().enumerate() {
                        let (open, opened) = oneshot::channel();
                        let before = gate.replace(opened);
                        let mine = callees.len() - number;
                        asked.push(callee.send(later(move |_ctx| {
                            Box::pin(async move {
                                if let Some(before) = before {
                                    before.await.unwrap();
                                }
                                let _ = open.send(());
                                mine
                            })
                        })));
                    }
                    asked.reverse();
                    join_all(asked).await.into_iter().map(Result::unwrap).collect::<Vec<_>>()
                })
            }));
            assert_eq!(wait(gathered).unwrap(), (1..=all.len()).collect::<Vec<_>>());
        }
    }
}

/// The asker's own worker wakes it for one of two, and another thread for the other one.
#[test]
fn wakes_from_within_and_from_outside_meet() {
    let system = system(2);
    let ((asker, _), (near, _)) = (spawn(&system), spawn(&system));
    let (doors, knocks) = mpsc::channel::<oneshot::Sender<u64>>();
    let outside = thread::spawn(move || {
        for (number, door) in knocks.iter().enumerate() {
            door.send(number as u64).unwrap();
        }
    });
    for round in 0..2_000 {
        let (near, doors) = (near.clone(), doors.clone());
        let both = asker.send(later(move |_ctx| {
            Box::pin(async move {
                let (door, open) = oneshot::channel();
                doors.send(door).unwrap();
                let (near, far) = futures::future::join(near.send(Echo(round)), open).await;
                (near.unwrap(), far.unwrap())
            })
        }));
        assert_eq!(wait(both).unwrap(), (round, round));
    }
    drop(doors);
    outside.join().unwrap();
}

#[test]
fn a_system_ends_while_an_asker_waits_for_a_callee_that_blocks_its_thread() {
    within(LIMIT, || {
        for _ in 0..20 {
            let system = system(2);
            let ((asker, _), (callee, _)) = (spawn(&system), spawn(&system));
            let (entered, has_entered) = mpsc::channel();
            let (release, released) = mpsc::channel::<()>();
            asker
                .try_tell(later(move |_ctx| {
                    Box::pin(async move {
                        let answer = callee.send(run(move |_ctx| {
                            entered.send(()).unwrap();
                            released.recv_timeout(LIMIT)
                        }));
                        let _ = answer.await;
                        pending::<()>().await;
                    })
                }))
                .unwrap();
            recv(&has_entered);
            let ending = thread::spawn(move || drop(system));
            wait(asker.stopped());
            release.send(()).unwrap();
            ending.join().unwrap();
        }
    });
}
