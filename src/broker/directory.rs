//! Where publishers look a topic up by its name.

use std::any::Any;

use super::error::Mismatch;
use super::subject::{AnySubject, Subject};
use crate::actor::Message;
use crate::sync::Arc;
use crate::sync::table;

/// A topic's inside, of whatever type of event.
type Known = Arc<dyn AnySubject + Send + Sync>;

/// The topics that are known. Changed by who has the broker's lock.
pub(super) type Directory = table::Table<Known>;

/// A topic that is known.
pub(super) type Entry = table::Entry<Known>;

impl Entry {
    /// The topic's inside, if it carries events of type `M`.
    ///
    /// # Errors
    ///
    /// The type that it carries.
    #[inline]
    pub(super) fn subject<M: Message>(&self) -> Result<&Subject<M>, Mismatch> {
        let subject: &dyn AnySubject = &*self.value;
        (subject as &dyn Any).downcast_ref().ok_or_else(|| self.wrong_type::<M>())
    }

    /// The same, shared.
    pub(super) fn share<M: Message>(&self) -> Result<Arc<Subject<M>>, Mismatch> {
        let subject: Arc<dyn Any + Send + Sync> = Arc::clone(&self.value) as _;
        subject.downcast().map_err(|_| self.wrong_type::<M>())
    }

    #[cold]
    fn wrong_type<M: Message>(&self) -> Mismatch {
        Mismatch { name: self.name.as_ref().into(), expected: std::any::type_name::<M>(), found: self.value.event() }
    }
}
