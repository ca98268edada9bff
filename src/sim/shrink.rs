//! A shorter schedule that fails: what doesn't matter is set to zero, what comes after is cut off.
//!
//! Source: Zeller and Hildebrandt's delta debugging, on decisions; the order of simplicity is that of MacIver's Hypothesis.

use super::choice::Decision;

/// Shrinks `script` in at most so many tries. `fails` tells what was decided if a script fails as the first one does.
/// Returns the best script and the number of tries.
pub(super) fn shrink(
    script: Vec<u32>,
    most: u64,
    mut fails: impl FnMut(&[u32]) -> Option<Vec<Decision>>,
) -> (Vec<u32>, u64) {
    let mut best = cut(script);
    let mut tries = 0;
    let mut attempt = |candidate: Vec<u32>, best: &mut Vec<u32>| {
        if tries >= most || cost(&candidate) >= cost(best) {
            return false;
        }
        tries += 1;
        let Some(record) = fails(&candidate) else { return false };
        // What was asked for may not have been there.
        let taken = cut(record.iter().map(|decision| decision.taken).collect());
        *best = if cost(&taken) < cost(&candidate) { taken } else { cut(candidate) };
        true
    };
    loop {
        let before = cost(&best);
        // Nothing after a certain place.
        let mut keep = 0;
        while keep < best.len() && !attempt(best[..keep].to_vec(), &mut best) {
            keep = (keep * 2).max(1);
        }
        let mut size = best.len().div_ceil(2);
        while size > 0 {
            let mut start = 0;
            while start < best.len() {
                let end = (start + size).min(best.len());
                let mut zeroed = best.clone();
                zeroed[start..end].fill(0);
                let mut removed = best.clone();
                removed.drain(start..end);
                if !attempt(removed, &mut best) && !attempt(zeroed, &mut best) {
                    start = end;
                }
            }
            size /= 2;
        }
        for place in 0..best.len() {
            if let Some(1..) = best.get(place) {
                let mut lower = best.clone();
                lower[place] -= 1;
                attempt(lower, &mut best);
            }
        }
        if cost(&best) == before {
            return (best, tries);
        }
    }
}

/// Without the zeros at its end, which are there anyway.
fn cut(mut script: Vec<u32>) -> Vec<u32> {
    script.truncate(script.iter().rposition(|&taken| taken != 0).map_or(0, |last| last + 1));
    script
}

/// How far a script is from the simplest: how many decisions matter, how long it is, how large they are.
fn cost(script: &[u32]) -> (usize, usize, u64) {
    let others = script.iter().filter(|&&taken| taken != 0).count();
    (others, script.len(), script.iter().map(|&taken| u64::from(taken)).sum())
}

#[cfg(test)]
mod tests {
    use super::{Decision, shrink};

    fn record(script: &[u32]) -> Vec<Decision> {
        script.iter().map(|&taken| Decision { taken, of: 9 }).collect()
    }

    #[test]
    fn what_does_not_matter_goes() {
        let long: Vec<_> = (0..200).map(|place| place % 9).collect();
        let fails = |script: &[u32]| {
            let is_bad = script.iter().any(|&taken| taken >= 3) && script.contains(&2);
            is_bad.then(|| record(script))
        };
        let (best, tries) = shrink(long, 10_000, fails);
        assert_eq!(best, [2, 3], "in {tries} tries");
    }

    #[test]
    fn it_stops_when_its_tries_are_used_up() {
        let (best, tries) = shrink(vec![1; 1_000], 7, |script| (script.len() == 1_000).then(|| record(script)));
        assert_eq!((best.len(), tries), (1_000, 7));
    }
}
