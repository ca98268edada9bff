//! A value that is nearly never there, and costs its owner's drop one comparison when it isn't.

use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};

/// An `Option` whose value is dropped out of line.
#[derive(Debug)]
pub(crate) struct Seldom<T>(ManuallyDrop<Option<T>>);

impl<T> Seldom<T> {
    #[inline(always)]
    pub(crate) const fn new(value: Option<T>) -> Self {
        Self(ManuallyDrop::new(value))
    }
}

impl<T> Drop for Seldom<T> {
    #[inline(always)]
    fn drop(&mut self) {
        #[cold]
        fn drop_value<T>(value: &mut ManuallyDrop<Option<T>>) {
            // SAFETY: once, when its owner is dropped.
            unsafe { ManuallyDrop::drop(value) };
        }
        if self.0.is_some() {
            drop_value(&mut self.0);
        }
    }
}

impl<T> Deref for Seldom<T> {
    type Target = Option<T>;

    #[inline(always)]
    fn deref(&self) -> &Option<T> {
        &self.0
    }
}

impl<T> DerefMut for Seldom<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Option<T> {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Seldom;
    use std::rc::Rc;

    #[test]
    fn what_is_there_is_dropped_once() {
        let value = Rc::new(());
        drop(Seldom::new(Some(Rc::clone(&value))));
        drop(Seldom::<Rc<()>>::new(None));
        let mut emptied = Seldom::new(Some(Rc::clone(&value)));
        *emptied = None;
        drop(emptied);
        assert_eq!(Rc::strong_count(&value), 1);
    }
}
