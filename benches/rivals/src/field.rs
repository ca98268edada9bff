//! The comparison: each load by each framework, interleaved, round after round.

use std::io::{IsTerminal, stderr};

use crate::args::Args;
use crate::chart;
use crate::child::{self, Failure};
use crate::floors::Floors;
use crate::framework::Framework;
use crate::loads::Load;
use crate::results::{Entry, Machine, Results, Row};
use crate::table::Table;

/// Windows in which the floors are measured.
const WINDOWS: usize = 100;

/// Measures, or reads, and shows; whether all is as it should be.
pub fn compare(args: &Args) -> Result<bool, String> {
    let results = if args.from.is_empty() { measure(args) } else { Results::read(&args.from)? };
    let table = Table::new(&results);
    print!("{}", if args.markdown { table.markdown() } else { table.text() });
    if let Some(file) = &args.json {
        results.write(file)?;
    }
    if let Some(file) = &args.svg {
        chart::loads(&results, file)?;
    }
    let failed = table.failed();
    failed.iter().for_each(|failure| eprintln!("failed: {failure}"));
    let missed = if args.test { Vec::new() } else { table.missed() };
    if args.check {
        missed.iter().for_each(|missed| eprintln!("missed: {missed}"));
    }
    let good = failed.is_empty() && (!args.check || missed.is_empty());
    if args.cpu {
        let results = results.by_cpu_time();
        let table = Table::new(&results);
        println!("\nCPU time of all threads for each operation:\n");
        print!("{}", if args.markdown { table.markdown() } else { table.text() });
    }
    Ok(good)
}

fn measure(args: &Args) -> Results {
    let machine = Machine::here();
    let mut floors = Floors::measure(if args.test { 1 } else { WINDOWS });
    let mut rows: Vec<Row> = args.loads.iter().map(|load| row(load, args)).collect();
    for round in 0..args.rounds {
        for (row, load) in rows.iter_mut().zip(&args.loads) {
            if stderr().is_terminal() {
                eprintln!("round {} of {}: {}", round + 1, args.rounds, load.name);
            }
            // Each framework is the first one in turn: what is left of the one before hits all alike.
            let entries = row.entries.len();
            for index in 0..entries {
                play(load, &mut row.entries[(index + round) % entries], args);
            }
        }
    }
    if !args.test {
        floors = floors.min(Floors::measure(WINDOWS));
    }
    Results { machine, floors, rows }
}

fn row(load: &Load, args: &Args) -> Row {
    let entry = |framework: &Framework| Entry {
        framework: framework.to_string(),
        measured: Vec::new(),
        absent: None,
        failed: None,
    };
    Row {
        load: load.name.to_owned(),
        unit: load.unit.to_string(),
        operation: load.operation.to_owned(),
        entries: args.frameworks.iter().map(entry).collect(),
    }
}

fn play(load: &Load, entry: &mut Entry, args: &Args) {
    // Who doesn't take part, or didn't finish, is not asked again.
    if entry.absent.is_some() || entry.failed.is_some() {
        return;
    }
    let size = if args.test { load.tiny } else { load.full };
    match child::run(&["--child", &entry.framework, load.name, &size.to_string()], args.limit) {
        Ok(measured) => entry.measured.push(measured),
        Err(Failure::Absent(reason)) => entry.absent = Some(reason),
        Err(Failure::Failed(reason)) => entry.failed = Some(reason),
    }
}
