//! The result: how often each word was seen.

use std::cmp::Reverse;
use std::collections::HashMap;

/// The words of a directory.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Each word, in lower case, with its number.
    pub words: HashMap<String, u64>,
    /// Words as they were read, counted before they went to their counters.
    pub seen: u64,
    /// Lines read.
    pub lines: u64,
    /// Files read.
    pub files: u64,
    /// Files that were passed over because they are not text or cannot be read.
    pub skipped: u64,
}

impl Counts {
    /// All words, repeated ones included.
    pub fn total(&self) -> u64 {
        self.words.values().sum()
    }

    /// The `n` most frequent words, those of equal frequency in the order of the alphabet.
    pub fn top(&self, n: usize) -> Vec<(&str, u64)> {
        let mut words: Vec<_> = self.words.iter().map(|(word, &count)| (word.as_str(), count)).collect();
        words.sort_unstable_by_key(|&(word, count)| (Reverse(count), word));
        words.truncate(n);
        words
    }
}
