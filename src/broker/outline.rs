//! Which patterns there are, for publishers to topics that nobody knows: an immutable tree, read without a lock.
//!
//! It says only whether a pattern of a type of event matches; who subscribes is in the books. So it changes with the
//! first subscription to a pattern and with the end of the last, and then copies the places on the pattern's way.

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt;

use super::pattern::{ANY, REST};
use crate::sync::Arc;

/// A token's place.
#[derive(Clone, Default)]
pub(super) struct Outline {
    children: HashMap<Arc<str>, Arc<Outline>>,
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
                copy.children.insert(token.into(), Arc::new(child.with(tokens, event)));
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
                    if left.is_bare() {
                        copy.children.remove(token);
                    } else {
                        copy.children.insert(token.into(), Arc::new(left));
                    }
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
        self.children.is_empty() && self.any.is_none() && self.here.is_empty() && self.rest.is_empty()
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
}
