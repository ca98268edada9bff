//! What grows on a tree: who lives below which supervisor.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::lock::lock;

/// What has grown on a tree so far.
#[derive(Default)]
pub(crate) struct Growth {
    levels: Mutex<Vec<Arc<Level>>>,
    /// Children that came later, so far.
    grafts: AtomicU64,
}

/// What grows below one run of a supervisor.
pub(crate) struct Level {
    kind: LevelKind,
    /// States of its actors.
    live: AtomicI64,
}

/// Of which kind a level's supervisor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LevelKind {
    /// Its children are restarted one by one.
    Alone,
    /// Its children are restarted together.
    Grouped,
    /// Its children come when it is up, and are restarted one by one.
    Dynamic,
    /// Of a child that comes when its supervisor is up, whatever that does.
    Graft,
}

/// Held by each state of an actor of a level.
pub(crate) struct Leaf(Arc<Level>);

impl Growth {
    /// Another level.
    pub(crate) fn level(&self, kind: LevelKind) -> Arc<Level> {
        let level = Arc::new(Level { kind, live: AtomicI64::new(0) });
        lock(&self.levels).push(Arc::clone(&level));
        level
    }

    /// The number of another child.
    pub(crate) fn graft(&self) -> u64 {
        // ORDERING: Relaxed; a number.
        self.grafts.fetch_add(1, Ordering::Relaxed)
    }

    /// How many of its actors live.
    pub(crate) fn live(&self) -> i64 {
        lock(&self.levels).iter().map(|level| level.live()).sum()
    }
}

impl Level {
    /// Whether its children are restarted one by one.
    pub(crate) fn is_alone(&self) -> bool {
        matches!(self.kind, LevelKind::Alone | LevelKind::Dynamic)
    }

    /// Whether its supervisor starts with it.
    pub(crate) fn is_first(&self) -> bool {
        matches!(self.kind, LevelKind::Alone | LevelKind::Grouped)
    }

    pub(crate) fn live(&self) -> i64 {
        // ORDERING: Acquire pairs with the Release of each drop.
        self.live.load(Ordering::Acquire)
    }
}

impl Leaf {
    pub(crate) fn new(level: &Arc<Level>) -> Self {
        // ORDERING: Relaxed; a count.
        level.live.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(level))
    }

    pub(crate) fn level(&self) -> &Arc<Level> {
        &self.0
    }
}

impl Drop for Leaf {
    fn drop(&mut self) {
        // ORDERING: Release pairs with the Acquire of `live`.
        self.0.live.fetch_sub(1, Ordering::Release);
    }
}
