//! Concurrent Sorted List (10): twenty actors work on a sorted linked list that is an actor, one request at a time each.
//!
//! Stresses: one server whose handler walks a list of up to 16,000 nodes; the runtime hardly counts.
//!
//! Parameters: 20 workers, 8,000 requests each, 10 % writes, 1 % questions for the length, values below 524,288. Messages:
//! requests and replies; 2 x 160,000.
//!
//! Verified: what each worker asks comes from its own sequence of random numbers. Played again in sequence and sorted, the
//! values written are the list's. A worker must find what it wrote itself before, and can't find what nobody ever writes,
//! which gives bounds for the number of finds. Lengths never shrink from one answer to the next of a worker.

use std::collections::HashSet;
use std::sync::mpsc;
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Message};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc as tokio_mpsc, oneshot};

use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome, verify};
use crate::random::Random;

/// See the module.
pub const BENCHMARK: Benchmark = Benchmark {
    number: 10,
    name: "concurrent-sorted-list",
    parameters: "20 workers, 8,000 requests each, 10 % writes, 1 % lengths",
    play,
    tokio: Some(play_tokio),
};

const WORKERS: u64 = 20;
const VALUES: u64 = 512 * 1_024;
const WRITES_PERCENT: u64 = 10;
const LENGTHS_PERCENT: u64 = 1;

fn requests(size: Size) -> u64 {
    size.pick(8_000, 200)
}

fn messages(requests: u64) -> u64 {
    2 * WORKERS * requests
}

/// What a worker asks next.
#[derive(Debug, Clone, Copy)]
enum Choice {
    Insert(u32),
    Contains(u32),
    Len,
}

/// The sequence of a worker's requests.
fn choices(worker: u64, requests: u64) -> impl Iterator<Item = Choice> + Send {
    let mut random = Random::new(worker);
    (0..requests).map(move |_| {
        let value = random.below(VALUES) as u32;
        match random.below(100) {
            0..LENGTHS_PERCENT => Choice::Len,
            percent if percent < LENGTHS_PERCENT + WRITES_PERCENT => Choice::Insert(value),
            _ => Choice::Contains(value),
        }
    })
}

/// What a worker was told.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    finds: u64,
    last_length: usize,
    shrinks: u64,
}

impl Tally {
    fn contains(&mut self, found: bool) {
        self.finds += u64::from(found);
    }

    fn length(&mut self, length: usize) {
        self.shrinks += u64::from(length < self.last_length);
        self.last_length = length;
    }
}

fn verify_all(requests: u64, tallies: &[Tally], list: &SortedList) -> Result<(), Failure> {
    let all = || (0..WORKERS).map(|worker| choices(worker, requests));
    let mut written: Vec<_> = all()
        .flatten()
        .filter_map(|choice| if let Choice::Insert(value) = choice { Some(value) } else { None })
        .collect();
    written.sort_unstable();
    verify("the values", &written, &list.iter().collect())?;

    let anybodys: HashSet<_> = written.into_iter().collect();
    let (mut certain, mut possible) = (0, 0);
    for choices in all() {
        let mut own = HashSet::new();
        for choice in choices {
            match choice {
                Choice::Insert(value) => drop(own.insert(value)),
                Choice::Contains(value) => {
                    certain += u64::from(own.contains(&value));
                    possible += u64::from(anybodys.contains(&value));
                }
                Choice::Len => (),
            }
        }
    }
    let finds: u64 = tallies.iter().map(|tally| tally.finds).sum();
    if !(certain..=possible).contains(&finds) {
        return Err(Failure::new(format!("finds: expected {certain} to {possible}, got {finds}")));
    }
    verify("lengths that shrank", 0, tallies.iter().map(|tally| tally.shrinks).sum())
}

/// A singly linked list in ascending order, in which values may occur more than once.
#[derive(Default)]
struct SortedList {
    head: Option<Box<Node>>,
}

struct Node {
    value: u32,
    next: Option<Box<Node>>,
}

impl SortedList {
    fn insert(&mut self, value: u32) {
        let mut place = &mut self.head;
        while place.as_ref().is_some_and(|node| node.value < value) {
            place = &mut place.as_mut().expect("looked at above").next;
        }
        *place = Some(Box::new(Node { value, next: place.take() }));
    }

    fn iter(&self) -> impl Iterator<Item = u32> {
        std::iter::successors(self.head.as_deref(), |node| node.next.as_deref()).map(|node| node.value)
    }

    fn contains(&self, value: u32) -> bool {
        self.iter().find(|&other| other >= value) == Some(value)
    }

    /// Walks, as the suite wants it.
    fn len(&self) -> usize {
        self.iter().count()
    }
}

impl Drop for SortedList {
    /// One by one: the nodes' own drop would be a recursion as deep as the list is long.
    fn drop(&mut self) {
        let mut next = self.head.take();
        while let Some(mut node) = next {
            next = node.next.take();
        }
    }
}

#[derive(Default)]
struct List(SortedList);

impl Actor for List {}

struct Insert(u32);

impl Message for Insert {
    type Result = ();
}

impl Handler<Insert> for List {
    async fn handle(&mut self, Insert(value): Insert, _: &mut ActorContext<Self>) {
        self.0.insert(value);
    }
}

struct Contains(u32);

impl Message for Contains {
    type Result = bool;
}

impl Handler<Contains> for List {
    async fn handle(&mut self, Contains(value): Contains, _: &mut ActorContext<Self>) -> bool {
        self.0.contains(value)
    }
}

struct Len;

impl Message for Len {
    type Result = usize;
}

impl Handler<Len> for List {
    async fn handle(&mut self, _: Len, _: &mut ActorContext<Self>) -> usize {
        self.0.len()
    }
}

/// Asks for the whole list.
struct Take;

impl Message for Take {
    type Result = SortedList;
}

impl Handler<Take> for List {
    async fn handle(&mut self, _: Take, _: &mut ActorContext<Self>) -> SortedList {
        std::mem::take(&mut self.0)
    }
}

struct Worker {
    id: u64,
    list: ActorRef<List>,
    report: mpsc::Sender<Tally>,
}

impl Actor for Worker {}

struct Start {
    requests: u64,
}

impl Message for Start {
    type Result = ();
}

impl Handler<Start> for Worker {
    async fn handle(&mut self, Start { requests }: Start, _: &mut ActorContext<Self>) {
        let mut tally = Tally::default();
        for choice in choices(self.id, requests) {
            match choice {
                Choice::Insert(value) => self.list.send(Insert(value)).await.expect("the list replies"),
                Choice::Contains(value) => {
                    tally.contains(self.list.send(Contains(value)).await.expect("the list replies"));
                }
                Choice::Len => tally.length(self.list.send(Len).await.expect("the list replies")),
            }
        }
        // An error would mean that nobody waits for the result any more.
        let _ = self.report.send(tally);
    }
}

/// Waits until all workers are done.
fn collect(started: Instant, requests: u64, results: &mpsc::Receiver<Tally>) -> Result<(Outcome, Vec<Tally>), Failure> {
    let mut tallies = Vec::new();
    loop {
        let (outcome, tally) = outcome(started, messages(requests), results)?;
        tallies.push(tally);
        if tallies.len() as u64 == WORKERS {
            return Ok((outcome, tallies));
        }
    }
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let requests = requests(size);
    let (report, results) = mpsc::channel();
    let started = Instant::now();
    let list = system.spawn(List::default()).start()?;
    for id in 0..WORKERS {
        let worker = Worker { id, list: list.clone(), report: report.clone() };
        system.spawn(worker).start()?.blocking_tell(Start { requests })?;
    }
    let (outcome, tallies) = collect(started, requests, &results)?;
    verify_all(requests, &tallies, &list.blocking_send(Take)?)?;
    Ok(outcome)
}

/// What the list's task receives.
enum Request {
    Insert(u32, oneshot::Sender<()>),
    Contains(u32, oneshot::Sender<bool>),
    Len(oneshot::Sender<usize>),
}

/// Asks the list's task.
async fn ask<R>(list: &tokio_mpsc::Sender<Request>, request: impl FnOnce(oneshot::Sender<R>) -> Request) -> R {
    let (reply, answer) = oneshot::channel();
    list.send(request(reply)).await.expect("the list lives");
    answer.await.expect("the list replies")
}

fn play_tokio(runtime: &Runtime, size: Size) -> Result<Outcome, Failure> {
    let requests = requests(size);
    let (report, results) = mpsc::channel();
    let (contents, content) = mpsc::channel();
    let started = Instant::now();
    let (list, mut orders) = tokio_mpsc::channel(1_024);
    runtime.spawn(async move {
        let mut list = SortedList::default();
        while let Some(order) = orders.recv().await {
            match order {
                Request::Insert(value, reply) => {
                    list.insert(value);
                    reply.send(()).expect("a worker waits");
                }
                Request::Contains(value, reply) => reply.send(list.contains(value)).expect("a worker waits"),
                Request::Len(reply) => reply.send(list.len()).expect("a worker waits"),
            }
        }
        // An error would mean that nobody waits for the result any more.
        let _ = contents.send(list);
    });
    for id in 0..WORKERS {
        let (list, report) = (list.clone(), report.clone());
        runtime.spawn(async move {
            let mut tally = Tally::default();
            for choice in choices(id, requests) {
                match choice {
                    Choice::Insert(value) => ask(&list, |reply| Request::Insert(value, reply)).await,
                    Choice::Contains(value) => {
                        tally.contains(ask(&list, |reply| Request::Contains(value, reply)).await);
                    }
                    Choice::Len => tally.length(ask(&list, Request::Len).await),
                }
            }
            // An error would mean that nobody waits for the result any more.
            let _ = report.send(tally);
        });
    }
    drop(list);
    let (outcome, tallies) = collect(started, requests, &results)?;
    verify_all(requests, &tallies, &content.recv()?)?;
    Ok(outcome)
}
