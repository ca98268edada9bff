//! Every handle is dropped at every moment: nothing hangs, and nothing is left over.

use std::time::Duration;

use corecast::{ActorRef, ActorSystem, Backoff, Supervisor};
use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Alive, Ask, At, Break, Child, Fuse, builder, spec};
use crate::support::{
    Held, Hold, LIMIT, Quiet, assert_goes_on, eventually, poll_once, threads_of, unique_name, wait, within,
};

/// Where a supervisor and its child are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// The supervisor's spawn has been asked for, and not been polled.
    Spawned,
    Polled,
    Up,
    /// The child is in a handler.
    Busy,
    /// It has been told to break, and may be anywhere between two states.
    Breaking,
    BackingOff,
    /// Its end has been asked for, while it is in a handler.
    Terminating,
    /// A new start has been asked for.
    Starting,
    /// The supervisor has been stopped.
    Stopping,
    Killed,
}

const MOMENTS: [Moment; 10] = [
    Moment::Spawned,
    Moment::Polled,
    Moment::Up,
    Moment::Busy,
    Moment::Breaking,
    Moment::BackingOff,
    Moment::Terminating,
    Moment::Starting,
    Moment::Stopping,
    Moment::Killed,
];

/// All that somebody may hold.
struct Handles {
    system: Option<ActorSystem>,
    supervisor: Option<ActorRef<Supervisor>>,
    child: Option<ActorRef<Child>>,
    reply: Option<BoxFuture<'static, ()>>,
    /// The spawn of the supervisor, or what it was asked for.
    question: Option<BoxFuture<'static, ()>>,
}

const KINDS: usize = 5;

impl Handles {
    fn drop(&mut self, kind: usize) {
        match kind {
            0 => {
                let system = self.system.take();
                within(LIMIT, move || drop(system));
            }
            1 => self.supervisor = None,
            2 => self.child = None,
            3 => self.reply = None,
            _ => self.question = None,
        }
    }
}

/// Polls once; none if that was enough.
fn begun(mut future: BoxFuture<'static, ()>) -> Option<BoxFuture<'static, ()>> {
    poll_once(&mut future).is_pending().then_some(future)
}

fn scene(moment: Moment, system: ActorSystem, alive: &Alive) -> (Handles, Option<Held>) {
    let mut spec = spec("a", &Fuse::default(), alive);
    if moment == Moment::BackingOff {
        spec = spec.backoff(Backoff::new(Duration::from_secs(1_000), Duration::from_secs(1_000)));
    }
    let spawn = system.spawn(builder().child(spec).build().unwrap()).into_future();
    let mut handles = Handles { system: Some(system), supervisor: None, child: None, reply: None, question: None };
    if matches!(moment, Moment::Spawned | Moment::Polled) {
        let spawn = spawn.map(drop).boxed();
        handles.question = if moment == Moment::Polled { begun(spawn) } else { Some(spawn) };
        return (handles, None);
    }
    let supervisor = wait(spawn).unwrap();
    let child = wait(supervisor.child::<Child>("a")).unwrap();
    let mut held = None;
    match moment {
        Moment::Busy | Moment::Terminating | Moment::Stopping | Moment::Killed => {
            let (hold, key) = Hold::new();
            handles.reply = Some(child.try_send(hold).unwrap().map(drop).boxed());
            key.entered();
            held = Some(key);
        }
        Moment::Breaking => {
            let _ = child.try_tell(Break(At::Handler));
            handles.reply = Some(child.send(Ask).into_future().map(drop).boxed());
        }
        Moment::BackingOff => {
            assert!(wait(child.send(Break(At::Handler))).is_err());
            handles.reply = Some(child.send(Ask).into_future().map(drop).boxed());
        }
        _ => handles.reply = Some(child.send(Ask).into_future().map(drop).boxed()),
    }
    let asked = supervisor.clone();
    let question = match moment {
        Moment::Terminating => Some(async move { drop(asked.terminate_child("a").await) }.boxed()),
        Moment::Starting => {
            let spec = super::spec("b", &Fuse::default(), alive);
            Some(async move { drop(asked.start_child(spec).await) }.boxed())
        }
        _ => None,
    };
    handles.question = question.and_then(begun);
    match moment {
        Moment::Stopping => supervisor.stop(),
        Moment::Killed => supervisor.kill(),
        _ => {}
    }
    handles.supervisor = Some(supervisor);
    handles.child = Some(child);
    (handles, held)
}

#[test]
fn whichever_handle_is_dropped_first_nothing_hangs_and_nothing_is_left() {
    for workers in [1, 2] {
        for moment in MOMENTS {
            // From each on, there and back.
            for first in 0..KINDS {
                for step in [1, KINDS - 1] {
                    let (name, alive) = (unique_name(), Alive::default());
                    let system = ActorSystem::builder().workers(workers).name(&*name).observer(Quiet).build().unwrap();
                    let (mut handles, held) = scene(moment, system, &alive);
                    for nth in 0..KINDS {
                        handles.drop((first + nth * step) % KINDS);
                        if let Some(system) = &handles.system {
                            assert_goes_on(system);
                        }
                    }
                    drop(held);
                    assert_eq!(alive.count(), 0, "{moment:?} from {first} by {step}");
                    eventually("no thread is left", || threads_of(&name) == 0);
                }
            }
        }
    }
}

#[test]
fn when_nobody_holds_them_supervisor_and_child_are_gone_while_their_system_lives() {
    for moment in MOMENTS {
        let alive = Alive::default();
        let system = crate::support::system(2);
        let (mut handles, held) = scene(moment, system, &alive);
        (1..KINDS).for_each(|kind| handles.drop(kind));
        drop(held);
        let system = handles.system.take().unwrap();
        eventually("nobody is left", || system.actor_count() == 0 && alive.count() == 0);
        assert_goes_on(&system);
    }
}

#[test]
fn whoever_waits_hears_whatever_ends_first() {
    for workers in [1, 2] {
        for moment in MOMENTS {
            for kills in [false, true] {
                let alive = Alive::default();
                let (mut handles, held) = scene(moment, crate::support::system(workers), &alive);
                match (&handles.supervisor, kills) {
                    (Some(supervisor), true) => supervisor.kill(),
                    (Some(supervisor), false) => supervisor.stop(),
                    (None, _) => {}
                }
                drop(held);
                for waiting in [handles.reply.take(), handles.question.take()].into_iter().flatten() {
                    wait(waiting);
                }
                if let Some(supervisor) = handles.supervisor.take() {
                    wait(supervisor.stopped());
                }
                if let Some(child) = handles.child.take() {
                    wait(child.stopped());
                }
                handles.drop(0);
                assert_eq!(alive.count(), 0);
            }
        }
    }
}
