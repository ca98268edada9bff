//! What a supervisor says to a child before that has heard what it said before, and what it is told before it looks.

use super::{Add, Do, Part, SECOND, builder, find, part, play, spawn};
use corecast::{Actor, ActorContext, ActorError, ChildSpec, ShutdownPolicy, Strategy};

/// A sibling that is to begin anew is called back at once, because the first one has failed again.
#[test]
fn a_child_that_is_called_back_before_it_begins_anew_begins_anew_later() {
    for shutdown in [ShutdownPolicy::Infinity, ShutdownPolicy::Within(5 * SECOND), ShutdownPolicy::Brutal] {
        for strategy in [Strategy::OneForAll, Strategy::RestForOne] {
            play(|sim, system, journal| {
                let supervisor =
                    builder(strategy).child(part("a", journal)).child(part("b", journal).shutdown(shutdown));
                let _supervisor = spawn(sim, system, supervisor);
                let (a, b) = (find(system, "a"), find(system, "b"));
                let start = system.uptime();
                let crashes = [a.try_send(Do::Panic)?, a.try_send(Do::Panic)?];
                sim.settle()?;
                assert!(crashes.into_iter().all(|crash| sim.block_on(crash).is_err()));
                assert_eq!(a.blocking_send(Add(1))?, 1);
                assert_eq!(b.blocking_send(Add(1))?, 1);
                assert!(system.uptime() - start < SECOND, "nobody waits for the budget");
                Ok(())
            });
        }
    }
}

/// The supervisor has heard that all are up, and in the same moment one of them has failed.
#[test]
fn a_child_that_fails_as_its_supervisor_has_started_is_restarted() {
    /// Tells another one to panic, when it starts.
    struct Starter;

    impl Actor for Starter {
        async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
            ctx.system().find::<Part>("a")?.try_tell(Do::Panic)?;
            Ok(())
        }
    }

    play(|sim, system, journal| {
        let supervisor = builder(Strategy::OneForOne).child(part("a", journal)).child(ChildSpec::new("b", || Starter));
        let _supervisor = spawn(sim, system, supervisor);
        sim.settle()?;
        assert_eq!(find(system, "a").blocking_send(Add(1))?, 1);
        Ok(())
    });
}
