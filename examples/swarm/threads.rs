//! Episodes on real threads: each player but the first has one of its own.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
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
    let episode = Episode::begin(settings, &name, false, false, watch.progress()).map_err(|error| error.to_string())?;
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
    let panicked = RefCell::new(Vec::new());
    let others = async {
        let (players, panics) = join(threads);
        panicked.replace(panics);
        players
    };
    let led = catch_unwind(AssertUnwindSafe(|| wait(settings.seed.is_multiple_of(2), episode.lead(first, others))));
    let mut panicked = panicked.take();
    panicked.extend(led.err().map(|panic| text(&*panic)));
    if !panicked.is_empty() {
        return Err(format!("players panicked: {}", panicked.join(", ")));
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

/// Those who didn't panic, and what the others said.
fn join(threads: Vec<JoinHandle<Player>>) -> (Vec<Player>, Vec<String>) {
    let (mut players, mut panics) = (Vec::new(), Vec::new());
    for thread in threads {
        match thread.join() {
            Ok(player) => players.push(player),
            Err(panic) => panics.push(text(&*panic)),
        }
    }
    (players, panics)
}

/// What a panic said.
fn text(panic: &(dyn Any + Send)) -> String {
    let literal = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    literal.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "something".into())
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
