//! actix's `send`: asker and replier share an arbiter. The main thread blocks on it with the executor of `futures`.

use actix::{Actor, Addr, Context, Handler, Message, ResponseFuture};
use futures::executor::block_on;

use super::{Survey, answer, survey, survey_outside};
use crate::measured::Found;
use crate::runtimes;

pub(super) fn send(requests: u64) -> Found {
    let actix = runtimes::actix();
    let replier = Replier::start_in_arbiter(&actix.arbiters[0], |_| Replier);
    let asker = Asker::start_in_arbiter(&actix.arbiters[0], |_| Asker(replier));
    survey(requests, |survey| asker.do_send(survey))
}

pub(super) fn outside(requests: u64) -> Found {
    let actix = runtimes::actix();
    let replier = Replier::start_in_arbiter(&actix.arbiters[0], |_| Replier);
    survey_outside(requests, |n| block_on(replier.send(Question(n))).expect("a reply"))
}

#[derive(Message)]
#[rtype("u64")]
struct Question(u64);

struct Replier;

impl Actor for Replier {
    type Context = Context<Self>;
}

impl Handler<Question> for Replier {
    type Result = u64;

    fn handle(&mut self, Question(n): Question, _: &mut Context<Self>) -> u64 {
        answer(n)
    }
}

struct Asker(Addr<Replier>);

impl Actor for Asker {
    type Context = Context<Self>;
}

impl Message for Survey {
    type Result = ();
}

impl Handler<Survey> for Asker {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, mut survey: Survey, _: &mut Context<Self>) -> ResponseFuture<()> {
        let replier = self.0.clone();
        Box::pin(async move {
            for n in 0..survey.requests {
                survey.add(replier.send(Question(n)).await.expect("a reply"));
            }
            survey.end();
        })
    }
}
