//! Counts the words of every text file under a directory, with a pipeline of actors.
//!
//! It shows the five messaging patterns:
//!
//! | pattern | here |
//! |---|---|
//! | request-reply | `send` asks the reader to read, and waits for its answer |
//! | fire-and-forget | `tell` passes chunks and words on; nobody waits for them to be handled |
//! | pub-sub | the reader publishes each step, a census and a bar have subscribed |
//! | request-multicast | one request to all tokenizers, and one to all counters, gather the result |
//! | pipeline | a reader on the blocking pool feeds tokenizers, they feed counters that each own the words of one hash range |
//!
//! The bar's own timer tells it when to show the latest step (`tell_every`), however fast or slow the reader is.
//!
//! Bounded mailboxes hold each stage back to the pace of the next. The stages are in `pipeline/`, where the tests find them
//! too.
//!
//! ```text
//! cargo run --release --example pipeline [directory]
//! ```
//!
//! Without a directory it reads this repository. Folders called `target` and `.git` and files that
//! are not UTF-8 are passed over.

#[path = "pipeline/mod.rs"]
mod pipeline;

use std::path::{Path, PathBuf};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

const TOP: usize = 15;

fn main() -> Result<(), pipeline::Failure> {
    let dir = std::env::args_os().nth(1).map_or_else(repository, PathBuf::from);

    // The bar draws on stderr, and only where that is a terminal.
    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} files {msg}")?);
    let started = Instant::now();
    let counts = pipeline::run(&dir, {
        let bar = bar.clone();
        move |done, files| {
            bar.set_length(files as u64);
            bar.set_position(done as u64);
        }
    })?;
    let elapsed = started.elapsed();
    bar.finish_and_clear();

    println!(
        "{} words, {} of them different, in {} lines of {} files ({} files passed over)",
        counts.total(),
        counts.words.len(),
        counts.lines,
        counts.files,
        counts.skipped,
    );
    println!("{:.3} s, {:.0} lines per second", elapsed.as_secs_f64(), counts.lines as f64 / elapsed.as_secs_f64());
    for (word, count) in counts.top(TOP) {
        println!("{count:>8}  {word}");
    }

    // What the tokenizers saw is what the counters hold: no word was lost on the way, none counted twice.
    assert_eq!(counts.total(), counts.seen);
    Ok(())
}

/// The repository's root as it was at compile time, or the current directory where that has moved.
fn repository() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if root.is_dir() { root.to_owned() } else { PathBuf::from(".") }
}
