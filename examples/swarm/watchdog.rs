//! The watchdog: notices that nothing goes on, says who waits for whom, and ends the process.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::lock::lock;
use crate::player::Doing;
use crate::world::World;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);

/// Messages that are shown.
const SHOWN: usize = 30;

/// What the watchdog looks at.
#[derive(Clone, Default)]
pub(crate) struct Watch(Arc<Seen>);

/// An episode's world, and its players.
type View = (Arc<World>, Vec<Arc<Doing>>);

#[derive(Default)]
struct Seen {
    progress: Arc<AtomicU64>,
    /// How to play the episode again.
    command: Mutex<String>,
    view: Mutex<Option<View>>,
}

impl Watch {
    /// A watchdog that bites after so long without progress.
    pub(crate) fn begin(patience: Duration) -> Self {
        let watch = Self::default();
        let watched = watch.clone();
        thread::spawn(move || {
            let (mut seen, mut since) = (0, Instant::now());
            loop {
                thread::park_timeout(LOOK);
                // ORDERING: Relaxed; whether it changes is enough.
                let now = watched.0.progress.load(Ordering::Relaxed);
                if now != seen {
                    (seen, since) = (now, Instant::now());
                } else if since.elapsed() > patience {
                    eprintln!("nothing has happened for {patience:?}\n{watched}again: {}", watched.command());
                    std::process::exit(1);
                }
            }
        });
        watch
    }

    /// What counts everything that happens.
    pub(crate) fn progress(&self) -> &Arc<AtomicU64> {
        &self.0.progress
    }

    /// An episode begins, which this command plays again.
    pub(crate) fn begin_episode(&self, command: String) {
        *lock(&self.0.command) = command;
        // ORDERING: Relaxed; as in `begin`.
        self.0.progress.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn command(&self) -> String {
        lock(&self.0.command).clone()
    }

    /// What there is to look at.
    pub(crate) fn show(&self, world: &Arc<World>, doing: &[Arc<Doing>]) {
        *lock(&self.0.view) = Some((Arc::clone(world), doing.to_vec()));
    }

    pub(crate) fn hide(&self) {
        *lock(&self.0.view) = None;
    }
}

impl std::fmt::Display for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let view = lock(&self.0.view);
        let Some((world, doing)) = &*view else { return writeln!(f, "(no system)") };
        writeln!(f, "{:?}", world.settings)?;
        for (number, doing) in doing.iter().enumerate() {
            writeln!(f, "player {number}: {}", doing.show())?;
        }
        for wait in world.system.waits() {
            writeln!(f, "{wait}")?;
        }
        world.field.show().iter().try_for_each(|line| writeln!(f, "{line}"))?;
        if let Some(snapshot) = world.system.snapshot() {
            writeln!(f, "{snapshot}")?;
        }
        let open = world.ledger.open();
        open.iter().take(SHOWN).try_for_each(|line| writeln!(f, "{line}"))?;
        writeln!(f, "{} messages have no end yet", open.len())
    }
}
