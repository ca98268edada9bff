//! corecast's `send`, and `blocking_send` from the main thread.

use corecast::{Actor, ActorContext, ActorRef, Handler, Message};

use super::{Survey, answer, survey, survey_outside};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn send(requests: u64) -> Found {
    let system = runtimes::corecast();
    let replier = system.spawn(Replier).start().expect("the system runs");
    let asker = system.spawn(Asker(replier)).start().expect("the system runs");
    survey(requests, |survey| asker.blocking_tell(survey).expect("the asker lives"))
}

pub(super) fn outside(requests: u64) -> Found {
    let system = runtimes::corecast();
    let replier = system.spawn(Replier).start().expect("the system runs");
    survey_outside(requests, |n| replier.blocking_send(Question(n)).expect("a reply"))
}

pub struct Question(pub u64);

impl Message for Question {
    type Result = u64;
}

pub struct Replier;

impl Actor for Replier {}

impl Handler<Question> for Replier {
    async fn handle(&mut self, Question(n): Question, _: &mut ActorContext<Self>) -> u64 {
        answer(n)
    }
}

struct Asker(ActorRef<Replier>);

impl Actor for Asker {}

impl Message for Survey {
    type Result = ();
}

impl Handler<Survey> for Asker {
    async fn handle(&mut self, mut survey: Survey, _: &mut ActorContext<Self>) {
        for n in 0..survey.requests {
            survey.add(self.0.send(Question(n)).await.expect("a reply"));
        }
        survey.end();
    }
}
