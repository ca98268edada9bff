//! The hot paths allocate nothing in steady state: a counting allocator, all threads, exact zeros.
//!
//! | case | by whom |
//! |---|---|
//! | tell, send and its reply, each of three sizes; tell with backpressure; enqueue alone; a handler that suspends; a limit that isn't reached | an actor to one of its worker, an actor to one of another worker, a thread outside ([`direct`]) |
//! | publish to 1, 10, 100 and 1,000 subscribers; broadcast to 1, 10 and 100 members | the same ([`publishing`]) |
//! | tell to one who is watched; look-ups of a name; and of watches that were withdrawn nothing is left | the same, a thread outside, an actor ([`watching`]) |
//! | ping-pong, ring of 100, 64 ping-pong pairs, fan-in 8:1, fork-join throughput | actors on whichever worker comes to it ([`crowd`]) |
//! | sleeps that end; timers that are set and cancelled; health checks | an actor ([`timing`]) |
//!
//! 10^4 operations of warm-up, which also fill the mailboxes to the brim, then 10^6 counted ones (10^5 in debug builds, and
//! between threads, which have to be woken; `CORECAST_ALLOC_OPERATIONS` sets another number than 10^6). Mailboxes are
//! bounded, so memory is too.
//!
//! Where so many messages are in flight at once, and then none, that the pool's magazines don't hold them all, it keeps as
//! many empty slabs as such bursts have missed, up to a bound; a few bursts go by until it has. Those cases warm up longer.
//!
//! A binary of its own because of the allocator, and one test because the count is the process's.

mod counting;
mod crowd;
mod direct;
mod publishing;
mod sink;
mod timing;
mod watching;

use std::env;
use std::time::Duration;

use corecast::{ActorRef, ActorSystem, Mailbox};

use crowd::{Crowd, Lead};
use direct::{Drive, Driver, Enqueues, Extent, Limits, Load, Naps, Sends, Tells, drive_from_outside};
use publishing::Publishes;
use sink::{Flush, Sink};
use watching::{Guard, Mind};

/// A limit that nothing reaches.
const LIMIT: Duration = Duration::from_secs(3_600);

/// Room of a mailbox, unless the case says otherwise.
const CAPACITY: usize = 256;

/// Operations before anything is counted.
const WARM_UP: u64 = 10_000;

/// The same where the messages in flight at once are more than the pool's magazines hold.
const WARM_UP_OF_BURSTS: u64 = 200_000;

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
    rows: Vec<Row>,
}

/// What was counted.
struct Row {
    name: String,
    allocations: u64,
}

impl Table {
    fn extent(&self, capacity: usize) -> Extent {
        Extent { capacity, warm_up: WARM_UP, operations: self.operations }
    }

    fn extent_between(&self, between: Between, capacity: usize) -> Extent {
        let extent = self.extent(capacity);
        match between {
            Between::SameWorker => extent,
            Between::TwoWorkers | Between::ForeignThread => Extent { operations: extent.operations / 10, ..extent },
        }
    }

    fn note(&mut self, name: String, allocations: u64) {
        println!("{allocations:>8}  {name}");
        self.rows.push(Row { name, allocations });
    }

    fn sink(&self, between: Between, capacity: usize) -> ActorRef<Sink> {
        let worker = usize::from(matches!(between, Between::TwoWorkers));
        let sink = self.system.spawn(Sink).mailbox(Mailbox::bounded(capacity)).on_worker(worker);
        sink.start().expect("a sink starts")
    }

    fn driver(&self) -> ActorRef<Driver> {
        self.system.spawn(Driver).on_worker(0).start().expect("a driver starts")
    }

    fn row<L: Load, const N: usize>(&mut self, what: &str, load: L, between: Between, capacity: usize) {
        let extent = self.extent_between(between, capacity);
        let sink = self.sink(between, capacity);
        let allocations = match between {
            Between::ForeignThread => drive_from_outside::<L, N>(load, &sink, extent),
            Between::SameWorker | Between::TwoWorkers => {
                self.driver().blocking_send(Drive::<L, N> { load, sink, extent }).expect("it drives")
            }
        };
        self.note(format!("{between:?}, {what}, {N} bytes, bounded({capacity})"), allocations);
    }

    fn rows_of_size<const N: usize>(&mut self, between: Between) {
        self.row::<_, N>("tell", Tells::<N>, between, CAPACITY);
        self.row::<_, N>("send and reply", Sends::<N>, between, CAPACITY);
    }

    fn publishes(&mut self, between: Between, subscribers: usize, burst: u64, warm_up: u64) {
        let extent = Extent { warm_up, ..self.extent_between(between, CAPACITY) };
        let sinks = (0..subscribers).map(|_| self.sink(between, CAPACITY)).collect();
        let publishes = Publishes::new(sinks, burst, extent);
        let allocations = match between {
            Between::ForeignThread => pollster::block_on(publishes.count()),
            Between::SameWorker | Between::TwoWorkers => self.driver().blocking_send(publishes).expect("it drives"),
        };
        self.note(format!("{between:?}, publish to {subscribers}, {burst} at once"), allocations);
    }

    fn broadcasts(&mut self, between: Between, members: usize, burst: u64) {
        let extent = self.extent_between(between, CAPACITY);
        let sinks = (0..members).map(|_| self.sink(between, CAPACITY)).collect();
        let publishes = Publishes::to_group(sinks, burst, extent);
        let allocations = match between {
            Between::ForeignThread => pollster::block_on(publishes.count()),
            Between::SameWorker | Between::TwoWorkers => self.driver().blocking_send(publishes).expect("it drives"),
        };
        self.note(format!("{between:?}, broadcast to {members}, {burst} at once"), allocations);
    }

    fn watched(&mut self) {
        let extent = self.extent(CAPACITY);
        let sink = self.sink(Between::SameWorker, CAPACITY);
        let guard = self.system.spawn(Guard).start().expect("a guard starts");
        guard.blocking_send(Mind(sink.clone())).expect("it watches");
        let drive = Drive::<Tells<8>, 8> { load: Tells, sink: sink.clone(), extent };
        let allocations = self.driver().blocking_send(drive).expect("it drives");
        self.note("SameWorker, tell to one who is watched".to_owned(), allocations);
        let left = watching::left_of_watches(&self.system, &sink);
        self.note("blocks that are left of watches that were withdrawn".to_owned(), left);
    }

    fn crowd(&mut self, what: &str, crowd: Crowd, capacity: usize, warm_up: u64) {
        let driver = self.system.spawn(Driver).start().expect("a driver starts");
        let extent = Extent { warm_up, ..self.extent(capacity) };
        let allocations = driver.blocking_send(Lead { crowd, extent }).expect("it leads");
        self.note(format!("whichever worker, {what}"), allocations);
    }
}

#[test]
fn promise_09_the_hot_paths_allocate_nothing() {
    counting::begin();
    let operations = match env::var("CORECAST_ALLOC_OPERATIONS") {
        Ok(number) => number.parse().expect("CORECAST_ALLOC_OPERATIONS is a number"),
        Err(_) if cfg!(debug_assertions) => 100_000,
        Err(_) => 1_000_000,
    };

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
        table.row::<_, 8>("tell with backpressure", Tells::<8>, between, 1_024);
        table.row::<_, 8>("tell to a mostly full mailbox", Tells::<8>, between, 4);
        table.row::<_, 8>("enqueue alone", Enqueues, between, CAPACITY);
        table.row::<_, 8>("send to a handler that suspends once", Naps, between, CAPACITY);
        for (subscribers, burst) in [(1, 128), (10, 128), (100, 1), (1_000, 1)] {
            table.publishes(between, subscribers, burst, WARM_UP);
        }
        table.publishes(between, 100, 128, WARM_UP_OF_BURSTS);
        for (members, burst) in [(1, 128), (10, 128), (100, 1)] {
            table.broadcasts(between, members, burst);
        }
        table.row::<_, 8>("send with a limit, to a handler that suspends once", Limits(LIMIT), between, CAPACITY);
    }
    table.watched();
    let names = watching::of_names(&table.system, table.extent(CAPACITY));
    table.note("ForeignThread, look-ups of a name".to_owned(), names);
    let rings = [("ping-pong", 1, 2), ("ring of 100", 1, 100), ("64 ping-pong pairs", 64, 2)];
    for (what, rings, players) in rings {
        let crowd = Crowd::rings(&table.system, rings, players);
        table.crowd(what, crowd, CAPACITY, WARM_UP);
    }
    let producers = Crowd::producers(&table.system, 8, CAPACITY);
    table.crowd("fan-in 8:1", producers, CAPACITY, WARM_UP);
    let sinks = Crowd::sinks(&table.system, 60, CAPACITY);
    table.crowd("fork-join throughput", sinks, CAPACITY, WARM_UP_OF_BURSTS);
    let extent = table.extent(CAPACITY);
    let sleeps = timing::of_sleeps(&table.system, extent);
    table.note("sleeps that end".to_owned(), sleeps);
    let alarms = timing::of_alarms(&table.system, extent);
    table.note("timers that are set and cancelled".to_owned(), alarms);
    let checks = timing::of_checks(&table.system, extent);
    table.note("health checks".to_owned(), checks);

    let missed = table.rows.iter().filter(|row| row.allocations > 0);
    let missed: Vec<_> = missed.map(|Row { name, allocations }| format!("{allocations}: {name}")).collect();
    assert!(missed.is_empty(), "allocations in {operations} operations: {missed:#?}");
}
