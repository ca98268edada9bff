//! The lifecycle hooks of a body, and what becomes of what they return.

use std::ptr::NonNull;

use super::charge::{self, Making};
use super::frame::{self, Completion};
use super::header::Header;
use super::identity::ActorInfo;
use super::letter::{self, Body};
use super::reason::{ActorError, Directive, ReplyErrorReason, StopReason};
use super::run::Turn;
use super::typed::OwnTask;
use crate::mailbox::envelope::Opened;

/// What becomes of `pre_start`'s outcome: it is left with the turn.
struct StartHook;

impl Completion<Result<(), ActorError>> for StartHook {
    fn message() -> Option<&'static str> {
        None
    }

    fn complete(self, outcome: Result<(), ActorError>, turn: &mut Turn<'_>) {
        turn.start_returned(outcome);
    }

    fn fail(self, _why: ReplyErrorReason, _actor: &dyn Fn() -> ActorInfo) -> bool {
        false
    }
}

/// What becomes of a health check's outcome: it is left with the turn.
struct CheckHook;

impl Completion<Result<(), ActorError>> for CheckHook {
    fn message() -> Option<&'static str> {
        None
    }

    fn complete(self, outcome: Result<(), ActorError>, turn: &mut Turn<'_>) {
        turn.check_returned(outcome);
    }

    fn fail(self, _why: ReplyErrorReason, _actor: &dyn Fn() -> ActorInfo) -> bool {
        false
    }
}

/// What becomes of a body that was made: it goes to its place.
struct MakeHook;

impl<B: Body> Completion<Result<B, ActorError>> for MakeHook {
    fn message() -> Option<&'static str> {
        None
    }

    fn complete(self, outcome: Result<B, ActorError>, turn: &mut Turn<'_>) {
        let outcome = outcome.map(|body| {
            // SAFETY: the task is one of `B`s, whose place is empty: it has asked for this one.
            unsafe { letter::body::<B>(turn.header()).write(body) };
            turn.set_made(true);
        });
        turn.start_returned(outcome);
    }

    fn fail(self, _why: ReplyErrorReason, _actor: &dyn Fn() -> ActorInfo) -> bool {
        false
    }
}

/// `on_terminated` and `post_stop` return nothing.
struct QuietHook;

impl Completion<()> for QuietHook {
    fn message() -> Option<&'static str> {
        None
    }

    fn complete(self, (): (), _turn: &mut Turn<'_>) {}

    fn fail(self, _why: ReplyErrorReason, _actor: &dyn Fn() -> ActorInfo) -> bool {
        false
    }
}

/// Begins `pre_start`.
///
/// # Safety
///
/// The turn's body is a `B`.
pub(super) unsafe fn start<B: Body>(turn: &mut Turn<'_>) -> Opened {
    // SAFETY: the body is alive and the runner's; the frame is dropped before it.
    unsafe {
        let body = letter::body::<B>(turn.header());
        let context = B::context(OwnTask::of(turn.header()));
        frame::begin(turn, |vacant| vacant.fill(context, StartHook, |context| (*body).start(&mut *context)))
    }
}

/// Begins to make a body.
///
/// # Safety
///
/// The turn's task is one of `B`s, and supervised; there is no body.
pub(super) unsafe fn make<B: Body>(turn: &mut Turn<'_>) -> Opened {
    // SAFETY: the caller is the runner, and the frame is dropped before the actor ends.
    unsafe {
        let Some(maker) = charge::maker::<B>(turn.header()) else {
            unreachable!("a supervised task has a maker of its bodies");
        };
        frame::begin(turn, |vacant| {
            vacant.fill((), MakeHook, |_| async {
                match maker.make() {
                    Making::Made(made) => made,
                    Making::Later(making) => making.await,
                }
            })
        })
    }
}

/// Asks the body what becomes of its failure. User code.
///
/// # Safety
///
/// The task is one of `B`s, and the caller is its runner; no frame borrows the body.
pub(super) unsafe fn judge<B: Body>(header: NonNull<Header>, error: &ActorError) -> Directive {
    // SAFETY: the body is alive and the runner's.
    unsafe { (*letter::body::<B>(header)).judge(&mut B::context(OwnTask::of(header)), error) }
}

/// Begins `on_terminated`.
///
/// # Safety
///
/// The turn's body is a `B`.
pub(super) unsafe fn terminated<B: Body>(turn: &mut Turn<'_>, who: ActorInfo, reason: StopReason) -> Opened {
    // SAFETY: as for `start`.
    unsafe {
        let body = letter::body::<B>(turn.header());
        let context = B::context(OwnTask::of(turn.header()));
        let make = |context: *mut B::Context| (*body).terminated(&mut *context, who, reason);
        frame::begin(turn, |vacant| vacant.fill(context, QuietHook, make))
    }
}

/// Begins `health_check`.
///
/// # Safety
///
/// The turn's body is a `B`.
pub(super) unsafe fn check<B: Body>(turn: &mut Turn<'_>) -> Opened {
    // SAFETY: as for `start`.
    unsafe {
        let body = letter::body::<B>(turn.header());
        let context = B::context(OwnTask::of(turn.header()));
        frame::begin(turn, |vacant| vacant.fill(context, CheckHook, |context| (*body).check(&mut *context)))
    }
}

/// Begins `post_stop`.
///
/// # Safety
///
/// The turn's body is a `B`.
pub(super) unsafe fn stop<B: Body>(turn: &mut Turn<'_>, reason: StopReason) -> Opened {
    // SAFETY: as for `start`.
    unsafe {
        let body = letter::body::<B>(turn.header());
        let context = B::context(OwnTask::of(turn.header()));
        frame::begin(turn, |vacant| vacant.fill(context, QuietHook, |context| (*body).stop(&mut *context, reason)))
    }
}

/// Drops the body.
///
/// # Safety
///
/// The body is a `B`, alive, and not used again; no frame borrows it.
pub(super) unsafe fn drop_body<B: Body>(header: NonNull<Header>) {
    // SAFETY: the caller's promise.
    unsafe { letter::body::<B>(header).drop_in_place() };
}
