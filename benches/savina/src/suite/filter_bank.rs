//! Filter Bank (23): a signal goes to several channels, each of which delays it, filters it, keeps one value of many
//! and filters again; an integrator gathers one value of each channel, and their sum goes to a sink.
//!
//! Stresses: a pipeline that splits and joins, with two handlers of thousands of multiplications per channel.
//!
//! Parameters: 16,384 columns (the length of the filters and delays), 34,816 simulations (values of the signal), 8
//! channels; the suite's sink prints one value in 100, this one keeps all. A message is a value on its way from one
//! stage to the next, or what comes back to the producer for it, or the start: 1,419,325, as in the suite's table. (Not
//! counted are eight with which the check is served.) The suite's Akka version says of itself that it deadlocks.
//!
//! A value is asked for by the producer only when the source has sent the one before. Behind it, in one direction,
//! there are the usual mailboxes: who is ahead waits for room.
//!
//! Verified: all values of the sink, and the sum of all values that a channel's first filter has given (of which only
//! one in 16,384 gets on), against direct sums over the signal in whole numbers. The signal starts with one: with zero,
//! as the suite has it, all values of the sink were zero.

use std::collections::VecDeque;
use std::mem;
use std::sync::mpsc;
use std::time::Instant;

use corecast::{Actor, ActorContext, ActorError, ActorRef, ActorSystem, Handler, Message, Recipient};

use crate::benchmark::{Benchmark, Failure, Outcome, Size, outcome, verify};

/// See the module.
pub const BENCHMARK: Benchmark = Benchmark {
    number: 23,
    name: "filter-bank",
    parameters: "16,384 columns, 34,816 simulations, 8 channels",
    play,
    tokio: None,
};

#[derive(Clone, Copy)]
struct Parameters {
    /// The length of filters and delays, and of how many values a sampler keeps one.
    columns: usize,
    /// Values of the signal.
    simulations: usize,
    channels: usize,
}

impl Parameters {
    fn new(size: Size) -> Self {
        let suite = Self { columns: 16_384, simulations: 34_816, channels: 8 };
        // Several values pass the samplers.
        size.pick(suite, Self { columns: 32, simulations: 200, channels: 3 })
    }

    /// Values that come out of a channel's first filter.
    fn filtered(self) -> usize {
        self.simulations - (self.columns - 1)
    }

    /// Values that come out of a channel.
    fn results(self) -> usize {
        self.filtered() - (self.columns - 1)
    }

    /// The value at some time.
    fn signal(self, time: usize) -> u64 {
        (time % 1_000 + 1) as u64
    }

    /// A coefficient of a channel's first filter.
    fn first(self, channel: usize, column: usize) -> u64 {
        (column * self.columns + channel * self.channels + channel + column + 1) as u64
    }

    /// A coefficient of a channel's second filter.
    fn second(self, channel: usize, column: usize) -> u64 {
        (column * channel + channel * channel + channel + column) as u64
    }
}

/// A value on its way.
#[derive(Clone, Copy)]
struct Value(f64);

impl Message for Value {
    type Result = ();
}

/// A stage that was told to stop is told nothing more.
const LIVES: &str = "a stage lives as long as somebody sends to it";

/// Has the source send values one by one.
struct Producer {
    left: usize,
    source: Option<ActorRef<Source>>,
    branches: Recipient<Value>,
}

impl Actor for Producer {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        let source = Source { time: 0, producer: ctx.actor_ref(), branches: self.branches.clone() };
        self.source = Some(ctx.system().spawn(source).start()?);
        Ok(())
    }
}

/// The producer may go on.
struct Next;

impl Message for Next {
    type Result = ();
}

impl Handler<Next> for Producer {
    async fn handle(&mut self, _: Next, ctx: &mut ActorContext<Self>) {
        if self.left == 0 {
            // The source and its producer keep each other alive.
            return ctx.stop();
        }
        self.left -= 1;
        let source = self.source.as_ref().expect("spawned at the start");
        source.tell(Boot).await.expect(LIVES);
    }
}

struct Source {
    time: usize,
    producer: ActorRef<Producer>,
    branches: Recipient<Value>,
}

impl Actor for Source {}

/// The source may send a value.
struct Boot;

impl Message for Boot {
    type Result = ();
}

impl Handler<Boot> for Source {
    async fn handle(&mut self, _: Boot, _: &mut ActorContext<Self>) {
        let value = Value((self.time % 1_000 + 1) as f64);
        self.time += 1;
        self.branches.tell(value).await.expect(LIVES);
        self.producer.tell(Next).await.expect(LIVES);
    }
}

/// Sends each value to all channels.
struct Branches(Vec<ActorRef<Bank>>);

impl Actor for Branches {}

impl Handler<Value> for Branches {
    async fn handle(&mut self, value: Value, _: &mut ActorContext<Self>) {
        for bank in &self.0 {
            bank.tell(value).await.expect(LIVES);
        }
    }
}

/// The head of a channel.
struct Bank(Recipient<Value>);

impl Actor for Bank {}

impl Handler<Value> for Bank {
    async fn handle(&mut self, value: Value, _: &mut ActorContext<Self>) {
        self.0.tell(value).await.expect(LIVES);
    }
}

/// Lets values pass after so many others, and zeros before the first.
struct Delay {
    values: Vec<f64>,
    oldest: usize,
    next: Recipient<Value>,
}

impl Delay {
    fn new(length: usize, next: Recipient<Value>) -> Self {
        Self { values: vec![0.0; length], oldest: 0, next }
    }
}

impl Actor for Delay {}

impl Handler<Value> for Delay {
    async fn handle(&mut self, Value(value): Value, _: &mut ActorContext<Self>) {
        let oldest = mem::replace(&mut self.values[self.oldest], value);
        self.oldest = (self.oldest + 1) % self.values.len();
        self.next.tell(Value(oldest)).await.expect(LIVES);
    }
}

/// Weighs the last values, once there are as many as it has coefficients.
struct Filter {
    /// The one for the oldest value first.
    coefficients: Vec<f64>,
    values: Vec<f64>,
    /// Where the oldest value is, when all are there.
    oldest: usize,
    next: Recipient<Value>,
}

impl Filter {
    /// With the coefficient for the newest value first.
    fn new(coefficients: impl Iterator<Item = u64>, next: Recipient<Value>) -> Self {
        let mut coefficients: Vec<_> = coefficients.map(|coefficient| coefficient as f64).collect();
        coefficients.reverse();
        Self { coefficients, values: Vec::new(), oldest: 0, next }
    }

    fn weighed(&self) -> f64 {
        let (newer, older) = self.values.split_at(self.oldest);
        let (first, last) = self.coefficients.split_at(older.len());
        dot(older, first) + dot(newer, last)
    }
}

/// The sum of the products, in eight sums that don't wait for each other.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}

impl Actor for Filter {}

impl Handler<Value> for Filter {
    async fn handle(&mut self, Value(value): Value, _: &mut ActorContext<Self>) {
        if self.values.len() < self.coefficients.len() {
            self.values.push(value);
        } else {
            self.values[self.oldest] = value;
            self.oldest = (self.oldest + 1) % self.values.len();
        }
        if self.values.len() == self.coefficients.len() {
            self.next.tell(Value(self.weighed())).await.expect(LIVES);
        }
    }
}

/// Lets one value of many pass, and zeros instead of the others.
struct Sampler {
    channel: usize,
    rate: usize,
    received: usize,
    expected: usize,
    /// Of all values, for the check.
    sum: u128,
    sink: ActorRef<Sink>,
    next: Recipient<Value>,
}

impl Actor for Sampler {}

impl Handler<Value> for Sampler {
    async fn handle(&mut self, value: Value, _: &mut ActorContext<Self>) {
        let passes = self.received.is_multiple_of(self.rate);
        self.received += 1;
        self.sum += value.0 as u128;
        self.next.tell(if passes { value } else { Value(0.0) }).await.expect(LIVES);
        if self.received == self.expected {
            self.sink.tell(Checksum { channel: self.channel, sum: self.sum }).await.expect(LIVES);
        }
    }
}

/// Says from which channel a value comes.
struct Tagger {
    channel: usize,
    integrator: ActorRef<Integrator>,
}

impl Actor for Tagger {}

impl Handler<Value> for Tagger {
    async fn handle(&mut self, Value(value): Value, _: &mut ActorContext<Self>) {
        self.integrator.tell(Tagged { channel: self.channel, value }).await.expect(LIVES);
    }
}

/// A value, and from which channel it comes.
struct Tagged {
    channel: usize,
    value: f64,
}

impl Message for Tagged {
    type Result = ();
}

/// Gathers one value of each channel.
struct Integrator {
    waiting: Vec<VecDeque<f64>>,
    combiner: ActorRef<Combiner>,
}

impl Actor for Integrator {}

impl Handler<Tagged> for Integrator {
    async fn handle(&mut self, Tagged { channel, value }: Tagged, _: &mut ActorContext<Self>) {
        self.waiting[channel].push_back(value);
        if self.waiting.iter().all(|values| !values.is_empty()) {
            let values = self.waiting.iter_mut().filter_map(VecDeque::pop_front).collect();
            self.combiner.tell(Collected(values)).await.expect(LIVES);
        }
    }
}

/// One value of each channel.
struct Collected(Vec<f64>);

impl Message for Collected {
    type Result = ();
}

struct Combiner(ActorRef<Sink>);

impl Actor for Combiner {}

impl Handler<Collected> for Combiner {
    async fn handle(&mut self, Collected(values): Collected, _: &mut ActorContext<Self>) {
        self.0.tell(Value(values.iter().sum())).await.expect(LIVES);
    }
}

/// What came out of the channels.
#[derive(Clone)]
struct Signal {
    values: Vec<f64>,
    /// Per channel, of what its first filter gave.
    checksums: Vec<u128>,
}

struct Sink {
    parameters: Parameters,
    signal: Signal,
    report: mpsc::Sender<Signal>,
}

impl Actor for Sink {}

impl Handler<Value> for Sink {
    async fn handle(&mut self, Value(value): Value, _: &mut ActorContext<Self>) {
        self.signal.values.push(value);
        self.report();
    }
}

/// The sum of what a channel's first filter gave.
struct Checksum {
    channel: usize,
    sum: u128,
}

impl Message for Checksum {
    type Result = ();
}

impl Handler<Checksum> for Sink {
    async fn handle(&mut self, Checksum { channel, sum }: Checksum, _: &mut ActorContext<Self>) {
        self.signal.checksums[channel] = sum;
        self.report();
    }
}

impl Sink {
    /// Reports when everything is there. (No sum is zero.)
    fn report(&mut self) {
        let Signal { values, checksums } = &self.signal;
        if values.len() == self.parameters.results() && !checksums.contains(&0) {
            // An error would mean that nobody waits for the result any more.
            let _ = self.report.send(self.signal.clone());
        }
    }
}

fn play(system: &ActorSystem, size: Size) -> Result<Outcome, Failure> {
    let parameters = Parameters::new(size);
    let (outcome, signal) = run(system, parameters)?;
    check(parameters, &signal)?;
    Ok(outcome)
}

fn run(system: &ActorSystem, parameters: Parameters) -> Result<(Outcome, Signal), Failure> {
    let Parameters { columns, simulations, channels } = parameters;
    let (report, result) = mpsc::channel();
    let started = Instant::now();
    let signal = Signal { values: Vec::new(), checksums: vec![0; channels] };
    let sink = system.spawn(Sink { parameters, signal, report }).start()?;
    let combiner = system.spawn(Combiner(sink.clone())).start()?;
    let integrator = system.spawn(Integrator { waiting: vec![VecDeque::new(); channels], combiner }).start()?;
    let mut banks = Vec::new();
    for channel in 0..channels {
        let next = system.spawn(Tagger { channel, integrator: integrator.clone() }).start()?.recipient();
        let coefficients = (0..columns).map(|column| parameters.second(channel, column));
        let next = system.spawn(Filter::new(coefficients, next)).start()?.recipient();
        let next = system.spawn(Delay::new(columns - 1, next)).start()?.recipient();
        let (expected, sink) = (parameters.filtered(), sink.clone());
        let sampler = Sampler { channel, rate: columns, received: 0, expected, sum: 0, sink, next };
        let next = system.spawn(sampler).start()?.recipient();
        let coefficients = (0..columns).map(|column| parameters.first(channel, column));
        let next = system.spawn(Filter::new(coefficients, next)).start()?.recipient();
        let next = system.spawn(Delay::new(columns - 1, next)).start()?.recipient();
        banks.push(system.spawn(Bank(next)).start()?);
    }
    let branches = system.spawn(Branches(banks)).start()?.recipient();
    let producer = system.spawn(Producer { left: simulations, source: None, branches }).start()?;
    producer.blocking_tell(Next)?;
    // Before the branches; to the first filters; from there to the second ones; to the integrator; to the sink; the
    // start.
    let per_channel = 3 * simulations + 3 * parameters.filtered() + 2 * parameters.results();
    let messages = 3 * simulations + channels * per_channel + 2 * parameters.results() + 1;
    outcome(started, messages as u64, &result)
}

fn check(parameters: Parameters, signal: &Signal) -> Result<(), Failure> {
    let Parameters { columns, channels, .. } = parameters;
    let expected: Vec<_> = (0..channels).map(|channel| checksum(parameters, channel)).collect();
    verify("the sums behind the first filters", &expected, &signal.checksums)?;
    verify("how many values there are", parameters.results(), signal.values.len())?;
    for (time, &value) in signal.values.iter().enumerate() {
        // Of those that the second filters weigh, all are zero but the one that the samplers let pass last.
        let sampled = time / columns * columns;
        let of =
            |channel| filtered(parameters, channel, sampled) * u128::from(parameters.second(channel, time - sampled));
        let expected = (0..channels).map(of).sum::<u128>() as f64;
        let is_right = (value - expected).abs() <= expected * 1e-12;
        verify(&format!("whether value {time}, {value}, is {expected}"), true, is_right)?;
    }
    Ok(())
}

/// What a channel's first filter gives for the signal up to some time.
fn filtered(parameters: Parameters, channel: usize, time: usize) -> u128 {
    let columns = 0..parameters.columns.min(time + 1);
    columns.map(|k| u128::from(parameters.first(channel, k) * parameters.signal(time - k))).sum()
}

/// The sum of all that it gives: each coefficient weighs all values but the last ones.
fn checksum(parameters: Parameters, channel: usize) -> u128 {
    let filtered = parameters.filtered();
    let mut sums = vec![0];
    for time in 0..filtered {
        sums.push(sums[time] + u128::from(parameters.signal(time)));
    }
    let columns = 0..parameters.columns.min(filtered);
    columns.map(|k| u128::from(parameters.first(channel, k)) * sums[filtered - k]).sum()
}

#[cfg(test)]
mod tests {
    use corecast::ActorSystem;

    use super::{Parameters, check, checksum, filtered, run};
    use crate::benchmark::Size;

    #[test]
    fn wrong_values_are_found() {
        let system = ActorSystem::new().expect("a system");
        let parameters = Parameters::new(Size::Test);
        let (_, signal) = run(&system, parameters).expect("a result");
        check(parameters, &signal).expect("right");

        let mut wrong = signal.clone();
        wrong.values[100] += 1.0;
        assert!(check(parameters, &wrong).is_err());
        wrong = signal.clone();
        wrong.values.swap(40, 41);
        assert!(check(parameters, &wrong).is_err());
        wrong = signal.clone();
        wrong.checksums[2] += 1;
        assert!(check(parameters, &wrong).is_err());
        assert!(signal.values.iter().all(|&value| value > 0.0), "or a lost value could be right");
    }

    #[test]
    fn the_sum_is_that_of_the_values() {
        let parameters = Parameters::new(Size::Test);
        let sum = (0..parameters.filtered()).map(|time| filtered(parameters, 1, time)).sum::<u128>();
        assert_eq!(sum, checksum(parameters, 1));
    }
}
