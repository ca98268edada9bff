//! The way from a reference to the system that it means.
//!
//! Who spawns from inside a system, or asks it for something, writes to no count that others share: the actor that runs
//! keeps the system. So what is made there is a number, good for the actor's own thread, and found by the list of systems
//! that live from elsewhere. What is made elsewhere holds a weak reference.

use std::mem::offset_of;

use super::core::Core;
use crate::scheduler;
use crate::sync::{Arc, Weak};
use crate::task::current;
use crate::task::letter::Host;

/// A system, without keeping it.
pub(super) enum Home {
    /// The one of this number.
    Number(u64),
    /// The one of this core.
    Core(Weak<Core>),
}

impl Default for Home {
    /// None: systems have other numbers.
    fn default() -> Self {
        Self::Number(0)
    }
}

impl Home {
    /// For a thread that has the core.
    #[inline]
    pub(super) fn of(core: &Arc<Core>) -> Self {
        Self::here(Arc::as_ptr(core)).unwrap_or_else(|| Self::Core(Arc::downgrade(core)))
    }

    /// The same for what is made out of this one.
    #[inline]
    pub(super) fn again(&self) -> Self {
        match self {
            Self::Number(number) => Self::Number(*number),
            Self::Core(core) => Self::here(core.as_ptr()).unwrap_or_else(|| Self::Core(core.clone())),
        }
    }

    /// If the calling thread runs an actor of the core at this address.
    #[inline]
    fn here(core: *const Core) -> Option<Self> {
        // Known by its house; it is the address that counts.
        if !current::has_host(core.addr() + offset_of!(Core, house)) {
            return None;
        }
        current::with_host(|host| Self::Number(Core::of(host).scheduler.number()))
    }

    /// Runs `look` on the core, if it is there.
    #[inline(always)]
    pub(super) fn with<R>(&self, look: impl FnOnce(Option<&Core>) -> R) -> R {
        current::with_host_or(|host| self.is(host), || self.find(), look)
    }

    /// The core that a host is, if it is this one.
    #[inline(always)]
    fn is<'a>(&self, host: &'a dyn Host) -> Option<&'a Core> {
        match self {
            Self::Number(number) => Core::found(host).filter(|core| core.scheduler.number() == *number),
            Self::Core(_) => None,
        }
    }

    /// Where no actor of the system runs.
    #[cold]
    fn find(&self) -> Option<Arc<Core>> {
        match self {
            Self::Number(number) => scheduler::find(*number)?.waits().census()?.into_any().downcast().ok(),
            Self::Core(core) => core.upgrade(),
        }
    }
}
