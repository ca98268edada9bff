//! How much is measured: everything, or only enough to see that it runs.

/// The extent of a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// As much as the figures need.
    Full,
    /// A quick run whose figures mean nothing: `cargo bench -- --test`, and `cargo test` on benches.
    Smoke,
}

impl Size {
    /// The size that cargo's arguments ask for, with criterion's rule.
    pub fn from_args() -> Self {
        let has = |wanted: &str| std::env::args().any(|arg| arg == wanted);
        if has("--bench") && !has("--test") { Self::Full } else { Self::Smoke }
    }

    /// One of two values.
    pub fn pick<T>(self, full: T, smoke: T) -> T {
        match self {
            Self::Full => full,
            Self::Smoke => smoke,
        }
    }
}
