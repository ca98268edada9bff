//! A circle of actors that wait for one another: it is found at once, and the call that closes it fails with the names
//! of all members. Then two ways out: not to wait, and to limit the wait.

use std::error::Error;
use std::time::Duration;

use corecast::{Actor, ActorContext, ActorRef, ActorSystem, Handler, Message, SendErrorReason};

/// A warehouse that orders from another one what it lacks.
struct Warehouse {
    city: &'static str,
    stock: u32,
}

impl Actor for Warehouse {}

/// Wants some of the goods; what isn't there comes from `other`.
struct Order {
    wanted: u32,
    other: Option<ActorRef<Warehouse>>,
    /// How long to wait for the other one.
    patience: Option<Duration>,
}

impl Message for Order {
    type Result = Result<u32, String>;
}

impl Handler<Order> for Warehouse {
    async fn handle(&mut self, order: Order, ctx: &mut ActorContext<Self>) -> Result<u32, String> {
        if let Some(left) = self.stock.checked_sub(order.wanted) {
            self.stock = left;
            return Ok(order.wanted);
        }
        let Some(other) = order.other else { return Err(format!("{} has too little", self.city)) };
        // The other one may lack the goods, too. Then it asks back, while this handler waits for it.
        let back = Order { wanted: order.wanted, other: Some(ctx.actor_ref()), patience: order.patience };
        let request = other.send(back);
        let reply = match order.patience {
            Some(patience) => request.timeout(patience).await,
            None => request.await,
        };
        match reply {
            Ok(outcome) => outcome,
            Err(error) => match error.reason() {
                SendErrorReason::Circle(circle) => Err(format!("{} found a circle: {circle}", self.city)),
                _ => Err(format!("{} gave up: {error}", self.city)),
            },
        }
    }
}

/// What is left.
struct Count;

impl Message for Count {
    type Result = u32;
}

impl Handler<Count> for Warehouse {
    async fn handle(&mut self, _: Count, _: &mut ActorContext<Self>) -> u32 {
        self.stock
    }
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let system = ActorSystem::new()?;
    system.block_on(async {
        let ghent = system.spawn(Warehouse { city: "Ghent", stock: 1 }).name("ghent").await?;
        let bruges = system.spawn(Warehouse { city: "Bruges", stock: 2 }).name("bruges").await?;

        // Ghent asks Bruges, which asks Ghent, which waits for Bruges. Bruges is told, and Ghent gets its reply.
        let order = Order { wanted: 9, other: Some(bruges.clone()), patience: None };
        let outcome = ghent.send(order).await?;
        println!("without a limit: {outcome:?}");
        assert!(outcome.is_err_and(|text| text.starts_with("Bruges found a circle: `bruges`")));

        // A wait with a limit ends by itself: the first to lose patience is told so.
        let patience = Some(Duration::from_millis(20));
        let order = Order { wanted: 9, other: Some(bruges.clone()), patience };
        let outcome = ghent.send(order).await?;
        println!("with a limit: {outcome:?}");
        assert!(outcome.is_err_and(|text| text.contains("gave up")));

        // Nobody is the worse for it. What was asked in the circle is handled when its actor comes to it.
        assert_eq!((ghent.send(Count).await?, bruges.send(Count).await?), (1, 2));
        Ok(())
    })
}
