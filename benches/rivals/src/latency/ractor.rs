//! ractor: `cast` with a reply port, as its `call` does, and a look at the port's other end.

use ractor::ActorRef;
use ractor::concurrency::{OneshotReceiver, oneshot};
use tokio::sync::oneshot::error::TryRecvError;

use super::Service;
use crate::loads::ask::ractor::{Question, Replier};
use crate::runtimes::{self, ractor_actor};

pub(super) fn serve<T>(ask: impl FnOnce(&ActorRef<Question>) -> T) -> T {
    let runtime = runtimes::tokio();
    ask(&ractor_actor(&runtime, Replier, ()))
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
