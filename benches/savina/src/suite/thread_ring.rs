//! Thread Ring (5): a token goes round a ring of a hundred actors.
//!
//! Stresses: the hand-off of one message to the next of many actors that are idle; nothing runs in parallel.
//!
//! Parameters: 100 actors, R = 100,000 hops; 50 times as many in steady state. Messages: the hops, the start and the end;
//! R + 2. The message that ends each actor afterwards isn't counted.
//!
//! Verified: the token ends at the actor where R hops lead, and the sum of the places that it passed is that of the
//! closed form.

use std::sync::mpsc;
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Message};
use tokio::runtime::Runtime;
use tokio::sync::mpsc as tokio_mpsc;

use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome, verify};

/// See the module.
pub const BENCHMARK: Benchmark =
    Benchmark { number: 5, name: "thread-ring", parameters: "100 actors, R = 100,000", play, tokio: Some(play_tokio) };

const ACTORS: u64 = 100;

fn hops(size: Size) -> u64 {
    match size {
        Size::Suite => 100_000,
        Size::Steady => 50 * 100_000,
        Size::Test => 1_050,
    }
}

/// Where the token ended, and the sum of the places that it came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Journey {
    end: u64,
    sum: u64,
}

impl Journey {
    /// After so many hops from place 0: whole rounds, and the rest of one.
    fn of(hops: u64) -> Self {
        let triangle = |n: u64| n * (n + 1) / 2;
        let end = hops % ACTORS;
        Self { end, sum: hops / ACTORS * triangle(ACTORS - 1) + triangle(end) }
    }
}

struct Member {
    place: u64,
    next: Option<ActorRef<Member>>,
    report: mpsc::Sender<Journey>,
}

impl Actor for Member {}

/// Closes the ring.
struct Close(ActorRef<Member>);

impl Message for Close {
    type Result = ();
}

impl Handler<Close> for Member {
    async fn handle(&mut self, Close(next): Close, _: &mut ActorContext<Self>) {
        self.next = Some(next);
    }
}

/// Hops left, and the places so far.
struct Token {
    left: u64,
    sum: u64,
}

impl Message for Token {
    type Result = ();
}

impl Handler<Token> for Member {
    async fn handle(&mut self, Token { left, sum }: Token, _: &mut ActorContext<Self>) {
        let sum = sum + self.place;
        let next = self.next.as_ref().expect("the ring is closed");
        if left > 0 {
            return next.tell(Token { left: left - 1, sum }).await.expect("the next one lives");
        }
        // An error would mean that nobody waits for the result any more.
        let _ = self.report.send(Journey { end: self.place, sum });
        next.tell(End(ACTORS)).await.expect("the next one lives");
    }
}

/// Ends the members one after the other.
struct End(u64);

impl Message for End {
    type Result = ();
}

impl Handler<End> for Member {
    async fn handle(&mut self, End(left): End, ctx: &mut ActorContext<Self>) {
        if left > 1 {
            let next = self.next.as_ref().expect("the ring is closed");
            next.tell(End(left - 1)).await.expect("the next one lives");
        }
        ctx.stop();
    }
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let hops = hops(size);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let last = system.spawn(Member { place: ACTORS - 1, next: None, report: report.clone() }).start()?;
    let mut first = last.clone();
    for place in (0..ACTORS - 1).rev() {
        first = system.spawn(Member { place, next: Some(first), report: report.clone() }).start()?;
    }
    last.blocking_tell(Close(first.clone()))?;
    first.blocking_tell(Token { left: hops, sum: 0 })?;
    let (outcome, journey) = outcome(started, hops + 2, &result)?;
    verify("the journey", Journey::of(hops), journey)?;
    Ok(outcome)
}

fn play_tokio(runtime: &Runtime, size: Size) -> Result<Outcome, Failure> {
    let hops = hops(size);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..ACTORS).map(|_| tokio_mpsc::channel::<Token>(1_024)).unzip();
    for (place, mut receiver) in (0..ACTORS).zip(receivers) {
        let next = senders[((place + 1) % ACTORS) as usize].clone();
        let report = report.clone();
        runtime.spawn(async move {
            while let Some(Token { left, sum }) = receiver.recv().await {
                let sum = sum + place;
                if left > 0 {
                    next.send(Token { left: left - 1, sum }).await.expect("the next one lives");
                } else {
                    // An error would mean that nobody waits for the result any more.
                    let _ = report.send(Journey { end: place, sum });
                    // The others end one after the other, as each loses its sender.
                    break;
                }
            }
        });
    }
    senders[0].blocking_send(Token { left: hops, sum: 0 })?;
    drop(senders);
    let (outcome, journey) = outcome(started, hops + 2, &result)?;
    verify("the journey", Journey::of(hops), journey)?;
    Ok(outcome)
}
