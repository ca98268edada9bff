//! Measurements that need a process of their own: the binary runs itself again.

use std::env;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::size::Size;
use super::{idle, memory};

/// Says in the arguments that this process is the second one.
const ALONE: &str = "--alone";

/// Begins the line with the result, whatever else is printed.
const RESULT: &str = "measured:";

/// What can be measured alone.
#[derive(Debug, Clone, Copy)]
pub enum Alone {
    /// Resident bytes of an idle actor.
    IdleActor,
    /// Resident memory after a million messages, as a multiple of that before.
    Messages,
    /// Resident bytes of a message that waits in a mailbox.
    Told,
    /// Resident bytes of a request that waits in a mailbox, with its asker's future.
    Asked,
    /// CPU nanoseconds of an idle system, and its context switches.
    IdleSystem,
    /// The same of a system with timers that aren't due.
    Timers,
}

impl Alone {
    const ALL: [Self; 6] = [Self::IdleActor, Self::Messages, Self::Told, Self::Asked, Self::IdleSystem, Self::Timers];

    fn name(self) -> String {
        format!("{self:?}")
    }

    /// Measures in a process of its own.
    pub fn measure(self, size: Size) -> Result<Vec<f64>, String> {
        let program = env::current_exe().map_err(|error| error.to_string())?;
        let output = Command::new(program)
            .args([ALONE, &self.name()])
            .args((size == Size::Full).then_some("--bench"))
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&output.stdout);
        let result = text.lines().find_map(|line| line.strip_prefix(RESULT));
        let Some(result) = result.filter(|_| output.status.success()) else {
            return Err(format!("its own process ended with {}: {}", output.status, text.trim()));
        };
        result.split_whitespace().map(|number| number.parse().map_err(|error| format!("{number}: {error}"))).collect()
    }

    /// In the second process: measures, prints, and returns true. To be called first in `main`.
    pub fn was_asked() -> bool {
        let mut args = env::args().skip_while(|arg| arg != ALONE).skip(1);
        let Some(name) = args.next() else {
            return false;
        };
        let asked = Self::ALL.into_iter().find(|alone| alone.name() == name).expect("a measurement by that name");
        match asked.here(Size::from_args()) {
            Ok(measured) => {
                let numbers: Vec<_> = measured.iter().map(f64::to_string).collect();
                println!("{RESULT} {}", numbers.join(" "));
            }
            Err(reason) => {
                println!("{reason}");
                std::process::exit(1);
            }
        }
        true
    }

    fn here(self, size: Size) -> Result<Vec<f64>, String> {
        Ok(match self {
            Self::IdleActor => vec![memory::of_an_idle_actor(size.pick(500_000, 1_000))?],
            Self::Messages => vec![memory::left_of_messages(size.pick(1_000_000, 10_000))?],
            Self::Told => vec![memory::of_a_queued_message(size.pick(1_000_000, 10_000))?],
            Self::Asked => vec![memory::of_a_queued_request(size.pick(1_000_000, 10_000))?],
            Self::IdleSystem | Self::Timers => {
                let time = size.pick(Duration::from_secs(10), Duration::from_millis(100));
                let activity = match self {
                    Self::Timers => idle::activity_of_timers(size.pick(1_000_000, 1_000), time)?,
                    _ => idle::activity(size.pick(1_000_000, 1_000), time)?,
                };
                vec![activity.cpu_nanos as f64, activity.switches as f64]
            }
        })
    }
}
