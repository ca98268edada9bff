//! What a run does: actors act, time passes, and the same seed is the same run.

use std::future::poll_fn;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use corecast::sim::{Cause, Check, SimError, Strategy, check};
use corecast::{Actor, ActorContext, ActorSystem, Handler, Mailbox, Message, StopReason};

use crate::actors::{
    Add, All, Asker, Counter, Fragile, Get, Log, Silent, Sleep, Sleeper, Touch, Write, Writer, is_timeout,
};

#[test]
fn actors_act_when_the_test_waits() {
    check(200, |sim| {
        let system = sim.system();
        let counter = system.spawn(Counter(0)).start()?;
        for number in 1..=10 {
            counter.try_tell(Add(number))?;
        }
        assert_eq!(counter.mailbox_size(), 10, "nothing moves by itself");
        sim.run_until_quiescent()?;
        assert_eq!(counter.mailbox_size(), 0);
        assert_eq!(counter.blocking_send(Get)?, 55);
        Ok(())
    });
}

#[test]
fn a_system_that_is_built_within_a_run_has_no_threads() {
    check(20, |_| {
        let system = ActorSystem::builder().workers(3).name("orders").send_timeout(Duration::from_secs(1)).build()?;
        assert_eq!(system.workers(), 3);
        let silent = system.spawn(Silent).on_worker(2).start()?;
        assert!(is_timeout(&silent.blocking_send(Get)));
        Ok(())
    });
}

#[test]
fn time_is_virtual_and_no_timer_fires_early() {
    check(50, |sim| {
        let system = sim.system();
        let day = Duration::from_secs(24 * 3_600);
        let sleeper = system.spawn(Sleeper).start()?;
        assert_eq!(sleeper.blocking_send(Sleep(day))?, day);
        assert!((day..day + Duration::from_millis(1)).contains(&sim.now()), "{:?}", sim.now());
        sim.block_on(system.sleep(day));
        assert!((2 * day..2 * day + Duration::from_millis(1)).contains(&sim.now()), "{:?}", sim.now());
        let before = sim.now();
        sim.run_for(Duration::from_secs(1))?;
        assert_eq!(sim.now() - before, Duration::from_secs(1), "nothing is due");
        Ok(())
    });
}

#[test]
fn limits_are_kept_in_virtual_time_inside_and_outside() {
    check(50, |sim| {
        let system = sim.system();
        let silent = system.spawn(Silent).start()?;
        let result = sim.block_on(silent.send(Get).timeout(Duration::from_secs(10)));
        assert!(is_timeout(&result));
        assert!(sim.now() >= Duration::from_secs(10));
        Ok(())
    });
}

#[test]
fn who_waits_for_whom_is_told_when_nobody_can_act() {
    let failure = Check::new().runs(1).try_run(|sim| {
        let system = sim.system();
        let silent = system.spawn(Silent).name("silent").start()?;
        let asker = system.spawn(Asker(silent)).name("asker").start()?;
        sim.block_on(asker.send(Get))?;
        Ok(())
    });
    let failure = failure.expect_err("nobody answers");
    let Cause::Stuck(SimError::Stuck { waits, test_waits: true, .. }) = failure.cause() else {
        panic!("{failure}");
    };
    assert_eq!(waits.len(), 2);
    let asker = waits.iter().find(|wait| wait.actor.name() == Some("asker")).expect("it waits");
    assert_eq!(asker.targets[0].name(), Some("silent"));
    let text = failure.to_string();
    assert!(text.contains("`asker`") && text.contains("the test waits"), "{text}");
}

#[test]
fn quiescence_with_a_handler_that_waits_is_an_error_and_settling_is_not() {
    check(20, |sim| {
        let system = sim.system();
        let silent = system.spawn(Silent).start()?;
        let _reply = silent.try_send(Get)?;
        sim.settle()?;
        assert_eq!(sim.waits().len(), 1);
        Ok(())
    });
    let failure = Check::new().runs(1).try_run(|sim| {
        let system = sim.system();
        let silent = system.spawn(Silent).start()?;
        let _reply = silent.try_send(Get)?;
        sim.run_until_quiescent()?;
        Ok(())
    });
    assert!(matches!(failure.expect_err("it waits").cause(), Cause::Stuck(_)));
}

/// It tells itself again, for ever.
#[derive(Clone)]
struct Again;

impl Message for Again {
    type Result = ();
}

impl Handler<Again> for Counter {
    async fn handle(&mut self, _: Again, ctx: &mut ActorContext<Self>) {
        let _ = ctx.actor_ref().try_tell(Again);
    }
}

#[test]
fn a_run_without_end_is_ended() {
    let failure = Check::new().runs(1).max_steps(1_000).shrinks(5).try_run(|sim| {
        let system = sim.system();
        system.spawn(Counter(0)).start()?.try_tell(Again)?;
        sim.run_until_quiescent()?;
        Ok(())
    });
    let failure = failure.expect_err("it never ends");
    assert!(matches!(failure.cause(), Cause::Stuck(SimError::Endless { steps: 1_000 })), "{failure}");
}

#[test]
fn a_drop_without_end_fails_the_test_that_does_not_hear_of_it() {
    /// Takes turns without end when it ends.
    struct Restless;
    impl Actor for Restless {
        async fn post_stop(&mut self, _: &StopReason, _: &mut ActorContext<Self>) {
            poll_fn(|context| {
                context.waker().wake_by_ref();
                Poll::<()>::Pending
            })
            .await;
        }
    }
    let failure = Check::new().runs(1).max_steps(1_000).shrinks(5).try_run(|sim| {
        let system = sim.system();
        let _restless = system.spawn(Restless).start()?;
        sim.run_until_quiescent()?;
        drop(system);
        Ok(())
    });
    let failure = failure.expect_err("the drop can't return it");
    assert!(matches!(failure.cause(), Cause::Stuck(SimError::Endless { steps: 1_000 })), "{failure}");
    assert!(failure.is_repeated());
}

#[test]
fn a_test_that_has_heard_of_it_may_go_on_and_drop_the_system() {
    let run = Check::new().runs(1).max_steps(1_000).try_run(|sim| {
        let system = sim.system();
        system.spawn(Counter(0)).start()?.try_tell(Again)?;
        assert_eq!(sim.run_until_quiescent(), Err(SimError::Endless { steps: 1_000 }));
        Ok(())
    });
    assert!(run.is_ok(), "{run:?}");
    let run = Check::new().runs(1).try_run(|sim| {
        let system = sim.system();
        let silent = system.spawn(Silent).start()?;
        let _reply = silent.try_send(Get)?;
        assert!(matches!(sim.run_until_quiescent(), Err(SimError::Stuck { test_waits: false, .. })));
        Ok(())
    });
    assert!(run.is_ok(), "{run:?}");
}

#[test]
fn a_panic_of_an_actor_fails_the_test_unless_it_is_expected() {
    let run = |is_expected: bool| {
        Check::new().runs(3).try_run(move |sim| {
            let system = sim.system();
            if is_expected {
                sim.expect_panics::<Fragile>();
            }
            system.spawn(Fragile).start()?.try_tell(Touch)?;
            sim.run_until_quiescent()?;
            Ok(())
        })
    };
    assert!(run(true).is_ok());
    let failure = run(false).expect_err("it panics");
    assert!(matches!(failure.cause(), Cause::ActorPanicked(text) if text.contains("it broke")), "{failure}");
}

#[test]
fn blocking_closures_are_steps_of_their_own() {
    check(50, |sim| {
        let system = sim.system();
        let counter = system.spawn(Counter(0)).start()?;
        let other = counter.clone();
        let sum = sim.block_on(system.spawn_blocking(move || other.blocking_send(Add(4))))?;
        assert_eq!(sum?, 4);
        Ok(())
    });
}

#[test]
fn a_system_shuts_down_in_virtual_time() {
    check(50, |sim| {
        let system = sim.system();
        let log = system.spawn(Log::default()).start()?;
        let writer = system.spawn(Writer(log.clone())).start()?;
        writer.try_tell(Write(0..5))?;
        let report = sim.block_on(system.shutdown());
        assert!(report.is_clean());
        assert_eq!(system.actor_count(), 0);
        assert_eq!(system.dead_letters(), 0);
        Ok(())
    });
    check(20, |sim| {
        let system = ActorSystem::builder().shutdown_deadline(Duration::from_secs(7)).build()?;
        let silent = system.spawn(Silent).start()?;
        let _reply = silent.try_send(Get)?;
        let report = sim.block_on(system.shutdown());
        assert_eq!(report.killed.len(), 1);
        assert!((7..8).contains(&sim.now().as_secs()), "{:?}", sim.now());
        Ok(())
    });
}

/// A case with a bit of everything.
fn busy(sim: &corecast::sim::Sim) -> corecast::sim::Outcome {
    let system = sim.system();
    let log = system.spawn(Log::default()).mailbox(Mailbox::bounded(2)).start()?;
    let sleeper = system.spawn(Sleeper).start()?;
    let asleep = sleeper.try_send(Sleep(Duration::from_millis(3)))?;
    for writer in 0..3 {
        let writer_of = system.spawn(Writer(log.clone())).start()?;
        writer_of.try_tell(Write(writer * 100..writer * 100 + 5))?;
    }
    sim.run_until_quiescent()?;
    sim.block_on(asleep)?;
    let all = log.blocking_send(All)?;
    assert_eq!(all.len(), 15);
    for writer in 0..3 {
        let own: Vec<_> = all.iter().filter(|entry| *entry / 100 == writer).collect();
        assert!(own.is_sorted(), "each sender's order holds: {all:?}");
    }
    Ok(())
}

#[test]
fn the_same_seeds_are_the_same_runs_in_this_process_and_another() {
    const CHILD: &str = "CORECAST_TEST_FINGERPRINT";
    let print = || {
        let strategies = [Strategy::RandomWalk, Strategy::Pct { depth: 3 }];
        let prints = strategies.map(|strategy| Check::new().runs(100).strategy(strategy).run(busy).fingerprint());
        format!("print {prints:?}")
    };
    let here = print();
    if std::env::var_os(CHILD).is_some() {
        println!("{here}");
        return;
    }
    assert_eq!(here, print(), "twice in one process");
    let child = std::process::Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "--nocapture", "runs::the_same_seeds_are_the_same_runs_in_this_process_and_another"])
        .env(CHILD, "1")
        .output()
        .expect("the child runs");
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(output.contains(&here), "{here} is not in {output}");
    let other = Check::new().runs(100).seed(1_000).run(busy).fingerprint();
    assert!(!here.contains(&other.to_string()), "other seeds are other runs");
}

#[test]
fn what_another_thread_sends_is_seen_and_fails_the_test() {
    let failure = Check::new().runs(1).shrinks(0).try_run(|sim| {
        let system = sim.system();
        let counter = system.spawn(Counter(0)).start()?;
        sim.run_until_quiescent()?;
        let other = counter.clone();
        std::thread::spawn(move || drop(other.try_tell(Add(1)))).join().expect("it ends");
        sim.run_until_quiescent()?;
        Ok(())
    });
    assert!(matches!(failure.expect_err("a trespasser").cause(), Cause::Trespassed));
}

#[test]
fn blocking_verbs_are_refused_in_handlers_as_on_any_worker() {
    struct Ask(corecast::ActorRef<Counter>);
    impl corecast::Message for Ask {
        type Result = bool;
    }
    impl corecast::Handler<Ask> for Log {
        async fn handle(&mut self, Ask(counter): Ask, _: &mut corecast::ActorContext<Self>) -> bool {
            counter.blocking_send(Get).is_err()
        }
    }
    check(10, |sim| {
        let system = sim.system();
        let counter = system.spawn(Counter(0)).start()?;
        assert!(system.spawn(Log::default()).start()?.blocking_send(Ask(counter))?);
        Ok(())
    });
}

#[test]
fn a_seed_in_the_environment_is_run_alone_and_told() {
    const SEED: &str = "CORECAST_SEED";
    let name = "runs::a_seed_in_the_environment_is_run_alone_and_told";
    if std::env::var_os(SEED).is_some() {
        let report = Check::new().run(busy);
        println!("{} run", report.runs());
        return;
    }
    let child = std::process::Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "--nocapture", name])
        .env(SEED, "42")
        .output()
        .expect("the child runs");
    let (output, errors) = (String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
    assert!(output.contains("1 run"), "{output}");
    for what in ["CORECAST_SEED=42", "Writer #2.1 handles Write", "Log #0.1 handles Add", "the test goes on", "pass"] {
        assert!(errors.contains(what), "no {what} in {errors}");
    }
}

#[test]
fn two_systems_are_one_simulation() {
    check(50, |sim| {
        let (here, there) = (sim.system(), ActorSystem::builder().workers(1).build()?);
        let log = there.spawn(Log::default()).start()?;
        let writer = here.spawn(Writer(log.clone())).start()?;
        writer.try_tell(Write(0..5))?;
        sim.run_until_quiescent()?;
        assert!(log.blocking_send(All)?.into_iter().eq(0..5));
        drop(here);
        assert!(!writer.is_alive() && log.is_alive());
        Ok(())
    });
}

/// A token that an earlier run had left with the test's thread woke the test of the next one.
#[test]
fn a_run_is_the_same_whatever_the_one_before_has_left() {
    let run = |seed: u64| {
        Check::new().runs(1).seed(seed).run(|sim| {
            let system = sim.system();
            for _ in 0..3 {
                let counter = system.spawn(Counter(0)).start()?;
                assert_eq!(sim.block_on(counter.send(Add(7)))?, 7);
            }
            // Wakes the thread that is done.
            sim.block_on(poll_fn(|context| {
                context.waker().wake_by_ref();
                Poll::Ready(())
            }));
            Ok(())
        })
    };
    for seed in 0..20 {
        assert_eq!(thread::spawn(move || run(seed)).join().expect("it runs"), run(seed), "seed {seed}");
    }
}
