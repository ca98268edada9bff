//! The delivery contract in figures: accepted = handled + failed + dead letters, and what wasn't accepted
//! came back. Small cases with exact numbers; the stress test has the random ones.

use std::time::Duration;

use corecast::{
    Actor, ActorContext, ActorRef, ActorSystem, DeadLetter, Handler, Mailbox, Message, Observer, SendErrorReason,
};

use crate::support::{Fate, LIMIT, Ledger, Parcel, unique_name, wait, within};

/// A message with an entry in the ledger, and what its handler shall do.
pub(super) struct Job {
    pub(super) parcel: Parcel,
    pub(super) plan: Plan,
}

/// What a handler does with a job.
pub(super) enum Plan {
    Finish,
    /// Suspends that many times.
    Yield(u64),
    Panic,
    PanicAfterYield,
    Stop,
    KillMyself,
    /// Offers a job of its own to another actor.
    Forward(ActorRef<Worker>),
    /// Asks another actor to carry a plan out, and waits for it: with a limit, or until the wait is seen to be in a circle.
    Ask(ActorRef<Worker>, Box<Plan>, Option<Duration>),
    /// Tells itself a job, after a while.
    Later(Duration),
}

impl Message for Job {
    type Result = u64;
}

/// An event: its copies are counted where they end. Subscribed to as `Overflow` says, so that some are shed.
#[derive(Clone)]
pub(super) struct News(pub(super) Ledger);

impl Message for News {
    type Result = ();
}

/// An event whose handler has begun.
struct Heard<'a>(&'a Ledger);

impl Drop for Heard<'_> {
    /// Handled, or failed with its handler.
    fn drop(&mut self) {
        self.0.heard();
    }
}

impl Handler<News> for Worker {
    async fn handle(&mut self, News(ledger): News, ctx: &mut ActorContext<Self>) {
        let _heard = Heard(&ledger);
        ctx.yield_now().await;
    }
}

/// Carries jobs out.
pub(super) struct Worker {
    ledger: Ledger,
}

impl Worker {
    pub(super) fn new(ledger: &Ledger) -> Worker {
        Worker { ledger: ledger.clone() }
    }
}

impl Actor for Worker {}

/// Without the hook, which would print each.
fn panic_quietly() -> ! {
    std::panic::resume_unwind(Box::new("as planned"))
}

impl Handler<Job> for Worker {
    async fn handle(&mut self, job: Job, ctx: &mut ActorContext<Self>) -> u64 {
        let Job { mut parcel, plan } = job;
        parcel.begin();
        match plan {
            Plan::Finish => {}
            Plan::Yield(times) => {
                for _ in 0..times {
                    ctx.yield_now().await;
                }
            }
            Plan::Panic => panic_quietly(),
            Plan::PanicAfterYield => {
                ctx.yield_now().await;
                panic_quietly();
            }
            Plan::Stop => ctx.stop(),
            Plan::KillMyself => {
                ctx.actor_ref().kill();
                ctx.yield_now().await;
            }
            Plan::Forward(to) => {
                let job = Job { parcel: self.ledger.offer(), plan: Plan::Finish };
                book_try(&self.ledger, to.try_tell(job).map_err(|error| error.into_message()));
            }
            Plan::Ask(to, plan, limit) => {
                let send = to.send(Job { parcel: self.ledger.offer_and_forget(), plan: *plan });
                let answer = match limit {
                    Some(limit) => self.ledger.forgetful(send.timeout(limit)).await,
                    None => self.ledger.forgetful(send).await,
                };
                if let Err(error) = answer {
                    if matches!(error.reason(), SendErrorReason::Circle(_)) {
                        self.ledger.circle();
                    }
                    if let Some(job) = error.into_message() {
                        job.parcel.settle(Fate::Returned);
                    }
                }
            }
            Plan::Later(after) => {
                ctx.tell_after(after, Job { parcel: self.ledger.offer_later(), plan: Plan::Finish });
            }
        }
        parcel.settle(Fate::Handled);
        0
    }
}

/// Books a verb's answer.
pub(super) fn book_try(ledger: &Ledger, answer: Result<(), Job>) {
    match answer {
        Ok(()) => ledger.accepted(),
        Err(job) => job.parcel.settle(Fate::Returned),
    }
}

/// Books the dead letters, and the messages that failed with their handlers.
pub(super) struct Bookkeeper;

impl Observer for Bookkeeper {
    fn dead_letter(&self, letter: DeadLetter) {
        match letter.downcast::<Job>() {
            Ok(job) => job.parcel.settle(Fate::Dead),
            Err(letter) => letter.downcast::<News>().expect("there are only jobs and news").0.heard(),
        }
    }
}

/// A system whose dead letters are booked.
pub(super) fn booked_system(workers: usize) -> ActorSystem {
    ActorSystem::builder().workers(workers).name(unique_name()).observer(Bookkeeper).build().unwrap()
}

/// Books what comes of a `tell` that is waited for.
pub(super) fn tell(ledger: &Ledger, actor: &ActorRef<Worker>, plan: Plan) {
    let tell = actor.tell(Job { parcel: ledger.offer(), plan });
    book_try(ledger, wait(tell).map_err(|error| error.into_message()));
}

/// Three jobs behind one of `plan`, told while it runs; then the system ends.
fn jobs_behind(plan: Plan) -> Ledger {
    let ledger = Ledger::default();
    let system = booked_system(1);
    let actor = wait(system.spawn(Worker::new(&ledger)).mailbox(Mailbox::bounded(2))).unwrap();
    tell(&ledger, &actor, Plan::Yield(3));
    tell(&ledger, &actor, plan);
    for _ in 0..3 {
        tell(&ledger, &actor, Plan::Finish);
    }
    drop(actor);
    let report = wait(system.shutdown());
    assert!(report.is_clean());
    within(LIMIT, move || drop(system));
    ledger.check();
    ledger
}

#[test]
fn the_ledger_holds_when_all_goes_well() {
    let ledger = jobs_behind(Plan::Yield(2));
    assert_eq!((ledger.offered_so_far(), ledger.failed_so_far(), ledger.dead_so_far()), (5, 0, 0));
}

#[test]
fn the_ledger_holds_after_a_stop_from_inside() {
    let ledger = jobs_behind(Plan::Stop);
    assert_eq!((ledger.failed_so_far(), ledger.dead_so_far()), (0, 0));
}

#[test]
fn the_ledger_holds_after_a_panic() {
    for plan in [Plan::Panic, Plan::PanicAfterYield] {
        assert_eq!(jobs_behind(plan).failed_so_far(), 1);
    }
}

#[test]
fn the_ledger_holds_after_a_kill() {
    assert_eq!(jobs_behind(Plan::KillMyself).failed_so_far(), 1);
}

#[test]
fn the_ledger_holds_when_waiting_futures_are_dropped() {
    let ledger = Ledger::default();
    let system = booked_system(1);
    let actor = wait(system.spawn(Worker::new(&ledger)).mailbox(Mailbox::bounded(1))).unwrap();
    for round in 0..200 {
        tell(&ledger, &actor, Plan::Yield(round % 3));
        let waiting: Vec<_> =
            (0..4).map(|_| actor.tell(Job { parcel: ledger.offer_and_forget(), plan: Plan::Finish })).collect();
        waiting.into_iter().for_each(|tell| ledger.give_up(tell));
    }
    assert!(wait(system.shutdown()).is_clean());
    within(LIMIT, move || drop(system));
    ledger.check();
}

#[test]
fn the_ledger_holds_when_the_system_is_dropped_in_the_middle() {
    let ledger = Ledger::default();
    let system = booked_system(1);
    let actor = wait(system.spawn(Worker::new(&ledger)).mailbox(Mailbox::bounded(64))).unwrap();
    tell(&ledger, &actor, Plan::Yield(u64::MAX));
    for _ in 0..64 {
        tell(&ledger, &actor, Plan::Finish);
    }
    within(LIMIT, move || drop(system));
    tell(&ledger, &actor, Plan::Finish);
    ledger.check();
    assert_eq!((ledger.failed_so_far(), ledger.dead_so_far()), (1, 64));
}

/// The books themselves: each breach of the contract is found.
#[test]
fn a_ledger_finds_what_is_wrong() {
    let finds = |breach: fn(&Ledger)| {
        let ledger = Ledger::default();
        breach(&ledger);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| ledger.check())).is_err()
    };
    assert!(!finds(|ledger| {
        let parcel = ledger.offer();
        ledger.accepted();
        parcel.settle(Fate::Handled);
        ledger.give_up(ledger.offer_and_forget());
    }));
    assert!(finds(|ledger| drop(ledger.offer())), "vanished");
    assert!(finds(|ledger| drop(ledger.offer_and_forget())), "vanished, not withdrawn");
    if !cfg!(corecast_no_recycle) {
        // The sanitizer would find it, too.
        assert!(finds(|ledger| std::mem::forget(ledger.offer())), "leaked");
    }
    assert!(finds(|ledger| ledger.offer().settle(Fate::Handled)), "handled, never accepted");
    assert!(finds(|ledger| ledger.accepted()), "accepted, never offered");
    let twice = |ledger: &Ledger| {
        let parcel = ledger.offer_and_forget();
        // What a double delivery would be, without the undefined behaviour.
        parcel.twin().settle(Fate::Handled);
        parcel.settle(Fate::Handled);
    };
    assert!(finds(twice), "handled twice");
}
