//! Repeated measurements of one quantity.

/// Measurements, at least one, in order of size.
#[derive(Debug, Clone)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// The middle one: what half of the measurements did not exceed.
    pub fn median(&self) -> f64 {
        self.0[self.0.len() / 2]
    }

    /// What so many of a hundred measurements did not exceed.
    pub fn percentile(&self, percent: usize) -> f64 {
        let rank = (self.0.len() * percent).div_ceil(100);
        self.0[rank.max(1) - 1]
    }

    /// The smallest: what the machine can do when nothing comes in between.
    pub fn min(&self) -> f64 {
        self.0[0]
    }

    /// What each measurement exceeds `other` by.
    pub fn minus(self, other: f64) -> Self {
        self.0.into_iter().map(|measured| measured - other).collect()
    }
}

impl FromIterator<f64> for Samples {
    fn from_iter<I: IntoIterator<Item = f64>>(measured: I) -> Self {
        let mut sorted: Vec<f64> = measured.into_iter().collect();
        assert!(!sorted.is_empty(), "nothing was measured");
        sorted.sort_by(f64::total_cmp);
        Self(sorted)
    }
}

impl From<f64> for Samples {
    fn from(measured: f64) -> Self {
        Self(vec![measured])
    }
}
