//! Topics and patterns: `*` is one token, `>` is one or more at the end. A pattern of one type of event matches topics
//! of that type only, and an actor may subscribe as often as it likes.

use std::error::Error;

use corecast::{Actor, ActorContext, ActorSystem, Handler, Message};

#[derive(Clone)]
struct OrderCreated {
    id: u64,
}

impl Message for OrderCreated {
    type Result = ();
}

/// Notes the orders that come.
#[derive(Default)]
struct Desk(Vec<u64>);

impl Actor for Desk {}

impl Handler<OrderCreated> for Desk {
    async fn handle(&mut self, order: OrderCreated, _: &mut ActorContext<Self>) {
        self.0.push(order.id);
    }
}

struct Orders;

impl Message for Orders {
    type Result = Vec<u64>;
}

impl Handler<Orders> for Desk {
    async fn handle(&mut self, _: Orders, _: &mut ActorContext<Self>) -> Vec<u64> {
        self.0.clone()
    }
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let system = ActorSystem::new()?;
    let broker = system.broker();
    system.block_on(async {
        let patterns = ["orders.eu.books", "orders.eu.*", "orders.*.books", "orders.>"];
        let mut desks = Vec::new();
        for pattern in patterns {
            let desk = system.spawn(Desk::default()).await?;
            broker.subscribe::<OrderCreated>(pattern, &desk).await?;
            desks.push((pattern, desk));
        }

        let topics = ["orders.eu.books", "orders.us.books", "orders.eu.toys", "orders.eu.toys.wooden"];
        for (id, topic) in (1..).zip(topics) {
            let published = broker.publish(topic, OrderCreated { id }).await?;
            println!("order {id} on {topic} reached {}", published.reached());
        }

        let mut seen = Vec::new();
        for (pattern, desk) in &desks {
            let orders = desk.send(Orders).await?;
            println!("{pattern}: {orders:?}");
            seen.push(orders);
        }
        assert_eq!(seen, [vec![1], vec![1, 3], vec![1, 2], vec![1, 2, 3, 4]]);

        // Where many orders go the same way, the topic is looked up once.
        let books = broker.topic::<OrderCreated>("orders.eu.books")?;
        assert_eq!(books.publish(OrderCreated { id: 5 }).await?.reached(), 4);
        Ok(())
    })
}
