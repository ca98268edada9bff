//! Where a handler's future lives: a block of the worker, until it suspends.
//!
//! A future is built in the worker's scratch block and polled there. If it is done, the block is free for the
//! next message: no allocation, no box. If it waits, the block goes to the actor with the future in it, its
//! address unchanged, and the worker takes another one.
//!
//! The block begins with the vtable, once the frame waits, so that an actor keeps but one address. What the handler
//! knows of its actor, its context, lies there too.
//!
//! | stage | future | completion | left by |
//! |---|---|---|---|
//! | unmade | – | in the block | the call of the handler, which returns the future |
//! | live | in the block | in the block | a poll that is ready, an abort |
//! | returned | dropped | in the block | handing over the output |
//! | completed | dropped | used | – |

use std::cell::Cell;
use std::fmt;
use std::mem::{ManuallyDrop, MaybeUninit, needs_drop};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

use super::coop;
use super::edge;
use super::header::{self, Header};
use super::identity::ActorInfo;
use super::reason::{Panic, Place, ReplyErrorReason};
use super::run::Turn;
use super::waker;
use crate::mailbox::envelope::Opened;
use crate::memory::{self, Layout};
use crate::sync::unwind::{Text, guard};

/// What is done with a handler's output, or without it.
pub(crate) trait Completion<O>: Send + 'static {
    /// The name of the message's type; none for a lifecycle hook.
    fn message() -> Option<&'static str>;

    /// Takes the output.
    fn complete(self, output: O, turn: &mut Turn<'_>);

    /// There is no output, because of `actor`. Returns whether somebody was told.
    fn fail(self, why: ReplyErrorReason, actor: &dyn Fn() -> ActorInfo) -> bool;
}

/// The size of a scratch block: that of most frames.
const SCRATCH: Layout = match Layout::from_size_align(1_024, 64) {
    Ok(layout) => layout,
    Err(_) => unreachable!(),
};

/// A worker's block for the next frame. It stays here while it is used; a frame that waits takes it along, and there is
/// another one at once.
#[derive(Debug)]
pub(crate) struct Scratch(NonNull<u8>);

// SAFETY: nothing lives in the block while no turn borrows it, and turns stay on their thread.
unsafe impl Send for Scratch {}

impl Scratch {
    pub(crate) fn new() -> Self {
        Self(memory::acquire(SCRATCH))
    }

    /// A block for a frame of this layout. The next one may be asked for when that frame is done or waits: an activation
    /// inside of another one brings a scratch of its own.
    #[inline(always)]
    fn take(&mut self, layout: Layout) -> NonNull<u8> {
        if fits(layout) { self.0 } else { memory::acquire(layout) }
    }

    /// A frame that waits takes its block along.
    #[inline(always)]
    fn part_with(&mut self, block: NonNull<u8>) {
        if self.0 == block {
            self.0 = memory::acquire(SCRATCH);
        }
    }

    /// Takes a block back.
    ///
    /// # Safety
    ///
    /// It came from `take` with this layout, and nothing lives in it.
    unsafe fn give(&mut self, block: NonNull<u8>, layout: Layout) {
        if self.0 != block {
            // SAFETY: the caller's promise.
            unsafe { memory::release(block, if fits(layout) { SCRATCH } else { layout }) };
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // SAFETY: taken with this layout, and empty.
        unsafe { memory::release(self.0, SCRATCH) };
    }
}

/// Whether a scratch block is enough for a frame.
const fn fits(layout: Layout) -> bool {
    layout.size() <= SCRATCH.size() && layout.align() <= SCRATCH.align()
}

/// A frame that waits: its block, which begins with how to go on.
pub(super) struct Frame(NonNull<&'static FrameVtable>);

/// What depends on the future's type.
struct FrameVtable {
    layout: Layout,
    message: fn() -> Option<&'static str>,
    poll: unsafe fn(NonNull<u8>, &mut Turn<'_>) -> Step,
    abort: unsafe fn(NonNull<u8>, NonNull<Header>, ReplyErrorReason) -> Aborted,
}

/// How a poll ended.
enum Step {
    Done,
    Pending,
    /// A panic; whether an asker was told, and whether the handler had returned by then.
    Panicked {
        text: Text,
        told: bool,
        handled: bool,
    },
}

/// How an abort ended.
pub(super) struct Aborted {
    /// An asker was told.
    pub(super) told: bool,
    /// Dropping the future panicked.
    pub(super) panic: Option<Text>,
}

/// What lies in the block. The completion and the future are dropped one by one, as the stage says.
#[repr(C)]
struct Running<F, C, X> {
    /// Written when the frame waits.
    vtable: MaybeUninit<&'static FrameVtable>,
    /// What the future borrows beside the body. It needs no drop.
    context: MaybeUninit<X>,
    completion: ManuallyDrop<C>,
    future: ManuallyDrop<MaybeUninit<F>>,
}

/// A block that waits to be filled with a future and its completion.
pub(super) struct Vacant<F, C, X>(*mut Running<F, C, X>);

impl<F, C, X> Vacant<F, C, X> {
    /// Fills it. `make` is user code, and may borrow the context for as long as its future lives.
    #[inline(always)]
    pub(super) fn fill(self, context: X, completion: C, make: impl FnOnce(*mut X) -> F) {
        const { assert!(!needs_drop::<X>()) };
        // SAFETY: `begin` made this for a block that is the turn's and fits.
        unsafe {
            (&raw mut (*self.0).completion).write(ManuallyDrop::new(completion));
            let place = (&raw mut (*self.0).context).cast::<X>();
            place.write(context);
            (&raw mut (*self.0).future).cast::<F>().write(make(place));
        }
    }
}

/// Builds a frame in the turn's scratch block and polls it. A frame that waits is left with the turn.
///
/// # Safety
///
/// What the future borrows outlives the frame, which the turn's task drops before its body.
#[inline(always)]
pub(super) unsafe fn begin<F, C, X>(turn: &mut Turn<'_>, fill: impl FnOnce(Vacant<F, C, X>)) -> Opened
where
    F: Future,
    C: Completion<F::Output>,
{
    let layout = Layout::new::<Running<F, C, X>>();
    let block = turn.scratch().take(layout);
    // SAFETY: the block is ours and fits; `fill` puts the completion there before user code runs, and the future when
    // it is made.
    let step = unsafe { drive::<F, C, X>(block, turn, Stage::Unmade, || fill(Vacant(block.cast().as_ptr()))) };
    if matches!(step, Step::Done) && fits(layout) {
        // The scratch block, which is where it was.
        return Opened::Done;
    }
    let frame = block.cast();
    // SAFETY: the block is still ours; nothing but the future and the completion has its place there.
    unsafe { frame.write(Running::<F, C, X>::VTABLE) };
    settle(turn, Frame(frame), step)
}

/// Polls a frame that was suspended.
///
/// # Safety
///
/// The frame belongs to the turn's task.
pub(super) unsafe fn resume(turn: &mut Turn<'_>, frame: Frame) -> Opened {
    // SAFETY: the frame is live: it was left pending and has not been aborted.
    let step = unsafe { (frame.vtable().poll)(frame.0.cast(), turn) };
    settle(turn, frame, step)
}

/// Drops a suspended frame at its await point.
///
/// # Safety
///
/// The frame belongs to the turn's task.
pub(super) unsafe fn abort(turn: &mut Turn<'_>, frame: Frame, why: ReplyErrorReason) -> Aborted {
    // SAFETY: the frame is live, and not used again; its block is given back empty.
    unsafe {
        let vtable = frame.vtable();
        let aborted = (vtable.abort)(frame.0.cast(), turn.header(), why);
        turn.scratch().give(frame.0.cast(), vtable.layout);
        aborted
    }
}

impl Frame {
    fn vtable(&self) -> &'static FrameVtable {
        // SAFETY: written when the frame was made, and a frame's block is its own.
        unsafe { self.0.read() }
    }

    /// The message that it handles; none for a lifecycle hook.
    pub(super) fn message(&self) -> Option<&'static str> {
        (self.vtable().message)()
    }
}

#[inline(never)]
fn settle(turn: &mut Turn<'_>, frame: Frame, step: Step) -> Opened {
    let (block, layout) = (frame.0.cast(), frame.vtable().layout);
    match step {
        Step::Pending => {
            turn.scratch().part_with(block);
            turn.keep_frame(frame);
            return Opened::Suspended;
        }
        Step::Done => {}
        Step::Panicked { text, told, handled } => {
            let message = frame.message().filter(|_| !handled);
            // SAFETY: the step left nothing live in the block.
            unsafe { turn.scratch().give(block, layout) };
            turn.panicked(text, message, told);
            return Opened::Panicked;
        }
    }
    // SAFETY: done: nothing lives in the block.
    unsafe { turn.scratch().give(block, layout) };
    Opened::Done
}

impl<F: Future, C: Completion<F::Output>, X> Running<F, C, X> {
    const VTABLE: &'static FrameVtable = &FrameVtable {
        layout: Layout::new::<Self>(),
        message: C::message,
        poll: poll::<F, C, X>,
        abort: drop_live::<F, C, X>,
    };
}

/// What is live in a block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The completion; the future is about to be made.
    Unmade,
    /// Both.
    Live,
    /// The completion: the future has returned.
    Returned,
    /// Nothing.
    Completed,
}

/// Polls a live frame; if it is done, hands over its output.
///
/// # Safety
///
/// The block holds a live `Running<F, C, X>`; after anything but `Pending` nothing in it is live.
unsafe fn poll<F: Future, C: Completion<F::Output>, X>(block: NonNull<u8>, turn: &mut Turn<'_>) -> Step {
    // SAFETY: the caller's promise.
    unsafe { drive::<F, C, X>(block, turn, Stage::Live, || ()) }
}

/// Makes the future if need be, polls it, and hands over its output: all of it user code.
///
/// # Safety
///
/// What `stage` says is live in the block; `make` makes the future if it is [`Stage::Unmade`]. After anything but
/// `Pending` nothing in the block is live.
#[inline(always)]
unsafe fn drive<F, C, X>(block: NonNull<u8>, turn: &mut Turn<'_>, stage: Stage, make: impl FnOnce()) -> Step
where
    F: Future,
    C: Completion<F::Output>,
{
    let running = block.cast::<Running<F, C, X>>().as_ptr();
    // A cell: what it holds matters when the closure below unwinds.
    let stage = Cell::new(stage);
    coop::refill();
    edge::clear();
    // SAFETY: the turn's task is being run, so it is alive.
    let waker = unsafe { waker::borrowed(turn.header()) };
    // UNWIND: a handler may be an ordinary function that panics before it returns its future; polling, dropping and
    // completing are user code, too. The stage says what is left afterwards.
    let polled = guard(|| {
        make();
        stage.set(Stage::Live);
        // SAFETY: live, just made or by the caller's promise; the block doesn't move while the future lives, so it is
        // pinned; each part is dropped or moved out once, as the stage says.
        unsafe {
            let future = (&raw mut (*running).future).cast::<F>();
            let Poll::Ready(output) = Pin::new_unchecked(&mut *future).poll(&mut Context::from_waker(&waker)) else {
                return false;
            };
            stage.set(Stage::Returned);
            future.drop_in_place();
            let completion = ManuallyDrop::take(&mut (*running).completion);
            stage.set(Stage::Completed);
            completion.complete(output, turn);
        }
        true
    });
    match polled {
        Ok(true) => Step::Done,
        Ok(false) => Step::Pending,
        // SAFETY: the stage says what is live.
        Err(text) => unsafe { clean_up::<F, C, X>(block.cast(), turn.header(), stage.get(), text) },
    }
}

/// Drops what a panic has left in a block.
///
/// # Safety
///
/// What `stage` says is live, and isn't afterwards; the header is that of the task which is being run.
#[cold]
unsafe fn clean_up<F, C, X>(
    running: NonNull<Running<F, C, X>>,
    header: NonNull<Header>,
    stage: Stage,
    text: Text,
) -> Step
where
    F: Future,
    C: Completion<F::Output>,
{
    if stage == Stage::Completed {
        return Step::Panicked { text, told: false, handled: true };
    }
    if stage == Stage::Live {
        // UNWIND: a second panic while the future is dropped adds nothing to the first.
        // SAFETY: live, by the stage.
        let _ = guard(|| unsafe { (&raw mut (*running.as_ptr()).future).cast::<F>().drop_in_place() });
    }
    // SAFETY: the completion is live in all other stages.
    unsafe { fail::<F, C, X>(running, header, text) }
}

/// Tells the completion of a frame without a future that it failed.
///
/// # Safety
///
/// The completion is live, and isn't afterwards; the header is that of the task which is being run.
#[cold]
unsafe fn fail<F, C, X>(running: NonNull<Running<F, C, X>>, header: NonNull<Header>, text: Text) -> Step
where
    F: Future,
    C: Completion<F::Output>,
{
    // SAFETY: the caller's promise.
    let completion = unsafe { ManuallyDrop::take(&mut (*running.as_ptr()).completion) };
    let panic = Panic::new(Place::Handler, text.clone());
    // UNWIND: the asker's waker; the completion is used up either way.
    // SAFETY: the task is being run.
    let actor = || header::info(unsafe { header.as_ref() });
    let told = guard(|| completion.fail(ReplyErrorReason::Panicked(panic), &actor)).unwrap_or(false);
    Step::Panicked { text, told, handled: false }
}

/// Drops a live frame.
///
/// # Safety
///
/// The block holds a live `Running<F, C, X>`, and nothing in it is live afterwards; the header is as for `fail`.
unsafe fn drop_live<F, C, X>(block: NonNull<u8>, header: NonNull<Header>, why: ReplyErrorReason) -> Aborted
where
    F: Future,
    C: Completion<F::Output>,
{
    let running = block.cast::<Running<F, C, X>>().as_ptr();
    // SAFETY: the caller's promise; each part is dropped once.
    unsafe {
        // UNWIND: the drops of what the future holds; it counts as dropped after a panic.
        let dropped = guard(|| (&raw mut (*running).future).cast::<F>().drop_in_place());
        let completion = ManuallyDrop::take(&mut (*running).completion);
        let actor = || header::info(header.as_ref());
        let told = guard(|| completion.fail(why, &actor)).unwrap_or(false);
        Aborted { told, panic: dropped.err() }
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Frame").field(&self.message()).finish()
    }
}
