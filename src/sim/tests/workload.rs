//! The workload: what a seed has actors and a test do to each other.

use std::collections::BTreeSet;
use std::time::Duration;

use super::books::{Books, Deed, End, Parcel, Sent};
use super::cast::{Clockwork, Listener, Mind, News, Postman, Sentry, Wind};
use super::{Breach, Check};
use crate::broker::subscription::Subscription;
use crate::sim::{Outcome, Sim};
use crate::sync::Arc;
use crate::sync::lock::Mutex;
use crate::sync::planted::{Mutant, Planted};
use crate::sync::time::Random;
use crate::testing::Watch;
use crate::{ActorId, ActorRef, ActorSystem, Mailbox, Overflow, SendFuture, StopReason, Tell};

/// Steps of the test.
const STEPS: usize = 40;

/// Postmen in a row.
const POSTMEN: usize = 4;

/// Who the test is, in the books.
const TEST: usize = 0;

/// One run, with a mistake.
pub(super) fn run(sim: &Sim, mutant: Option<Mutant>) -> Outcome {
    let watch = Watch::new();
    watch.expect_panics::<Postman>();
    let books = Books::default();
    let system = ActorSystem::builder().observer(watch.observer()).build()?;
    let played = {
        // Not beyond the workload: a system that is dropped in the middle of it has to end.
        let _planted = Planted::begin(mutant);
        Workload::new(sim, &system, &books).and_then(Workload::play)
    };
    drop(system);
    for letter in watch.dead_letters() {
        let cause = letter.cause().clone();
        if let Ok(parcel) = letter.downcast::<Parcel>() {
            parcel.settle(End::Dead);
            if !matches!(cause, StopReason::Killed | StopReason::Panicked(_)) {
                books.report(Check::Ends, format!("a message is left over, and its actor wasn't killed: {cause}"));
            }
        }
    }
    played?;
    books.close()?;
    Ok(())
}

/// What the test has begun.
enum Pending {
    Tell(Sent<Tell<Parcel>>),
    Send(Sent<SendFuture<Parcel>>),
}

struct Workload<'a> {
    sim: &'a Sim,
    system: &'a ActorSystem,
    books: &'a Books,
    random: Random,
    postmen: Vec<(usize, ActorRef<Postman>)>,
    pending: Vec<Pending>,
    clockwork: ActorRef<Clockwork>,
    strikes: Arc<Mutex<usize>>,
    listeners: Vec<(Subscription<News>, Arc<Mutex<u64>>)>,
    published: u64,
    sentry: ActorRef<Sentry>,
    watched: Arc<Mutex<BTreeSet<ActorId>>>,
}

impl<'a> Workload<'a> {
    fn new(
        sim: &'a Sim,
        system: &'a ActorSystem,
        books: &'a Books,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let mut random = Random::new(sim.seed().wrapping_add(1));
        let mut postmen: Vec<(usize, ActorRef<Postman>)> = Vec::new();
        for number in 1..=POSTMEN {
            let next = postmen.last().cloned();
            let mailbox = Mailbox::bounded(1 + random.below(3));
            postmen.push((number, system.spawn(Postman { number, next }).mailbox(mailbox).start()?));
        }
        let strikes = Arc::default();
        let clockwork = Clockwork { books: books.clone(), waiting: Arc::clone(&strikes) };
        let clockwork = system.spawn(clockwork).start()?;
        let mut listeners = Vec::new();
        for overflow in [Overflow::Wait, Overflow::DropNewest, Overflow::DropOldest(2), Overflow::Latest] {
            let listener = Listener::default();
            let heard = Arc::clone(&listener.0);
            let listener = system.spawn(listener).mailbox(Mailbox::bounded(2)).start()?;
            let subscribed = system.broker().subscribe("news.*", listener).overflow(overflow).start()?;
            listeners.push((subscribed, heard));
        }
        let watched = Arc::default();
        let sentry = Sentry { books: books.clone(), watched: Arc::clone(&watched) };
        let sentry = system.spawn(sentry).mailbox(Mailbox::unbounded()).start()?;
        let (pending, published) = (Vec::new(), 0);
        Ok(Self {
            sim,
            system,
            books,
            random,
            postmen,
            pending,
            clockwork,
            strikes,
            listeners,
            published,
            sentry,
            watched,
        })
    }

    fn play(mut self) -> Outcome {
        for _ in 0..STEPS {
            self.step()?;
        }
        while !self.pending.is_empty() {
            self.end_one();
        }
        self.sim.run_until_quiescent()?;
        self.look_after_timers_events_and_watches()?;
        self.end()
    }

    /// One step of the test.
    fn step(&mut self) -> Outcome {
        match self.random.below(24) {
            0..5 => self.tell(),
            5..8 => self.send(),
            8..12 => drop(self.sim.step()),
            12 if !self.pending.is_empty() => self.end_one(),
            13 if !self.pending.is_empty() => {
                // Its message is withdrawn, if it still waits for room.
                let place = self.random.below(self.pending.len());
                drop(self.pending.remove(place));
            }
            14 => {
                let times = (0..1 + self.random.below(4)).map(|_| 100 * self.random.below(30) as u64).collect();
                self.clockwork.try_tell(Wind(times))?;
            }
            15..18 => {
                self.published += 1;
                let published = self.system.broker().publish("news.today", News);
                self.sim.block_on(published)?;
            }
            18 if self.random.below(4) == 0 => self.any_postman().1.stop(),
            19 if self.random.below(4) == 0 => self.any_postman().1.kill(),
            20..24 => {
                let mind = Mind(self.any_postman().1, self.random.below(3) > 0);
                self.sentry.try_tell(mind)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn any_postman(&mut self) -> (usize, ActorRef<Postman>) {
        let place = self.random.below(POSTMEN);
        self.postmen[place].clone()
    }

    fn parcel(&mut self, to: usize) -> Parcel {
        let deed = self.deed(2);
        self.books.offer(TEST, to, deed)
    }

    fn deed(&mut self, depth: usize) -> Deed {
        match self.random.below(12) {
            0..2 => Deed::Pause(100 * self.random.below(20) as u64),
            2..5 if depth > 0 => Deed::PassOn((0..1 + self.random.below(3)).map(|_| self.deed(depth - 1)).collect()),
            5..8 if depth > 0 => {
                let limit = (self.random.below(3) == 0).then(|| 100 * self.random.below(20) as u64);
                Deed::Ask(Box::new(self.deed(depth - 1)), limit)
            }
            8 if self.random.below(4) == 0 => Deed::Panic,
            _ => Deed::Nothing,
        }
    }

    fn tell(&mut self) {
        let (to, postman) = self.any_postman();
        let parcel = self.parcel(to);
        self.pending.push(Pending::Tell(parcel.sent(|parcel| postman.tell(parcel))));
    }

    fn send(&mut self) {
        let (to, postman) = self.any_postman();
        let parcel = self.parcel(to);
        self.pending.push(Pending::Send(parcel.sent(|parcel| postman.send(parcel))));
    }

    /// Awaits something that was begun.
    fn end_one(&mut self) {
        let place = self.random.below(self.pending.len());
        let back = match self.pending.remove(place) {
            Pending::Tell(tell) => self.sim.block_on(tell).err().map(|error| error.into_message()),
            Pending::Send(send) => self.sim.block_on(send).err().and_then(|error| error.into_message()),
        };
        if let Some(parcel) = back {
            parcel.settle(End::Returned);
        }
    }

    fn look_after_timers_events_and_watches(&self) -> Result<(), Breach> {
        self.books.breach()?;
        let left = *self.strikes.lock();
        if left > 0 {
            return Err(Breach(Check::Time, format!("{left} timers' messages never came")));
        }
        let mut ended = self.postmen.iter().map(|(_, postman)| postman).filter(|postman| !postman.is_alive());
        if let Some(unheard) = ended.find(|postman| self.watched.lock().contains(&postman.id())) {
            return Err(Breach(Check::Ends, format!("the end of {} was never heard of", unheard.id())));
        }
        for (subscription, heard) in &self.listeners {
            let (heard, missed) = (*heard.lock(), subscription.missed());
            if heard + missed != self.published {
                let what = format!("{} published, {heard} heard, {missed} missed: {subscription:?}", self.published);
                return Err(Breach(Check::Events, what));
            }
        }
        Ok(())
    }

    /// The system ends: because nobody is reached any more, or by a shutdown that finds all of them there.
    fn end(self) -> Outcome {
        let Self { sim, system, postmen, clockwork, listeners, mut random, sentry, .. } = self;
        if random.below(2) == 0 {
            let ends: Vec<_> = postmen.iter().map(|(_, postman)| postman.stopped()).collect();
            listeners.iter().for_each(|(subscription, _)| subscription.unsubscribe());
            drop((postmen, clockwork, listeners, sentry));
            sim.run_until_quiescent()?;
            if system.actor_count() > 0 {
                return Err(Breach(Check::Ends, format!("{} whom nobody reaches live on", system.actor_count())).into());
            }
            ends.into_iter().for_each(|end| drop(sim.block_on(end)));
            return Ok(());
        }
        let report = sim.block_on(system.shutdown_within(Duration::from_secs(10)));
        if !report.is_clean() {
            return Err(Breach(Check::Ends, format!("killed at a shutdown: {:?}", report.killed)).into());
        }
        Ok(())
    }
}
