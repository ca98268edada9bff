//! The same count by a plain program on one thread: what the pipeline is held against.

use std::io;
use std::path::Path;

use super::{Counts, corpus};

/// Counts the words of all text files under `dir`, one after the other.
pub fn count(dir: &Path) -> io::Result<Counts> {
    let mut counts = Counts::default();
    for file in corpus::files(dir)? {
        let Some(text) = corpus::text(&file) else {
            counts.skipped += 1;
            continue;
        };
        counts.files += 1;
        counts.lines += text.lines().count() as u64;
        for word in corpus::words(&text) {
            counts.seen += 1;
            *counts.words.entry(word).or_default() += 1;
        }
    }
    Ok(counts)
}
