//! Messages that an actor sends to itself, as fast as it handles them.

use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use corecast::{Actor, ActorContext, Handler, Mailbox, Message, MissedTicks};

use super::Tick;
use crate::support::{eventually, recv, system, wait};

#[test]
fn timers_do_not_starve_under_a_flood_nor_the_flood_under_timers() {
    let system = system(2);
    let (sender, ticks) = channel();
    struct Flooded(Sender<()>, u64);
    impl Actor for Flooded {}
    impl Handler<Tick> for Flooded {
        async fn handle(&mut self, _: Tick, _ctx: &mut ActorContext<Self>) {
            let _ = self.0.send(());
        }
    }
    struct More(u64);
    impl Message for More {
        type Result = ();
    }
    impl Handler<More> for Flooded {
        async fn handle(&mut self, more: More, ctx: &mut ActorContext<Self>) {
            if more.0 == 0 {
                for _ in 0..4 {
                    // Always due: as soon as one is taken, the next has been missed.
                    ctx.tell_every_with(Duration::from_nanos(1), Tick, MissedTicks::Burst).unwrap();
                }
            }
            self.1 += 1;
            // It floods itself.
            if self.1 < 20_000 {
                ctx.actor_ref().tell(More(more.0 + 1)).await.unwrap();
            }
        }
    }
    let actor = system.spawn(Flooded(sender, 0)).mailbox(Mailbox::bounded(4)).start().unwrap();
    wait(actor.tell(More(0))).unwrap();
    for _ in 0..100 {
        recv(&ticks);
    }
    struct Done;
    impl Message for Done {
        type Result = u64;
    }
    impl Handler<Done> for Flooded {
        async fn handle(&mut self, _: Done, _ctx: &mut ActorContext<Self>) -> u64 {
            self.1
        }
    }
    eventually("the flood ends though there is always a tick", || wait(actor.send(Done)).unwrap() == 20_000);
}
