//! corecast: `try_send` into an unbounded mailbox, and a look at its reply.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use corecast::{ActorRef, Mailbox, Reply};

use super::Service;
use crate::loads::ask::corecast::{Question, Replier};
use crate::runtimes;

pub(super) fn serve<T>(ask: impl FnOnce(&ActorRef<Replier>) -> T) -> T {
    let system = runtimes::corecast();
    ask(&system.spawn(Replier).mailbox(Mailbox::unbounded()).start().expect("the system runs"))
}

impl Service for ActorRef<Replier> {
    type Reply = Reply<u64>;

    fn ask(&self, question: u64) -> Reply<u64> {
        self.try_send(Question(question)).expect("unbounded")
    }

    fn look(reply: &mut Reply<u64>) -> Option<u64> {
        match Pin::new(reply).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(reply) => Some(reply.expect("a reply")),
            Poll::Pending => None,
        }
    }
}
