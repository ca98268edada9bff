//! What all runs together have found: medians, and a file of them.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::floors::Floors;
use crate::measured::{Latencies, Measured, median};

/// Everything, as it is written to a file.
#[derive(Debug, Serialize, Deserialize)]
pub struct Results {
    pub machine: Machine,
    pub floors: Floors,
    pub rows: Vec<Row>,
}

/// Where it was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Machine {
    pub cores: usize,
    pub processor: String,
    /// Of one minute, at the start.
    pub load_average: f64,
}

/// A load.
#[derive(Debug, Serialize, Deserialize)]
pub struct Row {
    pub load: String,
    pub unit: String,
    pub operation: String,
    pub entries: Vec<Entry>,
}

/// What a framework has made of it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Entry {
    pub framework: String,
    pub measured: Vec<Measured>,
    /// Why nothing, or less than was asked for, was measured.
    pub absent: Option<String>,
    pub failed: Option<String>,
}

impl Machine {
    pub fn here() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let of = |file, find: fn(&str) -> Option<String>| fs::read_to_string(file).ok().and_then(|text| find(&text));
        let model = |text: &str| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let first = |text: &str| text.split_whitespace().next().map(str::to_owned);
        Self {
            cores,
            processor: of("/proc/cpuinfo", model).unwrap_or_else(|| "unknown".to_owned()),
            load_average: of("/proc/loadavg", first).and_then(|load| load.parse().ok()).unwrap_or(f64::NAN),
        }
    }
}

impl Entry {
    /// The middle one of all figures.
    pub fn median(&self) -> f64 {
        median(self.measured.iter().map(|measured| measured.figure))
    }

    /// The medians of all percentiles.
    pub fn latencies(&self) -> Option<Latencies> {
        let all: Vec<Latencies> = self.measured.iter().filter_map(|measured| measured.latencies).collect();
        (!all.is_empty()).then(|| Latencies::medians(&all))
    }
}

impl Row {
    pub fn corecast(&self) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.framework == "corecast" && !entry.measured.is_empty())
    }

    /// The rival with the smallest figure.
    pub fn fastest_rival(&self) -> Option<&Entry> {
        let rivals = self.entries.iter().filter(|entry| entry.framework != "corecast" && !entry.measured.is_empty());
        rivals.min_by(|one, other| one.median().total_cmp(&other.median()))
    }
}

impl Results {
    pub fn write(&self, file: &Path) -> Result<(), String> {
        let text = serde_json::to_string_pretty(self).map_err(|error| error.to_string())?;
        fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
    }

    /// Reads files, and puts together what they hold.
    pub fn read(files: &[impl AsRef<Path>]) -> Result<Self, String> {
        let read = |file: &Path| {
            let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))
        };
        let mut all = files.iter().map(|file| read(file.as_ref()));
        let mut results: Self = all.next().ok_or("no file")??;
        for other in all {
            results.add(other?);
        }
        Ok(results)
    }

    /// The same by CPU time: where a load has none, it is left out.
    pub fn by_cpu_time(mut self) -> Self {
        for measured in self.rows.iter_mut().flat_map(|row| &mut row.entries).flat_map(|entry| &mut entry.measured) {
            measured.figure = measured.cpu.unwrap_or(f64::NAN);
            measured.latencies = None;
        }
        self.rows.retain(|row| row.corecast().is_some_and(|entry| entry.median().is_finite()));
        self
    }

    fn add(&mut self, other: Self) {
        self.floors = self.floors.min(other.floors);
        for row in other.rows {
            let Some(present) = self.rows.iter_mut().find(|present| present.load == row.load) else {
                self.rows.push(row);
                continue;
            };
            for entry in row.entries {
                match present.entries.iter_mut().find(|present| present.framework == entry.framework) {
                    Some(present) => present.measured.extend(entry.measured),
                    None => present.entries.push(entry),
                }
            }
        }
    }
}
