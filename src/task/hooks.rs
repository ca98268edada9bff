//! The lifecycle hooks of a body, and what becomes of what they return.

use std::ptr::NonNull;

use super::frame::{self, Completion};
use super::header::Header;
use super::identity::ActorInfo;
use super::letter::{self, Body};
use super::reason::{ActorError, ReplyErrorReason, StopReason};
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
