//! Timers of a child that is restarted: each run hears those that it has set itself.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{builder, play, spawn};
use corecast::{Actor, ActorContext, ActorError, ActorRef, Backoff, ChildSpec, Handler, Message, Strategy};

/// How long a handler waits that has its timers fire meanwhile.
const LONG: Duration = Duration::from_millis(50);

/// What a run tells itself, with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rings(u32);

impl Message for Rings {
    type Result = ();
}

/// Sets timers in each run.
struct Clerk {
    run: u32,
    /// By which run each message was heard, and who had set it.
    heard: Arc<Mutex<Vec<(u32, u32)>>>,
}

impl Actor for Clerk {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        ctx.tell_every(LONG / 5, Rings(self.run))?;
        ctx.tell_after(LONG / 5, Rings(self.run));
        // Behind its end, or while it is down.
        ctx.tell_after(LONG + LONG / 5, Rings(self.run));
        Ok(())
    }
}

impl Handler<Rings> for Clerk {
    async fn handle(&mut self, Rings(run): Rings, _: &mut ActorContext<Self>) {
        self.heard.lock().unwrap().push((self.run, run));
    }
}

/// How a run ends, once its timers have fired and wait behind the handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Panic,
    Fail,
    Kill,
    Stop,
    /// With its group.
    Recall,
}

impl Message for End {
    type Result = ();
}

impl Handler<End> for Clerk {
    async fn handle(&mut self, end: End, ctx: &mut ActorContext<Self>) {
        ctx.sleep(LONG).await;
        match end {
            End::Panic => panic!("as it should"),
            End::Fail => ctx.fail(ActorError::new("as it should")),
            End::Stop => ctx.stop(),
            End::Kill | End::Recall => {}
        }
    }
}

fn clerk(id: &str, pause: Duration, heard: &Arc<Mutex<Vec<(u32, u32)>>>) -> ChildSpec<Clerk> {
    let (runs, heard) = (Mutex::new(0), Arc::clone(heard));
    let factory = move || {
        *runs.lock().unwrap() += 1;
        Clerk { run: *runs.lock().unwrap(), heard: Arc::clone(&heard) }
    };
    let spec = ChildSpec::new(id, factory);
    if pause.is_zero() { spec } else { spec.backoff(Backoff::new(pause, pause).jitter(0.0)) }
}

#[test]
fn a_run_hears_the_timers_that_it_has_set_and_no_others() {
    for end in [End::Panic, End::Fail, End::Kill, End::Stop, End::Recall] {
        for pause in [Duration::ZERO, LONG] {
            play(|sim, system, _| {
                sim.expect_panics::<Clerk>();
                let (heard, others) = (Arc::default(), Arc::default());
                let tree = builder(Strategy::OneForAll)
                    .child(clerk("other", pause, &others))
                    .child(clerk("clerk", pause, &heard));
                let tree = spawn(sim, system, tree);
                let find = |id| -> Result<ActorRef<Clerk>, _> { sim.block_on(tree.child::<Clerk>(id)) };
                let (clerk, other) = (find("clerk")?, find("other")?);
                clerk.try_tell(end)?;
                sim.run_for(LONG / 2)?;
                match end {
                    End::Kill => clerk.kill(),
                    End::Recall => other.kill(),
                    _ => {}
                }
                sim.run_for(LONG + 2 * pause + 4 * LONG)?;
                let heard = heard.lock().unwrap().clone();
                assert!(heard.iter().all(|(run, of)| run == of), "{end:?}: {heard:?}");
                assert!(heard.iter().any(|(run, _)| *run > 1), "{end:?}: the next run has timers, too");
                // A tick and a message wait when the handler ends, or is dropped: they had been accepted.
                let dead = sim.dead_letters().iter().filter(|letter| letter.actor.id() == clerk.id()).count();
                assert!(end == End::Stop || dead >= 2, "{end:?}: {dead} are left over; {heard:?}");
                tree.stop();
                sim.block_on(tree.stopped());
                Ok(())
            });
        }
    }
}
