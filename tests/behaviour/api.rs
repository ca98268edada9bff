//! Each name of the public API does what it says, in the plain case.

use std::collections::HashSet;

use corecast::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Mailbox, Message, Recipient};

use crate::support::{
    Echo, LIMIT, Note, Probe, Seen, eventually, hold, later, probe, run, spawn, spawn_with, system, wait, within,
};

struct Greet(&'static str);

impl Message for Greet {
    type Result = String;
}

struct Greeter;

impl Actor for Greeter {}

impl Handler<Greet> for Greeter {
    async fn handle(&mut self, greet: Greet, _ctx: &mut ActorContext<Self>) -> String {
        format!("hello, {}", greet.0)
    }
}

impl Handler<Echo> for Greeter {
    async fn handle(&mut self, echo: Echo, _ctx: &mut ActorContext<Self>) -> u64 {
        echo.0 + 1000
    }
}

#[test]
fn an_actor_answers_what_it_is_sent() {
    let system = ActorSystem::new().unwrap();
    let answer = system.block_on(async {
        let greeter = system.spawn(Greeter).await.unwrap();
        greeter.send(Greet("world")).await.unwrap()
    });
    assert_eq!(answer, "hello, world");
}

#[test]
fn a_system_has_one_worker_per_available_core_unless_told() {
    let system = ActorSystem::new().unwrap();
    let available = std::thread::available_parallelism().unwrap().get();
    assert_eq!(system.workers(), available.min(64));
    assert_eq!(system.worker_cores().len(), system.workers());

    let one = ActorSystem::builder().workers(1).build().unwrap();
    assert_eq!((one.workers(), one.worker_cores()), (1, &[None][..]));
}

#[test]
fn a_pinned_system_knows_the_core_of_each_worker() {
    let system = ActorSystem::builder().workers(1).pin_cores(true).build().unwrap();
    let core = system.worker_cores()[0].expect("pinned");
    let (probe, _events) = probe();
    let actor = wait(system.spawn(probe).on_core(core)).unwrap();
    assert_eq!(wait(actor.send(run(|ctx| ctx.worker()))).unwrap(), 0);

    let same = ActorSystem::builder().cores([core]).build().unwrap();
    assert_eq!(same.worker_cores(), &[Some(core)]);
}

#[test]
fn every_tell_delivers() {
    let system = system(1);
    let (actor, events) = spawn(&system);
    wait(actor.tell(Note(1))).unwrap();
    actor.try_tell(Note(2)).unwrap();
    actor.blocking_tell(Note(3)).unwrap();
    assert_eq!([events.note(), events.note(), events.note()], [1, 2, 3]);
}

#[test]
fn every_send_brings_the_reply() {
    let system = system(1);
    let (actor, _events) = spawn(&system);
    assert_eq!(wait(actor.send(Echo(1))).unwrap(), 1);
    assert_eq!(wait(actor.try_send(Echo(2)).unwrap()).unwrap(), 2);
    assert_eq!(actor.blocking_send(Echo(3)).unwrap(), 3);
}

#[test]
fn a_recipient_needs_no_actor_type() {
    let system = system(2);
    let (probe, _events) = spawn(&system);
    let greeter = wait(system.spawn(Greeter)).unwrap();
    let recipients: Vec<Recipient<Echo>> = vec![probe.recipient(), greeter.recipient()];
    let again = recipients.clone();

    for (recipient, expected) in again.iter().zip([5, 1005]) {
        assert_eq!(wait(recipient.send(Echo(5))).unwrap(), expected);
        assert_eq!(wait(recipient.try_send(Echo(5)).unwrap()).unwrap(), expected);
        assert_eq!(recipient.blocking_send(Echo(5)).unwrap(), expected);
        wait(recipient.tell(Echo(5))).unwrap();
        recipient.try_tell(Echo(5)).unwrap();
        recipient.blocking_tell(Echo(5)).unwrap();
    }
    assert_eq!(recipients[0].id(), probe.id());
    assert_eq!(recipients[1].info().type_name(), std::any::type_name::<Greeter>());
    assert!(recipients[0].is_alive());
    eventually("all were taken out", || recipients.iter().all(|recipient| recipient.mailbox_size() == 0));
}

#[test]
fn a_recipient_keeps_its_actor_alive() {
    let system = system(1);
    let (actor, events) = spawn(&system);
    let recipient: Recipient<Note> = actor.recipient();
    drop(actor);
    wait(recipient.tell(Note(1))).unwrap();
    drop(recipient);
    assert_eq!(events.rest(), ["note 1", "post_stop Unreachable", "dropped"]);
}

#[test]
fn a_weak_reference_leads_back_to_its_actor() {
    let system = system(1);
    let (actor, _events) = spawn(&system);
    let weak = actor.downgrade();
    let again = weak.clone().upgrade().expect("alive");
    assert_eq!(again, actor);
    assert_eq!(weak.id(), actor.id());
    assert_eq!(wait(again.send(Echo(1))).unwrap(), 1);
}

#[test]
fn references_are_equal_when_they_name_the_same_actor() {
    let system = system(1);
    let ((one, _), (two, _)) = (spawn(&system), spawn(&system));
    assert_eq!(one, one.clone());
    assert_ne!(one, two);
    assert_ne!(one.id(), two.id());
    let set: HashSet<ActorRef<Probe>> = [one.clone(), two.clone(), one.clone()].into();
    assert_eq!(set.len(), 2);
    assert!(!format!("{one:?}").is_empty());
}

#[test]
fn an_actor_is_described_by_name_type_and_number() {
    let system = system(1);
    let (anonymous, _events) = spawn(&system);
    let type_name = std::any::type_name::<Probe>();
    let info = anonymous.info();
    assert_eq!((info.id(), info.type_name(), info.name()), (anonymous.id(), type_name, None));
    assert_eq!(info.to_string(), format!("{type_name} {}", info.id()));
    assert!(info.id().to_string().starts_with('#'));

    let (probe, _events) = probe();
    let named = wait(system.spawn(probe).name("counter")).unwrap();
    let info = named.info();
    assert_eq!(info.name(), Some("counter"));
    assert_eq!(info.to_string(), format!("`counter` ({type_name} {})", info.id()));
}

#[test]
fn mailbox_size_is_what_was_accepted_and_not_taken_out() {
    let system = system(1);
    let (actor, events) = spawn_with(&system, Mailbox::bounded(64));
    assert_eq!(actor.mailbox_size(), 0);
    let held = hold(&actor);
    assert_eq!(actor.mailbox_size(), 0);
    for number in 1..=10 {
        wait(actor.tell(Note(number))).unwrap();
        assert_eq!(actor.mailbox_size() as u64, number);
    }
    held.open();
    for _ in 0..10 {
        events.note();
    }
    assert_eq!(actor.mailbox_size(), 0);
}

#[test]
fn mailbox_size_is_exact_while_handlers_run() {
    let system = system(1);
    let (actor, _events) = spawn(&system);
    let held = hold(&actor);
    let sizes: Vec<_> = (0..20).map(|_| actor.try_send(run(|ctx| ctx.mailbox_size())).unwrap()).collect();
    held.open();
    let sizes: Vec<_> = sizes.into_iter().map(|size| wait(size).unwrap()).collect();
    assert_eq!(sizes, (0..20).rev().collect::<Vec<_>>());

    let grown = actor.send(run(|ctx| {
        let me = ctx.actor_ref();
        (0..5).for_each(|number| me.try_tell(Note(number)).unwrap());
        (ctx.mailbox_size(), me.mailbox_size())
    }));
    assert_eq!(wait(grown).unwrap(), (5, 5));
}

#[test]
fn a_waiting_sender_is_not_in_the_mailbox_size() {
    let system = system(1);
    let (actor, _events) = spawn_with(&system, Mailbox::bounded(2));
    let held = hold(&actor);
    let tells: Vec<_> = (0..5).map(|number| actor.tell(Note(number))).collect();
    eventually("two are in", || actor.mailbox_size() == 2);
    assert!(actor.try_tell(Note(5)).expect_err("full").is_full());
    assert_eq!(actor.mailbox_size(), 2);
    held.open();
    tells.into_iter().for_each(|tell| wait(tell).unwrap());
    assert_eq!(wait(actor.send(Seen)).unwrap(), [0, 1, 2, 3, 4]);
}

#[test]
fn an_actor_is_alive_until_it_has_stopped() {
    let system = system(1);
    let (actor, events) = spawn(&system);
    assert!(actor.is_alive());
    actor.stop();
    wait(actor.stopped());
    assert!(!actor.is_alive());
    assert_eq!(events.rest(), ["post_stop Stopped", "dropped"]);
}

#[test]
fn an_actor_is_found_by_its_name() {
    let system = system(1);
    let (probe, _events) = probe();
    let actor = wait(system.spawn(probe).name("counter")).unwrap();
    assert_eq!(system.find::<Probe>("counter").unwrap(), actor);
    assert_eq!(system.handle().find::<Probe>("counter").unwrap(), actor);
    assert_eq!(wait(actor.send(run(|ctx| ctx.system().find::<Probe>("counter").unwrap().id()))).unwrap(), actor.id());
}

#[test]
fn a_context_knows_its_actor_and_its_system() {
    let system = system(2);
    let (actor, _events) = spawn(&system);
    let (me, weak, id, info, worker, name) = wait(actor.send(run(|ctx| {
        let name = ctx.system().name().unwrap_or_default();
        (ctx.actor_ref(), ctx.weak_ref(), ctx.id(), ctx.info().to_string(), ctx.worker(), name)
    })))
    .unwrap();
    assert_eq!((me, weak.id(), id), (actor.clone(), actor.id(), actor.id()));
    assert_eq!((info, name), (actor.info().to_string(), system.name().to_string()));
    assert!(worker < system.workers());
}

#[test]
fn a_handler_spawns_and_asks_other_actors() {
    let system = system(1);
    let (parent, _events) = spawn(&system);
    let answer = parent.send(later(|ctx| {
        Box::pin(async move {
            let child = ctx.system().spawn(Greeter).mailbox(Mailbox::unbounded()).start().unwrap();
            let other = ctx.system().spawn(Greeter).await.unwrap();
            (child.send(Greet("child")).await.unwrap(), other.send(Greet("other")).await.unwrap())
        })
    }));
    assert_eq!(wait(answer).unwrap(), ("hello, child".to_owned(), "hello, other".to_owned()));
}

#[test]
fn a_handle_serves_while_its_system_runs() {
    let system = system(2);
    let handle = system.handle();
    assert_eq!((handle.name().unwrap_or_default(), handle.workers()), (system.name().to_string(), 2));
    assert!(handle.clone().is_running());
    let greeter = wait(handle.spawn(Greeter)).unwrap();
    assert_eq!(wait(greeter.send(Greet("handle"))).unwrap(), "hello, handle");

    within(LIMIT, move || drop(system));
    assert!(!handle.is_running());
    assert!(handle.spawn(Greeter).start().is_err());
    assert!(handle.find::<Greeter>("any").is_err());
}

#[test]
fn a_system_counts_its_actors() {
    let system = system(1);
    assert_eq!(system.actor_count(), 0);
    let actors: Vec<_> = (0..3).map(|_| spawn(&system).0).collect();
    assert_eq!(system.actor_count(), 3);
    actors.iter().for_each(ActorRef::stop);
    eventually("stopped actors aren't counted", || system.actor_count() == 0);
}
