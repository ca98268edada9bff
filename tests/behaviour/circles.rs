//! A wait that can never end is an error at once, and names the circle.

use std::future::{pending, poll_fn, ready};
use std::pin::pin;
use std::sync::{Arc, Barrier, mpsc};
use std::time::Duration;

use corecast::{
    Actor, ActorContext, ActorError, ActorId, ActorInfo, ActorRef, ActorSystem, Circle, Handler, Mailbox, Message,
    ReplyErrorReason, SendErrorReason, SpawnError, StopReason, TellErrorReason, Wait,
};
use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::{BoxFuture, Either, join, select};

use crate::support::{Echo, Note, Probe, eventually, hold, later, recv, rounds, run, spawn, spawn_with, system, wait};

/// An actor that passes routes on.
struct Stop;

/// From stop to stop. Each asks the next, the last one replies; a circle comes back.
struct Route(Vec<ActorRef<Stop>>);

impl Message for Route {
    type Result = Option<Circle>;
}

impl Actor for Stop {}

impl Handler<Route> for Stop {
    async fn handle(&mut self, Route(mut route): Route, _: &mut ActorContext<Self>) -> Option<Circle> {
        if route.is_empty() {
            return None;
        }
        let next = route.remove(0);
        match next.send(Route(route)).await {
            Ok(outcome) => outcome,
            Err(error) => match error.reason() {
                SendErrorReason::Circle(circle) => Some(circle.clone()),
                other => panic!("{other}"),
            },
        }
    }
}

/// The same, at once with others: all begin when all have come.
struct Meet(Arc<Barrier>, ActorRef<Stop>);

impl Message for Meet {
    type Result = Option<Circle>;
}

impl Handler<Meet> for Stop {
    async fn handle(&mut self, Meet(barrier, next): Meet, ctx: &mut ActorContext<Self>) -> Option<Circle> {
        barrier.wait();
        self.handle(Route(vec![next]), ctx).await
    }
}

fn stops(system: &ActorSystem, count: usize) -> Vec<ActorRef<Stop>> {
    (0..count).map(|_| system.spawn(Stop).start().unwrap()).collect()
}

/// The route that begins with the first of `stops` goes round and back to it.
fn round(stops: &[ActorRef<Stop>]) -> Option<Circle> {
    let mut route = stops.to_vec();
    let first = route.remove(0);
    route.push(first.clone());
    wait(first.send(Route(route))).unwrap()
}

fn names(circle: &Circle) -> Vec<ActorId> {
    circle.actors().iter().map(ActorInfo::id).collect()
}

#[test]
fn an_actor_that_waits_for_itself_hears_of_it_at_once() {
    let system = system(1);
    let stops = stops(&system, 1);
    let circle = round(&stops).expect("it waits for itself");
    assert_eq!(names(&circle), [stops[0].id()]);
    let id = stops[0].id();
    assert!(circle.to_string().ends_with(&format!("Stop {id}")), "{circle}");
    assert_eq!(round(&stops).as_ref(), Some(&circle), "and is none the worse for it");
}

#[test]
fn the_call_that_closes_a_circle_fails_and_names_it() {
    for workers in [1, 2] {
        let system = system(workers);
        for length in [2, 3, 7, 100] {
            let stops = stops(&system, length);
            let circle = round(&stops).expect("nobody could reply");
            // Who closed it is told, and comes first: with one worker the last one, which waits for the first. Another worker
            // may be interrupted between an earlier call and its wait, which closes it then.
            let named = names(&circle);
            let mut expected: Vec<_> = stops.iter().map(ActorRef::id).collect();
            let closer = if workers == 1 { expected.last() } else { named.first() };
            let place = expected.iter().position(|id| Some(id) == closer).expect("who closed it is one of them");
            expected.rotate_left(place);
            assert_eq!(named, expected);
        }
    }
}

#[test]
fn of_racing_closers_at_least_one_fails_and_all_go_on() {
    let system = system(2);
    for _ in 0..500 {
        let stops = stops(&system, 2);
        let barrier = Arc::new(Barrier::new(2));
        let meet = |from: usize, to: usize| stops[from].send(Meet(Arc::clone(&barrier), stops[to].clone()));
        let (left, right) = wait(join(meet(0, 1), meet(1, 0)));
        let (left, right) = (left.unwrap(), right.unwrap());
        assert!(left.is_some() || right.is_some());
    }
}

#[test]
fn a_chain_that_leads_into_a_circle_isnt_part_of_it() {
    let system = system(1);
    let stops = stops(&system, 3);
    let route = |route: &[usize]| Route(route.iter().map(|&stop| stops[stop].clone()).collect());
    // 0 asks 1, which asks 2, which asks 1.
    let circle = wait(stops[0].send(route(&[1, 2, 1]))).unwrap().expect("1 and 2 wait for each other");
    assert_eq!(names(&circle), [stops[2].id(), stops[1].id()]);
}

#[test]
fn asking_one_another_in_turns_is_no_circle() {
    let system = system(2);
    let stops = stops(&system, 3);
    for turn in 0..3_000 {
        let from = turn % 3;
        let route = (1..3).map(|step| stops[(from + step) % 3].clone()).collect();
        assert_eq!(wait(stops[from].send(Route(route))).unwrap(), None);
    }
}

#[test]
fn many_routes_without_a_circle_all_come_through() {
    let system = system(2);
    let stops = stops(&system, 8);
    // Always upwards: whoever waits, waits for a higher one.
    let replies: Vec<_> = (0..4_000_usize)
        .map(|number| {
            let bits = number.wrapping_mul(0x9e37_79b9) >> 7;
            let mut route: Vec<_> = stops
                .iter()
                .enumerate()
                .filter(|(index, _)| bits >> index & 1 == 1)
                .map(|(_, stop)| stop.clone())
                .collect();
            if route.is_empty() {
                route.push(stops[0].clone());
            }
            let first = route.remove(0);
            first.send(Route(route))
        })
        .collect();
    for reply in replies {
        assert_eq!(wait(reply).unwrap(), None);
    }
}

/// Lets `asker`'s handler ask `actor` to do `deed`, and wait for it.
fn ask<R: Send + 'static>(
    asker: &ActorRef<Probe>,
    actor: &ActorRef<Probe>,
    deed: impl FnOnce() -> BoxFuture<'static, R> + Send + 'static,
) -> R {
    let actor = actor.clone();
    let asked = asker.send(later(move |_| async move { actor.send(later(move |_| deed())).await.unwrap() }.boxed()));
    wait(asked).unwrap()
}

fn pair(system: &ActorSystem) -> (ActorRef<Probe>, ActorRef<Probe>) {
    (spawn_with(system, Mailbox::bounded(1)).0, spawn_with(system, Mailbox::bounded(1)).0)
}

#[test]
fn a_send_in_a_circle_fails_and_its_message_is_handled_all_the_same() {
    let system = system(1);
    let ((left, events), (right, _)) = (spawn(&system), spawn(&system));
    let this = left.clone();
    let error = ask(&left, &right, move || async move { this.send(Note(5)).await.unwrap_err() }.boxed());
    let SendErrorReason::Circle(circle) = error.reason() else { panic!("{error}") };
    assert_eq!(names(circle), [right.id(), left.id()]);
    assert_eq!(error.actor().id(), left.id());
    assert!(error.to_string().contains(&circle.to_string()), "{error}");
    assert!(error.into_message().is_none());
    assert_eq!(events.note(), 5);
}

#[test]
fn a_tell_that_waits_for_room_in_a_circle_gives_its_message_back() {
    let system = system(1);
    let (left, right) = pair(&system);
    let this = left.clone();
    let error = ask(&left, &right, move || {
        async move {
            this.try_tell(Note(1)).unwrap();
            this.tell(Note(2)).await.unwrap_err()
        }
        .boxed()
    });
    let TellErrorReason::Circle(circle) = error.reason() else { panic!("{error}") };
    assert_eq!(names(circle), [right.id(), left.id()]);
    assert_eq!(error.into_message().0, 2);
}

#[test]
fn a_send_that_waits_for_room_in_a_circle_gives_its_message_back() {
    let system = system(1);
    let (left, right) = pair(&system);
    let this = left.clone();
    let error = ask(&left, &right, move || {
        async move {
            this.try_tell(Note(1)).unwrap();
            this.send(Echo(2)).await.unwrap_err()
        }
        .boxed()
    });
    assert!(matches!(error.reason(), SendErrorReason::Circle(_)), "{error}");
    assert_eq!(error.into_message().map(|echo| echo.0), Some(2));
}

/// An event.
#[derive(Clone)]
struct News;

impl Message for News {
    type Result = ();
}

impl Handler<News> for Probe {
    async fn handle(&mut self, _: News, _: &mut ActorContext<Self>) {}
}

#[test]
fn a_publish_that_waits_for_room_in_a_circle_withdraws_its_event() {
    let system = system(1);
    let (left, right) = pair(&system);
    let broker = system.broker().clone();
    drop(broker.subscribe::<News>("news", &left).start().unwrap());
    let (also, _events) = spawn(&system);
    drop(broker.subscribe::<News>("news", &also).start().unwrap());
    let this = left.clone();
    let published = ask(&left, &right, move || {
        async move {
            this.try_tell(Note(1)).unwrap();
            broker.publish("news", News).await.unwrap()
        }
        .boxed()
    });
    assert_eq!((published.reached(), published.stuck(), published.gone()), (1, 1, 0));
}

#[test]
fn an_actor_that_waits_for_room_of_its_own_is_told() {
    let system = system(1);
    let (actor, _) = pair(&system);
    let this = actor.clone();
    let error = wait(actor.send(later(move |_| {
        async move {
            // Room comes back when its handler suspends, until the mailbox is full of what it has told itself.
            loop {
                if let Err(error) = this.tell(Note(1)).await {
                    break error;
                }
            }
        }
        .boxed()
    })));
    assert!(matches!(error.unwrap().reason(), TellErrorReason::Circle(_)));
}

#[test]
fn the_reply_to_a_try_send_is_waited_for_like_any_other() {
    let system = system(1);
    let (left, right) = pair(&system);
    let this = left.clone();
    let error = ask(&left, &right, move || async move { this.try_send(Echo(1)).unwrap().await.unwrap_err() }.boxed());
    let ReplyErrorReason::Circle(circle) = error.reason() else { panic!("{error}") };
    assert_eq!(names(circle), [right.id(), left.id()]);
}

#[test]
fn any_of_several_waits_at_once_may_close_a_circle() {
    let system = system(1);
    let (left, right) = pair(&system);
    let other = spawn(&system).0;
    for first in [true, false] {
        let held = hold(&other);
        let (this, actor, busy) = (left.clone(), right.clone(), other.clone());
        let asked = left.send(later(move |_| {
            let closes =
                later(move |_| async move { this.send(Echo(1)).await.map_err(|error| error.reason().clone()) }.boxed());
            async move {
                let (closes, waits) = (actor.send(closes), busy.send(Echo(2)));
                if first {
                    join(closes, waits).await
                } else {
                    join(waits, closes).map(|(waits, closes)| (closes, waits)).await
                }
            }
            .boxed()
        }));
        let mut asked = pin!(asked);
        // It waits for both; one of them will come, and the other has been told that it waits for ever.
        assert!(asked.as_mut().now_or_never().is_none());
        held.open();
        let (closed, waited) = wait(asked).unwrap();
        assert!(matches!(closed.unwrap(), Err(SendErrorReason::Circle(_))));
        assert_eq!(waited.unwrap(), 2);
    }
}

/// An actor whose start needs a reply.
struct Needy(ActorRef<Probe>);

impl Actor for Needy {
    async fn pre_start(&mut self, _: &mut ActorContext<Self>) -> Result<(), ActorError> {
        self.0.send(Echo(1)).await?;
        Ok(())
    }
}

#[test]
fn a_start_that_waits_for_whoever_awaits_it_fails() {
    let system = system(1);
    let (actor, _) = spawn(&system);
    let this = actor.clone();
    let spawned = wait(actor.send(later(move |ctx| {
        let system = ctx.system();
        async move { system.spawn(Needy(this)).await.unwrap_err() }.boxed()
    })));
    let error = spawned.unwrap();
    let SpawnError::PreStart { reason: StopReason::StartFailed(reason), .. } = &error else { panic!("{error}") };
    assert!(reason.to_string().contains("→"), "{reason}");
}

#[test]
fn whoever_awaits_a_start_that_waits_for_it_is_told() {
    let system = system(1);
    let (actor, _) = spawn(&system);
    let this = actor.clone();
    let spawned = wait(actor.send(later(move |ctx| {
        async move {
            let start = ctx.system().spawn(Needy(this)).into_future();
            // The new actor goes first: it waits for this one.
            for _ in 0..10 {
                ctx.yield_now().await;
            }
            start.await.map(|_| ()).unwrap_err()
        }
        .boxed()
    })));
    let error = spawned.unwrap();
    let SpawnError::Circle { actor: child, circle } = &error else { panic!("{error}") };
    assert_eq!(names(circle), [actor.id(), child.id()]);
}

#[test]
fn a_wait_with_a_limit_takes_its_time_and_its_error_names_the_circle() {
    let system = system(2);
    let (left, right) = pair(&system);
    let (this, actor) = (left.clone(), right.clone());
    let (closes, closed) = mpsc::channel();
    let limited = left.send(later(move |_| {
        let asks = later(move |_| async move { closes.send(this.send(Echo(1)).await).unwrap() }.boxed());
        async move { actor.send(asks).timeout(Duration::from_millis(50)).await.unwrap_err() }.boxed()
    }));
    let error = wait(limited).unwrap();
    let SendErrorReason::Timeout { after, circle } = error.reason() else { panic!("{error}") };
    assert_eq!(*after, Duration::from_millis(50));
    // On a machine that was away the other one may not have come to its wait.
    if let Some(circle) = circle {
        assert_eq!(names(circle), [left.id(), right.id()]);
    }
    assert_eq!(recv(&closed).unwrap(), 1, "it only had to wait until the other one gave up");
}

#[test]
fn a_limited_wait_that_times_out_in_a_circle_names_it() {
    let system = system(1);
    let (left, right) = pair(&system);
    let (this, actor) = (left.clone(), right.clone());
    let asked = left.send(later(move |ctx| {
        async move {
            // The other one waits for this one, before this one waits for it.
            let reply = actor.send(later(move |_| async move { this.send(Echo(1)).await }.boxed()));
            for _ in 0..10 {
                ctx.yield_now().await;
            }
            reply.timeout(Duration::ZERO).await.map(drop).unwrap_err()
        }
        .boxed()
    }));
    let error = wait(asked).unwrap();
    let SendErrorReason::Timeout { circle: Some(circle), .. } = error.reason() else { panic!("{error}") };
    assert_eq!(names(circle), [left.id(), right.id()]);
    assert!(error.to_string().ends_with(&circle.to_string()), "{error}");
}

#[test]
fn another_systems_actor_of_the_same_number_is_another_actor() {
    let (here, there) = (system(1), system(1));
    let ((left, _), (right, _)) = (spawn(&here), spawn(&here));
    let ((_, _), (stranger, _)) = (spawn(&there), spawn(&there));
    assert_eq!(right.id(), stranger.id());
    let held = hold(&stranger);
    let mut asked = pin!(right.send(later({
        let (left, stranger) = (left.clone(), stranger.clone());
        move |_| {
            async move { left.send(later(move |_| async move { stranger.send(Echo(3)).await }.boxed())).await }.boxed()
        }
    })));
    assert!(asked.as_mut().now_or_never().is_none());
    held.open();
    assert_eq!(wait(asked).unwrap().unwrap().unwrap(), 3);
}

#[test]
fn whoever_is_killed_in_a_wait_leaves_no_wait_behind() {
    let system = system(1);
    for _ in 0..100 {
        let ((left, _), (right, _)) = (spawn(&system), spawn(&system));
        let held = hold(&right);
        let other = right.clone();
        let waits = left.try_send(later(move |_| async move { other.send(Echo(1)).await }.boxed())).unwrap();
        // It has been handled up to its wait.
        wait(spawn(&system).0.send(Echo(0))).unwrap();
        left.kill();
        assert!(wait(waits).is_err());
        wait(left.stopped());
        // The next one in its seat waits for nobody.
        let (next, _) = spawn(&system);
        held.open();
        let this = next.clone();
        let outcome = ask(&right, &next, move || async move { this.id() }.boxed());
        assert_eq!(outcome, next.id());
    }
}

#[test]
fn a_future_is_in_no_circle_of_another_system_that_awaits_it() {
    let (here, there) = (system(1), system(1));
    let ((left, _), (right, _)) = (spawn(&here), spawn(&here));
    let ((_, _), (stranger, _)) = (spawn(&there), spawn(&there));
    assert_eq!(right.id(), stranger.id());
    let held = hold(&right);
    let target = right.clone();
    // Made by an actor of the one system, awaited by one of the other, whose number is that of the actor that is asked.
    let future = wait(left.send(run(move |_| target.send(Echo(3))))).unwrap();
    let mut asked = pin!(stranger.send(later(move |_| future.boxed())));
    assert!(asked.as_mut().now_or_never().is_none());
    held.open();
    assert_eq!(wait(asked).unwrap().unwrap(), 3);
}

#[test]
fn a_time_that_is_up_names_no_circle_of_waits_that_are_over() {
    let system = system(1);
    let ((left, _), (right, _)) = (spawn(&system), spawn(&system));
    let held = hold(&left);
    let this = left.clone();
    let first = right.try_send(later(move |_| async move { this.send(Echo(1)).await.unwrap() }.boxed())).unwrap();
    // It has been handled up to its wait.
    wait(spawn(&system).0.send(Echo(0))).unwrap();
    let other = right.clone();
    let second =
        left.try_send(later(move |_| async move { other.send(Echo(2)).timeout(Duration::ZERO).await }.boxed()));
    held.open();
    // The one has its reply already, and only has to go on.
    let error = wait(second.unwrap()).unwrap().unwrap_err();
    assert_eq!(wait(first).unwrap(), 1);
    assert!(matches!(error.reason(), SendErrorReason::Timeout { circle: None, .. }), "{error}");
}

#[test]
fn a_circle_is_found_beside_a_way_round_that_is_none() {
    for swap in [false, true] {
        let system = system(1);
        let [a, b, c, d]: [ActorRef<Probe>; 4] = std::array::from_fn(|_| spawn(&system).0);
        let settle = || wait(spawn(&system).0.send(Echo(0))).unwrap();
        let held = hold(&a);
        let this = a.clone();
        // D has a reply of A soon, and then is busy with something else for ever.
        let asks = later(move |_| {
            async move {
                this.send(Echo(1)).await.unwrap();
                pending::<()>().await;
            }
            .boxed()
        });
        let _never = d.try_send(asks).unwrap();
        settle();
        let other = b.clone();
        let closes = a.try_send(later(move |_| async move { other.send(Echo(2)).await }.boxed())).unwrap();
        let this = a.clone();
        let waits = c.try_send(later(move |_| async move { this.send(Echo(3)).await }.boxed())).unwrap();
        settle();
        // B waits for C, which waits for A, which will wait for B; and for D, which waits for A only seemingly.
        let (x, y) = if swap { (d.clone(), c.clone()) } else { (c.clone(), d.clone()) };
        let _both = b
            .try_send(later(move |_| async move { drop(join(x.send(Echo(4)), y.send(Echo(5))).await) }.boxed()))
            .unwrap();
        settle();
        held.open();
        let told = match wait(select(closes, waits)) {
            Either::Left((closes, _)) => closes.unwrap().unwrap_err(),
            Either::Right((waits, _)) => waits.unwrap().unwrap_err(),
        };
        assert!(matches!(told.reason(), SendErrorReason::Circle(_)), "{told}");
    }
}

#[test]
fn a_wait_that_was_given_up_counts_no_more() {
    let system = system(1);
    let ((left, _), (right, _)) = (spawn(&system), spawn(&system));
    let settle = || wait(spawn(&system).0.send(Echo(0))).unwrap();
    let (opens, open) = oneshot::channel::<()>();
    let (this, other) = (left.clone(), right.clone());
    let (replied, reply) = mpsc::channel();
    let asked = left.try_send(later(move |_| {
        async move {
            let asks = later(move |_| async move { replied.send(this.send(Echo(1)).await).unwrap() }.boxed());
            drop(select(other.send(asks), ready(())).await);
            let _ = open.await;
        }
        .boxed()
    }));
    // Both wait: the one for the other, and that one for the test.
    settle();
    settle();
    drop(opens);
    wait(asked.unwrap()).unwrap();
    assert_eq!(recv(&reply).unwrap(), 1);
}

#[test]
fn waits_that_were_given_up_hide_none() {
    let system = system(1);
    let [left, right, other]: [ActorRef<Probe>; 3] = std::array::from_fn(|_| spawn(&system).0);
    let this = left.clone();
    let asked = left.send(later(move |_| {
        async move {
            for _ in 0..20 {
                // One wait at a time: each has been given up when the next one begins.
                drop(select(other.send(Echo(1)), ready(())).await);
            }
            right.send(later(move |_| async move { this.send(Echo(1)).await }.boxed())).await.unwrap()
        }
        .boxed()
    }));
    assert!(matches!(wait(asked).unwrap().unwrap_err().reason(), SendErrorReason::Circle(_)));
}

#[test]
fn the_longest_default_limit_is_none() {
    let system = system(1);
    let endless = || wait(system.spawn(crate::support::probe().0).send_timeout(Duration::MAX)).unwrap();
    let (left, right) = (endless(), endless());
    let this = left.clone();
    let error = ask(&left, &right, move || async move { this.send(Echo(1)).await.unwrap_err() }.boxed());
    assert!(matches!(error.reason(), SendErrorReason::Circle(_)), "{error}");
}

/// Whoever is killed when it is about to hear of a circle keeps that from everybody else.
#[test]
fn a_circle_whose_member_is_killed_is_nobody_elses() {
    let system = system(1);
    for round in 0..rounds(500) {
        let [a, b, c]: [ActorRef<Probe>; 3] = std::array::from_fn(|_| spawn(&system).0);
        let (about_to, is_about_to) = mpsc::channel();
        let (this, other) = (a.clone(), b.clone());
        let asked = a.try_send(later(move |ctx| {
            async move {
                let mut reply = pin!(other.send(later(move |_| async move { drop(this.send(Echo(1)).await) }.boxed())));
                for _ in 0..3 {
                    ctx.yield_now().await;
                }
                poll_fn(|context| {
                    let poll = reply.as_mut().poll(context);
                    let _ = about_to.send(());
                    poll
                })
                .await
                .is_ok()
            }
            .boxed()
        }));
        recv(&is_about_to);
        (0..(round % 97) * 4).for_each(|_| std::hint::spin_loop());
        a.kill();
        let _ = wait(asked.unwrap());
        wait(a.stopped());
        let asks = c.send(later(move |_| async move { b.send(Echo(7)).await }.boxed()));
        assert_eq!(wait(asks).unwrap().unwrap(), 7);
    }
}

#[test]
fn who_waits_for_whom_is_told_while_they_wait() {
    let system = system(2);
    let handle = system.handle();
    let (asked, _events) = spawn(&system);
    let (asker, _others) = spawn(&system);
    eventually("they have started", || system.waits().is_empty());
    let held = hold(&asked);
    let target = asked.clone();
    let reply = asker.try_send(later(move |_| async move { target.send(Note(7)).await.map(drop) }.boxed())).unwrap();
    let targets = |waits: Vec<Wait>, of: ActorId| {
        let wait = waits.into_iter().find(|wait| wait.actor.id() == of)?;
        Some(wait.targets.iter().map(ActorInfo::id).collect::<Vec<_>>())
    };
    eventually("the asker waits", || targets(system.waits(), asker.id()) == Some(vec![asked.id()]));
    assert_eq!(targets(handle.waits(), asker.id()), Some(vec![asked.id()]), "a handle tells it too");
    assert_eq!(targets(handle.waits(), asked.id()), Some(vec![]), "it waits for something that is no actor");
    held.open();
    wait(reply).unwrap().unwrap();
    eventually("nobody waits", || system.waits().is_empty());
    drop(system);
    assert!(handle.waits().is_empty(), "the system is gone");
}
