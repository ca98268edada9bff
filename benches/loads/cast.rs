//! The cast: a thousand actors of four types, and the two messages that each of them handles.
//!
//! The work of a handler is a few instructions on the actor's own state, so that what is measured is
//! the runtime, while nothing can be optimised away.

use std::hint::black_box;
use std::time::Duration;

use corecast::{Actor, ActorContext, ActorRef, Handler, Message, Recipient, SpawnError, SystemRef};

/// Actors in the usual cast.
pub const ACTORS: usize = 1_000;

/// The short message.
#[derive(Debug)]
pub struct Add(pub u64);

impl Message for Add {
    type Result = u64;
}

/// The longer message.
#[derive(Debug)]
pub struct Record {
    pub key: u64,
    pub value: u64,
    pub at: u64,
}

impl Record {
    pub fn new(n: u64) -> Self {
        Self { key: n, value: n >> 1, at: n }
    }
}

impl Message for Record {
    type Result = u64;
}

/// What an actor of the cast does with its messages.
pub trait State: Default + Send + 'static {
    fn add(&mut self, n: u64) -> u64;
    fn record(&mut self, record: Record) -> u64;
}

/// Sums up.
#[derive(Default)]
pub struct Counter(u64);

impl State for Counter {
    fn add(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(n);
        self.0
    }

    fn record(&mut self, record: Record) -> u64 {
        self.add(record.value)
    }
}

/// Keeps extremes.
#[derive(Default)]
pub struct Gauge {
    low: u64,
    high: u64,
}

impl State for Gauge {
    fn add(&mut self, n: u64) -> u64 {
        self.low = self.low.min(n);
        self.high = self.high.max(n);
        self.high
    }

    fn record(&mut self, record: Record) -> u64 {
        self.add(record.at)
    }
}

/// Mixes everything into one word.
#[derive(Default)]
pub struct Digest(u64);

impl State for Digest {
    fn add(&mut self, n: u64) -> u64 {
        self.0 = (self.0.rotate_left(5) ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0
    }

    fn record(&mut self, record: Record) -> u64 {
        self.add(record.key ^ record.value)
    }
}

/// Remembers the last values.
#[derive(Default)]
pub struct Window {
    last: [u64; 8],
    next: u8,
}

impl State for Window {
    fn add(&mut self, n: u64) -> u64 {
        let place = usize::from(self.next % 8);
        self.next = self.next.wrapping_add(1);
        std::mem::replace(&mut self.last[place], n)
    }

    fn record(&mut self, record: Record) -> u64 {
        self.add(record.value)
    }
}

/// Tells a load's driver that an actor has handled its share.
#[derive(Debug)]
pub struct Finished;

impl Message for Finished {
    type Result = ();
}

/// An actor's share of messages, and who hears of it.
#[derive(Clone, Default)]
pub struct Share {
    handled: u64,
    messages: u64,
    driver: Option<Recipient<Finished>>,
}

impl Share {
    /// Whenever another `messages` are handled, `driver` is told.
    pub fn of(messages: u64, driver: Recipient<Finished>) -> Self {
        Self { handled: 0, messages, driver: Some(driver) }
    }

    /// Nobody is told anything.
    pub fn unlimited() -> Self {
        Self::default()
    }

    /// A count, and a comparison: what the load itself adds to each message.
    pub fn count(&mut self) {
        self.handled += 1;
        if self.handled == self.messages {
            self.finish();
        }
    }

    #[cold]
    fn finish(&mut self) {
        self.handled = 0;
        if let Some(driver) = &self.driver {
            driver.try_tell(Finished).expect("the driver lives and has room");
        }
    }
}

/// An actor of the cast; one type for each kind of state.
#[derive(Default)]
pub struct Player<S> {
    state: S,
    share: Share,
}

impl<S: State> Player<S> {
    pub fn new(share: Share) -> Self {
        Self { state: S::default(), share }
    }
}

impl<S: State> Actor for Player<S> {}

impl<S: State> Handler<Add> for Player<S> {
    async fn handle(&mut self, Add(n): Add, _: &mut ActorContext<Self>) -> u64 {
        let result = self.state.add(n);
        self.share.count();
        result
    }
}

impl<S: State> Handler<Record> for Player<S> {
    async fn handle(&mut self, record: Record, _: &mut ActorContext<Self>) -> u64 {
        let result = self.state.record(record);
        self.share.count();
        result
    }
}

/// One actor of each type, called through their own types, as programs do.
pub struct Quartet {
    pub counter: ActorRef<Player<Counter>>,
    pub gauge: ActorRef<Player<Gauge>>,
    pub digest: ActorRef<Player<Digest>>,
    pub window: ActorRef<Player<Window>>,
}

impl Quartet {
    /// Players in a quartet.
    pub const PLAYERS: usize = 4;

    /// Bytes of the states of its players, and of the references that it is.
    pub const OWN_BYTES: usize = size_of::<Player<Counter>>()
        + size_of::<Player<Gauge>>()
        + size_of::<Player<Digest>>()
        + size_of::<Player<Window>>()
        + size_of::<Self>();

    /// Starts one, on any worker or on a given one.
    pub fn start(system: &SystemRef, worker: Option<usize>, share: &Share) -> Result<Self, SpawnError> {
        Ok(Self {
            counter: start(system, worker, share)?,
            gauge: start(system, worker, share)?,
            digest: start(system, worker, share)?,
            window: start(system, worker, share)?,
        })
    }

    /// Starts enough of them for `actors`.
    pub fn start_all(
        system: &SystemRef,
        actors: usize,
        worker: Option<usize>,
        share: &Share,
    ) -> Result<Vec<Self>, SpawnError> {
        (0..actors / Self::PLAYERS).map(|_| Self::start(system, worker, share)).collect()
    }

    /// Has the actor of this context watch each player.
    pub fn watch_by<A: Actor>(&self, ctx: &ActorContext<A>) {
        ctx.watch(&self.counter);
        ctx.watch(&self.gauge);
        ctx.watch(&self.digest);
        ctx.watch(&self.window);
    }

    /// One message to each player by `try_tell`; which type a player gets changes with the parity of `n`.
    pub fn try_tell(&self, n: u64) {
        if n.is_multiple_of(2) {
            self.counter.try_tell(Add(n)).expect("room");
            self.gauge.try_tell(Record::new(n)).expect("room");
            self.digest.try_tell(Add(n)).expect("room");
            self.window.try_tell(Record::new(n)).expect("room");
        } else {
            self.counter.try_tell(Record::new(n)).expect("room");
            self.gauge.try_tell(Add(n)).expect("room");
            self.digest.try_tell(Record::new(n)).expect("room");
            self.window.try_tell(Add(n)).expect("room");
        }
    }

    /// The same by `tell`, awaited.
    pub async fn tell(&self, n: u64) {
        if n.is_multiple_of(2) {
            self.counter.tell(Add(n)).await.expect("alive");
            self.gauge.tell(Record::new(n)).await.expect("alive");
            self.digest.tell(Add(n)).await.expect("alive");
            self.window.tell(Record::new(n)).await.expect("alive");
        } else {
            self.counter.tell(Record::new(n)).await.expect("alive");
            self.gauge.tell(Add(n)).await.expect("alive");
            self.digest.tell(Record::new(n)).await.expect("alive");
            self.window.tell(Add(n)).await.expect("alive");
        }
    }

    /// The same by `send`: one request to each player, one after the other, each reply awaited.
    pub async fn send(&self, n: u64) {
        if n.is_multiple_of(2) {
            black_box(self.counter.send(Add(n)).await.expect("a reply"));
            black_box(self.gauge.send(Record::new(n)).await.expect("a reply"));
            black_box(self.digest.send(Add(n)).await.expect("a reply"));
            black_box(self.window.send(Record::new(n)).await.expect("a reply"));
        } else {
            black_box(self.counter.send(Record::new(n)).await.expect("a reply"));
            black_box(self.gauge.send(Add(n)).await.expect("a reply"));
            black_box(self.digest.send(Record::new(n)).await.expect("a reply"));
            black_box(self.window.send(Add(n)).await.expect("a reply"));
        }
    }

    /// The same by `send` with a limit.
    pub async fn send_within(&self, n: u64, limit: Duration) {
        if n.is_multiple_of(2) {
            black_box(self.counter.send(Add(n)).timeout(limit).await.expect("a reply"));
            black_box(self.gauge.send(Record::new(n)).timeout(limit).await.expect("a reply"));
            black_box(self.digest.send(Add(n)).timeout(limit).await.expect("a reply"));
            black_box(self.window.send(Record::new(n)).timeout(limit).await.expect("a reply"));
        } else {
            black_box(self.counter.send(Record::new(n)).timeout(limit).await.expect("a reply"));
            black_box(self.gauge.send(Add(n)).timeout(limit).await.expect("a reply"));
            black_box(self.digest.send(Record::new(n)).timeout(limit).await.expect("a reply"));
            black_box(self.window.send(Add(n)).timeout(limit).await.expect("a reply"));
        }
    }

    /// Messages that its players have yet to take out of their mailboxes.
    pub fn queued(&self) -> usize {
        self.counter.mailbox_size()
            + self.gauge.mailbox_size()
            + self.digest.mailbox_size()
            + self.window.mailbox_size()
    }
}

fn start<S: State>(
    system: &SystemRef,
    worker: Option<usize>,
    share: &Share,
) -> Result<ActorRef<Player<S>>, SpawnError> {
    let player = system.spawn(Player::new(share.clone()));
    match worker {
        Some(worker) => player.on_worker(worker).start(),
        None => player.start(),
    }
}
