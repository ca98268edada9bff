//! Models of trees: a supervisor that is stopped or killed while a child is started in it.
//!
//! These are whole systems, through the door that users have, [`corecast::loom`]: with the shipped atomics, for a supervisor and
//! its child, and in all orders of turns, for a tree.

use corecast::loom::Model;
use corecast::{
    Actor, ActorContext, ActorError, ActorRef, ActorSystem, ChildError, ChildSpec, StopReason, Strategy, Supervisor,
};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::Poll;

/// What has become of children.
#[derive(Debug, Default)]
struct Seen {
    made: u32,
    started: u32,
    stopped: u32,
    dropped: u32,
}

#[derive(Clone, Default)]
struct Book(Arc<Mutex<Seen>>);

impl Book {
    fn note(&self, note: impl FnOnce(&mut Seen)) {
        note(&mut self.0.lock().unwrap());
    }

    /// What starts a child.
    fn spec(&self, id: &str, is_slow: bool) -> ChildSpec<Child> {
        let book = self.clone();
        ChildSpec::new(id, move || {
            book.note(|seen| seen.made += 1);
            Child { book: book.clone(), is_slow }
        })
    }

    /// The supervisor has ended: nobody has outlived it, and who has started was stopped, once.
    fn is_closed(&self) {
        let seen = self.0.lock().unwrap();
        assert!(seen.made == seen.dropped && seen.started == seen.stopped, "{seen:?}");
    }

    /// What came of the start of the only child.
    fn settle(&self, started: Result<ActorRef<Child>, ChildError>) -> &'static str {
        self.is_closed();
        let seen = self.0.lock().unwrap();
        assert!(seen.made <= 1, "{seen:?}");
        match started {
            Ok(child) => {
                assert!(seen.started == 1 && !child.is_alive(), "{seen:?}");
                "started"
            }
            Err(ChildError::ShuttingDown) if seen.started == 1 => "refused, and stopped",
            Err(ChildError::ShuttingDown) => "refused",
            Err(error) => panic!("{error}: {seen:?}"),
        }
    }
}

struct Child {
    book: Book,
    /// Its start waits once.
    is_slow: bool,
}

impl Actor for Child {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        if self.is_slow {
            ctx.yield_now().await;
        }
        self.book.note(|seen| seen.started += 1);
        Ok(())
    }

    async fn post_stop(&mut self, _reason: &StopReason, _ctx: &mut ActorContext<Self>) {
        self.book.note(|seen| seen.stopped += 1);
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.book.note(|seen| seen.dropped += 1);
    }
}

/// Polls a future once.
async fn once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}

/// How a supervisor is ended.
type End = fn(&ActorRef<Supervisor>);

/// Explores, and looks whether each of the `expected` outcomes was seen, and no other.
fn explore(model: &Model, expected: &[&'static str], body: impl Fn(&ActorSystem) -> &'static str) {
    let seen = RefCell::new(BTreeSet::new());
    let report = model.run(|system| {
        let outcome = body(system);
        seen.borrow_mut().insert(outcome);
    });
    println!("    {} executions: {:?}", report.runs(), seen.borrow());
    assert_eq!(seen.take(), expected.iter().copied().collect());
}

/// The worker is anywhere between the order and the child's start, when the supervisor is told to end.
fn a_start_against(end: End, expected: &[&'static str]) {
    let model = Model::new().atomics(true);
    explore(&model, expected, |system| {
        let book = Book::default();
        let supervisor = Supervisor::builder(Strategy::OneForOne).build().unwrap();
        let supervisor = system.spawn(supervisor).start().unwrap();
        let started = system.block_on(async {
            let mut starting = pin!(supervisor.start_child(book.spec("child", false)));
            let early = once(starting.as_mut()).await;
            end(&supervisor);
            let started = match early {
                Poll::Ready(started) => started,
                Poll::Pending => starting.await,
            };
            supervisor.stopped().await;
            started
        });
        book.settle(started)
    });
}

#[test]
fn a_start_of_a_child_against_the_stop_of_its_supervisor() {
    a_start_against(ActorRef::stop, &["refused, and stopped", "started"]);
}

#[test]
fn a_start_of_a_child_against_the_kill_of_its_supervisor() {
    a_start_against(ActorRef::kill, &["refused", "refused, and stopped", "started"]);
}

/// Ends the tree, when it is its turn.
struct Axe(ActorRef<Supervisor>, End);

impl Actor for Axe {
    async fn pre_start(&mut self, _ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        (self.1)(&self.0);
        Ok(())
    }
}

/// The same in all orders of turns, for a child whose start takes a while.
fn a_slow_start_against(end: End, expected: &[&'static str]) {
    explore(&Model::new(), expected, |system| {
        let book = Book::default();
        let supervisor = Supervisor::builder(Strategy::OneForOne).build().unwrap();
        let supervisor = system.spawn(supervisor).start().unwrap();
        system.block_on(async {
            let mut starting = pin!(supervisor.start_child(book.spec("child", true)));
            let early = once(starting.as_mut()).await;
            system.spawn(Axe(supervisor.clone(), end)).start().unwrap();
            supervisor.stopped().await;
            // Before anybody else has a turn: nobody is left whose end is yet to come.
            book.is_closed();
            book.settle(match early {
                Poll::Ready(started) => started,
                Poll::Pending => starting.await,
            })
        })
    });
}

#[test]
fn a_slow_start_of_a_child_against_the_stop_of_its_supervisor() {
    a_slow_start_against(ActorRef::stop, &["refused, and stopped", "started"]);
}

#[test]
fn a_slow_start_of_a_child_against_the_kill_of_its_supervisor() {
    a_slow_start_against(ActorRef::kill, &["refused", "refused, and stopped", "started"]);
}

/// The whole tree is on its way up when it is ended: a branch that is killed while it starts takes its child along.
fn the_start_of_a_tree_against(end: End, expected: &[&'static str]) {
    explore(&Model::new(), expected, |system| {
        let book = Book::default();
        let branch =
            Supervisor::builder(Strategy::OneForOne).child(book.spec("first", false)).child(book.spec("second", true));
        let branch = ChildSpec::supervisor("branch", move || branch.clone().build());
        let root = Supervisor::builder(Strategy::OneForOne).child(branch).build().unwrap();
        system.block_on(async {
            let root = system.spawn(root).start().unwrap();
            system.spawn(Axe(root.clone(), end)).start().unwrap();
            root.stopped().await;
        });
        book.is_closed();
        let started = book.0.lock().unwrap().started;
        ["none", "one", "both"][started as usize]
    });
}

#[test]
fn the_start_of_a_tree_against_its_stop() {
    the_start_of_a_tree_against(ActorRef::stop, &["both"]);
}

#[test]
fn the_start_of_a_tree_against_its_kill() {
    the_start_of_a_tree_against(ActorRef::kill, &["none", "one", "both"]);
}
