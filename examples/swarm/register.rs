//! The register: what is known of each actor, over all its runs.
//!
//! An actor that is restarted is the same one, with the same number: it keeps its mailbox and its subscriptions. So the order of
//! its messages holds over its restarts, and it has one record.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use corecast::ActorId;

use crate::ledger::Kind;
use crate::lock::lock;

/// The register of an episode.
#[derive(Default)]
pub(crate) struct Register {
    records: Mutex<HashMap<ActorId, Arc<Record>>>,
}

/// What is known of an actor.
#[derive(Default)]
pub(crate) struct Record {
    /// Whether it has subscribed to news, and to rumours. Once to each, for its whole life: a subscription stays through
    /// restarts, and of two each brings every event, in an order of its own.
    pub(crate) subscribed: [AtomicBool; 2],
    messages: Mutex<Orders>,
    news: Mutex<Orders>,
}

/// The order of the last message of each sender.
type Orders = HashMap<u32, u32>;

impl Register {
    /// The record of an actor.
    pub(crate) fn of(&self, actor: ActorId) -> Arc<Record> {
        Arc::clone(lock(&self.records).entry(actor).or_default())
    }
}

impl Record {
    /// A message begins to be handled, that of this order of its sender's. Returns the order of the one before if that should
    /// have come later.
    ///
    /// What one sender sends comes in the order of its calls, as far as it comes. Messages of timers pass ahead; events are
    /// in order among themselves, but those that were retained come behind newer ones of other topics.
    pub(crate) fn admit(&self, kind: Kind, sender: u32, order: u32) -> Option<u32> {
        let orders = match kind {
            Kind::Heard | Kind::Nested => &self.messages,
            Kind::News => &self.news,
            Kind::Timer | Kind::Rumour => return None,
        };
        lock(orders).insert(sender, order).filter(|before| *before >= order)
    }
}
