//! What a snapshot shows of supervisors and their children.

use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;

use super::{Do, SECOND, builder, find, part, play, spawn};
use corecast::{Actor, ActorContext, ActorError, ActorPhase, Backoff, ChildSpec, StopReason, Strategy, Supervisor};

#[test]
fn a_snapshot_shows_the_tree_the_restarts_and_who_backs_off() {
    play(|sim, system, journal| {
        let inner = journal.clone();
        let branch = ChildSpec::supervisor("branch", move || {
            Supervisor::builder(Strategy::OneForOne).child(part("b", &inner)).build()
        });
        let backoff = Backoff::new(10 * SECOND, 10 * SECOND);
        let root = builder(Strategy::OneForOne).child(part("a", journal).backoff(backoff)).child(branch);
        let root = spawn(sim, system, root);
        assert!(find(system, "b").blocking_send(Do::Panic).is_err());
        assert!(find(system, "a").blocking_send(Do::Panic).is_err());
        sim.run_for(SECOND)?;
        let snapshot = system.snapshot();
        let of = |name: &str| snapshot.actors.iter().find(|actor| actor.actor.name() == Some(name)).unwrap();
        let branch = snapshot.children(root.id()).find(|actor| actor.actor.name().is_none()).unwrap();
        assert_eq!((of("a").supervisor, branch.supervisor), (Some(root.id()), Some(root.id())));
        assert_eq!(of("b").supervisor, Some(branch.actor.id()));
        assert_eq!((of("a").phase, of("a").restarts), (ActorPhase::BackingOff, 0));
        assert_eq!((of("b").phase, of("b").restarts), (ActorPhase::Serving, 1));
        assert_eq!(of("b").failures.len(), 1);
        let text = snapshot.to_string();
        assert!(text.contains("restarted 1 times, last because a handler panicked: b broke"), "{text}");
        assert!(text.contains("backing off"), "{text}");
        sim.run_for(10 * SECOND)?;
        let snapshot = system.snapshot();
        let a = snapshot.actors.iter().find(|actor| actor.actor.name() == Some("a")).unwrap();
        assert_eq!((a.phase, a.restarts), (ActorPhase::Serving, 1));
        Ok(())
    });
}

/// Its `post_stop` waits until its time is up, and counts how often it is polled.
struct Lingering(Arc<AtomicU32>);

impl Actor for Lingering {
    async fn post_stop(&mut self, _: &StopReason, _: &mut ActorContext<Self>) {
        let polls = &self.0;
        poll_fn(|_| {
            polls.fetch_add(1, Ordering::Relaxed);
            Poll::<()>::Pending
        })
        .await;
    }
}

/// It never starts.
struct Late;

impl Actor for Late {
    async fn pre_start(&mut self, _: &mut ActorContext<Self>) -> Result<(), ActorError> {
        pending().await
    }
}

/// A supervisor that is killed before it is up waits for the children that it has started: who looks at one that lingers meanwhile
/// has a reference to it for a moment.
#[test]
fn a_look_at_one_that_lingers_does_not_wake_it() {
    play(|sim, system, _| {
        let polls = Arc::<AtomicU32>::default();
        let counted = Arc::clone(&polls);
        let root = Supervisor::builder(Strategy::OneForOne)
            .child(ChildSpec::new("lingering", move || Lingering(Arc::clone(&counted))))
            .child(ChildSpec::new("late", || Late))
            .build()?;
        let root = system.spawn(root).start()?;
        sim.settle()?;
        root.kill();
        sim.run_for(SECOND / 10)?;
        assert_eq!(system.actor_count(), 2, "it lingers, and its supervisor waits for it");
        for _ in 0..10 {
            assert_eq!(system.snapshot().actors.len(), 2);
            sim.run_for(SECOND / 10)?;
        }
        assert_eq!(polls.load(Ordering::Relaxed), 1);
        Ok(())
    });
}
