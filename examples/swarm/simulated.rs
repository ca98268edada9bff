//! Episodes in the simulator: the players are futures that take turns.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use corecast::sim::{Check, Fault, Report, Strategy};
use futures::channel::oneshot;
use futures::future::{join, join_all};

use crate::episode::{self, Episode};
use crate::player::Player;
use crate::random::Random;
use crate::settings::{Ending, Settings};
use crate::tally::Tally;
use crate::watchdog::Watch;
use crate::worker::Worker;

/// How often others may go on until a system is gone that one of its own has dropped.
const TURNS: u32 = 100_000;

/// An episode that takes more steps has no end.
const MOST_STEPS: u64 = 2_000_000;

/// What goes wrong in an episode beside what its actors do.
struct Faults {
    check: Check,
    /// Handlers panic before they begin.
    loses: bool,
    /// Actors end.
    kills: bool,
}

impl Faults {
    /// Those of a seed. About half of the episodes have none.
    fn draw(seed: u64) -> Self {
        let random = &mut Random::new(seed, 1 << 20);
        let strategy = match random.below(3) {
            0 => Strategy::Pct { depth: 1 + random.below(5) as u32 },
            _ => Strategy::RandomWalk,
        };
        let mut check = Check::new().runs(1).seed(seed).strategy(strategy).max_steps(MOST_STEPS);
        let (mut loses, mut kills) = (false, false);
        if random.one_in(2) {
            return Self { check, loses, kills };
        }
        let millis = |random: &mut Random| Duration::from_millis(1 + random.below(10));
        if random.one_in(3) {
            loses = true;
            check = check.fault(Fault::panics(0.02).at("message::Job")).fault(Fault::panics(0.05).at("message::Note"));
        }
        if random.one_in(3) {
            kills = true;
            // Not those who watch from aside.
            check = check.fault(Fault::kills(0.002).at("swarm::worker::Worker"));
            check = check.fault(Fault::kills(0.0005).at("Supervisor"));
        }
        if random.one_in(2) {
            check = check.fault(Fault::delays(0.05, millis(random)));
        }
        if random.one_in(2) {
            check = check.fault(Fault::full_mailboxes(0.3));
        }
        if random.one_in(2) {
            check = check.fault(Fault::slow_starts(0.2, millis(random)));
        }
        if random.one_in(2) {
            check = check.fault(Fault::clock_jumps(0.01, millis(random)));
        }
        Self { check, loses, kills }
    }
}

/// Every so many episodes one is played twice: its seed decides everything.
const AGAIN: u64 = 8;

/// Plays an episode.
pub(crate) fn play(settings: &Settings, watch: &Watch) -> Result<Tally, String> {
    let faults = Faults::draw(settings.seed);
    let (tally, report) = play_once(settings, &faults, watch)?;
    if settings.seed.is_multiple_of(AGAIN) {
        let (_, again) = play_once(settings, &faults, watch)?;
        if report.fingerprint() != again.fingerprint() {
            return Err("the same seed was another run".into());
        }
    }
    Ok(tally)
}

fn play_once(settings: &Settings, faults: &Faults, watch: &Watch) -> Result<(Tally, Report), String> {
    let &Faults { ref check, loses, kills } = faults;
    let tally = RefCell::new(Tally::default());
    let checked = check.try_run(|sim| {
        sim.expect_panics::<Worker>();
        let episode = Episode::begin(settings, "swarm", loses, kills, watch.progress())?;
        let world = Arc::clone(&episode.world);
        let mut players = episode.players();
        let first = players.remove(0);
        let (done, others) = oneshot::channel();
        let play = |mut player: Player| async move {
            player.play(settings.steps).await;
            player
        };
        let playing = async {
            let players = join_all(players.into_iter().map(play)).await;
            let _ = done.send(players);
        };
        let others = async { others.await.unwrap_or_default() };
        sim.block_on(join(episode.lead(first, others), playing));
        for _ in 0..TURNS {
            if settings.ending != Ending::Inside || world.ledger.is_over() || !sim.step() {
                break;
            }
        }
        *tally.borrow_mut() = episode::close(&world, settings.is_calm && !loses && !kills)?;
        Ok(())
    });
    let report = checked.map_err(|failure| failure.to_string())?;
    if report.steps() >= MOST_STEPS {
        return Err(format!("it took {} steps, and the system was dropped in the middle of them", report.steps()));
    }
    Ok((tally.take(), report))
}
