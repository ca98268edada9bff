//! A panic in any place where a child's code runs: a restart or a clean end, and nobody else is harmed.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread;

use corecast::{ActorContext, Handler, Message, Place, RestartType, StopReason};

use super::{Alive, Ask, At, Break, Child, Fuse, spec, supervise};
use crate::support::{assert_goes_on, eventually, system, wait};

/// Each place, and what is said of it; those on the way to the next state are said nothing of, or it is the last panic that is.
const PLACES: [(At, Option<Place>); 9] = [
    (At::Factory, None),
    (At::PreStart, None),
    (At::Handler, Some(Place::Handler)),
    (At::HandlerLater, Some(Place::Handler)),
    (At::OnError, Some(Place::OnError)),
    (At::OnTerminated, Some(Place::OnTerminated)),
    (At::PostStop, None),
    (At::PostStopLater, None),
    (At::Drop, None),
];

#[test]
fn each_place_is_restarted_from() {
    for workers in [1, 2] {
        let (system, fuse, alive) = (system(workers), Fuse::default(), Alive::default());
        let (supervisor, child) = supervise(&system, spec("a", &fuse, &alive));
        for (at, _) in PLACES {
            assert_eq!(wait(child.send(Ask)).unwrap(), 1, "before {at:?}");
            // The handler may be done before it breaks.
            let _ = wait(child.send(Break(at)));
            eventually("it is broken", || fuse.is_burnt());
            assert_eq!(wait(child.send(Ask)).unwrap(), 1, "after {at:?}");
            assert_eq!(alive.count(), 1, "after {at:?}");
            let _ = wait(child.send(Break(At::Handler)));
        }
        assert!(supervisor.is_alive());
        assert_goes_on(&system);
        supervisor.stop();
        wait(supervisor.stopped());
        assert_eq!(alive.count(), 0);
        eventually("nobody is counted any more", || system.actor_count() == 0);
    }
}

#[test]
fn each_place_ends_a_temporary_child_with_its_reason() {
    let system = system(2);
    for (at, place) in PLACES {
        let (fuse, alive) = (Fuse::default(), Alive::default());
        let (supervisor, child) = supervise(&system, spec("a", &fuse, &alive).restart(RestartType::Temporary));
        let _ = wait(child.send(Break(at)));
        let StopReason::Panicked(panic) = wait(child.stopped()) else { panic!("{at:?}") };
        if let Some(place) = place {
            assert_eq!((panic.place(), panic.text()), (place, &*format!("broken at {at:?}")));
        }
        assert_eq!(alive.count(), 0, "{at:?}");
        eventually("it is forgotten", || wait(supervisor.count_children()).unwrap().specs == 0);
    }
    assert_goes_on(&system);
}

#[test]
fn each_place_that_comes_with_an_end_is_a_clean_end() {
    let system = system(2);
    for at in [At::PostStop, At::PostStopLater, At::Drop] {
        let (fuse, alive) = (Fuse::default(), Alive::default());
        let (supervisor, child) = supervise(&system, spec("a", &fuse, &alive));
        fuse.set(at);
        wait(supervisor.terminate_child("a")).unwrap();
        assert!(fuse.is_burnt() && !child.is_alive());
        assert_eq!(alive.count(), 0);
        let again = wait(supervisor.restart_child::<Child>("a")).unwrap();
        assert_eq!(wait(again.send(Ask)).unwrap(), 1);
        fuse.set(at);
        supervisor.stop();
        assert!(matches!(wait(supervisor.stopped()), StopReason::Stopped));
        assert_eq!(alive.count(), 0);
    }
    assert_goes_on(&system);
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !thread::panicking() {
            std::panic::resume_unwind(Box::new("a bomb".to_owned()));
        }
    }
}

impl Message for Bomb {
    type Result = ();
}

impl Handler<Bomb> for Child {
    async fn handle(&mut self, _: Bomb, _: &mut ActorContext<Self>) {}
}

/// Returns one.
struct Make;

impl Message for Make {
    type Result = Bomb;
}

impl Handler<Make> for Child {
    async fn handle(&mut self, _: Make, _: &mut ActorContext<Self>) -> Bomb {
        Bomb
    }
}

/// Panics when it is woken.
struct Alarm;

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        std::panic::resume_unwind(Box::new("a waker".to_owned()));
    }
}

#[test]
fn messages_results_and_wakers_that_panic_are_restarted_from() {
    for workers in [1, 2] {
        let system = system(workers);
        let (fuse, alive) = (Fuse::default(), Alive::default());
        let (supervisor, child) = supervise(&system, spec("a", &fuse, &alive));
        let is_new = || assert_eq!(wait(child.send(Ask)).unwrap(), 1);
        is_new();
        assert!(wait(child.send(Bomb)).is_err(), "a message whose drop panics");
        is_new();
        wait(child.tell(Make)).unwrap(); // a result whose drop panics
        is_new();
        let (hold, held) = crate::support::Hold::new();
        let mut reply = pin!(child.send(hold).into_future());
        held.entered();
        let waker = Waker::from(Arc::new(Alarm));
        assert!(reply.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        held.open(); // an asker whose waker panics
        is_new();
        assert!(supervisor.is_alive());
        assert_goes_on(&system);
    }
}
