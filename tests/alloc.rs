//! The hot paths allocate nothing in steady state: a counting allocator, all threads, exact zeros.
//!
//! For each row: {same worker, two workers, a foreign thread} × {tell, send and its reply} × message sizes, a
//! mailbox of four that is mostly full, a handler that suspends once, a send with a limit that isn't reached, and an
//! event for ten subscribers. 10^4 operations of warm-up, which also fill the mailbox to its brim once, then 10^6 counted ones (10^5 in debug builds;
//! `CORECAST_ALLOC_OPERATIONS` sets another number). Mailboxes are bounded, so memory is too.
//!
//! A binary of its own because of the allocator, and one test because the count is the process's.

use std::alloc::{GlobalAlloc, Layout, System};
use std::env;
use std::hint::black_box;
use std::ptr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use corecast::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Mailbox, Message, MessageBroker, Overflow, Topic};
use futures::channel::oneshot;

/// The system's allocator, counted.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

/// The thread that isn't counted: libtest's main thread, which prints a warning when a test takes a minute.
/// It is the first to allocate; threads are told apart by the address of [`HERE`]. 0: nobody yet.
static UNCOUNTED: AtomicUsize = AtomicUsize::new(0);

/// No thread at all.
const NOBODY: usize = 1;

thread_local! {
    static HERE: u8 = const { 0 };
}

fn here() -> usize {
    HERE.with(|here| ptr::from_ref(here).addr())
}

fn count() {
    let here = here();
    // ORDERING: Relaxed; the first allocation is made before there is a second thread.
    let uncounted = UNCOUNTED.compare_exchange(0, here, Ordering::Relaxed, Ordering::Relaxed).unwrap_or_else(|it| it);
    if uncounted != here && uncounted != 0 {
        // ORDERING: Relaxed; read after the operations' messages and replies.
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    }
}

fn allocations() -> u64 {
    // ORDERING: Relaxed; as in `count`.
    ALLOCATIONS.load(Ordering::Relaxed)
}

// SAFETY: every call goes to `System` unchanged, which keeps the contract; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise; the block came from `System`.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise; the block came from `System`.
        unsafe { System.dealloc(block, layout) }
    }
}

/// A limit that nothing reaches.
const LIMIT: Duration = Duration::from_secs(3_600);

/// Takes everything.
struct Sink;

impl Actor for Sink {}

/// A message of `N` bytes.
struct Bytes<const N: usize>([u8; N]);

impl<const N: usize> Message for Bytes<N> {
    type Result = ();
}

impl<const N: usize> Handler<Bytes<N>> for Sink {
    async fn handle(&mut self, bytes: Bytes<N>, _ctx: &mut ActorContext<Self>) {
        black_box(bytes.0);
    }
}

/// A request of `N` bytes, with a reply of `N` bytes.
struct Ask<const N: usize>([u8; N]);

impl<const N: usize> Message for Ask<N> {
    type Result = [u8; N];
}

impl<const N: usize> Handler<Ask<N>> for Sink {
    async fn handle(&mut self, ask: Ask<N>, _ctx: &mut ActorContext<Self>) -> [u8; N] {
        black_box(ask.0)
    }
}

/// A request whose handler suspends once.
struct Nap(u64);

impl Message for Nap {
    type Result = u64;
}

impl Handler<Nap> for Sink {
    async fn handle(&mut self, nap: Nap, ctx: &mut ActorContext<Self>) -> u64 {
        ctx.yield_now().await;
        nap.0
    }
}

/// Keeps the handler suspended, so that the mailbox fills.
struct Pause(oneshot::Receiver<()>);

impl Message for Pause {
    type Result = ();
}

impl Handler<Pause> for Sink {
    async fn handle(&mut self, pause: Pause, _ctx: &mut ActorContext<Self>) {
        let _ = pause.0.await;
    }
}

/// Answered when all before it has been handled.
struct Flush;

impl Message for Flush {
    type Result = ();
}

impl Handler<Flush> for Sink {
    async fn handle(&mut self, _: Flush, _ctx: &mut ActorContext<Self>) {}
}

/// What is done over and over.
trait Load: Copy + Send + 'static {
    fn once(self, sink: &ActorRef<Sink>) -> impl Future<Output = ()> + Send;
    fn once_blocking(self, sink: &ActorRef<Sink>);
}

#[derive(Clone, Copy)]
struct Tells<const N: usize>;

impl<const N: usize> Load for Tells<N> {
    async fn once(self, sink: &ActorRef<Sink>) {
        sink.tell(Bytes([1; N])).await.expect("told");
    }

    fn once_blocking(self, sink: &ActorRef<Sink>) {
        sink.blocking_tell(Bytes([1; N])).expect("told");
    }
}

#[derive(Clone, Copy)]
struct Sends<const N: usize>;

impl<const N: usize> Load for Sends<N> {
    async fn once(self, sink: &ActorRef<Sink>) {
        black_box(sink.send(Ask([1; N])).await.expect("answered"));
    }

    fn once_blocking(self, sink: &ActorRef<Sink>) {
        black_box(sink.blocking_send(Ask([1; N])).expect("answered"));
    }
}

/// Sends with a limit that isn't reached. From a thread outside, on an executor of others, a worker keeps the time.
#[derive(Clone, Copy)]
struct Limits(Duration);

impl Load for Limits {
    async fn once(self, sink: &ActorRef<Sink>) {
        black_box(sink.send(Nap(1)).timeout(self.0).await.expect("answered in time"));
    }

    fn once_blocking(self, sink: &ActorRef<Sink>) {
        // Not pollster, which allocates for each call.
        black_box(futures::executor::block_on(sink.send(Nap(1)).timeout(self.0)).expect("answered in time"));
    }
}

#[derive(Clone, Copy)]
struct Naps;

impl Load for Naps {
    async fn once(self, sink: &ActorRef<Sink>) {
        black_box(sink.send(Nap(1)).await.expect("answered"));
    }

    fn once_blocking(self, sink: &ActorRef<Sink>) {
        black_box(sink.blocking_send(Nap(1)).expect("answered"));
    }
}

/// An event for ten.
#[derive(Clone)]
struct Event([u8; 16]);

impl Message for Event {
    type Result = ();
}

impl Handler<Event> for Sink {
    async fn handle(&mut self, event: Event, _ctx: &mut ActorContext<Self>) {
        black_box(event.0);
    }
}

/// Publishes to ten, and asks how many allocations there were.
struct Publishes {
    broker: MessageBroker,
    topic: Topic<Event>,
    sinks: Vec<ActorRef<Sink>>,
    extent: Extent,
}

impl Publishes {
    /// Ten sinks that subscribe to one topic, two of them by patterns, and four that shed.
    fn new(sinks: Vec<ActorRef<Sink>>, extent: Extent) -> Self {
        let broker = MessageBroker::new();
        let overflows =
            [Overflow::Wait, Overflow::DropNewest, Overflow::Wait, Overflow::DropOldest(8), Overflow::Latest];
        for (number, sink) in sinks.iter().enumerate() {
            let pattern = ["ten.sinks", "ten.*"][usize::from(number % 5 == 0)];
            broker.subscribe::<Event>(pattern, sink).overflow(overflows[number % 5]).start().expect("subscribed");
        }
        let topic = broker.topic("ten.sinks").expect("a topic");
        Self { broker, topic, sinks, extent }
    }

    /// No more at once than a mailbox has room for: a publisher that waits keeps a list of whom it waits for.
    async fn publish(&self, mut left: u64) {
        while left > 0 {
            let now = left.min(self.extent.capacity as u64 / 4);
            for _ in 0..now {
                self.broker.publish("ten.sinks", Event([1; 16])).await.expect("published");
                self.topic.publish(Event([2; 16])).await.expect("published");
            }
            for sink in &self.sinks {
                sink.send(Flush).await.expect("answered");
            }
            left -= now;
        }
    }

    async fn count(&self) -> u64 {
        for sink in &self.sinks {
            brim::<8>(sink, self.extent.capacity).await;
        }
        self.publish(self.extent.warm_up).await;
        let before = allocations();
        self.publish(self.extent.operations / 10).await;
        allocations() - before
    }
}

impl Message for Publishes {
    type Result = u64;
}

impl Handler<Publishes> for Driver {
    async fn handle(&mut self, publishes: Publishes, _ctx: &mut ActorContext<Self>) -> u64 {
        publishes.count().await
    }
}

/// How much is done.
#[derive(Clone, Copy)]
struct Extent {
    capacity: usize,
    warm_up: u64,
    operations: u64,
}

/// Fills the sink's mailbox to the brim once, and one waits: no later operation needs more memory.
async fn brim<const N: usize>(sink: &ActorRef<Sink>, capacity: usize) {
    let (open, opened) = oneshot::channel();
    sink.tell(Pause(opened)).await.expect("told");
    for _ in 0..capacity {
        sink.tell(Bytes([0; N])).await.expect("told");
    }
    let waiting = sink.tell(Bytes([0; N]));
    let _ = open.send(());
    waiting.await.expect("told");
}

/// Lets the driver do `load`, and asks how many allocations there were.
struct Drive<L, const N: usize> {
    load: L,
    sink: ActorRef<Sink>,
    extent: Extent,
}

impl<L: Load, const N: usize> Message for Drive<L, N> {
    type Result = u64;
}

/// Does it from inside a handler.
struct Driver;

impl Actor for Driver {}

impl<L: Load, const N: usize> Handler<Drive<L, N>> for Driver {
    async fn handle(&mut self, drive: Drive<L, N>, _ctx: &mut ActorContext<Self>) -> u64 {
        let Drive { load, sink, extent } = drive;
        brim::<N>(&sink, extent.capacity).await;
        for _ in 0..extent.warm_up {
            load.once(&sink).await;
        }
        // Again, now that freed memory has come to rest with other threads.
        brim::<N>(&sink, extent.capacity).await;
        sink.send(Flush).await.expect("answered");
        let before = allocations();
        for _ in 0..extent.operations {
            load.once(&sink).await;
        }
        sink.send(Flush).await.expect("answered");
        allocations() - before
    }
}

/// Does it from a thread that is no worker.
fn drive_from_outside<L: Load, const N: usize>(load: L, sink: &ActorRef<Sink>, extent: Extent) -> u64 {
    pollster::block_on(brim::<N>(sink, extent.capacity));
    for _ in 0..extent.warm_up {
        load.once_blocking(sink);
    }
    pollster::block_on(brim::<N>(sink, extent.capacity));
    sink.blocking_send(Flush).expect("answered");
    let before = allocations();
    for _ in 0..extent.operations {
        load.once_blocking(sink);
    }
    sink.blocking_send(Flush).expect("answered");
    allocations() - before
}

/// Who sends to whom.
#[derive(Clone, Copy, Debug)]
enum Between {
    SameWorker,
    TwoWorkers,
    ForeignThread,
}

/// The rows so far.
struct Table {
    system: ActorSystem,
    operations: u64,
    rows: Vec<(String, u64)>,
}

impl Table {
    fn row<L: Load, const N: usize>(&mut self, what: &str, load: L, between: Between, capacity: usize) {
        let extent = Extent { capacity, warm_up: 10_000, operations: self.operations };
        let on = |worker| {
            let spawn = self.system.spawn(Sink).mailbox(Mailbox::bounded(capacity)).on_worker(worker);
            spawn.start().expect("a sink starts")
        };
        let sink = on(usize::from(matches!(between, Between::TwoWorkers)));
        let allocations = match between {
            Between::ForeignThread => drive_from_outside::<L, N>(load, &sink, extent),
            Between::SameWorker | Between::TwoWorkers => {
                let driver = self.system.spawn(Driver).on_worker(0).start().expect("a driver starts");
                driver.blocking_send(Drive::<L, N> { load, sink, extent }).expect("it drives")
            }
        };
        let name = format!("{between:?}, {what}, {N} bytes, bounded({capacity})");
        println!("{allocations:>8}  {name}");
        self.rows.push((name, allocations));
    }

    /// Ten subscribers to one topic.
    fn publishes(&mut self, between: Between) {
        let extent = Extent { capacity: 256, warm_up: 10_000, operations: self.operations };
        let worker = usize::from(matches!(between, Between::TwoWorkers));
        let sink = || self.system.spawn(Sink).mailbox(Mailbox::bounded(256)).on_worker(worker).start();
        let sinks = (0..10).map(|_| sink().expect("a sink starts")).collect();
        let publishes = Publishes::new(sinks, extent);
        let allocations = match between {
            Between::ForeignThread => pollster::block_on(publishes.count()),
            Between::SameWorker | Between::TwoWorkers => {
                let driver = self.system.spawn(Driver).on_worker(0).start().expect("a driver starts");
                driver.blocking_send(publishes).expect("it drives")
            }
        };
        let name = format!("{between:?}, publish to ten");
        println!("{allocations:>8}  {name}");
        self.rows.push((name, allocations));
    }

    fn rows_of_size<const N: usize>(&mut self, between: Between) {
        self.row::<_, N>("tell", Tells::<N>, between, 256);
        self.row::<_, N>("send and reply", Sends::<N>, between, 256);
    }
}

#[test]
fn promise_09_the_hot_paths_allocate_nothing() {
    // ORDERING: Relaxed; no other thread of ours is there yet.
    if UNCOUNTED.load(Ordering::Relaxed) == here() {
        // Run on the main thread, as with one test thread: then libtest has nothing else to do.
        UNCOUNTED.store(NOBODY, Ordering::Relaxed);
    }
    let operations = match env::var("CORECAST_ALLOC_OPERATIONS") {
        Ok(number) => number.parse().expect("CORECAST_ALLOC_OPERATIONS is a number"),
        Err(_) if cfg!(debug_assertions) => 100_000,
        Err(_) => 1_000_000,
    };
    let before = allocations();
    drop(black_box(Box::new(1)));
    assert!(allocations() > before, "the allocator counts");

    let system = ActorSystem::builder().workers(2).name("alloc").build().expect("a system starts");
    // Both threads have begun, and made what a thread makes once, before anything is counted.
    for worker in 0..2 {
        let sink = system.spawn(Sink).on_worker(worker).start().expect("a sink starts");
        sink.blocking_send(Flush).expect("answered");
    }
    let mut table = Table { system, operations, rows: Vec::new() };
    for between in [Between::SameWorker, Between::TwoWorkers, Between::ForeignThread] {
        table.rows_of_size::<8>(between);
        table.rows_of_size::<64>(between);
        table.rows_of_size::<200>(between);
        table.row::<_, 8>("tell to a mostly full mailbox", Tells::<8>, between, 4);
        table.row::<_, 8>("send to a handler that suspends once", Naps, between, 256);
        table.publishes(between);
        table.row::<_, 8>("send with a limit, to a handler that suspends once", Limits(LIMIT), between, 256);
    }
    let missed: Vec<_> = table.rows.iter().filter(|(_, allocations)| *allocations > 0).collect();
    assert!(missed.is_empty(), "allocations in {operations} operations: {missed:#?}");
}
