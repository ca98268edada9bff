//! Resident memory: what an idle actor costs and a message that waits, and what is left of a million messages.
//!
//! All measurements want a process of their own ([`alone`](super::alone)): memory that an earlier
//! load has left behind would hide theirs.

use std::sync::{Arc, Barrier};
use std::thread::sleep;
use std::time::Duration;

use corecast::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Mailbox, Message, Reply};

use super::cast::{Add, Counter, Player, Quartet, Record, Share};
use super::resident;

/// The worker of whoever fills the mailboxes.
const FILLER: usize = 0;

/// Between two looks at mailboxes that run empty.
const LOOK: Duration = Duration::from_millis(10);

/// Resident bytes of an idle actor, beside its own state and the one reference to it that is kept.
///
/// All actors hold a message at the same time first: while one worker fills the mailboxes in a
/// single handler, the others are held. That they all do is asserted.
pub fn of_an_idle_actor(actors: usize) -> Result<f64, String> {
    let system = ActorSystem::new().map_err(|error| error.to_string())?;
    let filler = system.spawn(Filler::default()).on_worker(FILLER).start().expect("the filler starts");
    let gates: Vec<_> = (0..system.workers())
        .filter(|&worker| worker != FILLER)
        .map(|worker| system.spawn(Gate).on_worker(worker).start().expect("the gates start"))
        .collect();
    // A few of everything, so that code and tables of fixed size are not counted as the actors'.
    let warm = filler.blocking_send(Populate(4 * Quartet::PLAYERS)).expect("the filler replies");
    filler.blocking_send(Fill).expect("the filler replies");
    drain(&filler);
    let before = resident::settled()?;

    let populated = filler.blocking_send(Populate(actors)).expect("the filler replies");
    resident::settled()?;
    let held = Arc::new(Barrier::new(gates.len() + 1));
    for gate in &gates {
        gate.blocking_tell(Hold(Arc::clone(&held))).expect("the gate lives");
    }
    held.wait();
    let filled = filler.blocking_send(Fill).expect("the filler replies");
    assert_eq!(filled, populated, "all actors hold a message");
    held.wait();
    drain(&filler);
    let after = resident::settled()?;

    let actors = populated - warm;
    let own = Quartet::OWN_BYTES as f64 / Quartet::PLAYERS as f64;
    Ok((after as f64 - before as f64) / actors as f64 - own)
}

/// Resident memory after that many messages were queued in one mailbox and handled, as a multiple of what it was before.
pub fn left_of_messages(messages: usize) -> Result<f64, String> {
    let system = ActorSystem::new().map_err(|error| error.to_string())?;
    // Both on one worker: while the flood is told in one handler, none of it is handled.
    let flood = system.spawn(Flood).on_worker(FILLER).start().expect("the flood starts");
    let sink = system
        .spawn(Player::<Counter>::new(Share::unlimited()))
        .on_worker(FILLER)
        .mailbox(Mailbox::unbounded())
        .start()
        .expect("the sink starts");
    let pour = |messages| {
        let poured = flood.blocking_send(Pour { messages, sink: sink.clone() }).expect("the flood replies");
        assert_eq!(poured, messages, "all messages are queued at the same time");
        while sink.mailbox_size() > 0 {
            sleep(LOOK);
        }
    };
    pour(16);
    let before = resident::settled()?;
    pour(messages);
    let after = resident::settled()?;
    Ok(after as f64 / before as f64)
}

/// Resident bytes for each of that many messages, told to one actor and not handled yet.
pub fn of_a_queued_message(messages: usize) -> Result<f64, String> {
    queued(messages, |sink, messages| {
        (0..messages as u64).for_each(|n| sink.try_tell(Add(n)).expect("unbounded"));
    })
}

/// Resident bytes for each of that many requests, sent to one actor and not handled yet: with the asker's [`Reply`].
pub fn of_a_queued_request(messages: usize) -> Result<f64, String> {
    queued(messages, |sink, messages| {
        let mut replies: Vec<Reply<u64>> = Vec::with_capacity(messages);
        replies.extend((0..messages as u64).map(|n| sink.try_send(Add(n)).expect("unbounded")));
        replies
    })
}

/// The difference that `queue` makes, for each message, while it keeps what it returns.
fn queued<T>(messages: usize, queue: impl Fn(&ActorRef<Player<Counter>>, usize) -> T) -> Result<f64, String> {
    let system = ActorSystem::builder().workers(1).build().map_err(|error| error.to_string())?;
    let sink = system.spawn(Player::<Counter>::new(Share::unlimited())).mailbox(Mailbox::unbounded());
    let sink = sink.start().expect("the sink starts");
    let gate = system.spawn(Gate).start().expect("the gate starts");
    drop(queue(&sink, 16));
    while sink.mailbox_size() > 0 {
        sleep(LOOK);
    }

    let held = Arc::new(Barrier::new(2));
    gate.blocking_tell(Hold(Arc::clone(&held))).expect("the gate lives");
    held.wait();
    let before = resident::settled()?;
    let kept = queue(&sink, messages);
    assert_eq!(sink.mailbox_size(), messages, "all are queued at the same time");
    let after = resident::settled()?;
    held.wait();
    drop(kept);
    Ok((after as f64 - before as f64) / messages as f64)
}

fn drain(filler: &ActorRef<Filler>) {
    while filler.blocking_send(Queued).expect("the filler replies") > 0 {
        sleep(LOOK);
    }
}

/// Keeps the actors, and fills their mailboxes.
#[derive(Default)]
struct Filler {
    quartets: Vec<Quartet>,
}

impl Actor for Filler {}

/// Starts that many more actors; the result is how many there are.
struct Populate(usize);

impl Message for Populate {
    type Result = usize;
}

impl Handler<Populate> for Filler {
    async fn handle(&mut self, Populate(actors): Populate, ctx: &mut ActorContext<Self>) -> usize {
        let quartets = actors / Quartet::PLAYERS;
        self.quartets.reserve_exact(quartets);
        for _ in 0..quartets {
            self.quartets.push(Quartet::start(&ctx.system(), None, &Share::unlimited()).expect("the actors start"));
        }
        self.quartets.len() * Quartet::PLAYERS
    }
}

/// Tells each actor one message; the result is how many hold theirs afterwards.
struct Fill;

impl Message for Fill {
    type Result = usize;
}

impl Handler<Fill> for Filler {
    async fn handle(&mut self, _: Fill, _: &mut ActorContext<Self>) -> usize {
        for (quartet, n) in self.quartets.iter().zip(0..) {
            quartet.try_tell(n);
        }
        self.quartets.iter().map(Quartet::queued).sum()
    }
}

/// How many messages are not yet taken out.
struct Queued;

impl Message for Queued {
    type Result = usize;
}

impl Handler<Queued> for Filler {
    async fn handle(&mut self, _: Queued, _: &mut ActorContext<Self>) -> usize {
        self.quartets.iter().map(Quartet::queued).sum()
    }
}

/// Blocks its worker on purpose.
struct Gate;

impl Actor for Gate {}

/// Waits at the barrier twice: to say that the worker is held, and to be let go.
struct Hold(Arc<Barrier>);

impl Message for Hold {
    type Result = ();
}

impl Handler<Hold> for Gate {
    async fn handle(&mut self, Hold(held): Hold, _: &mut ActorContext<Self>) {
        held.wait();
        held.wait();
    }
}

/// Queues many messages with one actor.
struct Flood;

impl Actor for Flood {}

/// Tells `sink` that many messages; the result is how many it holds afterwards.
struct Pour {
    messages: usize,
    sink: ActorRef<Player<Counter>>,
}

impl Message for Pour {
    type Result = usize;
}

impl Handler<Pour> for Flood {
    async fn handle(&mut self, Pour { messages, sink }: Pour, _: &mut ActorContext<Self>) -> usize {
        for n in 0..messages as u64 / 2 {
            sink.try_tell(Add(n)).expect("unbounded");
            sink.try_tell(Record::new(n)).expect("unbounded");
        }
        sink.mailbox_size()
    }
}
