//! Groups and names: joins, leaves and broadcasts against ends, in whatever order they come.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use corecast::sim::{Outcome, Sim, check};
use corecast::{
    Actor, ActorContext, ActorInfo, ActorRef, ActorSystem, Groups, Handler, JoinError, Mailbox, Membership, Message,
    Overflow, StopReason,
};
use futures::future::BoxFuture;

const GROUPS: [&str; 2] = ["all", "some"];

/// What all of a run count.
#[derive(Default)]
struct Books {
    handled: AtomicU64,
    reached: AtomicU64,
    heard: Mutex<Vec<String>>,
}

fn add(column: &AtomicU64, more: usize) {
    // ORDERING: Relaxed; one thread plays.
    column.fetch_add(more as u64, Ordering::Relaxed);
}

fn sum(column: &AtomicU64) -> u64 {
    // ORDERING: Relaxed; as above.
    column.load(Ordering::Relaxed)
}

/// Does what it is told, and looks for those of whose ends it hears.
struct Guest(Arc<Books>);

impl Actor for Guest {
    async fn on_terminated(&mut self, who: ActorInfo, _: StopReason, ctx: &mut ActorContext<Self>) {
        assert_is_gone(&ctx.groups(), &who);
        let name = who.name().unwrap_or("nobody").to_owned();
        assert!(ctx.system().find::<Self>(&name).is_err(), "its name is free");
        self.0.heard.lock().expect("not poisoned").push(name);
    }
}

/// Whoever has ended is in no group.
fn assert_is_gone(groups: &Groups, who: &ActorInfo) {
    for group in GROUPS {
        let members = groups.members::<Say>(group).expect("a group of guests");
        assert!(members.iter().all(|member| member.id() != who.id()), "{who} has ended and is in `{group}`");
    }
}

/// Something to be broadcast.
#[derive(Clone)]
struct Say;
impl Message for Say {
    type Result = ();
}

impl Handler<Say> for Guest {
    async fn handle(&mut self, _: Say, _: &mut ActorContext<Self>) {
        add(&self.0.handled, 1);
    }
}

type Closure = Box<dyn for<'a> FnOnce(&'a mut ActorContext<Guest>) -> BoxFuture<'a, ()> + Send>;

/// A closure that a handler awaits.
struct Do(Closure);
impl Message for Do {
    type Result = ();
}

impl Handler<Do> for Guest {
    async fn handle(&mut self, todo: Do, ctx: &mut ActorContext<Self>) {
        (todo.0)(ctx).await;
    }
}

fn later(closure: impl for<'a> FnOnce(&'a mut ActorContext<Guest>) -> BoxFuture<'a, ()> + Send + 'static) -> Do {
    Do(Box::new(closure))
}

fn run(closure: impl FnOnce(&mut ActorContext<Guest>) + Send + 'static) -> Do {
    later(move |ctx| {
        closure(ctx);
        Box::pin(async {})
    })
}

fn guest(system: &ActorSystem, books: &Arc<Books>, name: &str) -> ActorRef<Guest> {
    let guest = system.spawn(Guest(Arc::clone(books))).name(name).mailbox(Mailbox::bounded(2));
    guest.start().expect("the name is free")
}

/// Plays under many seeds.
fn play(body: impl Fn(&Sim, &ActorSystem, &Arc<Books>) -> Outcome) {
    check(300, |sim| body(sim, &sim.system(), &Arc::default()));
}

#[test]
fn whoever_hears_of_an_end_finds_its_actor_in_no_group() {
    play(|sim, system, books| {
        let [watcher, target] = ["watcher", "target"].map(|name| guest(system, books, name));
        let (watched, joins, waits) = (target.clone(), target.clone(), target.stopped());
        watcher.blocking_send(run(move |ctx| ctx.watch(&watched)))?;
        for group in GROUPS {
            let joins = joins.clone();
            let todo = run(move |ctx| match ctx.groups().join::<Say>(group, &joins).start() {
                Ok(_) | Err(JoinError::Stopped { .. }) => {}
                Err(error) => panic!("{error}"),
            });
            watcher.try_tell(todo)?;
        }
        target.try_tell(later(|ctx| {
            let nap = ctx.yield_now();
            Box::pin(nap)
        }))?;
        if sim.choose(2) == 0 {
            target.stop()
        } else {
            target.kill()
        }
        sim.block_on(waits);
        assert_is_gone(system.groups(), &target.info());
        sim.run_until_quiescent()?;
        assert_eq!(*books.heard.lock().expect("not poisoned"), ["target"]);
        assert!(system.groups().names().is_empty());
        Ok(())
    });
}

#[test]
fn a_broadcast_that_waits_for_room_comes_to_one_who_has_left_and_the_next_one_doesn_t() {
    play(|sim, system, books| {
        let groups = system.groups();
        let [speaker, member] = ["speaker", "member"].map(|name| guest(system, books, name));
        let membership = groups.join::<Say>("all", &member).start()?;
        member.try_tell(later(|ctx| {
            let nap = ctx.sleep(Duration::from_millis(1));
            Box::pin(nap)
        }))?;
        let reached = Arc::clone(books);
        speaker.try_tell(later(move |ctx| {
            let groups = ctx.groups();
            Box::pin(async move {
                for _ in 0..5 {
                    let published = groups.broadcast("all", Say).await.expect("a group");
                    add(&reached.reached, published.reached());
                }
            })
        }))?;
        for _ in 0..sim.choose(8) {
            sim.step();
        }
        membership.leave();
        let before = sim.block_on(groups.broadcast("all", Say))?;
        assert_eq!(before.reached(), 0, "it has left");
        sim.run_until_quiescent()?;
        assert_eq!(sum(&books.handled), sum(&books.reached));
        assert!(groups.names().is_empty() && member.is_alive());
        Ok(())
    });
}

#[test]
fn what_a_broadcast_reaches_is_handled_dead_or_shed_whoever_joins_leaves_and_ends() {
    play(|sim, system, books| {
        let groups = system.groups();
        let mut guests: Vec<_> = (0..3).map(|number| guest(system, books, &number.to_string())).collect();
        let watcher = guest(system, books, "watcher");
        let mut rings: Vec<Membership> = Vec::new();
        for turn in 0..40 {
            let (group, at) = (GROUPS[sim.choose(2)], sim.choose(3));
            match sim.choose(8) {
                0 | 1 => {
                    let overflows = [Overflow::Wait, Overflow::DropNewest, Overflow::DropOldest(2), Overflow::Latest];
                    let choice = sim.choose(4);
                    match groups.join::<Say>(group, &guests[at]).overflow(overflows[choice]).start() {
                        Ok(membership) if choice >= 2 => rings.push(membership),
                        Ok(_) | Err(JoinError::AlreadyMember { .. }) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                2 => drop(groups.leave::<Say>(group, &guests[at])),
                3 => {
                    // Its name goes to the next one, if that is possible yet.
                    let (name, ended) = (at.to_string(), guests[at].clone());
                    let watched = ended.clone();
                    watcher.blocking_send(run(move |ctx| ctx.watch(&watched)))?;
                    if sim.choose(2) == 0 {
                        ended.stop()
                    } else {
                        ended.kill()
                    }
                    sim.block_on(ended.stopped());
                    assert_is_gone(groups, &ended.info());
                    let next = format!("{name}.{turn}");
                    guests[at] = guest(system, books, &next);
                    assert_eq!(system.find::<Guest>(&next).as_ref(), Ok(&guests[at]));
                }
                4..6 => {
                    let published = sim.block_on(groups.broadcast(group, Say))?;
                    add(&books.reached, published.reached());
                }
                _ => {
                    let books = Arc::clone(books);
                    let speak = later(move |ctx| {
                        let groups = ctx.groups();
                        Box::pin(async move {
                            let published = groups.broadcast(group, Say).await.expect("a group");
                            add(&books.reached, published.reached());
                        })
                    });
                    watcher.blocking_tell(speak)?;
                }
            }
        }
        sim.run_until_quiescent()?;
        let dead = sim.dead_letters().iter().filter(|letter| letter.message_type.ends_with("Say")).count() as u64;
        let shed: u64 = rings.iter().map(Membership::missed).sum();
        let (handled, reached) = (sum(&books.handled), sum(&books.reached));
        assert_eq!(reached, handled + dead + shed, "{handled} handled, {dead} dead, {shed} shed");
        for guest in &guests {
            guest.stop();
        }
        sim.run_until_quiescent()?;
        assert!(groups.names().is_empty());
        Ok(())
    });
}
