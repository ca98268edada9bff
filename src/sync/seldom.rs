//! A value that is nearly never there, and costs its owner's drop one comparison when it isn't.

use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};

/// A [`Case`] whose seldom value is dropped out of line.
#[derive(Debug)]
pub(crate) struct Seldom<T, U: Copy = ()>(ManuallyDrop<Case<T, U>>);

/// What is there.
#[derive(Debug)]
pub(crate) enum Case<T, U = ()> {
    /// Nearly always; it needs no drop.
    Usual(U),
    /// Nearly never.
    Rare(T),
}

impl<T, U: Copy> Seldom<T, U> {
    #[inline(always)]
    pub(crate) const fn new(case: Case<T, U>) -> Self {
        Self(ManuallyDrop::new(case))
    }
}

impl<T, U> Case<T, U> {
    #[inline(always)]
    pub(crate) const fn is_usual(&self) -> bool {
        matches!(self, Self::Usual(_))
    }
}

impl<T, U: Copy> Drop for Seldom<T, U> {
    #[inline(always)]
    fn drop(&mut self) {
        #[cold]
        fn drop_value<T, U>(value: &mut ManuallyDrop<Case<T, U>>) {
            // SAFETY: once, when its owner is dropped.
            unsafe { ManuallyDrop::drop(value) };
        }
        if !self.0.is_usual() {
            drop_value(&mut self.0);
        }
    }
}

impl<T, U: Copy> Deref for Seldom<T, U> {
    type Target = Case<T, U>;

    #[inline(always)]
    fn deref(&self) -> &Case<T, U> {
        &self.0
    }
}

impl<T, U: Copy> DerefMut for Seldom<T, U> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Case<T, U> {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{Case, Seldom};
    use std::rc::Rc;

    #[test]
    fn what_is_there_is_dropped_once() {
        let value = Rc::new(());
        drop(Seldom::<_>::new(Case::Rare(Rc::clone(&value))));
        drop(Seldom::<Rc<()>, u8>::new(Case::Usual(7)));
        let mut emptied = Seldom::new(Case::Rare(Rc::clone(&value)));
        *emptied = Case::Usual(());
        drop(emptied);
        assert_eq!(Rc::strong_count(&value), 1);
    }
}
