//! The suite's busy wait: so many random numbers.

use std::hint::black_box;

use crate::random::Random;

/// Draws so many numbers.
pub fn wait(numbers: u64) {
    let mut random = Random::new(numbers);
    for _ in 0..numbers {
        black_box(random.next());
    }
}
