//! What the command line asks for.

use std::path::PathBuf;
use std::time::Duration;

use crate::framework::Framework;
use crate::latency::Scale;
use crate::loads::{self, Load};

pub const HELP: &str = "\
corecast-rivals [compare | latency] [OPTIONS]

compare              the table of all loads (default)
latency              latencies of requests at 10, 50 and 90 % of the highest throughput

--loads A,B,..       these loads only
--frameworks A,B,..  these frameworks only
--rounds N           so many times each, interleaved; medians are shown (5)
--limit SECONDS      the time that one run may take (60)
--test               each load once, tiny: whether it runs, and computes what it should
--check              exit code 1 where a target is missed, or a rival ahead
--from A,B,..        measure nothing, show what these JSON files hold
--cpu                a second table: CPU time of all threads for each operation
--markdown           the table in Markdown
--json FILE          write what was measured
--svg FILE           draw it";

/// What is to be done.
#[derive(Debug)]
pub enum Task {
    Help,
    Compare,
    Latency,
    /// One measurement, in this process.
    Child {
        framework: Framework,
        load: &'static Load,
        size: u64,
    },
    /// One measurement of latencies, in this process.
    LatencyChild {
        framework: Framework,
        scale: Scale,
    },
}

/// The command line, understood.
#[derive(Debug)]
pub struct Args {
    pub task: Task,
    pub loads: Vec<&'static Load>,
    pub frameworks: Vec<Framework>,
    pub rounds: usize,
    pub limit: Duration,
    pub test: bool,
    pub check: bool,
    pub from: Vec<PathBuf>,
    pub cpu: bool,
    pub markdown: bool,
    pub json: Option<PathBuf>,
    pub svg: Option<PathBuf>,
}

impl Args {
    pub fn parse(args: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut parsed = Self {
            task: Task::Compare,
            loads: loads::ALL.iter().collect(),
            frameworks: Framework::ALL.to_vec(),
            rounds: 5,
            limit: Duration::from_secs(60),
            test: false,
            check: false,
            from: Vec::new(),
            cpu: false,
            markdown: false,
            json: None,
            svg: None,
        };
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} wants something behind it"));
            match arg.as_str() {
                "compare" => parsed.task = Task::Compare,
                "latency" => parsed.task = Task::Latency,
                "--help" | "-h" => parsed.task = Task::Help,
                "--child" => {
                    let framework = value()?.parse()?;
                    let load = Load::named(&value()?)?;
                    parsed.task = Task::Child { framework, load, size: number(&value()?)? };
                }
                "--latency-child" => {
                    let framework = value()?.parse()?;
                    parsed.task = Task::LatencyChild { framework, scale: Scale::parse(&value()?, &value()?)? };
                }
                "--loads" => parsed.loads = value()?.split(',').map(Load::named).collect::<Result<_, _>>()?,
                "--frameworks" => parsed.frameworks = value()?.split(',').map(str::parse).collect::<Result<_, _>>()?,
                "--rounds" => parsed.rounds = number(&value()?)?,
                "--limit" => parsed.limit = Duration::from_secs(number(&value()?)?),
                "--test" => parsed.test = true,
                "--check" => parsed.check = true,
                "--from" => parsed.from = value()?.split(',').map(PathBuf::from).collect(),
                "--cpu" => parsed.cpu = true,
                "--markdown" => parsed.markdown = true,
                "--json" => parsed.json = Some(value()?.into()),
                "--svg" => parsed.svg = Some(value()?.into()),
                other => return Err(format!("unknown argument {other}; --help says what there is")),
            }
        }
        if parsed.test || parsed.rounds == 0 {
            parsed.rounds = 1;
        }
        Ok(parsed)
    }
}

fn number<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("no number: {text}"))
}
