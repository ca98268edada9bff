//! What was measured, beside the figures of others.

use std::fmt;

use serde::Serialize;

use crate::alone::{Measured, Stage};
use crate::benchmark::{Benchmark, Failure};
use crate::published::{self, Figures, Published};

/// The head of the table: two lines.
pub const HEAD: [&str; 2] = [
    "                                 |         corecast         |              tokio                | Verona BoC, alike       | artefact, other machine        |",
    " #  ns per message               |    min   median      cpu |    min   median      cpu    ratio |  1 core  2 cores  ahead | Pony 1  Pony 8   BoC 1   BoC 8 | parameters",
];

/// A benchmark's row.
#[derive(Debug)]
pub struct Row {
    number: u8,
    name: &'static str,
    parameters: &'static str,
    /// What was measured, one for each round.
    corecast: Vec<Measured>,
    /// The same on bare tokio, in the same rounds.
    tokio: Vec<Measured>,
    failures: Vec<String>,
    published: Option<&'static Published>,
}

impl Row {
    /// One without figures yet.
    pub fn new(benchmark: &Benchmark) -> Self {
        Self {
            number: benchmark.number,
            name: benchmark.name,
            parameters: benchmark.parameters,
            corecast: Vec::new(),
            tokio: Vec::new(),
            failures: Vec::new(),
            published: published::of(benchmark.name),
        }
    }

    /// Adds what a process measured, or what went wrong there.
    pub fn add(&mut self, stage: Stage, measured: Result<Measured, Failure>) {
        match (stage, measured) {
            (Stage::Corecast, Ok(measured)) => self.corecast.push(measured),
            (Stage::Tokio, Ok(measured)) => self.tokio.push(measured),
            (stage, Err(failure)) => self.failures.push(format!("{stage:?}: {failure}")),
        }
    }

    /// What went wrong.
    pub fn failures(&self) -> &[String] {
        &self.failures
    }

    /// Whether the median is below that of Verona BoC on two cores; none where there is nothing to compare.
    pub fn ahead(&self) -> Option<bool> {
        let verona = self.published?.verona?;
        Some(wall(&self.corecast)?.median < verona.two.median)
    }

    /// The row as JSON has it.
    pub fn record(&self) -> impl Serialize {
        Record {
            number: self.number,
            name: self.name,
            parameters: self.parameters,
            corecast: wall(&self.corecast),
            tokio: wall(&self.tokio),
            ahead_of_boc: self.ahead(),
            processes: [&self.corecast, &self.tokio].map(Clone::clone),
            failures: self.failures.clone(),
        }
    }
}

#[derive(Serialize)]
struct Record {
    number: u8,
    name: &'static str,
    parameters: &'static str,
    /// Nanoseconds per message.
    corecast: Option<Figures>,
    tokio: Option<Figures>,
    ahead_of_boc: Option<bool>,
    /// Each process of corecast, and each of tokio.
    processes: [Vec<Measured>; 2],
    failures: Vec<String>,
}

/// Wall time per message of the processes.
fn wall(processes: &[Measured]) -> Option<Figures> {
    figures(processes, Measured::nanoseconds_per_message)
}

fn figures(processes: &[Measured], of: fn(&Measured) -> f64) -> Option<Figures> {
    let mut each: Vec<_> = processes.iter().map(of).collect();
    each.sort_by(f64::total_cmp);
    let min = *each.first()?;
    // Of an even number, the mean of the two in the middle.
    let median = f64::midpoint(each[(each.len() - 1) / 2], each[each.len() / 2]);
    Some(Figures { min, median })
}

/// A figure in eight places, with as many decimals as make sense.
fn figure(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(value) if value < 1_000.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.0}"),
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (corecast, tokio) = (wall(&self.corecast), wall(&self.tokio));
        let verona = self.published.and_then(|published| published.verona);
        let artefact = self.published.and_then(|published| published.artefact);
        let ratio = tokio.zip(corecast).map(|(tokio, corecast)| format!("{:.2} x", tokio.median / corecast.median));
        let ahead = self.ahead().map_or("–", |ahead| if ahead { "yes" } else { "NO" });
        let pick = |of: Option<Figures>, which: fn(Figures) -> f64| figure(of.map(which));
        let theirs = |milliseconds: fn(published::Artefact) -> f64| {
            figure(artefact.map(|artefact| artefact.nanoseconds(milliseconds(artefact))))
        };
        write!(
            f,
            "{:>2}  {:<28} | {:>6} {:>8} {:>8} | {:>6} {:>8} {:>8} {:>8} | {:>7} {:>8} {:>6} | {:>6} {:>7} {:>7} {:>7} | {}",
            self.number,
            self.name,
            pick(corecast, |figures| figures.min),
            pick(corecast, |figures| figures.median),
            pick(figures(&self.corecast, Measured::processor_per_message), |figures| figures.median),
            pick(tokio, |figures| figures.min),
            pick(tokio, |figures| figures.median),
            pick(figures(&self.tokio, Measured::processor_per_message), |figures| figures.median),
            ratio.as_deref().unwrap_or("–"),
            pick(verona.map(|verona| verona.one), |figures| figures.median),
            pick(verona.map(|verona| verona.two), |figures| figures.median),
            ahead,
            theirs(|artefact| artefact.pony[0]),
            theirs(|artefact| artefact.pony[1]),
            theirs(|artefact| artefact.boc[0]),
            theirs(|artefact| artefact.boc[1]),
            self.parameters,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{Measured, wall};

    fn processes(each: &[f64]) -> Vec<Measured> {
        each.iter()
            .map(|&nanoseconds| Measured {
                plays: 1,
                nanoseconds: nanoseconds * 10.0,
                processor_nanoseconds: 0.0,
                messages: 10,
            })
            .collect()
    }

    #[test]
    fn the_median_is_the_middle() {
        assert!(wall(&[]).is_none());
        let odd = wall(&processes(&[5.0, 1.0, 3.0])).expect("three");
        assert_eq!((odd.min, odd.median), (1.0, 3.0));
        let even = wall(&processes(&[8.0, 2.0, 4.0, 1.0])).expect("four");
        assert_eq!((even.min, even.median), (1.0, 3.0));
    }
}
