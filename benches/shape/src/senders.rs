//! Threads that tell one actor: what a message costs as they become more than the cores.
//!
//! 1, 2, 4 and 8 threads outside of the system share two million messages evenly; the actor runs on whichever of two
//! workers comes to it. With two cores, four threads and more take turns on them, and each may be taken off its core at any
//! moment, also between claiming a place in the mailbox and filling it.
//!
//! Once the actor's mailbox has room for all messages, so that nobody waits: that is what it costs to get in one another's
//! way. And once it has room for 65,536: then those who find none wait in line, which takes a thread a system call or two, and
//! how many messages did is counted. Timed is from the start of the threads to the end of the last handler, by the wall clock and by the CPU
//! time of the whole process.
//!
//! The actor checks that each thread's messages come in the order of its calls, and that all come.

use std::sync::{Arc, Barrier, mpsc};
use std::thread;

use corecast::{Actor, ActorContext, ActorSystem, Handler, Mailbox, Message};
use serde_json::{Value, json};

use crate::Failure;
use crate::measure::{Clock, median};

const THREADS: [usize; 4] = [1, 2, 4, 8];

const WORKERS: usize = 2;

/// Room of the mailbox: for all messages, and for some.
const ROOMS: [usize; 2] = [1 << 22, 1 << 16];

/// A number of threads, and what a message costs with it, for each of [`ROOMS`].
pub(crate) struct Point {
    pub(crate) threads: usize,
    pub(crate) costs: [Cost; ROOMS.len()],
}

/// What a message costs.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) wall_nanos: f64,
    pub(crate) cpu_nanos: f64,
    /// Of a hundred messages, those that waited for room.
    pub(crate) waited_percent: f64,
}

impl Point {
    pub(crate) fn to_json(&self) -> Value {
        let costs: Vec<Value> = ROOMS.iter().zip(&self.costs).map(|(room, cost)| cost.to_json(*room)).collect();
        json!({ "threads": self.threads, "costs": costs })
    }
}

impl Cost {
    fn to_json(self, room: usize) -> Value {
        let Self { wall_nanos, cpu_nanos, waited_percent } = self;
        json!({ "room": room, "wall_ns": wall_nanos, "cpu_ns": cpu_nanos, "waited_percent": waited_percent })
    }

    /// The middle of each.
    fn median(rounds: &[Self]) -> Self {
        let of = |value: fn(&Self) -> f64| median(rounds.iter().map(value).collect());
        Self {
            wall_nanos: of(|cost| cost.wall_nanos),
            cpu_nanos: of(|cost| cost.cpu_nanos),
            waited_percent: of(|cost| cost.waited_percent),
        }
    }
}

/// The message: which thread's, and which of them.
struct Numbered {
    thread: usize,
    number: u64,
}

impl Message for Numbered {
    type Result = ();
}

/// Counts the messages of each thread.
struct Counter {
    next: [u64; THREADS[THREADS.len() - 1]],
    left: u64,
    done: mpsc::Sender<()>,
}

impl Actor for Counter {}

impl Handler<Numbered> for Counter {
    async fn handle(&mut self, Numbered { thread, number }: Numbered, _ctx: &mut ActorContext<Self>) {
        assert_eq!(number, self.next[thread], "thread {thread}'s messages are in order");
        self.next[thread] += 1;
        self.left -= 1;
        if self.left == 0 {
            self.done.send(()).expect("the measurement waits");
        }
    }
}

/// One round.
fn round(threads: usize, messages: u64, room: usize) -> Result<Cost, Failure> {
    let each = messages / threads as u64;
    let total = each * threads as u64;
    let system = ActorSystem::builder().workers(WORKERS).build()?;
    let (done, is_done) = mpsc::channel();
    let counter = Counter { next: Default::default(), left: total, done };
    let counter = system.spawn(counter).mailbox(Mailbox::bounded(room)).start()?;
    let start = Arc::new(Barrier::new(threads + 1));
    let senders: Vec<_> = (0..threads)
        .map(|thread| {
            let (counter, start) = (counter.clone(), Arc::clone(&start));
            thread::spawn(move || {
                start.wait();
                let mut waited = 0_u64;
                for number in 0..each {
                    if let Err(full) = counter.try_tell(Numbered { thread, number }) {
                        waited += 1;
                        counter.blocking_tell(full.into_message()).expect("the counter lives");
                    }
                }
                waited
            })
        })
        .collect();
    let before = (Clock::Wall.now(), Clock::Process.now());
    start.wait();
    is_done.recv().map_err(|_| "the counter ended before the last message")?;
    let taken = (Clock::Wall.now() - before.0, Clock::Process.now() - before.1);
    let mut waited = 0;
    for sender in senders {
        waited += sender.join().map_err(|_| "a sender panicked")?;
    }
    let each = |whole: f64| whole / total as f64;
    Ok(Cost {
        wall_nanos: each(taken.0.as_nanos() as f64),
        cpu_nanos: each(taken.1.as_nanos() as f64),
        waited_percent: each(100.0 * waited as f64),
    })
}

/// Measures all points, and prints them.
pub(crate) fn measure(is_test: bool) -> Result<Vec<Point>, Failure> {
    let (rounds, messages) = if is_test { (1, 4_000) } else { (7, 2_000_000) };
    let mut taken = THREADS.map(|_| ROOMS.map(|_| Vec::new()));
    for _ in 0..rounds {
        for (threads, by_room) in THREADS.into_iter().zip(&mut taken) {
            for (room, rounds) in ROOMS.into_iter().zip(by_room) {
                rounds.push(round(threads, messages, room)?);
            }
        }
    }
    println!("### Threads that tell one actor, {WORKERS} workers\n");
    println!("| threads | room for all: wall | CPU | room for {}: wall | CPU | waited |", ROOMS[1]);
    println!("|---:|---:|---:|---:|---:|---:|");
    let mut points = Vec::new();
    for (threads, by_room) in THREADS.into_iter().zip(&taken) {
        let costs @ [roomy, scarce] = [&by_room[0], &by_room[1]].map(|rounds| Cost::median(rounds));
        println!(
            "| {threads} | {:.1} ns | {:.1} ns | {:.1} ns | {:.1} ns | {:.1} % |",
            roomy.wall_nanos, roomy.cpu_nanos, scarce.wall_nanos, scarce.cpu_nanos, scarce.waited_percent
        );
        points.push(Point { threads, costs });
    }
    println!();
    Ok(points)
}
