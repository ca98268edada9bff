//! Ping Pong (1): two actors, one asks and the other answers, again and again.
//!
//! Stresses: the hand-off of one message between two actors that are idle otherwise; nothing runs in parallel.
//!
//! Parameters: N = 40,000 round trips; 50 times as many in steady state. A message is a ping or a pong: 2 N.
//!
//! Verified: each ping carries its number and the pong returns its square, so that the sum over all is that of the
//! squares from 1 to N, in closed form. Lost, doubled and mixed-up messages change it.

use std::sync::mpsc;
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorError, ActorRef, ActorSystem, Handler, Message};
use tokio::runtime::Runtime;
use tokio::sync::mpsc as tokio_mpsc;

use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome, verify};

/// See the module.
pub const BENCHMARK: Benchmark =
    Benchmark { number: 1, name: "ping-pong", parameters: "N = 40,000", play, tokio: Some(play_tokio) };

fn round_trips(size: Size) -> u64 {
    match size {
        Size::Suite => 40_000,
        Size::Steady => 50 * 40_000,
        Size::Test => 1_000,
    }
}

/// The sum of the squares from 1 to `n`, modulo 2^64.
fn squares(n: u64) -> u64 {
    let n = u128::from(n);
    (n * (n + 1) * (2 * n + 1) / 6) as u64
}

struct Ping {
    pong: Option<ActorRef<Pong>>,
    left: u64,
    sum: u64,
    report: mpsc::Sender<u64>,
}

impl Actor for Ping {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        self.pong = Some(ctx.system().spawn(Pong { ping: ctx.actor_ref() }).start()?);
        self.call().await;
        Ok(())
    }
}

struct Pong {
    ping: ActorRef<Ping>,
}

impl Actor for Pong {}

/// A ping, with its number.
struct Call(u64);

impl Message for Call {
    type Result = ();
}

/// A pong.
struct Answer(u64);

impl Message for Answer {
    type Result = ();
}

impl Ping {
    async fn call(&mut self) {
        let pong = self.pong.as_ref().expect("started with ping");
        pong.tell(Call(self.left)).await.expect("pong lives");
    }
}

impl Handler<Call> for Pong {
    async fn handle(&mut self, Call(number): Call, _: &mut ActorContext<Self>) {
        self.ping.tell(Answer(number.wrapping_mul(number))).await.expect("ping lives");
    }
}

impl Handler<Answer> for Ping {
    async fn handle(&mut self, Answer(square): Answer, ctx: &mut ActorContext<Self>) {
        self.sum = self.sum.wrapping_add(square);
        self.left -= 1;
        if self.left > 0 {
            return self.call().await;
        }
        // An error would mean that nobody waits for the result any more.
        let _ = self.report.send(self.sum);
        // The two keep each other alive.
        ctx.stop();
    }
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let n = round_trips(size);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    system.spawn(Ping { pong: None, left: n, sum: 0, report }).start()?;
    let (outcome, sum) = outcome(started, 2 * n, &result)?;
    verify("the sum of the squares", squares(n), sum)?;
    Ok(outcome)
}

fn play_tokio(runtime: &Runtime, size: Size) -> Result<Outcome, Failure> {
    let n = round_trips(size);
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let (call, mut calls) = tokio_mpsc::channel(1_024);
    let (answer, mut answers) = tokio_mpsc::channel(1_024);
    runtime.spawn(async move {
        while let Some(number) = calls.recv().await {
            answer.send(u64::wrapping_mul(number, number)).await.expect("ping lives");
        }
    });
    runtime.spawn(async move {
        let mut sum = 0_u64;
        for number in (1..=n).rev() {
            call.send(number).await.expect("pong lives");
            sum = sum.wrapping_add(answers.recv().await.expect("pong answers"));
        }
        // An error would mean that nobody waits for the result any more.
        let _ = report.send(sum);
    });
    let (outcome, sum) = outcome(started, 2 * n, &result)?;
    verify("the sum of the squares", squares(n), sum)?;
    Ok(outcome)
}
