//! kameo: `try_enqueue`, and a look at its pending reply.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use kameo::actor::{ActorRef, Spawn};
use kameo::mailbox;
use kameo::request::PendingReply;

use super::Service;
use crate::loads::ask::kameo::{Question, Replier};
use crate::runtimes;

pub(super) fn serve<T>(ask: impl FnOnce(&ActorRef<Replier>) -> T) -> T {
    let runtime = runtimes::tokio();
    let _context = runtime.enter();
    ask(&Replier::spawn_with_mailbox(Replier, mailbox::unbounded()))
}

impl Service for ActorRef<Replier> {
    type Reply = PendingReply<Question, u64>;

    fn ask(&self, question: u64) -> Self::Reply {
        ActorRef::ask(self, Question(question)).try_enqueue().expect("the replier lives")
    }

    fn look(reply: &mut Self::Reply) -> Option<u64> {
        match Pin::new(reply).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(reply) => Some(reply.expect("a reply")),
            Poll::Pending => None,
        }
    }
}
