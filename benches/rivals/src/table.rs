//! The table: a row for each load, a column for each framework.

use std::fmt::Write;

use crate::results::{Entry, Results, Row};
use crate::target::{Most, Target};

/// What is shown of the results.
pub struct Table<'a> {
    results: &'a Results,
    frameworks: Vec<&'a str>,
}

impl<'a> Table<'a> {
    pub fn new(results: &'a Results) -> Self {
        let mut frameworks: Vec<&str> = Vec::new();
        for entry in results.rows.iter().flat_map(|row| &row.entries) {
            let shown = results.rows.iter().any(|row| of(row, &entry.framework).is_some_and(|it| it.absent.is_none()));
            if shown && !frameworks.contains(&entry.framework.as_str()) {
                frameworks.push(&entry.framework);
            }
        }
        Self { results, frameworks }
    }

    /// In columns.
    pub fn text(&self) -> String {
        let mut text = self.heading();
        let cells = self.cells();
        let columns = cells[0].len();
        let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &cells {
            for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
                let pad = " ".repeat(width - cell.chars().count());
                let (left, right) = if column == 0 || column + 1 == columns { ("", &*pad) } else { (&*pad, "") };
                write!(text, "{left}{cell}{right}  ").expect("a string takes all");
            }
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        text + &self.notes()
    }

    /// In Markdown.
    pub fn markdown(&self) -> String {
        let cells = self.cells();
        let mut text = self.heading() + "\n";
        for (index, row) in cells.iter().enumerate() {
            writeln!(text, "| {} |", row.join(" | ")).expect("a string takes all");
            if index == 0 {
                let lines = row.iter().enumerate().map(|(column, _)| if column == 0 { "---" } else { "---:" });
                writeln!(text, "|{}|", lines.collect::<Vec<_>>().join("|")).expect("a string takes all");
            }
        }
        text + "\n" + &self.notes()
    }

    /// Rows whose target is missed, or where a rival is ahead.
    pub fn missed(&self) -> Vec<String> {
        let missed = |row: &Row| -> Vec<String> {
            let Some(corecast) = row.corecast() else { return Vec::new() };
            let missed = Target::of(&row.load).missed(corecast, row.fastest_rival(), self.results.floors);
            missed.into_iter().map(|missed| format!("{}: {missed}", row.load)).collect()
        };
        self.results.rows.iter().flat_map(missed).collect()
    }

    /// Measurements that came to nothing, but for those that can't be.
    pub fn failed(&self) -> Vec<String> {
        let entries = self.results.rows.iter().flat_map(|row| row.entries.iter().map(move |entry| (row, entry)));
        let failed = |(row, entry): (&Row, &Entry)| {
            entry.failed.as_ref().map(|reason| format!("{}, {}: {reason}", row.load, entry.framework))
        };
        entries.filter_map(failed).collect()
    }

    fn heading(&self) -> String {
        let machine = &self.results.machine;
        format!(
            "{} cores ({}), load average {:.2} at the start; {}.\n",
            machine.cores, machine.processor, machine.load_average, self.results.floors
        )
    }

    fn cells(&self) -> Vec<Vec<String>> {
        let mut head = vec!["load".to_owned()];
        head.extend(self.frameworks.iter().map(|&framework| framework.to_owned()));
        head.extend(["fastest rival", "wanted", "in units", "wanted", "reached"].map(str::to_owned));
        let rows = self.results.rows.iter().map(|row| self.row(row));
        std::iter::once(head).chain(rows).collect()
    }

    fn row(&self, row: &Row) -> Vec<String> {
        let corecast = row.corecast();
        let unit = if row.unit == "ns" { String::new() } else { format!(", {}", row.unit) };
        let mut cells = vec![format!("{}{unit}", row.load)];
        for framework in &self.frameworks {
            cells.push(of(row, framework).map_or_else(|| "–".to_owned(), |entry| cell(entry, corecast)));
        }
        let Some(corecast) = corecast else {
            cells.extend([const { String::new() }; 5]);
            return cells;
        };
        let target = Target::of(&row.load);
        let fastest = row.fastest_rival();
        cells.push(fastest.map_or_else(String::new, |rival| format!("{:.2} ×", rival.median() / corecast.median())));
        cells.push(format!("{} ×", target.ahead));
        let floors = self.results.floors;
        let (units, most) = match target.most {
            Some(Most::Rmw(most)) => (format!("{:.1} r", corecast.median() / floors.rmw), format!("{most} r")),
            Some(Most::Bytes(most)) => (format!("{:.0} bytes", corecast.median()), format!("{most} bytes")),
            None => (String::new(), String::new()),
        };
        cells.extend([units, most]);
        let missed = target.missed(corecast, fastest, floors);
        cells.push(if missed.is_empty() { "yes".to_owned() } else { "no".to_owned() });
        cells
    }

    /// Percentiles, and who is absent and why.
    fn notes(&self) -> String {
        let mut text = String::new();
        let entries = || self.results.rows.iter().flat_map(|row| row.entries.iter().map(move |entry| (row, entry)));
        for (row, entry) in entries() {
            if let Some(latencies) = entry.latencies() {
                let [p50, p99, p999] = [latencies.p50, latencies.p99, latencies.p999].map(digits);
                let mean = digits(entry.median());
                let line = format!("{}, {}: {mean}; p50 {p50}, p99 {p99}, p99.9 {p999}", row.load, entry.framework);
                writeln!(text, "{line}").expect("a string takes all");
            }
        }
        for (row, entry) in entries() {
            let named = self.frameworks.contains(&entry.framework.as_str());
            // Who is for other loads only needs no word.
            if let Some(reason) = entry.absent.as_ref().filter(|_| named && entry.framework != "broadcast") {
                writeln!(text, "{}, {}: absent, {reason}", row.load, entry.framework).expect("a string takes all");
            }
        }
        text
    }
}

fn of<'a>(row: &'a Row, framework: &str) -> Option<&'a Entry> {
    row.entries.iter().find(|entry| entry.framework == framework)
}

/// The median, and how many times corecast's it is.
fn cell(entry: &Entry, corecast: Option<&Entry>) -> String {
    if entry.failed.is_some() {
        return "failed".to_owned();
    }
    if entry.measured.is_empty() {
        return "–".to_owned();
    }
    match corecast {
        Some(corecast) if entry.framework != corecast.framework => {
            format!("{} ({:.1} ×)", digits(entry.median()), entry.median() / corecast.median())
        }
        _ => digits(entry.median()),
    }
}

/// Three digits at least, and all of those before the point.
pub fn digits(figure: f64) -> String {
    match figure {
        ..9.995 => format!("{figure:.2}"),
        ..99.95 => format!("{figure:.1}"),
        _ => format!("{figure:.0}"),
    }
}
