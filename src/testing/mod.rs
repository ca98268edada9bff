//! A test kit: for systems on real workers and in the [simulator](crate::sim) alike. With the feature `sim`.
//!
//! | what | for |
//! |---|---|
//! | [`Probe`] | an actor that keeps what it is sent, for the test to look at in order |
//! | [`Watch`] | panics of actors and dead letters as assertions |
//!
//! A test that says how long it waits waits in the time of its system: real time on real workers, virtual time in a
//! simulation, where it passes at once. So a test body can be run on both:
//!
//! ```
#![doc = include_str!("../doc/counter.txt")]
//! use std::time::Duration;
//! use corecast::ActorSystem;
//! use corecast::testing::{Probe, Watch};
//!
//! /// Reports the sum.
//! struct Report(corecast::Recipient<Sum>);
//! struct Sum(u64);
//! impl Message for Sum {
//!     type Result = ();
//! }
//! impl Message for Report {
//!     type Result = ();
//! }
//! impl Handler<Report> for Counter {
//!     async fn handle(&mut self, report: Report, _: &mut ActorContext<Self>) {
//!         let _ = report.0.tell(Sum(self.0)).await;
//!     }
//! }
//!
//! fn body() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//!     let watch = Watch::new();
//!     let system = ActorSystem::builder().observer(watch.observer()).build()?;
//!     let probe = Probe::<Sum>::spawn(&system)?;
//!     let counter = system.spawn(Counter(0)).start()?;
//!     counter.try_tell(Add(3))?;
//!     counter.try_tell(Report(probe.recipient()))?;
//!     assert_eq!(probe.expect(Duration::from_secs(10)).0, 3);
//!     probe.expect_none(Duration::from_millis(1));
//!     Ok(())
//! }
//!
//! body()?; // on real workers
//! corecast::sim::check(20, |_| body()); // under twenty seeds
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! ```
#![forbid(unsafe_code)]

mod probe;
mod watch;

pub use probe::{Catcher, Probe};
pub use watch::{Watch, Watcher};
