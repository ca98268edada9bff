//! The actor of the swarm: it carries plans out, and books what becomes of what it sends.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use corecast::{
    Actor, ActorContext, ActorError, ActorId, ActorInfo, ActorRef, Directive, Handler, MissedTicks, Overflow, Reply,
    ReplyErrorReason, SendError, SendErrorReason, StopReason, TellError, TellErrorReason, Timer, WeakActorRef,
};
use futures::future::{join_all, select};

use crate::growth::Leaf;
use crate::ledger::{Answer, Forgetful, Kind, Ledger, Live, Parcel, Receipt, Sender, explode, quietly};
use crate::message::{Freight, Job, Load, News, Note, Rumour, Tick};
use crate::plan::{Closure, Plan};
use crate::random::Random;
use crate::register::Record;
use crate::world::World;

/// Ticks after which a timer is cancelled.
const TICKS: u32 = 20;

/// What an actor of the swarm is.
pub(crate) struct Worker {
    _live: Live,
    world: Arc<World>,
    random: Random,
    sender: Sender,
    start: Start,
    stop: Stop,
    /// Its drop panics, once it has lived: the drop of one that was refused is the caller's own.
    is_bomb: bool,
    has_lived: bool,
    /// Whom its hooks turn to.
    friend: Option<ActorRef<Worker>>,
    /// Once it starts.
    record: Option<Arc<Record>>,
    /// Whose ends it waits to hear of in this run.
    watched: BTreeMap<ActorId, WeakActorRef<Worker>>,
    /// Its `pre_start` has succeeded, and its `post_stop` has begun.
    has_started: bool,
    has_stopped: bool,
    timer: Option<(Timer, u32)>,
    /// It is a child of a supervisor. Dropped last.
    leaf: Option<Leaf>,
}

/// Why an actor says that it has failed, and what is to become of it; without an answer, `on_error` panics.
#[derive(Clone, Copy, Debug)]
struct Trouble(Option<Directive>);

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "trouble: {:?}", self.0)
    }
}

impl Error for Trouble {}

/// What `pre_start` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    AtOnce,
    Later,
    /// It asks its friend first.
    Asks,
    /// It tells itself something.
    Tells,
    Fails,
    Panics,
}

/// What `post_stop` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    AtOnce,
    Later,
    Asks,
    /// It waits for ever if it was killed.
    Stays,
    Panics,
}

impl Worker {
    /// Draws an actor.
    pub(crate) fn draw(world: &Arc<World>, friend: Option<ActorRef<Worker>>) -> Self {
        Self::draw_from(world.random(), world, friend)
    }

    /// The same, from these numbers.
    pub(crate) fn draw_from(mut random: Random, world: &Arc<World>, friend: Option<ActorRef<Worker>>) -> Self {
        let is_frail = random.below(1_000) < world.settings.frail;
        let starts = [Start::AtOnce, Start::AtOnce, Start::AtOnce, Start::Later, Start::Asks, Start::Tells];
        let stops = [Stop::AtOnce, Stop::AtOnce, Stop::AtOnce, Stop::Later, Stop::Asks, Stop::Stays];
        let (mut start, mut stop, mut is_bomb) = (*random.pick(&starts), *random.pick(&stops), false);
        if is_frail {
            match random.below(4) {
                0 => start = Start::Fails,
                1 => start = Start::Panics,
                2 => stop = Stop::Panics,
                _ => is_bomb = true,
            }
        }
        let (live, sender) = (world.ledger.live(), world.ledger.sender());
        let world = Arc::clone(world);
        Self {
            _live: live,
            world,
            random,
            sender,
            start,
            stop,
            is_bomb,
            has_lived: false,
            friend,
            record: None,
            watched: BTreeMap::new(),
            has_started: false,
            has_stopped: false,
            timer: None,
            leaf: None,
        }
    }

    /// As a child of a supervisor. One that is `hardy` starts without fail.
    pub(crate) fn grow(mut self, leaf: Leaf, is_hardy: bool) -> Self {
        self.leaf = Some(leaf);
        if is_hardy {
            self.start = Start::AtOnce;
        }
        self
    }

    fn record(&self) -> &Record {
        self.record.as_ref().expect("it has started")
    }

    fn ledger(&self) -> &Ledger {
        &self.world.ledger
    }

    fn offer(&mut self, kind: Kind) -> Parcel {
        self.world.ledger.offer(&mut self.sender, kind)
    }

    fn job(&mut self, kind: Kind, plan: Plan) -> (Job, Receipt) {
        let parcel = self.offer(kind);
        let receipt = parcel.receipt();
        (Job { parcel, plan }, receipt)
    }

    /// Tells another one, and waits for room.
    async fn tell(&mut self, to: &ActorRef<Worker>) {
        let (job, receipt) = self.job(Kind::Nested, Plan::Finish);
        let told = if self.random.one_in(3) {
            Forgetful::new(to.tell(Freight::load(job))).await.map_err(|error| book_refusal(self.ledger(), error))
        } else {
            Forgetful::new(to.tell(job)).await.map_err(|error| book_refusal(self.ledger(), error))
        };
        if told.is_ok() {
            receipt.accepted();
        }
    }

    /// Asks another one to carry a plan out.
    async fn ask(&mut self, to: &ActorRef<Worker>, plan: Plan, limit: Option<Duration>) {
        let (job, receipt) = self.job(Kind::Nested, plan);
        let answer = match limit {
            Some(limit) => Forgetful::new(to.send(job).timeout(limit)).await,
            None => Forgetful::new(to.send(job)).await,
        };
        book_answer(self.ledger(), &receipt, answer);
    }

    /// Asks its friend, if it has one. One that is restarted with others may be waited for by its friend's start: so it has
    /// a limit.
    async fn ask_friend(&mut self) {
        if let Some(friend) = self.friend.clone() {
            let limit = self.leaf.is_some().then(|| self.world.time(&mut self.random));
            self.ask(&friend, Plan::Finish, limit).await;
        }
    }

    /// Tries to tell somebody.
    fn try_tell(&mut self, to: &ActorRef<Worker>, plan: Plan) {
        let (job, receipt) = self.job(Kind::Heard, plan);
        match to.try_tell(job) {
            Ok(()) => receipt.accepted(),
            Err(error) => error.into_message().parcel.returned(),
        }
    }

    /// Lets a third one wait for the reply of a second one.
    fn pass(&mut self, to: &ActorRef<Worker>, via: &ActorRef<Worker>) {
        let (job, receipt) = self.job(Kind::Heard, Plan::Yield(1));
        match to.try_send(job) {
            Ok(reply) => {
                receipt.accepted();
                self.try_tell(via, Plan::Redeem(reply));
            }
            Err(error) => error.into_message().parcel.returned(),
        }
    }

    async fn redeem(&self, reply: Reply<Answer>) {
        match reply.await {
            Ok(answer) => answer.hear(),
            Err(error) => match error.reason() {
                ReplyErrorReason::Circle(_) => self.ledger().circle(),
                ReplyErrorReason::ReplyDropped => self.ledger().breach(format!("a reply was dropped: {error}")),
                _ => {}
            },
        }
    }

    fn block(&self, to: ActorRef<Worker>, closure: Closure) -> impl FnOnce() + Send + use<> {
        let world = Arc::clone(&self.world);
        move || {
            let mut sender = world.ledger.sender();
            let parcel = world.ledger.offer(&mut sender, Kind::Heard);
            let receipt = parcel.receipt();
            match closure {
                Closure::Asks => {
                    book_blocking(&world.ledger, &receipt, || to.blocking_send(Job { parcel, plan: Plan::Finish }));
                }
                Closure::Tells | Closure::Panics => match to.blocking_tell(Note(parcel)) {
                    Ok(()) => receipt.accepted(),
                    Err(error) => book_refusal(&world.ledger, error),
                },
            }
            if closure == Closure::Panics {
                explode("a blocking closure");
            }
        }
    }

    /// Spawns another one.
    async fn beget(&mut self, ctx: &ActorContext<Self>, awaits: bool) {
        let child = Self::draw(&self.world, Some(ctx.actor_ref()));
        let mailbox = *self.random.pick(&self.world.settings.mailboxes);
        let spawn = ctx.system().spawn(child).mailbox(mailbox);
        let spawned = if awaits { spawn.await } else { spawn.start() };
        if let Ok(child) = spawned {
            self.try_tell(&child, Plan::Finish);
            self.world.field.put(child, &mut self.random, self.world.settings.actors);
        }
    }

    async fn publish(&mut self, ctx: &ActorContext<Self>) {
        let topic = *self.random.pick(&["rumours", "rumours.local"]);
        let parcel = self.offer(Kind::Rumour);
        let waits = self.random.one_in(2);
        let publish = ctx.broker().publish(topic, Rumour(parcel));
        if waits && let Err(error) = publish.await {
            self.ledger().breach(format!("a topic that isn't one: {error}"));
        }
    }

    fn set_timer(&mut self, ctx: &ActorContext<Self>, interval: Duration) {
        if let Some((timer, _)) = self.timer.take() {
            timer.cancel();
        }
        let missed = *self.random.pick(&[MissedTicks::Skip, MissedTicks::Burst, MissedTicks::Delay]);
        let parcel = self.offer(Kind::Timer);
        match ctx.tell_every_with(interval, Tick(parcel), missed) {
            Ok(timer) => self.timer = Some((timer, 0)),
            Err(error) => self.ledger().breach(error.to_string()),
        }
    }

    /// Carries a plan out.
    async fn work(&mut self, mut parcel: Parcel, plan: Plan, ctx: &mut ActorContext<Self>) -> Answer {
        parcel.begin(self.record());
        let mut is_bomb = false;
        match plan {
            Plan::Finish => {}
            Plan::Yield(times) => {
                for _ in 0..times {
                    ctx.yield_now().await;
                }
            }
            Plan::Delay(time) => ctx.sleep(time).await,
            Plan::Panic { later } => {
                if later {
                    ctx.yield_now().await;
                }
                explode("a handler");
            }
            Plan::Stop => ctx.stop(),
            Plan::KillMyself => {
                ctx.actor_ref().kill();
                ctx.yield_now().await;
            }
            Plan::Kill(other) => other.kill(),
            Plan::Try(to) => self.try_tell(&to, Plan::Finish),
            Plan::Tell(to) => self.tell(&to).await,
            Plan::Ask(to, plan, limit) => self.ask(&to, *plan, limit).await,
            Plan::Gather(all, limit) => {
                let asked = all.iter().map(|to| {
                    let (job, receipt) = self.job(Kind::Nested, Plan::Finish);
                    let send = Forgetful::new(to.send(job).timeout(limit));
                    let world = Arc::clone(&self.world);
                    async move { book_answer(&world.ledger, &receipt, send.await) }
                });
                let asked = join_all(asked.collect::<Vec<_>>());
                asked.await;
            }
            Plan::TellMyself => {
                let myself = ctx.actor_ref();
                self.tell(&myself).await;
            }
            Plan::AskMyself => {
                let myself = ctx.actor_ref();
                self.ask(&myself, Plan::Finish, None).await;
            }
            Plan::Later(after, cancels) => {
                let (job, _) = self.job(Kind::Timer, Plan::Finish);
                let timer = ctx.tell_after(after, job);
                if cancels {
                    timer.cancel();
                }
            }
            Plan::Every(interval) => self.set_timer(ctx, interval),
            Plan::Child(awaits) => self.beget(ctx, awaits).await,
            Plan::Block(to, closure) => {
                let blocking = ctx.spawn_blocking(self.block(to, closure));
                // With a limit: the pool may be busy with closures that wait for this actor.
                if self.random.one_in(2) {
                    let limit = ctx.sleep(self.world.time(&mut self.random));
                    drop(select(blocking, limit).await);
                }
            }
            Plan::Pass(to, via) => self.pass(&to, &via),
            Plan::Redeem(reply) => self.redeem(reply).await,
            Plan::Publish => self.publish(ctx).await,
            Plan::Watch(other, limit) => drop(select(other.stopped(), ctx.sleep(limit)).await),
            Plan::Mind(other) => {
                if other.id() != ctx.id() {
                    ctx.watch(&other);
                    self.watched.insert(other.id(), other.downgrade());
                }
            }
            Plan::Forget => {
                // Nobody hears of those who have ended meanwhile, either.
                std::mem::take(&mut self.watched).values().for_each(|other| ctx.unwatch(other));
            }
            Plan::Link(other) => ctx.link(&other),
            Plan::Fail(directive) => ctx.fail(Trouble(directive)),
            Plan::BadMessage => {
                parcel.arm();
                drop(parcel);
                explode("a message whose drop doesn't panic");
            }
            Plan::BadResult => is_bomb = true,
            Plan::End => {
                let own = crate::lock::lock(&self.world.own).take();
                drop(own);
            }
        }
        parcel.handled(is_bomb)
    }
}

/// Books what a `tell` brought back.
pub(crate) fn book_refusal<M: Load>(ledger: &Ledger, error: TellError<M>) {
    match error.reason() {
        TellErrorReason::Circle(_) => ledger.circle(),
        TellErrorReason::WouldBlock => ledger.breach(format!("it is no worker: {error}")),
        _ => {}
    }
    error.into_message().unload().returned();
}

/// Books what came of a `send`.
pub(crate) fn book_answer<M: Load>(ledger: &Ledger, receipt: &Receipt, answer: Result<Answer, SendError<M>>) {
    let error = match answer {
        Ok(answer) => return receipt.answered(answer),
        Err(error) => error,
    };
    let text = error.to_string();
    let (mut failed, mut left_over) = (false, false);
    match error.reason() {
        SendErrorReason::Panicked(_) | SendErrorReason::Killed => failed = true,
        SendErrorReason::Died(_) => left_over = true,
        SendErrorReason::Circle(_) => ledger.circle(),
        SendErrorReason::Timeout { circle, .. } => {
            ledger.timeout();
            circle.iter().for_each(|_| ledger.circle());
        }
        SendErrorReason::WouldBlock | SendErrorReason::ReplyDropped => ledger.breach(text.clone()),
        _ => {}
    }
    match error.into_message() {
        Some(_) if failed || left_over => ledger.breach(format!("the message came back, too: {text}")),
        Some(message) => message.unload().returned(),
        None if failed => receipt.said_failed(),
        None if left_over => receipt.said_dead(),
        None => receipt.accepted(),
    }
}

/// Books what came of a `blocking_send`. A result that comes when its time is up is dropped in it, and may panic: then the
/// message was accepted.
pub(crate) fn book_blocking<M: Load>(
    ledger: &Ledger,
    receipt: &Receipt,
    send: impl FnOnce() -> Result<Answer, SendError<M>>,
) {
    match quietly(send) {
        Some(answer) => book_answer(ledger, receipt, answer),
        None => receipt.accepted(),
    }
}

/// The policies whose events wait outside of the mailbox: what they shed had reached the subscription.
pub(crate) fn waits_outside(policy: Overflow) -> bool {
    matches!(policy, Overflow::DropOldest(_) | Overflow::Latest)
}

impl Actor for Worker {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        self.has_lived = true;
        let record = self.record.insert(self.world.register.of(ctx.id()));
        record.starts(self.leaf.as_ref().map(Leaf::level));
        if self.leaf.is_some() {
            self.world.field.settle(ctx.actor_ref(), &mut self.random, self.world.settings.actors);
            if let Some(watchers) = &self.world.watchers {
                watchers.watch(&ctx.actor_ref(), self.random.below(8));
            }
        }
        match self.start {
            Start::AtOnce => {}
            Start::Later => ctx.sleep(self.world.time(&mut self.random)).await,
            Start::Asks => self.ask_friend().await,
            Start::Tells => self.try_tell(&ctx.actor_ref(), Plan::Finish),
            Start::Fails => return Err(ActorError::new("no start")),
            Start::Panics => explode("pre_start"),
        }
        self.has_started = true;
        self.record().has_started();
        Ok(())
    }

    fn on_error(&mut self, error: &ActorError, _: &mut ActorContext<Self>) -> Directive {
        match error.source().downcast_ref() {
            Some(Trouble(Some(directive))) => *directive,
            Some(Trouble(None)) => explode("on_error"),
            None => {
                self.ledger().breach(format!("it is asked what becomes of another error: {error}"));
                Directive::Restart
            }
        }
    }

    async fn on_terminated(&mut self, who: ActorInfo, reason: StopReason, ctx: &mut ActorContext<Self>) {
        self.world.register.ended(&who);
        if self.watched.remove(&who.id()).is_none() {
            let me = ctx.info();
            self.ledger().breach(format!("{me} has heard of {who}, whom it doesn't watch in this run: {reason}"));
        }
        if self.random.one_in(4) {
            ctx.yield_now().await;
        }
    }

    async fn post_stop(&mut self, reason: &StopReason, ctx: &mut ActorContext<Self>) {
        self.has_stopped = true;
        self.record().stops(reason);
        match self.stop {
            Stop::AtOnce => {}
            Stop::Later => ctx.sleep(self.world.time(&mut self.random)).await,
            Stop::Asks => self.ask_friend().await,
            Stop::Stays if matches!(reason, StopReason::Killed) => std::future::pending().await,
            Stop::Stays => {}
            Stop::Panics => explode("post_stop"),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if self.has_started != self.has_stopped {
            let (started, stopped) = (self.has_started, self.has_stopped);
            self.ledger().breach(format!("a state is dropped that has started: {started}, and stopped: {stopped}"));
        }
        if self.is_bomb && self.has_lived && !std::thread::panicking() {
            explode("the drop of an actor");
        }
    }
}

impl Handler<Note> for Worker {
    async fn handle(&mut self, Note(mut parcel): Note, _: &mut ActorContext<Self>) -> Answer {
        parcel.begin(self.record());
        parcel.handled(false)
    }
}

impl Handler<Job> for Worker {
    async fn handle(&mut self, Job { parcel, plan }: Job, ctx: &mut ActorContext<Self>) -> Answer {
        self.work(parcel, plan, ctx).await
    }
}

impl Handler<Freight> for Worker {
    async fn handle(&mut self, freight: Freight, ctx: &mut ActorContext<Self>) -> Answer {
        if !freight.is_whole() {
            self.ledger().breach("a message came otherwise than it was sent");
        }
        let Job { parcel, plan } = freight.0;
        self.work(parcel, plan, ctx).await
    }
}

impl Handler<News> for Worker {
    async fn handle(&mut self, News(mut parcel): News, ctx: &mut ActorContext<Self>) {
        parcel.begin(self.record());
        if self.random.one_in(8) {
            ctx.yield_now().await;
        }
        drop(parcel.handled(false));
    }
}

impl Handler<Rumour> for Worker {
    async fn handle(&mut self, Rumour(mut parcel): Rumour, _: &mut ActorContext<Self>) {
        parcel.begin(self.record());
        drop(parcel.handled(false));
    }
}

impl Handler<Tick> for Worker {
    async fn handle(&mut self, Tick(mut parcel): Tick, _: &mut ActorContext<Self>) {
        parcel.begin(self.record());
        if let Some((timer, ticks)) = &mut self.timer {
            *ticks += 1;
            if *ticks == TICKS {
                timer.cancel();
            }
        }
        drop(parcel.handled(false));
    }
}
