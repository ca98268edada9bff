//! The smallest program: one actor, one message told and one sent.

use corecast::{Actor, ActorContext, ActorSystem, Handler, Message};

/// Greets people and remembers how many there were.
#[derive(Default)]
struct Greeter {
    greeted: u32,
}

impl Actor for Greeter {}

struct Greet(&'static str);

impl Message for Greet {
    type Result = ();
}

impl Handler<Greet> for Greeter {
    async fn handle(&mut self, Greet(name): Greet, _: &mut ActorContext<Self>) {
        self.greeted += 1;
        println!("hello, {name}");
    }
}

struct HowMany;

impl Message for HowMany {
    type Result = u32;
}

impl Handler<HowMany> for Greeter {
    async fn handle(&mut self, _: HowMany, _: &mut ActorContext<Self>) -> u32 {
        self.greeted
    }
}

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let system = ActorSystem::new()?;
    let greeted = system.block_on(async {
        let greeter = system.spawn(Greeter::default()).await?;
        // `tell` resolves when the message has its place in the mailbox, `send` with the handler's result.
        greeter.tell(Greet("world")).await?;
        greeter.tell(Greet("reader")).await?;
        let greeted = greeter.send(HowMany).await?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(greeted)
    })?;

    println!("greeted {greeted}");
    assert_eq!(greeted, 2);
    Ok(())
}
