//! What has to be reached.

use crate::floors::Floors;
use crate::results::Entry;

/// A target of one load.
#[derive(Debug)]
pub struct Target {
    load: &'static str,
    /// So many times what the fastest rival has: a rival's figure divided by corecast's.
    pub ahead: f64,
    /// So many floors, or bytes, at most.
    pub most: Option<Most>,
}

/// The most that a figure may be.
#[derive(Debug, Clone, Copy)]
pub enum Most {
    Rmw(f64),
    Bytes(f64),
}

const fn target(load: &'static str, ahead: f64, most: Option<Most>) -> Target {
    Target { load, ahead, most }
}

/// No rival is ahead, on any load.
const NOT_BEHIND: Target = target("", 1.0, None);

const TARGETS: &[Target] = &[
    target("tell", 3.0, Some(Most::Rmw(2.2))),
    target("bounded", 3.0, None),
    target("enqueue", 2.5, Some(Most::Rmw(2.0))),
    target("send", 3.0, Some(Most::Rmw(13.0))),
    target("send-outside", 3.0, None),
    target("ping-pong", 4.0, Some(Most::Rmw(4.5))),
    target("ring-100", 4.0, Some(Most::Rmw(4.5))),
    target("fan-in", 2.5, None),
    target("pairs-64", 3.0, None),
    target("fork-join-1", 2.5, None),
    target("fork-join-8", 2.5, None),
    target("fork-join-60", 2.5, None),
    target("publish-1", 2.5, Some(Most::Rmw(3.5))),
    target("publish-10", 2.5, Some(Most::Rmw(3.5))),
    target("publish-100", 2.5, Some(Most::Rmw(3.5))),
    target("spawn", 5.0, Some(Most::Rmw(40.0))),
    target("skynet", 3.0, None),
    target("idle", 4.0, Some(Most::Bytes(192.0))),
];

/// How often the longest of a hundred requests may be as long as the middle one.
const P99_TO_P50: f64 = 3.0;

impl Target {
    pub fn of(load: &str) -> &'static Self {
        TARGETS.iter().find(|target| target.load == load).unwrap_or(&NOT_BEHIND)
    }

    /// What is missed, in words.
    pub fn missed(&self, corecast: &Entry, fastest: Option<&Entry>, floors: Floors) -> Vec<String> {
        let mut missed = Vec::new();
        if let Some(fastest) = fastest {
            let ahead = fastest.median() / corecast.median();
            if ahead < self.ahead {
                missed.push(format!("{ahead:.2} × {} instead of {} ×", fastest.framework, self.ahead));
            }
        }
        match self.most {
            Some(Most::Rmw(most)) if corecast.median() > most * floors.rmw => {
                missed.push(format!("{:.1} r instead of {most} r", corecast.median() / floors.rmw));
            }
            Some(Most::Bytes(most)) if corecast.median() > most => {
                missed.push(format!("{:.0} bytes instead of {most}", corecast.median()));
            }
            _ => {}
        }
        if self.load == "send"
            && let Some(latencies) = corecast.latencies()
            && latencies.p99 > P99_TO_P50 * latencies.p50
        {
            missed.push(format!("p99 {:.1} × p50 instead of {P99_TO_P50} ×", latencies.p99 / latencies.p50));
        }
        missed
    }
}
