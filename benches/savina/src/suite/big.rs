//! Big (7): each of 120 actors pings a random other one, waits for the pong, and pings the next.
//!
//! Stresses: messages from many to many; whether actors that all talk to each other are spread well.
//!
//! Parameters: W = 120 workers, N = 20,000 pings each. Messages: pings and pongs, the start, done and exit of each worker,
//! which replies, and the end of the sink; 2 W N + 481.
//!
//! Verified: whom each worker pings comes from its own sequence of random numbers. Played again in sequence, they say how
//! many pings each worker must have had, and that is what each says it had; each pong answers the ping that is open.

use std::sync::{Arc, mpsc};
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Message};
use tokio::runtime::Runtime;
use tokio::sync::mpsc as tokio_mpsc;

use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome, verify};
use crate::random::Random;

/// See the module.
pub const BENCHMARK: Benchmark =
    Benchmark { number: 7, name: "big", parameters: "W = 120, N = 20,000", play, tokio: Some(play_tokio) };

const WORKERS: usize = 120;

fn pings(size: Size) -> u64 {
    size.pick(20_000, 50)
}

fn messages(pings: u64) -> u64 {
    2 * WORKERS as u64 * (pings + 2) + 1
}

/// The sequence of a worker's choices.
fn choices(id: usize) -> Random {
    Random::new(id as u64)
}

fn choose(choices: &mut Random) -> usize {
    choices.below(WORKERS as u64) as usize
}

/// What a worker has done.
#[derive(Debug, Clone, Copy)]
struct Tally {
    id: usize,
    received: u64,
    /// Pongs that answered another ping than the one that was open.
    astray: u64,
}

/// Fails unless each worker has had the pings that the others' choices lead to.
fn verify_tallies(pings: u64, mut tallies: Vec<Tally>) -> Result<(), Failure> {
    let mut expected = vec![0; WORKERS];
    for id in 0..WORKERS {
        let mut choices = choices(id);
        for _ in 0..pings {
            expected[choose(&mut choices)] += 1;
        }
    }
    tallies.sort_by_key(|tally| tally.id);
    verify("pings of each", expected, tallies.iter().map(|tally| tally.received).collect())?;
    verify("pongs that went astray", 0, tallies.iter().map(|tally| tally.astray).sum())
}

/// All workers, who know each other.
type Peers = Arc<[ActorRef<Worker>]>;

struct Worker {
    /// Empty before the start.
    peers: Peers,
    choices: Random,
    left: u64,
    tally: Tally,
    sink: ActorRef<Sink>,
}

impl Actor for Worker {}

impl Worker {
    async fn ping(&mut self) {
        let chosen = choose(&mut self.choices);
        let ping = Ping { from: self.tally.id, number: self.left };
        self.peers[chosen].tell(ping).await.expect("a peer lives");
    }
}

/// Introduces the workers to each other.
struct Meet(Peers);

impl Message for Meet {
    type Result = ();
}

impl Handler<Meet> for Worker {
    async fn handle(&mut self, Meet(peers): Meet, _: &mut ActorContext<Self>) {
        self.peers = peers;
    }
}

struct Start;

impl Message for Start {
    type Result = ();
}

impl Handler<Start> for Worker {
    async fn handle(&mut self, _: Start, _: &mut ActorContext<Self>) {
        self.ping().await;
    }
}

struct Ping {
    from: usize,
    number: u64,
}

impl Message for Ping {
    type Result = ();
}

impl Handler<Ping> for Worker {
    async fn handle(&mut self, Ping { from, number }: Ping, _: &mut ActorContext<Self>) {
        self.tally.received += 1;
        self.peers[from].tell(Pong { number }).await.expect("a peer lives");
    }
}

struct Pong {
    number: u64,
}

impl Message for Pong {
    type Result = ();
}

impl Handler<Pong> for Worker {
    async fn handle(&mut self, Pong { number }: Pong, _: &mut ActorContext<Self>) {
        self.tally.astray += u64::from(number != self.left);
        self.left -= 1;
        if self.left > 0 {
            self.ping().await;
        } else {
            self.sink.tell(Done).await.expect("the sink lives");
        }
    }
}

/// A worker has all its pongs; it still answers others.
struct Done;

impl Message for Done {
    type Result = ();
}

/// Everybody has.
struct Exit;

impl Message for Exit {
    type Result = Tally;
}

impl Handler<Exit> for Worker {
    async fn handle(&mut self, _: Exit, ctx: &mut ActorContext<Self>) -> Tally {
        // The workers keep each other alive.
        ctx.stop();
        self.tally
    }
}

/// Waits for all workers to be done.
struct Sink {
    /// Empty before the start.
    peers: Peers,
    busy: usize,
    report: mpsc::Sender<Vec<Tally>>,
}

impl Actor for Sink {}

impl Handler<Meet> for Sink {
    async fn handle(&mut self, Meet(peers): Meet, _: &mut ActorContext<Self>) {
        self.peers = peers;
    }
}

impl Handler<Done> for Sink {
    async fn handle(&mut self, _: Done, ctx: &mut ActorContext<Self>) {
        self.busy -= 1;
        if self.busy > 0 {
            return;
        }
        let mut tallies = Vec::new();
        for worker in self.peers.iter() {
            tallies.push(worker.send(Exit).await.expect("a worker replies"));
        }
        // An error would mean that nobody waits for the result any more.
        let _ = self.report.send(tallies);
        ctx.stop();
    }
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let pings = pings(size);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let sink = system.spawn(Sink { peers: Peers::default(), busy: WORKERS, report }).start()?;
    let mut workers = Vec::new();
    for id in 0..WORKERS {
        let tally = Tally { id, received: 0, astray: 0 };
        let worker = Worker { peers: Peers::default(), choices: choices(id), left: pings, tally, sink: sink.clone() };
        workers.push(system.spawn(worker).start()?);
    }
    let peers = Peers::from(workers);
    sink.blocking_tell(Meet(peers.clone()))?;
    for worker in peers.iter() {
        worker.blocking_tell(Meet(peers.clone()))?;
    }
    // Only now, so that nobody is pinged who knows nobody.
    for worker in peers.iter() {
        worker.blocking_tell(Start)?;
    }
    let (outcome, tallies) = outcome(started, messages(pings), &result)?;
    verify_tallies(pings, tallies)?;
    Ok(outcome)
}

/// What a worker's task receives.
enum Post {
    Ping { from: usize, number: u64 },
    Pong { number: u64 },
    Exit,
}

fn play_tokio(runtime: &Runtime, size: Size) -> Result<Outcome, Failure> {
    let pings = pings(size);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let (done, mut dones) = tokio_mpsc::channel(1_024);
    let (workers, receivers): (Vec<_>, Vec<_>) = (0..WORKERS).map(|_| tokio_mpsc::channel(1_024)).unzip();
    let workers: Arc<[_]> = workers.into();
    let (tally, mut tallies) = tokio_mpsc::channel(WORKERS);
    for (id, mut receiver) in receivers.into_iter().enumerate() {
        let (workers, done, tally) = (workers.clone(), done.clone(), tally.clone());
        runtime.spawn(async move {
            let mut choices = choices(id);
            let (mut left, mut received, mut astray) = (pings, 0, 0);
            workers[choose(&mut choices)].send(Post::Ping { from: id, number: left }).await.expect("a peer lives");
            loop {
                match receiver.recv().await.expect("the workers know each other") {
                    Post::Ping { from, number } => {
                        received += 1;
                        workers[from].send(Post::Pong { number }).await.expect("a peer lives");
                    }
                    Post::Pong { number } => {
                        astray += u64::from(number != left);
                        left -= 1;
                        if left > 0 {
                            let ping = Post::Ping { from: id, number: left };
                            workers[choose(&mut choices)].send(ping).await.expect("a peer lives");
                        } else {
                            done.send(()).await.expect("the sink lives");
                        }
                    }
                    Post::Exit => break,
                }
            }
            tally.send(Tally { id, received, astray }).await.expect("the sink lives");
        });
    }
    runtime.spawn(async move {
        for _ in 0..WORKERS {
            dones.recv().await.expect("the workers aren't done");
        }
        let mut all = Vec::new();
        for worker in workers.iter() {
            worker.send(Post::Exit).await.expect("a worker lives");
            all.push(tallies.recv().await.expect("a worker replies"));
        }
        // An error would mean that nobody waits for the result any more.
        let _ = report.send(all);
    });
    let (outcome, tallies) = outcome(started, messages(pings), &result)?;
    verify_tallies(pings, tallies)?;
    Ok(outcome)
}
