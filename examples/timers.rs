//! Time: a reply that is waited for so long and no longer, a handler that sleeps while others go on, and messages that an
//! actor sends to itself, later or again and again.

use std::error::Error;
use std::time::Duration;

use corecast::{Actor, ActorContext, ActorError, ActorSystem, Handler, Message, SendErrorReason, Timer};

/// Says how it is, now and then, and hears when nobody has asked for a while.
#[derive(Default)]
struct Sensor {
    readings: u32,
    idle: Option<Timer>,
}

/// Time to read.
#[derive(Clone)]
struct Read;

impl Message for Read {
    type Result = ();
}

/// Nobody has asked for a while.
struct Unasked;

impl Message for Unasked {
    type Result = ();
}

/// How many readings were there so far? Answers after a time.
struct Ask(Duration);

impl Message for Ask {
    type Result = u32;
}

impl Actor for Sensor {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        // Its handle may be dropped: the timer goes on until the actor ends.
        ctx.tell_every(Duration::from_millis(2), Read)?;
        Ok(())
    }
}

impl Handler<Read> for Sensor {
    async fn handle(&mut self, _: Read, _: &mut ActorContext<Self>) {
        self.readings += 1;
    }
}

impl Handler<Ask> for Sensor {
    async fn handle(&mut self, Ask(after): Ask, ctx: &mut ActorContext<Self>) -> u32 {
        // The worker runs other actors meanwhile.
        ctx.sleep(after).await;
        if let Some(idle) = self.idle.take() {
            idle.cancel();
        }
        self.idle = Some(ctx.tell_after(Duration::from_millis(100), Unasked));
        self.readings
    }
}

impl Handler<Unasked> for Sensor {
    async fn handle(&mut self, _: Unasked, ctx: &mut ActorContext<Self>) {
        println!("nobody asks any more, after {} readings", self.readings);
        ctx.stop();
    }
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let system = ActorSystem::new()?;
    system.block_on(async {
        let sensor = system.spawn(Sensor::default()).await?;

        system.sleep(Duration::from_millis(10)).await;
        let readings = sensor.send(Ask(Duration::ZERO)).timeout(Duration::from_secs(5)).await?;
        println!("{readings} readings in the first 10 ms");

        // The answer takes longer than this asker has time for. The sensor finishes it all the same.
        let late = sensor.send(Ask(Duration::from_millis(30))).timeout(Duration::from_millis(5)).await;
        let error = late.expect_err("it takes longer");
        println!("{error}");
        assert!(matches!(error.reason(), SendErrorReason::Timeout(_)));

        println!("the sensor has ended: {}", sensor.stopped().await);
        Ok(())
    })
}
