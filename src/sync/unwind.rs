//! Calls into user code, and what is left when one of them panics.

use std::any::Any;
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
fn text(payload: Box<dyn Any + Send>) -> Text {
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
