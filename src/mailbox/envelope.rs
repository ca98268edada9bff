//! A message by value, its type erased: places, and what goes into them.
//!
//! A place has a pointer to the message's [`Vtable`], and 24 bytes: half a cache line. A message of up to 24 bytes, aligned to
//! no more than 8, lies in them; another one lies in a recycled block of its size, and the place holds its address. So many
//! bytes hold what most messages are: some numbers, a string, a short request with its way back. With more of them each small
//! message would be as much traffic between core and memory as the largest.
//!
//! The vtable pointer doubles as the [sign](Sign) that the place is published:
//!
//! | vtable | the bytes belong to |
//! |---|---|
//! | null | whoever claimed the place, until it publishes |
//! | set | the reader, until it takes the message out |
//!
//! Access rules, cited by SAFETY notes:
//! 1. Between its claim and its publication, only the claimer touches a place's bytes.
//! 2. Between publication and taking out, only the reader touches them.
//! 3. `Vtable`'s functions are instantiated for the type that was packed with it.

use std::fmt;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit, align_of, size_of};
use std::ptr::{self, NonNull};

use crate::memory::{self, Layout};
use crate::sync::atomic::{AtomicPtr, Ordering};
use crate::sync::cell::UnsafeCell;
use crate::sync::halt::{self, Spot};

/// The bytes of a place, or of a waiting sender.
pub(crate) type Payload = [u64; 3];

/// What the reader's user made of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a suspended or failed message has to be dealt with"]
pub(crate) enum Opened {
    /// It was handled to the end.
    Done,
    /// Its handler waits for something; its frame is with the actor.
    Suspended,
    /// User code panicked; the text is with whoever opened it.
    Panicked,
}

/// How to deal with a message whose type is forgotten.
#[derive(Debug)]
pub(crate) struct Vtable {
    /// The name of the message's type.
    pub(crate) message: fn() -> &'static str,
    /// The name of whoever handles it.
    pub(crate) reader: fn() -> &'static str,
    /// Takes the message out of the payload and begins to handle it. The second argument is the user's own.
    pub(crate) open: unsafe fn(*mut Payload, NonNull<()>) -> Opened,
    /// Takes the message out of the payload and disposes of it unhandled. The second argument is the user's own.
    pub(crate) discard: unsafe fn(*mut Payload, NonNull<()>),
}

/// Whether a place is published: its message's vtable, or null.
pub(super) struct Sign(AtomicPtr<Vtable>);

impl Sign {
    pub(super) fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Says that the payload is written.
    #[inline(always)]
    fn publish(&self, vtable: &'static Vtable) {
        // ORDERING: Release pairs with the reader's Acquire in `read`: the payload is visible there.
        self.0.store(ptr::from_ref(vtable).cast_mut(), Ordering::Release);
    }

    /// How to deal with the message, if it is published.
    #[inline(always)]
    pub(super) fn read(&self) -> Option<&'static Vtable> {
        // ORDERING: Acquire pairs with `publish`'s Release.
        let vtable = NonNull::new(self.0.load(Ordering::Acquire))?;
        // SAFETY: `publish` stored a `&'static Vtable`.
        Some(unsafe { vtable.as_ref() })
    }

    /// Says that the place is empty. The reader's to do.
    #[inline(always)]
    pub(super) fn clear(&self) {
        // ORDERING: Relaxed; the next claimer of this place gets it by way of the mailbox word (the inline
        // place) or of the memory pool (a segment), both of which are ordered after us.
        self.0.store(ptr::null_mut(), Ordering::Relaxed);
    }
}

/// One place of a segment: half a cache line, and never in two of them.
#[repr(C, align(32))]
pub(super) struct Slot {
    sign: Sign,
    payload: UnsafeCell<Payload>,
}

impl Slot {
    pub(super) fn new() -> Self {
        Self { sign: Sign::new(), payload: UnsafeCell::new(Payload::default()) }
    }

    /// For who has claimed it.
    #[inline(always)]
    pub(super) fn claimed(&self) -> Blank<'_> {
        Blank { sign: &self.sign, payload: self.payload.with_mut(|payload| payload) }
    }

    /// The message in this place, if it is published; the place counts as empty from now on.
    ///
    /// # Safety
    ///
    /// The caller is the only reader, and this is the place of the oldest message.
    #[inline(always)]
    pub(super) unsafe fn take(&self) -> Option<Parcel<'_>> {
        let vtable = self.sign.read()?;
        self.sign.clear();
        // SAFETY: published, and the caller's.
        Some(unsafe { Parcel::new(vtable, self.payload.with_mut(|payload| payload)) })
    }
}

#[cfg(any(corecast_loom, feature = "sim"))]
impl Sign {
    /// The name of the message's type, if the place is published.
    pub(super) fn message(&self) -> Option<&'static str> {
        self.read().map(|vtable| (vtable.message)())
    }
}

#[cfg(any(corecast_loom, feature = "sim"))]
impl Slot {
    /// As [`Sign::message`].
    pub(super) fn message(&self) -> Option<&'static str> {
        self.sign.message()
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot")
    }
}

/// A place that is to be filled and published.
#[derive(Clone, Copy)]
pub(super) struct Blank<'a> {
    sign: &'a Sign,
    payload: *mut Payload,
}

impl<'a> Blank<'a> {
    /// For who has claimed the inline place.
    #[inline(always)]
    pub(super) fn inline(sign: &'a Sign, payload: &'a UnsafeCell<MaybeUninit<Payload>>) -> Self {
        Self { sign, payload: payload.with_mut(<*mut MaybeUninit<Payload>>::cast) }
    }

    /// Writes the payload and publishes the place.
    ///
    /// # Safety
    ///
    /// The caller has claimed this place and publishes it once; `write` fills the payload as `vtable` expects.
    #[inline(always)]
    pub(super) unsafe fn publish(self, vtable: &'static Vtable, write: impl FnOnce(*mut Payload)) {
        halt::pass(Spot::Claimed);
        write(self.payload);
        self.sign.publish(vtable);
    }
}

/// A message that the reader has taken out of its turn, but not yet out of its place.
///
/// It must be opened or discarded before the reader moves on; its place isn't given away before that.
#[must_use = "the message is still in its place"]
pub(crate) struct Parcel<'a> {
    vtable: &'static Vtable,
    payload: *mut Payload,
    place: PhantomData<&'a ()>,
}

impl Parcel<'_> {
    /// # Safety
    ///
    /// The payload is that of a message for `vtable`, and the caller's to take out.
    #[inline(always)]
    pub(super) unsafe fn new(vtable: &'static Vtable, payload: *mut Payload) -> Self {
        Self { vtable, payload, place: PhantomData }
    }

    /// What tells the name of the message's type.
    pub(crate) fn what(&self) -> fn() -> &'static str {
        self.vtable.message
    }

    /// Begins to handle the message.
    ///
    /// # Safety
    ///
    /// `user` is what the functions of this mailbox's vtables expect.
    #[inline(always)]
    pub(crate) unsafe fn open(self, user: NonNull<()>) -> Opened {
        // SAFETY: rules 2 and 3: the parcel is proof that we are the reader; `user` is the caller's promise.
        unsafe { (self.vtable.open)(self.payload, user) }
    }

    /// Disposes of the message unhandled.
    ///
    /// # Safety
    ///
    /// As for [`open`](Self::open).
    pub(crate) unsafe fn discard(self, user: NonNull<()>) {
        // SAFETY: as in `open`.
        unsafe { (self.vtable.discard)(self.payload, user) };
    }
}

impl fmt::Debug for Parcel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Parcel").field(&(self.vtable.message)()).finish()
    }
}

/// A message that is on its way without a place.
///
/// It must be opened or discarded; one that is merely dropped leaks its message.
#[must_use = "the message leaks if it is neither opened nor discarded"]
pub(crate) struct Loose {
    vtable: &'static Vtable,
    payload: MaybeUninit<Payload>,
}

impl Loose {
    /// Takes a message on its way.
    ///
    /// # Safety
    ///
    /// `vtable` is for messages of type `E`.
    pub(crate) unsafe fn new<E>(message: Packed<E>, vtable: &'static Vtable) -> Self {
        let mut payload = MaybeUninit::uninit();
        // SAFETY: the payload is ours.
        unsafe { message.write(payload.as_mut_ptr()) };
        Self { vtable, payload }
    }

    /// Begins to handle the message.
    ///
    /// # Safety
    ///
    /// `user` is what the functions of the vtable expect.
    pub(crate) unsafe fn open(mut self, user: NonNull<()>) -> Opened {
        // SAFETY: filled by `new` for this vtable (rule 3), and taken out once; `user` is the caller's promise.
        unsafe { (self.vtable.open)(self.payload.as_mut_ptr(), user) }
    }

    /// Disposes of the message unhandled.
    ///
    /// # Safety
    ///
    /// As for [`open`](Self::open).
    pub(crate) unsafe fn discard(mut self, user: NonNull<()>) {
        // SAFETY: as in `open`.
        unsafe { (self.vtable.discard)(self.payload.as_mut_ptr(), user) };
    }
}

impl fmt::Debug for Loose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Loose").field(&(self.vtable.message)()).finish()
    }
}

/// A message ready to be put into a place: itself, or the block that it lies in.
///
/// The block is taken before a place is claimed, so that nothing can fail or dawdle between claim and
/// publication.
pub(crate) enum Packed<E> {
    /// Fits into a payload.
    Inline(E),
    /// Lies in a recycled block, which this owns.
    Block(NonNull<E>),
}

impl<E> Packed<E> {
    const INLINE: bool = size_of::<E>() <= size_of::<Payload>() && align_of::<E>() <= align_of::<Payload>();

    /// Packs `envelope`.
    #[inline(always)]
    pub(crate) fn new(envelope: E) -> Self {
        if Self::INLINE {
            return Self::Inline(envelope);
        }
        let block = memory::acquire(Layout::new::<E>()).cast();
        // SAFETY: the block is ours and fits an `E`.
        unsafe { block.write(envelope) };
        Self::Block(block)
    }

    /// The message back.
    pub(crate) fn unpack(self) -> E {
        match self {
            Self::Inline(envelope) => envelope,
            // SAFETY: we own the block and its value.
            Self::Block(block) => unsafe { take_block(block) },
        }
    }

    /// Moves the message, or its block's address, into a payload.
    ///
    /// # Safety
    ///
    /// `payload` is the caller's to write.
    #[inline(always)]
    pub(crate) unsafe fn write(self, payload: *mut Payload) {
        match self {
            // SAFETY: it fits, by `INLINE`; the payload is the caller's.
            Self::Inline(envelope) => unsafe { payload.cast::<E>().write(envelope) },
            // SAFETY: a pointer fits; the payload is the caller's.
            Self::Block(block) => unsafe { payload.cast::<NonNull<E>>().write(block) },
        }
    }

    /// Moves the message out of a payload.
    ///
    /// # Safety
    ///
    /// `payload` was filled by [`write`](Self::write) for the same `E`, and this is the only time that its
    /// message is moved out.
    #[inline(always)]
    pub(crate) unsafe fn read(payload: *mut Payload) -> E {
        if Self::INLINE {
            // SAFETY: the caller's promise; `INLINE` decided the same way in `new`.
            unsafe { payload.cast::<E>().read() }
        } else {
            // SAFETY: as above: a block's address.
            unsafe { take_block(payload.cast::<NonNull<E>>().read()) }
        }
    }
}

impl<E> fmt::Debug for Packed<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Packed")
    }
}

/// Moves a value out of its block and returns the block.
///
/// # Safety
///
/// The caller owns the block, which holds an `E` and came from `Packed::new`.
#[inline(always)]
unsafe fn take_block<E>(block: NonNull<E>) -> E {
    // SAFETY: the caller's promise; the value is moved out once, then the block holds nothing.
    unsafe {
        let envelope = ManuallyDrop::new(block.read());
        memory::release(block.cast(), Layout::new::<E>());
        ManuallyDrop::into_inner(envelope)
    }
}

#[cfg(all(test, not(corecast_loom)))]
mod tests {
    use super::{Packed, Payload, Slot};

    fn round_trip<E: PartialEq + Clone + std::fmt::Debug>(value: E) {
        let mut payload = Payload::default();
        // SAFETY: the payload is ours, and read once after it was written.
        let back = unsafe {
            Packed::new(value.clone()).write(&mut payload);
            Packed::<E>::read(&mut payload)
        };
        assert_eq!(back, value);
        assert_eq!(Packed::new(value.clone()).unpack(), value);
    }

    #[test]
    fn messages_of_every_size_and_alignment_come_back_unharmed() {
        #[derive(Clone, Debug, PartialEq)]
        #[repr(align(128))]
        struct Coarse([u8; 128]);
        round_trip(());
        round_trip(7u8);
        round_trip([7u64; 3]);
        round_trip([7u64; 4]);
        round_trip(7u128);
        round_trip([9u8; 200]);
        round_trip([9u8; 9_000]);
        round_trip(Coarse([3; 128]));
        round_trip(String::from("owned"));
    }

    #[test]
    fn a_place_is_half_a_cache_line() {
        assert_eq!(std::mem::size_of::<Slot>(), 32);
    }
}
