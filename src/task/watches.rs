//! Whom an actor watches or is linked to, and what it hears of their ends.
//!
//! Each side of a watch has its half, and both are written under the lock of the watcher's book:
//!
//! | half | where | taken off by |
//! |---|---|---|
//! | entry | the watcher's book, by the watched one's number | the watcher: when it hears of the end, withdraws the watch, or ends |
//! | seat in the audience | the watched one's `Ending`, by the watcher's number | the same, and the end of the watched one, which takes all |
//!
//! An end is told to the audience when the name is free and the reason is there. Whoever tells it looks for the entry: none
//! means that the watch was withdrawn, and one that has been told is told no more. So an end is heard once at most, and after
//! a withdrawal not at all. Whoever takes a seat looks at the task word after that, as those who wait for the end do: so it
//! is heard once at least.
//!
//! What has been told waits in the book until the runner finds NOTICED in the task word, that is before the next message.
//! It is no message: it isn't counted, nor in the mailbox, and keeps nobody alive. A [`checkup`](super::checkup) that is due is
//! called out by NOTICED as well.
//!
//! | the book is | what is told | left by |
//! |---|---|---|
//! | open | is heard before the next message | the runner, when nobody reaches the actor and its mailbox is empty; the end |
//! | sealed | is heard if somebody reaches the actor after all; what was told before is heard in any case | the same, the other way; the end |
//! | closed | is dropped: the actor is ending | – |
//!
//! An actor that is supervised and begins anew has not ended: those who watch it hear nothing. What the run that is over had
//! begun is over with it: its watches, and its links, which tell of the failure as of an end.
//!
//! A link is an entry in both books. Both locks are taken for it, that of the lower number first. An end that isn't orderly kills
//! the linked one, unless that one traps: it leaves the name of who ended in the book, which becomes the reason.
//!
//! Locks are taken in this order: books, then an `Ending`. No user code runs under them.

use std::collections::BTreeMap;
use std::ptr::NonNull;

use super::charge;
use super::hand;
use super::handle::{Strong, Weak};
use super::header::{self, Header, Side};
use super::identity::{ActorId, ActorInfo};
use super::reason::StopReason;
use super::run;
use super::state::Woken;
use crate::mailbox::ring::Duty;
use crate::sync::lock::MutexGuard;
use crate::sync::planted::{self, Mutant};
use crate::sync::unwind::guard;

/// What an actor knows of its watches.
#[derive(Debug, Default)]
pub(super) struct Watches {
    stage: Stage,
    /// Made for the first watch.
    book: Option<Box<Book>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Open,
    /// Only notices with lower numbers are heard.
    Sealed(u64),
    Closed,
}

/// The entries, and what has been told.
#[derive(Debug, Default)]
struct Book {
    entries: BTreeMap<Key, Entry>,
    /// The notices that wait, the oldest first, by who ended.
    told: BTreeMap<u64, Key>,
    /// The number of the next notice.
    next: u64,
    /// Whether links tell instead of killing.
    traps: bool,
    /// Whose end is this actor's.
    fate: Option<Box<ActorInfo>>,
}

/// One who is watched.
#[derive(Debug)]
struct Entry {
    target: Weak,
    watched: bool,
    linked: bool,
    notice: Option<Notice>,
}

/// What is heard of an end.
#[derive(Debug)]
struct Notice {
    number: u64,
    who: ActorInfo,
    reason: StopReason,
}

/// An actor in a book or an audience: by its number, so that a simulation goes through them in the same order again, and by
/// its address, because actors of other systems may have the same numbers.
type Key = (ActorId, usize);

/// An actor to be watched or linked to, by whatever reference: the memory is enough.
#[derive(Clone, Copy)]
pub(crate) struct Peer<'a>(&'a Header);

impl<'a> From<&'a Strong> for Peer<'a> {
    fn from(actor: &'a Strong) -> Self {
        Self(actor.header())
    }
}

impl<'a> From<&'a Weak> for Peer<'a> {
    fn from(actor: &'a Weak) -> Self {
        Self(actor.header())
    }
}

/// Those who hear of an end.
pub(super) type Audience = BTreeMap<Key, Weak>;

/// Why one hears of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bond {
    Watch,
    Link,
}

/// What telling an end has come to.
enum Told {
    Nothing,
    /// The runner has to look.
    Notice,
    /// It ends as well.
    Fate,
}

/// The same, said in the task word.
#[must_use = "the rest of it is to be done"]
pub(super) enum Deed {
    Nothing,
    Notice,
    Kill(Woken),
}

impl Told {
    /// Says it in the task word of whom it was told to.
    ///
    /// # Contract
    ///
    /// The caller still has the lock of that one's book: so it is said to the run that the book is of.
    fn enact(self, header: &Header) -> Deed {
        match self {
            Self::Nothing => Deed::Nothing,
            Self::Notice => {
                if !planted::is(Mutant::NoticeLost) {
                    header.far().state.notice();
                }
                Deed::Notice
            }
            Self::Fate => Deed::Kill(header.far().state.kill()),
        }
    }
}

impl Entry {
    fn set(&mut self, bond: Bond, whether: bool) {
        match bond {
            Bond::Watch => self.watched = whether,
            Bond::Link => self.linked = whether,
        }
    }

    /// Whether it is told of an end that doesn't kill it.
    fn hears(&self, traps: bool) -> bool {
        self.watched || (self.linked && traps)
    }
}

impl Watches {
    /// Notes that `own` has a bond with `target`, and seats it in the audience there.
    fn enter(&mut self, own: &Header, target: &Header, bond: Bond) {
        if self.stage == Stage::Closed {
            return;
        }
        let book = self.book.get_or_insert_default();
        let entry = book.entries.entry(key(target)).or_insert_with(|| {
            header::side(target).ending.lock().audience.insert(key(own), weak(own));
            Entry { target: weak(target), watched: false, linked: false, notice: None }
        });
        entry.set(bond, true);
    }

    /// Ends a bond. What is returned is dropped without the lock.
    fn withdraw(&mut self, own: &Header, target: &Header, bond: Bond) -> Option<(Entry, Option<Weak>)> {
        let book = self.book.as_mut()?;
        let traps = book.traps;
        let entry = book.entries.get_mut(&key(target))?;
        entry.set(bond, false);
        let stays = if entry.notice.is_some() { entry.hears(traps) } else { entry.watched || entry.linked };
        if stays || (entry.notice.is_some() && planted::is(Mutant::NoticeKept)) {
            return None;
        }
        self.strike(own, target)
    }

    /// Takes an entry out, with what belongs to it. What is returned is dropped without the lock.
    fn strike(&mut self, own: &Header, target: &Header) -> Option<(Entry, Option<Weak>)> {
        let book = self.book.as_mut()?;
        let entry = book.entries.remove(&key(target))?;
        let seat = match &entry.notice {
            Some(notice) => {
                book.told.remove(&notice.number);
                None
            }
            None => leave(own, target),
        };
        Some((entry, seat))
    }

    /// Whether a notice of this one waits to be heard.
    fn is_told_of(&self, target: &Header) -> bool {
        let entry = self.book.as_ref().and_then(|book| book.entries.get(&key(target)));
        entry.is_some_and(|entry| entry.notice.is_some())
    }

    /// Tells of an end. What is returned beside is dropped without the lock.
    fn tell(&mut self, ended: Key, who: ActorInfo, reason: StopReason) -> (Told, Option<Entry>) {
        let Some(book) = self.book.as_mut() else { return (Told::Nothing, None) };
        let traps = book.traps;
        let Some(entry) = book.entries.get_mut(&ended) else { return (Told::Nothing, None) };
        if entry.linked && !traps && !reason.is_orderly() {
            // Also one that was linked between its notice and the hearing of it.
            if let Some(notice) = &entry.notice {
                book.told.remove(&notice.number);
            }
            book.fate.get_or_insert_with(|| Box::new(who));
            return (Told::Fate, book.entries.remove(&ended));
        }
        if entry.notice.is_some() {
            return (Told::Nothing, None);
        }
        if !entry.hears(traps) {
            return (Told::Nothing, book.entries.remove(&ended));
        }
        let number = book.next;
        book.next += 1;
        entry.notice = Some(Notice { number, who, reason });
        book.told.insert(number, ended);
        (if self.stage == Stage::Open { Told::Notice } else { Told::Nothing }, None)
    }

    /// Ends the link of `own` with one that has failed and may begin anew: as if that had ended, but for a watch, which stays unless
    /// it is used up by a notice. What is returned beside is dropped without the lock.
    fn break_link(
        &mut self,
        own: &Header,
        failed: &Header,
        reason: &StopReason,
    ) -> (Told, Option<(Entry, Option<Weak>)>) {
        let ended = key(failed);
        let is_linked = self.book.as_ref().and_then(|book| book.entries.get(&ended)).is_some_and(|entry| entry.linked);
        if !is_linked {
            return (Told::Nothing, None);
        }
        let traps = self.book.as_ref().is_some_and(|book| book.traps);
        if traps || !reason.is_orderly() {
            let (told, entry) = self.tell(ended, header::info(failed), reason.clone());
            let seat = leave(own, failed);
            return (told, entry.map(|entry| (entry, seat)));
        }
        (Told::Nothing, self.withdraw(own, failed, Bond::Link))
    }

    /// The number of the oldest notice that may be heard.
    fn first(&self) -> Option<u64> {
        let (&first, _) = self.book.as_ref()?.told.first_key_value()?;
        match self.stage {
            Stage::Open => Some(first),
            Stage::Sealed(end) => (first < end).then_some(first),
            Stage::Closed => None,
        }
    }
}

/// The watches of the actor whose context the caller has.
impl Weak {
    /// Hears of the end of `target`, once. Nothing if that is this actor, or if this one is ending.
    pub(crate) fn watch(&self, target: Peer<'_>) {
        let (own, target) = (self.header(), target.0);
        if is_same(own, target) || is_ending(own) {
            return;
        }
        books(own).enter(own, target, Bond::Watch);
        look(own, target);
    }

    /// Hears no more of it.
    pub(crate) fn unwatch(&self, target: Peer<'_>) {
        let (own, target) = (self.header(), target.0);
        if header::known_side(own).is_none() {
            return;
        }
        let withdrawn = books(own).withdraw(own, target, Bond::Watch);
        drop(withdrawn);
    }

    /// From now on neither of the two outlives the other's failure.
    pub(crate) fn link(&self, other: Peer<'_>) {
        let (own, other) = (self.header(), other.0);
        if is_same(own, other) || is_ending(own) {
            return;
        }
        let other_ends = is_ending(other);
        let (mut mine, mut theirs) = both_books(own, other);
        if mine.stage != Stage::Closed {
            mine.enter(own, other, Bond::Link);
            // With a notice that waits it is over before it has begun.
            if !other_ends && !mine.is_told_of(other) {
                theirs.enter(other, own, Bond::Link);
            }
        }
        drop((mine, theirs));
        // Its seat is seen by our end, which is yet to come: the other one needn't look.
        let _ = own.far().state.watch();
        look(own, other);
    }

    /// Takes a link back, on both sides.
    pub(crate) fn unlink(&self, other: Peer<'_>) {
        let (own, other) = (self.header(), other.0);
        if is_same(own, other) || header::known_side(own).is_none() {
            return;
        }
        let (mut mine, mut theirs) = both_books(own, other);
        let withdrawn = (mine.withdraw(own, other, Bond::Link), theirs.withdraw(other, own, Bond::Link));
        drop((mine, theirs));
        drop(withdrawn);
    }

    /// Whether links tell instead of killing, from now on.
    pub(crate) fn set_traps(&self, traps: bool) {
        if is_ending(self.header()) {
            return;
        }
        let mut watches = books(self.header());
        if watches.stage != Stage::Closed {
            watches.book.get_or_insert_default().traps = traps;
        }
    }

    /// Tells this actor of an end.
    fn tell_end(&self, ended: Key, who: ActorInfo, reason: StopReason) {
        let header = self.header();
        let Some(side) = header::known_side(header) else { return };
        let mut watches = side.watches.lock();
        let (told, heard) = watches.tell(ended, who, reason);
        let deed = told.enact(header);
        drop(watches);
        self.follow_up(deed);
        drop(heard);
    }

    /// Does the rest of it, without the lock.
    pub(super) fn follow_up(&self, deed: Deed) {
        let header = self.header();
        match deed {
            Deed::Nothing => {}
            Deed::Notice => {
                if header.nudge() == Duty::Schedule {
                    // SAFETY: the nudge handed the right to us.
                    unsafe { hand::schedule(NonNull::from(header)) };
                }
            }
            Deed::Kill(woken) if header.terms().is_ward() => charge::call_for_kill(header, woken),
            Deed::Kill(woken) => {
                if woken == Woken::Schedule {
                    // SAFETY: the transition handed the right to us.
                    unsafe { hand::schedule(NonNull::from(header)) };
                }
                self.stop();
            }
        }
    }

    /// How many it watches or is linked to, how many notices wait for it, and how many hear of its own end.
    #[cfg(corecast_loom)]
    pub(crate) fn bonds(&self) -> (usize, usize, usize) {
        let Some(side) = header::known_side(self.header()) else { return (0, 0, 0) };
        let watches = side.watches.lock();
        let (entries, told) = watches.book.as_ref().map_or((0, 0), |book| (book.entries.len(), book.told.len()));
        let audience = side.ending.lock().audience.len();
        (entries, told, audience)
    }
}

/// Tells the audience of the end of this task, which is announced. Called by the runner.
pub(super) fn tell_audience(header: &Header, side: &Side, verdict: u8) {
    let audience = std::mem::take(&mut side.ending.lock().audience);
    if audience.is_empty() {
        return;
    }
    let (who, reason) = (header::info(header), run::reason_of(header, verdict));
    for watcher in audience.into_values() {
        // UNWIND: the reason may hold the last of a user's error.
        let _ = guard(|| watcher.tell_end(key(header), who.clone(), reason.clone()));
    }
}

/// The oldest notice that waits. Called by the runner.
pub(super) fn take(header: &Header) -> Option<(ActorInfo, StopReason)> {
    let state = &header.far().state;
    state.heed();
    let mut watches = header::known_side(header)?.watches.lock();
    let number = watches.first()?;
    let book = watches.book.as_mut()?;
    let ended = book.told.remove(&number)?;
    let entry = book.entries.remove(&ended);
    if watches.first().is_some() {
        state.notice();
    }
    drop(watches);
    let Entry { notice, .. } = entry?;
    let Notice { who, reason, .. } = notice?;
    Some((who, reason))
}

/// Whose end is this actor's, if that is why it was killed. Called by the runner.
pub(super) fn fate(header: &Header) -> Option<Box<ActorInfo>> {
    header::known_side(header)?.watches.lock().book.as_mut()?.fate.take()
}

/// Seals the book: what is told from now on waits until somebody reaches the actor. Returns whether anything that was told
/// before waits; then NOTICED has been seen to. Called by the runner.
#[cold]
pub(super) fn seal(header: &Header) -> bool {
    let Some(side) = header::known_side(header) else { return false };
    let mut watches = side.watches.lock();
    if watches.stage == Stage::Open {
        watches.stage = Stage::Sealed(watches.book.as_ref().map_or(0, |book| book.next));
    }
    let holds = watches.first().is_some();
    drop(watches);
    if holds {
        header.far().state.notice();
    }
    holds
}

/// Opens a book that was sealed. Called by the runner.
#[cold]
pub(super) fn unseal(header: &Header) {
    let Some(side) = header::known_side(header) else { return };
    let mut watches = side.watches.lock();
    if !matches!(watches.stage, Stage::Sealed(_)) {
        return;
    }
    watches.stage = Stage::Open;
    let holds = watches.first().is_some();
    drop(watches);
    if holds {
        header.far().state.notice();
    }
}

/// Takes all entries back, and leaves all audiences: the run is over that had begun these watches and links. Those who are
/// linked share its fate, if the `reason` isn't orderly. Called by the runner.
///
/// Others may take up a link meanwhile. That is with the run that is over, and is taken back with its entry, in both books at
/// once; or with the next one, and stays in both.
#[cold]
pub(super) fn forget(header: &Header, reason: &StopReason) {
    let Some(side) = header::known_side(header) else { return };
    let targets: Vec<_> = match &side.watches.lock().book {
        Some(book) => book.entries.values().map(|entry| entry.target.clone()).collect(),
        None => return,
    };
    for target in targets {
        let other = target.header();
        let (mut mine, mut theirs) = both_books(header, other);
        let struck = mine.strike(header, other);
        let is_linked = struck.as_ref().is_some_and(|(entry, _)| entry.linked);
        let (told, broken) = if is_linked { theirs.break_link(other, header, reason) } else { (Told::Nothing, None) };
        let deed = told.enact(other);
        drop((mine, theirs));
        target.follow_up(deed);
        // UNWIND: a reason may hold the last of a user's error.
        let _ = guard(|| drop((struck, broken)));
    }
    let mut watches = side.watches.lock();
    let Some(book) = watches.book.as_mut() else { return };
    (book.traps, book.fate) = (false, None);
    if book.entries.is_empty() {
        watches.book = None;
    }
}

/// Closes the book, and leaves all audiences. Called by the runner.
pub(super) fn close(header: &Header) {
    let Some(side) = header::known_side(header) else { return };
    let mut watches = side.watches.lock();
    watches.stage = Stage::Closed;
    let Some(book) = watches.book.take() else { return };
    drop(watches);
    for entry in book.entries.into_values() {
        if entry.notice.is_none() {
            drop(leave(header, entry.target.header()));
        }
        // UNWIND: the reason may hold the last of a user's error.
        let _ = guard(|| drop(entry));
    }
}

/// What is to be done after a seat was taken: the end may have come before.
fn look(own: &Header, target: &Header) {
    // RECHECK: so it sees the seat, or we see the end.
    if target.far().state.watch().ended().is_none() {
        return;
    }
    let Some(verdict) = target.far().state.verdict() else { return };
    // If the end has seen the seat, it tells us, too: whoever comes first.
    drop(leave(own, target));
    weak(own).tell_end(key(target), header::info(target), run::reason_of(target, verdict));
}

/// Leaves the audience of `target`.
fn leave(own: &Header, target: &Header) -> Option<Weak> {
    header::known_side(target)?.ending.lock().audience.remove(&key(own))
}

fn books(header: &Header) -> MutexGuard<'_, Watches> {
    header::side(header).watches.lock()
}

/// The books of two actors, which aren't the same. An actor has its number before anybody can refer to it.
fn both_books<'a>(own: &'a Header, other: &'a Header) -> (MutexGuard<'a, Watches>, MutexGuard<'a, Watches>) {
    if key(own) < key(other) {
        let mine = books(own);
        (mine, books(other))
    } else {
        let theirs = books(other);
        (books(own), theirs)
    }
}

/// Whether the task is in its last phases, as far as that isn't to be seen from its book, for it has none: nothing is left in
/// its mailbox, nor will be.
fn is_ending(header: &Header) -> bool {
    header::known_side(header).is_none() && header.is_closed() && header.len() == 0
}

/// Another reference to the memory.
fn weak(header: &Header) -> Weak {
    header::retain(header);
    Weak::from_retained(NonNull::from(header))
}

fn key(header: &Header) -> Key {
    (header::id(header), std::ptr::from_ref(header).addr())
}

fn is_same(one: &Header, other: &Header) -> bool {
    std::ptr::eq(one, other)
}
