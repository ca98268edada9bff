//! The shop as it runs: on workers, without a model.
#![cfg(not(corecast_loom))]

use corecast::ActorSystem;
use model_checked::{Clerk, Left, Receipts, Sell, Stock};

#[test]
fn clerks_sell_what_there_is() {
    let system = ActorSystem::builder().workers(2).build().unwrap();
    let (stock, receipts) = (system.spawn(Stock(10)).start().unwrap(), Receipts::default());
    let clerks = ["one", "other"].map(|name| system.spawn(Clerk::new(name, &stock, &receipts)).start().unwrap());
    let sales: Vec<_> = (0..12).map(|sale| clerks[sale % 2].try_send(Sell).unwrap()).collect();
    let sold = sales.into_iter().map(|sale| system.block_on(sale).unwrap());
    assert_eq!(sold.filter(|&sold| sold).count(), 10);
    assert_eq!((stock.blocking_send(Left).unwrap(), receipts.len()), (0, 10));
}
