//! The first stage: reads files on the blocking pool and cuts them into chunks.

use std::path::{Path, PathBuf};

use corecast::{Actor, ActorContext, ActorRef, Handler, Message};

use super::tokenizer::{Chunk, Tokenizer};
use super::{Failure, corpus};

/// Bytes after which a chunk ends at the next end of a line.
const CHUNK: usize = 16 * 1024;

/// Called after each file with the number of files read and of all.
pub type Progress = Box<dyn FnMut(usize, usize) + Send>;

/// Feeds the tokenizers in turn.
pub struct Reader {
    tokenizers: Vec<ActorRef<Tokenizer>>,
}

impl Reader {
    pub fn new(tokenizers: Vec<ActorRef<Tokenizer>>) -> Self {
        Self { tokenizers }
    }
}

impl Actor for Reader {}

/// Reads all files under `dir`; resolves when the last chunk has its place with a tokenizer.
pub struct Read {
    pub dir: PathBuf,
    pub progress: Progress,
}

/// What the reader has read.
#[derive(Default)]
pub struct Reading {
    pub files: u64,
    pub skipped: u64,
}

impl Message for Read {
    type Result = Result<Reading, Failure>;
}

impl Handler<Read> for Reader {
    async fn handle(&mut self, Read { dir, progress }: Read, ctx: &mut ActorContext<Self>) -> Result<Reading, Failure> {
        let tokenizers = self.tokenizers.clone();
        // Reading blocks its thread, and so does `blocking_tell` while a mailbox is full: neither has a place on a worker.
        ctx.spawn_blocking(move || feed(&dir, &tokenizers, progress)).await?
    }
}

fn feed(dir: &Path, tokenizers: &[ActorRef<Tokenizer>], mut progress: Progress) -> Result<Reading, Failure> {
    let mut reading = Reading::default();
    let mut turn = tokenizers.iter().cycle();
    let files = corpus::files(dir)?;
    for (read, file) in files.iter().enumerate() {
        match corpus::text(file) {
            Some(text) => {
                for chunk in chunks(&text) {
                    let tokenizer = turn.next().expect("a cycle of at least one tokenizer");
                    tokenizer.blocking_tell(Chunk(chunk.to_owned()))?;
                }
                reading.files += 1;
            }
            None => reading.skipped += 1,
        }
        progress(read + 1, files.len());
    }
    Ok(reading)
}

/// Cuts the text behind ends of lines, so that no word and no line is in two chunks.
fn chunks(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        if text.is_empty() {
            return None;
        }
        // Searched as bytes: an end of line is one byte and never part of another character.
        let end = match text.as_bytes().get(CHUNK..).and_then(|rest| rest.iter().position(|&byte| byte == b'\n')) {
            Some(rest) => CHUNK + rest + 1,
            None => text.len(),
        };
        let (chunk, rest) = text.split_at(end);
        text = rest;
        Some(chunk)
    })
}
