//! What grows on a tree: who lives below which supervisor.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::lock::lock;

/// What has grown on a tree so far.
#[derive(Default)]
pub(crate) struct Growth {
    levels: Mutex<Vec<Arc<Level>>>,
    /// Somebody may have killed one of its supervisors before that was up.
    is_hurt: AtomicBool,
    /// Children that came later, so far.
    grafts: AtomicU64,
}

/// What grows below one run of a supervisor.
pub(crate) struct Level {
    kind: LevelKind,
    /// Where its supervisor is a child, if it is known.
    above: Option<Arc<Level>>,
    /// States of its actors.
    live: AtomicI64,
    was_up: AtomicBool,
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
    /// Another level, whose supervisor is a child of that `above`.
    pub(crate) fn level(&self, kind: LevelKind, above: Option<&Arc<Level>>) -> Arc<Level> {
        let was_up = AtomicBool::new(matches!(kind, LevelKind::Dynamic | LevelKind::Graft));
        let level = Arc::new(Level { kind, above: above.cloned(), live: AtomicI64::new(0), was_up });
        lock(&self.levels).push(Arc::clone(&level));
        level
    }

    /// The level of its root.
    pub(crate) fn first(&self) -> Option<Arc<Level>> {
        lock(&self.levels).first().cloned()
    }

    /// The number of another child.
    pub(crate) fn graft(&self) -> u64 {
        // ORDERING: Relaxed; a number.
        self.grafts.fetch_add(1, Ordering::Relaxed)
    }

    /// Somebody is about to kill one of its supervisors.
    pub(crate) fn hurt(&self) {
        // ORDERING: Relaxed; whoever hears of the end reads it behind that.
        self.is_hurt.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_hurt(&self) -> bool {
        // ORDERING: Relaxed; as above.
        self.is_hurt.load(Ordering::Relaxed)
    }

    /// How many of its actors live, when its root has ended. A supervisor that was killed before it was up doesn't wait for its
    /// children: if there may be one, only those are counted whose supervisors were up, all the way to the root.
    pub(crate) fn live(&self, may_be_hurt: bool) -> i64 {
        let levels = lock(&self.levels);
        levels.iter().filter(|level| !may_be_hurt || level.were_up()).map(|level| level.live()).sum()
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

    /// Its supervisor is up.
    pub(crate) fn is_up(&self) {
        // ORDERING: Relaxed; whoever hears of the supervisor's end reads it behind that.
        self.was_up.store(true, Ordering::Relaxed);
    }

    pub(crate) fn was_up(&self) -> bool {
        // ORDERING: Relaxed; as above.
        self.was_up.load(Ordering::Relaxed)
    }

    /// Whether its supervisor was up, and all above that.
    fn were_up(&self) -> bool {
        self.was_up() && self.above.as_ref().is_none_or(|above| above.were_up())
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
