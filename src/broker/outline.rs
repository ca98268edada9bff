//! Which patterns there are, for publishers to topics that nobody knows: an immutable tree, read without a lock.
//!
//! It says only whether a pattern of a type of event matches; who subscribes is in the books. So it changes with the
//! first subscription to a pattern and with the end of the last, and then copies the places on the pattern's way. A place
//! may have thousands of others below it: they are kept in chunks that the copies share.

use std::any::TypeId;
use std::fmt;

use super::pattern::{ANY, REST};
use crate::sync::Arc;

/// How many places a chunk holds at most.
const CHUNK: usize = 64;

/// A token's place.
#[derive(Clone, Default)]
pub(super) struct Outline {
    children: Children,
    /// Behind `*`.
    any: Option<Arc<Outline>>,
    /// The types of event of the patterns that end here.
    here: Vec<TypeId>,
    /// The same of those that go on with `>` and end.
    rest: Vec<TypeId>,
}

impl Outline {
    /// The tree with the pattern `tokens` of this type, if it isn't in it.
    pub(super) fn with<'t>(&self, mut tokens: impl Iterator<Item = &'t str>, event: TypeId) -> Self {
        let add = |to: &mut Vec<TypeId>| {
            if !to.contains(&event) {
                to.push(event);
            }
        };
        let mut copy = self.clone();
        match tokens.next() {
            None => add(&mut copy.here),
            Some(REST) => add(&mut copy.rest),
            Some(ANY) => copy.any = Some(Arc::new(self.any.clone().unwrap_or_default().with(tokens, event))),
            Some(token) => {
                let child = self.children.get(token).cloned().unwrap_or_default();
                copy.children = self.children.with(token, child.with(tokens, event));
            }
        }
        copy
    }

    /// The tree without the pattern `tokens` of this type, and without the places that only led to it.
    pub(super) fn without<'t>(&self, mut tokens: impl Iterator<Item = &'t str>, event: TypeId) -> Self {
        let mut copy = self.clone();
        match tokens.next() {
            None => copy.here.retain(|other| *other != event),
            Some(REST) => copy.rest.retain(|other| *other != event),
            Some(ANY) => {
                let left = self.any.as_ref().map(|any| any.without(tokens, event));
                copy.any = left.filter(|any| !any.is_bare()).map(Arc::new);
            }
            Some(token) => {
                if let Some(left) = self.children.get(token).map(|child| child.without(tokens, event)) {
                    copy.children =
                        if left.is_bare() { self.children.without(token) } else { self.children.with(token, left) };
                }
            }
        }
        copy
    }

    /// Whether a pattern of this type matches the topic `tokens`.
    pub(super) fn matches<'t>(&self, mut tokens: impl Iterator<Item = &'t str> + Clone, event: TypeId) -> bool {
        let Some(token) = tokens.next() else { return self.here.contains(&event) };
        self.rest.contains(&event)
            || self.any.as_ref().is_some_and(|any| any.matches(tokens.clone(), event))
            || self.children.get(token).is_some_and(|child| child.matches(tokens, event))
    }

    fn is_bare(&self) -> bool {
        self.children.0.is_empty() && self.any.is_none() && self.here.is_empty() && self.rest.is_empty()
    }
}

/// The places below one, in the order of their tokens. No chunk is empty.
#[derive(Clone, Default)]
struct Children(Vec<Arc<Vec<Child>>>);

#[derive(Clone)]
struct Child {
    token: Arc<str>,
    place: Arc<Outline>,
}

impl Children {
    /// The chunk in which a token is, or would be.
    fn chunk_of(&self, token: &str) -> usize {
        let at = self.0.partition_point(|chunk| chunk.last().is_some_and(|last| *last.token < *token));
        at.min(self.0.len().saturating_sub(1))
    }

    fn get(&self, token: &str) -> Option<&Arc<Outline>> {
        let chunk = self.0.get(self.chunk_of(token))?;
        let at = chunk.binary_search_by(|child| (*child.token).cmp(token)).ok()?;
        Some(&chunk[at].place)
    }

    /// The same with this place, which replaces the former one of the token.
    fn with(&self, token: &str, place: Outline) -> Self {
        let child = Child { token: token.into(), place: Arc::new(place) };
        let mut chunks = self.0.clone();
        let at = self.chunk_of(token);
        let Some(chunk) = chunks.get_mut(at) else { return Self(vec![Arc::new(vec![child])]) };
        let mut copy = chunk.to_vec();
        match copy.binary_search_by(|other| (*other.token).cmp(token)) {
            Ok(found) => copy[found] = child,
            Err(gap) => copy.insert(gap, child),
        }
        let upper = (copy.len() > CHUNK).then(|| copy.split_off(CHUNK / 2));
        *chunk = Arc::new(copy);
        chunks.splice(at + 1..at + 1, upper.map(Arc::new));
        Self(chunks)
    }

    /// The same without the place of this token.
    fn without(&self, token: &str) -> Self {
        let mut chunks = self.0.clone();
        let at = self.chunk_of(token);
        let Some(chunk) = chunks.get_mut(at) else { return Self(chunks) };
        let left: Vec<_> = chunk.iter().filter(|child| *child.token != *token).cloned().collect();
        if left.is_empty() {
            drop(chunks.remove(at));
        } else {
            *chunk = Arc::new(left);
        }
        Self(chunks)
    }
}

impl fmt::Debug for Outline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outline")
    }
}

#[cfg(test)]
mod tests {
    use super::Outline;
    use crate::broker::pattern::tokens;
    use std::any::TypeId;

    #[test]
    fn patterns_match_while_they_are_in_it() {
        let (one, other) = (TypeId::of::<u8>(), TypeId::of::<u16>());
        let patterns = ["a.*", "a.>", "*.b", ">", "a.*.c"];
        let all = patterns.iter().fold(Outline::default(), |tree, pattern| tree.with(tokens(pattern), one));
        for pattern in patterns {
            let tree = Outline::default().with(tokens(pattern), one);
            let found = ["a", "a.b", "a.x", "a.b.c", "x.b"].map(|topic| tree.matches(tokens(topic), one));
            let expected = match pattern {
                "a.*" => [false, true, true, false, false],
                "a.>" => [false, true, true, true, false],
                "*.b" => [false, true, false, false, true],
                ">" => [true; 5],
                _ => [false, false, false, true, false],
            };
            assert_eq!(found, expected, "{pattern}");
            assert!(!tree.matches(tokens("a.b"), other));
            assert!(tree.without(tokens(pattern), one).is_bare());
        }
        let none = patterns.iter().fold(all, |tree, pattern| tree.without(tokens(pattern), one));
        assert!(none.is_bare());
    }

    #[test]
    fn a_place_may_have_many_others_below_it() {
        const PLACES: usize = 1_000;
        let event = TypeId::of::<u8>();
        // Neither in order nor backwards.
        let patterns: Vec<_> = (0..PLACES).map(|number| format!("a.{}.*", number * 617 % PLACES)).collect();
        let mut tree = Outline::default();
        for pattern in &patterns {
            tree = tree.with(tokens(pattern), event).with(tokens(pattern), event);
        }
        let matching = |tree: &Outline| {
            let topics = (0..PLACES).map(|number| format!("a.{number}.x"));
            topics.filter(|topic| tree.matches(tokens(topic), event)).count()
        };
        assert_eq!(matching(&tree), PLACES);
        for (gone, pattern) in patterns.iter().enumerate() {
            if gone % 100 == 0 {
                assert_eq!(matching(&tree), PLACES - gone);
            }
            tree = tree.without(tokens(pattern), event).without(tokens(pattern), event);
            assert!(!tree.matches(tokens(&pattern.replace('*', "x")), event));
        }
        assert!(tree.is_bare());
    }
}
