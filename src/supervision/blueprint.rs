//! The children that a supervisor has from the beginning. They are described once, for all supervisors that are made of that.

use std::collections::hash_map::Entry;
use std::fmt;

use super::child::{Child, Key};
use super::children::{Children, Ids};
use super::error::SpecError;
use super::rules::{ChildRules, SupervisorRules};
use super::spec::Cradle;
use crate::actor::Actor;
use crate::sync::Arc;

/// What a supervisor that is an `S` knows of a child as long as it has a place for it.
pub(super) struct Part<S: Actor> {
    pub(super) rules: Arc<ChildRules>,
    pub(super) cradle: Box<dyn Cradle<S>>,
}

/// The children, in the order of their keys.
pub(super) struct Blueprint<S: Actor> {
    parts: Vec<Arc<Part<S>>>,
    ids: Arc<Ids>,
    /// The first whose id was in use.
    duplicate: Option<Key>,
}

impl<S: Actor> Blueprint<S> {
    /// Adds a child behind all others.
    pub(super) fn add(&mut self, rules: ChildRules, cradle: Box<dyn Cradle<S>>) {
        let key = Key(self.parts.len() as u64);
        if !rules.id.is_empty() {
            match Arc::make_mut(&mut self.ids).entry(Arc::clone(&rules.id)) {
                Entry::Vacant(place) => drop(place.insert(key)),
                Entry::Occupied(_) => drop(self.duplicate.get_or_insert(key)),
            }
        }
        self.parts.push(Arc::new(Part { rules: Arc::new(rules), cradle }));
    }

    /// Whether all of it can be, of a supervisor that goes by these rules.
    pub(super) fn check(&self, rules: &SupervisorRules) -> Result<(), SpecError> {
        rules.check()?;
        for (key, part) in self.parts() {
            part.rules.check(rules)?;
            if self.duplicate == Some(key) {
                return Err(SpecError::DuplicateId { id: part.rules.id.to_string() });
            }
        }
        Ok(())
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = (Key, &Arc<Part<S>>)> {
        (0..).map(Key).zip(&self.parts)
    }

    /// The children as they are before they are started.
    pub(super) fn children(&self) -> Children {
        Children::new(Arc::clone(&self.ids), self.parts.iter().map(|part| Child::new(Arc::clone(&part.rules))))
    }
}

impl<S: Actor> Default for Blueprint<S> {
    fn default() -> Self {
        Self { parts: Vec::new(), ids: Arc::default(), duplicate: None }
    }
}

impl<S: Actor> Clone for Blueprint<S> {
    fn clone(&self) -> Self {
        Self { parts: self.parts.clone(), ids: Arc::clone(&self.ids), duplicate: self.duplicate }
    }
}

impl<S: Actor> fmt::Debug for Blueprint<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.parts.iter().map(|part| &part.rules)).finish()
    }
}
