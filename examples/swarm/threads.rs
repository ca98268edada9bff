//! Episodes on real threads: each player but the first has one of its own.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::episode::{self, Episode};
use crate::player::Player;
use crate::resources;
use crate::settings::{Ending, Settings};
use crate::tally::Tally;
use crate::watchdog::Watch;

/// How long threads may take to be gone when they have been joined, and a system that was dropped by one of its own.
const SOON: Duration = Duration::from_secs(10);

/// Between two looks.
const LOOK: Duration = Duration::from_micros(200);

/// Plays an episode.
pub(crate) fn play(settings: &Settings, watch: &Watch) -> Result<Tally, String> {
    let name = format!("sw{}", settings.seed % 100_000_000);
    let episode = Episode::begin(settings, &name, false, watch.progress()).map_err(|error| error.to_string())?;
    let world = Arc::clone(&episode.world);
    watch.show(&world, &episode.doing);
    let mut players = episode.players();
    let first = players.remove(0);
    let doing = episode.doing.iter().skip(1).cloned();
    let threads: Vec<_> = players
        .into_iter()
        .zip(doing)
        .map(|(mut player, doing)| {
            let steps = settings.steps;
            thread::spawn(move || {
                wait(steps.is_multiple_of(2), player.play(steps));
                doing.done();
                player
            })
        })
        .collect();
    let (joined, lost) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    let others = async {
        let players = join(threads);
        joined.set(players.len());
        lost.set(settings.players as usize - 1 - players.len());
        players
    };
    wait(settings.seed.is_multiple_of(2), episode.lead(first, others));
    if lost.get() > 0 {
        return Err(format!("{} players panicked", lost.get()));
    }
    if settings.ending == Ending::Inside {
        soon(|| world.ledger.is_over());
    }
    if !soon(|| resources::threads_named(&format!("{name}-")) == 0) {
        return Err(format!("{} threads are left", resources::threads_named(&format!("{name}-"))));
    }
    watch.hide();
    episode::close(&world, settings.is_calm)
}

/// Runs a future on this thread, by one executor or another.
fn wait<F: Future>(by_futures: bool, future: F) -> F::Output {
    if by_futures { futures::executor::block_on(future) } else { pollster::block_on(future) }
}

/// Those who didn't panic.
fn join(threads: Vec<JoinHandle<Player>>) -> Vec<Player> {
    threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
}

/// Whether something is so, now or in a while.
fn soon(mut is_so: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !is_so() {
        if start.elapsed() > SOON {
            return false;
        }
        thread::park_timeout(LOOK);
    }
    true
}
