//! How supervisors end, and their children with them.

use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use super::{Add, Do, Part, SECOND, builder, find, lingering, part, play, spawn};
use corecast::{
    AutoShutdown, ChildSpec, DynamicSupervisor, RestartType, ShutdownPolicy, SpawnError, StopReason, Strategy,
    Supervisor,
};

#[test]
fn children_are_stopped_in_reverse_and_the_supervisor_ends_last() {
    play(|sim, system, journal| {
        let supervisor = builder(Strategy::OneForOne)
            .child(part("a", journal))
            .child(lingering("b", journal, SECOND))
            .child(part("c", journal));
        let supervisor = spawn(sim, system, supervisor);
        let parts = ["a", "b", "c"].map(|name| find(system, name));
        supervisor.stop();
        assert!(matches!(sim.block_on(supervisor.stopped()), StopReason::Stopped));
        assert_eq!(journal.take(), ["+a", "+b", "+c", "-c", "-b", "-a"]);
        assert!(parts.iter().all(|part| !part.is_alive()));
        Ok(())
    });
}

#[test]
fn a_supervisor_that_nobody_reaches_stops_its_children() {
    play(|sim, system, journal| {
        let supervisor = spawn(sim, system, builder(Strategy::OneForOne).child(part("a", journal)));
        drop(supervisor);
        sim.run_until_quiescent()?;
        assert_eq!(journal.take(), ["+a", "-a"]);
        assert_eq!(system.actor_count(), 0);
        Ok(())
    });
}

#[test]
fn a_budget_that_is_over_cuts_and_a_brutal_kill_does_not_wait() {
    play(|sim, system, journal| {
        let supervisor = builder(Strategy::OneForOne)
            .child(part("a", journal).shutdown(ShutdownPolicy::Brutal))
            .child(part("b", journal).shutdown(ShutdownPolicy::Within(3 * SECOND)));
        let supervisor = spawn(sim, system, supervisor);
        let hanging = ["a", "b"].map(|name| find(system, name).try_send(Do::Hang).unwrap());
        sim.settle()?;
        let start = system.uptime();
        supervisor.stop();
        sim.block_on(supervisor.stopped());
        let took = system.uptime() - start;
        assert!(took >= 3 * SECOND && took < 4 * SECOND, "{took:?}");
        for hanging in hanging {
            assert!(sim.block_on(hanging).is_err());
        }
        Ok(())
    });
}

#[test]
fn a_supervisor_that_is_killed_kills_its_children() {
    play(|sim, system, journal| {
        let supervisor =
            spawn(sim, system, builder(Strategy::OneForOne).child(part("a", journal)).child(part("b", journal)));
        let (a, b) = (find(system, "a"), find(system, "b"));
        let hanging = a.try_send(Do::Hang)?;
        sim.settle()?;
        let start = system.uptime();
        supervisor.kill();
        assert!(matches!(sim.block_on(supervisor.stopped()), StopReason::Killed));
        assert!(!a.is_alive() && !b.is_alive());
        assert!(sim.block_on(hanging).is_err());
        assert!(system.uptime() - start < SECOND);
        Ok(())
    });
}

#[test]
fn a_supervisor_that_is_killed_while_it_starts_waits_for_those_that_have_started() {
    play(|sim, system, journal| {
        journal.slow("c", 1_000 * SECOND);
        let supervisor = builder(Strategy::OneForOne)
            .child(part("a", journal))
            .child(lingering("b", journal, SECOND))
            .child(part("c", journal));
        let supervisor = system.spawn(supervisor.build()?).start()?;
        sim.run_for(SECOND)?;
        assert_eq!(journal.take(), ["+a", "+b"]);
        let parts = ["a", "b", "c"].map(|name| find(system, name));
        supervisor.kill();
        assert!(matches!(sim.block_on(supervisor.stopped()), StopReason::Killed));
        assert_eq!(journal.take(), ["-a", "-b"], "nobody outlives it");
        assert!(parts.iter().all(|part| !part.is_alive()));
        assert_eq!(system.actor_count(), 0);
        Ok(())
    });
}

#[test]
fn a_spawn_whose_supervisor_is_killed_fails_when_nobody_is_left() {
    play(|sim, system, journal| {
        journal.slow("c", 1_000 * SECOND);
        let supervisor = builder(Strategy::OneForOne).child(lingering("b", journal, SECOND)).child(part("c", journal));
        let spawning = system.spawn(supervisor.build()?).name("supervisor").into_future();
        sim.run_for(SECOND)?;
        system.find::<Supervisor>("supervisor")?.kill();
        let refused = sim.block_on(spawning);
        assert!(matches!(refused, Err(SpawnError::PreStart { reason: StopReason::Killed, .. })), "{refused:?}");
        assert_eq!(journal.take(), ["+b", "-b"]);
        assert!(system.find::<Supervisor>("supervisor").is_err());
        Ok(())
    });
}

#[test]
fn a_branch_that_is_killed_while_it_starts_begins_anew_when_nobody_is_left() {
    play(|sim, system, journal| {
        let inner = journal.clone();
        let branch = ChildSpec::supervisor("branch", move || {
            let first = lingering("a", &inner, SECOND);
            Supervisor::builder(Strategy::OneForOne).child(first).child(part("b", &inner)).build()
        });
        let root = spawn(sim, system, builder(Strategy::OneForOne).child(branch.name("branch")));
        let branch = system.find::<Supervisor>("branch")?;
        journal.slow("b", 10 * SECOND);
        branch.kill();
        sim.run_for(3 * SECOND)?;
        assert_eq!(journal.take(), ["+a", "+b", "-b", "-a", "+a"]);
        branch.kill();
        sim.run_for(SECOND / 2)?;
        assert_eq!(journal.take().len(), 0, "it isn't made anew while one of its children is left");
        sim.run_for(20 * SECOND)?;
        assert_eq!(journal.take(), ["-a", "+a", "+b"]);
        root.stop();
        sim.block_on(root.stopped());
        assert_eq!(journal.take(), ["-b", "-a"]);
        Ok(())
    });
}

#[test]
fn a_shutdown_stops_trees_in_order_and_waits_for_no_back_off() {
    play(|sim, system, journal| {
        let inner = journal.clone();
        let branch = ChildSpec::supervisor("branch", move || {
            Supervisor::builder(Strategy::OneForOne).child(part("b", &inner)).child(part("c", &inner)).build()
        });
        let backoff = corecast::Backoff::new(1_000 * SECOND, 1_000 * SECOND);
        let supervisor = builder(Strategy::OneForOne)
            .child(part("a", journal).backoff(backoff))
            .child(branch)
            .child(part("d", journal));
        let _supervisor = spawn(sim, system, supervisor);
        assert!(find(system, "a").blocking_send(Do::Panic).is_err());
        sim.run_for(SECOND)?;
        assert_eq!(journal.take(), ["+a", "+b", "+c", "+d", "-a"]);
        let start = system.uptime();
        let report = sim.block_on(system.shutdown());
        assert!(report.is_clean(), "{report:?}");
        assert!(system.uptime() - start < 5 * SECOND);
        assert_eq!(journal.take(), ["-d", "-c", "-b"]);
        Ok(())
    });
}

#[test]
fn a_supervisor_that_gives_up_is_restarted_by_its_own_with_new_children() {
    play(|sim, system, journal| {
        let inner = journal.clone();
        let branch = ChildSpec::supervisor("branch", move || {
            Supervisor::builder(Strategy::OneForOne).intensity(0, SECOND).child(part("a", &inner)).build()
        });
        let root = spawn(sim, system, builder(Strategy::OneForOne).child(branch));
        let first = find(system, "a");
        let branch = sim.block_on(async { root.child::<Supervisor>("branch").await })?;
        assert!(first.blocking_send(Do::Panic).is_err());
        sim.run_until_quiescent()?;
        assert!(matches!(sim.block_on(first.stopped()), StopReason::Panicked(_)));
        let second = find(system, "a");
        assert_ne!(first, second, "children of a supervisor that is made anew are new ones");
        assert!(branch.is_alive() && second.is_alive());
        assert_eq!(sim.block_on(async { branch.child::<Part>("a").await })?, second);
        Ok(())
    });
}

#[test]
fn a_supervisor_may_end_with_its_significant_children() {
    for (auto_shutdown, ends) in [(AutoShutdown::AnySignificant, 1), (AutoShutdown::AllSignificant, 2)] {
        play(|sim, system, journal| {
            let significant = |name| part(name, journal).restart(RestartType::Transient).significant();
            let supervisor = builder(Strategy::OneForOne)
                .auto_shutdown(auto_shutdown)
                .child(significant("a"))
                .child(part("b", journal))
                .child(significant("c"));
            let supervisor = spawn(sim, system, supervisor);
            for (nth, name) in ["a", "c"].into_iter().enumerate().take(ends) {
                assert!(supervisor.is_alive(), "after {nth}");
                find(system, name).blocking_send(Do::Stop)?;
                sim.run_until_quiescent()?;
            }
            assert!(matches!(sim.block_on(supervisor.stopped()), StopReason::Stopped));
            assert_eq!(system.actor_count(), 0);
            Ok(())
        });
    }
}

/// Clones are counted.
#[derive(Clone)]
struct Argument(Arc<()>);

#[test]
fn what_a_child_was_made_of_goes_with_it_whoever_keeps_its_reference() {
    play(|sim, system, journal| {
        let (argument, factory) = (Argument(Arc::new(())), Argument(Arc::new(())));
        let made = journal.clone();
        let dynamic = DynamicSupervisor::builder(move |_: Argument| Part {
            name: "a",
            journal: made.clone(),
            sum: 0,
            lingers: Duration::ZERO,
        })
        .restart(RestartType::Temporary);
        let dynamic = sim.block_on(async { system.spawn(dynamic.build().unwrap()).await })?;
        let ended = sim.block_on(dynamic.start_child(argument.clone()))?;
        let lives = sim.block_on(dynamic.start_child(argument.clone()))?;
        assert!(ended.blocking_send(Do::Panic).is_err());
        sim.block_on(ended.stopped());
        sim.run_until_quiescent()?;
        assert_eq!(Arc::strong_count(&argument.0), 2, "that of the one that lives is left");
        sim.block_on(dynamic.terminate_child(&lives))?;
        assert_eq!(Arc::strong_count(&argument.0), 1);

        let (kept, journal) = (factory.clone(), journal.clone());
        let child = ChildSpec::new("b", move || {
            let _ = &kept;
            Part { name: "b", journal: journal.clone(), sum: 0, lingers: Duration::ZERO }
        });
        let supervisor = spawn(sim, system, builder(Strategy::OneForOne));
        let child = sim.block_on(async { supervisor.start_child(child).await })?;
        sim.block_on(async { supervisor.terminate_child("b").await })?;
        assert_eq!(Arc::strong_count(&factory.0), 2, "its place is kept");
        sim.block_on(async { supervisor.delete_child("b").await })?;
        assert_eq!(Arc::strong_count(&factory.0), 1);
        assert!(!child.is_alive() && !ended.is_alive());
        Ok(())
    });
}

#[test]
fn a_supervisor_that_is_killed_while_it_starts_ends_after_its_children() {
    play(|sim, system, journal| {
        journal.slow("b", 10 * SECOND);
        let supervisor =
            builder(Strategy::OneForOne).child(lingering("a", journal, SECOND)).child(part("b", journal)).build()?;
        let supervisor = system.spawn(supervisor).start()?;
        sim.run_for(2 * SECOND)?;
        let (a, b) = (find(system, "a"), find(system, "b"));
        supervisor.kill();
        assert!(matches!(sim.block_on(supervisor.stopped()), StopReason::Killed));
        assert!(!a.is_alive() && !b.is_alive(), "no child outlives its supervisor");
        assert!(system.uptime() < 5 * SECOND);
        assert_eq!(journal.take(), ["+a", "-a"]);
        Ok(())
    });
}

#[test]
fn a_shutdown_waits_for_a_back_off_only_if_messages_wait_for_its_end_and_no_longer_than_its_deadline() {
    for (pause, is_clean) in [(10, true), (1_000, false)] {
        play(|sim, system, journal| {
            let backoff = corecast::Backoff::new(pause * SECOND, pause * SECOND).jitter(0.0);
            let supervisor = builder(Strategy::OneForOne).child(part("a", journal).backoff(backoff));
            let _supervisor = spawn(sim, system, supervisor);
            let a = find(system, "a");
            assert!(a.blocking_send(Do::Panic).is_err());
            let reply = a.try_send(Add(1))?;
            let start = system.uptime();
            let report = sim.block_on(system.shutdown());
            assert_eq!(report.is_clean(), is_clean, "{report:?}");
            let deadline = 30 * SECOND;
            let waited = system.uptime() - start;
            assert!(waited >= (pause * SECOND).min(deadline) && waited < deadline + 6 * SECOND, "{waited:?}");
            assert_eq!(sim.block_on(reply).is_ok(), is_clean);
            Ok(())
        });
    }
}

#[test]
fn a_supervisor_that_takes_too_long_to_start_anew_is_down_after_its_children() {
    play(|sim, system, journal| {
        let inner = journal.clone();
        let branch = ChildSpec::supervisor("branch", move || {
            Supervisor::builder(Strategy::OneForOne)
                .child(lingering("a", &inner, SECOND / 2))
                .child(part("b", &inner))
                .build()
        });
        let root = spawn(sim, system, builder(Strategy::OneForOne).child(branch.start_limit(SECOND)));
        let branch = sim.block_on(async { root.child::<Supervisor>("branch").await })?;
        journal.slow("b", 10 * SECOND);
        branch.kill();
        sim.run_for(SECOND)?;
        journal.slow("b", SECOND / 2);
        sim.run_until_quiescent()?;
        // Cut once, and its names are free when it starts once more.
        assert_eq!(journal.take(), ["+a", "+b", "-b", "-a", "+a", "-a", "+a", "+b"]);
        assert!(find(system, "a").is_alive() && find(system, "b").is_alive());
        Ok(())
    });
}

#[test]
fn a_start_that_fails_names_a_child_that_is_forgotten() {
    play(|sim, system, journal| {
        journal.fail("a", 1);
        let supervisor =
            builder(Strategy::OneForOne).child(part("a", journal).restart(RestartType::Temporary)).build()?;
        let error = sim.block_on(async { system.spawn(supervisor).await }).unwrap_err().to_string();
        assert!(error.contains("its child `a` did not start"), "{error}");
        Ok(())
    });
}

#[test]
fn what_a_killed_supervisor_had_not_looked_at_is_no_dead_letter() {
    play(|sim, system, journal| {
        let backoff = corecast::Backoff::new(SECOND, SECOND);
        let supervisor =
            builder(Strategy::OneForOne).child(part("a", journal).backoff(backoff)).child(part("b", journal));
        let supervisor = spawn(sim, system, supervisor);
        find(system, "a").kill();
        sim.run_for(SECOND / 2)?;
        find(system, "b").kill();
        for _ in 0..sim.choose(4) {
            let _ = sim.step();
        }
        supervisor.kill();
        sim.block_on(supervisor.stopped());
        assert_eq!(sim.dead_letters(), []);
        Ok(())
    });
}
