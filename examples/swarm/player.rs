//! Whoever uses the system from outside: a thread of its own, or a future in the simulator.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use corecast::{
    ActorRef, BlockingError, FindError, Handler, Overflow, SpawnError, Stopped, Subscription, SystemRef, Tell,
};

use crate::ledger::{Forgetful, Kind, Ledger, Parcel, Receipt, Sender, explode, give_up, quietly};
use crate::message::{Freight, Job, Load, News, Note, Rumour};
use crate::plan::Plan;
use crate::random::Random;
use crate::tree::Tree;
use crate::worker::{Worker, book_answer, book_blocking, book_refusal, waits_outside};
use crate::world::{Inhabitant, World};

/// The names that actors take.
pub(crate) const NAMES: [&str; 4] = ["ada", "bob", "cyd", "dee"];

/// How often one asks who doesn't give up.
const TRIES: u32 = 5;

/// What a player does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Step {
    Tell,
    TellMany,
    TellByRecipient,
    TryTell,
    BlockingTell,
    Send,
    SendLimited,
    SendAndDrop,
    TrySend,
    BlockingSend,
    Publish,
    Gossip,
    Retain,
    Subscribe,
    Unsubscribe,
    Replace,
    SpawnAndWait,
    Find,
    Block,
    Plant,
    Tend,
    Fell,
    Insist,
    Look,
    Explode,
    Stop,
    StopAndWait,
    Kill,
    KillAndWait,
    Chop,
    Prune,
}

impl Step {
    /// What harms nobody, and how often at most.
    pub(crate) const CALM: &'static [(Self, u64)] = &[
        (Self::Tell, 60),
        (Self::TellMany, 20),
        (Self::TellByRecipient, 10),
        (Self::TryTell, 40),
        (Self::BlockingTell, 20),
        (Self::Send, 30),
        (Self::SendLimited, 15),
        (Self::SendAndDrop, 20),
        (Self::TrySend, 20),
        (Self::BlockingSend, 10),
        (Self::Publish, 10),
        (Self::Gossip, 8),
        (Self::Retain, 2),
        (Self::Subscribe, 6),
        (Self::Unsubscribe, 2),
        (Self::Replace, 8),
        (Self::SpawnAndWait, 4),
        (Self::Find, 4),
        (Self::Block, 4),
        (Self::Plant, 4),
        (Self::Tend, 4),
        (Self::Fell, 2),
        (Self::Insist, 10),
        (Self::Look, 1),
    ];

    /// What ends actors.
    pub(crate) const ROUGH: &'static [(Self, u64)] = &[
        (Self::Explode, 4),
        (Self::Stop, 4),
        (Self::StopAndWait, 2),
        (Self::Kill, 4),
        (Self::KillAndWait, 2),
        (Self::Chop, 2),
        (Self::Prune, 3),
    ];
}

/// What a player is doing, for a watchdog.
#[derive(Debug, Default)]
pub(crate) struct Doing {
    /// The step, and one more; zero when it is done.
    step: AtomicU64,
    actor: AtomicU64,
    steps: AtomicU64,
}

impl Doing {
    fn set(&self, step: Step, actor: u64) {
        // ORDERING: Relaxed, all; for a look by somebody.
        self.actor.store(actor, Ordering::Relaxed);
        self.step.store(step as u64 + 1, Ordering::Relaxed);
        self.steps.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn done(&self) {
        // ORDERING: Relaxed; as above.
        self.step.store(0, Ordering::Relaxed);
    }

    pub(crate) fn show(&self) -> String {
        // ORDERING: Relaxed, all; as above.
        let (step, actor) = (self.step.load(Ordering::Relaxed), self.actor.load(Ordering::Relaxed));
        let all = Step::CALM.iter().chain(Step::ROUGH).map(|(step, _)| step);
        let name = all.copied().find(|&known| known as u64 + 1 == step);
        let steps = self.steps.load(Ordering::Relaxed);
        match name {
            Some(step) => format!("step {steps}, {step:?} with actor #{}.{}", actor as u32, actor >> 32),
            None => format!("done after {steps} steps"),
        }
    }
}

/// A waker that panics.
struct Bomb(Ledger);

impl Wake for Bomb {
    fn wake(self: Arc<Self>) {
        self.0.exploded();
        explode("a waker");
    }
}

/// Something that was polled by a bomb, and waits to be dropped.
type Primed = Pin<Box<dyn Send>>;

/// A player.
pub(crate) struct Player {
    world: Arc<World>,
    random: Random,
    sender: Sender,
    doing: Arc<Doing>,
    news: Vec<(Subscription<News>, Overflow)>,
    rumours: Vec<Subscription<Rumour>>,
    primed: VecDeque<Primed>,
    /// Ends that are to be heard of when the system has ended.
    pub(crate) watches: Vec<Stopped>,
}

/// Lets others go on: in the simulator, players take turns by that.
pub(crate) async fn yield_once() {
    let mut has_yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl Player {
    pub(crate) fn new(world: &Arc<World>, number: u64, doing: Arc<Doing>) -> Self {
        let random = Random::new(world.settings.seed, 1 + number);
        let (world, sender) = (Arc::clone(world), world.ledger.sender());
        let (news, rumours, primed, watches) = Default::default();
        Self { world, random, sender, doing, news, rumours, primed, watches }
    }

    fn system(&self) -> &SystemRef {
        &self.world.system
    }

    fn offer(&mut self, kind: Kind) -> Parcel {
        self.world.ledger.offer(&mut self.sender, kind)
    }

    /// A message for the actor in a place.
    fn load<M: Load>(&mut self, kind: Kind, place: usize) -> (M, Receipt) {
        let plan = Plan::draw(&mut self.random, &self.world, place);
        let parcel = self.offer(kind);
        let receipt = parcel.receipt();
        (M::load(Job { parcel, plan }), receipt)
    }

    /// Spawns the actors that there are at the beginning.
    pub(crate) fn people(&mut self) {
        while self.world.field.len() < self.world.settings.actors {
            self.spawn_one();
        }
    }

    /// Takes its steps, or as many as there are before the system ends.
    pub(crate) async fn play(&mut self, steps: u64) {
        for _ in 0..steps {
            if self.world.settings.is_simulated() && self.random.one_in(2) {
                yield_once().await;
            }
            if !self.system().is_running() {
                break;
            }
            let step = *self.random.pick(&self.world.settings.mix);
            self.take(step).await;
            self.world.ledger.progress();
        }
    }

    async fn take(&mut self, step: Step) {
        let place = self.random.below(self.world.field.len() as u64) as usize;
        let Inhabitant { actor, is_ward, .. } = self.world.field.inhabitant(place);
        self.doing.set(step, actor.id().get());
        match (step, self.random.below(4)) {
            (Step::Publish, _) => self.publish().await,
            (Step::Gossip, _) => self.gossip().await,
            (Step::Retain, _) => self.retain(),
            (Step::Subscribe, _) => self.subscribe(place),
            (Step::Unsubscribe, _) => self.unsubscribe(),
            (Step::Replace, _) => self.spawn_one(),
            (Step::SpawnAndWait, _) => self.spawn_and_wait().await,
            (Step::Find, _) => self.find(),
            (Step::Block, _) => self.block(&actor).await,
            (Step::Stop, _) => actor.stop(),
            (Step::Kill, _) => actor.kill(),
            (Step::StopAndWait, _) => {
                actor.stop();
                if !is_ward {
                    actor.stopped().await;
                    self.world.register.ended(&actor.info());
                }
            }
            (Step::KillAndWait, _) => {
                actor.kill();
                if !is_ward {
                    actor.stopped().await;
                }
            }
            (Step::Plant, _) => self.plant().await,
            (Step::Tend, _) => {
                if let Some(tree) = self.world.grove.any(&mut self.random) {
                    tree.tend(&self.world, &mut self.random).await;
                }
            }
            (Step::Fell, _) => {
                if let Some(tree) = self.world.grove.take(&mut self.random) {
                    tree.fell(&self.world, &mut self.random).await;
                }
            }
            (Step::Chop, _) => {
                if let Some(tree) = self.world.grove.take(&mut self.random) {
                    tree.chop(&self.world).await;
                }
            }
            (Step::Prune, _) => {
                if let Some(tree) = self.world.grove.any(&mut self.random) {
                    tree.prune(&mut self.random).await;
                }
            }
            (Step::Insist, _) => self.insist(place).await,
            (Step::Look, _) => self.look(),
            (_, 0) => self.send_one::<Note>(step, &actor, place).await,
            (_, 1) => self.send_one::<Freight>(step, &actor, place).await,
            _ => self.send_one::<Job>(step, &actor, place).await,
        }
    }

    /// The steps that send a message.
    async fn send_one<M: Load>(&mut self, step: Step, actor: &ActorRef<Worker>, place: usize)
    where
        Worker: Handler<M>,
    {
        let world = Arc::clone(&self.world);
        let ledger = &world.ledger;
        match step {
            Step::Tell => {
                let (message, receipt) = self.load::<M>(Kind::Heard, place);
                book_tell(ledger, &receipt, actor.tell(message).await);
            }
            Step::TellMany => {
                let count = 1 + self.random.below(20);
                let mut told: Vec<(Tell<M>, Receipt)> = Vec::new();
                for _ in 0..count {
                    let (message, receipt) = self.load::<M>(Kind::Heard, place);
                    told.push((actor.tell(message), receipt));
                }
                for (tell, receipt) in told {
                    book_tell(ledger, &receipt, tell.await);
                }
            }
            Step::TellByRecipient => {
                let (message, receipt) = self.load::<M>(Kind::Heard, place);
                let recipient = actor.recipient::<M>();
                book_tell(ledger, &receipt, recipient.tell(message).await);
            }
            Step::TryTell => {
                let (message, receipt) = self.load::<M>(Kind::Heard, place);
                match actor.try_tell(message) {
                    Ok(()) => receipt.accepted(),
                    Err(error) => error.into_message().unload().returned(),
                }
            }
            Step::BlockingTell => {
                let (message, receipt) = self.load::<M>(Kind::Heard, place);
                book_tell(ledger, &receipt, actor.blocking_tell(message));
            }
            Step::Send => {
                let (message, receipt) = self.load::<M>(Kind::Heard, place);
                book_answer(ledger, &receipt, Forgetful::new(actor.send(message)).await);
            }
            Step::SendLimited => {
                let limit = world.time(&mut self.random);
                let (message, receipt) = self.load::<M>(Kind::Heard, place);
                // A result that comes when the time is up is dropped with the future, and may panic.
                let send = Forgetful::new(actor.send(message).timeout(limit));
                book_answer(ledger, &receipt, send.await);
            }
            Step::BlockingSend => {
                let (message, receipt) = self.load::<M>(Kind::Heard, place);
                book_blocking(ledger, &receipt, || actor.blocking_send(message));
            }
            Step::TrySend => {
                let (message, receipt) = self.load::<M>(Kind::Heard, place);
                match actor.try_send(message) {
                    Ok(reply) => {
                        receipt.accepted();
                        if self.random.one_in(2) {
                            // The result of a request whose reply was dropped is dropped where it is made.
                            quietly(|| drop(reply));
                        } else if let Ok(answer) = reply.await {
                            receipt.answered(answer);
                        }
                    }
                    Err(error) => error.into_message().unload().returned(),
                }
            }
            Step::Explode => self.prime::<M>(actor, place),
            _ => self.send_and_drop::<M>(actor, place).await,
        }
    }

    /// Asks until somebody answers, or so many times: the one in a place, and others when that fails.
    async fn insist(&mut self, mut place: usize) {
        let world = Arc::clone(&self.world);
        for _ in 0..TRIES {
            let (message, receipt) = self.load::<Job>(Kind::Heard, place);
            let answer = Forgetful::new(world.field.get(place).send(message)).await;
            let is_answered = answer.is_ok();
            book_answer(&world.ledger, &receipt, answer);
            if is_answered || !self.system().is_running() {
                return;
            }
            // As often as not the same one once more: it may have been made anew.
            if self.random.one_in(2) {
                place = self.random.below(world.field.len() as u64) as usize;
            }
        }
    }

    /// Looks at everybody.
    fn look(&self) {
        let before = self.world.register.starts();
        if let Some(snapshot) = self.system().snapshot() {
            self.world.register.look(&before, &snapshot);
        }
    }

    /// A future that is polled or not, and dropped.
    async fn send_and_drop<M: Load>(&mut self, actor: &ActorRef<Worker>, place: usize)
    where
        Worker: Handler<M>,
    {
        let world = Arc::clone(&self.world);
        let (message, receipt) = self.load::<M>(Kind::Nested, place);
        let is_polled = self.random.one_in(2);
        if self.random.one_in(2) {
            let mut tell = Forgetful::new(actor.tell(message));
            if is_polled && let Poll::Ready(told) = poll_here(&mut tell).await {
                book_tell(&world.ledger, &receipt, told);
            }
        } else {
            let mut send = Forgetful::new(actor.send(message));
            if is_polled && let Poll::Ready(answer) = poll_here(&mut send).await {
                book_answer(&world.ledger, &receipt, answer);
            }
        }
    }

    /// Something is polled by a waker that panics.
    fn prime<M: Load>(&mut self, actor: &ActorRef<Worker>, place: usize)
    where
        Worker: Handler<M>,
    {
        let world = Arc::clone(&self.world);
        let waker = Waker::from(Arc::new(Bomb(world.ledger.clone())));
        let mut context = Context::from_waker(&waker);
        match self.random.below(3) {
            0 => {
                let (message, receipt) = self.load::<M>(Kind::Nested, place);
                let mut tell = Box::pin(Forgetful::new(actor.tell(message)));
                match quietly(|| tell.as_mut().poll(&mut context)) {
                    Some(Poll::Ready(told)) => book_tell(&world.ledger, &receipt, told),
                    _ => self.primed.push_back(tell),
                }
            }
            1 => {
                let (message, receipt) = self.load::<M>(Kind::Nested, place);
                let mut send = Box::pin(Forgetful::new(actor.send(message)));
                match quietly(|| send.as_mut().poll(&mut context)) {
                    Some(Poll::Ready(answer)) => book_answer(&world.ledger, &receipt, answer),
                    _ => self.primed.push_back(send),
                }
            }
            _ => {
                let mut stopped = Box::pin(actor.stopped());
                // In the simulator the poll itself may wake.
                if quietly(|| stopped.as_mut().poll(&mut context)).is_none_or(|polled| polled.is_pending()) {
                    self.primed.push_back(stopped);
                }
            }
        }
        if self.primed.len() > 4
            && let Some(oldest) = self.primed.pop_front()
        {
            quietly(|| drop(oldest));
        }
    }

    async fn publish(&mut self) {
        let Some(broker) = self.system().broker() else { return };
        let topic = *self.random.pick(&["news", "news.local", "sport"]);
        let parcel = self.offer(Kind::News);
        match broker.publish(topic, News(parcel)).await {
            Ok(published) => self.world.ledger.reached(published.reached()),
            Err(error) => self.world.ledger.breach(format!("a topic that isn't one: {error}")),
        }
    }

    /// Publishes, and mostly doesn't wait for it.
    async fn gossip(&mut self) {
        let Some(broker) = self.system().broker() else { return };
        let topic = *self.random.pick(&["rumours", "rumours.local"]);
        let parcel = self.offer(Kind::Rumour);
        let mut publish = broker.publish(topic, Rumour(parcel));
        match self.random.below(3) {
            0 => drop(publish.await),
            1 => drop(poll_here(&mut publish).await),
            _ => drop(publish),
        }
    }

    fn retain(&mut self) {
        let Some(Ok(topic)) = self.system().broker().map(|broker| broker.topic::<Rumour>("rumours.local")) else {
            return;
        };
        if self.random.one_in(3) {
            topic.forget()
        } else {
            topic.retain()
        }
        drop(topic.retained());
    }

    /// Lets an actor hear of events, by a reference that keeps it or one that doesn't.
    fn subscribe(&mut self, place: usize) {
        let Some(broker) = self.system().broker() else { return };
        let inhabitant = self.world.field.inhabitant(place);
        let policy = *self.random.pick(&self.world.settings.policies);
        let is_rumour = self.random.one_in(2);
        // ORDERING: Relaxed; only the flag itself is asked for.
        if self.world.register.of(inhabitant.actor.id()).subscribed[usize::from(is_rumour)]
            .swap(true, Ordering::Relaxed)
        {
            return;
        }
        let (actor, weak) = (&inhabitant.actor, inhabitant.actor.downgrade());
        let keeps = self.random.one_in(2);
        if is_rumour {
            let pattern = *self.random.pick(&["rumours", "rumours.*", ">"]);
            let fickle = AtomicBool::new(false);
            let panics = self.random.one_in(3);
            let filter = move |_: &Rumour| {
                // ORDERING: Relaxed; as above.
                if panics && fickle.fetch_not(Ordering::Relaxed) {
                    explode("a filter");
                }
                true
            };
            let subscribe = match keeps {
                true => broker.subscribe::<Rumour>(pattern, actor),
                false => broker.subscribe::<Rumour>(pattern, weak),
            };
            self.rumours.extend(subscribe.overflow(policy).filter(filter).start());
        } else {
            let pattern = *self.random.pick(&["news", "news.*", ">"]);
            let subscribe = match keeps {
                true => broker.subscribe::<News>(pattern, actor),
                false => broker.subscribe::<News>(pattern, weak),
            };
            self.news.extend(subscribe.overflow(policy).start().map(|subscription| (subscription, policy)));
        }
    }

    fn unsubscribe(&mut self) {
        if self.random.one_in(2) {
            if !self.rumours.is_empty() {
                let place = self.random.below(self.rumours.len() as u64) as usize;
                drop(self.rumours.swap_remove(place).into_guard());
            }
        } else if !self.news.is_empty() {
            self.random.pick(&self.news).0.unsubscribe();
        }
    }

    /// An actor about to be spawned.
    fn draw(&mut self) -> corecast::SpawnBuilder<Worker> {
        let world = Arc::clone(&self.world);
        let settings = &world.settings;
        let friend = (world.field.len() > 0 && self.random.one_in(3)).then(|| world.field.any(&mut self.random));
        let mailbox = *self.random.pick(&settings.mailboxes);
        let mut spawn = self.system().spawn(Worker::draw(&world, friend)).mailbox(mailbox);
        if self.random.below(1_000) < settings.placed {
            spawn = spawn.on_worker(self.random.below(settings.workers as u64) as usize);
        }
        if self.random.one_in(6) {
            spawn = spawn.name(*self.random.pick(&NAMES));
        }
        if self.random.one_in(10) {
            spawn = spawn.keep_alive();
        }
        if self.random.one_in(10) {
            spawn = spawn.send_timeout(world.time(&mut self.random));
        }
        spawn
    }

    /// Spawns an actor, in the place of another one if there are enough.
    fn spawn_one(&mut self) {
        let spawned = self.draw().start();
        self.place(spawned);
    }

    async fn spawn_and_wait(&mut self) {
        let spawned = self.draw().await;
        self.place(spawned);
    }

    fn place(&mut self, spawned: Result<ActorRef<Worker>, SpawnError>) {
        match spawned {
            Ok(actor) => {
                if self.random.one_in(2) {
                    self.watches.push(actor.stopped());
                }
                if let Some(watchers) = &self.world.watchers {
                    watchers.watch(&actor, self.random.below(8));
                }
                let most = self.world.settings.actors;
                self.world.field.put(actor, &mut self.random, most);
            }
            Err(SpawnError::NameTaken { .. } | SpawnError::ShutDown | SpawnError::PreStart { .. }) => {}
            Err(error) => self.world.ledger.breach(error.to_string()),
        }
    }

    /// Starts a tree, in the place of another one if there are enough.
    async fn plant(&mut self) {
        if let Some(tree) = Tree::plant(&self.world, &mut self.random).await {
            if self.random.one_in(2) {
                self.watches.push(tree.root().stopped());
            }
            if let Some(watchers) = &self.world.watchers {
                watchers.watch_root(tree.root());
            }
            self.world.grove.put(tree);
        }
    }

    fn find(&mut self) {
        let name = *self.random.pick(&NAMES);
        match self.system().find::<Worker>(name) {
            Ok(actor) if actor.info().name() == Some(name) => {}
            Ok(actor) => self.world.ledger.breach(format!("{name} was found, and it is {}", actor.info())),
            Err(FindError::NotFound { .. }) => {}
            Err(error) => self.world.ledger.breach(error.to_string()),
        }
    }

    /// A closure that may block, for an actor's sake.
    async fn block(&mut self, actor: &ActorRef<Worker>) {
        let (world, actor) = (Arc::clone(&self.world), actor.clone());
        let panics = self.random.one_in(4);
        let blocking = self.system().spawn_blocking(move || {
            let mut sender = world.ledger.sender();
            let parcel = world.ledger.offer(&mut sender, Kind::Heard);
            let receipt = parcel.receipt();
            book_tell(&world.ledger, &receipt, actor.blocking_tell(Note(parcel)));
            if panics {
                explode("a blocking closure");
            }
            7
        });
        if self.random.one_in(2) {
            return drop(blocking);
        }
        match blocking.await {
            Ok(7) | Err(BlockingError::ShutDown) => {}
            Err(BlockingError::Panicked(_)) if panics => {}
            other => self.world.ledger.breach(format!("a blocking closure brought {other:?}")),
        }
    }

    /// Books what was shed, and lets go of everything but the ends that it watches. Nobody publishes any more.
    pub(crate) fn rest(mut self) -> Vec<Stopped> {
        for (subscription, policy) in self.news.drain(..) {
            if waits_outside(policy) {
                self.world.ledger.missed(subscription.missed());
            }
        }
        self.primed.drain(..).for_each(give_up);
        self.watches
    }
}

/// Polls a future once.
async fn poll_here<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(Pin::new(&mut *future).poll(context))).await
}

/// Books what came of a `tell`.
fn book_tell<M: Load>(ledger: &Ledger, receipt: &Receipt, told: Result<(), corecast::TellError<M>>) {
    match told {
        Ok(()) => receipt.accepted(),
        Err(error) => book_refusal(ledger, error),
    }
}
