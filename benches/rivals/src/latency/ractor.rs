//! ractor: `cast` with a reply port, as its `call` does, and a look at the port's other end.

use ractor::concurrency::{OneshotReceiver, oneshot};
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};
use tokio::sync::oneshot::error::TryRecvError;

use super::{Service, answer};
use crate::runtimes::{self, ractor_actor};

pub(super) fn serve<T>(ask: impl FnOnce(&ActorRef<Question>) -> T) -> T {
    let runtime = runtimes::tokio();
    ask(&ractor_actor(&runtime, Replier, ()))
}

pub(super) struct Question {
    n: u64,
    reply: RpcReplyPort<u64>,
}

struct Replier;

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

impl Service for ActorRef<Question> {
    type Reply = OneshotReceiver<u64>;

    fn ask(&self, question: u64) -> Self::Reply {
        let (reply, answer) = oneshot();
        self.cast(Question { n: question, reply: reply.into() }).expect("the replier lives");
        answer
    }

    fn look(reply: &mut Self::Reply) -> Option<u64> {
        match reply.try_recv() {
            Ok(reply) => Some(reply),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Closed) => panic!("a reply"),
        }
    }
}
