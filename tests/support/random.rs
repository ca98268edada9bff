//! Chance that can be repeated: xorshift64* (Vigna, <https://arxiv.org/abs/1402.6246>), with its seed printed.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

/// A stream of numbers that its seed decides.
pub(crate) struct Random(u64);

impl Random {
    /// The stream `stream` of `seed`; equal arguments give equal numbers.
    pub(crate) fn new(seed: u64, stream: u64) -> Random {
        let mut random = Random((seed ^ stream.wrapping_mul(0x9E37_79B9_7F4A_7C15)) | 1);
        for _ in 0..8 {
            random.next();
        }
        random
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 16) % limit
    }

    /// One of `items`.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[usize::try_from(self.below(items.len() as u64)).expect("below the length")]
    }
}

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
