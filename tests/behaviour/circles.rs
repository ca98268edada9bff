//! A wait that can never end is an error at once, and names the circle.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use corecast::{
    Actor, ActorContext, ActorError, ActorRef, ActorSystem, Circle, Handler, Mailbox, Message, SendErrorReason,
    SpawnError, TellErrorReason,
};
use futures::future::{join, select};

use crate::support::{Carry, Held, hold, run, spawn, spawn_with, system, wait};

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

fn names(circle: &Circle) -> Vec<corecast::ActorId> {
    circle.actors().iter().map(corecast::ActorInfo::id).collect()
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
            // The last one closed it: it is told, and waits for the first.
            let mut expected: Vec<_> = stops.iter().map(ActorRef::id).collect();
            expected.rotate_right(1);
            assert_eq!(names(&circle), expected);
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
