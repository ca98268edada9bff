//! Where the crate's own tests plant a mistake in a protocol, to see that the simulator finds it. Elsewhere nothing of it is
//! left.

/// A mistake, at the line of the protocol where it would be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutant {
    /// Of those who wait for room, the last comes first.
    LineOvertaken,
    /// A mailbox that comes to rest doesn't offer its room to those who wait for it.
    RoomLost,
    /// What is left in a mailbox when its actor ends is dropped, and becomes no dead letter.
    LeftoverLost,
    /// A handler that is woken while it is being polled is suspended all the same.
    WakeForgotten,
    /// The last reference goes, and the actor isn't asked to look.
    NudgeLost,
    /// A message fails, and who asked isn't told.
    AskerNotTold,
    /// Of the timers' messages in a lane, only the first is called out.
    RingForgotten,
    /// A timer that is due before all others isn't looked for earlier.
    TimerUnseen,
    /// The token of a subscription that displaces isn't put back.
    TokenKept,
    /// One actor isn't stopped at a shutdown.
    StopForgotten,
    /// A notice of an end is left in the watcher's book, and not called out.
    NoticeLost,
    /// A watch is withdrawn, and what has been told of it is heard all the same.
    NoticeKept,
}

/// Whether the calling thread plays with this mistake.
#[cfg(not(all(test, feature = "sim", not(corecast_loom))))]
#[inline(always)]
pub(crate) const fn is(_: Mutant) -> bool {
    false
}

#[cfg(all(test, feature = "sim", not(corecast_loom)))]
pub(crate) use testing::{Planted, is};

#[cfg(all(test, feature = "sim", not(corecast_loom)))]
mod testing {
    use super::Mutant;
    use std::cell::Cell;

    thread_local! {
        static PLANTED: Cell<Option<Mutant>> = const { Cell::new(None) };
    }

    /// Whether the calling thread plays with this mistake.
    pub(crate) fn is(mutant: Mutant) -> bool {
        PLANTED.get() == Some(mutant)
    }

    /// As long as it lives, this thread plays with a mistake.
    #[must_use = "the mistake is there only as long as this lives"]
    #[derive(Debug)]
    pub(crate) struct Planted(());

    impl Planted {
        pub(crate) fn begin(mutant: Option<Mutant>) -> Self {
            PLANTED.set(mutant);
            Self(())
        }
    }

    impl Drop for Planted {
        fn drop(&mut self) {
            PLANTED.set(None);
        }
    }
}
