//! Where publishers look a topic up by its name.

use std::any::Any;

use super::Event;
use super::error::TopicError;
use super::subject::{AnySubject, Subject};
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
    pub(super) fn subject<M: Event>(&self) -> Result<&Subject<M>, TopicError> {
        let subject: &dyn AnySubject = &*self.value;
        (subject as &dyn Any).downcast_ref().ok_or_else(|| self.wrong_type::<M>())
    }

    /// The same, shared.
    pub(super) fn share<M: Event>(&self) -> Result<Arc<Subject<M>>, TopicError> {
        let subject: Arc<dyn Any + Send + Sync> = Arc::clone(&self.value) as _;
        subject.downcast().map_err(|_| self.wrong_type::<M>())
    }

    #[cold]
    fn wrong_type<M: Event>(&self) -> TopicError {
        TopicError::WrongType {
            topic: self.name.as_ref().into(),
            expected: std::any::type_name::<M>(),
            found: self.value.event(),
        }
    }
}
