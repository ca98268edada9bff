//! The futures of `tell` and `send` under other executors: futures' `block_on` and its local pool,
//! and pollster. None of them knows anything of the system whose actors answer.

use std::error::Error;

use corecast::{Actor, ActorContext, ActorSystem, Handler, Message};
use futures::executor::LocalPool;
use futures::task::LocalSpawnExt;

struct Squares;

impl Actor for Squares {}

struct Square(u64);

impl Message for Square {
    type Result = u64;
}

impl Handler<Square> for Squares {
    async fn handle(&mut self, Square(n): Square, _: &mut ActorContext<Self>) -> u64 {
        n * n
    }
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let system = ActorSystem::new()?;
    let squares = pollster::block_on(system.spawn(Squares))?;

    let nine = futures::executor::block_on(squares.send(Square(3)))?;
    let sixteen = pollster::block_on(squares.send(Square(4)))?;

    let mut pool = LocalPool::new();
    let twenty_five = pool.spawner().spawn_local_with_handle(squares.send(Square(5)))?;
    let twenty_five = pool.run_until(twenty_five)?;

    println!("futures: {nine}, pollster: {sixteen}, a local pool: {twenty_five}");
    assert_eq!((nine, sixteen, twenty_five), (9, 16, 25));
    Ok(())
}
