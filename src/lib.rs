//! corecast: a lock-free, thread-per-core actor runtime with an executor of its own.
//!
//! Actors keep private state and handle one message at a time. Messages are typed, and say what comes back for
//! them; they lie by value in lock-free mailboxes, and a work-stealing scheduler runs the actors that have any.
//!
//! ```
//! use corecast::{Actor, ActorContext, ActorSystem, Handler, Message};
//!
//! struct Counter(u64);
//! impl Actor for Counter {}
//!
//! struct Add(u64);
//! impl Message for Add {
//!     type Result = u64;
//! }
//!
//! impl Handler<Add> for Counter {
//!     async fn handle(&mut self, msg: Add, _ctx: &mut ActorContext<Self>) -> u64 {
//!         self.0 += msg.0;
//!         self.0
//!     }
//! }
//!
//! fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//!     let system = ActorSystem::new()?;
//!     system.block_on(async {
//!         let counter = system.spawn(Counter(0)).await?;
//!         counter.tell(Add(1)).await?; // fire and forget
//!         let sum = counter.send(Add(2)).await?; // request and reply
//!         assert_eq!(sum, 3);
//!         Ok(())
//!     })
//! }
//! ```
//!
//! # Guarantees
//!
//! 1. A message that a verb accepted is handled exactly once; or it fails with its handler, which is recorded; or it
//!    becomes a dead letter, with a reason. A message that wasn't accepted comes back in the error.
//! 2. Messages from one sender to one actor are handled in the order of the calls.
//! 3. A `send` ends when the fate of its message is decided, or when its time is up if it has a limit, with the reply or
//!    an error that names the cause.
//! 4. A stop or a kill is never refused and never waits for room; a kill overtakes what is queued.
//! 5. An actor handles one message at a time and is never run by two workers at once.
//! 6. No verb blocks a worker thread.
//! 7. A timer never fires early, and what is due fires as soon as a worker is free, passing ahead of a full mailbox.
//! 8. An actor is alive while it can be reached: by a reference, by its name, or by a subscription or the membership of a
//!    group, made with one.
//! 9. An event that a subscription takes is handled, fails or becomes a dead letter as any message does, or it is shed
//!    because the subscription asks for that, and counted.
//! 10. The end of an actor is heard once by each that watches it, with its reason, when its name is free and it has left all
//!     groups, ahead of what waits in the mailbox; and after an unwatch not at all.
//! 11. A restart of a supervised actor keeps what refers to it, its name, its subscriptions and its mailbox with what waits in
//!     it; its state is made anew.
//! 12. No child outlives its supervisor, and no supervisor misses the end of a child.
//!
//! # What is not guaranteed
//!
//! Delivery of a message that was accepted, if its actor or its system ends first: it is a dead letter then. Order
//! between different senders. Progress while a handler computes or blocks its thread: other actors go on on other
//! workers, this one doesn't. That each circle of actors that await one another is found: waits of several systems, or of
//! an executor within a handler, aren't (see the README). How late a timer fires: by some tens of microseconds when a
//! worker is free. With `panic = "abort"`, a panic ends the process. *Lock-free* is said per method; a sender that the
//! operating system interrupts between claiming a place and filling it, or between waking an idle actor and queueing it,
//! delays that one actor (see the mailbox's README in the source).
//!
//! # Supervision
//!
//! A [`Supervisor`] is an actor that starts others, described by a [`ChildSpec`] each, and makes those anew that fail;
//! a [`DynamicSupervisor`] has children of one kind. Strategies and restart types are those of OTP. docs/supervision.md says how
//! to choose, what survives a restart, and how to test it.
//!
//! # Tests
//!
//! With the feature `sim`, the module `sim` runs actors on one thread, under a seed and in virtual time, and `testing` has
//! what their tests are made with. With `RUSTFLAGS="--cfg corecast_loom"` there is the module `loom`, besides:
//! `corecast::loom::model(|system| ..)` goes through all orders of a small case. docs/model-checking.md says how.
//!
//! # The layers
//!
//! Imports point down only: `sync` (the facade over std and the model checker), `memory` (recycled blocks), `mailbox`
//! and `reply` (the lock-free parts), `task` (one actor's cell and activation), `scheduler` (workers, queues, sleep),
//! `actor` (traits and references), `broker` (publish and subscribe, groups), `system` (the composition root), `supervision`
//! (supervisors, which are actors); above it what tests are made with. ARCHITECTURE.md has the map.

// Some sizes of `sync::limits` are zero, one or the largest there.
#![cfg_attr(corecast_loom, allow(clippy::absurd_extreme_comparisons, clippy::modulo_one))]

mod actor;
mod broker;
mod error;
#[cfg(corecast_loom)]
pub mod loom;
#[cfg(corecast_loom)]
#[doc(hidden)]
pub mod loom_api;
mod mailbox;
mod memory;
mod reply;
mod scheduler;
#[cfg(any(corecast_loom, feature = "sim"))]
pub mod sim;
mod supervision;
mod sync;
mod system;
mod task;
#[cfg(any(corecast_loom, feature = "sim"))]
pub mod testing;

pub use actor::call::{Reply, ReplyTimeout, SendFuture, SendTimeout, Stopped, Tell};
pub use actor::context::{ActorContext, YieldNow};
pub use actor::mailbox::Mailbox;
pub use actor::recipient::Recipient;
pub use actor::reference::{ActorRef, WeakActorRef};
pub use actor::timer::{MissedTicks, Sleep, Timer, ZeroInterval};
pub use actor::watch::Watchable;
pub use actor::{Actor, Handler, Message};
pub use broker::error::{PublishError, SubscribeError, TopicError};
pub use broker::groups::Groups;
pub use broker::groups::broadcast::Broadcast;
pub use broker::groups::error::{BroadcastError, GroupError, JoinError};
pub use broker::groups::group::Group;
pub use broker::groups::join::{Join, JoinFuture};
pub use broker::groups::membership::{Membership, MembershipGuard};
pub use broker::overflow::Overflow;
pub use broker::publish::{Publish, Published};
pub use broker::subscribe::{Subscribe, SubscribeFuture, Subscriber};
pub use broker::subscription::{Subscription, SubscriptionGuard};
pub use broker::topic::Topic;
pub use broker::{Event, MessageBroker};
pub use error::{
    BlockingError, BuildError, FindError, ReplyError, SendError, SendErrorReason, SpawnError, TellError,
    TellErrorReason, TrySendError, TrySendErrorReason, TryTellError, TryTellErrorReason,
};
pub use supervision::auto_shutdown::AutoShutdown;
pub use supervision::backoff::Backoff;
pub use supervision::control::{ChildCount, ChildError, ChildInfo, ChildState};
pub use supervision::dynamic::{ChildArgs, DynamicSupervisor, DynamicSupervisorBuilder};
pub use supervision::error::SpecError;
pub use supervision::incident::{Incident, SupervisionEvent};
pub use supervision::intensity::Intensity;
pub use supervision::restart::RestartType;
pub use supervision::shutdown::ShutdownPolicy;
pub use supervision::spec::{ChildSpec, Ignore};
pub use supervision::strategy::Strategy;
pub use supervision::supervisor::{AnySupervisor, Supervisor, SupervisorBuilder};
pub use system::ActorSystem;
pub use system::blocking::Blocking;
pub use system::builder::ActorSystemBuilder;
pub use system::handle::SystemRef;
pub use system::observer::{ActorFailure, MessageFailure, Observer, SlowHandler};
pub use system::shutdown::{Shutdown, ShutdownReport};
pub use system::snapshot::{Activity, ActorPhase, ActorSnapshot, HandlerSnapshot, MailboxSnapshot, SystemSnapshot};
pub use system::spawn::{SpawnBuilder, SpawnFuture};
pub use system::wait::Wait;
pub use task::checkup::HealthCheckOverdue;
pub use task::circle::Circle;
pub use task::identity::{ActorId, ActorInfo};
pub use task::letter::DeadLetter;
pub use task::reason::{ActorError, Directive, Panic, Place, ReplyErrorReason, StopReason};

/// The README's code, so that `cargo test` compiles and runs it.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The code of the page on supervision, which has simulations in it.
#[cfg(all(doctest, feature = "sim"))]
#[doc = include_str!("../docs/supervision.md")]
struct Supervision;

/// What the types forbid, so that `cargo test` sees that it doesn't compile. What they allow is in
/// `tests/behaviour/traits.rs`.
#[cfg(doctest)]
#[doc = include_str!("doc/compile_fail.md")]
struct CompileFail;
