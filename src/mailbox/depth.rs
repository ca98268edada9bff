//! How many messages there were, in two bytes: a number whose last digits are left out if it is large.
//!
//! Up to 4,095 it is exact; above that it has twelve binary digits, so it is too low by less than one in 2,048.

/// Such a number. The larger one is that of the larger number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Depth(pub(super) u16);

/// Digits behind the first one.
const DIGITS: u32 = 11;

impl Depth {
    pub(super) const NONE: Self = Self(0);

    /// The number for `depth`, rounded down.
    #[inline(always)]
    pub(super) fn of(depth: u32) -> Self {
        // Digits left out. With the first digit the next number of them begins, so that there is no gap.
        let left_out = (depth | 1 << DIGITS).ilog2() - DIGITS;
        Self(((left_out << DIGITS) + (depth >> left_out)) as u16)
    }

    pub(super) const fn from_raw(number: u16) -> Self {
        Self(number)
    }

    /// The depth.
    pub(super) fn get(self) -> u32 {
        let number = u32::from(self.0);
        let left_out = (number >> DIGITS).saturating_sub(1);
        (number - (left_out << DIGITS)) << left_out
    }
}

#[cfg(all(test, not(corecast_loom)))]
mod tests {
    use super::Depth;

    #[test]
    fn small_depths_are_exact_and_large_ones_nearly() {
        for depth in (0..10_000).chain((1..32).flat_map(|digits| {
            let power = 1u32 << digits;
            [power - 1, power, power + 1, power + power / 3]
        })) {
            let told = Depth::of(depth).get();
            assert!(told <= depth, "{depth}: {told}");
            assert!(depth - told <= depth / 2_048, "{depth}: {told}");
            assert!(depth >= 4_096 || told == depth, "{depth}: {told}");
        }
    }

    #[test]
    fn a_larger_depth_is_no_smaller_number() {
        let depths: Vec<_> = (0..20_000).chain((15..32).map(|digits| 1 << digits)).chain([u32::MAX]).collect();
        assert!(depths.is_sorted_by_key(|&depth| Depth::of(depth)));
        assert_eq!(Depth::of(0), Depth::NONE);
    }
}
