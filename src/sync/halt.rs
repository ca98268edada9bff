//! Where a test halts a sender, to see whom that delays: in the crate's own tests. Elsewhere nothing of it is left.

/// A place on a sender's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spot {
    /// The message has its place in the mailbox, and isn't in it.
    Claimed,
    /// The message is there, and its actor isn't in any run queue, though it has to be.
    Published,
}

/// The calling thread has come to `spot`.
#[cfg(not(all(test, not(corecast_loom))))]
#[inline(always)]
pub(crate) const fn pass(_: Spot) {}

#[cfg(all(test, not(corecast_loom)))]
pub(crate) use testing::{Halted, pass, run_up_to};

#[cfg(all(test, not(corecast_loom)))]
mod testing {
    use super::Spot;
    use std::cell::RefCell;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::thread::{self, JoinHandle};

    struct Halt {
        spot: Spot,
        reached: Sender<()>,
        go: Receiver<()>,
    }

    thread_local! {
        static HALT: RefCell<Option<Halt>> = const { RefCell::new(None) };
    }

    /// The calling thread has come to `spot`. If it is to be halted there, it is, and this once.
    pub(crate) fn pass(spot: Spot) {
        let halt = HALT.with(|halt| halt.borrow_mut().take_if(|halt| halt.spot == spot));
        if let Some(Halt { reached, go, .. }) = halt {
            reached.send(()).expect("the test waits");
            go.recv().expect("the test lets it go on");
        }
    }

    /// A thread that is halted. It never goes on unless it is let go.
    #[derive(Debug)]
    pub(crate) struct Halted<T> {
        go: Sender<()>,
        thread: JoinHandle<T>,
    }

    /// Runs `deed` on a thread of its own, which is halted at `spot` when this returns.
    pub(crate) fn run_up_to<T: Send + 'static>(spot: Spot, deed: impl FnOnce() -> T + Send + 'static) -> Halted<T> {
        let ((reached, is_reached), (go, may_go)) = (channel(), channel());
        let thread = thread::spawn(move || {
            HALT.with(|halt| *halt.borrow_mut() = Some(Halt { spot, reached, go: may_go }));
            deed()
        });
        is_reached.recv().expect("it comes there");
        Halted { go, thread }
    }

    impl<T> Halted<T> {
        /// Lets it go on, and waits for what comes of it.
        pub(crate) fn let_go(self) -> T {
            self.go.send(()).expect("it is halted");
            self.thread.join().expect("it doesn't panic")
        }
    }
}
