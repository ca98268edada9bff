//! Many at once, on whichever worker comes to it: rings that pass a ball, producers of one sink, a fork and its join.

use corecast::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Mailbox, Message};
use futures::channel::oneshot;

use crate::counting::allocations;
use crate::direct::{Driver, Extent};
use crate::sink::{Bytes, Flush, Sink, brim};

/// What a driver has a crowd do.
pub(crate) enum Crowd {
    /// Each of the rings passes a ball on and on; listed is one player of each.
    Rings(Vec<ActorRef<Player>>),
    /// All tell one sink, which they know.
    Producers(Vec<ActorRef<Producer>>, ActorRef<Sink>),
    /// All are told by the driver, one after the other, and then asked.
    Sinks(Vec<ActorRef<Sink>>),
}

impl Crowd {
    /// So many rings of so many players each.
    pub(crate) fn rings(system: &ActorSystem, rings: usize, players: usize) -> Self {
        Self::Rings((0..rings).map(|_| ring(system, players)).collect())
    }

    /// So many producers of one sink.
    pub(crate) fn producers(system: &ActorSystem, producers: usize, capacity: usize) -> Self {
        let sink = sink(system, capacity);
        let producer = || system.spawn(Producer { sink: sink.clone() }).start().expect("a producer starts");
        Self::Producers((0..producers).map(|_| producer()).collect(), sink)
    }

    /// So many sinks of one driver.
    pub(crate) fn sinks(system: &ActorSystem, sinks: usize, capacity: usize) -> Self {
        Self::Sinks((0..sinks).map(|_| sink(system, capacity)).collect())
    }

    /// Fills each mailbox that may fill.
    async fn brim(&self, capacity: usize) {
        match self {
            Self::Rings(_) => {}
            Self::Producers(_, sink) => brim::<8>(sink, capacity).await,
            Self::Sinks(sinks) => {
                for sink in sinks {
                    brim::<8>(sink, capacity).await;
                }
            }
        }
    }

    /// Has them do so many operations, shared out evenly, and counts the allocations meanwhile.
    async fn play(&self, operations: u64) -> u64 {
        match self {
            Self::Rings(rings) => {
                let each = operations / rings.len() as u64;
                let (balls, caught): (Vec<_>, Vec<_>) = rings.iter().map(|_| oneshot::channel()).unzip();
                let before = allocations();
                for (player, last) in rings.iter().zip(balls) {
                    player.tell(Ball { left: each, last }).await.expect("told");
                }
                for last in caught {
                    last.await.expect("the ball comes to its end");
                }
                allocations() - before
            }
            Self::Producers(producers, sink) => {
                let each = operations / producers.len() as u64;
                let mut done = Vec::with_capacity(producers.len());
                let before = allocations();
                done.extend(producers.iter().map(|producer| producer.send(Produce(each))));
                for done in done {
                    done.await.expect("answered");
                }
                sink.send(Flush).await.expect("answered");
                allocations() - before
            }
            Self::Sinks(sinks) => {
                let before = allocations();
                for _ in 0..operations / sinks.len() as u64 {
                    for sink in sinks {
                        sink.tell(Bytes([1; 8])).await.expect("told");
                    }
                }
                for sink in sinks {
                    sink.send(Flush).await.expect("answered");
                }
                allocations() - before
            }
        }
    }
}

fn sink(system: &ActorSystem, capacity: usize) -> ActorRef<Sink> {
    system.spawn(Sink).mailbox(Mailbox::bounded(capacity)).start().expect("a sink starts")
}

fn ring(system: &ActorSystem, players: usize) -> ActorRef<Player> {
    let players: Vec<_> =
        (0..players).map(|_| system.spawn(Player { next: None }).start().expect("a player starts")).collect();
    for (player, next) in players.iter().zip(players.iter().cycle().skip(1)) {
        player.blocking_tell(Join(next.clone())).expect("told");
    }
    players[0].clone()
}

/// Passes the ball to the next one.
pub(crate) struct Player {
    next: Option<ActorRef<Player>>,
}

impl Actor for Player {}

/// To whom the ball is passed.
struct Join(ActorRef<Player>);

impl Message for Join {
    type Result = ();
}

impl Handler<Join> for Player {
    async fn handle(&mut self, Join(next): Join, _ctx: &mut ActorContext<Self>) {
        self.next = Some(next);
    }
}

/// How often it is still passed on, and who hears of the end.
struct Ball {
    left: u64,
    last: oneshot::Sender<()>,
}

impl Message for Ball {
    type Result = ();
}

impl Handler<Ball> for Player {
    async fn handle(&mut self, Ball { left, last }: Ball, _ctx: &mut ActorContext<Self>) {
        if left == 0 {
            last.send(()).expect("the driver waits");
        } else {
            let next = self.next.as_ref().expect("it has joined");
            next.tell(Ball { left: left - 1, last }).await.expect("told");
        }
    }
}

/// Tells a sink.
pub(crate) struct Producer {
    sink: ActorRef<Sink>,
}

impl Actor for Producer {}

/// So many messages, each awaited.
struct Produce(u64);

impl Message for Produce {
    type Result = ();
}

impl Handler<Produce> for Producer {
    async fn handle(&mut self, Produce(messages): Produce, _ctx: &mut ActorContext<Self>) {
        for _ in 0..messages {
            self.sink.tell(Bytes([1; 8])).await.expect("told");
        }
    }
}

/// Lets the driver set the crowd to work, and asks how many allocations there were.
pub(crate) struct Lead {
    pub(crate) crowd: Crowd,
    pub(crate) extent: Extent,
}

impl Message for Lead {
    type Result = u64;
}

impl Handler<Lead> for Driver {
    async fn handle(&mut self, Lead { crowd, extent }: Lead, _ctx: &mut ActorContext<Self>) -> u64 {
        crowd.brim(extent.capacity).await;
        crowd.play(extent.warm_up).await;
        crowd.brim(extent.capacity).await;
        crowd.play(extent.operations).await
    }
}
