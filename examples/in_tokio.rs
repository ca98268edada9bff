//! Actors inside a tokio program: the runtime's tasks tell and send, and await the replies as they
//! await anything else. The actors run on the system's own workers.

use std::error::Error;

use corecast::{Actor, ActorContext, ActorSystem, Handler, Message};

/// Adds up what the tasks report.
#[derive(Default)]
struct Sum(u64);

impl Actor for Sum {}

struct Add(u64);

impl Message for Add {
    type Result = u64;
}

impl Handler<Add> for Sum {
    async fn handle(&mut self, Add(n): Add, _: &mut ActorContext<Self>) -> u64 {
        self.0 += n;
        self.0
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let system = ActorSystem::new()?;
    let sum = system.spawn(Sum::default()).await?;

    let tasks: Vec<_> = (1..=10)
        .map(|n| {
            let sum = sum.clone();
            tokio::spawn(async move { sum.send(Add(n)).await })
        })
        .collect();
    for task in tasks {
        task.await??;
    }

    // The futures are `Unpin` and own what they need: they can be combined freely.
    let (told, total) = tokio::join!(sum.tell(Add(40)), sum.send(Add(5)));
    told?;
    let total = total?;
    println!("ten tasks and two more messages add up to {total}");
    assert_eq!(total, 100);

    // Awaited, so that dropping the system afterwards has no thread to wait for for long.
    let report = system.shutdown().await;
    assert!(report.is_clean());
    Ok(())
}
