//! The immutable list of a topic's subscriptions, in the order in which they were made.
//!
//! A list is copied for each change, so it is kept in chunks that the copies share: a change copies one chunk and the
//! list of chunks.
//!
//! Beside each member is a [shortcut](Shortcut) to its actor. Where all there is to do with an event is to send it, publishers take
//! that and don't touch the member, which is two cache lines or three. It is opened by the first publisher who finds that the
//! subscribing is over; a list is immutable but for that.
//!
//! A list says, too, whether publishers may use it as it is, and whether any of the members has a filter. So nobody reads one
//! without the other.

use super::member::{Member, Offered};
use crate::actor::Message;
use crate::actor::letter::Told;
use crate::sync::Arc;
use crate::task::post::Patience;
use crate::task::typed::Shortcut;

/// How many members a chunk holds at most: some tens of thousands of members make lists of a few hundred chunks.
const CHUNK: usize = 64;

/// A member, and beside it what most searches and publishers need of it: they don't touch it.
pub(super) struct Entry<M: Message> {
    number: u64,
    /// Open if all there is to do with an event is to send it: no filter is asked, nothing is shed, and no event has to wait
    /// behind others any more.
    member: Shortcut<Member<M>, Told<M>>,
}

/// Some members in a row.
pub(super) type Chunk<M> = Arc<Vec<Entry<M>>>;

/// The list.
pub(super) struct Members<M: Message> {
    /// None is empty; numbers grow from each to the next.
    chunks: Vec<Chunk<M>>,
    /// How many have a filter.
    filters: usize,
    /// Publishers take the topic's lock and look again.
    by_turns: bool,
}

/// A list that isn't empty, in three parts.
pub(super) struct Split<'a, M: Message> {
    /// The chunks before the last one.
    pub(super) chunks: &'a [Chunk<M>],
    /// The last chunk, but for its last member.
    pub(super) rest: &'a [Entry<M>],
    pub(super) last: &'a Entry<M>,
}

impl<M: Message> Entry<M> {
    fn new(member: &Arc<Member<M>>) -> Self {
        let shortcut = Shortcut::new(Arc::clone(member), |member| member.plain_ways());
        if member.behind.is_open_for_good() {
            shortcut.open();
        }
        Self { number: member.id, member: shortcut }
    }

    #[inline(always)]
    pub(super) fn member(&self) -> &Arc<Member<M>> {
        self.member.value()
    }

    /// Delivers an event, as far as that can be done now, without asking for a filter.
    #[inline(always)]
    pub(super) fn offer(&self, event: M) -> Offered<M> {
        match self.member.post(Told(event), Patience::Wait) {
            Ok(posted) => posted.into(),
            Err(Told(event)) => self.offer_by_member(event),
        }
    }

    /// The same where there may be more to do; next time, perhaps, there won't.
    #[inline(never)]
    fn offer_by_member(&self, event: M) -> Offered<M> {
        let member = self.member();
        if member.behind.is_open_for_good() {
            self.member.open();
        }
        member.offer(event)
    }
}

impl<M: Message> Clone for Entry<M> {
    fn clone(&self) -> Self {
        Self { number: self.number, member: self.member.clone() }
    }
}

impl<M: Message> Members<M> {
    /// `members` in the order of their numbers.
    pub(super) fn new(members: &[Arc<Member<M>>]) -> Self {
        let chunks = members.chunks(CHUNK).map(|chunk| Arc::new(chunk.iter().map(Entry::new).collect())).collect();
        let filters = members.iter().filter(|member| member.filter.is_some()).count();
        Self { chunks, filters, by_turns: false }
    }

    /// The same members, for publishers who take the lock, or don't.
    pub(super) fn by_turns(&self, by_turns: bool) -> Self {
        Self { chunks: self.chunks.clone(), by_turns, ..*self }
    }

    /// Whether publishers take the lock.
    #[inline(always)]
    pub(super) fn is_by_turns(&self) -> bool {
        self.by_turns
    }

    /// Whether publishers may give an event to all members at once.
    #[inline(always)]
    pub(super) fn is_plain(&self) -> bool {
        !self.by_turns && self.filters == 0
    }

    /// The list with `member` at its place: the end, unless one with a higher number was faster.
    pub(super) fn with(&self, member: &Arc<Member<M>>) -> Self {
        let mut chunks = self.chunks.clone();
        let filters = self.filters + usize::from(member.filter.is_some());
        let entry = Entry::new(member);
        let at = chunks.partition_point(|chunk| chunk.last().is_some_and(|last| last.number < member.id));
        // At the end, the last chunk is filled; elsewhere the chunk is in which the next number is.
        let filled = if at == chunks.len() { chunks.last().filter(|last| last.len() < CHUNK) } else { chunks.get(at) };
        let Some(chunk) = filled else {
            chunks.push(Arc::new(vec![entry]));
            return Self { chunks, filters, ..*self };
        };
        let place = chunk.partition_point(|entry| entry.number < member.id);
        let mut longer = Vec::with_capacity(chunk.len() + 1);
        longer.extend_from_slice(&chunk[..place]);
        longer.push(entry);
        longer.extend_from_slice(&chunk[place..]);
        let at = at.min(chunks.len() - 1);
        if longer.len() > CHUNK {
            let upper = longer.split_off(CHUNK / 2);
            chunks.insert(at + 1, Arc::new(upper));
        }
        chunks[at] = Arc::new(longer);
        Self { chunks, filters, ..*self }
    }

    /// The list without the member of this number; none if it isn't there.
    pub(super) fn without(&self, id: u64) -> Option<Self> {
        let at = self.chunks.partition_point(|chunk| chunk.last().is_some_and(|last| last.number < id));
        let chunk = self.chunks.get(at)?;
        let place = chunk.binary_search_by_key(&id, |entry| entry.number).ok()?;
        let filters = self.filters - usize::from(chunk[place].member().filter.is_some());
        let mut chunks = self.chunks.clone();
        if chunk.len() == 1 {
            drop(chunks.remove(at));
        } else {
            let mut shorter = Vec::with_capacity(chunk.len() - 1);
            shorter.extend_from_slice(&chunk[..place]);
            shorter.extend_from_slice(&chunk[place + 1..]);
            chunks[at] = Arc::new(shorter);
        }
        Some(Self { chunks, filters, ..*self })
    }

    /// The last member, and those before it; none if there is none.
    #[inline(always)]
    pub(super) fn split_last(&self) -> Option<Split<'_, M>> {
        let (chunk, chunks) = self.chunks.split_last()?;
        let (last, rest) = chunk.split_last()?;
        Some(Split { chunks, rest, last })
    }

    pub(super) fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.len()).sum()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Member<M>>> {
        self.chunks.iter().flat_map(|chunk| chunk.iter().map(Entry::member))
    }
}
