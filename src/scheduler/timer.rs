//! What is to be done at a certain time: wakes of sleeping futures, messages of actors to themselves, deadlines.
//!
//! There is a [wheel] per worker, and one for all other threads, each behind a lock of its own. Beside each stands the
//! moment of its next look, for everybody to read without the lock: no entry of that wheel is due before. It may be too
//! early, because a timer that is taken back leaves it as it is; then somebody looks once for nothing.
//!
//! Any worker that is awake fires what is due in any wheel: at its looks at the shared queues, and when it has run out of
//! work. A look fires a bounded number; where more is due, another worker is woken to fire, too. One of the sleepers is up
//! at the earliest moment of all ([`keeper`](super::keeper)).
//!
//! | step | cost | progress |
//! |---|---|---|
//! | arm, arm again, take back | an uncontended lock each | blocking, for the length of a few pointer moves |
//! | is anything due? | a load per wheel, and a look at the clock if there is any timer | wait-free |
//!
//! Limits and long timers are seldom reached, and a look at the clock costs as much as the rest of arming them. So a worker
//! may arm a timer *fresh*: its time begins at the next look that anybody takes at that wheel, which is due at once. If it
//! is taken back before that, nobody has looked at a clock for it.
//!
//! Where very many are armed at once, such looks would be no help to the worker that arms them, for they need the lock. So
//! after a look at fresh ones the next is due a millisecond later at the earliest. And it leaves an actor's timers where
//! they are, but for a few, once it has noted when their time began: they have a second left, and most will be taken back.
//! They are put in their places when the wheel hasn't been used between two looks, or when half of that second has passed.
//!
//! The timers of an actor lie in one wheel, that of the worker which armed the first of them: there an entry of the actor's
//! heads a list of them, which is guarded by that wheel's lock as everything else is. The entry has a reference to the
//! actor's memory for all of them, and goes with the actor's end.
//!
//! Nothing is done early, and what lies in one wheel is done in the order of its ticks and, within a tick, of its
//! arming, as long as one worker fires it. What is due is done late by the length of a tick, by a round of the
//! sentinel's if its own worker is stuck, and by what the workers have to do if all of them are busy.

use std::task::Waker;
use std::time::Duration;

use super::fresh::{self, Slots};
use super::wheel::{self, Expired, Wheel};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::limits::{FIRE_BATCH, FIRE_STEPS, FRESH_PAUSE, FRESH_WAIT};
use crate::sync::lock::Mutex;
use crate::sync::planted::{self, Mutant};
use crate::sync::time::{Clock, Moment};
use crate::sync::unwind::guard;
use crate::task::handle::Weak;
use crate::task::lane::{Bare, Name};

/// A moment as wheels count it: 2^16 ns, 66 µs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tick(u64);

impl Tick {
    pub(super) const SHIFT: u32 = 16;
    /// How many bits a tick has.
    pub(super) const BITS: u32 = u64::BITS - Self::SHIFT;
    /// The last one.
    pub(super) const MAX: Self = Self(u64::MAX >> Self::SHIFT);

    pub(super) const fn new(number: u64) -> Self {
        Self(number)
    }

    pub(super) const fn get(self) -> u64 {
        self.0
    }

    /// The first tick that begins at `moment` or later.
    fn not_before(moment: Moment) -> Self {
        Self(moment.as_nanos().div_ceil(1 << Self::SHIFT)).min(Self::MAX)
    }

    /// The tick that `moment` lies in.
    fn of(moment: Moment) -> Self {
        Self(moment.as_nanos() >> Self::SHIFT)
    }

    pub(super) fn start(self) -> Moment {
        Moment::from_nanos(self.0 << Self::SHIFT)
    }
}

/// By how much a timer may be late where a worker is free.
#[cfg(any(corecast_loom, feature = "sim"))]
pub(crate) const TICK: Duration = Duration::from_nanos(1 << Tick::SHIFT);

/// What is done when the time has come.
pub(crate) enum Action {
    /// Somebody is woken. That is also done when the system closes.
    Wake(Waker),
    /// A `post_stop` has had its time.
    Expire(Weak),
    /// An actor gets a message. Its entry has an owner. Dropped when the system closes.
    Ring(Bare),
    /// Somebody looks how long a handler of this actor's takes.
    Look(Weak),
    /// Somebody sees to the health check of an actor. Its entry has an owner, and stays.
    Check,
    /// Nothing: it owns the timers of this actor.
    Own(Weak),
    /// What tests and models do. Dropped when the system closes.
    #[cfg(any(test, corecast_loom))]
    Run(Box<dyn Errand>),
}

/// What a look at the timers came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "where more is due somebody has to look again soon"]
pub(crate) enum Fired {
    /// Nothing is due.
    Nothing,
    /// All that was due has been fired.
    All,
    /// More is due.
    Some,
}

/// Something to do.
#[cfg(any(test, corecast_loom))]
pub(crate) trait Errand: Send {
    /// Does it. Whoever calls guards against its panics.
    fn run(self: Box<Self>);
}

/// The name of something that was armed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    pub(super) place: u16,
    pub(super) key: wheel::Key,
}

impl Key {
    pub(super) fn name(self) -> Name {
        Name { place: self.place, index: self.key.index, generation: self.key.generation }
    }

    pub(super) fn of(Name { place, index, generation }: Name) -> Self {
        Self { place, key: wheel::Key { index, generation } }
    }
}

/// What has been taken out of a wheel to be done.
struct Due {
    action: Action,
    /// The actor whose timer it is, and its list.
    actor: Option<(Weak, wheel::Key)>,
    key: wheel::Key,
    stays: bool,
}

/// All timers of a system.
#[derive(Debug)]
pub(crate) struct Timers {
    /// One per worker, and the last one for other threads.
    places: Box<[Place]>,
    clock: Clock,
}

/// A wheel, and when to look at it next. On lines of its own.
#[derive(Debug)]
#[repr(align(128))]
struct Place {
    /// In nanoseconds; [`u64::MAX`] if there is nothing. Written under the lock.
    next: AtomicU64,
    state: Mutex<State>,
    /// Those whose time hasn't begun, and which nobody has looked at.
    slots: Slots,
}

#[derive(Debug)]
struct State {
    wheel: Wheel<Action>,
    closed: bool,
    /// When to look again at what is fresh, at the earliest: the beginning of a tick.
    pause: Moment,
    /// Whether an actor's timer has been armed or taken back since.
    is_used: bool,
}

impl Timers {
    pub(crate) fn new(workers: usize, clock: Clock) -> Self {
        let place = || Place {
            next: AtomicU64::new(u64::MAX),
            state: Mutex::new(State {
                wheel: Wheel::new(),
                closed: false,
                pause: Moment::from_nanos(0),
                is_used: false,
            }),
            slots: Slots::new(),
        };
        Self { clock, places: (0..=workers).map(|_| place()).collect() }
    }

    /// Adds a timer to the wheel of `place`. Tells whether it is now the first of that wheel.
    pub(crate) fn arm(&self, place: usize, due: Moment, action: Action) -> Result<(Key, bool), Action> {
        let tick = Tick::not_before(due);
        let Place { next, state, .. } = &self.places[place];
        let mut state = state.lock();
        if state.closed {
            return Err(action);
        }
        let key = Key { place: place as u16, key: state.wheel.insert(tick, action) };
        Ok((key, is_first(next, tick)))
    }

    /// Makes a list for the timers of an actor in the wheel of `place`; not if the system has closed.
    pub(super) fn own(&self, place: usize, actor: Weak) -> Option<Key> {
        let mut state = self.places[place].state.lock();
        // The caller has another reference, so this one isn't the last.
        (!state.closed).then(|| Key { place: place as u16, key: state.wheel.own(Action::Own(actor)) })
    }

    /// As [`arm`](Self::arm), for an actor's message. An entry that `stays` can be armed again.
    ///
    /// # Errors
    ///
    /// The message back, if the actor or the system has ended.
    ///
    /// # Safety
    ///
    /// The load is for bodies of the type of the actor's whose list this is.
    pub(super) unsafe fn arm_owned(
        &self,
        owner: Key,
        due: Moment,
        load: Bare,
        stays: bool,
    ) -> Result<(Key, bool), Action> {
        self.arm_for(owner, due, Action::Ring(load), stays)
    }

    /// The same for the health checks of an actor.
    ///
    /// # Errors
    ///
    /// The action back, if the actor or the system has ended.
    pub(super) fn arm_check(&self, owner: Key, due: Moment) -> Result<(Key, bool), Action> {
        self.arm_for(owner, due, Action::Check, true)
    }

    /// Lets the timer of an actor's health checks be due then, and at no other time. Tells whether it is now the first of its wheel.
    ///
    /// # Errors
    ///
    /// As there.
    pub(super) fn move_check(&self, key: Key, due: Moment) -> Result<bool, Action> {
        let tick = Tick::not_before(due);
        let Place { next, state, .. } = &self.places[usize::from(key.place)];
        let mut state = state.lock();
        state.wheel.reset(key.key, tick, Action::Check)?;
        Ok(is_first(next, tick))
    }

    fn arm_for(&self, owner: Key, due: Moment, action: Action, stays: bool) -> Result<(Key, bool), Action> {
        let tick = Tick::not_before(due);
        let Place { next, state, .. } = &self.places[usize::from(owner.place)];
        let mut state = state.lock();
        let key = state.wheel.insert_owned(owner.key, tick, action, stays)?;
        Ok((Key { key, ..owner }, is_first(next, tick)))
    }

    /// The same for one that doesn't stay, and whose time begins at somebody's next look.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Safety
    ///
    /// As there.
    pub(super) unsafe fn arm_owned_fresh(&self, owner: Key, after: Duration, load: Bare) -> Result<Key, Action> {
        let length = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX);
        let Place { next, state, .. } = &self.places[usize::from(owner.place)];
        let mut state = state.lock();
        let key = state.wheel.insert_owned_fresh(owner.key, length, Action::Ring(load))?;
        state.is_used = true;
        state.look_at_fresh(next);
        Ok(Key { key, ..owner })
    }

    /// The same for one that has fired and stayed.
    ///
    /// # Errors
    ///
    /// As there, and if it was taken back.
    ///
    /// # Safety
    ///
    /// As there.
    pub(super) unsafe fn arm_again(&self, key: Key, due: Moment, load: Bare) -> Result<bool, Action> {
        let tick = Tick::not_before(due);
        let Place { next, state, .. } = &self.places[usize::from(key.place)];
        let mut state = state.lock();
        state.wheel.insert_again(key.key, tick, Action::Ring(load))?;
        Ok(is_first(next, tick))
    }

    /// Takes out the first of an actor's timers, or else their list: what there was to be done then, if anything. Nothing if
    /// the list is gone.
    pub(super) fn end_one(&self, owner: Key) -> Option<Option<Action>> {
        self.places[usize::from(owner.place)].state.lock().wheel.remove_owned(owner.key)
    }

    /// Takes a timer out, unless it has fired for the last time. One that is between two firings leaves nothing to drop.
    pub(crate) fn disarm(&self, key: Key) -> Option<Option<Action>> {
        let mut state = self.places[usize::from(key.place)].state.lock();
        state.is_used = true;
        state.wheel.remove(key.key)
    }

    /// Adds a timer whose time begins at somebody's next look at the wheel of `place`: no look at the clock is needed now.
    pub(crate) fn arm_fresh(&self, place: usize, after: Duration, action: Action) -> Result<Key, Action> {
        let Place { next, state, .. } = &self.places[place];
        let mut state = state.lock();
        if state.closed {
            return Err(action);
        }
        let length = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX);
        let key = Key { place: place as u16, key: state.wheel.insert_fresh(length, action) };
        state.look_at_fresh(next);
        Ok(key)
    }

    /// Lets a timer wake `waker` instead of another one. Returns false if it has fired.
    pub(crate) fn renew(&self, key: Key, waker: &Waker) -> bool {
        let state = &self.places[usize::from(key.place)].state;
        match state.lock().wheel.value(key.key) {
            Some(Action::Wake(armed)) if armed.will_wake(waker) => return true,
            Some(_) => {}
            None => return false,
        }
        // Cloned and dropped without the lock: both are user code.
        let mut other = Action::Wake(waker.clone());
        let is_armed = state.lock().wheel.value(key.key).map(|armed| std::mem::swap(armed, &mut other)).is_some();
        drop(other);
        is_armed
    }

    /// The slots of a worker, for limits whose time hasn't begun.
    #[inline(always)]
    pub(crate) fn slots(&self, worker: usize) -> &Slots {
        &self.places[worker].slots
    }

    /// Takes a limit back that was left in a slot.
    ///
    /// # Safety
    ///
    /// The number is from the slots of this worker.
    #[inline]
    pub(crate) unsafe fn take_back(&self, worker: usize, number: fresh::Number) {
        let Place { slots, state, .. } = &self.places[worker];
        // SAFETY: the caller's promise.
        match unsafe { slots.take(number) } {
            Ok(waker) => drop(waker),
            Err(number) => {
                let mut state = state.lock();
                // SAFETY: the caller's promise; it was refused.
                let key = unsafe { slots.forget(number) };
                let action = state.wheel.remove(key);
                drop(state);
                drop(action);
            }
        }
    }

    /// Lets a limit that was left in a slot wake `waker` instead of another one. Returns false if it has fired.
    ///
    /// # Safety
    ///
    /// The number is from the slots of this worker.
    pub(crate) unsafe fn renew_slot(&self, worker: usize, number: &fresh::Number, waker: &Waker) -> bool {
        let Place { slots, state, .. } = &self.places[worker];
        let mut other = None;
        loop {
            let mut state = state.lock();
            let wheel = &mut state.wheel;
            let mut swap = |armed: &mut Waker| match &mut other {
                _ if armed.will_wake(waker) => true,
                Some(other) => {
                    std::mem::swap(armed, other);
                    true
                }
                None => false,
            };
            // SAFETY: the caller's promise.
            let is_set = unsafe {
                slots.waker(number, |place| match place {
                    Ok(armed) => Some(swap(armed)),
                    Err(key) => match wheel.value(key) {
                        Some(Action::Wake(armed)) => Some(swap(armed)),
                        _ => None,
                    },
                })
            };
            drop(state);
            match is_set {
                Some(false) => {}
                Some(true) => return true,
                None => return false,
            }
            // Cloned and dropped without the lock: both are user code.
            other = Some(waker.clone());
        }
    }

    /// When to look next: nothing is due before.
    pub(crate) fn earliest(&self) -> Option<Moment> {
        // ORDERING: Relaxed; who is about to sleep has done a read-modify-write of `asleep`: what was armed from outside
        // before another one of it is seen. To others it is a hint.
        let next = |place: &Place| if place.slots.are_unseen() { 0 } else { place.next.load(Ordering::Relaxed) };
        let next = self.places.iter().map(next).min();
        next.filter(|&next| next != u64::MAX).map(Moment::from_nanos)
    }

    /// The present, if anything is due, or could be.
    pub(crate) fn due(&self) -> Option<Moment> {
        let due = self.earliest()?;
        Some(self.clock.now()).filter(|&now| due <= now)
    }

    /// Fires some of what is due: a batch of each wheel. Returns whether that was all.
    pub(crate) fn fire(&self, now: Moment) -> bool {
        let mut is_all = true;
        for (number, place) in self.places.iter().enumerate() {
            if place.is_due(now) {
                place.fire_some(number as u16, now, &self.clock);
                is_all &= !place.is_due(now);
            }
        }
        is_all
    }

    /// Ends them all: wakes who waits, drops the rest, and takes no more.
    pub(crate) fn close(&self) {
        for place in &self.places {
            let mut state = place.state.lock();
            state.closed = true;
            let State { wheel, .. } = &mut *state;
            place.slots.begin(|length, waker| wheel.insert_fresh(length, Action::Wake(waker)));
            let left: Vec<_> = wheel.clear().collect();
            // ORDERING: Relaxed; under the lock.
            place.next.store(u64::MAX, Ordering::Relaxed);
            drop(state);
            for action in left {
                // UNWIND: a waker, or the drop of a message. Each by itself: what comes behind it must not be lost.
                let _ = guard(|| match action {
                    Action::Wake(waker) => waker.wake(),
                    other => drop(other),
                });
            }
        }
    }
}

impl Place {
    /// Whether it is to be looked at.
    fn is_due(&self, now: Moment) -> bool {
        // ORDERING: Relaxed; as in `Timers::earliest`.
        self.slots.are_unseen() || self.next.load(Ordering::Relaxed) <= now.as_nanos()
    }

    /// Fires some of what is due, and begins the time of some of what is fresh. No user code runs under the lock.
    fn fire_some(&self, number: u16, now: Moment, clock: &Clock) {
        let mut due: [Option<Due>; FIRE_BATCH] = [const { None }; FIRE_BATCH];
        let mut count = 0;
        let mut state = self.state.lock();
        let State { wheel, .. } = &mut *state;
        self.slots.begin(|length, waker| wheel.insert_fresh(length, Action::Wake(waker)));
        let fresh = state.begin(now, clock);
        let mut steps = FIRE_STEPS;
        let mut is_done = false;
        while count < FIRE_BATCH && steps > 0 && !is_done {
            steps -= 1;
            is_done = state.wheel.expire(Tick::of(now), 1, |Expired { key, value: action, owner, stays }| {
                let actor = match owner {
                    Some((list, Action::Own(actor))) => Some((actor.clone(), list)),
                    _ => None,
                };
                due[count] = Some(Due { action, actor, key, stays });
                count += 1;
            });
        }
        // Due already, unless it is done.
        let next = state.wheel.next().map_or(u64::MAX, |next| next.start().as_nanos());
        // ORDERING: Relaxed; under the lock. Whoever misses it looks for nothing.
        self.next.store(next.min(fresh), Ordering::Relaxed);
        drop(state);
        for due in due.into_iter().flatten() {
            // UNWIND: a waker, or the drop of a message; a panic is its own.
            let _ = guard(|| self.perform(due, number, now));
        }
    }

    fn perform(&self, Due { action, actor, key, stays }: Due, number: u16, now: Moment) {
        match action {
            Action::Wake(waker) => waker.wake(),
            Action::Expire(task) => task.expire(),
            Action::Look(task) => task.look_at_handler(now),
            Action::Ring(load) => {
                // One that comes again isn't brought if it was taken back meanwhile.
                let is_wanted = !stays || self.state.lock().wheel.holds(key);
                if let Some((actor, list)) = actor.filter(|_| is_wanted) {
                    let name = |key| Key { place: number, key }.name();
                    // An actor that takes no more messages has no timers any more, nor has a run that is over.
                    // SAFETY: the entry was on this actor's list, by `arm_owned`'s contract.
                    drop(unsafe { actor.ring(load, name(key), name(list)) });
                }
            }
            Action::Check => {
                if let Some((actor, _)) = actor {
                    actor.see_to_check(now);
                }
            }
            Action::Own(_) => unreachable!("it is never due"),
            #[cfg(any(test, corecast_loom))]
            Action::Run(errand) => errand.run(),
        }
    }
}

impl State {
    /// Sees to it that somebody looks at what has come in fresh.
    #[inline]
    fn look_at_fresh(&self, next: &AtomicU64) {
        let by = self.pause.as_nanos();
        // ORDERING: Relaxed, twice; as in `is_first`.
        if by < next.load(Ordering::Relaxed) {
            next.store(by, Ordering::Relaxed);
        }
    }

    /// A look at what came in fresh. Tells when the next one is due.
    fn begin(&mut self, now: Moment, clock: &Clock) -> u64 {
        let was_used = std::mem::take(&mut self.is_used);
        if !self.wheel.has_fresh() {
            return u64::MAX;
        }
        // A look of its own, under the lock: none of them may count as begun before it was armed.
        let now = if self.wheel.has_unbegun() { clock.now() } else { now };
        self.pause = Tick::not_before(now.after(Duration::from_nanos(FRESH_PAUSE))).start();
        self.wheel.begin(FIRE_STEPS, now.as_nanos(), |began, length| {
            Tick::not_before(Moment::from_nanos(began.saturating_add(length)))
        });
        match self.wheel.far_since() {
            _ if !self.wheel.has_fresh() => u64::MAX,
            Some(began)
                if was_used && !self.wheel.has_unbegun() && now.as_nanos() < began.saturating_add(FRESH_WAIT) =>
            {
                self.pause.as_nanos()
            }
            // Due already.
            _ => 0,
        }
    }
}

/// Whether a timer that was armed for `tick` is now the first of its wheel. Called under the wheel's lock.
fn is_first(next: &AtomicU64, tick: Tick) -> bool {
    let start = tick.start().as_nanos();
    // ORDERING: Relaxed; written under the lock alone.
    let earliest = next.load(Ordering::Relaxed);
    let is_first = start < earliest && !(planted::is(Mutant::TimerUnseen) && earliest != u64::MAX);
    if is_first {
        // ORDERING: Relaxed; a thread outside goes on with a read-modify-write of `asleep`, which releases it; a worker
        // looks itself before it sleeps.
        next.store(start, Ordering::Relaxed);
    }
    is_first
}

impl std::fmt::Debug for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Wake(_) => "Wake",
            Self::Expire(_) => "Expire",
            Self::Look(_) => "Look",
            Self::Ring(_) => "Ring",
            Self::Check => "Check",
            Self::Own(_) => "Own",
            #[cfg(any(test, corecast_loom))]
            Self::Run(_) => "Run",
        })
    }
}

#[cfg(all(test, not(corecast_loom)))]
mod tests {
    use super::{Action, Clock, Errand, FIRE_BATCH, Moment, Tick, Timers};
    use crate::sync::Arc;
    use crate::sync::lock::Mutex;

    struct Note(Arc<Mutex<Vec<u32>>>, u32);

    impl Errand for Note {
        fn run(self: Box<Self>) {
            self.0.lock().push(self.1);
            assert_ne!(self.1, 13, "a panic is its own");
        }
    }

    #[test]
    fn nothing_fires_early_and_everything_fires_once() {
        let (timers, notes) = (Timers::new(2, Clock::new()), Arc::new(Mutex::new(Vec::new())));
        let at = |nanos: u64| Moment::from_nanos(nanos);
        let mut keys = Vec::new();
        for number in 0..40u32 {
            let errand = Action::Run(Box::new(Note(Arc::clone(&notes), number)));
            let (key, _) = timers.arm(number as usize % 3, at(u64::from(number) * 1_000_000 + 1), errand).unwrap();
            keys.push(key);
        }
        assert!(timers.disarm(keys[5]).is_some());
        assert!(timers.disarm(keys[5]).is_none());
        for nanos in (0..=41_000_000).step_by(250_000) {
            while !timers.fire(at(nanos)) {}
            assert!(notes.lock().iter().all(|&number| u64::from(number) * 1_000_000 < nanos));
        }
        let expected: Vec<_> = (0..40).filter(|&number| number != 5).collect();
        assert_eq!(*notes.lock(), expected);
        assert_eq!(timers.earliest(), None);
    }

    #[test]
    fn a_look_fires_a_batch_of_each_wheel_in_the_order_of_arming() {
        let (timers, notes) = (Timers::new(1, Clock::new()), Arc::new(Mutex::new(Vec::new())));
        let all = 2 * FIRE_BATCH as u32;
        for number in 100..100 + all {
            for place in 0..2 {
                let errand = Action::Run(Box::new(Note(Arc::clone(&notes), 1_000 * place + number)));
                timers.arm(place as usize, Moment::from_nanos(5), errand).unwrap();
            }
        }
        let now = Tick::new(1).start();
        assert!(timers.fire(Moment::from_nanos(5)) && notes.lock().is_empty(), "the tick hasn't come");
        assert!(!timers.fire(now), "there is more");
        assert_eq!(notes.lock().len(), 2 * FIRE_BATCH);
        while !timers.fire(now) {}
        for place in 0..2 {
            let of_place: Vec<_> = notes.lock().iter().copied().filter(|number| number / 1_000 == place).collect();
            assert!(of_place.len() == all as usize && of_place.is_sorted());
        }
    }

    #[test]
    fn after_the_close_nothing_is_armed() {
        let (timers, notes) = (Timers::new(1, Clock::new()), Arc::new(Mutex::new(Vec::new())));
        let errand = || Action::Run(Box::new(Note(Arc::clone(&notes), 1)));
        timers.arm(0, Moment::from_nanos(0), errand()).unwrap();
        timers.close();
        assert!(timers.arm(1, Moment::from_nanos(0), errand()).is_err());
        assert!(timers.fire(Moment::from_nanos(1)));
        assert_eq!(Arc::strong_count(&notes), 1, "dropped, not run");
        assert!(notes.lock().is_empty());
    }
}
