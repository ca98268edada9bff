//! The main job: the words of a directory, counted by a pipeline of actors.
//!
//! ```text
//!             blocking_tell            tell                    send to all
//! reader ──────────────────► tokenizers ──────► counters ◄──────────────────── gather
//!   │     (blocking pool)  Chunk         Words   (one per hash range)   Report
//!   │ publish
//!   └────────► pipeline.steps ──► census (every step), bar (the latest, by a timer)
//!     Step
//! ```
//!
//! Every mailbox is bounded, so memory holds a few chunks whatever the size of the directory.
//! The end needs no marker in the stream: a message that is sent after others were accepted is
//! handled after them, so a tokenizer that answers [`Finish`](tokenizer::Finish) has passed on all its words.

#![allow(unreachable_pub, reason = "`pub` says what the example and its test use; a binary has no other public")]

pub mod corpus;
mod counter;
mod counts;
#[cfg(test)]
pub mod oracle;
pub mod progress;
mod reader;
mod tokenizer;

use std::error::Error;
use std::path::Path;

use corecast::{ActorSystem, Mailbox, Overflow};
use futures::future::join_all;

pub use counts::Counts;

use counter::{Counter, Report};
use progress::{Bar, Census, Counted, STEPS, Show, ShowNow, Step};
use reader::{Read, Reader};
use tokenizer::{Finish, Tokenizer};

/// Whatever ends a run before its result.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Counters: more than cores, so that they can spread over any number of them.
const SHARDS: usize = 16;

/// Chunks that wait before a tokenizer.
const CHUNKS_QUEUED: usize = 16;

/// Lists of words that wait before a counter.
const LISTS_QUEUED: usize = 64;

/// Counts the words of all text files under `dir`, on a system of its own.
///
/// `show` is called now and then with the number of files that the reader has done with and of all, and in the end with
/// the last of them.
///
/// # Errors
///
/// If `dir` cannot be listed, or a stage of the pipeline has failed.
pub fn run(dir: &Path, show: impl FnMut(usize, usize) + Send + 'static) -> Result<Counts, Failure> {
    let system = ActorSystem::builder().name("pipeline").build()?;
    let counts = system.block_on(count(&system, dir, Box::new(show)))?;
    system.block_on(system.shutdown());
    Ok(counts)
}

/// The same on a given system, whose broker carries the reader's steps.
pub async fn count(system: &ActorSystem, dir: &Path, show: Show) -> Result<Counts, Failure> {
    // Neither subscriber knows the reader, nor does it know them.
    let broker = system.broker();
    let bar = system.spawn(Bar::new(show)).await?;
    let _shows = broker.subscribe::<Step>(STEPS, &bar).overflow(Overflow::Latest).await?.into_guard();
    let census = system.spawn(Census::default()).await?;
    let _counts = broker.subscribe::<Step>(STEPS, &census).await?.into_guard();

    let mut counters = Vec::new();
    for _ in 0..SHARDS {
        counters.push(system.spawn(Counter::default()).mailbox(Mailbox::bounded(LISTS_QUEUED)).await?);
    }
    let mut tokenizers = Vec::new();
    for _ in 0..2 * system.workers() {
        let tokenizer = Tokenizer::new(counters.clone());
        tokenizers.push(system.spawn(tokenizer).mailbox(Mailbox::bounded(CHUNKS_QUEUED)).await?);
    }
    let reader = system.spawn(Reader::new(tokenizers.clone(), broker.topic(STEPS)?)).await?;

    let listed = reader.send(Read(dir.to_owned())).await??;
    let files = census.send(Counted).await?;
    assert_eq!(files.read + files.skipped, listed as u64, "the census has heard of every file");
    bar.send(ShowNow).await?;
    let mut counts = Counts { files: files.read, skipped: files.skipped, ..Counts::default() };

    // Two requests to many: first to the tokenizers, whose answers say that every word is with its counter.
    for seen in join_all(tokenizers.iter().map(|tokenizer| tokenizer.send(Finish))).await {
        let seen = seen??;
        counts.lines += seen.lines;
        counts.seen += seen.words;
    }
    for words in join_all(counters.iter().map(|counter| counter.send(Report))).await {
        // Each word has one counter, so nothing is overwritten here.
        counts.words.extend(words?);
    }
    Ok(counts)
}
