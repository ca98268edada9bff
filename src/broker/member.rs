//! A subscription as publishers see it: where its events go, and what happens when there is no room.
//!
//! # The token
//!
//! `DropOldest` and `Latest` keep events in a queue, and one token in the mailbox stands for all of them. The word
//! `token` says whether it is out; whoever turns it from in to out holds it.
//!
//! | step | who | does |
//! |---|---|---|
//! | push | any publisher | pushes, displacing the oldest; then `claim`: takes the token if it is in |
//! | claimed | the holder | events there: sends the token. None: `release`, since somebody has taken the event already |
//! | take | the runner, with the token from the mailbox | pops one event |
//! | pass on | the same | events there: sends the token again. None: `release` |
//! | release | the holder | puts the token in, and looks again: a push may have come before that |
//!
//! No event is left without a token: a push is followed by a claim, a read-modify-write of the word that a release
//! changes as well. If the claim comes first, the look behind the release sees the event; if it comes second, it takes
//! the token.
//!
//! Who may not send to the actor doesn't push, whether the token is out or not. What was pushed is accepted: its token
//! passes the gate of a shutdown that has begun since. A mailbox that has been closed since refuses the token. The
//! runner puts it aside then (see [`delivery`](crate::actor::delivery)); a publisher sheds what is left, and releases it.
//!
//! A token (or a retained event) for which the mailbox has no room waits in line. Whoever makes room places it; what
//! waits is kept here until then, and woken to be let go of.

use std::collections::VecDeque;
use std::fmt;
use std::task::{Context, Wake, Waker};

use super::behind::Behind;
use super::error::BadRoom;
use super::overflow::Overflow;
use super::subscription::Tally;
use crate::actor::Message;
use crate::actor::delivery::{Delivery, Source, Token, Ways, WeakWays};
use crate::actor::letter::Told;
use crate::actor::recipient::Recipient;
use crate::mailbox::waiters::Refused;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::garbage::{Careful, discard};
use crate::sync::lock::Mutex;
use crate::sync::planted::{self, Mutant};
use crate::sync::recent::Recent;
use crate::sync::unwind::guard;
use crate::task::identity::ActorInfo;
use crate::task::post::{Patience, Posted, Waiting};

/// What a subscription lets through.
pub(super) type Filter<M> = Box<dyn Fn(&M) -> bool + Send + Sync>;

/// A subscription, in the lists of the topics that it matches.
pub(super) struct Member<M: Message> {
    pub(super) id: u64,
    pub(super) route: Route<M>,
    pub(super) filter: Option<Filter<M>>,
    pub(super) policy: Policy<M>,
    pub(super) tally: Arc<Tally>,
    /// What waits until retained events have come.
    pub(super) behind: Behind<M>,
    /// What waits in the mailbox's line on this subscription's behalf.
    pub(super) parked: Mutex<VecDeque<Parked<M>>>,
}

/// How the actor is reached.
pub(super) enum Route<M: Message> {
    /// It is kept alive.
    Strong(Ways<M>),
    /// It isn't.
    Weak(WeakWays<M>),
}

/// What is done with events.
pub(super) enum Policy<M> {
    /// They wait for room.
    Wait,
    /// They are shed if there is none.
    DropNewest,
    /// They wait elsewhere.
    Ring(Box<Ring<M>>),
}

/// Events that wait outside of the mailbox.
pub(super) struct Ring<M> {
    events: Recent<M>,
    /// Whether the token is out. See the module's documentation.
    token: AtomicBool,
}

/// What waits in line, unpolled.
pub(super) enum Parked<M: Message> {
    Token(Waiting<Delivery<M>>),
    Event(Waiting<Told<M>>),
}

/// What became of an event at one subscription.
#[must_use = "a waiting event is withdrawn when it is dropped"]
pub(super) enum Offered<M: Message> {
    /// It has its place.
    Reached,
    /// It has its place, and displaced another.
    Displaced,
    /// There was no room.
    Shed,
    /// The actor takes no more messages.
    Gone,
    /// It waits for room.
    Waiting(Waiting<Told<M>>),
}

impl<M: Message> From<Posted<Told<M>>> for Offered<M> {
    /// What became of an event that waits for room.
    #[inline(always)]
    fn from(posted: Posted<Told<M>>) -> Self {
        match posted {
            Posted::Accepted => Self::Reached,
            Posted::Waiting(waiting) => Self::Waiting(waiting),
            Posted::Refused(told, _) => {
                discard(told);
                Self::Gone
            }
        }
    }
}

impl<M> Policy<M> {
    /// What `overflow` asks for.
    ///
    /// # Errors
    ///
    /// If it keeps no event, or too many.
    pub(super) fn of(overflow: Overflow) -> Result<Self, BadRoom> {
        Ok(match (overflow.room()?, overflow) {
            (Some(room), _) => Self::Ring(Box::new(Ring::new(room))),
            (None, Overflow::DropNewest) => Self::DropNewest,
            (None, _) => Self::Wait,
        })
    }
}

impl<M> Ring<M> {
    pub(super) fn new(room: usize) -> Self {
        Self { events: Recent::new(room), token: AtomicBool::new(false) }
    }

    /// Takes the token for an event that was pushed. False: there is nothing to do.
    fn claim(&self) -> bool {
        self.take_token() && self.keep_or_release()
    }

    /// Turns the token from in to out. False: it is out.
    fn take_token(&self) -> bool {
        // ORDERING: AcqRel; Release shows our push to whoever releases the token after this, Acquire shows us what the
        // last holder popped.
        !self.token.swap(true, Ordering::AcqRel)
    }

    /// Gives the token up when there are no events. True: there are some, and the caller holds the token.
    fn keep_or_release(&self) -> bool {
        loop {
            if !self.events.is_empty() {
                return true;
            }
            if planted::is(Mutant::TokenKept) {
                return false;
            }
            // ORDERING: AcqRel; Release shows our pops to the next holder, Acquire shows us the pushes of those whose
            // claims found the token out.
            self.token.swap(false, Ordering::AcqRel);
            // RECHECK: a push may have come before the token was in.
            if !self.events.is_empty() && self.take_token() {
                continue;
            }
            return false;
        }
    }
}

impl<M: Message> Member<M> {
    /// Whether the filter lets `event` through. One that panics doesn't, and the event counts as missed.
    #[inline(always)]
    pub(super) fn wants(&self, event: &M) -> bool {
        match &self.filter {
            None => true,
            Some(filter) => self.ask(filter, event),
        }
    }

    fn ask(&self, filter: &Filter<M>, event: &M) -> bool {
        // UNWIND: nothing has been done for this subscription yet.
        guard(|| filter(event)).unwrap_or_else(|_| {
            self.tally.not_asked();
            false
        })
    }

    /// The ways to the actor, if all there is to do with an event is to send it as soon as nothing is held up.
    pub(super) fn plain_ways(&self) -> Option<&Ways<M>> {
        match (&self.route, &self.policy, &self.filter) {
            (Route::Strong(ways), Policy::Wait, None) => Some(ways),
            _ => None,
        }
    }

    /// Delivers an event, as far as that can be done now.
    #[inline(always)]
    pub(super) fn offer(self: &Arc<Self>, event: M) -> Offered<M> {
        if !self.behind.is_open() {
            return self.offer_behind(event);
        }
        self.offer_now(event)
    }

    #[cold]
    fn offer_behind(self: &Arc<Self>, event: M) -> Offered<M> {
        match self.behind.queue(event) {
            Some(event) => self.offer_now(event),
            None => Offered::Reached,
        }
    }

    #[inline(always)]
    fn offer_now(self: &Arc<Self>, event: M) -> Offered<M> {
        match &self.route {
            Route::Strong(ways) => self.offer_by(ways, event),
            Route::Weak(ways) => match ways.upgrade() {
                Some(ways) => self.offer_by(&ways, event),
                None => Offered::Gone,
            },
        }
    }

    #[inline(always)]
    fn offer_by(self: &Arc<Self>, ways: &Ways<M>, event: M) -> Offered<M> {
        match &self.policy {
            Policy::Wait => ways.post_first(Told(event), Patience::Wait).into(),
            Policy::DropNewest => self.offer_or_shed(ways, event),
            Policy::Ring(ring) => self.put(ways, ring, event),
        }
    }

    fn offer_or_shed(&self, ways: &Ways<M>, event: M) -> Offered<M> {
        let missed = self.tally.take_unreported();
        let refused = if missed == 0 {
            match ways.post_first(Told(event), Patience::Try) {
                Posted::Refused(told, refused) => {
                    discard(told);
                    refused
                }
                Posted::Accepted | Posted::Waiting(_) => return Offered::Reached,
            }
        } else {
            match ways.post_third(Delivery::After(event, missed), Patience::Try) {
                Posted::Refused(delivery, refused) => {
                    discard(delivery);
                    refused
                }
                Posted::Accepted | Posted::Waiting(_) => return Offered::Reached,
            }
        };
        self.tally.not_reported(missed);
        if refused == Refused::Full {
            self.tally.shed(1);
            Offered::Shed
        } else {
            Offered::Gone
        }
    }

    fn put(self: &Arc<Self>, ways: &Ways<M>, ring: &Ring<M>, event: M) -> Offered<M> {
        // Before the push: while the token is out, nobody asks the mailbox.
        if !ways.strong().admits() {
            discard(event);
            return Offered::Gone;
        }
        let displaced = ring.events.force_push(event).map(Careful::new);
        if displaced.is_some() {
            self.tally.shed(1);
        }
        if ring.claim() {
            // A mailbox that was closed since: what the queue has is shed, as if displaced.
            drop(self.send_token(ways));
        }
        if displaced.is_some() { Offered::Displaced } else { Offered::Reached }
    }

    /// Sends the token, which the caller holds. It comes back if the mailbox takes no more; dropping it then sheds
    /// what is left. A gate that is held lets it pass: it stands for others' events as well, and all were let in.
    fn send_token(self: &Arc<Self>, ways: &Ways<M>) -> Option<Delivery<M>> {
        let token = Delivery::Token(Token::new(Arc::clone(self) as Arc<dyn Source<M>>));
        match ways.post_third(token, Patience::Pass) {
            Posted::Accepted => None,
            Posted::Waiting(waiting) => {
                self.park(Parked::Token(waiting));
                None
            }
            Posted::Refused(token, _) => Some(token),
        }
    }

    /// Delivers a retained event, or one that came behind it. It waits for room if it must, but nobody waits for it; so
    /// it counts as shed if its actor takes no more.
    pub(super) fn offer_first(self: &Arc<Self>, event: M) {
        match self.offer_now(event) {
            Offered::Waiting(waiting) => self.park(Parked::Event(waiting)),
            Offered::Gone => self.tally.shed(1),
            Offered::Reached | Offered::Displaced | Offered::Shed => {}
        }
    }

    /// The subscribing, or a retained event, holds other events up no more.
    pub(super) fn has_come(self: &Arc<Self>) {
        while let Some(event) = self.behind.next_or_open() {
            self.offer_first(event);
        }
    }

    /// Keeps what waits in line until it waits no more.
    fn park(self: &Arc<Self>, mut waiting: Parked<M>) {
        let waker = Waker::from(Arc::clone(self));
        let mut parked = self.parked.lock();
        if waiting.is_over(&mut Context::from_waker(&waker)) {
            drop(parked);
            self.let_go(waiting);
        } else {
            parked.push_back(waiting);
        }
    }

    /// Lets go of what waits no more. An event that came back is shed: its publisher was told that it arrived.
    fn let_go(&self, over: Parked<M>) {
        match over {
            // One that came back sheds what it stands for.
            Parked::Token(waiting) => drop(waiting),
            Parked::Event(waiting) => {
                if let Some(told) = waiting.withdraw() {
                    self.tally.shed(1);
                    discard(told);
                }
            }
        }
    }

    /// Lets go of what waits no more: the first ones, since a line is served in its order.
    fn look_after_parked(self: &Arc<Self>) {
        let waker = Waker::from(Arc::clone(self));
        let mut context = Context::from_waker(&waker);
        loop {
            let mut parked = self.parked.lock();
            let is_over = parked.front_mut().is_some_and(|first| first.is_over(&mut context));
            let over = if is_over { parked.pop_front() } else { None };
            drop(parked);
            let Some(over) = over else { return };
            self.let_go(over);
        }
    }

    /// The actor, to be talked to by others, if it can be reached.
    pub(super) fn recipient(&self) -> Option<Recipient<M>> {
        match &self.route {
            Route::Strong(ways) => Some(ways.clone()),
            Route::Weak(ways) => ways.upgrade(),
        }
        .map(Recipient::new)
    }

    /// The actor.
    pub(super) fn info(&self) -> ActorInfo {
        match &self.route {
            Route::Strong(ways) => ways.strong().info(),
            Route::Weak(ways) => ways.weak().info(),
        }
    }
}

impl<M: Message> Parked<M> {
    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        match self {
            Self::Token(waiting) => waiting.is_over(context),
            Self::Event(waiting) => waiting.is_over(context),
        }
    }
}

impl<M: Message> Wake for Member<M> {
    fn wake(self: Arc<Self>) {
        self.look_after_parked();
    }
}

impl<M: Message> Source<M> for Member<M> {
    fn take(&self) -> Option<(M, u64)> {
        let Policy::Ring(ring) = &self.policy else { return None };
        loop {
            if let Some(event) = ring.events.pop() {
                return Some((event, self.tally.take_unreported()));
            }
            if !ring.keep_or_release() {
                return None;
            }
        }
    }

    fn pass_on(self: Arc<Self>) -> Option<Arc<dyn Source<M>>> {
        let Policy::Ring(ring) = &self.policy else { return None };
        if !ring.keep_or_release() {
            return None;
        }
        let refused = match &self.route {
            Route::Strong(ways) => self.send_token(ways),
            // The caller is the runner. If nobody else can reach the actor, it finishes what it has.
            Route::Weak(ways) => self.send_token(&ways.revive()),
        };
        match refused {
            Some(Delivery::Token(token)) => token.into_source(),
            _ => None,
        }
    }

    fn abandon(&self) {
        while let Some((event, _)) = self.take() {
            self.tally.shed(1);
            discard(event);
        }
    }
}

impl<M: Message> fmt::Debug for Member<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member").field("id", &self.id).finish_non_exhaustive()
    }
}
