//! Actors that wait for one another.

use std::fmt;

use super::identity::ActorInfo;
use crate::sync::Arc;

/// Actors each of which waits for the next, and the last for the first: none of these waits can end. An actor that waits
/// for itself is alone in it.
///
/// Errors name it: [`SendErrorReason::Circle`](crate::SendErrorReason::Circle) and its like.
#[derive(Clone, PartialEq, Eq)]
pub struct Circle(Arc<[ActorInfo]>);

impl Circle {
    pub(crate) fn new(actors: Vec<ActorInfo>) -> Self {
        Self(actors.into())
    }

    /// The actors, beginning with the one that was told. There is at least one.
    #[must_use]
    pub fn actors(&self) -> &[ActorInfo] {
        &self.0
    }
}

impl fmt::Display for Circle {
    /// `Left #1.1 → Right #2.1 → Left #1.1`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for actor in &*self.0 {
            write!(f, "{actor} → ")?;
        }
        self.0.first().map_or(Ok(()), |first| first.fmt(f))
    }
}

impl fmt::Debug for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Circle({self})")
    }
}
