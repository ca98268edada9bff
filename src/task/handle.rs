//! References to a task, by what they keep: the actor, its memory, or the right to run it.
//!
//! | handle | keeps | counted in | made by |
//! |---|---|---|---|
//! | [`Strong`] | the actor alive | strong (and, all together, one weak) | creation, clone, upgrade, a running handler |
//! | [`Weak`] | the memory | weak | downgrade, clone, wakers |
//! | [`Runnable`] | nothing: the living actor keeps its own weak reference | – | the step that schedules |
//!
//! The last strong reference nudges the mailbox, so that an idle actor looks whether it can still be reached.
//! A handler may make a strong reference to its own actor when there is none left; nobody else can.

use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::task::{Context, Poll};

use super::frame::Scratch;
use super::header::{self, ANYWHERE, Cell, Ending, Far, Header, NO_SEAT, Near};
use super::identity::{ActorId, ActorInfo};
use super::letter::{Body, Host, Letter, Receive, Route};
use super::reason::StopReason;
use super::run::{self, Phase, Turn};
use super::state::{State, Woken};
use crate::mailbox::envelope::{Packed, Vtable};
use crate::mailbox::ring::{Duty, Refusal, Ring};
use crate::mailbox::waiters::{self, Joined, Refused, Terms, Ticket};
use crate::memory::{self, Layout};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use crate::sync::cell::UnsafeCell;

/// What a task is made with.
pub(crate) struct Plan {
    pub(crate) id: ActorId,
    pub(crate) capacity: u32,
    /// The worker that alone may run it.
    pub(crate) placed: Option<u16>,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) host: Arc<dyn Host>,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The right, and the duty, to run a task once. There is at most one for each task.
#[must_use = "a task that isn't run keeps its mailbox for ever"]
pub(crate) struct Runnable(NonNull<Header>);

// SAFETY: the right to run may pass to any thread: bodies, messages and futures are `Send`.
unsafe impl Send for Runnable {}

/// A reference that keeps the actor alive.
pub(crate) struct Strong(NonNull<Header>);

// SAFETY: it gives access to atomics, locks and `Send` messages on their way in, never to the body.
unsafe impl Send for Strong {}
// SAFETY: as above.
unsafe impl Sync for Strong {}

/// A reference that keeps the memory only.
pub(crate) struct Weak(NonNull<Header>);

// SAFETY: as for `Strong`.
unsafe impl Send for Weak {}
// SAFETY: as for `Strong`.
unsafe impl Sync for Weak {}

impl Runnable {
    /// Makes a task, scheduled for its first run. `body` gets a weak reference to it.
    pub(crate) fn create<B: Body>(plan: Plan, body: impl FnOnce(Weak) -> B) -> (Strong, Self) {
        let cell: NonNull<Cell<B>> = memory::acquire(Layout::new::<Cell<B>>()).cast();
        let header: NonNull<Header> = cell.cast();
        let near = Near {
            state: State::new(),
            strong: AtomicU32::new(1),
            // One for the strong references together, one for the living actor, one for the body's own.
            weak: AtomicU32::new(3),
            placed: plan.placed.unwrap_or(ANYWHERE),
            spare: UnsafeCell::new(false),
            link: AtomicPtr::new(std::ptr::null_mut()),
            vtable: Vtables::<B>::TASK,
            host: plan.host,
        };
        let far = Far {
            frame: UnsafeCell::new(None),
            side: AtomicPtr::new(std::ptr::null_mut()),
            id: plan.id,
            seat: AtomicU32::new(NO_SEAT),
            phase: UnsafeCell::new(Phase::New),
            verdict: UnsafeCell::new(0),
        };
        // SAFETY: the block is ours and fits; header first, so that the weak reference is good when `body` runs.
        unsafe {
            (&raw mut (*cell.as_ptr()).header).write(Ring::new(plan.capacity, near, far));
            (&raw mut (*cell.as_ptr()).body).write(UnsafeCell::new(ManuallyDrop::new(body(Weak(header)))));
            if let Some(name) = plan.name {
                header::side(header.as_ref()).ending.lock().name = Some(name);
            }
        }
        (Strong(header), Self(header))
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

    /// Notes its place in the registry. Called before it is scheduled for the first time.
    pub(crate) fn take_seat(&self, seat: u32) {
        // SAFETY: a runnable task is alive. ORDERING: Relaxed; the run queue releases it.
        unsafe { self.0.as_ref() }.far().seat.store(seat, Ordering::Relaxed);
    }

    /// Forgets its name, which is another's. Called before it is scheduled for the first time.
    pub(crate) fn forget_name(&self) {
        // SAFETY: a runnable task is alive.
        header::side(unsafe { self.0.as_ref() }).ending.lock().name = None;
    }

    /// Ends a task that was never scheduled.
    pub(crate) fn refuse(self, clock: &crate::sync::time::Clock) {
        // SAFETY: a runnable task is alive. The right to run is ours, so nothing is scheduled.
        let _ = unsafe { self.0.as_ref() }.near().state.kill();
        let mut scratch = Scratch::new();
        let after = self.run(&mut run::Bench { scratch: &mut scratch, clock, looked: &mut clock.now(), fed: false });
        debug_assert!(matches!(after, run::After::Rested));
    }

    /// The worker that alone may run it.
    #[inline(always)]
    pub(crate) fn placed(&self) -> Option<usize> {
        // SAFETY: a runnable task is alive.
        let placed = unsafe { self.0.as_ref() }.near().placed;
        (placed != ANYWHERE).then_some(usize::from(placed))
    }

    /// The link that a shared run queue uses while it holds the task.
    #[inline(always)]
    pub(crate) fn link(header: NonNull<Header>) -> *const AtomicPtr<Header> {
        // SAFETY: a task in a run queue is runnable, so it is alive.
        &raw const unsafe { header.as_ref() }.near().link
    }

    /// Runs the task until it rests, waits or has used up its share.
    #[inline(always)]
    pub(crate) fn run(self, worker: &mut run::Bench<'_>) -> run::After {
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
        start: run::start::<B>,
        started: run::started::<B>,
        stop: run::stop::<B>,
        drop_body: run::drop_body::<B>,
        free: header::free_cell::<B>,
    };
}

/// Whether a sender that finds no room waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// It waits.
    Wait,
    /// It doesn't.
    Try,
}

/// What became of a letter.
#[must_use = "the letter may be in it"]
pub(crate) enum Posted<L: Send + 'static> {
    /// It has its place.
    Accepted,
    /// It waits for one.
    Waiting(Waiting<L>),
    /// It is not accepted.
    Refused(L, Refused),
}

/// The vtable of letters of type `L`, and the promise that the task it is used with can read them.
#[derive(Debug)]
pub(crate) struct Way<L>(&'static Vtable, PhantomData<fn(L)>);

impl<L> Clone for Way<L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L> Copy for Way<L> {}

impl<L: Letter> Way<L> {
    /// The way to bodies of type `B`.
    ///
    /// # Safety
    ///
    /// It is used with tasks of body `B` only.
    #[inline(always)]
    pub(super) unsafe fn to<B: Receive<L::Message, Output = L::Output>>() -> Self {
        Self(Route::<B, L>::VTABLE, PhantomData)
    }
}

impl Strong {
    #[inline(always)]
    fn header(&self) -> &Header {
        // SAFETY: a strong reference keeps the memory.
        unsafe { self.0.as_ref() }
    }

    /// Sends a letter. Lock-free if there is room.
    ///
    /// # Safety
    ///
    /// `way` is for this task's body.
    #[inline(always)]
    pub(super) unsafe fn post<L: Letter>(&self, way: Way<L>, letter: L, patience: Patience) -> Posted<L> {
        // SAFETY: `way` is for letters of type `L` and this task's body.
        match unsafe { self.header().post(Packed::new(letter), way.0) } {
            Ok(Duty::Nothing) => Posted::Accepted,
            Ok(Duty::Schedule) => {
                self.schedule();
                Posted::Accepted
            }
            Err((letter, Refusal::Closed)) => Posted::Refused(letter.unpack(), Refused::Closed),
            // SAFETY: as above.
            Err((letter, Refusal::Full)) => unsafe { self.join(way, letter, patience) },
        }
    }

    #[cold]
    unsafe fn join<L: Letter>(&self, way: Way<L>, letter: Packed<L>, patience: Patience) -> Posted<L> {
        let header = self.header();
        let terms = Terms { may_wait: patience == Patience::Wait, may_pass: header.near().host.is_inside() };
        // SAFETY: the line is this ring's; `way` is as in `post`.
        match unsafe { waiters::join(header, &header::side(header).line, letter, way.0, terms) } {
            Joined::Placed(duty) => {
                self.perform(duty);
                Posted::Accepted
            }
            Joined::Waiting(ticket) => {
                Posted::Waiting(Waiting { task: self.downgrade(), ticket: Some(ticket), letter: PhantomData })
            }
            Joined::Refused(letter, refused) => Posted::Refused(letter.unpack(), refused),
        }
    }

    #[inline(always)]
    fn perform(&self, duty: Duty) {
        if duty == Duty::Schedule {
            self.schedule();
        }
    }

    #[inline(always)]
    fn schedule(&self) {
        // SAFETY: the step that returned `Schedule` handed the right to us.
        self.header().near().host.schedule(unsafe { Runnable::from_header(self.0) });
    }

    /// Refuses new messages; the accepted ones are still handled. Waiting senders get theirs back.
    pub(crate) fn stop(&self) {
        let header = self.header();
        let duty = header.close();
        self.perform(duty);
        if let Some(side) = header::known_side(header) {
            // UNWIND: the wakers of those who get their messages back; a panic is theirs alone.
            let _ = waiters::serve(header, &side.line);
        }
    }

    /// As [`stop`](Self::stop), because the system shuts down.
    pub(crate) fn stop_for_shutdown(&self) {
        self.header().near().state.mark_shutdown();
        self.stop();
    }

    /// Drops a suspended handler and leaves the messages that wait.
    pub(crate) fn kill(&self) {
        if self.header().near().state.kill() == Woken::Schedule {
            self.schedule();
        }
        self.stop();
    }

    /// From now on only those inside the system may send.
    pub(crate) fn hold_gate(&self) {
        let header = self.header();
        waiters::hold(header, &header::side(header).line);
    }

    /// Whether nothing runs, waits or is about to run.
    pub(crate) fn is_idle(&self) -> bool {
        self.header().is_idle()
    }

    /// Whether it still takes messages.
    pub(crate) fn is_alive(&self) -> bool {
        !self.header().is_closed()
    }

    /// Messages that are accepted and not yet taken out.
    pub(crate) fn len(&self) -> usize {
        self.header().len() as usize
    }

    pub(crate) fn id(&self) -> ActorId {
        self.header().far().id
    }

    pub(crate) fn info(&self) -> ActorInfo {
        header::info(self.header())
    }

    /// Why it ended, once it has.
    pub(crate) fn reason(&self) -> Option<StopReason> {
        reason(self.header())
    }

    pub(crate) fn downgrade(&self) -> Weak {
        header::retain(self.header());
        Weak(self.0)
    }

    /// The address, for comparisons.
    pub(crate) fn address(&self) -> usize {
        self.0.addr().get()
    }
}

impl Clone for Strong {
    #[inline(always)]
    fn clone(&self) -> Self {
        // ORDERING: Relaxed; the count is above zero and stays so while we hold one.
        header::limit(self.header().near().strong.fetch_add(1, Ordering::Relaxed));
        Self(self.0)
    }
}

impl Drop for Strong {
    #[inline(always)]
    fn drop(&mut self) {
        // ORDERING: Release pairs with the Acquire of `is_reachable`: a runner that finds nobody left sees what each
        // of us has sent.
        if self.header().near().strong.fetch_sub(1, Ordering::Release) == 1 {
            self.last();
        }
    }
}

impl Strong {
    #[cold]
    fn last(&mut self) {
        // ORDERING: Acquire pairs with the Release of all earlier drops: what was done through those references comes
        // before the freeing of the cell, which the weak reference below may lead to.
        let _ = self.header().near().strong.load(Ordering::Acquire);
        // The weak reference that the strong ones hold together keeps the header up to the end of this.
        let duty = self.header().nudge();
        self.perform(duty);
        // SAFETY: the strong references' weak one; there are no strong ones left.
        unsafe { header::release(self.0) };
    }
}

impl Weak {
    /// Takes over a memory reference that has been counted.
    pub(super) fn from_retained(header: NonNull<Header>) -> Self {
        Self(header)
    }

    #[inline(always)]
    fn header(&self) -> &Header {
        // SAFETY: a weak reference keeps the memory.
        unsafe { self.0.as_ref() }
    }

    /// A strong reference, if there is another one. Lock-free.
    pub(crate) fn upgrade(&self) -> Option<Strong> {
        let strong = &self.header().near().strong;
        // ORDERING: Relaxed; the CAS confirms it.
        let mut count = strong.load(Ordering::Relaxed);
        while count != 0 {
            header::limit(count);
            // ORDERING: Relaxed; as for a clone: there is a strong reference, and ours is one more.
            match strong.compare_exchange(count, count + 1, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Some(Strong(self.0)),
                Err(now) => count = now,
            }
        }
        None
    }

    /// A strong reference for a moment, to stop or to sweep: counted whether or not there are others.
    ///
    /// # Contract
    ///
    /// The task is registered: it hasn't ended, so its memory reference is there, and one that turns out to be the
    /// last strong one nudges as any other.
    pub(crate) fn grasp(&self) -> Strong {
        self.revive()
    }

    /// A strong reference, even if there is none left.
    ///
    /// # Contract
    ///
    /// The caller is the task's own runner: only then is nobody deciding that the actor is unreachable.
    pub(crate) fn revive(&self) -> Strong {
        // ORDERING: Relaxed; the runner decides about the count itself, later on this thread.
        let before = self.header().near().strong.fetch_add(1, Ordering::Relaxed);
        header::limit(before);
        if before == 0 {
            // The strong references together own a weak one; the last of the former ones gave theirs back.
            header::retain(self.header());
        }
        Strong(self.0)
    }

    /// The system's side of the task.
    pub(crate) fn host(&self) -> &Arc<dyn Host> {
        &self.header().near().host
    }

    /// Asks the runner to drop a `post_stop` that has had its time.
    pub(crate) fn expire(&self) {
        if self.header().near().state.expire() == Woken::Schedule {
            // SAFETY: the transition handed the right to us.
            self.header().near().host.schedule(unsafe { Runnable::from_header(self.0) });
        }
    }

    /// Closes the mailbox: the runner, or whoever holds a context, asks for an orderly stop.
    pub(crate) fn stop(&self) {
        let header = self.header();
        if header.close() == Duty::Schedule {
            // SAFETY: the close handed the right to us.
            header.near().host.schedule(unsafe { Runnable::from_header(self.0) });
        }
        if let Some(side) = header::known_side(header) {
            // UNWIND: the wakers of those who get their messages back; a panic is theirs alone.
            let _ = waiters::serve(header, &side.line);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.header().len() as usize
    }

    pub(crate) fn id(&self) -> ActorId {
        self.header().far().id
    }

    pub(crate) fn info(&self) -> ActorInfo {
        header::info(self.header())
    }

    /// Why it ended, once it has.
    pub(crate) fn reason(&self) -> Option<StopReason> {
        reason(self.header())
    }

    /// Waits for the end. A waker is listed once for each call that is pending.
    pub(crate) fn poll_ended(&self, context: &mut Context<'_>) -> Poll<StopReason> {
        let header = self.header();
        if let Some(reason) = reason(header) {
            return Poll::Ready(reason);
        }
        let waker = context.waker().clone();
        let mut ending = header::side(header).ending.lock();
        let replaced = ending.list(waker);
        drop(ending);
        drop(replaced);
        // RECHECK: the end may have come before the waker was listed.
        if header.near().state.watch().ended().is_some() {
            return Poll::Ready(reason(header).unwrap_or(StopReason::Stopped));
        }
        Poll::Pending
    }
}

impl Ending {
    /// Lists a waker; one that is listed already isn't listed twice.
    fn list(&mut self, waker: std::task::Waker) -> Option<std::task::Waker> {
        if self.watchers.iter().any(|listed| listed.will_wake(&waker)) {
            return Some(waker);
        }
        self.watchers.push(waker);
        None
    }
}

impl Clone for Weak {
    fn clone(&self) -> Self {
        header::retain(self.header());
        Self(self.0)
    }
}

impl Drop for Weak {
    fn drop(&mut self) {
        // SAFETY: our own reference.
        unsafe { header::release(self.0) };
    }
}

/// Why the task ended, once it has.
fn reason(header: &Header) -> Option<StopReason> {
    let verdict = header.near().state.verdict()?;
    Some(run::reason_of(header, verdict))
}

/// A letter that waits for room, in the line of its mailbox.
pub(crate) struct Waiting<L: Send + 'static> {
    task: Weak,
    ticket: Option<Ticket>,
    letter: PhantomData<L>,
}

// SAFETY: the letter is in the node, reached through the line's lock, and is `Send`.
unsafe impl<L: Send + 'static> Sync for Waiting<L> {}

impl<L: Send + 'static> Waiting<L> {
    /// Waits for the place. A letter that comes back wasn't accepted: its actor stopped.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), L>> {
        let Some(ticket) = &mut self.ticket else {
            return Poll::Ready(Ok(()));
        };
        let header = self.task.header();
        let Some(side) = header::known_side(header) else {
            unreachable!("a waiting letter has a line");
        };
        if ticket.poll(&side.line, context.waker()).is_pending() {
            return Poll::Pending;
        }
        Poll::Ready(self.leave().map_or(Ok(()), Err))
    }

    /// The task that it waits for.
    pub(crate) fn task(&self) -> &Weak {
        &self.task
    }

    fn leave(&mut self) -> Option<L> {
        let ticket = self.ticket.take()?;
        let header = self.task.header();
        let side = header::known_side(header)?;
        // SAFETY: the line and the letter's type are those of the join.
        unsafe { ticket.leave::<L, _, _>(header, &side.line) }
    }
}

impl<L: Send + 'static> Drop for Waiting<L> {
    /// Withdraws the letter, unless it has been placed.
    fn drop(&mut self) {
        drop(self.leave());
    }
}

/// A strong reference to a task whose body is a `B`.
pub(crate) struct Task<B>(Strong, PhantomData<fn() -> B>);

impl<B: Body> Task<B> {
    /// Makes a task. See [`Runnable::create`].
    pub(crate) fn create(plan: Plan, body: impl FnOnce(Weak) -> B) -> (Self, Runnable) {
        let (strong, runnable) = Runnable::create(plan, body);
        (Self(strong, PhantomData), runnable)
    }

    /// A typed reference out of an untyped one.
    ///
    /// The body's type is checked; a reference to another type comes back.
    pub(crate) fn of(strong: Strong) -> Result<Self, Strong> {
        let found = strong.header().near().vtable.type_id;
        if found() == std::any::TypeId::of::<B>() { Ok(Self(strong, PhantomData)) } else { Err(strong) }
    }

    /// Sends a letter.
    #[inline(always)]
    pub(crate) fn post<L: Letter>(&self, letter: L, patience: Patience) -> Posted<L>
    where
        B: Receive<L::Message, Output = L::Output>,
    {
        // SAFETY: this task's body is a `B`.
        unsafe { self.0.post(Way::to::<B>(), letter, patience) }
    }

    /// An address for two kinds of letters, the body's type forgotten.
    pub(crate) fn address_for<K: Letter, L: Letter>(&self) -> Address<K, L>
    where
        B: Receive<K::Message, Output = K::Output> + Receive<L::Message, Output = L::Output>,
    {
        // SAFETY: this task's body is a `B`, and an address never changes its task.
        unsafe { Address { task: self.0.clone(), first: Way::to::<B>(), second: Way::to::<B>() } }
    }

    /// The task, its type forgotten.
    pub(crate) fn strong(&self) -> &Strong {
        &self.0
    }

    /// A weak reference of the same type.
    pub(crate) fn downgrade(&self) -> WeakTask<B> {
        WeakTask(self.0.downgrade(), PhantomData)
    }
}

impl<B> Clone for Task<B> {
    #[inline(always)]
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

/// A weak reference to a task whose body is a `B`.
pub(crate) struct WeakTask<B>(Weak, PhantomData<fn() -> B>);

impl<B: Body> WeakTask<B> {
    /// The typed reference to the task that `weak` refers to.
    ///
    /// # Contract
    ///
    /// `weak` is what [`Task::create`] gave to the maker of a `B`; checked.
    pub(crate) fn of(weak: Weak) -> Self {
        debug_assert!((weak.header().near().vtable.type_id)() == std::any::TypeId::of::<B>());
        Self(weak, PhantomData)
    }

    /// A strong reference, if there is another one.
    pub(crate) fn upgrade(&self) -> Option<Task<B>> {
        Some(Task(self.0.upgrade()?, PhantomData))
    }

    /// See [`Weak::revive`].
    pub(crate) fn revive(&self) -> Task<B> {
        Task(self.0.revive(), PhantomData)
    }

    /// The task, its type forgotten.
    pub(crate) fn weak(&self) -> &Weak {
        &self.0
    }
}

impl<B> Clone for WeakTask<B> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

/// A strong reference to a task that reads two kinds of letters.
pub(crate) struct Address<K, L> {
    task: Strong,
    first: Way<K>,
    second: Way<L>,
}

impl<K: Letter, L: Letter> Address<K, L> {
    /// Sends a letter of the first kind.
    pub(crate) fn post_first(&self, letter: K, patience: Patience) -> Posted<K> {
        // SAFETY: made for this task by `address_for`.
        unsafe { self.task.post(self.first, letter, patience) }
    }

    /// Sends a letter of the second kind.
    pub(crate) fn post_second(&self, letter: L, patience: Patience) -> Posted<L> {
        // SAFETY: as above.
        unsafe { self.task.post(self.second, letter, patience) }
    }

    /// The task.
    pub(crate) fn strong(&self) -> &Strong {
        &self.task
    }
}

impl<K, L> Clone for Address<K, L> {
    fn clone(&self) -> Self {
        Self { task: self.task.clone(), first: self.first, second: self.second }
    }
}

/// What a turn needs to know of its own task.
impl Turn<'_> {
    /// Whether a strong reference is left.
    pub(super) fn is_reachable(header: &Header) -> bool {
        // ORDERING: Acquire pairs with the Release of the last reference's drop.
        header.near().strong.load(Ordering::Acquire) != 0
    }
}

macro_rules! debug_as {
    ($(($($generics:tt)*) $ty:ty => $name:literal;)*) => {
        $(impl<$($generics)*> fmt::Debug for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($name)
            }
        })*
    };
}

debug_as! {
    () Runnable => "Runnable";
    () Strong => "Strong";
    () Weak => "Weak";
    (L: Send + 'static) Waiting<L> => "Waiting";
    (L: Send + 'static) Posted<L> => "Posted";
    (B) Task<B> => "Task";
    (B) WeakTask<B> => "WeakTask";
    (K, L) Address<K, L> => "Address";
}
