//! kameo's `ask`, and its `blocking_send` from the main thread, to an actor with an unbounded mailbox.

use kameo::actor::{ActorRef, Spawn};
use kameo::mailbox;
use kameo::message::{Context, Message};

use super::{Survey, answer, survey, survey_outside};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn send(requests: u64) -> Found {
    let runtime = runtimes::tokio();
    let _context = runtime.enter();
    let replier = Replier::spawn_with_mailbox(Replier, mailbox::unbounded());
    let asker = Asker::spawn_with_mailbox(Asker(replier), mailbox::unbounded());
    survey(requests, |survey| asker.tell(survey).try_send().expect("the asker lives"))
}

pub(super) fn outside(requests: u64) -> Found {
    let runtime = runtimes::tokio();
    let _context = runtime.enter();
    let replier = Replier::spawn_with_mailbox(Replier, mailbox::unbounded());
    survey_outside(requests, |n| replier.ask(Question(n)).blocking_send().expect("a reply"))
}

pub struct Question(pub u64);

#[derive(kameo::Actor)]
pub struct Replier;

impl Message<Question> for Replier {
    type Reply = u64;

    async fn handle(&mut self, Question(n): Question, _: &mut Context<Self, u64>) -> u64 {
        answer(n)
    }
}

#[derive(kameo::Actor)]
struct Asker(ActorRef<Replier>);

impl Message<Survey> for Asker {
    type Reply = ();

    async fn handle(&mut self, mut survey: Survey, _: &mut Context<Self, ()>) {
        for n in 0..survey.requests {
            survey.add(self.0.ask(Question(n)).send().await.expect("a reply"));
        }
        survey.end();
    }
}
