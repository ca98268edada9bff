//! What a message brings with it, what a body does with it, and what the task layer asks of those above.

use std::any::Any;
use std::fmt;
use std::ptr::NonNull;
use std::time::Duration;

use super::circle::Circle;
use super::frame::{self, Completion};
use super::handle::Weak;
use super::header::{Cell, Header};
use super::identity::{ActorId, ActorInfo};
use super::lane::Name;
use super::lodging::House;
use super::reason::{ActorError, Directive, ReplyErrorReason, StopReason};
use super::run::Turn;
use super::runnable::Runnable;
use super::seats::Seats;
use super::trace::Slow;
use super::typed::OwnTask;
use crate::mailbox::envelope::{Opened, Packed, Payload, Vtable};
use crate::sync::Arc;
use crate::sync::exclusive::Exclusive;
use crate::sync::planted::{self, Mutant};
use crate::sync::time::Moment;
use crate::sync::unwind::guard;

/// What the scheduler and the system do for a task. Implemented above.
pub(crate) trait Host: Send + Sync + 'static {
    /// Puts a runnable actor into a run queue. Called from any thread, and never calls back.
    fn schedule(&self, runnable: Runnable);

    /// Whether the calling thread is one of the system's own.
    fn is_inside(&self) -> bool;

    /// An accepted message failed with its handler.
    fn message_failed(&self, actor: ActorInfo, message: &'static str, cause: &StopReason, observed: bool);

    /// An accepted message is left over.
    fn dead_letter(&self, letter: DeadLetter);

    /// An actor is about to end: its name is free.
    fn free_name(&self, name: &str);

    /// An actor ended by a failure, or has failed once more on its way out. `observed` says that somebody was told
    /// or watches.
    fn actor_failed(&self, actor: ActorInfo, reason: &StopReason, observed: bool);

    /// The seats of its actors, always the same; none, if they have none.
    fn seats(&self) -> Option<&Seats>;

    /// An actor has ended: its seat is free. The last call for this actor.
    fn ended(&self);

    /// A killed actor's `post_stop` waits: it shall be expired when its time is up.
    fn expire_later(&self, task: Weak);

    /// At `due`, somebody shall look how long this actor's handler takes.
    fn look_later(&self, task: Weak, due: Moment);

    /// At `due`, somebody shall see to this actor's health check, by the timer of this name, which is due at no other time then, or
    /// by a new one. Tells its name; none if nobody will.
    fn check_later(&self, task: &Weak, timer: Option<Name>, due: Moment) -> Option<Name>;

    /// A handler or hook takes long.
    fn handler_slow(&self, actor: ActorInfo, slow: Slow);

    /// How long a `send` to an actor waits that has no limit of its own.
    fn send_timeout(&self) -> Option<Duration>;

    /// The circle that a wait of one of its actors for another is in at the moment.
    fn circle(&self, member: ActorId, target: ActorId) -> Option<Circle>;

    /// Whoever keeps the time, for those who know its type.
    fn timekeeper(&self) -> Option<Arc<dyn Any + Send + Sync>>;

    /// The same, without counting.
    fn scheduler(&self) -> Option<&(dyn Any + Send + Sync)>;

    /// Who lodges with it: always the same.
    fn house(&self) -> &House;

    /// The implementor itself, for those who know its type.
    fn as_any(&self) -> &dyn Any;
}

/// An actor as the task layer sees it. Implemented above.
pub(crate) trait Body: Sized + Send + 'static {
    /// What each call is lent of the task. It lies in the call's frame, so that a cell has no room for it.
    type Context: Send;

    /// The name of the actor's type.
    fn type_name() -> &'static str;

    /// Makes what a call is lent.
    fn context(task: OwnTask<Self>) -> Self::Context;

    /// Runs `pre_start`.
    fn start(&mut self, context: &mut Self::Context) -> impl Future<Output = Result<(), ActorError>> + Send;

    /// Runs `on_error`.
    fn judge(&mut self, context: &mut Self::Context, error: &ActorError) -> Directive;

    /// Runs `on_terminated`.
    fn terminated(
        &mut self,
        context: &mut Self::Context,
        who: ActorInfo,
        reason: StopReason,
    ) -> impl Future<Output = ()> + Send;

    /// Runs `health_check`.
    fn check(&mut self, context: &mut Self::Context) -> impl Future<Output = Result<(), ActorError>> + Send;

    /// Runs `post_stop`.
    fn stop(&mut self, context: &mut Self::Context, reason: StopReason) -> impl Future<Output = ()> + Send;
}

/// A body that handles messages of type `M`.
pub(crate) trait Receive<M>: Body {
    /// What its handler returns.
    type Output: Send + 'static;

    /// Handles a message.
    fn receive(&mut self, context: &mut Self::Context, message: M) -> impl Future<Output = Self::Output> + Send;
}

/// A message together with what is to be done when it has been handled.
pub(crate) trait Letter: Send + Sized + 'static {
    /// The message.
    type Message: Send + 'static;
    /// What its handler returns.
    type Output: Send + 'static;
    /// What becomes of the output.
    type Completion: Completion<Self::Output>;

    /// The two parts.
    fn open(self) -> (Self::Message, Self::Completion);

    /// The name of the message's type, as dead letters and failures give it.
    fn name() -> &'static str {
        std::any::type_name::<Self::Message>()
    }

    /// Gives away what is left of a message that nobody handles: itself, or all that it stands for.
    fn bury(message: Self::Message, each: &mut dyn FnMut(Box<dyn Any + Send>)) {
        each(Box::new(message));
    }
}

/// An accepted message that its actor never came to.
pub struct DeadLetter {
    actor: ActorInfo,
    message_type: &'static str,
    cause: StopReason,
    message: Exclusive<Box<dyn Any + Send>>,
}

impl DeadLetter {
    /// The actor that it was for.
    #[must_use]
    pub fn actor(&self) -> &ActorInfo {
        &self.actor
    }

    /// The path of the message's type.
    #[must_use]
    pub fn message_type(&self) -> &'static str {
        self.message_type
    }

    /// Why the actor ended; or a run of it, for what a timer of that run had brought.
    #[must_use]
    pub fn cause(&self) -> &StopReason {
        &self.cause
    }

    /// The message itself.
    ///
    /// # Errors
    ///
    /// The letter back, if the message isn't an `M`.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/counter.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// use std::sync::Mutex;
    /// use std::sync::mpsc::{Sender, channel};
    /// use corecast::{ActorSystem, DeadLetter, Observer};
    ///
    /// /// Collects what was left over for counters.
    /// struct Leftovers(Mutex<Sender<u64>>);
    ///
    /// impl Observer for Leftovers {
    ///     fn dead_letter(&self, letter: DeadLetter) {
    ///         if let Ok(Add(n)) = letter.downcast::<Add>() {
    ///             let _ = self.0.lock().map(|sender| sender.send(n));
    ///         }
    ///     }
    /// }
    ///
    /// let (sender, leftovers) = channel();
    /// let system = ActorSystem::builder().observer(Leftovers(Mutex::new(sender))).build()?;
    /// let counter = system.spawn(Counter(0)).start()?;
    /// counter.try_tell(Add(7))?;
    /// counter.kill(); // it may have been handled before
    /// drop(system);
    /// assert!(leftovers.try_iter().all(|n| n == 7));
    /// # Ok(())
    /// # }
    /// ```
    pub fn downcast<M: Send + 'static>(self) -> Result<M, Self> {
        match self.message.into_inner().downcast::<M>() {
            Ok(message) => Ok(*message),
            Err(message) => Err(Self { message: Exclusive::new(message), ..self }),
        }
    }
}

impl fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetter")
            .field("actor", &self.actor)
            .field("message_type", &self.message_type)
            .field("cause", &self.cause)
            .finish_non_exhaustive()
    }
}

/// What `discard` functions get: who died of what.
pub(super) struct Undertaker<'a> {
    pub(super) host: &'a dyn Host,
    pub(super) actor: &'a ActorInfo,
    pub(super) cause: &'a StopReason,
}

/// The vtable of letters of type `L` to bodies of type `B`.
pub(crate) struct Route<B, L>(std::marker::PhantomData<(B, L)>);

impl<L: Letter, B: Receive<L::Message, Output = L::Output>> Route<B, L> {
    /// One per pair of types.
    pub(crate) const VTABLE: &'static Vtable =
        &Vtable { message: L::name, reader: B::type_name, open: Self::open, discard: Self::discard };

    /// Opens a letter: begins to handle its message.
    ///
    /// # Safety
    ///
    /// The payload holds an `L`, and the second argument is the `Turn` of a task whose body is a `B`.
    unsafe fn open(payload: *mut Payload, turn: NonNull<()>) -> Opened {
        // SAFETY: the caller's promise: the payload is read once, and the turn is exclusively the caller's. The body is
        // a `B`, and the runner's; the frame is dropped before the body (rule 3 of the task module), so the borrow
        // that the future holds doesn't outlive it.
        unsafe {
            let turn = turn.cast::<Turn<'_>>().as_mut();
            let task = turn.header();
            let body = body::<B>(task);
            let context = B::context(OwnTask::of(task));
            frame::begin(turn, |vacant| {
                // Read here and not before: so the message moves from its place to its frame at once.
                let (message, completion) = Packed::<L>::read(payload).open();
                vacant.fill(context, completion, |context| {
                    #[cfg(any(corecast_loom, feature = "sim"))]
                    super::director::begins(task, L::name());
                    (*body).receive(&mut *context, message)
                });
            })
        }
    }

    /// Disposes of a letter unhandled.
    ///
    /// # Safety
    ///
    /// The payload holds an `L`, and the second argument is an `Undertaker`.
    unsafe fn discard(payload: *mut Payload, undertaker: NonNull<()>) {
        // SAFETY: the caller's promise.
        let (letter, undertaker) =
            unsafe { (Packed::<L>::read(payload), undertaker.cast::<Undertaker<'_>>().as_ref()) };
        let (message, completion) = letter.open();
        // UNWIND: the asker's waker and whoever takes the letter are user code; the message is out of the mailbox.
        let actor = || undertaker.actor.clone();
        let _ = guard(|| completion.fail(ReplyErrorReason::Died(undertaker.cause.clone()), &actor));
        let mut each = |message| {
            if planted::is(Mutant::LeftoverLost) {
                return;
            }
            let letter = DeadLetter {
                actor: undertaker.actor.clone(),
                message_type: L::name(),
                cause: undertaker.cause.clone(),
                message: Exclusive::new(message),
            };
            let _ = guard(|| undertaker.host.dead_letter(letter));
        };
        // UNWIND: what a message stands for may be dropped by this; what was given away before is.
        let _ = guard(|| L::bury(message, &mut each));
    }
}

/// The body behind a header.
///
/// # Safety
///
/// The cell is alive and its body is a `B`.
pub(super) unsafe fn body<B>(header: NonNull<Header>) -> *mut B {
    // SAFETY: the caller's promise: the header is the first field of a `Cell<B>`.
    unsafe { (*header.cast::<Cell<B>>().as_ptr()).body.with_mut(|body| body.cast()) }
}
