//! The last stage: counts the words of one hash range.

use std::collections::HashMap;

use corecast::{Actor, ActorContext, Handler, Message};

/// Owns the numbers of its words.
#[derive(Default)]
pub struct Counter {
    words: HashMap<String, u64>,
}

impl Actor for Counter {}

/// Words of one chunk with their numbers.
pub struct Words(pub HashMap<String, u64>);

impl Message for Words {
    type Result = ();
}

impl Handler<Words> for Counter {
    async fn handle(&mut self, Words(words): Words, _: &mut ActorContext<Self>) {
        for (word, count) in words {
            *self.words.entry(word).or_default() += count;
        }
    }
}

/// Takes the numbers out.
pub struct Report;

impl Message for Report {
    type Result = HashMap<String, u64>;
}

impl Handler<Report> for Counter {
    async fn handle(&mut self, _: Report, _: &mut ActorContext<Self>) -> HashMap<String, u64> {
        std::mem::take(&mut self.words)
    }
}
