//! Prints the performance tables of the document that corecast implements ("Understanding Message Passing" of AirsSys
//! RT), with what this machine measures beside the document's figures.
//!
//! ```text
//! cargo run --release --example latency_table
//! cargo run --example latency_table -- --test     quickly, to see that it runs
//! ```
//!
//! Run it on a machine that does nothing else. The document's figures come from its authors' machine and are there for
//! orientation; targets are held by `cargo bench --bench check`, against what the same machine can do.
//!
//! What is timed one by one is in `latency_table/`. Throughput and memory are the benches' loads.

#[path = "latency_table/broadcast.rs"]
mod broadcast;
#[path = "latency_table/direct.rs"]
mod direct;
#[path = "latency_table/latencies.rs"]
mod latencies;
#[path = "../benches/loads/mod.rs"]
mod loads;
#[path = "latency_table/table.rs"]
mod table;

use std::error::Error;
use std::{env, fs, thread};

use broadcast::Broadcast;
use direct::{BATCH, Direct, Place};
use latencies::{Latencies, Nanos};
use loads::Load;
use loads::alone::Alone;
use loads::cast::Add;
use loads::publish::Publishing;
use loads::size::Size;
use loads::{cross, send, tell};
use table::Table;

/// Bytes of the document's reply channel.
const REPLY_CHANNEL: usize = 24;

/// Messages that a mailbox holds unless another number is given.
const CAPACITY: usize = 1_024;

/// What a cell says where there is nothing to say.
const NONE: &str = "–";

/// Whatever ends a run before its last table.
type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    if Alone::was_asked() {
        return Ok(());
    }
    let size = if env::args().any(|arg| arg == "--test") { Size::Smoke } else { Size::Full };
    machine();

    let clock = latencies::of_the_clock(size.pick(1_000_000, 1_000));
    println!(
        "Latencies are by the wall clock. Nothing is subtracted: each holds what two readings in a row show, p50 {}, p99 {}, \
         and the mean of a batch holds its share of that.\n",
        Nanos(clock.p50()),
        Nanos(clock.p99()),
    );
    breakdown(size)?;
    broadcasts(size);
    throughput(size);
    memory(size);
    if size == Size::Smoke {
        println!("A smoke run: everything ran, the figures mean nothing.");
    }
    Ok(())
}

/// What the figures depend on.
fn machine() {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let build = if cfg!(debug_assertions) { "a debug build: its figures mean nothing" } else { "a release build" };
    let load = fs::read_to_string("/proc/loadavg").ok();
    let load = load.as_deref().and_then(|line| line.split(' ').next()).unwrap_or("unknown");
    println!("{cores} cores, load average {load} at the start, {build}.\n");
}

/// A number below a million, as one reads it.
fn grouped(number: usize) -> String {
    if number < 1_000 { number.to_string() } else { format!("{},{:03}", number / 1_000, number % 1_000) }
}

/// A row of latencies.
fn latency(table: &mut Table<5>, operation: &str, taken: &str, measured: &Latencies, document: &str) {
    table.row([&operation, &taken, &Nanos(measured.p50()), &Nanos(measured.p99()), &document]);
}

fn breakdown(size: Size) -> Result<(), Failure> {
    let singles = size.pick(100_000, 100);
    let batches = size.pick(20_000, 20);
    let in_batches = format!("{BATCH} calls");
    let direct = Direct::new(Place::SameWorker)?;
    let parts = direct.parts_of_send(singles);
    let one = Broadcast::new(1);
    let (publish, told) = one.calls(batches);

    println!("### Latency of a message\n");
    println!(
        "{} operations one by one, or {} batches of {BATCH} calls, whose mean counts as one. Asker and asked \
         are actors of one worker, and the asked are idle, 1,000 in turn, unless the row says otherwise. The parts of a \
         `send` are of other runs, with the clock read twice more on the way.\n",
        grouped(singles),
        grouped(batches),
    );
    let mut table = Table::new(["operation", "timed", "p50", "p99", "document"]);
    latency(&mut table, "`tell`, up to its return", &in_batches, &direct.enqueue(batches), "181 ns");
    latency(&mut table, "`tell`, up to its handler", "1 call", &direct.tell(singles), "600 ns");
    latency(&mut table, "`send`, up to its reply (direct send)", "1 call", &direct.send(singles), "737 ns");
    latency(&mut table, "– enqueue: up to its place", "1 call", &parts.enqueue, "181 ns");
    latency(&mut table, "– processing: from there to the handler", "1 call", &parts.processing, "400 ns");
    latency(&mut table, "– response: from there to the asker", "1 call", &parts.response, "156 ns");
    if let Ok(two) = Direct::new(Place::TwoWorkers) {
        latency(&mut table, "`send` to an actor of another worker", "1 call", &two.send(singles), NONE);
    }
    let outside = direct.send_from_outside(singles / 10);
    latency(&mut table, "`blocking_send` from a thread outside", "1 call", &outside, NONE);
    latency(&mut table, "`publish` to 1 subscriber, up to its return", &in_batches, &publish, NONE);
    latency(&mut table, "`tell` of that event to that subscriber", &in_batches, &told, NONE);
    let routing = Nanos(publish.p50() - told.p50());
    table.row([&"– routing: the former less the latter", &"p50s", &routing, &NONE, &"180 ns"]);
    table.row([&"`send` via the broker", &NONE, &"none", &"none", &"917 ns"]);
    println!("{table}");
    println!("An event has no reply, so there is no `send` via the broker: see the broadcast to 1 subscriber.\n");
    Ok(())
}

fn broadcasts(size: Size) {
    let events = [size.pick(100_000, 100), size.pick(100_000, 100), size.pick(20_000, 20)];
    println!("### Broadcast\n");
    println!(
        "From `publish` by the topic's name to the handler that has the event last, all on one worker; {}, {} and {} events \
         one by one.\n",
        grouped(events[0]),
        grouped(events[1]),
        grouped(events[2]),
    );
    let mut table = Table::new(["subscribers", "p50", "p99", "for each (p50)", "document", "for each"]);
    let rows = [(1, "395 ns"), (10, "3.95 µs"), (100, "39.5 µs")];
    for ((subscribers, document), events) in rows.into_iter().zip(events) {
        let measured = Broadcast::new(subscribers).to_the_last(events);
        let each = Nanos(measured.p50() / subscribers as f64);
        table.row([&subscribers, &Nanos(measured.p50()), &Nanos(measured.p99()), &each, &document, &"395 ns"]);
    }
    println!("{table}");
}

/// Operations per second, in thousands.
fn rate(nanos: f64) -> String {
    format!("{} K/s", grouped((1e6 / nanos).round() as usize))
}

fn throughput(size: Size) {
    /// The rates of windows of ten rounds of a load, whose operations count as one in `each`.
    fn windows(size: Size, mut load: impl Load, each: usize) -> (String, String) {
        let measured = load.nanos(size.pick(1_000, 1), size.pick(10, 1));
        let rate = |percent| rate(measured.percentile(percent) * each as f64);
        (rate(50), rate(99))
    }

    println!("### Throughput\n");
    println!(
        "1,000 windows of 10,000 messages, or of 2,000 events, on 1,000 actors or to the subscribers: what half of the \
         windows reach, and 99 in 100. By the CPU time of the one worker that does all of it; between cores by the wall \
         clock. Events are published through a topic's handle. The document's figures are one divided by its latencies, \
         and what it calls its real-world capacity.\n"
    );
    let mut table = Table::new(["pattern", "half reach", "99 % reach", "document", "real-world"]);
    let mut row = |pattern: &str, (half, most): (String, String), document: &str, real_world: &str| {
        table.row([&pattern, &half, &most, &document, &real_world]);
    };
    row("direct: `send` and reply, one after the other", windows(size, send::load(), 1), "1,360 K/s", "1,000 K/s");
    row("direct: `tell`, enqueued and handled", windows(size, tell::load(), 1), "1,360 K/s", "1,000 K/s");
    if let Ok(load) = cross::load() {
        row("direct: `tell` from one core to another", windows(size, load, 1), "1,360 K/s", "1,000 K/s");
    }
    row("via the broker 1:1, events", windows(size, Publishing::<1>::new(), 1), "1,090 K/s", "800 K/s");
    row("broadcast 1:10, events", windows(size, Publishing::<10>::new(), 10), "253 K/s", "200 K/s");
    println!("{table}");
}

fn memory(size: Size) {
    let bytes = |alone: Alone| match alone.measure(size) {
        Ok(measured) => format!("{:.0} bytes", measured[0]),
        Err(reason) => format!("not measured: {reason}"),
    };
    let message = size_of::<Add>();

    println!("### Memory\n");
    println!(
        "Growth of the resident memory, in a process of its own each, by the number of actors or messages; the message has \
         {message} bytes. A place in a mailbox has a size of its own, and what doesn't fit into its 24 bytes gets a block. \
         No p50: it is one figure.\n"
    );
    let mut table = Table::new(["what", "measured", "document", "its formula"]);
    let reply = format!("{} bytes", message + REPLY_CHANNEL);
    let bounded = format!("{} bytes", grouped(CAPACITY * message));
    table.row([&"a `tell` that waits", &bytes(Alone::Told), &format!("{message} bytes"), &"message"]);
    table.row([&"a `send` that waits, with the asker's future", &bytes(Alone::Asked), &reply, &"message + 24"]);
    table.row([
        &"an idle actor with an empty mailbox for 1,024",
        &bytes(Alone::IdleActor),
        &bounded,
        &"capacity × message",
    ]);
    println!("{table}");
}
