//! A child that blocks its thread.

use std::future::pending;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use corecast::{
    Actor, ActorContext, ChildSpec, ChildState, Handler, Message, ReplyErrorReason, ShutdownPolicy, StopReason,
};

use super::builder;
use crate::support::{LIMIT, eventually, recv, system, wait, within};

struct Blocks;
impl Actor for Blocks {}

/// Block the thread until this comes, and then await what never comes.
struct Block {
    entered: Sender<()>,
    until: Receiver<()>,
}

impl Message for Block {
    type Result = ();
}

impl Handler<Block> for Blocks {
    async fn handle(&mut self, Block { entered, until }: Block, _: &mut ActorContext<Self>) {
        entered.send(()).unwrap();
        recv(&until);
        drop(until);
        pending().await
    }
}

#[test]
fn one_that_blocks_its_thread_is_cut_when_its_handler_awaits() {
    for shutdown in [ShutdownPolicy::Brutal, ShutdownPolicy::Within(Duration::from_millis(1))] {
        let system = system(2);
        let spec = ChildSpec::new("a", || Blocks).shutdown(shutdown);
        let supervisor = wait(system.spawn(builder().child(spec).build().unwrap())).unwrap();
        let child = wait(supervisor.child::<Blocks>("a")).unwrap();
        let (entered, has_entered) = channel();
        let (release, until) = channel();
        let reply = child.try_send(Block { entered, until }).unwrap();
        recv(&has_entered);
        let asked = supervisor.clone();
        let ending = std::thread::spawn(move || wait(asked.terminate_child("a")));
        // The supervisor serves others meanwhile.
        eventually("it has been told", || wait(supervisor.which_children()).unwrap()[0].state == ChildState::Stopping);
        assert!(!ending.is_finished());
        release.send(()).unwrap();
        within(LIMIT, move || ending.join().unwrap()).unwrap();
        assert!(matches!(wait(reply).unwrap_err().reason(), ReplyErrorReason::Killed));
        assert!(matches!(wait(child.stopped()), StopReason::Killed));
        assert!(supervisor.is_alive());
    }
}
