//! The middle stage: cuts chunks into words and sends each to the counter that owns it.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use corecast::{Actor, ActorContext, ActorRef, Handler, Message, TellError};

use super::corpus;
use super::counter::{Counter, Words};

/// Cuts text into words.
pub struct Tokenizer {
    counters: Vec<ActorRef<Counter>>,
    seen: Seen,
    /// Why words could not be passed on: kept for the answer to `Finish`.
    failure: Option<TellError<Words>>,
}

/// What a tokenizer has seen.
#[derive(Clone, Copy, Default)]
pub struct Seen {
    pub lines: u64,
    pub words: u64,
}

impl Tokenizer {
    pub fn new(counters: Vec<ActorRef<Counter>>) -> Self {
        Self { counters, seen: Seen::default(), failure: None }
    }

    /// The place of the counter that owns `word`. The hasher has fixed keys: all tokenizers agree.
    fn shard(&self, word: &str) -> usize {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(word);
        (hash % self.counters.len() as u64) as usize
    }
}

impl Actor for Tokenizer {}

/// Some whole lines of a file.
pub struct Chunk(pub String);

impl Message for Chunk {
    type Result = ();
}

impl Handler<Chunk> for Tokenizer {
    async fn handle(&mut self, Chunk(text): Chunk, _: &mut ActorContext<Self>) {
        let mut lists = vec![HashMap::new(); self.counters.len()];
        for word in corpus::words(&text) {
            self.seen.words += 1;
            *lists[self.shard(&word)].entry(word).or_default() += 1;
        }
        self.seen.lines += text.lines().count() as u64;

        for (counter, list) in self.counters.iter().zip(lists) {
            if list.is_empty() {
                continue;
            }
            // Waits while the counter's mailbox is full, and so do the chunks behind this one, up to the reader.
            if let Err(failure) = counter.tell(Words(list)).await {
                self.failure = Some(failure);
                return;
            }
        }
    }
}

/// Asks for what was seen, once all chunks that were accepted before are with the counters.
pub struct Finish;

impl Message for Finish {
    type Result = Result<Seen, TellError<Words>>;
}

impl Handler<Finish> for Tokenizer {
    async fn handle(&mut self, _: Finish, _: &mut ActorContext<Self>) -> Result<Seen, TellError<Words>> {
        self.failure.take().map_or(Ok(self.seen), Err)
    }
}
