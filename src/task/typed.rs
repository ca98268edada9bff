//! References to a task of which more is known: the type of its body, or three kinds of letters that it reads.
//!
//! | reference | keeps | knows |
//! |---|---|---|
//! | [`Task`] | the actor alive | the body's type |
//! | [`WeakTask`] | the memory | the body's type |
//! | [`OwnTask`] | nothing: it is the body's | the body's type |
//! | [`Address`] | the actor alive | the ways of three kinds of letters |
//! | [`WeakAddress`] | the memory | the ways of three kinds of letters |
//! | [`Shortcut`] | a value that has an address | the way of the first kind |

use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::{self, NonNull};

use super::charge::Charge;
use super::handle::{Strong, Weak};
use super::header::Header;
use super::letter::{Body, Letter, Receive};
use super::post::{Patience, Posted, Way};
use super::runnable::{Plan, Runnable};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicPtr, Ordering};

/// A strong reference to a task whose body is a `B`.
pub(crate) struct Task<B>(Strong, PhantomData<fn() -> B>);

impl<B: Body> Task<B> {
    /// Makes a task. See [`Runnable::create`].
    pub(crate) fn create(plan: Plan, body: B) -> (Self, Runnable) {
        let (strong, runnable) = Runnable::create(plan, body);
        (Self(strong, PhantomData), runnable)
    }

    /// Makes a supervised task, which makes its body itself. See [`Runnable::create_ward`].
    pub(crate) fn create_ward(plan: Plan, charge: Charge) -> (Self, Runnable) {
        let (strong, runnable) = Runnable::create_ward::<B>(plan, charge);
        (Self(strong, PhantomData), runnable)
    }

    /// A typed reference out of an untyped one.
    ///
    /// The body's type is checked; a reference to another type comes back.
    pub(crate) fn of(strong: Strong) -> Result<Self, Strong> {
        let found = strong.header().far().vtable.type_id;
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

    /// An address for three kinds of letters, the body's type forgotten.
    pub(crate) fn address_for<J: Letter, K: Letter, L: Letter>(&self) -> Address<J, K, L>
    where
        B: Receive<J::Message, Output = J::Output>
            + Receive<K::Message, Output = K::Output>
            + Receive<L::Message, Output = L::Output>,
    {
        // This task's body is a `B`, and an address never changes its task.
        Address { task: self.0.clone(), ways: WaysTo::<B>::table() }
    }

    /// The task, its type forgotten.
    #[inline(always)]
    pub(crate) fn strong(&self) -> &Strong {
        &self.0
    }

    /// The task, its type forgotten for good.
    pub(crate) fn into_strong(self) -> Strong {
        self.0
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

/// A body's reference to its own task. It isn't counted: the task outlives its body.
///
/// # Contract
///
/// It stays in the body that it was made for. Copies that leave it are counted.
pub(crate) struct OwnTask<B>(ManuallyDrop<WeakTask<B>>);

impl<B: Body> OwnTask<B> {
    /// For a call of the body, within whose frame it stays.
    ///
    /// # Safety
    ///
    /// The header is that of a task whose body is a `B`, and whose runner is the caller.
    #[inline(always)]
    pub(super) unsafe fn of(header: NonNull<Header>) -> Self {
        // Not counted: the frame is dropped before the body, and the living actor's reference goes after that.
        Self(ManuallyDrop::new(WeakTask(Weak::from_retained(header), PhantomData)))
    }
}

impl<B> Deref for OwnTask<B> {
    type Target = WeakTask<B>;

    fn deref(&self) -> &WeakTask<B> {
        &self.0
    }
}

impl<B: Body> WeakTask<B> {
    /// A strong reference, if there is another one.
    pub(crate) fn upgrade(&self) -> Option<Task<B>> {
        Some(Task(self.0.upgrade()?, PhantomData))
    }

    /// See [`Weak::revive`].
    pub(crate) fn revive(&self) -> Task<B> {
        Task(self.0.revive(), PhantomData)
    }

    /// See [`Weak::put_aside`].
    pub(crate) fn put_aside<L: Letter>(&self, letter: L)
    where
        B: Receive<L::Message, Output = L::Output>,
    {
        // SAFETY: this task's body is a `B`.
        unsafe { self.0.put_aside(Way::to::<B>(), letter) };
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

/// The ways of three kinds of letters to one task.
struct Ways<J, K, L> {
    first: Way<J>,
    second: Way<K>,
    third: Way<L>,
}

/// The table of the ways to bodies of type `B`.
struct WaysTo<B>(PhantomData<B>);

impl<B> WaysTo<B> {
    /// Used with tasks of body `B` only.
    fn table<J: Letter, K: Letter, L: Letter>() -> &'static Ways<J, K, L>
    where
        B: Receive<J::Message, Output = J::Output>
            + Receive<K::Message, Output = K::Output>
            + Receive<L::Message, Output = L::Output>,
    {
        // SAFETY: the only user, `address_for`, has a task of this body.
        const { &unsafe { Ways { first: Way::to::<B>(), second: Way::to::<B>(), third: Way::to::<B>() } } }
    }
}

/// A strong reference to a task that reads three kinds of letters.
pub(crate) struct Address<J: 'static, K: 'static, L: 'static> {
    task: Strong,
    ways: &'static Ways<J, K, L>,
}

impl<J: Letter, K: Letter, L: Letter> Address<J, K, L> {
    /// Sends a letter of the first kind.
    #[inline(always)]
    pub(crate) fn post_first(&self, letter: J, patience: Patience) -> Posted<J> {
        // SAFETY: made for this task by `address_for`.
        unsafe { self.task.post(self.ways.first, letter, patience) }
    }

    /// Sends a letter of the second kind.
    pub(crate) fn post_second(&self, letter: K, patience: Patience) -> Posted<K> {
        // SAFETY: as above.
        unsafe { self.task.post(self.ways.second, letter, patience) }
    }

    /// Sends a letter of the third kind.
    pub(crate) fn post_third(&self, letter: L, patience: Patience) -> Posted<L> {
        // SAFETY: as above.
        unsafe { self.task.post(self.ways.third, letter, patience) }
    }

    /// The path of the body's type. Nothing of the task is read for it.
    #[inline(always)]
    pub(crate) fn reader(&self) -> fn() -> &'static str {
        self.ways.second.reader()
    }

    /// The task.
    #[inline(always)]
    pub(crate) fn strong(&self) -> &Strong {
        &self.task
    }

    /// The same, without keeping the actor alive.
    pub(crate) fn downgrade(&self) -> WeakAddress<J, K, L> {
        WeakAddress { task: self.task.downgrade(), ways: self.ways }
    }
}

/// A weak reference to a task that reads three kinds of letters.
pub(crate) struct WeakAddress<J: 'static, K: 'static, L: 'static> {
    task: Weak,
    ways: &'static Ways<J, K, L>,
}

impl<J: Letter, K: Letter, L: Letter> WeakAddress<J, K, L> {
    /// An address, if there is a strong reference. Lock-free.
    #[inline(always)]
    pub(crate) fn upgrade(&self) -> Option<Address<J, K, L>> {
        Some(Address { task: self.task.upgrade()?, ways: self.ways })
    }

    /// See [`Weak::revive`].
    pub(crate) fn revive(&self) -> Address<J, K, L> {
        Address { task: self.task.revive(), ways: self.ways }
    }

    /// The task.
    pub(crate) fn weak(&self) -> &Weak {
        &self.task
    }
}

/// A shared value that has an address, and a copy of what a sender needs of that address: it doesn't touch the value. Closed at
/// first.
pub(crate) struct Shortcut<V, J> {
    value: Arc<V>,
    /// None where the value has no address.
    way: Option<Way<J>>,
    /// The address's task; one byte further while it is closed.
    task: AtomicPtr<Header>,
}

impl<V, J: Letter> Shortcut<V, J> {
    /// A closed one. `address` says where the value has its address, if it has one.
    pub(crate) fn new<K: Letter, L: Letter>(
        value: Arc<V>,
        address: impl for<'a> FnOnce(&'a V) -> Option<&'a Address<J, K, L>>,
    ) -> Self {
        let (way, task) = match address(&value) {
            Some(address) => (Some(address.ways.first), address.task.as_ptr()),
            None => (None, ptr::null_mut()),
        };
        Self { value, way, task: AtomicPtr::new(closed(task)) }
    }

    /// The value.
    #[inline(always)]
    pub(crate) fn value(&self) -> &Arc<V> {
        &self.value
    }

    /// Opens it, if there is an address. What the caller has seen is seen by whoever finds it open.
    pub(crate) fn open(&self) {
        if self.way.is_some() {
            // ORDERING: Relaxed; only the lowest bit changes. Release pairs with the Acquire in `post`.
            let task = self.task.load(Ordering::Relaxed).map_addr(|address| address & !CLOSED);
            self.task.store(task, Ordering::Release);
        }
    }

    /// Sends a letter. It comes back if this isn't open.
    #[inline(always)]
    pub(crate) fn post(&self, letter: J, patience: Patience) -> Result<Posted<J>, J> {
        // ORDERING: Acquire pairs with the Release in `open`.
        let task = self.task.load(Ordering::Acquire);
        if task.addr() & CLOSED != 0 {
            return Err(letter);
        }
        // SAFETY: it is open, so there is an address, of which these are copies: the way is made for the task. The address is in
        // the value for as long as that is borrowed, and we could borrow it until we are dropped, since it is shared and we
        // have a share. So its reference is there, and this one needn't be counted; nor is it dropped.
        unsafe {
            let task = ManuallyDrop::new(Strong::from_counted(NonNull::new_unchecked(task)));
            Ok(task.post(self.way.unwrap_unchecked(), letter, patience))
        }
    }
}

/// The mark of a closed shortcut.
const CLOSED: usize = 1;

fn closed(task: *mut Header) -> *mut Header {
    task.map_addr(|address| address | CLOSED)
}

impl<V, J> Clone for Shortcut<V, J> {
    fn clone(&self) -> Self {
        // ORDERING: Acquire and what publishes the copy pass on what `open` has released.
        let task = AtomicPtr::new(self.task.load(Ordering::Acquire));
        Self { value: Arc::clone(&self.value), way: self.way, task }
    }
}

impl<J, K, L> Clone for Address<J, K, L> {
    fn clone(&self) -> Self {
        Self { task: self.task.clone(), ways: self.ways }
    }
}

debug_as! {
    (B) Task<B> => "Task";
    (B) WeakTask<B> => "WeakTask";
    (B) OwnTask<B> => "OwnTask";
    (B) WaysTo<B> => "WaysTo";
    (J, K, L) Ways<J, K, L> => "Ways";
    (J, K, L) Address<J, K, L> => "Address";
    (J, K, L) WeakAddress<J, K, L> => "WeakAddress";
    (V, J) Shortcut<V, J> => "Shortcut";
}
