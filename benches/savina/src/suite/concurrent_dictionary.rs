//! Concurrent Dictionary (9): twenty actors read and write a dictionary that is an actor, one request at a time each.
//!
//! Stresses: one server with many clients that wait for its reply.
//!
//! Parameters: 20 workers, 10,000 requests each, 10 % writes, keys below 524,288. Messages: requests and replies, the start and
//! the end of each worker; 400,041 in the suite's table, Here the dictionary is asked for its contents in the end.
//!
//! Verified: who writes which key as his how manieth request comes from the workers' own sequences of random numbers.
//! Played again in sequence, they say which keys there are in the end, and for each key the last write of each worker: one
//! of them must be there. An entry says which key it was written under, and a read must find no other.

use std::collections::HashMap;
use std::sync::mpsc;
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Message};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc as tokio_mpsc, oneshot};

use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome, verify};
use crate::random::Random;

/// See the module.
pub const BENCHMARK: Benchmark = Benchmark {
    number: 9,
    name: "concurrent-dictionary",
    parameters: "20 workers, 10,000 requests each, 10 % writes",
    play,
    tokio: Some(play_tokio),
};

const WORKERS: u32 = 20;
const KEYS: u64 = 512 * 1_024;
const WRITES_PERCENT: u64 = 10;

fn requests(size: Size) -> u32 {
    size.pick(10_000, 200)
}

fn messages(requests: u32) -> u64 {
    2 * u64::from(WORKERS) * (u64::from(requests) + 1) + 1
}

/// What was written: under which key, by whom, as his how manieth request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    key: u32,
    writer: u32,
    number: u32,
}

type Entries = HashMap<u32, Entry>;

/// What a worker does next.
enum Choice {
    Read(u32),
    Write(Entry),
}

/// The sequence of a worker's requests.
fn choices(worker: u32, requests: u32) -> impl Iterator<Item = Choice> + Send {
    let mut random = Random::new(worker.into());
    (0..requests).map(move |number| {
        let key = random.below(KEYS) as u32;
        if random.below(100) < WRITES_PERCENT {
            Choice::Write(Entry { key, writer: worker, number })
        } else {
            Choice::Read(key)
        }
    })
}

/// Fails unless the entries are those that the workers' sequences lead to, in one order or another.
fn verify_entries(requests: u32, wrong_reads: u64, entries: &Entries) -> Result<(), Failure> {
    verify("reads that found another key's entry", 0, wrong_reads)?;
    let mut last: HashMap<u32, HashMap<u32, Entry>> = HashMap::new();
    for worker in 0..WORKERS {
        for choice in choices(worker, requests) {
            if let Choice::Write(entry) = choice {
                last.entry(entry.key).or_default().insert(worker, entry);
            }
        }
    }
    verify("the number of keys", last.len(), entries.len())?;
    for (key, entry) in entries {
        let candidates = last.get(key).ok_or_else(|| Failure::new(format!("nobody wrote {entry:?}")))?;
        verify("the last entry of its writer", candidates.get(&entry.writer), Some(entry))?;
    }
    Ok(())
}

#[derive(Default)]
struct Dictionary(Entries);

impl Actor for Dictionary {}

struct Read(u32);

impl Message for Read {
    type Result = Option<Entry>;
}

impl Handler<Read> for Dictionary {
    async fn handle(&mut self, Read(key): Read, _: &mut ActorContext<Self>) -> Option<Entry> {
        self.0.get(&key).copied()
    }
}

struct Write(Entry);

impl Message for Write {
    type Result = ();
}

impl Handler<Write> for Dictionary {
    async fn handle(&mut self, Write(entry): Write, _: &mut ActorContext<Self>) {
        self.0.insert(entry.key, entry);
    }
}

/// Asks for all that is written.
struct Contents;

impl Message for Contents {
    type Result = Entries;
}

impl Handler<Contents> for Dictionary {
    async fn handle(&mut self, _: Contents, _: &mut ActorContext<Self>) -> Entries {
        std::mem::take(&mut self.0)
    }
}

struct Worker {
    id: u32,
    dictionary: ActorRef<Dictionary>,
    /// Gets the number of reads that found another key's entry.
    report: mpsc::Sender<u64>,
}

impl Actor for Worker {}

struct Start {
    requests: u32,
}

impl Message for Start {
    type Result = ();
}

impl Handler<Start> for Worker {
    async fn handle(&mut self, Start { requests }: Start, _: &mut ActorContext<Self>) {
        let mut wrong_reads = 0;
        for choice in choices(self.id, requests) {
            match choice {
                Choice::Write(entry) => self.dictionary.send(Write(entry)).await.expect("the dictionary replies"),
                Choice::Read(key) => {
                    let found = self.dictionary.send(Read(key)).await.expect("the dictionary replies");
                    wrong_reads += u64::from(found.is_some_and(|entry| entry.key != key));
                }
            }
        }
        // An error would mean that nobody waits for the result any more.
        let _ = self.report.send(wrong_reads);
    }
}

/// Waits until all workers are done.
fn collect(started: Instant, requests: u32, results: &mpsc::Receiver<u64>) -> Result<(Outcome, u64), Failure> {
    let (mut last, mut wrong_reads) = outcome(started, messages(requests), results)?;
    for _ in 1..WORKERS {
        let (outcome, wrong) = outcome(started, messages(requests), results)?;
        (last, wrong_reads) = (outcome, wrong_reads + wrong);
    }
    Ok((last, wrong_reads))
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let requests = requests(size);
    let (report, results) = mpsc::channel();
    let started = Instant::now();
    let dictionary = system.spawn(Dictionary::default()).start()?;
    for id in 0..WORKERS {
        let worker = Worker { id, dictionary: dictionary.clone(), report: report.clone() };
        system.spawn(worker).start()?.blocking_tell(Start { requests })?;
    }
    let (outcome, wrong_reads) = collect(started, requests, &results)?;
    verify_entries(requests, wrong_reads, &dictionary.blocking_send(Contents)?)?;
    Ok(outcome)
}

/// What the dictionary's task receives.
enum Request {
    Read(u32, oneshot::Sender<Option<Entry>>),
    Write(Entry, oneshot::Sender<()>),
}

fn play_tokio(runtime: &Runtime, size: Size) -> Result<Outcome, Failure> {
    let requests = requests(size);
    let (report, results) = mpsc::channel();
    let (contents, entries) = mpsc::channel();
    let started = Instant::now();
    let (dictionary, mut orders) = tokio_mpsc::channel(1_024);
    runtime.spawn(async move {
        let mut entries = Entries::default();
        while let Some(order) = orders.recv().await {
            match order {
                Request::Read(key, reply) => reply.send(entries.get(&key).copied()).expect("a worker waits"),
                Request::Write(entry, reply) => {
                    entries.insert(entry.key, entry);
                    reply.send(()).expect("a worker waits");
                }
            }
        }
        // An error would mean that nobody waits for the result any more.
        let _ = contents.send(entries);
    });
    for id in 0..WORKERS {
        let (dictionary, report) = (dictionary.clone(), report.clone());
        runtime.spawn(async move {
            let mut wrong_reads = 0;
            for choice in choices(id, requests) {
                match choice {
                    Choice::Write(entry) => {
                        let (reply, written) = oneshot::channel();
                        dictionary.send(Request::Write(entry, reply)).await.expect("the dictionary lives");
                        written.await.expect("the dictionary replies");
                    }
                    Choice::Read(key) => {
                        let (reply, found) = oneshot::channel();
                        dictionary.send(Request::Read(key, reply)).await.expect("the dictionary lives");
                        let found = found.await.expect("the dictionary replies");
                        wrong_reads += u64::from(found.is_some_and(|entry| entry.key != key));
                    }
                }
            }
            // An error would mean that nobody waits for the result any more.
            let _ = report.send(wrong_reads);
        });
    }
    drop(dictionary);
    let (outcome, wrong_reads) = collect(started, requests, &results)?;
    verify_entries(requests, wrong_reads, &entries.recv()?)?;
    Ok(outcome)
}
