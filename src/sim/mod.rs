//! A simulator: your actors and the shipped runtime on one thread, under a seed. With the feature `sim`.
//!
//! What goes wrong in an actor system is mostly a matter of orders: whose message comes first, who acts between two awaits
//! of a handler, whether a reply is in time. On real workers such an order comes once in a million runs, and not again.
//! Here it is a decision of a seed's: a check runs a test under many of them, and each failure can be had again.
//!
//! ```
//! use corecast::{Actor, ActorContext, ActorRef, Handler, Message};
//! use corecast::sim::Check;
//!
//! struct Account(u64);
//! impl Actor for Account {}
//!
//! struct Balance;
//! impl Message for Balance {
//!     type Result = u64;
//! }
//! impl Handler<Balance> for Account {
//!     async fn handle(&mut self, _: Balance, _: &mut ActorContext<Self>) -> u64 {
//!         self.0
//!     }
//! }
//!
//! struct SetTo(u64);
//! impl Message for SetTo {
//!     type Result = ();
//! }
//! impl Handler<SetTo> for Account {
//!     async fn handle(&mut self, SetTo(balance): SetTo, _: &mut ActorContext<Self>) {
//!         self.0 = balance;
//!     }
//! }
//!
//! /// Pays in by reading the balance and writing it back: another teller may have been there in between.
//! struct Teller(ActorRef<Account>);
//! impl Actor for Teller {}
//!
//! struct PayIn(u64);
//! impl Message for PayIn {
//!     type Result = ();
//! }
//! impl Handler<PayIn> for Teller {
//!     async fn handle(&mut self, PayIn(sum): PayIn, _: &mut ActorContext<Self>) {
//!         let balance = self.0.send(Balance).await.expect("it is open");
//!         self.0.send(SetTo(balance + sum)).await.expect("it is open");
//!     }
//! }
//!
//! let failure = Check::new().runs(1_000).try_run(|sim| {
//!     let system = sim.system();
//!     let account = system.spawn(Account(0)).name("account").start()?;
//!     for name in ["one", "other"] {
//!         system.spawn(Teller(account.clone())).name(name).start()?.try_tell(PayIn(5))?;
//!     }
//!     sim.run_until_quiescent()?;
//!     assert_eq!(account.blocking_send(Balance)?, 10);
//!     Ok(())
//! });
//! // Says how: which seed it was, and who did what in the shortest schedule that was found.
//! println!("{}", failure.expect_err("an update is lost"));
//! ```
//!
//! [`check`] does the same and panics, for tests. With `CORECAST_SEED=n` in the environment it runs that seed alone and
//! prints what happens, failure or not.
//!
//! The guide `docs/finding-bugs.md`, which comes with the crate's source, takes three bugs from their code to what is printed
//! and to the fix.
//!
//! # What is simulated
//!
//! Within a check every [`ActorSystem`](crate::ActorSystem) has workers without threads. Mailboxes, tasks, replies, timers,
//! the broker, names, shutdown and the detection of circles are the code that ships; replaced are
//!
//! | what | by |
//! |---|---|
//! | who runs next | a decision, among all who could: actors that are scheduled, closures that may block, the test itself if it has been woken |
//! | the length of a turn | a start, one message, or a handler up to its next await that waits |
//! | an await that would succeed at once | a decision whether others go first |
//! | time | a clock that stands while anybody can act, and then jumps to the next timer |
//! | threads for blocking closures, and the one that ends a system | turns |
//! | what would block the test's thread: `block_on`, the `blocking_*` verbs, the drop of a system | the others' turns, until it is over |
//!
//! [`ActorContext::uptime`](crate::ActorContext::uptime) tells the virtual time. What goes wrong in a run besides is a matter
//! of [`Fault`]s; whatever they do stays within what corecast guarantees.
//!
//! # What decides
//!
//! A number for each decision, out of so many; they come from the seed ([`Strategy::RandomWalk`], [`Strategy::Pct`]) or are
//! gone through one after the other ([`Strategy::Exhaustive`]). Nothing else decides: no address, no hash, no real time. So
//! a seed is the same run on any machine, for the same test, corecast and settings. A failure is replayed by its decisions,
//! which are then set to zero and left out as long as it fails in the same way: zero is what a quiet machine would do.
//!
//! # What isn't simulated
//!
//! | in a handler or a test | then |
//! |---|---|
//! | `Instant::now`, random numbers, the order of a `HashMap` | the seed doesn't decide alone. A failure that doesn't come again is reported as such |
//! | another thread that sends to an actor | the run fails, and says so |
//! | `blocking_*` and `block_on` in a handler | refused, as on any worker |
//! | another executor's `block_on`, a lock or a channel that another actor is to release | the thread waits for itself, for ever: use [`Sim::block_on`], or await |
//! | a handler that computes | takes no time |
//! | two turns at the same time | there is one thread: data races and orders of memory are out of sight. Those of corecast itself are the business of its models |
//!
//! When a system is dropped its actors end in a fixed order; await its `shutdown` to have that explored. What runs on which
//! worker is drawn from the step's number: it shows only in [`ActorContext::worker`](crate::ActorContext::worker).
#![forbid(unsafe_code)]

mod check;
mod choice;
mod engine;
mod error;
mod fault;
mod play;
mod shrink;
mod trace;

pub use check::{Cause, Check, Failure, Outcome, Report, check};
pub use choice::Strategy;
pub use engine::LeftOver;
pub use error::SimError;
pub use fault::Fault;
pub use play::Sim;
pub use trace::Trace;

pub use crate::system::wait::Wait;

#[cfg(all(test, not(corecast_loom)))]
mod tests;
