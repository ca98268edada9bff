//! What the tests of the simulator let act.

use std::time::Duration;

use corecast::{Actor, ActorContext, ActorRef, Handler, Message, SendError};

/// Adds up.
#[derive(Default)]
pub(crate) struct Counter(pub(crate) u64);
impl Actor for Counter {}

#[derive(Clone)]
pub(crate) struct Add(pub(crate) u64);
impl Message for Add {
    type Result = u64;
}

impl Handler<Add> for Counter {
    async fn handle(&mut self, Add(more): Add, _: &mut ActorContext<Self>) -> u64 {
        self.0 += more;
        self.0
    }
}

/// Asks for the sum.
pub(crate) struct Get;
impl Message for Get {
    type Result = u64;
}

impl Handler<Get> for Counter {
    async fn handle(&mut self, _: Get, _: &mut ActorContext<Self>) -> u64 {
        self.0
    }
}

/// Sets the sum.
pub(crate) struct Set(pub(crate) u64);
impl Message for Set {
    type Result = ();
}

impl Handler<Set> for Counter {
    async fn handle(&mut self, Set(sum): Set, _: &mut ActorContext<Self>) {
        self.0 = sum;
    }
}

/// Keeps what it is told, in order.
#[derive(Default)]
pub(crate) struct Log(pub(crate) Vec<u64>);
impl Actor for Log {}

impl Handler<Add> for Log {
    async fn handle(&mut self, Add(entry): Add, _: &mut ActorContext<Self>) -> u64 {
        self.0.push(entry);
        entry
    }
}

pub(crate) struct All;
impl Message for All {
    type Result = Vec<u64>;
}

impl Handler<All> for Log {
    async fn handle(&mut self, _: All, _: &mut ActorContext<Self>) -> Vec<u64> {
        self.0.clone()
    }
}

/// Writes so many entries into a log, one by one.
pub(crate) struct Writer(pub(crate) ActorRef<Log>);
impl Actor for Writer {}

pub(crate) struct Write(pub(crate) std::ops::Range<u64>);
impl Message for Write {
    type Result = ();
}

impl Handler<Write> for Writer {
    async fn handle(&mut self, Write(entries): Write, _: &mut ActorContext<Self>) {
        for entry in entries {
            let _ = self.0.tell(Add(entry)).await;
        }
    }
}

/// Reads a counter, and writes back one more.
pub(crate) struct Reader(pub(crate) ActorRef<Counter>);
impl Actor for Reader {}

pub(crate) struct Increment;
impl Message for Increment {
    type Result = ();
}

impl Handler<Increment> for Reader {
    async fn handle(&mut self, _: Increment, _: &mut ActorContext<Self>) {
        if let Ok(sum) = self.0.send(Get).await {
            let _ = self.0.send(Set(sum + 1)).await;
        }
    }
}

/// Waits so long before it answers.
pub(crate) struct Sleeper;
impl Actor for Sleeper {}

pub(crate) struct Sleep(pub(crate) Duration);
impl Message for Sleep {
    type Result = Duration;
}

impl Handler<Sleep> for Sleeper {
    async fn handle(&mut self, Sleep(time): Sleep, ctx: &mut ActorContext<Self>) -> Duration {
        ctx.sleep(time).await;
        time
    }
}

/// Never answers.
pub(crate) struct Silent;
impl Actor for Silent {}

impl Handler<Get> for Silent {
    async fn handle(&mut self, _: Get, _: &mut ActorContext<Self>) -> u64 {
        std::future::pending().await
    }
}

/// Asks somebody who is silent.
pub(crate) struct Asker(pub(crate) ActorRef<Silent>);
impl Actor for Asker {}

impl Handler<Get> for Asker {
    async fn handle(&mut self, _: Get, _: &mut ActorContext<Self>) -> u64 {
        self.0.send(Get).await.map_or(0, |answer| answer)
    }
}

/// Panics.
pub(crate) struct Fragile;
impl Actor for Fragile {}

pub(crate) struct Touch;
impl Message for Touch {
    type Result = ();
}

impl Handler<Touch> for Fragile {
    async fn handle(&mut self, _: Touch, _: &mut ActorContext<Self>) {
        panic!("it broke");
    }
}

/// Whether a request ended because of its limit.
pub(crate) fn is_timeout<T, M: Message>(result: &Result<T, SendError<M>>) -> bool {
    matches!(result, Err(error) if matches!(error.reason(), corecast::SendErrorReason::Timeout { .. }))
}
