//! A supervisor that is an actor.

use super::cast::{Answer, Cast, Ear, FAIL, Home, Place, Script, WAIT};
use crate::common::drive;
use crate::common::gate::Gate;
use crate::common::inline::{Body, Inline, Say};
use crate::common::ledger::Ledger;
use corecast::loom_api::task::{self, Overseer, Renewal, Report};
use corecast::{Actor, ActorContext, Handler, Message, WeakActorRef};
use loom::thread::{self};
use loom_tests::{Bounds, model};
use std::sync::{Arc, Mutex};

/// Says its word when it hears that somebody is down.
struct Boss {
    body: Body,
    gate: Arc<Gate>,
    script: Arc<Script>,
}

impl Actor for Boss {}

impl Handler<Say> for Boss {
    async fn handle(&mut self, Say(number): Say, _ctx: &mut ActorContext<Self>) {
        self.body.touch();
        if number == WAIT {
            self.gate.opened().await;
        }
        self.body.touch();
    }
}

struct IsDown;

impl Message for IsDown {
    type Result = ();
}

impl Handler<IsDown> for Boss {
    async fn handle(&mut self, _: IsDown, _ctx: &mut ActorContext<Self>) {
        self.body.touch();
        self.script.renew();
    }
}

/// Passes on that somebody is down.
struct Line(Ear, Arc<Mutex<Option<WeakActorRef<Boss>>>>);

impl Overseer for Line {
    fn hear(&self, report: Report) -> bool {
        let is_down = matches!(report, Report::Down(_));
        assert!(self.0.hear(report));
        let boss = self.1.lock().unwrap().take();
        !is_down || boss.is_some_and(|boss| task::signal(&boss, IsDown))
    }
}

#[test]
fn a_report_to_a_supervisor_whose_handler_waits_and_whose_mailbox_is_full() {
    model("report, wake", Bounds::default(), &["heard"], |outcomes| {
        let (ledger, bosses) = (Ledger::default(), Ledger::default());
        let line = Arc::new(Mutex::new(None));
        let ear = |script| Line(Ear(script), Arc::clone(&line));
        let cast = Cast::at(&Home::new(&ledger), &ear, Renewal::AfterFailure, Answer::Never, 4, Place::default());
        let gate = Gate::new();
        let boss = Boss { body: Body::new(&bosses), gate: Arc::clone(&gate), script: Arc::clone(&cast.script) };
        let (boss, runnable) = task::actor(Inline(bosses.clone()), None, boss);
        drive(runnable);
        *line.lock().unwrap() = Some(boss.downgrade());
        boss.try_tell(Say(WAIT)).unwrap();
        (1..=4).for_each(|number| boss.try_tell(Say(number)).unwrap());
        assert!(boss.try_tell(Say(5)).is_err(), "it is full");
        let opening = thread::spawn(move || gate.open());
        assert!(cast.tell(FAIL));
        opening.join().unwrap();
        assert!(cast.is_up(), "the report was lost");
        let (_, story) = cast.finish(&[FAIL]);
        assert_eq!(story.made, 2);
        drop(boss);
        let _ = bosses.ended(1);
        outcomes.saw("heard");
    });
}
