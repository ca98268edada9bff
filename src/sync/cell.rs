//! `UnsafeCell` with closures instead of bare pointers, so that loom sees each access.

#[cfg(corecast_loom)]
pub(crate) use loom::cell::UnsafeCell;

/// A cell whose accesses are closures over the raw pointer.
///
/// Under loom it is loom's cell, which reports an access that races with another.
#[cfg(not(corecast_loom))]
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct UnsafeCell<T: ?Sized>(std::cell::UnsafeCell<T>);

#[cfg(not(corecast_loom))]
impl<T> UnsafeCell<T> {
    /// Wraps `value`.
    #[inline(always)]
    pub(crate) const fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    /// Reads through the pointer; whoever dereferences it argues why nobody writes meanwhile.
    #[inline(always)]
    pub(crate) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        read(self.0.get())
    }

    /// Writes through the pointer; whoever dereferences it argues why nobody else looks meanwhile.
    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        write(self.0.get())
    }
}
