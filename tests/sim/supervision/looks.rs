//! What a snapshot shows of supervisors and their children.

use super::{Do, SECOND, builder, find, part, play, spawn};
use corecast::{ActorPhase, Backoff, ChildSpec, Strategy, Supervisor};

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
