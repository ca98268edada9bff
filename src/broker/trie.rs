//! Topics and patterns by their tokens, so that one finds those that match the other without looking at all.
//!
//! Both are in one tree. A topic's walk down to it passes the patterns that match it; a pattern's walk passes the
//! topics. A walk costs as much as what it passes: for `>` and `*` that is everything below, or beside.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;

use super::directory::Entry;
use super::pattern::{ANY, REST};
use crate::sync::Arc;
use crate::task::identity::ActorInfo;

/// A subscription of whatever type of event.
pub(super) trait AnyMember: Any + Send + Sync {
    /// The actor.
    fn info(&self) -> ActorInfo;
}

/// A subscription whose pattern has wildcards.
pub(super) struct Wild {
    pub(super) id: u64,
    /// The event's type.
    pub(super) event: TypeId,
    pub(super) member: Arc<dyn AnyMember + Send + Sync>,
}

/// A topic that is known.
pub(super) struct Held {
    pub(super) entry: Arc<Entry>,
    /// Subscriptions to this topic by name, handles, and one for a retained event.
    pub(super) holds: usize,
    /// In the line of those that go when there are too many: patterns alone match it.
    pub(super) remembered: bool,
}

/// A token's place.
#[derive(Default)]
pub(super) struct Node {
    children: HashMap<Box<str>, Node>,
    /// Behind `*`. No topics are below.
    any: Option<Box<Node>>,
    topic: Option<Held>,
    /// Patterns that end here, in the order of their numbers.
    here: Vec<Wild>,
    /// Patterns that go on with `>` and end, in the same order.
    rest: Vec<Wild>,
}

impl Node {
    /// The place of the topic `tokens`, made if it isn't there.
    pub(super) fn topic_mut<'t>(&mut self, mut tokens: impl Iterator<Item = &'t str>) -> &mut Option<Held> {
        match tokens.next() {
            None => &mut self.topic,
            Some(token) => {
                if !self.children.contains_key(token) {
                    self.children.insert(token.into(), Node::default());
                }
                let Some(child) = self.children.get_mut(token) else { unreachable!("just inserted") };
                child.topic_mut(tokens)
            }
        }
    }

    /// The topic `tokens`, if it is known.
    pub(super) fn find_mut<'t>(&mut self, mut tokens: impl Iterator<Item = &'t str>) -> Option<&mut Held> {
        match tokens.next() {
            None => self.topic.as_mut(),
            Some(token) => self.children.get_mut(token)?.find_mut(tokens),
        }
    }

    /// Takes the topic `tokens` out, and the places that only led to it.
    pub(super) fn remove<'t>(&mut self, mut tokens: impl Iterator<Item = &'t str>) -> Option<Held> {
        let Some(token) = tokens.next() else { return self.topic.take() };
        let child = self.children.get_mut(token)?;
        let removed = child.remove(tokens);
        if child.is_bare() {
            self.children.remove(token);
        }
        removed
    }

    /// Adds the pattern `tokens`. Returns whether it is the first of its type of event.
    pub(super) fn plant<'t>(&mut self, mut tokens: impl Iterator<Item = &'t str>, wild: Wild) -> bool {
        let add = |to: &mut Vec<Wild>, wild: Wild| {
            let first = to.iter().all(|other| other.event != wild.event);
            to.push(wild);
            first
        };
        match tokens.next() {
            None => add(&mut self.here, wild),
            Some(REST) => add(&mut self.rest, wild),
            Some(ANY) => self.any.get_or_insert_default().plant(tokens, wild),
            Some(token) => self.children.entry(token.into()).or_default().plant(tokens, wild),
        }
    }

    /// Takes the pattern `tokens` of number `id` out, and the places that only led to it. Tells whether others of its
    /// type of event are left.
    pub(super) fn uproot<'t>(&mut self, mut tokens: impl Iterator<Item = &'t str>, id: u64) -> Option<(Wild, bool)> {
        let take = |from: &mut Vec<Wild>| {
            let at = from.binary_search_by_key(&id, |wild| wild.id).ok()?;
            let removed = from.remove(at);
            let others = from.iter().any(|other| other.event == removed.event);
            Some((removed, others))
        };
        match tokens.next() {
            None => take(&mut self.here),
            Some(REST) => take(&mut self.rest),
            Some(ANY) => {
                let any = self.any.as_mut()?;
                let removed = any.uproot(tokens, id);
                if any.is_bare() {
                    self.any = None;
                }
                removed
            }
            Some(token) => {
                let child = self.children.get_mut(token)?;
                let removed = child.uproot(tokens, id);
                if child.is_bare() {
                    self.children.remove(token);
                }
                removed
            }
        }
    }

    /// Shows each pattern that matches the topic `tokens`.
    pub(super) fn matching<'t>(&self, mut tokens: impl Iterator<Item = &'t str> + Clone, see: &mut impl FnMut(&Wild)) {
        let Some(token) = tokens.next() else {
            self.here.iter().for_each(see);
            return;
        };
        self.rest.iter().for_each(&mut *see);
        if let Some(any) = &self.any {
            any.matching(tokens.clone(), see);
        }
        if let Some(child) = self.children.get(token) {
            child.matching(tokens, see);
        }
    }

    /// Shows each topic that the pattern `tokens` matches.
    pub(super) fn matched<'t>(
        &self,
        mut tokens: impl Iterator<Item = &'t str> + Clone,
        see: &mut impl FnMut(&Arc<Entry>),
    ) {
        match tokens.next() {
            None => self.topic.iter().for_each(|held| see(&held.entry)),
            Some(REST) => self.each_child(|child| child.all(see)),
            Some(ANY) => self.each_child(|child| child.matched(tokens.clone(), see)),
            Some(token) => {
                if let Some(child) = self.children.get(token) {
                    child.matched(tokens, see);
                }
            }
        }
    }

    /// Shows each topic here and below.
    pub(super) fn all(&self, see: &mut impl FnMut(&Arc<Entry>)) {
        self.topic.iter().for_each(|held| see(&held.entry));
        self.each_child(|child| child.all(see));
    }

    /// Shows each child; in a simulation, in the order of their tokens.
    fn each_child(&self, see: impl FnMut(&Self)) {
        #[cfg(any(corecast_loom, feature = "sim"))]
        if crate::sync::stage::is_here() {
            let mut children: Vec<_> = self.children.iter().collect();
            children.sort_unstable_by_key(|(token, _)| *token);
            return children.into_iter().map(|(_, child)| child).for_each(see);
        }
        self.children.values().for_each(see);
    }

    /// Whether nothing is here or below.
    fn is_bare(&self) -> bool {
        self.children.is_empty()
            && self.any.is_none()
            && self.topic.is_none()
            && self.here.is_empty()
            && self.rest.is_empty()
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Node")
    }
}
