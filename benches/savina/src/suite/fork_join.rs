//! What the fork-join benchmarks have in common: the work of one message, and its sum in closed form.

use crate::benchmark::Failure;

/// The suite's angle.
const THETA: f64 = 37.2;

/// The suite's work, the square of a sine, of an angle that is another for each number.
pub fn work(number: u64) -> f64 {
    let sine = (THETA + number as f64).sin();
    sine * sine
}

/// The sum of the work for all numbers below `n`: half of `n`, less a sum of cosines in arithmetic progression.
fn sum(n: u64) -> f64 {
    let n = n as f64;
    n / 2.0 - n.sin() * (2.0 * THETA + n - 1.0).cos() / (2.0 * 1_f64.sin())
}

/// Fails if `got` isn't the sum of the work for all numbers below `n`, so many times over.
pub fn verify_sum(n: u64, times: u64, got: f64) -> Result<(), Failure> {
    let expected = sum(n) * times as f64;
    // The least piece of work that could be missing would be lost in rounding; a piece more or less shows in counts.
    if (got - expected).abs() <= 1e-9 * expected {
        Ok(())
    } else {
        Err(Failure::new(format!("the sum of squared sines: expected {expected}, got {got}")))
    }
}
