//! A message by value, its type erased: places of two sizes, and what goes into them.
//!
//! A place has a pointer to the message's [`Vtable`], and bytes: 56 in a segment, where the two make a cache line, and
//! 32 in a mailbox, for the first message that comes to an idle actor. A message that fits lies in them; a larger one
//! lies in a recycled block, and the place holds its address:
//!
//! | message | in a segment | in the inline place |
//! |---|---|---|
//! | up to 32 bytes | itself | itself |
//! | up to 56 bytes | itself | in a block of 56 bytes, with a vtable that says so ([`Vtable::apart`]) |
//! | larger, or aligned to more than 8 | in a block of its size | in a block of its size |
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

/// The bytes of a place in a segment, or of a waiting sender: the rest of a cache line.
pub(crate) type Payload = [u64; 7];

/// The bytes of the inline place: so many that a short request with its way back fits, and so few that an actor with a
/// small state is three cache lines long.
pub(super) type Brief = [u64; 4];

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
    /// Takes the message out of the payload, of which there may be no more than the message needs, and begins to handle
    /// it. The second argument is the user's own.
    pub(crate) open: unsafe fn(*mut Payload, NonNull<()>) -> Opened,
    /// Takes the message out of the payload and disposes of it unhandled. The second argument is the user's own.
    pub(crate) discard: unsafe fn(*mut Payload, NonNull<()>),
    /// The vtable for such messages behind an address, if they don't fit into the inline place: see [`apart`].
    pub(crate) apart: Option<&'static Vtable>,
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

/// One place of a segment: a cache line.
#[repr(C, align(64))]
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

/// A place of either size that is to be filled and published.
#[derive(Clone, Copy)]
pub(super) struct Blank<'a> {
    sign: &'a Sign,
    payload: *mut Payload,
}

impl<'a> Blank<'a> {
    /// For who has claimed the inline place.
    #[inline(always)]
    pub(super) fn inline(sign: &'a Sign, payload: &'a UnsafeCell<MaybeUninit<Brief>>) -> Self {
        Self { sign, payload: payload.with_mut(<*mut MaybeUninit<Brief>>::cast) }
    }

    /// Writes the payload and publishes the place.
    ///
    /// # Safety
    ///
    /// The caller has claimed this place and publishes it once; `write` fills the payload as `vtable` expects, with no
    /// more than there is room for.
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

    /// Whether the inline place has room for what [`write`](Self::write) writes.
    pub(crate) const IS_BRIEF: bool = !Self::INLINE || size_of::<E>() <= size_of::<Brief>();

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

/// A message that is too long for the inline place, in a block that is large enough for any.
pub(super) struct Apart<E>(NonNull<Payload>, PhantomData<E>);

impl<E> Apart<E> {
    #[inline(always)]
    pub(super) fn new(message: Packed<E>) -> Self {
        let block: NonNull<Payload> = memory::acquire(Layout::new::<Payload>()).cast();
        // SAFETY: the block is ours.
        unsafe { message.write(block.as_ptr()) };
        Self(block, PhantomData)
    }

    /// Moves the block's address into a payload of the inline place.
    ///
    /// # Safety
    ///
    /// `payload` is the caller's to write.
    #[inline(always)]
    pub(super) unsafe fn write(self, payload: *mut Payload) {
        // SAFETY: the caller's promise; a pointer fits.
        unsafe { payload.cast::<NonNull<Payload>>().write(self.0) };
    }

    /// The message back.
    pub(super) fn back(self) -> Packed<E> {
        // SAFETY: ours, filled by `new`, and read once.
        let message = unsafe { Packed::read(self.0.as_ptr()) };
        self.free();
        Packed::new(message)
    }

    /// Copies the message into a payload of a segment. The block holds nothing any more.
    ///
    /// # Safety
    ///
    /// `payload` is the caller's to write.
    pub(super) unsafe fn copy(&self, payload: *mut Payload) {
        // SAFETY: the caller's promise; the block is ours.
        unsafe { payload.copy_from_nonoverlapping(self.0.as_ptr(), 1) };
    }

    /// Gives the block back, which holds nothing any more.
    pub(super) fn free(self) {
        // SAFETY: taken with this layout, and ours.
        unsafe { memory::release(self.0.cast(), Layout::new::<Payload>()) };
    }
}

/// Runs `deal` on the payload in the block whose address is in this one, and gives the block back: what the functions of
/// a vtable for messages behind an address do.
///
/// # Safety
///
/// The payload is that of such a message, and `deal` takes the message out. It doesn't unwind.
#[inline(always)]
pub(crate) unsafe fn apart<R>(payload: *mut Payload, deal: impl FnOnce(*mut Payload) -> R) -> R {
    // SAFETY: filled by `Apart::write`; the block is the reader's with the payload.
    unsafe {
        let block = payload.cast::<NonNull<Payload>>().read();
        let dealt = deal(block.as_ptr());
        memory::release(block.cast(), Layout::new::<Payload>());
        dealt
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
    use super::{Apart, Brief, Packed, Payload, Slot, apart};

    fn round_trip<E: PartialEq + Clone + std::fmt::Debug>(value: E) {
        let mut payload = Payload::default();
        // SAFETY: the payload is ours, and read once after it was written.
        let back = unsafe {
            Packed::new(value.clone()).write(&mut payload);
            Packed::<E>::read(&mut payload)
        };
        assert_eq!(back, value);
        assert_eq!(Packed::new(value.clone()).unpack(), value);
        // By the inline place: as much of a payload as that has.
        let mut brief = Brief::default();
        let payload: *mut Payload = (&raw mut brief).cast();
        // SAFETY: as above; what isn't brief goes by a block.
        let back = unsafe {
            if Packed::<E>::IS_BRIEF {
                Packed::new(value.clone()).write(payload);
                Packed::<E>::read(payload)
            } else {
                Apart::new(Packed::new(value.clone())).write(payload);
                apart(payload, |payload| Packed::<E>::read(payload))
            }
        };
        assert_eq!(back, value);
        assert_eq!(Apart::new(Packed::new(value.clone())).back().unpack(), value);
    }

    #[test]
    fn messages_of_every_size_and_alignment_come_back_unharmed() {
        #[derive(Clone, Debug, PartialEq)]
        #[repr(align(128))]
        struct Coarse([u8; 128]);
        round_trip(());
        round_trip(7u8);
        round_trip([7u64; 4]);
        round_trip([7u64; 5]);
        round_trip([7u64; 7]);
        round_trip([7u64; 8]);
        round_trip(7u128);
        round_trip([9u8; 200]);
        round_trip([9u8; 9_000]);
        round_trip(Coarse([3; 128]));
        round_trip(String::from("owned"));
    }

    #[test]
    fn a_place_is_a_cache_line() {
        assert_eq!(std::mem::size_of::<Slot>(), 64);
    }
}
