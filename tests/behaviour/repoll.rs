//! A future that is polled again after it was ready panics; it never touches memory that is another's by now.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::support::{run, spawn, system, wait};

/// Polls `future` until it is ready, and then once more.
fn is_stopped_by_a_panic<F: Future + Unpin>(mut future: F) -> bool {
    let ready = |future: &mut F| Pin::new(future).poll(&mut Context::from_waker(Waker::noop())).is_ready();
    while !ready(&mut future) {
        std::thread::yield_now();
    }
    catch_unwind(AssertUnwindSafe(|| ready(&mut future))).is_err()
}

#[test]
fn a_reply_that_was_taken_is_not_taken_again() {
    let system = system(1);
    let (actor, _events) = spawn(&system);
    assert!(is_stopped_by_a_panic(actor.send(run(|_ctx| 1))));
    assert!(is_stopped_by_a_panic(actor.try_send(run(|_ctx| 1)).unwrap()));
    assert!(is_stopped_by_a_panic(system.spawn_blocking(|| 1)));
    assert_eq!(wait(actor.send(run(|_ctx| 2))).unwrap(), 2, "the slot is recycled unharmed");
}

#[test]
fn a_tell_that_is_done_stays_done() {
    let system = system(1);
    let (actor, _events) = spawn(&system);
    let mut tell = actor.tell(run(|_ctx| ()));
    for _ in 0..2 {
        assert!(matches!(Pin::new(&mut tell).poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(Ok(()))));
    }
}
