//! The right to run a task, and the making of a task, which begins with that right.
//!
//! It is made by the step that schedules, and keeps nothing: the living actor keeps its own weak reference.

use std::fmt;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::time::Duration;

use super::charge::Charge;
use super::checkup::Checkup;
use super::current;
use super::frame::Scratch;
use super::handle::Strong;
use super::header::{self, ANYWHERE, Care, Cell, Far, Header, Limit, Near, Terms, Ward};
use super::hooks;
#[cfg(any(corecast_loom, feature = "sim"))]
use super::identity::{ActorId, ActorInfo};
use super::letter::{self, Body};
use super::lodging::Lodging;
use super::refs::Refs;
use super::run::{self, Bench, Common, Phase};
use super::startup::Startup;
use super::state::State;
use crate::mailbox::ring::Ring;
use crate::memory::{self, Layout};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicPtr, AtomicU64};
use crate::sync::cell::UnsafeCell;
use crate::sync::shown::Shown;

/// What a task is made with.
pub(crate) struct Plan {
    pub(crate) capacity: u32,
    /// The worker that alone may run it.
    pub(crate) placed: Option<u16>,
    /// It lives on when nothing can reach it.
    pub(crate) keep_alive: bool,
    /// Whose limit a `send` to it has that doesn't say so itself.
    pub(crate) limit: SendLimit,
    pub(crate) host: Lodging,
    pub(crate) startup: Startup,
    /// What few tasks have.
    pub(crate) fittings: Option<Box<Fittings>>,
}

/// What is put on the side of a task when it is made.
#[derive(Debug, Default)]
pub(crate) struct Fittings {
    pub(crate) name: Option<Arc<str>>,
    /// How long a `send` to it waits that doesn't say so itself, if that is its own.
    pub(crate) limit: Option<Duration>,
    /// What it is checked by.
    pub(crate) checkup: Option<Box<Checkup>>,
}

/// Where the limit of a `send` comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SendLimit {
    /// There is none.
    None,
    /// From the actor's host.
    System,
    /// It is the actor's own.
    Own,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

/// The right, and the duty, to run a task once. There is at most one for each task.
#[must_use = "a task that isn't run keeps its mailbox for ever"]
pub(crate) struct Runnable(NonNull<Header>);

// SAFETY: the right to run may pass to any thread: bodies, messages and futures are `Send`.
unsafe impl Send for Runnable {}

impl Runnable {
    /// Makes a task, scheduled for its first run.
    #[inline]
    pub(super) fn create<B: Body>(plan: Plan, body: B) -> (Strong, Self) {
        let care = if plan.keep_alive { Care::BY_ITSELF } else { Care::BY_OTHERS };
        let cell = memory::acquire(Layout::new::<Cell<B>>()).cast();
        // SAFETY: the block is ours and fits.
        let (strong, runnable) = unsafe { Self::prepare::<B>(cell, plan, care) };
        // SAFETY: the cell is ours, and has room for a `B`.
        unsafe { letter::body::<B>(runnable.0).write(body) };
        (strong, runnable)
    }

    /// The same for a supervised task, which makes its body itself.
    pub(super) fn create_ward<B: Body>(plan: Plan, charge: Charge) -> (Strong, Self) {
        let cell = Ward::<B>::cell(memory::acquire(Ward::<B>::LAYOUT));
        // SAFETY: the block is ours and fits, also in front of the cell.
        unsafe {
            header::charge(cell.cast()).write(charge);
            Self::prepare::<B>(cell, plan, Care::OF_WARD)
        }
    }

    /// Makes a task that lacks a body.
    ///
    /// # Safety
    ///
    /// The cell is memory of the caller's, within a [`Ward`] if the actor is to be one.
    #[inline(always)]
    unsafe fn prepare<B: Body>(cell: NonNull<Cell<B>>, plan: Plan, care: Care) -> (Strong, Self) {
        let header: NonNull<Header> = cell.cast();
        let terms = Terms {
            placed: plan.placed.unwrap_or(ANYWHERE),
            limit: match plan.limit {
                SendLimit::None => Limit::Unlimited,
                SendLimit::System => Limit::System,
                SendLimit::Own => Limit::Actor,
            },
            care: match &plan.fittings {
                Some(fittings) if fittings.checkup.is_some() => care.with_checks(),
                _ => care,
            },
        };
        let (is_ward, keeps_itself) = (terms.is_ward(), terms.keeps_itself());
        let near = Near {
            refs: Refs::new(),
            link: AtomicPtr::new(std::ptr::null_mut()),
            id: AtomicU64::new(0),
            host: plan.host,
            startup: UnsafeCell::new(plan.startup),
        };
        let far = Far {
            frame: UnsafeCell::new(None),
            side: AtomicPtr::new(std::ptr::null_mut()),
            vtable: if is_ward { Vtables::<B>::WARD } else { Vtables::<B>::TASK },
            state: State::new(),
            waits: UnsafeCell::new(false),
            phase: Shown::new(Phase::New),
            verdict: UnsafeCell::new(0),
            spare: UnsafeCell::new(0),
        };
        // SAFETY: the caller's promise.
        unsafe {
            (&raw mut (*cell.as_ptr()).header).write(Ring::new(plan.capacity, terms, near, far));
            (&raw mut (*cell.as_ptr()).body).write(UnsafeCell::new(MaybeUninit::uninit()));
            if let Some(fittings) = plan.fittings {
                Self::fit_out(header.as_ref(), *fittings);
            }
            if keeps_itself {
                header.as_ref().near().refs.grow();
            }
        }
        // SAFETY: the one that the count starts with.
        (unsafe { Strong::from_counted(header) }, Self(header))
    }

    /// Called while nobody else has a reference.
    #[cold]
    fn fit_out(header: &Header, Fittings { name, limit, checkup }: Fittings) {
        let side = header::side(header);
        side.ending.lock().name = name;
        if let Some(limit) = limit {
            header::set_limit(header, limit);
        }
        *side.checkup.lock() = checkup;
    }

    /// The right to run the task behind `header`.
    ///
    /// # Safety
    ///
    /// A step that schedules has just handed this right to the caller.
    #[inline(always)]
    pub(super) unsafe fn from_header(header: NonNull<Header>) -> Self {
        Self(header)
    }

    /// The task; it is alive.
    #[inline(always)]
    pub(super) fn header(&self) -> &Header {
        // SAFETY: a runnable task is alive.
        unsafe { self.0.as_ref() }
    }

    /// The header; the caller has the right now.
    #[inline(always)]
    pub(crate) fn into_header(self) -> NonNull<Header> {
        self.0
    }

    /// The right back.
    ///
    /// # Safety
    ///
    /// `header` came from [`into_header`](Self::into_header), once.
    #[inline(always)]
    pub(crate) unsafe fn from_raw(header: NonNull<Header>) -> Self {
        Self(header)
    }

    /// Forgets its name, which is another's. Called before it is scheduled for the first time.
    pub(crate) fn forget_name(&self) {
        // SAFETY: a runnable task is alive.
        header::side(unsafe { self.0.as_ref() }).ending.lock().name = None;
    }

    /// Ends a task that was never scheduled.
    pub(crate) fn refuse(self, common: &Common) {
        // SAFETY: a runnable task is alive. The right to run is ours, so nothing is scheduled.
        let state = &unsafe { self.0.as_ref() }.far().state;
        let _ = state.dismiss();
        let _ = state.kill();
        let _aside = current::set_aside();
        let after = self.run(&mut Bench::new(Scratch::new(), common, common.clock.now(), None));
        debug_assert!(matches!(after, run::After::Rested));
    }

    /// The worker that alone may run it.
    #[inline(always)]
    pub(crate) fn placed(&self) -> Option<usize> {
        // SAFETY: a runnable task is alive.
        let placed = unsafe { self.0.as_ref() }.terms().placed;
        (placed != ANYWHERE).then_some(usize::from(placed))
    }

    /// Its number.
    #[cfg(any(corecast_loom, feature = "sim"))]
    pub(crate) fn id(&self) -> ActorId {
        header::id(self.header())
    }

    /// Who it is.
    #[cfg(any(corecast_loom, feature = "sim"))]
    pub(crate) fn info(&self) -> ActorInfo {
        header::info(self.header())
    }

    /// The name of its body's type.
    #[cfg(any(corecast_loom, feature = "sim"))]
    pub(crate) fn type_name(&self) -> &'static str {
        (self.header().far().vtable.type_name)()
    }

    /// Whether its handler has been suspended.
    #[cfg(any(corecast_loom, feature = "sim"))]
    pub(crate) fn has_frame(&self) -> bool {
        // SAFETY: the frame is the runner's, and the right to run is ours.
        self.header().far().frame.with(|frame| unsafe { (*frame).is_some() })
    }

    /// Whether it has never been run.
    #[cfg(any(corecast_loom, feature = "sim"))]
    pub(crate) fn is_new(&self) -> bool {
        // SAFETY: the phase is the runner's, and the right to run is ours.
        unsafe { self.header().far().phase.get() == Phase::New }
    }

    /// Where its host is, for comparisons.
    pub(super) fn host_address(&self) -> usize {
        // SAFETY: a runnable task is alive.
        header::host_address(unsafe { self.0.as_ref() })
    }

    pub(super) fn host(&self) -> &Lodging {
        // SAFETY: a runnable task is alive.
        &unsafe { self.0.as_ref() }.near().host
    }

    /// What begins and ends in it is noted from now on.
    pub(crate) fn trace(&self) {
        let state = &self.header().far().state;
        if !state.peek().is_traced() {
            state.trace();
        }
    }

    /// The link that a shared run queue uses while it holds the task.
    #[inline(always)]
    pub(crate) fn link(header: NonNull<Header>) -> *const AtomicPtr<Header> {
        // SAFETY: a task in a run queue is runnable, so it is alive.
        &raw const unsafe { header.as_ref() }.near().link
    }

    /// Runs the task until it rests, waits or has used up its share.
    #[inline(always)]
    pub(crate) fn run(self, worker: &mut Bench<'_>) -> run::After {
        // SAFETY: the right to run is ours and used up by this.
        unsafe { run::activation(self.0, worker) }
    }
}

/// The table for bodies of type `B`.
struct Vtables<B>(PhantomData<B>);

impl<B: Body> Vtables<B> {
    const TASK: &'static header::Vtable = &header::Vtable {
        type_name: B::type_name,
        type_id: std::any::TypeId::of::<B>,
        start: hooks::start::<B>,
        make: hooks::make::<B>,
        judge: hooks::judge::<B>,
        terminated: hooks::terminated::<B>,
        check: hooks::check::<B>,
        stop: hooks::stop::<B>,
        drop_body: hooks::drop_body::<B>,
        free: header::free_cell::<B>,
    };

    /// The same for those who are supervised.
    const WARD: &'static header::Vtable = &header::Vtable { free: header::free_ward::<B>, ..*Self::TASK };
}

debug_as! {
    () Runnable => "Runnable";
}
