//! Jobs: actors that run once, do what they are told, and end.

use super::abort;
use corecast::loom_api::task::{self, After, Bench, Host, Runnable, Weakly};
use corecast::{Actor, ActorContext, ActorError, DeadLetter, StopReason};
use loom::cell::UnsafeCell;
use std::sync::{Arc, Mutex};

/// Takes no panic for a job's own.
struct Strict;

impl Host for Strict {
    fn schedule(&self, _runnable: Runnable) {
        unreachable!("a job runs once");
    }

    fn message_failed(&self, _cause: &StopReason) {}

    fn dead_letter(&self, _letter: DeadLetter) {}

    fn actor_failed(&self, reason: &StopReason) {
        if let StopReason::Panicked(panic) = reason {
            abort(panic);
        }
    }

    fn ended(&self) {}

    fn expire_later(&self, _task: Weakly) {}
}

type Work = Box<dyn FnOnce(usize) + Send>;

struct Job {
    /// Loom's cell: a job that is run without the right to it, or twice, is a race.
    work: UnsafeCell<Option<Work>>,
}

impl Actor for Job {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        // SAFETY: loom checks it: whoever runs a job is alone.
        let work = self.work.with_mut(|work| unsafe { (*work).take() });
        work.expect("a job runs once")(ctx.worker());
        Err(ActorError::new("that was all"))
    }
}

/// Makes jobs, and keeps their memory to the end of an execution.
///
/// A run queue compares addresses. If the allocator gave that of a job which has ended to the next one, an execution
/// would depend on the allocator, and loom can't repeat what isn't the same each time.
#[derive(Clone, Default)]
pub struct Jobs(Arc<Mutex<Vec<Weakly>>>);

impl Jobs {
    /// A job, and the right to run it.
    pub fn job(&self, work: impl FnOnce(usize) + Send + 'static) -> Runnable {
        self.placed(None, work)
    }

    /// A job for one worker. It is told which one it runs on.
    pub fn placed(&self, placed: Option<u16>, work: impl FnOnce(usize) + Send + 'static) -> Runnable {
        let made = UnsafeCell::new(None);
        // SAFETY: nobody else has it. A write of its own, or loom would take the job for as old as the last one.
        made.with_mut(|place| unsafe { *place = Some(Box::new(work) as Work) });
        let (actor, runnable) = task::actor(Strict, placed, Job { work: made });
        let memory = task::weakly(&actor);
        self.0.lock().unwrap().push(memory);
        drop(actor);
        runnable
    }
}

/// Runs a job, on whatever thread.
pub fn run(job: Runnable) {
    let After::Rested = job.run(&mut Bench::new()) else { panic!("a job ends at once") };
}
