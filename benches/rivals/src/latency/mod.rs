//! Latencies of requests under load, on an open-loop schedule.
//!
//! A thread outside of the runtime asks one actor. First it finds the highest throughput: with up to 256 requests under way
//! at any time, how many are answered in a second, its own looks at the clock and at the replies included. Then it asks at 10, 50 and 90 % of that, each framework of its own. Each
//! request has its time by the schedule, whether those before it were answered or not, and its latency counts from
//! there, so that a delay counts for all that it delays: there is no coordinated omission. The thread never sleeps. It
//! looks at the replies in order, as they come from one actor, and takes a reply's time when it sees it.
//!
//! That stands for requests that come in from a network's thread at their own pace. It says nothing of threads that
//! block until their reply (`send-outside` does), nor of requests within a runtime (`send` does). Two workers, and the
//! asking thread: on two cores a worker that spins takes time away from whoever else needs it.
//!
//! Latencies are by the wall clock, and what the operating system does meanwhile is in them. Each reply is checked.

mod corecast;
mod kameo;
mod ractor;
mod tokio;

use std::collections::VecDeque;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::args::Args;
use crate::chart;
use crate::child::{self, Failure};
use crate::framework::Framework;
use crate::loads::ask::answer;
use crate::measured::{Latencies, Measured, histogram, median};
use crate::resident;
use crate::results::Machine;
use crate::table::digits;

/// Requests under way while the highest throughput is found.
const UNDER_WAY: usize = 256;

/// How long each rate is kept up.
const SPAN: Duration = Duration::from_secs(2);

/// The same where it only has to be seen to run.
const SHORT_SPAN: Duration = Duration::from_millis(20);

/// Percent of the highest throughput.
const PERCENT: [u32; 3] = [10, 50, 90];

/// Who is compared.
const FRAMEWORKS: [Framework; 4] = [Framework::Corecast, Framework::Tokio, Framework::Kameo, Framework::Ractor];

/// An actor that answers, and how it is asked from a thread outside without waiting.
trait Service {
    type Reply;

    fn ask(&self, question: u64) -> Self::Reply;

    /// The reply, if it is there.
    fn look(reply: &mut Self::Reply) -> Option<u64>;
}

/// What a process measures.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Requests in a second; as many as are answered, where there is no number.
    rate: Option<f64>,
    span: Duration,
}

impl Scale {
    /// From a rate or `highest`, and milliseconds.
    pub fn parse(rate: &str, millis: &str) -> Result<Self, String> {
        let rate = match rate {
            "highest" => None,
            rate => Some(rate.parse().map_err(|_| format!("no rate: {rate}"))?),
        };
        let millis = millis.parse().map_err(|_| format!("no number of milliseconds: {millis}"))?;
        Ok(Self { rate, span: Duration::from_millis(millis) })
    }
}

/// Measures in this process, prints the result, and ends it.
pub fn child(framework: Framework, scale: Scale) -> Result<bool, String> {
    child::end_at_a_panic();
    match framework {
        Framework::Corecast => corecast::serve(|service| run(service, scale)),
        Framework::Tokio => tokio::serve(|service| run(service, scale)),
        Framework::Kameo => kameo::serve(|service| run(service, scale)),
        Framework::Ractor => ractor::serve(|service| run(service, scale)),
        other => Err(format!("{other} has no part in this")),
    }
}

fn run<S: Service>(service: &S, Scale { rate, span }: Scale) -> ! {
    // Some to warm up.
    ask_on(service, Pace::UnderWay(UNDER_WAY), span / 4);
    child::report(&ask_on(service, rate.map_or(Pace::UnderWay(UNDER_WAY), Pace::Rate), span))
}

/// When the next request is due.
#[derive(Debug, Clone, Copy)]
enum Pace {
    /// As soon as fewer than so many are under way.
    UnderWay(usize),
    /// So many in a second, whatever becomes of those before.
    Rate(f64),
}

/// Asks, and looks at the replies. The costs of a request are the same at each pace, the thread's own among them, so that a
/// part of the highest throughput is a part of what it can do.
fn ask_on<S: Service>(service: &S, pace: Pace, span: Duration) -> Measured {
    let requests = match pace {
        Pace::UnderWay(_) => u64::MAX,
        Pace::Rate(rate) => (rate * span.as_secs_f64()).ceil() as u64,
    };
    let started = Instant::now();
    let mut nanos: Histogram<u64> = histogram();
    let mut under_way = VecDeque::new();
    let mut asked = 0;
    let mut next = started;
    loop {
        let now = Instant::now();
        let due = match pace {
            Pace::UnderWay(most) => (under_way.len() < most && now - started < span).then_some(now),
            Pace::Rate(_) => (next <= now).then_some(next),
        };
        if let Some(due) = due.filter(|_| asked < requests) {
            under_way.push_back((asked, due, service.ask(asked)));
            asked += 1;
            if let Pace::Rate(rate) = pace {
                next = started + Duration::from_secs_f64(asked as f64 / rate);
            }
        }
        if let Some((question, due, reply)) = under_way.front_mut() {
            if let Some(reply) = S::look(reply) {
                let latency = Instant::now() - *due;
                assert_eq!(reply, answer(*question));
                nanos.record(latency.as_nanos().max(1) as u64).expect("shorter than a minute");
                under_way.pop_front();
            }
        } else if asked == requests || now - started >= span && matches!(pace, Pace::UnderWay(_)) {
            break;
        }
    }
    let figure = started.elapsed().as_nanos() as f64 / asked as f64;
    Measured { figure, cpu: None, operations: asked, peak: resident::peak(), latencies: Some(Latencies::from(&nanos)) }
}

/// What all runs have found.
#[derive(Debug, Serialize)]
struct Report {
    machine: Machine,
    rows: Vec<Row>,
}

/// A framework.
#[derive(Debug, Serialize)]
pub struct Row {
    pub framework: String,
    /// Requests in a second.
    pub highest: f64,
    pub rates: Vec<AtRate>,
}

/// A share of its highest throughput.
#[derive(Debug, Serialize)]
pub struct AtRate {
    pub percent: u32,
    /// Medians over the rounds.
    pub latencies: Latencies,
}

/// Measures, interleaved, and shows.
pub fn compare(args: &Args) -> Result<bool, String> {
    let span = if args.test { SHORT_SPAN } else { SPAN };
    let frameworks: Vec<_> = FRAMEWORKS.into_iter().filter(|it| args.frameworks.contains(it)).collect();
    let machine = Machine::here();
    let mut failed = Vec::new();
    let mut measure = |framework: Framework, rate: &str| -> Option<Measured> {
        let millis = span.as_millis().to_string();
        match child::run(&["--latency-child", framework.name(), rate, &millis], args.limit) {
            Ok(measured) => Some(measured),
            Err(Failure::Absent(reason) | Failure::Failed(reason)) => {
                failed.push(format!("{framework}, {rate}: {reason}"));
                None
            }
        }
    };
    let mut capacities = vec![Vec::new(); frameworks.len()];
    for _ in 0..args.rounds {
        for (&framework, capacities) in frameworks.iter().zip(&mut capacities) {
            capacities.extend(measure(framework, "highest").map(|measured| 1e9 / measured.figure));
        }
    }
    let highest: Vec<f64> = capacities.into_iter().map(|all| median(all.into_iter())).collect();
    let mut measured = vec![vec![Vec::new(); PERCENT.len()]; frameworks.len()];
    for _ in 0..args.rounds {
        for (share, percent) in PERCENT.into_iter().enumerate() {
            for (index, &framework) in frameworks.iter().enumerate() {
                let rate = highest[index] * f64::from(percent) / 100.0;
                let latencies = measure(framework, &rate.to_string()).and_then(|measured| measured.latencies);
                measured[index][share].extend(latencies);
            }
        }
    }
    let rows = frameworks.iter().zip(highest).zip(measured).map(|((framework, highest), measured)| {
        let at_rate = |(percent, all): (u32, Vec<Latencies>)| AtRate { percent, latencies: Latencies::medians(&all) };
        let rates = PERCENT.into_iter().zip(measured).map(at_rate).collect();
        Row { framework: framework.to_string(), highest, rates }
    });
    let report = Report { rows: rows.collect(), machine };
    print!("{}", report.table());
    if let Some(file) = &args.json {
        report.write(file)?;
    }
    if let Some(file) = &args.svg {
        chart::latencies(&report.rows, file)?;
    }
    failed.iter().for_each(|failure| eprintln!("failed: {failure}"));
    Ok(failed.is_empty())
}

impl Report {
    fn table(&self) -> String {
        let Machine { cores, processor, load_average } = &self.machine;
        let mut text = format!("{cores} cores ({processor}), load average {load_average:.2} at the start.\n\n");
        text += "| framework | highest, K/s | at | p50 | p99 | p99.9 | max |\n|---|---:|---:|---:|---:|---:|---:|\n";
        for row in &self.rows {
            for AtRate { percent, latencies } in &row.rates {
                let [p50, p99, p999, max] =
                    [latencies.p50, latencies.p99, latencies.p999, latencies.max].map(|nanos| digits(nanos / 1e3));
                let (framework, highest) = (&row.framework, row.highest / 1e3);
                let line = format!("| {framework} | {highest:.0} | {percent} % | {p50} | {p99} | {p999} | {max} |");
                writeln!(text, "{line}").expect("a string takes all");
            }
        }
        text + "\nMicroseconds.\n"
    }

    fn write(&self, file: &Path) -> Result<(), String> {
        let text = serde_json::to_string_pretty(self).map_err(|error| error.to_string())?;
        fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
    }
}
