//! How a system ends.
//!
//! | step | who is refused | what happens | ends |
//! |---|---|---|---|
//! | gate | verbs and spawns from outside | – | at once |
//! | drain | the same | what is queued is handled, and what that sends | nothing is queued or handled any more |
//! | stop | everybody's spawns; messages | every actor runs its `post_stop` | the last one has ended |
//! | kill | everybody | at the deadline: who is left is killed and reported | the last one has ended |
//! | leave | – | the threads end | they are joined |
//!
//! Nothing is queued or handled when two sweeps in a row find every actor idle and no worker has begun an
//! activation in between: what ran before the first sweep has left its messages where the second one looks, and
//! nothing ran after it. Workers announce that they run out of work; nobody polls.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::core::Core;
use super::registry::Registry;
use crate::scheduler::{Scheduler, worker};
use crate::sync::Arc;
use crate::sync::atomic::Ordering;
use crate::sync::planted::{self, Mutant};
use crate::sync::thread::{self, JoinHandle};
use crate::sync::time::Moment;
use crate::sync::unwind::guard;
#[cfg(any(corecast_loom, feature = "sim"))]
use crate::task::director;
use crate::task::handle::Strong;
use crate::task::identity::ActorInfo;

/// How often the drain looks by itself, in case an actor's handler ends without its worker running out of work.
const LOOK: Duration = Duration::from_millis(20);

/// What a shutdown had to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Who had not ended at the deadline and was killed.
    pub killed: Vec<ActorInfo>,
}

impl ShutdownReport {
    /// Whether nobody had to be killed.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.killed.is_empty()
    }
}

/// How far a system's end has come.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    thread: Option<JoinHandle<()>>,
    begun: bool,
    report: Option<ShutdownReport>,
    waiting: Vec<Waker>,
}

/// The future of [`shutdown`](super::ActorSystem::shutdown): resolves when the last actor has ended.
///
/// # Cancel safety
///
/// Dropping it doesn't stop the shutdown.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), corecast::BuildError> {
/// let system = corecast::ActorSystem::new()?;
/// let report = system.block_on(system.shutdown());
/// assert!(report.is_clean(), "killed: {:?}", report.killed);
/// # Ok(())
/// # }
/// ```
#[must_use = "the shutdown goes on by itself, but its end shows only when this is awaited"]
pub struct Shutdown(Arc<Core>);

impl Future for Shutdown {
    type Output = ShutdownReport;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<ShutdownReport> {
        let waker = context.waker().clone();
        let mut progress = self.0.progress.lock();
        match &progress.report {
            Some(report) => Poll::Ready(report.clone()),
            None => {
                progress.waiting.push(waker);
                Poll::Pending
            }
        }
    }
}

impl fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shutdown")
    }
}

/// Begins a shutdown, unless one has begun.
pub(super) fn begin(core: &Arc<Core>, deadline: Duration) -> Shutdown {
    let mut progress = core.progress.lock();
    if !progress.begun {
        progress.begun = true;
        gate(core);
        let until = core.scheduler.clock().now().after(deadline);
        let runner = Arc::clone(core);
        #[cfg(any(corecast_loom, feature = "sim"))]
        if core.scheduler.clock().is_virtual() {
            director::with(|director| director.end(Box::pin(async move { run(&runner, until, Lulls::Shown).await })));
            drop(progress);
            return Shutdown(Arc::clone(core));
        }
        match thread::spawn(format!("{}-end", core.name), move || at_once(run(&runner, until, Lulls::Slept))) {
            Ok(thread) => progress.thread = Some(thread),
            Err(_) => {
                // No thread to wait in: the actors are stopped without a drain, and nobody is reported.
                stop_everybody(core);
                progress.report = Some(ShutdownReport::default());
            }
        }
    }
    drop(progress);
    Shutdown(Arc::clone(core))
}

/// How a lull is waited for.
#[derive(Clone, Copy)]
enum Lulls {
    /// The thread sleeps until there is one.
    Slept,
    /// The future is pending once: a simulation knows when to poll it again.
    #[cfg(any(corecast_loom, feature = "sim"))]
    Shown,
}

impl Lulls {
    /// Waits until there was a lull after `seen`, or for `most`.
    async fn wait(self, core: &Core, seen: u64, most: Duration) {
        match self {
            Self::Slept => core.scheduler.wait_for_lull(seen, most),
            #[cfg(any(corecast_loom, feature = "sim"))]
            Self::Shown => {
                let mut is_first = true;
                std::future::poll_fn(|_| if std::mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) })
                    .await;
            }
        }
    }
}

/// Runs a future whose waits block.
fn at_once(future: impl Future<Output = ()>) {
    let polled = std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop()));
    debug_assert!(polled.is_ready(), "it sleeps instead");
}

/// The whole of it.
async fn run(core: &Arc<Core>, until: Moment, lulls: Lulls) {
    let mut killed = Vec::new();
    let drained = drain(core, until, lulls).await;
    core.registry.close();
    let left = core.registry.everybody();
    let late: Vec<_> = left.iter().filter(|actor| !drained && !actor.is_idle()).cloned().collect();
    let forgotten = usize::from(planted::is(Mutant::StopForgotten));
    stop(&left[forgotten.min(left.len())..]);
    drop(left);
    // Who still ran at the deadline is killed now; who was idle has as long for its `post_stop` as a killed actor.
    killed.extend(kill(late));
    let now = core.scheduler.clock().now();
    let last = if drained { until } else { now.after(core.post_stop_deadline) };
    wait_for_the_last(core, Some(last), lulls).await;
    killed.extend(
        kill(core.registry.everybody()).into_iter().filter(|actor| !killed.contains(actor)).collect::<Vec<_>>(),
    );
    wait_for_the_last(core, None, lulls).await;
    let mut progress = core.progress.lock();
    progress.report = Some(ShutdownReport { killed });
    let waiting = std::mem::take(&mut progress.waiting);
    drop(progress);
    for waker in waiting {
        // UNWIND: a waker is user code.
        let _ = guard(|| waker.wake());
    }
}

/// Refuses the world outside.
fn gate(core: &Core) {
    // ORDERING: Release pairs with the Acquire of `refuses_spawns`.
    core.refusing.store(true, Ordering::Release);
    core.scheduler.watch_lulls();
    for actor in core.registry.everybody() {
        actor.hold_gate();
    }
}

/// Waits until nothing is queued or handled. Returns false if the deadline came first.
async fn drain(core: &Core, until: Moment, lulls: Lulls) -> bool {
    loop {
        let seen = core.scheduler.lulls();
        if is_quiet(&core.registry, &core.scheduler, || core.blocking.is_busy()) {
            return true;
        }
        let left = until.until(core.scheduler.clock().now());
        if left.is_zero() {
            return false;
        }
        lulls.wait(core, seen, left.min(LOOK)).await;
    }
}

/// Whether nothing is queued or handled. Raises the gate of whoever has been spawned since, or while the gates went up.
pub(crate) fn is_quiet(registry: &Registry, scheduler: &Scheduler, is_busy: impl Fn() -> bool) -> bool {
    let before: Vec<_> = scheduler.activations().collect();
    // The gate comes first: its read-modify-write of the mailbox word keeps the look behind it from being an old one.
    let is_idle = |actor: &Strong| {
        actor.hold_gate();
        actor.is_idle() || actor.is_at_rest()
    };
    // Each sweep asks who there is: an actor that was spawned by one that has come to rest is in the second.
    let sweep = || registry.everybody().iter().all(is_idle) && !is_busy();
    sweep() && sweep() && scheduler.activations().eq(before)
}

/// Closes the registry, and every mailbox.
fn stop_everybody(core: &Core) {
    core.registry.close();
    stop(&core.registry.everybody());
}

/// Stops these. Those who are supervised are stopped by their supervisors, in order.
fn stop(actors: &[Strong]) {
    actors.iter().filter(|actor| !actor.is_ward()).for_each(Strong::stop_for_shutdown);
}

/// Kills these, and tells who they are.
fn kill(actors: Vec<Strong>) -> Vec<ActorInfo> {
    let killed = actors.iter().map(|actor| {
        actor.kill_for_good();
        actor.info()
    });
    killed.collect()
}

/// Waits until nobody is left, or for the deadline.
async fn wait_for_the_last(core: &Core, until: Option<Moment>, lulls: Lulls) {
    loop {
        let seen = core.scheduler.lulls();
        if core.registry.len() == 0 {
            return;
        }
        let left = until.map_or(Duration::MAX, |until| until.until(core.scheduler.clock().now()));
        if left.is_zero() {
            return;
        }
        lulls.wait(core, seen, left.min(LOOK)).await;
    }
}

/// Ends a system that is dropped: kills everybody and joins the threads; on one of the system's own threads it can
/// only signal.
pub(super) fn abandon(core: &Arc<Core>) {
    // ORDERING: Release pairs with the Acquires of `refuses_spawns` and `Host::ended`.
    core.refusing.store(true, Ordering::Release);
    core.scheduler.watch_lulls();
    // First, so that whoever sees that the system is leaving counts all who live.
    core.registry.close();
    core.leaving.store(true, Ordering::Release);
    core.registry.seats().catch_up();
    let _ = kill(core.registry.everybody());
    let inside = worker::is_inside(&core.scheduler);
    let ender = core.progress.lock().thread.take();
    let threads = core.threads.lock().take();
    if inside {
        // The last actor's end closes the scheduler; if there is none, it is closed here.
        if core.registry.len() == 0 {
            core.scheduler.close();
            core.dismiss_observer();
        }
        core.blocking.detach();
        return;
    }
    at_once(wait_for_the_last(core, None, Lulls::Slept));
    core.scheduler.close();
    core.dismiss_observer();
    core.blocking.close();
    if let Some(ender) = ender {
        let _ = ender.join();
    }
    if let Some(threads) = threads {
        threads.join();
    }
}

#[cfg(test)]
mod tests {
    use super::ShutdownReport;

    #[test]
    fn a_report_is_clean_when_nobody_was_killed() {
        assert!(ShutdownReport::default().is_clean());
    }
}
