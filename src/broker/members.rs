//! The immutable list of a topic's subscriptions, in the order in which they were made.
//!
//! A list is copied for each change, so it is kept in chunks that the copies share: a change copies one chunk and the
//! list of chunks.

use super::Event;
use super::member::Member;
use crate::sync::Arc;

/// How many members a chunk holds at most: some tens of thousands of members make lists of a few hundred chunks.
const CHUNK: usize = 64;

/// A member beside its number, so that a search doesn't touch it.
pub(super) type Numbered<M> = (u64, Arc<Member<M>>);

/// The list.
pub(super) struct Members<M: Event> {
    /// None is empty; numbers grow from each to the next.
    chunks: Vec<Arc<Vec<Numbered<M>>>>,
}

impl<M: Event> Members<M> {
    /// `members` in the order of their numbers.
    pub(super) fn new(members: &[Arc<Member<M>>]) -> Self {
        let number = |member: &Arc<Member<M>>| (member.id, Arc::clone(member));
        Self { chunks: members.chunks(CHUNK).map(|chunk| Arc::new(chunk.iter().map(number).collect())).collect() }
    }

    /// The list with `member`, whose number is the highest, at its end.
    pub(super) fn with(&self, member: &Arc<Member<M>>) -> Self {
        let mut chunks = self.chunks.clone();
        let numbered = (member.id, Arc::clone(member));
        match chunks.last_mut() {
            Some(last) if last.len() < CHUNK => {
                let mut longer = Vec::with_capacity(last.len() + 1);
                longer.extend(last.iter().cloned());
                longer.push(numbered);
                *last = Arc::new(longer);
            }
            _ => chunks.push(Arc::new(vec![numbered])),
        }
        Self { chunks }
    }

    /// The list without the member of this number; none if it isn't there.
    pub(super) fn without(&self, id: u64) -> Option<Self> {
        let at = self.chunks.partition_point(|chunk| chunk.last().is_some_and(|(last, _)| *last < id));
        let chunk = self.chunks.get(at)?;
        let place = chunk.binary_search_by_key(&id, |(number, _)| *number).ok()?;
        let mut chunks = self.chunks.clone();
        if chunk.len() == 1 {
            drop(chunks.remove(at));
        } else {
            let mut shorter = Vec::with_capacity(chunk.len() - 1);
            shorter.extend_from_slice(&chunk[..place]);
            shorter.extend_from_slice(&chunk[place + 1..]);
            chunks[at] = Arc::new(shorter);
        }
        Some(Self { chunks })
    }

    /// The members, chunk by chunk.
    #[inline(always)]
    pub(super) fn chunks(&self) -> impl Iterator<Item = &[Numbered<M>]> {
        self.chunks.iter().map(|chunk| chunk.as_slice())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Member<M>>> {
        self.chunks.iter().flat_map(|chunk| chunk.iter().map(|(_, member)| member))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }
}
