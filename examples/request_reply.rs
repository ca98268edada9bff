//! Requests and their replies: a result of the handler's own type, one request to many actors at
//! once, and what a request to an actor that has stopped comes back with.

use std::error::Error;

use corecast::{Actor, ActorContext, ActorSystem, Handler, Message};
use futures::future::join_all;

/// A shelf of one article.
struct Shelf {
    stock: u32,
}

impl Actor for Shelf {}

/// Takes some of the article, or says how much is missing.
#[derive(Debug)]
struct Take(u32);

/// What the shelf is short of.
#[derive(Debug, PartialEq)]
struct Missing(u32);

impl Message for Take {
    type Result = Result<u32, Missing>;
}

impl Handler<Take> for Shelf {
    async fn handle(&mut self, Take(wanted): Take, _: &mut ActorContext<Self>) -> Result<u32, Missing> {
        match self.stock.checked_sub(wanted) {
            Some(left) => {
                self.stock = left;
                Ok(left)
            }
            None => Err(Missing(wanted - self.stock)),
        }
    }
}

struct Stock;

impl Message for Stock {
    type Result = u32;
}

impl Handler<Stock> for Shelf {
    async fn handle(&mut self, _: Stock, _: &mut ActorContext<Self>) -> u32 {
        self.stock
    }
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let system = ActorSystem::new()?;
    system.block_on(async {
        let shelf = system.spawn(Shelf { stock: 10 }).await?;

        // The handler's own result arrives as it is, an `Err` included.
        let left = shelf.send(Take(7)).await?;
        let missing = shelf.send(Take(5)).await?;
        println!("took 7, left {left:?}; asked for 5, {missing:?}");
        assert_eq!(left, Ok(3));
        assert_eq!(missing, Err(Missing(2)));

        // One request to many: all are placed at the call, the replies are awaited together.
        let mut shelves = vec![shelf];
        for stock in [20, 30] {
            shelves.push(system.spawn(Shelf { stock }).await?);
        }
        let replies = join_all(shelves.iter().map(|shelf| shelf.send(Stock))).await;
        let stock = replies.into_iter().sum::<Result<u32, _>>()?;
        println!("{} shelves hold {stock}", shelves.len());
        assert_eq!(stock, 53);

        // A request that was not accepted brings its message back and names the actor and the cause.
        let closed = &shelves[0];
        closed.stop();
        closed.stopped().await;
        let refused = closed.send(Take(1)).await.expect_err("the shelf has stopped");
        println!("refused: {refused}");
        assert!(matches!(refused.into_message(), Some(Take(1))));
        Ok(())
    })
}
