//! A shop: a stock, and clerks who sell out of it.

use std::sync::Arc;

use corecast::{Actor, ActorContext, ActorRef, Handler, Message};
use crossbeam_queue::SegQueue;
use tokio::sync::Semaphore;

/// How many pieces there are.
pub struct Stock(pub u32);

impl Actor for Stock {}

/// Takes a piece, if there is one.
pub struct Take;

impl Message for Take {
    type Result = bool;
}

impl Handler<Take> for Stock {
    async fn handle(&mut self, _: Take, _: &mut ActorContext<Self>) -> bool {
        let left = self.0.checked_sub(1);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }
}

/// Asks how many pieces are left.
pub struct Left;

impl Message for Left {
    type Result = u32;
}

impl Handler<Left> for Stock {
    async fn handle(&mut self, _: Left, _: &mut ActorContext<Self>) -> u32 {
        self.0
    }
}

/// So many pieces are left.
pub struct Count(pub u32);

impl Message for Count {
    type Result = ();
}

impl Handler<Count> for Stock {
    async fn handle(&mut self, Count(left): Count, _: &mut ActorContext<Self>) {
        self.0 = left;
    }
}

/// Who has sold something.
pub type Receipts = Arc<SegQueue<&'static str>>;

/// Sells: a piece for each message.
pub struct Clerk {
    name: &'static str,
    stock: ActorRef<Stock>,
    receipts: Receipts,
    /// Whether it looks, thinks, and writes down what it has thought of.
    is_hasty: bool,
    /// The till, which one clerk uses at a time.
    till: Arc<Semaphore>,
}

impl Clerk {
    /// A clerk who takes what it sells.
    pub fn new(name: &'static str, stock: &ActorRef<Stock>, receipts: &Receipts) -> Self {
        let till = Arc::new(Semaphore::new(1));
        Self { name, stock: stock.clone(), receipts: Arc::clone(receipts), is_hasty: false, till }
    }

    /// A clerk who counts what is there, and writes down what will be left.
    pub fn hasty(name: &'static str, stock: &ActorRef<Stock>, receipts: &Receipts) -> Self {
        Self { is_hasty: true, ..Self::new(name, stock, receipts) }
    }

    /// The same clerk at this till.
    pub fn at(self, till: &Arc<Semaphore>) -> Self {
        Self { till: Arc::clone(till), ..self }
    }
}

impl Actor for Clerk {}

/// Sells a piece. Returns whether there was one.
pub struct Sell;

impl Message for Sell {
    type Result = bool;
}

impl Handler<Sell> for Clerk {
    async fn handle(&mut self, _: Sell, _: &mut ActorContext<Self>) -> bool {
        let _till = self.till.acquire().await.expect("the till is open");
        let sold = if self.is_hasty {
            let left = self.stock.send(Left).await.expect("the stock is there");
            if left > 0 {
                self.stock.send(Count(left - 1)).await.expect("the stock is there");
            }
            left > 0
        } else {
            self.stock.send(Take).await.expect("the stock is there")
        };
        if sold {
            self.receipts.push(self.name);
        }
        sold
    }
}

/// What corecast's documentation shows, so that it compiles in a crate like this one.
#[cfg(all(doctest, corecast_loom))]
#[doc = include_str!("../../../docs/model-checking.md")]
struct Documentation;
