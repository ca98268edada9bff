//! The first stage: reads files on the blocking pool and cuts them into chunks.

use std::path::{Path, PathBuf};

use corecast::{Actor, ActorContext, ActorRef, Handler, Message, Topic};
use futures::executor::block_on;

use super::progress::Step;
use super::tokenizer::{Chunk, Tokenizer};
use super::{Failure, corpus};

/// Bytes after which a chunk ends at the next end of a line.
const CHUNK: usize = 16 * 1024;

/// Feeds the tokenizers in turn.
pub struct Reader {
    tokenizers: Vec<ActorRef<Tokenizer>>,
    steps: Topic<Step>,
}

impl Reader {
    pub fn new(tokenizers: Vec<ActorRef<Tokenizer>>, steps: Topic<Step>) -> Self {
        Self { tokenizers, steps }
    }
}

impl Actor for Reader {}

/// Reads all files under a directory, and returns how many there are: when the last chunk has its place with a tokenizer,
/// and the last step with its subscribers.
pub struct Read(pub PathBuf);

impl Message for Read {
    type Result = Result<usize, Failure>;
}

impl Handler<Read> for Reader {
    async fn handle(&mut self, Read(dir): Read, ctx: &mut ActorContext<Self>) -> Result<usize, Failure> {
        let tokenizers = self.tokenizers.clone();
        let steps = self.steps.clone();
        // Reading blocks its thread, and so does `blocking_tell` while a mailbox is full: neither has a place on a worker.
        ctx.spawn_blocking(move || feed(&dir, &tokenizers, &steps)).await?
    }
}

fn feed(dir: &Path, tokenizers: &[ActorRef<Tokenizer>], steps: &Topic<Step>) -> Result<usize, Failure> {
    let mut turn = tokenizers.iter().cycle();
    let files = corpus::files(dir)?;
    for (file, done) in files.iter().zip(1..) {
        let text = corpus::text(file);
        for chunk in text.as_deref().into_iter().flat_map(chunks) {
            let tokenizer = turn.next().expect("a cycle of at least one tokenizer");
            tokenizer.blocking_tell(Chunk(chunk.to_owned()))?;
        }
        // Waits for the subscribers that want every step.
        block_on(steps.publish(Step { done, files: files.len(), is_text: text.is_some() }))?;
    }
    Ok(files.len())
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
