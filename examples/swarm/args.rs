//! What the command line asks for.

use std::time::Duration;

/// How it is used.
pub(crate) const USAGE: &str = "\
usage: swarm [--seconds N] [--seed S] [--episodes N] [--cycles N] [--on threads|simulator] [--patience SECONDS]

  --seconds N    goes through seeds for so long; 5 unless something else ends it
  --seed S       the first seed; the others follow it. 1 by default
  --episodes N   goes through so many seeds instead, on threads and in the simulator
  --cycles N     so many systems on threads: start, a little load, shutdown
  --on WHERE     on threads or in the simulator only
  --patience S   how many seconds without progress are a failure: 30 by default";

/// Where episodes are played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Threads,
    Simulator,
}

/// What ends a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Time(Duration),
    Episodes(u64),
    Cycles(u64),
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Args {
    pub(crate) seed: u64,
    pub(crate) end: End,
    /// Only here, if that is said.
    pub(crate) place: Option<Place>,
    pub(crate) patience: Duration,
}

impl Args {
    /// Reads the arguments of a command line.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let seconds = Duration::from_secs;
        let mut args = Self { seed: 1, end: End::Time(seconds(5)), place: None, patience: seconds(30) };
        while let Some(flag) = words.next() {
            if flag == "--help" {
                return Err(USAGE.into());
            }
            let value = words.next().ok_or_else(|| format!("{flag} needs a value\n{USAGE}"))?;
            let number = || value.parse::<u64>().map_err(|_| format!("{flag} needs a number, not {value:?}\n{USAGE}"));
            match &*flag {
                "--seconds" => args.end = End::Time(seconds(number()?)),
                "--seed" => args.seed = number()?,
                "--episodes" => args.end = End::Episodes(number()?),
                "--cycles" => args.end = End::Cycles(number()?),
                "--patience" => args.patience = seconds(number()?),
                "--on" if value == "threads" => args.place = Some(Place::Threads),
                "--on" if value == "simulator" => args.place = Some(Place::Simulator),
                _ => return Err(format!("what is {flag} {value}?\n{USAGE}")),
            }
        }
        Ok(args)
    }
}
