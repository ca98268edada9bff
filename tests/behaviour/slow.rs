//! Handlers and hooks that take long are told of: who computes, who blocks a thread, who waits, and for whom.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar};
use std::time::Duration;

use corecast::{
    Activity, Actor, ActorContext, ActorError, ActorInfo, ActorSystem, Handler, Message, Observer, SlowHandler,
    StopReason,
};
use futures::FutureExt;

use crate::support::{Echo, Note, eventually, hold, later, recv, run, spawn, threads_of, unique_name, wait, within};

const THRESHOLD: Duration = Duration::from_millis(5);

/// Passes on what is told.
struct Report(Mutex<Sender<SlowHandler>>);

impl Observer for Report {
    fn handler_slow(&self, slow: &SlowHandler) {
        let _ = self.0.lock().unwrap().send(slow.clone());
    }
}

fn watched(workers: usize) -> (ActorSystem, Receiver<SlowHandler>) {
    let (sender, reports) = channel();
    let system = ActorSystem::builder()
        .workers(workers)
        .name(unique_name())
        .slow_handlers(THRESHOLD)
        .observer(Report(Mutex::new(sender)))
        .build();
    (system.unwrap(), reports)
}

/// The next report about this handler of the actor's, which isn't over.
#[track_caller]
fn next(reports: &Receiver<SlowHandler>, actor: &ActorInfo, what: &str) -> SlowHandler {
    loop {
        let slow = recv(reports);
        if slow.actor() == actor && slow.handler().contains(what) && !slow.is_over() {
            return slow;
        }
    }
}

#[test]
fn one_that_keeps_the_only_worker_is_told_of_while_it_does() {
    let (system, reports) = watched(1);
    let (actor, _events) = spawn(&system);
    let is_told = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&is_told);
    let reply = actor.try_send(run(move |_| {
        // ORDERING: Relaxed; nothing else is read.
        while !flag.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
    }));
    let slow = next(&reports, &actor.info(), "Run<");
    assert_eq!(slow.activity(), &Activity::Running { worker: 0 });
    assert!(slow.lasted() >= THRESHOLD, "{slow}");
    // And again, when it has taken twice as long.
    let again = next(&reports, &actor.info(), "Run<");
    assert!(again.lasted() >= 2 * THRESHOLD && again.lasted() > slow.lasted(), "{again}");
    assert_eq!(system.snapshot().find(actor.id()).unwrap().handler.unwrap().what, slow.handler());
    is_told.store(true, Ordering::Relaxed);
    wait(reply.unwrap()).unwrap();
    // The reply comes a moment before it is noted that the handler is over.
    eventually("it is over", || system.snapshot().find(actor.id()).unwrap().handler.is_none());
}

#[test]
fn one_that_blocks_its_thread_is_told_of() {
    let (system, reports) = watched(1);
    let (actor, _events) = spawn(&system);
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let inside = Arc::clone(&gate);
    let reply = actor.try_send(run(move |_| {
        let mut open = inside.0.lock().unwrap();
        while !*open {
            open = inside.1.wait(open).unwrap();
        }
    }));
    assert_eq!(next(&reports, &actor.info(), "Run<").activity(), &Activity::Running { worker: 0 });
    *gate.0.lock().unwrap() = true;
    gate.1.notify_all();
    wait(reply.unwrap()).unwrap();
}

#[test]
fn one_that_waits_is_told_of_with_whom_it_waits_for() {
    let (system, reports) = watched(2);
    let ((asked, _events), (asker, _others)) = (spawn(&system), spawn(&system));
    let held = hold(&asked);
    let target = asked.clone();
    let reply = asker.try_send(later(move |_| async move { target.send(Note(7)).await.map(drop) }.boxed())).unwrap();
    let slow = next(&reports, &asker.info(), "Later<");
    assert_eq!(slow.activity(), &Activity::Waiting { targets: vec![asked.info()] });
    let handler = system.snapshot().find(asker.id()).unwrap().handler.expect("it is known");
    assert!(handler.what == slow.handler() && handler.age >= THRESHOLD);
    held.open();
    wait(reply).unwrap().unwrap();
}

#[test]
fn one_that_waited_and_then_computes_is_told_of_from_its_beginning() {
    let (system, reports) = watched(1);
    let (actor, _events) = spawn(&system);
    let is_told = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&is_told);
    let reply = actor.try_send(later(move |ctx| {
        async move {
            ctx.yield_now().await;
            while !flag.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        }
        .boxed()
    }));
    let computes = |slow: SlowHandler| slow.activity() == &Activity::Running { worker: 0 };
    while !computes(next(&reports, &actor.info(), "Later<")) {}
    is_told.store(true, Ordering::Relaxed);
    wait(reply.unwrap()).unwrap();
}

#[test]
fn one_that_is_over_before_anybody_looks_is_told_of_then() {
    let (sender, reports) = channel();
    let builder = ActorSystem::builder().workers(1).observer(Report(Mutex::new(sender)));
    // Nobody looks so often.
    let system = builder.slow_handlers(Duration::from_nanos(1)).build().unwrap();
    let (actor, _events) = spawn(&system);
    for number in 0..100 {
        wait(actor.send(Echo(number))).unwrap();
    }
    drop((actor, system));
    let echoes: Vec<_> = reports.try_iter().filter(|slow| slow.handler().ends_with("Echo")).collect();
    assert!(echoes.iter().filter(|slow| slow.is_over()).count() > 50, "{echoes:?}");
}

/// Each hook takes as long as it is told to.
struct Hooks(Vec<(&'static str, Receiver<()>)>);

impl Hooks {
    fn wait(&mut self, hook: &str) {
        let (name, gate) = self.0.remove(0);
        assert_eq!(name, hook);
        let _ = gate.recv();
    }
}

struct Hear(corecast::ActorRef<crate::support::Probe>);

impl Message for Hear {
    type Result = ();
}

impl Handler<Hear> for Hooks {
    async fn handle(&mut self, hear: Hear, ctx: &mut ActorContext<Self>) {
        ctx.watch(&hear.0);
    }
}

impl Actor for Hooks {
    async fn pre_start(&mut self, _ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        self.wait("pre_start");
        Ok(())
    }

    async fn on_terminated(&mut self, _: ActorInfo, _: StopReason, _ctx: &mut ActorContext<Self>) {
        self.wait("on_terminated");
    }

    async fn health_check(&mut self, _ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        // The first ones come while others are waited for.
        if matches!(self.0.first(), Some(("health_check", _))) {
            self.wait("health_check");
        }
        Ok(())
    }

    async fn post_stop(&mut self, _: &StopReason, _ctx: &mut ActorContext<Self>) {
        self.wait("post_stop");
    }
}

#[test]
fn hooks_are_told_of_by_name() {
    let (system, reports) = watched(2);
    let (gates, hooks): (Vec<_>, Vec<_>) = ["pre_start", "on_terminated", "health_check", "post_stop"]
        .into_iter()
        .map(|name| {
            let (open, gate) = channel();
            ((name, open), (name, gate))
        })
        .unzip();
    let (often, budget) = (Duration::from_millis(1), Duration::MAX);
    let actor = system.spawn(Hooks(hooks)).health_check(often, budget).start().unwrap();
    let (other, _events) = spawn(&system);
    for (name, open) in gates {
        assert_eq!(next(&reports, &actor.info(), name).handler(), name);
        drop(open);
        match name {
            "pre_start" => {
                wait(actor.send(Hear(other.clone()))).unwrap();
                other.stop();
            }
            "health_check" => actor.stop(),
            _ => {}
        }
    }
    assert!(matches!(wait(actor.stopped()), StopReason::Stopped));
}

/// A timer's message goes past the mailbox.
#[test]
fn a_timers_message_is_told_of() {
    struct Late(Receiver<()>);
    impl Message for Late {
        type Result = ();
    }
    impl Handler<Late> for crate::support::Probe {
        async fn handle(&mut self, late: Late, _ctx: &mut ActorContext<Self>) {
            let _ = late.0.recv();
        }
    }
    let (system, reports) = watched(1);
    let (actor, _events) = spawn(&system);
    let (open, gate) = channel::<()>();
    wait(actor.send(run(move |ctx| {
        ctx.tell_after(Duration::ZERO, Late(gate));
    })))
    .unwrap();
    next(&reports, &actor.info(), "Late");
    drop(open);
    wait(actor.send(Echo(1))).unwrap();
}

#[test]
fn one_that_is_killed_while_it_waits_is_no_more_in_its_handler() {
    let (system, reports) = watched(1);
    let (actor, _events) = spawn(&system);
    let held = hold(&actor);
    next(&reports, &actor.info(), "Hold");
    actor.kill();
    wait(actor.stopped());
    drop(held);
    assert_eq!(system.snapshot().actors.len(), 0);
}

/// What an observer does with its system, on whatever thread.
#[test]
fn an_observer_may_end_the_system_that_tells_it() {
    struct Ender(Arc<Mutex<Option<ActorSystem>>>, Mutex<Sender<()>>);
    impl Observer for Ender {
        fn handler_slow(&self, _: &SlowHandler) {
            let ended = self.0.lock().unwrap().take().map(drop);
            if ended.is_some() {
                let _ = self.1.lock().unwrap().send(());
            }
        }
    }
    let (sender, ended) = channel();
    let ended_by_it = Arc::new(Mutex::new(None));
    let ender = Ender(Arc::clone(&ended_by_it), Mutex::new(sender));
    let builder = ActorSystem::builder().workers(1).name(unique_name()).slow_handlers(THRESHOLD);
    let system = builder.observer(ender).build().unwrap();
    let (actor, _events) = spawn(&system);
    let flag = Arc::new(AtomicBool::new(false));
    let inside = Arc::clone(&flag);
    *ended_by_it.lock().unwrap() = Some(system);
    let spin = run(move |_| {
        while !inside.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
    });
    wait(actor.tell(spin)).unwrap();
    recv(&ended);
    flag.store(true, Ordering::Relaxed);
    assert!(matches!(wait(actor.stopped()), StopReason::Killed));
}

#[cfg(target_os = "linux")]
#[test]
fn the_thread_that_looks_is_there_only_where_it_was_asked_for_and_goes_with_the_system() {
    let name = unique_name();
    let there = || threads_of(&name);
    let plain = ActorSystem::builder().workers(2).name(&name).build().unwrap();
    eventually("the workers are there", || there() == 2);
    within(crate::support::LIMIT, move || drop(plain));
    assert_eq!(there(), 0);
    let watched = ActorSystem::builder().workers(2).name(&name).slow_handlers(Duration::from_secs(60)).build().unwrap();
    eventually("and who looks after them", || there() == 3);
    within(crate::support::LIMIT, move || drop(watched));
    assert_eq!(there(), 0);
}

/// The whole of the messages' contract holds in such a system, too: they take another way there.
#[test]
fn messages_are_handled_in_order_and_once() {
    let (system, _reports) = watched(2);
    let (actor, events) = spawn(&system);
    for round in 0..50 {
        for number in 0..200 {
            wait(actor.tell(Note(round * 200 + number))).unwrap();
        }
        if round % 7 == 0 {
            hold(&actor).open();
        }
    }
    (0..10_000).for_each(|number| assert_eq!(events.note(), number));
    actor.stop();
    assert_eq!(events.rest(), ["post_stop Stopped", "dropped"]);
}
