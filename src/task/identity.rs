//! Who an actor is, for errors and reports.

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::sync::Arc;

/// An actor's number, unique within its system: its seat there, and which actor in turn it belongs to.
///
/// A number comes again only after four thousand million other actors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActorId(u64);

impl ActorId {
    /// Nobody's.
    pub(crate) const UNKNOWN: Self = Self(0);

    /// The number of the actor that takes `seat` in its `turn`, which isn't zero.
    pub(crate) const fn of(seat: u32, turn: u32) -> Self {
        Self((turn as u64) << 32 | seat as u64)
    }

    pub(crate) const fn from_raw(number: u64) -> Self {
        Self(number)
    }

    /// The number itself.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    #[inline(always)]
    pub(crate) const fn is_known(self) -> bool {
        self.0 != 0
    }

    /// Its seat in the registry, once it has one.
    #[inline(always)]
    pub(crate) const fn seat(self) -> Option<u32> {
        if self.is_known() { Some(self.0 as u32) } else { None }
    }
}

impl fmt::Display for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}.{}", self.0 as u32, self.0 >> 32)
    }
}

/// For whom somebody may wait: an actor by its number, and where it lives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whom {
    pub(crate) id: ActorId,
    /// The address of its host's house, which isn't looked at. When another host has it, nobody waits for this one's actors any
    /// more: they have ended, and what they owed was settled.
    pub(crate) host: usize,
    /// The address of its cell, which isn't looked at either.
    pub(crate) cell: usize,
}

/// Who an actor is: its number, its type and its name if it has one.
#[derive(Clone)]
pub struct ActorInfo {
    id: ActorId,
    /// A function rather than its result: half the size.
    type_name: fn() -> &'static str,
    name: Option<Arc<str>>,
}

impl ActorInfo {
    pub(crate) fn new(id: ActorId, type_name: fn() -> &'static str, name: Option<Arc<str>>) -> Self {
        Self { id, type_name, name }
    }

    /// An actor that can't be told any more.
    pub(crate) fn unknown() -> Self {
        Self { id: ActorId::UNKNOWN, type_name: || "an actor", name: None }
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> ActorId {
        self.id
    }

    /// The path of its type.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        (self.type_name)()
    }

    /// The name that it was spawned with.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

impl PartialEq for ActorInfo {
    fn eq(&self, other: &Self) -> bool {
        (self.id, self.type_name(), &self.name) == (other.id, other.type_name(), &other.name)
    }
}

impl Eq for ActorInfo {}

impl Hash for ActorInfo {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl fmt::Display for ActorInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "`{name}` ({} {})", self.type_name(), self.id),
            None => write!(f, "{} {}", self.type_name(), self.id),
        }
    }
}

impl fmt::Debug for ActorInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActorInfo({self})")
    }
}
