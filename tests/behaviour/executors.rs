//! The futures of the API run under any executor: they need no runtime around them and can be moved about.

use corecast::{ActorSystem, Mailbox};
use futures::channel::oneshot;
use futures::future::join_all;

use crate::support::{
    Echo, Hold, LIMIT, Note, Seen, hold, later, poll_once, probe, run, spawn, spawn_with, system, wait, within,
};

/// Every future of the API once, some of them not ready at their first poll.
async fn tour(system: &ActorSystem) {
    let (probe, _events) = probe();
    let actor = system.spawn(probe).mailbox(Mailbox::bounded(2)).await.unwrap();
    let (hold, held) = Hold::new();
    let holding = actor.send(hold);
    let waiting: Vec<_> = (0..6).map(|number| actor.tell(Note(number))).collect();
    let reply = actor.send(Seen);
    held.open();
    holding.await.unwrap();
    for tell in waiting {
        tell.await.unwrap();
    }
    assert_eq!(reply.await.unwrap(), [0, 1, 2, 3, 4, 5]);
    assert_eq!(actor.try_send(Echo(3)).unwrap().await.unwrap(), 3);

    let recipient = actor.recipient::<Echo>();
    assert_eq!(recipient.send(Echo(4)).await.unwrap(), 4);
    let stopped = actor.stopped();
    actor.stop();
    stopped.await;
    assert!(actor.tell(Note(0)).await.is_err());
    assert!(actor.send(Echo(0)).await.is_err());
}

async fn tour_and_shutdown(system: ActorSystem) {
    tour(&system).await;
    assert!(system.shutdown().await.is_clean());
}

#[test]
fn futures_run_under_futures_executor() {
    within(LIMIT, || futures::executor::block_on(tour_and_shutdown(system(2))));
}

#[test]
fn futures_run_under_pollster() {
    within(LIMIT, || pollster::block_on(tour_and_shutdown(system(2))));
}

#[test]
fn futures_run_under_tokio_on_one_thread_and_on_several() {
    let one = tokio::runtime::Builder::new_current_thread().build().unwrap();
    within(LIMIT, move || one.block_on(tour_and_shutdown(system(2))));

    let several = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    within(LIMIT, move || several.block_on(async { tokio::spawn(tour_and_shutdown(system(2))).await.unwrap() }));
}

#[test]
fn futures_run_in_the_system_s_own_block_on() {
    within(LIMIT, || {
        let system = system(2);
        system.block_on(tour(&system));
    });
}

#[test]
fn a_handler_awaits_what_another_runtime_completes() {
    // The actor is woken by a thread of tokio's, which knows nothing of workers.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let system = system(1);
    let (actor, _events) = spawn(&system);
    let (sender, receiver) = oneshot::channel();
    let answer = actor.send(later(|_ctx| Box::pin(async { receiver.await.unwrap() })));
    runtime.spawn(async move { sender.send(11_u64).unwrap() });
    assert_eq!(wait(answer).unwrap(), 11);
}

/// Many requests at once, to many actors, whose replies come in any order.
async fn scatter_and_gather(system: ActorSystem) {
    let actors: Vec<_> = join_all((0..8).map(|_| system.spawn(probe().0).into_future()))
        .await
        .into_iter()
        .collect::<Result<_, _>>()
        .unwrap();
    let asks = (0..800).map(|number| actors[number % 8].send(Echo(number as u64)));
    let answers: Vec<u64> = join_all(asks).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers, (0..800).collect::<Vec<_>>());

    let tells = (0..800).map(|number| actors[number % 8].tell(Note(number as u64)));
    assert!(join_all(tells).await.iter().all(Result::is_ok));
    let seen: Vec<Vec<u64>> =
        join_all(actors.iter().map(|actor| actor.send(Seen))).await.into_iter().map(Result::unwrap).collect();
    for (index, seen) in (0..).zip(&seen) {
        assert_eq!(*seen, (0..100).map(|round| round * 8 + index).collect::<Vec<u64>>());
    }
}

#[test]
fn join_all_runs_under_three_executors() {
    within(LIMIT, || futures::executor::block_on(scatter_and_gather(system(2))));
    within(LIMIT, || pollster::block_on(scatter_and_gather(system(2))));
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    within(LIMIT, move || tokio.block_on(scatter_and_gather(system(2))));
}

#[test]
fn join_all_over_waiting_tells_keeps_the_order_of_the_calls() {
    let system = system(1);
    let (actor, events) = spawn_with(&system, Mailbox::bounded(2));
    let held = hold(&actor);
    let mut tells: Vec<_> = (0..50).map(|number| actor.tell(Note(number))).collect();
    // Polled in reverse: it is the call that counts.
    tells.reverse();
    let joined = join_all(tells);
    held.open();
    assert!(wait(joined).iter().all(Result::is_ok));
    let seen: Vec<u64> = (0..50).map(|_| events.note()).collect();
    assert_eq!(seen, (0..50).collect::<Vec<_>>());
}

#[test]
fn a_future_may_be_polled_here_and_finished_there() {
    let system = system(1);
    let (actor, _events) = spawn(&system);
    let (hold, held) = Hold::new();
    let holding = actor.send(hold);
    held.entered();
    let mut echo = actor.send(Echo(5));
    assert!(poll_once(&mut echo).is_pending());
    let elsewhere = std::thread::spawn(move || wait(echo).unwrap());
    held.open();
    wait(holding).unwrap();
    assert_eq!(elsewhere.join().unwrap(), 5);
}

#[test]
fn an_executor_inside_a_handler_is_not_held_up_by_the_budget_of_awaits() {
    let system = system(2);
    let (sink, events) = spawn_with(&system, Mailbox::unbounded());
    let (driver, _events) = spawn(&system);
    let told = driver.send(run(move |_ctx| {
        pollster::block_on(async {
            for number in 0..5_000 {
                sink.tell(Note(number)).await.unwrap();
            }
        });
    }));
    within(LIMIT, || wait(told).unwrap());
    assert!((0..5_000).all(|number| events.note() == number));
}
