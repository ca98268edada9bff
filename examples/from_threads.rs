//! Actors called from plain threads, without any executor: `blocking_tell` waits for room in the
//! mailbox, `blocking_send` for the reply.

use std::error::Error;
use std::thread;

use corecast::{Actor, ActorContext, ActorSystem, Handler, Mailbox, Message};

const THREADS: u64 = 4;
const ADDITIONS: u64 = 1_000;

#[derive(Default)]
struct Sum(u64);

impl Actor for Sum {}

struct Add(u64);

impl Message for Add {
    type Result = ();
}

impl Handler<Add> for Sum {
    async fn handle(&mut self, Add(n): Add, _: &mut ActorContext<Self>) {
        self.0 += n;
    }
}

struct Total;

impl Message for Total {
    type Result = u64;
}

impl Handler<Total> for Sum {
    async fn handle(&mut self, _: Total, _: &mut ActorContext<Self>) -> u64 {
        self.0
    }
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let system = ActorSystem::new()?;
    let sum = system.spawn(Sum::default()).mailbox(Mailbox::bounded(16)).start()?;

    // The mailbox is much smaller than what the threads send: they wait for room.
    thread::scope(|scope| {
        for thread in 1..=THREADS {
            let sum = sum.clone();
            scope.spawn(move || {
                for _ in 0..ADDITIONS {
                    sum.blocking_tell(Add(thread)).expect("the actor lives");
                }
            });
        }
    });

    let total = sum.blocking_send(Total)?;
    println!("{THREADS} threads added up to {total}");
    assert_eq!(total, ADDITIONS * (1..=THREADS).sum::<u64>());
    Ok(())
}
