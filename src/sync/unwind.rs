//! Calls into user code, and what is left when one of them panics.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The text of a panic.
pub(crate) type Text = Box<str>;

/// Runs `user` and catches its panic as text.
///
/// The caller argues that what `user` touches is abandoned or consistent after a panic.
#[inline(always)]
pub(crate) fn guard<T>(user: impl FnOnce() -> T) -> Result<T, Text> {
    // UNWIND: this is where every call into user code comes to rest.
    match catch_unwind(AssertUnwindSafe(user)) {
        Ok(value) => Ok(value),
        Err(payload) => Err(text(payload)),
    }
}

/// The text of a panic's payload, which is dropped with care: its `Drop` is user code too.
#[cold]
pub(super) fn text(payload: Box<dyn Any + Send>) -> Text {
    let text: Text = if let Some(text) = payload.downcast_ref::<&'static str>() {
        (*text).into()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.as_str().into()
    } else {
        "a panic whose payload is not text".into()
    };
    // A payload whose drop panics leaves one more payload; that one is forgotten, which ends the chain.
    if let Err(second) = catch_unwind(AssertUnwindSafe(move || drop(payload))) {
        std::mem::forget(second);
    }
    text
}

/// Something of a user's whose drop harms nobody, wherever it is dropped: a panic of it ends here.
pub(crate) struct Tamed<T>(Option<T>);

impl<T> Tamed<T> {
    pub(crate) fn new(wild: T) -> Self {
        Self(Some(wild))
    }

    pub(crate) fn get(&self) -> &T {
        self.0.as_ref().expect("it is there until it is dropped")
    }
}

impl<T> Drop for Tamed<T> {
    fn drop(&mut self) {
        let wild = self.0.take();
        // UNWIND: the drop is user code. The panic has been printed, and nobody is left whom it concerns.
        let _ = guard(|| drop(wild));
    }
}

impl<T> fmt::Debug for Tamed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tamed")
    }
}

#[cfg(any(corecast_loom, feature = "sim"))]
pub(crate) mod hush {
    //! Panics that are expected by the thousand: a simulation's are kept, not printed.

    use std::cell::{Cell, RefCell};
    use std::panic::{set_hook, take_hook};
    use std::sync::Once;

    // std's own under loom, too: the hook is called by threads of no model.
    std::thread_local! {
        /// This thread's panics aren't printed.
        static IS_HUSHED: Cell<bool> = const { Cell::new(false) };

        /// Where it has panicked last.
        static PLACE: RefCell<Option<Box<str>>> = const { RefCell::new(None) };
    }

    /// As long as it lives, this thread's panics aren't printed.
    #[must_use = "panics are printed when this is dropped"]
    #[derive(Debug)]
    pub(crate) struct Hushed(());

    impl Hushed {
        /// The first one puts a hook before the one that is there.
        pub(crate) fn begin() -> Self {
            static HOOK: Once = Once::new();
            HOOK.call_once(|| {
                let former = take_hook();
                set_hook(Box::new(move |panic| {
                    let is_hushed = IS_HUSHED.try_with(Cell::get).unwrap_or(false);
                    // Where nothing is left to unwind to, it has to be said now.
                    #[cfg(corecast_loom)]
                    let is_hushed = is_hushed && !crate::sync::explore::is_too_long_for(panic.payload());
                    if !is_hushed {
                        return former(panic);
                    }
                    let place = panic.location().map(|place| place.to_string().into());
                    let _ = PLACE.try_with(|last| last.replace(place));
                }));
            });
            IS_HUSHED.with(|is_hushed| is_hushed.set(true));
            Self(())
        }

        /// Where this thread has panicked last.
        pub(crate) fn place(&self) -> Option<Box<str>> {
            PLACE.with(RefCell::take)
        }
    }

    impl Drop for Hushed {
        fn drop(&mut self) {
            IS_HUSHED.with(|is_hushed| is_hushed.set(false));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::guard;
    use std::panic::panic_any;

    #[test]
    fn a_panic_becomes_its_text() {
        assert_eq!(guard(|| 3), Ok(3));
        assert_eq!(&*guard(|| panic!("plain")).unwrap_err(), "plain");
        assert_eq!(&*guard(|| panic!("with {}", 7)).unwrap_err(), "with 7");
        assert_eq!(&*guard(|| panic_any(5u8)).unwrap_err(), "a panic whose payload is not text");
    }

    #[test]
    fn a_payload_whose_drop_panics_does_no_harm() {
        struct Trap;
        impl Drop for Trap {
            fn drop(&mut self) {
                panic!("from the payload's drop");
            }
        }
        assert!(guard(|| panic_any(Trap)).is_err());
    }
}
