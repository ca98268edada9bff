//! A swarm: random systems under random load, which are ended at random moments, with a ledger of all their messages.
//!
//! ```text
//! cargo run --release --example swarm -- --seconds 60 --seed 1
//! cargo run --release --features sim --example swarm -- --seconds 60 --seed 1    in the simulator, too
//! cargo run --release --example swarm -- --cycles 10000                          start, a little load, shutdown
//! cargo run --release --example swarm -- --seed 7 --episodes 1                   one episode again
//! ```
//!
//! A seed is an episode: its settings (workers, placement, capacities, policies, limits, faults), what its players do, and
//! how its system ends. On real threads it decides what is done, not the schedule; in the simulator it decides everything.
//!
//! | file | noun |
//! |---|---|
//! | `args` | what the command line asks for |
//! | `settings` | what an episode is like |
//! | `episode` | a system's life |
//! | `player` | whoever uses it from outside |
//! | `worker`, `plan`, `message` | its actors, what they are asked to do, and by which messages |
//! | `tree`, `growth` | supervisors, whose children some of its actors are, and who lives below which of them |
//! | `world` | what players and actors share |
//! | `register` | what is known of each actor over all its runs, and what its supervisor says of it |
//! | `watcher` | who watches from aside: hears of ends, and of what supervisors publish |
//! | `ledger`, `observer` | what becomes of each message, and who hears of those that fail |
//! | `threads`, `simulated` | where an episode is played |
//! | `watchdog` | who notices that nothing goes on |
//! | `resources`, `tally` | what is left, and what it all came to |
//!
//! Some of its actors are children in trees of supervisors, of all strategies, static and dynamic. They panic in handlers and
//! hooks, say that they failed, are killed, stopped and linked to others; their factories fail, too. They are made anew at once
//! or after a back-off, up to an intensity or a quarantine, while others go on sending to them, and ask again when that fails.
//!
//! At the end of each episode each message has one end, and the one that its sender heard of; messages of one sender came in
//! order, over all restarts of who had them; every end was heard of, once; each start had its `post_stop`; supervisors told of
//! the starts and the failures that there were; when a supervisor had ended none of its children lived; all that was made has
//! been dropped, once; names are free, and threads are gone.

mod args;
mod episode;
mod growth;
mod ledger;
mod lock;
mod message;
mod observer;
mod plan;
mod player;
mod random;
mod register;
mod resources;
mod settings;
#[cfg(feature = "sim")]
mod simulated;
mod tally;
mod threads;
mod tree;
mod watchdog;
mod watcher;
mod worker;
mod world;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use args::{Args, End, Place};
use settings::{Settings, Size};
use tally::Tally;
use watchdog::Watch;

/// How often it says how far it is.
const REPORT: Duration = Duration::from_secs(10);

/// Memory that many cycles may take more than a tenth of them, in KiB: what the allocator and the pools keep varies.
const SLACK: u64 = 16 << 10;

fn main() -> ExitCode {
    let args = match Args::parse(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(text) => {
            eprintln!("{text}");
            return ExitCode::from(2);
        }
    };
    let watch = Watch::begin(args.patience);
    let done = match args.end {
        End::Cycles(cycles) => cycle(&args, cycles, &watch),
        End::Time(_) | End::Episodes(_) => swarm(&args, &watch),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("FAILED\n{text}\nagain: {}", watch.command());
            ExitCode::FAILURE
        }
    }
}

/// Plays episodes on threads, and in the simulator if it is there.
fn swarm(args: &Args, watch: &Watch) -> Result<(), String> {
    let is_wanted = |place: &Place| args.place.is_none_or(|wanted| wanted == *place);
    if !cfg!(feature = "sim") {
        println!("on threads only: with `--features sim` episodes are played in the simulator, too");
    }
    let all: &[Place] = if cfg!(feature = "sim") { &[Place::Threads, Place::Simulator] } else { &[Place::Threads] };
    let places: Vec<_> = all.iter().copied().filter(is_wanted).collect();
    for &place in &places {
        let (most, time) = match args.end {
            End::Episodes(episodes) => (episodes, Duration::MAX),
            End::Time(time) => (u64::MAX, time / places.len() as u32),
            End::Cycles(_) => unreachable!("they are cycled"),
        };
        play(place, args.seed, most, time, watch)?;
    }
    Ok(())
}

/// Plays so many episodes in one place, or for so long.
fn play(place: Place, seed: u64, most: u64, time: Duration, watch: &Watch) -> Result<(), String> {
    let (start, mut said) = (Instant::now(), Instant::now());
    let mut tally = Tally::default();
    while tally.episodes < most && start.elapsed() < time {
        tally += episode(place, seed.wrapping_add(tally.episodes), watch)?;
        if said.elapsed() > REPORT {
            said = Instant::now();
            println!("{place:?}: {tally}");
        }
    }
    println!("{place:?}, {:.1} s: {tally}", start.elapsed().as_secs_f64());
    Ok(())
}

/// Plays the episode of a seed.
fn episode(place: Place, seed: u64, watch: &Watch) -> Result<Tally, String> {
    let (on, features) = match place {
        Place::Threads => ("threads", ""),
        Place::Simulator => ("simulator", " --features sim"),
    };
    watch.begin_episode(format!(
        "cargo run --release{features} --example swarm -- --seed {seed} --episodes 1 --on {on}"
    ));
    match place {
        Place::Threads => threads::play(&Settings::draw(seed, Size::Full), watch),
        #[cfg(feature = "sim")]
        Place::Simulator => simulated::play(&Settings::draw(seed, Size::Simulated), watch),
        #[cfg(not(feature = "sim"))]
        Place::Simulator => Ok(Tally::default()),
    }
}

/// So many systems, one after the other, with a little load each.
fn cycle(args: &Args, cycles: u64, watch: &Watch) -> Result<(), String> {
    let (start, threads) = (Instant::now(), resources::threads());
    let mut tally = Tally::default();
    let mut early = 0;
    for cycle in 0..cycles {
        let seed = args.seed.wrapping_add(cycle);
        watch.begin_episode(format!("cargo run --release --example swarm -- --seed {seed} --cycles 1"));
        tally += threads::play(&Settings::draw(seed, Size::Small), watch)?;
        if cycle == cycles / 10 {
            early = resources::memory();
        }
    }
    let (late, left) = (resources::memory(), resources::threads());
    println!("{:.1} s: {tally}", start.elapsed().as_secs_f64());
    println!(
        "{early} KiB resident after a tenth of the cycles, {late} KiB after all; {threads} threads before, {left} after"
    );
    if late > early + SLACK {
        return Err(format!("memory has grown from {early} to {late} KiB"));
    }
    if left > threads {
        return Err(format!("threads have grown from {threads} to {left}"));
    }
    Ok(())
}
