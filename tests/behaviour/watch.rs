//! Watches and links on real threads. What they promise, statement by statement, is in `tests/sim/watch.rs`.

use std::collections::HashMap;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use corecast::{Actor, ActorContext, ActorId, ActorInfo, ActorRef, ActorSystem, Handler, Message, StopReason};

use crate::support::{Random, recv, seed, wait};

const WATCHERS: u64 = 4;
const TARGETS: usize = 500;

/// Tells the test what it hears.
struct Ear {
    number: u64,
    heard: Sender<(u64, ActorInfo, StopReason)>,
}

impl Actor for Ear {
    async fn on_terminated(&mut self, who: ActorInfo, reason: StopReason, _: &mut ActorContext<Self>) {
        let _ = self.heard.send((self.number, who, reason));
    }
}

/// Watch it, so many times; and perhaps not, after all.
struct Mind(ActorRef<Target>, u64, bool);
impl Message for Mind {
    type Result = ();
}

impl Handler<Mind> for Ear {
    async fn handle(&mut self, Mind(target, times, never_mind): Mind, ctx: &mut ActorContext<Self>) {
        for _ in 0..times {
            ctx.watch(&target);
        }
        if never_mind {
            ctx.unwatch(&target);
            // From here on it is watched anew.
            ctx.watch(&target);
        }
    }
}

/// Ends.
struct Target;
impl Actor for Target {}

struct Fail;
impl Message for Fail {
    type Result = ();
}

impl Handler<Fail> for Target {
    async fn handle(&mut self, _: Fail, _: &mut ActorContext<Self>) {
        panic!("as it should");
    }
}

/// How each target is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Stop,
    Kill,
    Fail,
}

#[test]
fn the_ledger_holds_for_ends_that_are_watched() {
    let seed = seed("the_ledger_holds_for_ends_that_are_watched");
    let mut random = Random::new(seed, 0);
    let system = ActorSystem::builder().workers(3).build().expect("it starts");
    let (sender, heard) = channel();
    let ears: Vec<_> = (0..WATCHERS)
        .map(|number| system.spawn(Ear { number, heard: sender.clone() }).start().expect("it starts"))
        .collect();
    drop(sender);
    let mut ends = HashMap::<ActorId, End>::new();
    let mut targets = Vec::new();
    for _ in 0..TARGETS {
        let target = system.spawn(Target).start().expect("it starts");
        let end = *random.pick(&[End::Stop, End::Kill, End::Fail]);
        ends.insert(target.id(), end);
        targets.push((target, end));
    }
    let ending = targets.clone();
    let executioner = thread::spawn(move || {
        for (target, end) in ending {
            match end {
                End::Stop => target.stop(),
                End::Kill => target.kill(),
                End::Fail => drop(target.blocking_tell(Fail)),
            }
        }
    });
    thread::scope(|scope| {
        for (stream, ear) in (1..).zip(&ears) {
            let (targets, mut random) = (&targets, Random::new(seed, stream));
            scope.spawn(move || {
                for (target, _) in targets {
                    let mind = Mind(target.clone(), 1 + random.below(2), false);
                    ear.blocking_tell(mind).expect("it lives");
                }
            });
        }
    });
    executioner.join().expect("nobody panics");
    let mut counts = HashMap::<(u64, ActorId), u64>::new();
    for _ in 0..WATCHERS * TARGETS as u64 {
        let (number, who, reason) = recv(&heard);
        let end = ends[&who.id()];
        let fits = match end {
            End::Stop => matches!(reason, StopReason::Stopped),
            End::Kill => matches!(reason, StopReason::Killed),
            End::Fail => matches!(&reason, StopReason::Panicked(panic) if panic.text() == "as it should"),
        };
        assert!(fits, "{end:?}: {reason} (seed {seed})");
        *counts.entry((number, who.id())).or_default() += 1;
    }
    assert_eq!(counts.len(), WATCHERS as usize * TARGETS, "each heard of each (seed {seed})");
    drop((ears, system));
    assert!(heard.try_recv().is_err(), "and of none twice (seed {seed})");
}

#[test]
fn watches_that_are_begun_again_while_ends_come_are_heard_of() {
    let system = ActorSystem::builder().workers(3).build().expect("it starts");
    let (sender, heard) = channel();
    let ear = system.spawn(Ear { number: 0, heard: sender }).start().expect("it starts");
    for _ in 0..TARGETS {
        let target = system.spawn(Target).start().expect("it starts");
        let killed = target.clone();
        let killer = thread::spawn(move || killed.kill());
        ear.blocking_send(Mind(target.clone(), 1, true)).expect("it lives");
        killer.join().expect("nobody panics");
        let (_, who, reason) = recv(&heard);
        assert_eq!(who.id(), target.id());
        assert!(matches!(reason, StopReason::Killed), "{reason}");
    }
    drop((ear, system));
    assert!(heard.try_recv().is_err(), "each once");
}

/// Links itself to another one.
struct Link(ActorRef<Knot>);
impl Message for Link {
    type Result = ();
}

struct Knot;
impl Actor for Knot {}

impl Handler<Link> for Knot {
    async fn handle(&mut self, Link(other): Link, ctx: &mut ActorContext<Self>) {
        ctx.link(&other);
    }
}

#[test]
fn a_net_of_links_ends_as_a_whole_whoever_fails_first() {
    let system = ActorSystem::builder().workers(3).build().expect("it starts");
    for _ in 0..20 {
        let knots: Vec<_> = (0..20).map(|_| system.spawn(Knot).start().expect("it starts")).collect();
        thread::scope(|scope| {
            // From both sides at once, and to several: the locks of the two sides are taken in one order.
            for step in [1, 19, 7] {
                let knots = &knots;
                scope.spawn(move || {
                    for (place, knot) in knots.iter().enumerate() {
                        knot.blocking_send(Link(knots[(place + step) % 20].clone())).expect("it lives");
                    }
                });
            }
        });
        let two = [&knots[3], &knots[14]];
        thread::scope(|scope| two.map(|knot| scope.spawn(|| knot.kill())).map(|_| ()));
        for knot in &knots {
            let reason = wait(knot.stopped());
            assert!(matches!(reason, StopReason::Killed | StopReason::Linked(_)), "{reason}");
        }
    }
}
