//! Bare tokio: an unbounded channel, and a look at the oneshot.

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot::{self, error::TryRecvError};

use super::Service;
use crate::loads::ask::tokio::{Question, replier};
use crate::runtimes;

pub(super) fn serve<T>(ask: impl FnOnce(&UnboundedSender<Question>) -> T) -> T {
    let runtime = runtimes::tokio();
    ask(&replier(&runtime))
}

impl Service for UnboundedSender<Question> {
    type Reply = oneshot::Receiver<u64>;

    fn ask(&self, question: u64) -> Self::Reply {
        let (reply, answer) = oneshot::channel();
        assert!(self.send(Question { n: question, reply }).is_ok(), "the replier lives");
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
