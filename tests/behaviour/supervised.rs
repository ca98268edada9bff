//! Supervised actors on real threads: the ledger through restarts, of one and of groups, and the end of a deep tree under load.
//!
//! `CORECAST_TEST_SEED` repeats the choices (not the schedule), `CORECAST_STRESS_ROUNDS` sets the steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use corecast::{
    Actor, ActorContext, ActorRef, ActorSystem, ChildSpec, DeadLetter, Handler, Mailbox, Message, Observer, StopReason,
    Strategy, Supervisor, SupervisorBuilder,
};

use crate::support::{Fate, LIMIT, Ledger, Parcel, Random, rounds, seed, unique_name, wait, within};

const SENDERS: u64 = 4;

/// More restarts than there will be.
const MANY: u32 = 1_000_000;

/// A message with an entry in the ledger, and what its handler shall do.
struct Chore {
    parcel: Parcel,
    deed: Deed,
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Finish,
    /// Suspends that many times.
    Yield(u64),
    Panic,
    PanicAfterYield,
    Stop,
    KillMyself,
}

impl Message for Chore {
    type Result = ();
}

/// How many states there are, and how many there were.
#[derive(Clone, Default)]
struct Census(Arc<(AtomicI64, AtomicU64)>);

impl Census {
    /// How many states live.
    fn living(&self) -> i64 {
        // ORDERING: Acquire pairs with the Release of each drop.
        self.0.0.load(Ordering::Acquire)
    }

    fn made(&self) -> u64 {
        // ORDERING: Relaxed; a count.
        self.0.1.load(Ordering::Relaxed)
    }
}

/// A child that carries chores out.
struct Ward(Census);

impl Ward {
    fn new(census: &Census) -> Self {
        // ORDERING: Relaxed, both; counts.
        census.0.0.fetch_add(1, Ordering::Relaxed);
        census.0.1.fetch_add(1, Ordering::Relaxed);
        Self(census.clone())
    }
}

impl Drop for Ward {
    fn drop(&mut self) {
        // ORDERING: Release pairs with the Acquire of `living`.
        self.0.0.0.fetch_sub(1, Ordering::Release);
    }
}

impl Actor for Ward {}

/// Without the hook, which would print each.
fn panic_quietly() -> ! {
    std::panic::resume_unwind(Box::new("as planned"))
}

impl Handler<Chore> for Ward {
    async fn handle(&mut self, Chore { mut parcel, deed }: Chore, ctx: &mut ActorContext<Self>) {
        parcel.begin();
        match deed {
            Deed::Finish => {}
            Deed::Yield(times) => {
                for _ in 0..times {
                    ctx.yield_now().await;
                }
            }
            Deed::Panic => panic_quietly(),
            Deed::PanicAfterYield => {
                ctx.yield_now().await;
                panic_quietly();
            }
            Deed::Stop => ctx.stop(),
            Deed::KillMyself => {
                ctx.actor_ref().kill();
                ctx.yield_now().await;
            }
        }
        parcel.settle(Fate::Handled);
    }
}

/// Books the dead letters.
struct Bookkeeper;

impl Observer for Bookkeeper {
    fn dead_letter(&self, letter: DeadLetter) {
        if let Ok(chore) = letter.downcast::<Chore>() {
            chore.parcel.settle(Fate::Dead);
        }
    }

    fn actor_failed(&self, _: &corecast::ActorFailure) {}
}

/// Sends chores, and books what comes of each.
struct Sender {
    random: Random,
    ledger: Ledger,
    wards: Vec<ActorRef<Ward>>,
}

impl Sender {
    fn send_one(&mut self) {
        let deed = match self.random.below(200) {
            0 => Deed::Panic,
            1 => Deed::PanicAfterYield,
            2 => Deed::Stop,
            3 => Deed::KillMyself,
            4..30 => Deed::Yield(1 + self.random.below(3)),
            _ => Deed::Finish,
        };
        let ward = self.random.pick(&self.wards).clone();
        let chore = Chore { parcel: self.ledger.offer(), deed };
        let refused = match self.random.below(3) {
            0 => ward.try_tell(chore).map_err(|error| error.into_message()),
            1 => ward.blocking_tell(chore).map_err(|error| error.into_message()),
            _ => match ward.try_send(chore) {
                Ok(reply) => {
                    if self.random.one_in(2) {
                        let _ = wait(reply);
                    }
                    Ok(())
                }
                Err(error) => Err(error.into_message()),
            },
        };
        match refused {
            Ok(()) => self.ledger.accepted(),
            Err(chore) => chore.parcel.settle(Fate::Returned),
        }
    }
}

/// Threads that send to these wards, so many chores each or until they are told to cease.
fn senders(
    ledger: &Ledger,
    wards: &[ActorRef<Ward>],
    seed: u64,
    chores: u64,
    cease: &Arc<AtomicBool>,
) -> Vec<JoinHandle<()>> {
    let start = |number| {
        let random = Random::new(seed, number);
        let mut sender = Sender { random, ledger: ledger.clone(), wards: wards.to_vec() };
        let cease = Arc::clone(cease);
        thread::spawn(move || {
            for _ in 0..chores {
                // ORDERING: Relaxed; it may be seen late.
                if cease.load(Ordering::Relaxed) {
                    break;
                }
                sender.send_one();
            }
        })
    };
    (0..SENDERS).map(start).collect()
}

#[track_caller]
fn join(senders: Vec<JoinHandle<()>>) {
    within(LIMIT, move || senders.into_iter().for_each(|sender| sender.join().expect("it doesn't panic")));
}

fn booked_system() -> ActorSystem {
    ActorSystem::builder().workers(3).name(unique_name()).observer(Bookkeeper).build().expect("a system starts")
}

fn ward(id: String, census: &Census, mailbox: Mailbox) -> ChildSpec<Ward> {
    let census = census.clone();
    ChildSpec::new(&id, move || Ward::new(&census)).mailbox(mailbox).name(id)
}

fn patient(strategy: Strategy) -> SupervisorBuilder {
    Supervisor::builder(strategy).intensity(MANY, Duration::from_secs(1))
}

fn find(system: &ActorSystem, ids: impl IntoIterator<Item = String>) -> Vec<ActorRef<Ward>> {
    ids.into_iter().map(|id| system.find(&id).expect("it has started")).collect()
}

#[test]
fn the_ledger_holds_for_supervised_actors_that_fail() {
    let (seed, ledger, census) = (seed("supervised"), Ledger::default(), Census::default());
    let system = booked_system();
    // Two strategies, four children each.
    let branch = |name: &'static str, strategy| {
        let census = census.clone();
        ChildSpec::supervisor(name, move || {
            let children = (0..4).map(|number| {
                let mailbox = if number == 0 { Mailbox::unbounded() } else { Mailbox::bounded(1 << number) };
                ward(format!("{name} {number}"), &census, mailbox)
            });
            children.fold(patient(strategy), SupervisorBuilder::child).build()
        })
    };
    let root = patient(Strategy::OneForOne).child(branch("single", Strategy::OneForOne));
    let root = root.child(branch("group", Strategy::OneForAll)).build().expect("it can be");
    let root = wait(system.spawn(root)).expect("all have started");
    let ids = ["single", "group"].into_iter().flat_map(|name| (0..4).map(move |number| format!("{name} {number}")));
    let wards = find(&system, ids);
    let senders = senders(&ledger, &wards, seed, rounds(300), &Arc::default());
    join(senders);
    for ward in &wards {
        // Nobody has missed a death: each is up, or about to be. One that is about to stop takes nothing.
        loop {
            let parcel = ledger.offer();
            match wait(ward.tell(Chore { parcel, deed: Deed::Finish })) {
                Ok(()) => break ledger.accepted(),
                Err(error) => error.into_message().parcel.settle(Fate::Returned),
            }
            assert!(root.is_alive());
            thread::yield_now();
        }
    }
    assert!(census.made() > 8, "nobody was restarted");
    assert!(wait(system.shutdown()).is_clean());
    assert_eq!(census.living(), 0, "of {} states", census.made());
    within(LIMIT, move || drop(system));
    ledger.check();
}

#[test]
fn a_deep_tree_ends_while_others_send_and_no_child_outlives_it() {
    const DEPTH: usize = 8;

    /// Two wards, and a supervisor between them.
    fn level(depth: usize, census: &Census) -> SupervisorBuilder {
        let strategies = [Strategy::OneForOne, Strategy::RestForOne, Strategy::OneForAll];
        let first = ward(format!("first {depth}"), census, Mailbox::bounded(4));
        let mut supervisor = patient(strategies[depth % 3]).child(first);
        if depth > 1 {
            let census = census.clone();
            let below = ChildSpec::supervisor(format!("level {depth}"), move || level(depth - 1, &census).build());
            supervisor = supervisor.child(below);
        }
        supervisor.child(ward(format!("last {depth}"), census, Mailbox::bounded(64)))
    }

    let seed = seed("deep");
    for round in 0..rounds(4_000) / 200 {
        let (ledger, census) = (Ledger::default(), Census::default());
        let system = booked_system();
        let root = wait(system.spawn(level(DEPTH, &census).build().expect("it can be"))).expect("all have started");
        let wards = find(&system, (1..=DEPTH).flat_map(|depth| [format!("first {depth}"), format!("last {depth}")]));
        let cease = Arc::<AtomicBool>::default();
        let senders = senders(&ledger, &wards, seed.wrapping_add(round), u64::MAX, &cease);
        // Some have been restarted by then.
        while census.made() < 3 * DEPTH as u64 {
            thread::yield_now();
        }
        match round % 3 {
            0 => root.stop(),
            1 => root.kill(),
            _ => drop(system.shutdown()),
        }
        let reason = wait(root.stopped());
        assert_eq!(census.living(), 0, "of {} states, after {reason}", census.made());
        assert!(wards.iter().all(|ward| !ward.is_alive()));
        assert!(matches!(reason, StopReason::Stopped | StopReason::Killed | StopReason::SystemShutdown), "{reason}");
        // ORDERING: Relaxed; as where it is read.
        cease.store(true, Ordering::Relaxed);
        join(senders);
        within(LIMIT, move || drop(system));
        ledger.check();
    }
}
