//! ractor's `call`, without a limit; the main thread blocks on it with the executor of `futures`.

use futures::executor::block_on;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};

use super::{Survey, answer, survey, survey_outside};
use crate::measured::Found;
use crate::runtimes::{self, ractor_actor};

pub(super) fn send(requests: u64) -> Found {
    let runtime = runtimes::tokio();
    let replier = ractor_actor(&runtime, Replier, ());
    let asker = ractor_actor(&runtime, Asker(replier), ());
    survey(requests, |survey| asker.cast(survey).expect("the asker lives"))
}

pub(super) fn outside(requests: u64) -> Found {
    let runtime = runtimes::tokio();
    let replier = ractor_actor(&runtime, Replier, ());
    survey_outside(requests, |n| block_on(ask(&replier, n)))
}

async fn ask(replier: &ActorRef<Question>, n: u64) -> u64 {
    replier.call(|reply| Question { n, reply }, None).await.expect("the replier lives").expect("a reply")
}

pub struct Question {
    pub n: u64,
    pub reply: RpcReplyPort<u64>,
}

pub struct Replier;

impl Actor for Replier {
    type Msg = Question;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Question>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: ActorRef<Question>,
        Question { n, reply }: Question,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        Ok(reply.send(answer(n))?)
    }
}

struct Asker(ActorRef<Question>);

impl Actor for Asker {
    type Msg = Survey;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Survey>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(&self, _: ActorRef<Survey>, mut survey: Survey, (): &mut ()) -> Result<(), ActorProcessingErr> {
        for n in 0..survey.requests {
            survey.add(ask(&self.0, n).await);
        }
        survey.end();
        Ok(())
    }
}
