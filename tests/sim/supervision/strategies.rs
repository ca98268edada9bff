//! Which children are restarted with one, and in which order.

use super::{Add, Do, Journal, SECOND, builder, find, part, play, spawn};
use corecast::sim::Sim;
use corecast::{ActorRef, ActorSystem, RestartType, StopReason, Strategy, Supervisor};

fn three(sim: &Sim, system: &ActorSystem, journal: &Journal, strategy: Strategy) -> ActorRef<Supervisor> {
    let supervisor = builder(strategy).child(part("a", journal)).child(part("b", journal)).child(part("c", journal));
    let supervisor = spawn(sim, system, supervisor);
    assert_eq!(journal.take(), ["+a", "+b", "+c"], "in order, and awaited");
    supervisor
}

#[test]
fn one_for_one_restarts_the_one_that_failed() {
    play(|sim, system, journal| {
        let _supervisor = three(sim, system, journal, Strategy::OneForOne);
        let (a, b) = (find(system, "a"), find(system, "b"));
        assert_eq!((a.blocking_send(Add(1))?, b.blocking_send(Add(2))?), (1, 2));
        assert!(b.blocking_send(Do::Panic).is_err());
        assert_eq!((a.blocking_send(Add(1))?, b.blocking_send(Add(2))?), (2, 2), "one has lost its state");
        assert_eq!(journal.take(), ["-b", "+b"]);
        assert_eq!(find(system, "b"), b, "the name is the same actor's");
        Ok(())
    });
}

#[test]
fn one_for_all_takes_all_down_in_reverse_and_starts_them_in_order() {
    play(|sim, system, journal| {
        let _supervisor = three(sim, system, journal, Strategy::OneForAll);
        let parts = ["a", "b", "c"].map(|name| find(system, name));
        for part in &parts {
            assert_eq!(part.blocking_send(Add(5))?, 5);
        }
        assert!(parts[1].blocking_send(Do::Panic).is_err());
        sim.run_until_quiescent()?;
        assert_eq!(journal.take(), ["-b", "-c", "-a", "+a", "+b", "+c"]);
        for part in &parts {
            assert_eq!(part.blocking_send(Add(5))?, 5, "each has lost its state");
        }
        Ok(())
    });
}

#[test]
fn rest_for_one_restarts_those_behind_the_one_that_failed() {
    play(|sim, system, journal| {
        let _supervisor = three(sim, system, journal, Strategy::RestForOne);
        assert!(find(system, "b").blocking_send(Do::Panic).is_err());
        sim.run_until_quiescent()?;
        assert_eq!(journal.take(), ["-b", "-c", "+b", "+c"]);
        Ok(())
    });
}

#[test]
fn what_waits_in_the_mailboxes_of_a_group_is_handled_after_its_restart() {
    play(|sim, system, journal| {
        let _supervisor = three(sim, system, journal, Strategy::OneForAll);
        let (a, c) = (find(system, "a"), find(system, "c"));
        let crash = c.try_send(Do::Panic)?;
        let sums: Vec<_> = (0..4).map(|_| (a.try_send(Add(1)), c.try_send(Add(1)))).collect();
        assert!(sim.block_on(crash).is_err());
        let mut last = (0, 0);
        for (of_a, of_c) in sums {
            last = (sim.block_on(of_a?)?, sim.block_on(of_c?)?);
        }
        assert!((1..=4).contains(&last.0), "some of them may have come before the restart");
        assert_eq!(last.1, 4);
        Ok(())
    });
}

#[test]
fn a_handler_that_waits_is_given_its_time_and_then_cut() {
    play(|sim, system, journal| {
        let supervisor = builder(Strategy::OneForAll)
            .child(part("a", journal).shutdown(corecast::ShutdownPolicy::Within(3 * SECOND)))
            .child(part("b", journal));
        let _supervisor = spawn(sim, system, supervisor);
        let (a, b) = (find(system, "a"), find(system, "b"));
        let hanging = a.try_send(Do::Hang)?;
        sim.settle()?;
        let start = system.uptime();
        assert!(b.blocking_send(Do::Panic).is_err());
        assert!(sim.block_on(hanging).is_err(), "it is told");
        assert!(system.uptime() - start >= 3 * SECOND);
        assert_eq!(a.blocking_send(Add(1))?, 1);
        assert_eq!(b.blocking_send(Add(1))?, 1);
        assert_eq!(journal.take(), ["+a", "+b", "-b", "-a", "+a", "+b"]);
        Ok(())
    });
}

#[test]
fn a_temporary_sibling_of_a_group_is_not_started_again() {
    play(|sim, system, journal| {
        let supervisor = builder(Strategy::OneForAll)
            .child(part("a", journal).restart(RestartType::Temporary))
            .child(part("b", journal));
        let supervisor = spawn(sim, system, supervisor);
        let (a, b) = (find(system, "a"), find(system, "b"));
        assert!(b.blocking_send(Do::Panic).is_err());
        assert!(matches!(sim.block_on(a.stopped()), StopReason::Stopped));
        assert_eq!(b.blocking_send(Add(1))?, 1);
        let children = sim.block_on(async { supervisor.which_children().await })?;
        assert_eq!(children.iter().map(|child| child.id.as_str()).collect::<Vec<_>>(), ["b"]);
        Ok(())
    });
}
