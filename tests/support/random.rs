//! The seeds of tests, printed, and how long they go on.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

#[path = "../../examples/swarm/random.rs"]
mod stream;

pub(crate) use stream::Random;

/// `CORECAST_TEST_SEED`, or one from the clock; printed, so that a failure can be repeated.
pub(crate) fn seed(test: &str) -> u64 {
    let seed = number("CORECAST_TEST_SEED").unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        (now.as_secs() << 30) ^ u64::from(now.subsec_nanos())
    });
    eprintln!("{test}: CORECAST_TEST_SEED={seed}");
    seed
}

/// `CORECAST_STRESS_ROUNDS`, or `default`: the steps of each thread of a stress test.
pub(crate) fn rounds(default: u64) -> u64 {
    number("CORECAST_STRESS_ROUNDS").unwrap_or(default)
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} must be a number, not {text:?}")))
}
