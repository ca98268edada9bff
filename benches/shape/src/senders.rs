//! Threads that tell one actor: what a message costs as they become more than the cores.
//!
//! 1, 2, 4 and 8 threads outside of the system share two million messages evenly; the actor runs on whichever of two workers comes to
//! it. With two cores, four threads and more take turns on them, and each may be taken off its core at any moment, also
//! between claiming a place in the mailbox and filling it. The actor's mailbox has room for 65,536 messages; who finds none
//! waits in line. Timed is from the start of the threads to the end of the last handler, by the wall clock and by the CPU
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

const ROOM: usize = 1 << 16;

/// A number of threads, and what a message costs with it.
pub(crate) struct Point {
    pub(crate) threads: usize,
    pub(crate) wall_nanos: f64,
    pub(crate) cpu_nanos: f64,
}

impl Point {
    pub(crate) fn to_json(&self) -> Value {
        json!({ "threads": self.threads, "wall_ns": self.wall_nanos, "cpu_ns": self.cpu_nanos })
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

/// One round: nanoseconds of a message, by the wall clock and by CPU time.
fn round(threads: usize, messages: u64) -> Result<(f64, f64), Failure> {
    let each = messages / threads as u64;
    let total = each * threads as u64;
    let system = ActorSystem::builder().workers(WORKERS).build()?;
    let (done, is_done) = mpsc::channel();
    let counter = Counter { next: Default::default(), left: total, done };
    let counter = system.spawn(counter).mailbox(Mailbox::bounded(ROOM)).start()?;
    let start = Arc::new(Barrier::new(threads + 1));
    let senders: Vec<_> = (0..threads)
        .map(|thread| {
            let (counter, start) = (counter.clone(), Arc::clone(&start));
            thread::spawn(move || {
                start.wait();
                for number in 0..each {
                    counter.blocking_tell(Numbered { thread, number }).expect("the counter lives");
                }
            })
        })
        .collect();
    let before = (Clock::Wall.now(), Clock::Process.now());
    start.wait();
    is_done.recv().map_err(|_| "the counter ended before the last message")?;
    let taken = (Clock::Wall.now() - before.0, Clock::Process.now() - before.1);
    for sender in senders {
        sender.join().map_err(|_| "a sender panicked")?;
    }
    Ok((taken.0.as_nanos() as f64 / total as f64, taken.1.as_nanos() as f64 / total as f64))
}

/// Measures all points, and prints them.
pub(crate) fn measure(is_test: bool) -> Result<Vec<Point>, Failure> {
    let (rounds, messages) = if is_test { (1, 4_000) } else { (7, 2_000_000) };
    let mut taken = THREADS.map(|_| (Vec::new(), Vec::new()));
    for _ in 0..rounds {
        for (threads, (wall, cpu)) in THREADS.into_iter().zip(&mut taken) {
            let nanos = round(threads, messages)?;
            wall.push(nanos.0);
            cpu.push(nanos.1);
        }
    }
    println!("### Threads that tell one actor, {WORKERS} workers\n");
    println!("| threads | per message, wall | per message, CPU |\n|---:|---:|---:|");
    let mut points = Vec::new();
    for (threads, (wall, cpu)) in THREADS.into_iter().zip(taken) {
        let point = Point { threads, wall_nanos: median(wall), cpu_nanos: median(cpu) };
        println!("| {threads} | {:.1} ns | {:.1} ns |", point.wall_nanos, point.cpu_nanos);
        points.push(point);
    }
    println!();
    Ok(points)
}
