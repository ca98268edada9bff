//! All children of a supervisor, in their order.

use std::collections::HashMap;
use std::ops::{Index, IndexMut};

use super::child::{Child, Key, State};
use super::row::Row;
use crate::sync::Arc;

/// Who has which id.
pub(super) type Ids = HashMap<Arc<str>, Key>;

/// The children by key, which is the order in which they are started.
#[derive(Debug, Default)]
pub(super) struct Children {
    by_key: Row<Child>,
    /// Of those who were there from the beginning, whether or not they still are.
    first_ids: Arc<Ids>,
    /// Of those who were added.
    by_id: Ids,
    added: u64,
}

impl Children {
    /// Children with these ids, in the order of their keys, which are counted from the first one.
    pub(super) fn new(ids: Arc<Ids>, children: impl ExactSizeIterator<Item = Child>) -> Self {
        let added = children.len() as u64;
        let by_key = (0..).map(Key).zip(children).collect();
        Self { by_key, first_ids: ids, by_id: Ids::new(), added }
    }

    /// Adds a child behind all others. Its id isn't in use; an empty one is none.
    pub(super) fn add(&mut self, child: Child) -> Key {
        let key = Key(self.added);
        self.added += 1;
        if !child.rules.id.is_empty() {
            self.by_id.insert(Arc::clone(&child.rules.id), key);
        }
        self.by_key.push(key, child);
        key
    }

    pub(super) fn remove(&mut self, key: Key) {
        if let Some(child) = self.by_key.remove(key) {
            self.by_id.remove(&child.rules.id);
        }
    }

    pub(super) fn find(&self, id: &str) -> Option<Key> {
        let first = self.first_ids.get(id).copied().filter(|&key| self.by_key.get(key).is_some());
        first.or_else(|| self.by_id.get(id).copied())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    pub(super) fn state(&self, key: Key) -> Option<State> {
        self.by_key.get(key).map(|child| child.state)
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut Child> {
        self.by_key.get_mut(key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Key, &Child)> {
        self.by_key.range(Key::FIRST, None)
    }

    /// The children from `from` on.
    pub(super) fn since(&mut self, from: Key) -> impl Iterator<Item = (Key, &mut Child)> {
        self.by_key.range_mut(from)
    }

    /// The first child from `from` on of which that holds.
    pub(super) fn first(&self, from: Key, holds: impl Fn(&Child) -> bool) -> Option<Key> {
        self.by_key.range(from, None).find(|(_, child)| holds(child)).map(|(key, _)| key)
    }

    /// The last child from `from` on, and before `below` if there is such a bound, of which that holds.
    pub(super) fn last(&self, from: Key, below: Option<Key>, holds: impl Fn(&Child) -> bool) -> Option<Key> {
        self.by_key.range(from, below).rev().find(|(_, child)| holds(child)).map(|(key, _)| key)
    }
}

impl Index<Key> for Children {
    type Output = Child;

    fn index(&self, key: Key) -> &Child {
        self.by_key.get(key).expect("the child is there")
    }
}

impl IndexMut<Key> for Children {
    fn index_mut(&mut self, key: Key) -> &mut Child {
        self.by_key.get_mut(key).expect("the child is there")
    }
}
