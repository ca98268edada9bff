//! What a supervisor may be asked for.

use std::pin::pin;
use std::task::{Context, Waker};

use super::{Add, Do, Journal, Part, SECOND, builder, part, play, spawn};
use corecast::sim::check;
use corecast::testing::Watch;
use corecast::{
    Actor, ActorContext, ActorSystem, ChildError, ChildState, DynamicSupervisor, Handler, RestartType, SpecError,
    StopReason, Strategy, Supervisor,
};

#[test]
fn children_come_and_go() {
    play(|sim, system, journal| {
        let supervisor = spawn(sim, system, builder(Strategy::OneForOne).child(part("a", journal)));
        sim.block_on(async {
            let b = supervisor.start_child(part("b", journal)).await?;
            assert_eq!(b.send(Add(1)).await?, 1);
            let states = |children: Vec<corecast::ChildInfo>| {
                children.into_iter().map(|child| (child.id, child.state)).collect::<Vec<_>>()
            };
            let (a, b) = ("a".to_owned(), "b".to_owned());
            assert_eq!(
                states(supervisor.which_children().await?),
                [(a.clone(), ChildState::Running), (b.clone(), ChildState::Running)]
            );
            assert!(matches!(supervisor.delete_child("a").await, Err(ChildError::Running { .. })));
            assert!(matches!(supervisor.restart_child::<Part>("a").await, Err(ChildError::Running { .. })));
            supervisor.terminate_child("a").await?;
            assert_eq!(
                states(supervisor.which_children().await?),
                [(a, ChildState::Stopped), (b, ChildState::Running)]
            );
            assert_eq!(supervisor.restart_child::<Part>("a").await?.send(Add(2)).await?, 2);
            supervisor.terminate_child("a").await?;
            supervisor.delete_child("a").await?;
            assert!(matches!(supervisor.child::<Part>("a").await, Err(ChildError::NotFound { .. })));
            assert!(matches!(supervisor.terminate_child("a").await, Err(ChildError::NotFound { .. })));
            assert!(matches!(supervisor.child::<Supervisor>("b").await, Err(ChildError::WrongType { .. })));
            let twice = supervisor.start_child(part("b", journal)).await;
            assert!(matches!(twice, Err(ChildError::Spec(SpecError::DuplicateId { .. }))), "{twice:?}");
            // Its name is in use, which its start finds out.
            journal.fail("b", 0);
            let named = supervisor.start_child(part("c", journal).name("b")).await;
            assert!(matches!(&named, Err(ChildError::StartFailed { .. })), "{named:?}");
            assert_eq!(supervisor.count_children().await?.specs, 1);
            supervisor.stop();
            supervisor.stopped().await;
            let late = supervisor.start_child(part("d", journal)).await;
            assert!(matches!(late, Err(ChildError::ShuttingDown)), "{late:?}");
            Ok(())
        })
    });
}

#[test]
fn a_child_may_ask_its_supervisor_while_that_restarts_others() {
    struct Asker(corecast::ActorRef<Supervisor>);
    impl Actor for Asker {}
    impl Handler<Add> for Asker {
        async fn handle(&mut self, _: Add, _: &mut ActorContext<Self>) -> u64 {
            self.0.count_children().await.map_or(0, |count| count.specs as u64)
        }
    }
    play(|sim, system, journal| {
        let supervisor = spawn(sim, system, builder(Strategy::OneForOne).child(part("a", journal)));
        let known = supervisor.clone();
        let asker = corecast::ChildSpec::new("asker", move || Asker(known.clone()));
        let asker = sim.block_on(async { supervisor.start_child(asker).await })?;
        let a = super::find(system, "a");
        let crash = a.try_send(Do::Panic)?;
        assert_eq!(asker.blocking_send(Add(0))?, 2);
        assert!(sim.block_on(crash).is_err());
        supervisor.stop();
        sim.block_on(supervisor.stopped());
        Ok(())
    });
}

#[test]
fn dynamic_children_are_made_of_what_they_are_started_with_and_made_anew_of_it() {
    play(|sim, system, journal| {
        let journal = journal.clone();
        let sessions = DynamicSupervisor::builder(move |first: u64| Part {
            name: "session",
            journal: journal.clone(),
            sum: first,
            lingers: std::time::Duration::ZERO,
        })
        .intensity(10, SECOND)
        .restart(RestartType::Transient)
        .build()?;
        let sessions = sim.block_on(async { system.spawn(sessions).await })?;
        sim.block_on(async {
            let mut all = Vec::new();
            for first in 1..=5 {
                all.push(sessions.start_child(first * 100).await?);
            }
            assert_eq!(all[2].send(Add(1)).await?, 301);
            assert!(all[2].send(Do::Panic).await.is_err());
            assert_eq!(all[2].send(Add(2)).await?, 302);
            all[0].send(Do::Stop).await?;
            all[0].stopped().await;
            sessions.terminate_child(&all[1]).await?;
            assert!(matches!(sessions.terminate_child(&all[1]).await, Err(ChildError::NotFound { .. })));
            assert_eq!(sessions.count_children().await?.active, 3);
            sessions.stop();
            assert!(matches!(sessions.stopped().await, StopReason::Stopped));
            assert!(all.iter().all(|session| !session.is_alive()));
            Ok(())
        })
    });
}

#[test]
fn a_question_that_is_not_polled_asks_nothing_and_one_that_is_dropped_later_is_answered_to_nobody() {
    play(|sim, system, journal| {
        let supervisor = spawn(sim, system, builder(Strategy::OneForOne).child(part("a", journal)));
        drop(supervisor.start_child(part("b", journal)));
        drop(supervisor.terminate_child("a"));
        sim.run_until_quiescent()?;
        assert_eq!(journal.take(), ["+a"]);
        sim.block_on(async {
            let mut starting = std::pin::pin!(supervisor.start_child(part("b", journal)));
            assert!(futures::poll!(starting.as_mut()).is_pending());
        });
        sim.run_until_quiescent()?;
        assert_eq!(journal.take(), ["+b"]);
        assert!(system.find::<Part>("b")?.is_alive());
        Ok(())
    });
}

#[test]
fn a_question_that_nobody_comes_to_is_answered_though_somebody_keeps_the_letter() {
    check(100, |sim| {
        let watch = Watch::new();
        let system = ActorSystem::builder().observer(watch.observer()).build()?;
        let journal = Journal::default();
        let first = spawn(sim, &system, builder(Strategy::OneForOne).child(part("a", &journal)));
        let sessions = DynamicSupervisor::builder(|()| Idle).build()?;
        let sessions = sim.block_on(async { system.spawn(sessions).await })?;
        let context = &mut Context::from_waker(Waker::noop());
        let (mut one, mut other) = (pin!(first.terminate_child("a")), pin!(sessions.start_child(())));
        assert!(one.as_mut().poll(context).is_pending() && other.as_mut().poll(context).is_pending());
        first.kill();
        sessions.kill();
        // The letters are kept meanwhile.
        assert!(matches!(sim.block_on(one), Err(ChildError::ShuttingDown)));
        assert!(matches!(sim.block_on(other), Err(ChildError::ShuttingDown)));
        assert_eq!(watch.dead_letters().len(), 2);
        Ok(())
    });
}

struct Idle;
impl Actor for Idle {}
