//! A process of its own for each measurement: this program runs itself again, and reads what that prints.

use std::env;
use std::io::Read;
use std::panic;
use std::process::{self, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::framework::Framework;
use crate::loads::{Load, Refusal};

/// Begins the line with the result, whatever else is printed.
const RESULT: &str = "measured:";

/// Begins the line that says why there is none.
const ABSENT: &str = "absent:";

/// Between two looks at whether the other process is done.
const LOOK: Duration = Duration::from_millis(2);

/// Why a process has no result.
#[derive(Debug, Clone)]
pub enum Failure {
    /// The framework has nothing to do it with: why.
    Absent(String),
    /// It took too long, panicked, or computed something wrong.
    Failed(String),
}

/// Measures in a process of its own, which is killed when it takes longer than `limit`.
pub fn run<T: DeserializeOwned>(args: &[&str], limit: Duration) -> Result<T, Failure> {
    let failed = |what: &dyn ToString| Failure::Failed(what.to_string());
    let program = env::current_exe().map_err(|error| failed(&error))?;
    let mut child = Command::new(program)
        .args(args)
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(&error))?;
    let started = Instant::now();
    let status = loop {
        match child.try_wait().map_err(|error| failed(&error))? {
            Some(status) => break status,
            None if started.elapsed() > limit => {
                // An error means that it has just ended by itself.
                let _ = child.kill();
                let _ = child.wait();
                return Err(Failure::Failed(format!("not done after {} s", limit.as_secs())));
            }
            None => sleep(LOOK),
        }
    };
    let mut text = String::new();
    let mut output = child.stdout.take().expect("it is piped");
    output.read_to_string(&mut text).map_err(|error| failed(&error))?;
    if let Some(reason) = text.lines().find_map(|line| line.strip_prefix(ABSENT)) {
        return Err(Failure::Absent(reason.trim().to_owned()));
    }
    let result = text.lines().find_map(|line| line.strip_prefix(RESULT));
    match result {
        Some(result) if status.success() => serde_json::from_str(result).map_err(|error| failed(&error)),
        _ => Err(Failure::Failed(format!("{status}"))),
    }
}

/// Measures in this process, prints the result, and ends it.
pub fn play(framework: Framework, load: &Load, size: u64) -> Result<bool, String> {
    end_at_a_panic();
    match (load.play)(framework, size) {
        Ok(measured) => report(&measured),
        Err(Refusal::Absent(reason)) => {
            println!("{ABSENT} {reason}");
            process::exit(0)
        }
        Err(wrong) => Err(format!("{framework}, {}: {wrong}", load.name)),
    }
}

/// A panic anywhere ends the process: others would wait for whoever panicked.
pub fn end_at_a_panic() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        print(info);
        process::exit(101);
    }));
}

/// Prints the result, and ends the process without taking anything down.
pub fn report(measured: &impl Serialize) -> ! {
    println!("{RESULT} {}", serde_json::to_string(measured).expect("figures are numbers"));
    process::exit(0)
}
