//! An event's way to its handler when there is more to be said than the event itself: how many were shed before it,
//! or that it waits elsewhere, where newer ones may displace it.
//!
//! A token stands in the mailbox for the events of one [`Source`]. There is at most one of each source; whoever has it
//! is the only one who takes events out. It goes back into the mailbox before its event is handled, so that the
//! actor's other messages have their turn. A mailbox that is closed takes it no more: then it is put aside until the
//! mailbox has been drained, and an event is handled each time that the actor comes round. However the actor ends, what
//! is left is a dead letter each.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;

use super::context::ActorContext;
use super::letter::{Asked, Told};
use super::{Actor, Body, Handler, Message};
use crate::sync::Arc;
use crate::task::identity::ActorInfo;
use crate::task::letter::{Letter, Receive};
use crate::task::reason::ReplyErrorReason;
use crate::task::typed::{Address, WeakAddress};
use crate::task::{Completion, Turn};

/// Where the events of a token are. Implemented above.
pub(crate) trait Source<M>: Send + Sync + 'static {
    /// The oldest event, and how many were shed before it. None gives up the token.
    fn take(&self) -> Option<(M, u64)>;

    /// Sends the token on, if there are events left. It comes back if the mailbox takes no more. Called by the actor's
    /// runner.
    fn pass_on(self: Arc<Self>) -> Option<Arc<dyn Source<M>>>;

    /// The token is dropped, and nobody handles what is left.
    fn abandon(&self);
}

/// The right to take events out of a source.
pub(crate) struct Token<M: 'static>(Option<Arc<dyn Source<M>>>);

/// What comes to the handler.
pub(crate) enum Delivery<M: 'static> {
    /// An event, and how many were shed before it.
    After(M, u64),
    /// An event that waits elsewhere.
    Token(Token<M>),
}

/// A reference to an actor by all ways that events and messages of type `M` take to it.
pub(crate) type Ways<M> = Address<Told<M>, Asked<M>, Delivery<M>>;

/// The same, without keeping the actor alive.
pub(crate) type WeakWays<M> = WeakAddress<Told<M>, Asked<M>, Delivery<M>>;

/// Nobody waits for the end of a delivery.
pub(crate) struct Delivered<M>(PhantomData<fn(M)>);

impl<M> Token<M> {
    pub(crate) fn new(source: Arc<dyn Source<M>>) -> Self {
        Self(Some(source))
    }

    /// The source back, with the right to take events out of it.
    pub(crate) fn into_source(mut self) -> Option<Arc<dyn Source<M>>> {
        self.0.take()
    }

    fn take(&mut self) -> Option<(M, u64)> {
        let event = self.0.as_ref()?.take();
        if event.is_none() {
            self.0 = None;
        }
        event
    }

    /// Sends the token on, if there are events left. It comes back if the mailbox takes no more.
    fn pass_on(mut self) -> Option<Self> {
        self.0.take().and_then(Source::pass_on).map(Self::new)
    }
}

impl<M> Drop for Token<M> {
    fn drop(&mut self) {
        if let Some(source) = self.0.take() {
            source.abandon();
        }
    }
}

impl<M: Message> Letter for Delivery<M> {
    type Message = Self;
    type Output = ();
    type Completion = Delivered<M>;

    fn open(self) -> (Self, Delivered<M>) {
        (self, Delivered(PhantomData))
    }

    fn name() -> &'static str {
        std::any::type_name::<M>()
    }

    fn bury(delivery: Self, each: &mut dyn FnMut(Box<dyn Any + Send>)) {
        match delivery {
            Self::After(event, _) => each(Box::new(event)),
            Self::Token(mut token) => {
                while let Some((event, _)) = token.take() {
                    each(Box::new(event));
                }
            }
        }
    }
}

impl<M: Message> Completion<()> for Delivered<M> {
    fn message() -> Option<&'static str> {
        Some(std::any::type_name::<M>())
    }

    fn complete(self, (): (), _turn: &mut Turn<'_>) {}

    fn fail(self, _why: ReplyErrorReason, _actor: &dyn Fn() -> ActorInfo) -> bool {
        false
    }
}

impl<A: Handler<M>, M: Message> Receive<Delivery<M>> for Body<A> {
    type Output = ();

    async fn receive(&mut self, context: &mut ActorContext<A>, delivery: Delivery<M>) {
        let mut token = match delivery {
            Delivery::After(event, missed) => return self.handle_after(context, event, missed).await,
            Delivery::Token(token) => token,
        };
        let Some((event, missed)) = token.take() else { return };
        if let Some(token) = token.pass_on() {
            context.put_aside(Delivery::Token(token));
        }
        self.handle_after(context, event, missed).await;
    }
}

impl<A: Actor> Body<A> {
    /// Handles an event before which `missed` others were shed. The result is dropped, as that of a message that was told.
    async fn handle_after<M: Message>(&mut self, context: &mut ActorContext<A>, event: M, missed: u64)
    where
        A: Handler<M>,
    {
        context.set_missed(missed);
        drop(self.actor.handle(event, context).await);
        context.set_missed(0);
    }
}

impl<M> fmt::Debug for Token<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

impl<M> fmt::Debug for Delivery<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Delivery")
    }
}

impl<M> fmt::Debug for Delivered<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Delivered")
    }
}
