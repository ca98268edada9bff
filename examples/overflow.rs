//! A subscriber that falls behind, by what its subscription does about it. While it is busy, a hundred prices come:
//! one subscription sheds the newest, one keeps the last eight, one the latest alone.

use std::error::Error;

use corecast::{Actor, ActorContext, ActorSystem, Handler, Mailbox, Message, Overflow};
use futures::channel::oneshot;

const PRICES: u64 = 100;

#[derive(Clone)]
struct Price(u64);

impl Message for Price {
    type Result = ();
}

/// Draws prices, and notes where there is a gap.
#[derive(Default)]
struct Chart(Vec<(u64, u64)>);

impl Actor for Chart {}

impl Handler<Price> for Chart {
    async fn handle(&mut self, price: Price, ctx: &mut ActorContext<Self>) {
        self.0.push((price.0, ctx.missed()));
    }
}

/// Keeps the chart busy until the gate opens.
struct Busy(oneshot::Receiver<()>);

impl Message for Busy {
    type Result = ();
}

impl Handler<Busy> for Chart {
    async fn handle(&mut self, busy: Busy, _: &mut ActorContext<Self>) {
        // A dropped sender opens the gate as well, so its error needs no answer.
        let _ = busy.0.await;
    }
}

/// Asks for what has been drawn, with the gaps.
struct Drawn;

impl Message for Drawn {
    type Result = Vec<(u64, u64)>;
}

impl Handler<Drawn> for Chart {
    async fn handle(&mut self, _: Drawn, _: &mut ActorContext<Self>) -> Vec<(u64, u64)> {
        self.0.clone()
    }
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let system = ActorSystem::new()?;
    let broker = system.broker();
    system.block_on(async {
        for overflow in [Overflow::DropNewest, Overflow::DropOldest(8), Overflow::Latest] {
            let chart = system.spawn(Chart::default()).mailbox(Mailbox::bounded(16)).await?;
            let sub = broker.subscribe::<Price>("prices.*", &chart).overflow(overflow).await?.into_guard();

            let (open, gate) = oneshot::channel();
            chart.tell(Busy(gate)).await?;
            for price in 1..=PRICES {
                broker.publish("prices.tea", Price(price)).await?;
            }
            open.send(()).expect("the chart holds the gate");

            // What was kept is drawn when the subscription has neither shed nor kept back the rest.
            let drawn = loop {
                let drawn = chart.send(Drawn).await?;
                if drawn.len() as u64 + sub.missed() == PRICES {
                    break drawn;
                }
            };
            println!("{overflow:?}: {} missed, drawn: {drawn:?}", sub.missed());
            match overflow {
                Overflow::DropNewest => assert_eq!(drawn[0], (1, 0)),
                _ => assert_eq!(drawn.last().map(|(price, _)| *price), Some(PRICES)),
            }
        }
        Ok(())
    })
}
