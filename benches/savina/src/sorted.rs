//! What a sort has to give: the numbers that went in, in order.

use crate::benchmark::{Failure, verify};

/// Fails if these aren't the `unsorted` numbers in order.
pub fn check(unsorted: impl IntoIterator<Item = u64>, numbers: &[u64]) -> Result<(), Failure> {
    let mut expected: Vec<_> = unsorted.into_iter().collect();
    expected.sort_unstable();
    verify("whether the numbers are in order and the same", true, expected == numbers)
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn numbers_out_of_order_and_missing_ones_are_found() {
        let unsorted = || [5, 3, 9, 3, 1];
        check(unsorted(), &[1, 3, 3, 5, 9]).expect("right");

        assert!(check(unsorted(), &[3, 3, 5, 9]).is_err());
        assert!(check(unsorted(), &[9, 3, 3, 5, 1]).is_err());
        assert!(check(unsorted(), &[1, 3, 5, 5, 9]).is_err());
    }
}
