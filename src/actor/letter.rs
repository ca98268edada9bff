//! A message on its way to an actor: told, or asked with somebody waiting for the reply.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;

use super::Message;
use crate::error::ReplyError;
use crate::reply;
use crate::sync::planted::{self, Mutant};
use crate::task::handle::Strong;
use crate::task::identity::{ActorInfo, Whom};
use crate::task::letter::Letter;
use crate::task::reason::ReplyErrorReason;
use crate::task::{Completion, TaskWaiter, Turn};

/// What travels back: the result, or why there is none.
pub(crate) type Answer<R> = Result<R, ReplyError>;

/// The asker's side.
pub(crate) type Receiver<R> = reply::Receiver<Answer<R>, TaskWaiter>;

/// What an asker knows of the actor without keeping a reference.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    whom: Whom,
    type_name: fn() -> &'static str,
}

impl Target {
    #[inline(always)]
    pub(crate) fn new(task: &Strong, type_name: fn() -> &'static str) -> Self {
        Self { whom: task.whom(), type_name }
    }

    /// For whom the asker waits.
    #[inline(always)]
    pub(crate) fn whom(self) -> Whom {
        self.whom
    }

    pub(crate) fn info(self) -> ActorInfo {
        ActorInfo::new(self.whom.id, self.type_name, None)
    }
}

/// A message that nobody waits for.
pub(crate) struct Told<M>(pub(crate) M);

/// The handler's result is dropped.
pub(crate) struct Unasked<M>(PhantomData<fn(M)>);

/// As [`Told`], for what the runtime tells itself: left over, it is nobody's dead letter.
pub(crate) struct Hushed<M>(pub(crate) M);

/// A message with the way back for its result.
pub(crate) struct Asked<M: Message> {
    message: M,
    reply: ReplyTo<M>,
}

/// The handler's side of a reply. Whatever happens to it, the asker hears.
pub(crate) struct ReplyTo<M: Message>(Option<Sender<M::Result>>);

type Sender<R> = reply::Sender<Answer<R>, TaskWaiter>;

impl<M: Message> Letter for Told<M> {
    type Message = M;
    type Output = M::Result;
    type Completion = Unasked<M>;

    #[inline(always)]
    fn open(self) -> (M, Unasked<M>) {
        (self.0, Unasked(PhantomData))
    }
}

impl<M: Message> Letter for Hushed<M> {
    type Message = M;
    type Output = M::Result;
    type Completion = Unasked<M>;

    fn open(self) -> (M, Unasked<M>) {
        (self.0, Unasked(PhantomData))
    }

    fn bury(message: M, _each: &mut dyn FnMut(Box<dyn Any + Send>)) {
        drop(message);
    }
}

impl<M: Message> Completion<M::Result> for Unasked<M> {
    fn message() -> Option<&'static str> {
        Some(std::any::type_name::<M>())
    }

    #[inline(always)]
    fn complete(self, output: M::Result, _turn: &mut Turn<'_>) {
        drop(output);
    }

    fn fail(self, _why: ReplyErrorReason, _actor: &dyn Fn() -> ActorInfo) -> bool {
        false
    }
}

impl<M: Message> Asked<M> {
    /// A letter with `message`, and where its reply arrives.
    #[inline(always)]
    pub(crate) fn new(message: M) -> (Self, Receiver<M::Result>) {
        let (sender, receiver) = reply::channel();
        (Self { message, reply: ReplyTo(Some(sender)) }, receiver)
    }

    /// As [`new`](Self::new), for a reply that is about to be awaited.
    #[inline(always)]
    pub(crate) fn awaited(message: M) -> (Self, Receiver<M::Result>) {
        let (sender, receiver) = reply::awaited();
        (Self { message, reply: ReplyTo(Some(sender)) }, receiver)
    }

    /// The message back; nobody will reply.
    pub(crate) fn into_message(self) -> M {
        self.message
    }
}

impl<M: Message> Letter for Asked<M> {
    type Message = M;
    type Output = M::Result;
    type Completion = ReplyTo<M>;

    #[inline(always)]
    fn open(self) -> (M, ReplyTo<M>) {
        (self.message, self.reply)
    }
}

impl<M: Message> Completion<M::Result> for ReplyTo<M> {
    fn message() -> Option<&'static str> {
        Some(std::any::type_name::<M>())
    }

    #[inline(always)]
    fn complete(mut self, output: M::Result, _turn: &mut Turn<'_>) {
        if let Some(sender) = self.0.take() {
            // An asker that is gone doesn't want it; the result is dropped here.
            drop(sender.complete(Ok(output)));
        }
    }

    fn fail(mut self, why: ReplyErrorReason, actor: &dyn Fn() -> ActorInfo) -> bool {
        let sender = self.0.take().filter(|_| !planted::is(Mutant::AskerNotTold));
        sender.is_some_and(|sender| sender.complete(Err(ReplyError::new(why, actor()))).is_ok())
    }
}

impl<M: Message> Drop for ReplyTo<M> {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(sender) = self.0.take() {
            Self::lose(sender);
        }
    }
}

impl<M: Message> ReplyTo<M> {
    #[cold]
    fn lose(sender: Sender<M::Result>) {
        let lost = ReplyError::new(ReplyErrorReason::ReplyDropped, ActorInfo::unknown());
        drop(sender.complete(Err(lost)));
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.info().fmt(f)
    }
}

impl<M: Message> fmt::Debug for ReplyTo<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplyTo")
    }
}
