//! How many random cases there are, and which.

use std::fmt::Debug;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// So many cases instead, other ones each time.
const CASES: &str = "CORECAST_CASES";

/// Holds a test against so many random cases, the same ones each time unless the environment asks for more, and shows the
/// smallest one that fails.
#[track_caller]
pub(super) fn check<S: Strategy>(cases: u32, strategy: S, test: impl Fn(S::Value))
where
    S::Value: Debug,
{
    let asked = std::env::var(CASES).ok().map(|cases| cases.parse::<u32>().expect("a number of cases"));
    let config = Config { cases: asked.unwrap_or(cases), failure_persistence: None, ..Config::default() };
    let random = match asked {
        Some(_) => TestRng::from_seed(RngAlgorithm::ChaCha, &seed()),
        None => TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    };
    let outcome = TestRunner::new_with_rng(config, random).run(&strategy, |case| {
        test(case);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

/// Something else each time.
fn seed() -> [u8; 32] {
    use std::hash::{BuildHasher, RandomState};
    let mut seed = [0; 32];
    for part in seed.chunks_mut(8) {
        part.copy_from_slice(&RandomState::new().hash_one(0).to_le_bytes());
    }
    eprintln!("seed {seed:?}");
    seed
}
