//! A system without work: what a million actors cost that have nothing to do, and a million timers that aren't due.
//!
//! Read from `/proc` for every thread but the one that looks: CPU time from `schedstat`, in
//! nanoseconds, and context switches from `status`.
//!
//! That there are no system calls follows. Only a thread that runs can make one, and its CPU time goes on as long as it
//! runs, in the kernel too, so a thread without one nanosecond has made none. The switches say the same once more: a
//! thread that ran between the two looks, and waits again at the second, was switched out in between.

use std::collections::HashMap;
use std::fs;
use std::thread::sleep;
use std::time::Duration;

use corecast::{Actor, ActorContext, ActorSystem, Handler, Message};

use super::cast::{Quartet, Share};

/// Time for the last worker to fall asleep.
const SETTLE: Duration = Duration::from_millis(500);

/// What the threads did meanwhile.
#[derive(Debug, Clone, Copy, Default)]
pub struct Activity {
    pub cpu_nanos: u64,
    pub switches: u64,
}

/// Watches a system with all workers and that many actors, which have each handled a message before.
pub fn activity(actors: usize, time: Duration) -> Result<Activity, String> {
    let system = ActorSystem::new().map_err(|error| error.to_string())?;
    let quartets = Quartet::start_all(&system.handle(), actors, None, &Share::unlimited()).expect("the actors start");
    for quartet in &quartets {
        quartet.try_tell(0);
    }
    while quartets.iter().any(|quartet| quartet.queued() > 0) {
        sleep(Duration::from_millis(10));
    }
    watch(time)
}

/// Watches a system with all workers and an actor that has set so many timers, the first of them for an hour later.
pub fn activity_of_timers(timers: u32, time: Duration) -> Result<Activity, String> {
    let system = ActorSystem::new().map_err(|error| error.to_string())?;
    let actor = system.spawn(Patient).start().expect("the actor starts");
    actor.blocking_send(Set(timers)).expect("the timers are set");
    watch(time)
}

/// Waits for something that doesn't come.
struct Patient;

impl Actor for Patient {}

/// Sets timers, a second apart.
struct Set(u32);

impl Message for Set {
    type Result = ();
}

impl Handler<Set> for Patient {
    async fn handle(&mut self, Set(timers): Set, ctx: &mut ActorContext<Self>) {
        for number in 0..timers {
            ctx.tell_after(Duration::from_secs(3_600 + u64::from(number)), Due);
        }
    }
}

/// The time has come.
struct Due;

impl Message for Due {
    type Result = ();
}

impl Handler<Due> for Patient {
    async fn handle(&mut self, _: Due, _: &mut ActorContext<Self>) {}
}

/// Watches what has been set up, once it has come to rest.
fn watch(time: Duration) -> Result<Activity, String> {
    sleep(SETTLE);

    let before = threads()?;
    sleep(time);
    let mut after = threads()?;

    let mut sum = Activity::default();
    for (thread, before) in before {
        // A thread that has ended was at least awake for it.
        let after = after.remove(&thread).unwrap_or(Activity { switches: before.switches + 1, ..before });
        sum.cpu_nanos += after.cpu_nanos - before.cpu_nanos;
        sum.switches += after.switches - before.switches;
    }
    // And one that has begun did all it did meanwhile.
    for begun in after.into_values() {
        sum.cpu_nanos += begun.cpu_nanos;
        sum.switches += begun.switches + 1;
    }
    Ok(sum)
}

/// The threads of this process without its first, each with its activity so far.
fn threads() -> Result<HashMap<String, Activity>, String> {
    let main = std::process::id().to_string();
    let mut threads = HashMap::new();
    for thread in fs::read_dir("/proc/self/task").map_err(|error| format!("/proc/self/task: {error}"))? {
        let thread = thread.map_err(|error| error.to_string())?;
        let id = thread.file_name().to_string_lossy().into_owned();
        if id == main {
            continue;
        }
        let read = |file: &str| {
            let path = thread.path().join(file);
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
        };
        threads
            .insert(id, Activity { cpu_nanos: cpu_nanos(&read("schedstat")?)?, switches: switches(&read("status")?)? });
    }
    Ok(threads)
}

fn cpu_nanos(schedstat: &str) -> Result<u64, String> {
    let first = schedstat.split_whitespace().next();
    first.and_then(|nanos| nanos.parse().ok()).ok_or_else(|| format!("strange schedstat: {schedstat}"))
}

fn switches(status: &str) -> Result<u64, String> {
    let fields = ["voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:"];
    fields
        .iter()
        .map(|field| status.lines().find_map(|line| line.strip_prefix(field)?.trim().parse::<u64>().ok()))
        .sum::<Option<u64>>()
        .ok_or_else(|| "status without context switches".to_owned())
}
