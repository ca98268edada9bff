//! Doors to `crate::reply`.

use std::marker::PhantomData;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker};

use crate::reply;

/// `reply::Thin`.
///
/// # Safety
///
/// As for `reply::Thin`.
pub unsafe trait Thin {
    fn retain(waker: &Waker) -> Option<NonNull<()>>;
    fn at_hand() -> Option<NonNull<()>> {
        None
    }
    fn is_same(thin: NonNull<()>, waker: &Waker) -> bool;
    unsafe fn wake(thin: NonNull<()>);
    unsafe fn release(thin: NonNull<()>);
}

/// Makes a public [`Thin`] one of the crate's.
struct Bridge<T>(PhantomData<T>);

// SAFETY: forwards to a trait of the same promises.
unsafe impl<T: Thin> reply::Thin for Bridge<T> {
    fn given_up(_key: usize) {}

    fn retain(waker: &Waker) -> Option<NonNull<()>> {
        T::retain(waker)
    }

    fn at_hand() -> Option<NonNull<()>> {
        T::at_hand()
    }

    fn is_same(thin: NonNull<()>, waker: &Waker) -> bool {
        T::is_same(thin, waker)
    }

    unsafe fn wake(thin: NonNull<()>) {
        // SAFETY: the caller's promise.
        unsafe { T::wake(thin) };
    }

    unsafe fn release(thin: NonNull<()>) {
        // SAFETY: the caller's promise.
        unsafe { T::release(thin) };
    }
}

/// `reply::Sender`.
pub struct Sender<V, T>(reply::Sender<V, Bridge<T>>);

/// `reply::Receiver`.
pub struct Receiver<V, T: Thin>(reply::Receiver<V, Bridge<T>>);

pub fn channel<V, T: Thin>() -> (Sender<V, T>, Receiver<V, T>) {
    let (sender, receiver) = reply::channel();
    (Sender(sender), Receiver(receiver))
}

pub fn awaited<V, T: Thin>() -> (Sender<V, T>, Receiver<V, T>) {
    let (sender, receiver) = reply::awaited();
    (Sender(sender), Receiver(receiver))
}

impl<V, T: Thin> Sender<V, T> {
    pub fn complete(self, value: V) -> Result<(), V> {
        self.0.complete(value)
    }
}

impl<V, T: Thin> Future for Receiver<V, T> {
    type Output = V;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<V> {
        Pin::new(&mut self.0).poll(context)
    }
}
