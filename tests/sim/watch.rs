//! Watches and links: who hears of whose end, when, and who shares it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use corecast::sim::{Outcome, Sim, check};
use corecast::{
    Actor, ActorContext, ActorError, ActorInfo, ActorRef, ActorSystem, Handler, Mailbox, Message, Place, StopReason,
};
use futures::future::BoxFuture;

/// What an actor has come to, in order: ends that it heard of, by name, and messages.
type Log = Arc<Mutex<Vec<String>>>;

/// Notes what it hears, and does what it is told.
struct Ear {
    log: Log,
    /// How long it takes to hear.
    takes: Duration,
    fails: bool,
}

impl Actor for Ear {
    async fn on_terminated(&mut self, who: ActorInfo, reason: StopReason, ctx: &mut ActorContext<Self>) {
        let name = who.name().unwrap_or("nobody").to_owned();
        assert!(ctx.system().find::<Ear>(&name).is_err(), "its name is free");
        if !self.takes.is_zero() {
            ctx.sleep(self.takes).await;
        }
        assert!(!self.fails, "as it should");
        self.log.lock().expect("not poisoned").push(format!("{name}: {reason}"));
    }
}

/// Fails to start.
struct Stillborn;
impl Actor for Stillborn {
    async fn pre_start(&mut self, _: &mut ActorContext<Self>) -> Result<(), ActorError> {
        Err(ActorError::new("never"))
    }
}

/// A message to be noted.
struct Say(u64);
impl Message for Say {
    type Result = ();
}

impl Handler<Say> for Ear {
    async fn handle(&mut self, Say(number): Say, _: &mut ActorContext<Self>) {
        self.log.lock().expect("not poisoned").push(number.to_string());
    }
}

type Closure = Box<dyn for<'a> FnOnce(&'a mut ActorContext<Ear>) -> BoxFuture<'a, ()> + Send>;

/// A closure that a handler runs.
struct Do(Closure);
impl Message for Do {
    type Result = ();
}

impl Handler<Do> for Ear {
    async fn handle(&mut self, todo: Do, ctx: &mut ActorContext<Self>) {
        (todo.0)(ctx).await;
    }
}

fn run(closure: impl FnOnce(&mut ActorContext<Ear>) + Send + 'static) -> Do {
    Do(Box::new(move |ctx| {
        closure(ctx);
        Box::pin(async {})
    }))
}

fn later(closure: impl for<'a> FnOnce(&'a mut ActorContext<Ear>) -> BoxFuture<'a, ()> + Send + 'static) -> Do {
    Do(Box::new(closure))
}

/// Panics where it is handled.
fn fail() -> Do {
    run(|_| panic!("it broke"))
}

fn ear(system: &ActorSystem, name: &str) -> (ActorRef<Ear>, Log) {
    spawn(system, name, Duration::ZERO, false)
}

fn spawn(system: &ActorSystem, name: &str, takes: Duration, fails: bool) -> (ActorRef<Ear>, Log) {
    let log = Log::default();
    let actor = system.spawn(Ear { log: Arc::clone(&log), takes, fails }).name(name).mailbox(Mailbox::bounded(2));
    (actor.start().expect("the system runs"), log)
}

fn watch(watcher: &ActorRef<Ear>, target: &ActorRef<Ear>) {
    let target = target.clone();
    watcher.blocking_send(run(move |ctx| ctx.watch(&target))).expect("it lives");
}

fn link(one: &ActorRef<Ear>, other: &ActorRef<Ear>) {
    let other = other.clone();
    one.blocking_send(run(move |ctx| ctx.link(&other))).expect("it lives");
}

fn take(log: &Log) -> Vec<String> {
    std::mem::take(&mut log.lock().expect("not poisoned"))
}

const KILLED: &str = "it was killed";
const STOPPED: &str = "it was asked to stop";
const BROKE: &str = "a handler panicked: it broke";
const SHORT: Duration = Duration::from_millis(5);

/// Plays under many seeds.
fn play(body: impl Fn(&Sim, &ActorSystem) -> Outcome) {
    check(200, |sim| {
        sim.expect_panics::<Ear>();
        let system = sim.system();
        body(sim, &system)
    });
}

#[test]
fn an_end_is_heard_once_with_its_reason() {
    play(|sim, system| {
        let (watcher, log) = ear(system, "watcher");
        let targets = ["stopped", "killed", "broken"].map(|name| ear(system, name).0);
        for target in targets.iter().chain(&targets) {
            watch(&watcher, target);
        }
        targets[0].stop();
        targets[1].kill();
        targets[2].try_tell(fail())?;
        sim.run_until_quiescent()?;
        let mut heard = take(&log);
        heard.sort();
        assert_eq!(heard, [format!("broken: {BROKE}"), format!("killed: {KILLED}"), format!("stopped: {STOPPED}")]);
        Ok(())
    });
}

#[test]
fn one_that_is_dead_already_is_heard_of_and_may_be_watched_again() {
    play(|sim, system| {
        let (watcher, log) = ear(system, "watcher");
        let (target, _) = ear(system, "target");
        target.kill();
        sim.block_on(target.stopped());
        for _ in 0..3 {
            let target = target.clone();
            let twice = run(move |ctx| {
                ctx.watch(&target);
                ctx.watch(&target);
            });
            watcher.blocking_send(twice)?;
            sim.run_until_quiescent()?;
            assert_eq!(take(&log), [format!("target: {KILLED}")]);
        }
        Ok(())
    });
}

#[test]
fn whatever_reference_is_watched_an_end_is_heard_once() {
    play(|sim, system| {
        let (watcher, log) = ear(system, "watcher");
        let (target, _) = ear(system, "target");
        let (weak, anybody, strong) = (target.downgrade(), target.recipient::<Say>(), target.clone());
        watcher.blocking_send(run(move |ctx| {
            ctx.watch(&weak);
            ctx.watch(&anybody);
            ctx.unwatch(&strong);
            ctx.watch(&weak);
        }))?;
        drop(target);
        sim.run_until_quiescent()?;
        assert!(take(&log).is_empty(), "its name keeps it");
        let target = system.find::<Ear>("target")?;
        target.kill();
        sim.run_until_quiescent()?;
        assert_eq!(take(&log), [format!("target: {KILLED}")]);
        let weak = target.downgrade();
        drop(target);
        watcher.blocking_send(run(move |ctx| ctx.watch(&weak)))?;
        sim.run_until_quiescent()?;
        assert_eq!(take(&log), [format!("target: {KILLED}")], "also when nobody could reach it any more");
        Ok(())
    });
}

#[test]
fn one_that_never_started_is_heard_of() {
    play(|sim, system| {
        let (watcher, log) = ear(system, "watcher");
        let stillborn = system.spawn(Stillborn).name("stillborn").start()?;
        watcher.blocking_send(run(move |ctx| ctx.watch(&stillborn)))?;
        sim.run_until_quiescent()?;
        assert_eq!(take(&log), ["stillborn: it could not start: never"]);
        Ok(())
    });
}

#[test]
fn a_notice_passes_ahead_of_a_full_mailbox() {
    play(|sim, system| {
        let (watcher, log) = ear(system, "watcher");
        let targets = ["a", "b", "c"].map(|name| ear(system, name).0);
        for target in &targets {
            watch(&watcher, target);
        }
        let busy = later(move |ctx| {
            let (myself, nap) = (ctx.actor_ref(), ctx.sleep(2 * SHORT));
            Box::pin(async move {
                for number in 1..=2 {
                    myself.tell(Say(number)).await.expect("there is room");
                }
                assert!(myself.try_tell(Say(0)).is_err(), "it is full");
                nap.await;
            })
        });
        watcher.try_tell(busy)?;
        sim.run_for(SHORT)?;
        for target in &targets {
            target.stop();
        }
        sim.run_until_quiescent()?;
        let mut heard = take(&log);
        assert_eq!(heard.split_off(3), ["1", "2"]);
        heard.sort();
        assert_eq!(heard, ["a", "b", "c"].map(|name| format!("{name}: {STOPPED}")));
        Ok(())
    });
}

#[test]
fn what_is_unwatched_is_not_heard_of_even_if_the_end_has_come() {
    play(|sim, system| {
        let (watcher, log) = ear(system, "watcher");
        let (target, _) = ear(system, "target");
        let (other, _) = ear(system, "other");
        let (dying, kept) = (target.clone(), other.clone());
        let todo = later(move |ctx| {
            ctx.watch(&dying);
            ctx.watch(&kept);
            Box::pin(async move {
                dying.kill();
                kept.kill();
                dying.stopped().await;
                kept.stopped().await;
                // Both notices wait, or are on their way.
                ctx.unwatch(&dying);
                ctx.unwatch(&dying);
            })
        });
        watcher.blocking_send(todo)?;
        sim.run_until_quiescent()?;
        assert_eq!(take(&log), [format!("other: {KILLED}")]);
        // Another watch is another one.
        watch(&watcher, &target);
        sim.run_until_quiescent()?;
        assert_eq!(take(&log), [format!("target: {KILLED}")]);
        Ok(())
    });
}

#[test]
fn an_unwatch_that_races_the_end_hears_of_nothing_after_it() {
    play(|sim, system| {
        let (watcher, log) = ear(system, "watcher");
        let (target, _) = ear(system, "target");
        watch(&watcher, &target);
        target.try_tell(fail())?;
        let (forgotten, seen) = (target.clone(), Arc::clone(&log));
        watcher.try_tell(run(move |ctx| {
            ctx.unwatch(&forgotten);
            seen.lock().expect("not poisoned").push("unwatched".to_owned());
        }))?;
        sim.run_until_quiescent()?;
        assert_eq!(take(&log).last().map(String::as_str), Some("unwatched"));
        Ok(())
    });
}

#[test]
fn a_watch_keeps_nobody_alive() {
    check(200, |sim| {
        let system = sim.system();
        let nameless = || {
            let log = Log::default();
            let ear = Ear { log: Arc::clone(&log), takes: Duration::ZERO, fails: false };
            (system.spawn(ear).start().expect("the system runs"), log)
        };
        let ((watcher, _), (target, heard)) = (nameless(), nameless());
        watch(&watcher, &target);
        watch(&target, &watcher);
        let ends = [watcher.stopped(), target.stopped()];
        drop(watcher);
        let [watcher, other] = ends;
        assert!(matches!(sim.block_on(watcher), StopReason::Unreachable));
        sim.settle()?;
        assert_eq!(take(&heard), ["nobody: nothing could reach it any more"]);
        drop(target);
        assert!(matches!(sim.block_on(other), StopReason::Unreachable));
        Ok(())
    });
}

/// Watches while it is ending, and those who ended then.
struct Late(ActorRef<Ear>);
impl Actor for Late {
    async fn on_terminated(&mut self, who: ActorInfo, _: StopReason, _: &mut ActorContext<Self>) {
        panic!("{who} came too late");
    }

    async fn post_stop(&mut self, _: &StopReason, ctx: &mut ActorContext<Self>) {
        ctx.watch(&self.0);
        ctx.link(&self.0);
        ctx.trap_links(true);
        self.0.kill();
        self.0.stopped().await;
        ctx.sleep(SHORT).await;
    }
}

#[test]
fn one_that_is_ending_neither_watches_nor_links() {
    play(|sim, system| {
        let late = system.spawn(Late(ear(system, "target").0)).start()?;
        let (watcher, log) = ear(system, "watcher");
        let target = late.clone();
        watcher.blocking_send(run(move |ctx| ctx.watch(&target)))?;
        late.stop();
        assert!(matches!(sim.block_on(late.stopped()), StopReason::Stopped));
        sim.settle()?;
        assert_eq!(take(&log), [format!("nobody: {STOPPED}")]);
        Ok(())
    });
}

/// Links itself to another one when it has failed.
struct Drowning(Option<ActorRef<Ear>>);
impl Actor for Drowning {
    async fn post_stop(&mut self, _: &StopReason, ctx: &mut ActorContext<Self>) {
        ctx.link(&self.0.take().expect("once"));
    }
}

impl Handler<Say> for Drowning {
    async fn handle(&mut self, _: Say, _: &mut ActorContext<Self>) {
        panic!("it broke");
    }
}

#[test]
fn one_that_has_failed_draws_nobody_in() {
    play(|sim, system| {
        sim.expect_panics::<Drowning>();
        let (bystander, _) = ear(system, "bystander");
        // Nobody refers to it but the system: nothing of it is on the side.
        let drowning = system.spawn(Drowning(Some(bystander.clone()))).start()?;
        drowning.try_tell(Say(0))?;
        sim.run_until_quiescent()?;
        assert!(!drowning.is_alive() && bystander.is_alive());
        Ok(())
    });
}

#[test]
fn a_notice_is_heard_before_the_end_of_one_that_is_asked_to_stop() {
    play(|sim, system| {
        let (watcher, log) = ear(system, "watcher");
        let (target, _) = ear(system, "target");
        watch(&watcher, &target);
        watcher.try_tell(later(|ctx| Box::pin(ctx.sleep(2 * SHORT))))?;
        sim.run_for(SHORT)?;
        target.stop();
        sim.block_on(target.stopped());
        watcher.stop();
        sim.run_until_quiescent()?;
        assert_eq!(take(&log), [format!("target: {STOPPED}")]);
        Ok(())
    });
}

#[test]
fn ones_own_end_is_not_ones_to_hear_of() {
    play(|sim, system| {
        let (watcher, log) = ear(system, "watcher");
        let me = watcher.clone();
        watcher.blocking_send(run(move |ctx| {
            ctx.trap_links(true);
            ctx.watch(&me);
            ctx.link(&me);
            ctx.unwatch(&me);
            ctx.unlink(&me);
        }))?;
        watcher.kill();
        assert!(matches!(sim.block_on(watcher.stopped()), StopReason::Killed));
        assert!(take(&log).is_empty());
        Ok(())
    });
}

#[test]
fn hearing_may_wait_and_be_killed_and_fail() {
    play(|sim, system| {
        let (slow, heard) = spawn(system, "slow", SHORT, false);
        let (doomed, nothing) = spawn(system, "doomed", Duration::MAX, false);
        let (fragile, neither) = spawn(system, "fragile", SHORT, true);
        let targets = ["a", "b"].map(|name| ear(system, name).0);
        for (watcher, target) in
            [&slow, &doomed, &fragile].into_iter().flat_map(|w| targets.iter().map(move |t| (w, t)))
        {
            watch(watcher, target);
        }
        targets[0].stop();
        sim.block_on(targets[0].stopped());
        targets[1].stop();
        slow.try_tell(Say(1))?;
        sim.run_for(4 * SHORT)?;
        assert_eq!(take(&heard), [&format!("a: {STOPPED}"), &format!("b: {STOPPED}"), "1"]);
        doomed.kill();
        assert!(matches!(sim.block_on(doomed.stopped()), StopReason::Killed));
        let reason = sim.block_on(fragile.stopped());
        let StopReason::Panicked(panic) = &reason else { panic!("{reason}") };
        assert_eq!((panic.place(), panic.text()), (Place::OnTerminated, "as it should"));
        assert!(take(&nothing).is_empty() && take(&neither).is_empty());
        Ok(())
    });
}

#[test]
fn a_failure_is_shared_both_ways_and_along_a_chain() {
    play(|sim, system| {
        let actors = ["a", "b", "c", "d"].map(|name| ear(system, name).0);
        for pair in actors.windows(2) {
            link(&pair[0], &pair[1]);
            link(&pair[1], &pair[0]);
        }
        actors[1].try_tell(fail())?;
        let reasons = actors.map(|actor| sim.block_on(actor.stopped()));
        let by = |reason: &StopReason| match reason {
            StopReason::Linked(who) => who.name().expect("it has a name").to_owned(),
            other => other.to_string(),
        };
        assert_eq!(reasons.each_ref().map(by), ["b", BROKE, "b", "c"]);
        assert!(reasons[3].to_string().contains("has failed, to which it is linked"), "{}", reasons[3]);
        Ok(())
    });
}

#[test]
fn a_failure_of_the_one_who_linked_is_shared_too() {
    play(|sim, system| {
        let [one, other] = ["one", "other"].map(|name| ear(system, name).0);
        link(&one, &other);
        one.kill();
        assert!(matches!(sim.block_on(other.stopped()), StopReason::Linked(_)));
        Ok(())
    });
}

#[test]
fn a_shared_failure_drops_a_handler_that_waits_and_overtakes_a_full_mailbox() {
    play(|sim, system| {
        let (one, log) = ear(system, "one");
        let (other, _) = ear(system, "other");
        link(&one, &other);
        let held = one.try_send(later(|ctx| Box::pin(ctx.sleep(Duration::MAX))))?;
        sim.run_for(SHORT)?;
        one.try_tell(Say(1))?;
        one.try_tell(Say(2))?;
        other.kill();
        let reason = sim.block_on(one.stopped());
        assert!(matches!(&reason, StopReason::Linked(who) if who.name() == Some("other")), "{reason}");
        assert!(sim.block_on(held).is_err());
        assert!(take(&log).is_empty());
        assert_eq!(sim.dead_letters().len(), 2);
        Ok(())
    });
}

#[test]
fn an_orderly_end_is_not_shared() {
    play(|sim, system| {
        let (one, log) = ear(system, "one");
        let (other, _) = ear(system, "other");
        link(&one, &other);
        other.stop();
        sim.run_until_quiescent()?;
        assert!(one.is_alive());
        assert!(take(&log).is_empty(), "nor heard of");
        Ok(())
    });
}

#[test]
fn one_that_traps_hears_instead_of_ending() {
    play(|sim, system| {
        let (one, log) = ear(system, "one");
        one.blocking_send(run(|ctx| ctx.trap_links(true)))?;
        let (broken, _) = ear(system, "broken");
        let (stopped, _) = ear(system, "stopped");
        link(&one, &broken);
        link(&stopped, &one);
        // Both a watch and a link: heard of once.
        watch(&one, &broken);
        broken.try_tell(fail())?;
        stopped.stop();
        sim.run_until_quiescent()?;
        let mut heard = take(&log);
        heard.sort();
        assert_eq!(heard, [format!("broken: {BROKE}"), format!("stopped: {STOPPED}")]);
        assert!(one.is_alive());
        Ok(())
    });
}

#[test]
fn a_link_to_one_that_has_failed_is_shared_at_once_even_if_that_was_heard_of() {
    play(|sim, system| {
        let (dead, _) = ear(system, "dead");
        dead.kill();
        sim.block_on(dead.stopped());
        let (one, _) = ear(system, "one");
        link(&one, &dead);
        assert!(matches!(sim.block_on(one.stopped()), StopReason::Linked(_)));
        let (watcher, log) = ear(system, "watcher");
        let target = dead.clone();
        watcher.blocking_send(run(move |ctx| {
            ctx.watch(&target);
            ctx.link(&target);
        }))?;
        assert!(matches!(sim.block_on(watcher.stopped()), StopReason::Linked(_)));
        assert!(take(&log).is_empty());
        Ok(())
    });
}

#[test]
fn what_is_unlinked_is_not_shared_by_either() {
    play(|sim, system| {
        let (one, log) = ear(system, "one");
        let (other, _) = ear(system, "other");
        link(&one, &other);
        watch(&one, &other);
        let target = other.clone();
        one.blocking_send(run(move |ctx| ctx.unlink(&target)))?;
        other.kill();
        sim.run_until_quiescent()?;
        assert!(one.is_alive());
        assert_eq!(take(&log), [format!("other: {KILLED}")], "the watch stays");
        let (third, _) = ear(system, "third");
        link(&one, &third);
        let target = one.clone();
        third.blocking_send(run(move |ctx| ctx.unlink(&target)))?;
        one.kill();
        sim.run_until_quiescent()?;
        assert!(third.is_alive());
        Ok(())
    });
}

#[test]
fn unwatching_what_is_linked_too_keeps_the_link() {
    play(|sim, system| {
        let (one, _) = ear(system, "one");
        let (other, _) = ear(system, "other");
        link(&one, &other);
        watch(&one, &other);
        let target = other.clone();
        one.blocking_send(run(move |ctx| ctx.unwatch(&target)))?;
        other.kill();
        assert!(matches!(sim.block_on(one.stopped()), StopReason::Linked(_)));
        Ok(())
    });
}

#[test]
fn links_of_both_at_once_are_one_or_none() {
    play(|sim, system| {
        let (one, _) = ear(system, "one");
        let (other, _) = ear(system, "other");
        let (theirs, mine) = (other.clone(), one.clone());
        one.try_tell(run(move |ctx| ctx.link(&theirs)))?;
        other.try_tell(run(move |ctx| {
            ctx.link(&mine);
            ctx.unlink(&mine);
        }))?;
        sim.run_until_quiescent()?;
        one.kill();
        sim.run_until_quiescent()?;
        // Whichever came last decides, for both.
        let shared = !other.is_alive();
        let (third, _) = ear(system, "third");
        assert!(third.is_alive());
        if shared {
            assert!(matches!(sim.block_on(other.stopped()), StopReason::Linked(_)));
        } else {
            other.blocking_send(Say(1))?;
        }
        Ok(())
    });
}
