//! A bounded mailbox holds a fast producer back: `try_tell` says full and returns the message,
//! `tell` waits in its turn, and the mailbox never holds more than its capacity.

use std::error::Error;

use corecast::{Actor, ActorContext, ActorSystem, Handler, Mailbox, Message};
use futures::channel::oneshot;

const CAPACITY: usize = 4;
const PARCELS: u32 = 100;

/// Works off parcels; the first one keeps it busy until the gate opens.
struct Clerk {
    gate: Option<oneshot::Receiver<()>>,
    done: Vec<u32>,
    most_queued: usize,
}

impl Actor for Clerk {}

struct Parcel(u32);

impl Message for Parcel {
    type Result = ();
}

impl Handler<Parcel> for Clerk {
    async fn handle(&mut self, Parcel(number): Parcel, ctx: &mut ActorContext<Self>) {
        if let Some(gate) = self.gate.take() {
            // A dropped sender opens the gate as well, so its error needs no answer.
            let _ = gate.await;
        }
        self.most_queued = self.most_queued.max(ctx.mailbox_size());
        self.done.push(number);
    }
}

struct Done;

impl Message for Done {
    type Result = (Vec<u32>, usize);
}

impl Handler<Done> for Clerk {
    async fn handle(&mut self, _: Done, _: &mut ActorContext<Self>) -> (Vec<u32>, usize) {
        (std::mem::take(&mut self.done), self.most_queued)
    }
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let system = ActorSystem::new()?;
    let (open, gate) = oneshot::channel();
    let clerk = Clerk { gate: Some(gate), done: Vec::new(), most_queued: 0 };

    system.block_on(async {
        let clerk = system.spawn(clerk).mailbox(Mailbox::bounded(CAPACITY)).await?;

        // The clerk is busy with an early parcel, so a bounded number of others fits.
        let mut next = 0;
        let returned = loop {
            match clerk.try_tell(Parcel(next)) {
                Ok(()) => next += 1,
                Err(full) => {
                    assert!(full.is_full());
                    println!("after {next} parcels: {full}");
                    break full.into_message();
                }
            }
        };
        assert!((CAPACITY..=CAPACITY + 1).contains(&(next as usize)));
        assert_eq!(returned.0, next);

        // This one waits for room, in its turn; the gate makes some.
        let waiting = clerk.tell(returned);
        open.send(()).expect("the clerk holds the gate");
        waiting.await?;

        for number in next + 1..PARCELS {
            clerk.tell(Parcel(number)).await?;
        }

        let (done, most_queued) = clerk.send(Done).await?;
        println!("{} parcels done in order, at most {most_queued} of them queued", done.len());
        assert_eq!(done, (0..PARCELS).collect::<Vec<_>>());
        assert!(most_queued <= CAPACITY);
        Ok(())
    })
}
