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
pub(super) type Chunk<M> = Arc<[Entry<M>]>;

/// The list.
pub(super) struct Members<M: Message> {
    /// All but the last member. None is empty; numbers grow from each to the next.
    chunks: Vec<Chunk<M>>,
    /// The last one, by itself: it gets the event and not a clone of it, and where it is the only one no chunk is looked at.
    last: Option<Entry<M>>,
    /// How many have a filter.
    filters: usize,
    /// Publishers take the topic's lock and look again.
    by_turns: bool,
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
        let (last, others) = match members.split_last() {
            Some((last, others)) => (Some(Entry::new(last)), others),
            None => (None, members),
        };
        let chunks = others.chunks(CHUNK).map(|chunk| chunk.iter().map(Entry::new).collect()).collect();
        let filters = members.iter().filter(|member| member.filter.is_some()).count();
        Self { chunks, last, filters, by_turns: false }
    }

    /// The same members, for publishers who take the lock, or don't.
    pub(super) fn by_turns(&self, by_turns: bool) -> Self {
        Self { chunks: self.chunks.clone(), last: self.last.clone(), by_turns, ..*self }
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
        let last = match &self.last {
            None => entry,
            Some(last) if last.number < member.id => {
                insert(&mut chunks, last.clone());
                entry
            }
            Some(last) => {
                insert(&mut chunks, entry);
                last.clone()
            }
        };
        Self { chunks, last: Some(last), filters, ..*self }
    }

    /// The list without the member of this number; none if it isn't there.
    pub(super) fn without(&self, id: u64) -> Option<Self> {
        let last = self.last.as_ref()?;
        let mut chunks = self.chunks.clone();
        let (last, gone) = if last.number == id {
            let next = chunks.last().and_then(|chunk| chunk.last()).map(|next| next.number);
            (next.and_then(|next| remove(&mut chunks, next)), last.clone())
        } else {
            (Some(last.clone()), remove(&mut chunks, id)?)
        };
        let filters = self.filters - usize::from(gone.member().filter.is_some());
        Some(Self { chunks, last, filters, ..*self })
    }

    /// The last member, and those before it; none if there is none.
    #[inline(always)]
    pub(super) fn split_last(&self) -> Option<(&Entry<M>, &[Chunk<M>])> {
        Some((self.last.as_ref()?, &self.chunks))
    }

    pub(super) fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.len()).sum::<usize>() + usize::from(self.last.is_some())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Member<M>>> {
        self.chunks.iter().flat_map(|chunk| chunk.iter()).chain(&self.last).map(Entry::member)
    }
}

/// Puts an entry to its place.
fn insert<M: Message>(chunks: &mut Vec<Chunk<M>>, entry: Entry<M>) {
    let at = chunks.partition_point(|chunk| chunk.last().is_some_and(|last| last.number < entry.number));
    // At the end, the last chunk is filled; elsewhere the chunk is in which the next number is.
    let filled = if at == chunks.len() { chunks.last().filter(|last| last.len() < CHUNK) } else { chunks.get(at) };
    let Some(chunk) = filled else {
        return chunks.push(Arc::new([entry]));
    };
    let place = chunk.partition_point(|other| other.number < entry.number);
    let mut longer = Vec::with_capacity(chunk.len() + 1);
    longer.extend_from_slice(&chunk[..place]);
    longer.push(entry);
    longer.extend_from_slice(&chunk[place..]);
    let at = at.min(chunks.len() - 1);
    if longer.len() > CHUNK {
        let upper = longer.split_off(CHUNK / 2);
        chunks.insert(at + 1, upper.into());
    }
    chunks[at] = longer.into();
}

/// Takes the entry of this number out, if it is there.
fn remove<M: Message>(chunks: &mut Vec<Chunk<M>>, id: u64) -> Option<Entry<M>> {
    let at = chunks.partition_point(|chunk| chunk.last().is_some_and(|last| last.number < id));
    let chunk = chunks.get(at)?;
    let place = chunk.binary_search_by_key(&id, |entry| entry.number).ok()?;
    let entry = chunk[place].clone();
    if chunk.len() == 1 {
        drop(chunks.remove(at));
    } else {
        chunks[at] = [&chunk[..place], &chunk[place + 1..]].concat().into();
    }
    Some(entry)
}
