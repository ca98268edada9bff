//! Panics of actors and dead letters, as assertions.

use std::any::type_name;
use std::fmt;

use crate::actor::Actor;
use crate::sync::Arc;
use crate::sync::lock::Mutex;
use crate::sync::thread;
use crate::system::observer::{ActorFailure, MessageFailure, Observer};
use crate::task::director;
use crate::task::letter::DeadLetter;
use crate::task::reason::StopReason;

/// Watches a system: its [`observer`](Self::observer) is given to the builder.
///
/// Dropped, it fails the test if an actor panicked that wasn't expected to. Make it before the system, so that it is
/// dropped after it.
///
/// # Examples
///
/// ```
#[doc = include_str!("../doc/counter.txt")]
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// use corecast::testing::Watch;
///
/// let watch = Watch::new();
/// let system = corecast::ActorSystem::builder().observer(watch.observer()).build()?;
/// let counter = system.spawn(Counter(0)).start()?;
/// counter.blocking_send(Add(1))?;
/// drop(system);
/// watch.expect_no_dead_letters();
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Watch(Arc<Mutex<Seen>>);

/// The observer of a [`Watch`].
#[derive(Debug)]
pub struct Watcher(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    panics: Vec<ActorFailure>,
    failures: Vec<MessageFailure>,
    letters: Vec<DeadLetter>,
    expected: Vec<&'static str>,
}

impl Observer for Watcher {
    fn message_failed(&self, failure: &MessageFailure) {
        self.0.lock().failures.push(failure.clone());
    }

    fn actor_failed(&self, failure: &ActorFailure) {
        if matches!(failure.reason(), StopReason::Panicked(_)) {
            self.0.lock().panics.push(failure.clone());
        }
    }

    fn dead_letter(&self, letter: DeadLetter) {
        self.0.lock().letters.push(letter);
    }
}

impl Watch {
    /// One that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// For the builder of the system.
    #[must_use]
    pub fn observer(&self) -> Watcher {
        Watcher(Arc::clone(&self.0))
    }

    /// Actors of this type may panic.
    pub fn expect_panics<A: Actor>(&self) {
        self.0.lock().expected.push(type_name::<A>());
        director::with(|director| director.expects(type_name::<A>()));
    }

    /// Takes the panics of actors that it has seen so far, also those that were expected.
    #[must_use]
    pub fn panics(&self) -> Vec<ActorFailure> {
        std::mem::take(&mut self.0.lock().panics)
    }

    /// Takes the failures of messages that it has seen so far: their handlers panicked, or were killed.
    #[must_use]
    pub fn failures(&self) -> Vec<MessageFailure> {
        std::mem::take(&mut self.0.lock().failures)
    }

    /// Takes the dead letters that it has seen so far.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        std::mem::take(&mut self.0.lock().letters)
    }

    /// Takes the messages of this type out of the dead letters that it has seen so far.
    #[must_use]
    pub fn dead<M: Send + 'static>(&self) -> Vec<M> {
        let mut found = Vec::new();
        let others = self.dead_letters().into_iter().filter_map(|letter| match letter.downcast() {
            Ok(message) => {
                found.push(message);
                None
            }
            Err(letter) => Some(letter),
        });
        let others: Vec<_> = others.collect();
        self.0.lock().letters.extend(others);
        found
    }

    /// That there are no dead letters so far.
    ///
    /// # Panics
    ///
    /// If there are.
    #[track_caller]
    pub fn expect_no_dead_letters(&self) {
        let letters = self.dead_letters();
        assert!(letters.is_empty(), "dead letters: {letters:?}");
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let seen = self.0.lock();
        let unexpected = seen.panics.iter().find(|failure| !seen.expected.contains(&failure.actor().type_name()));
        let text = unexpected.map(|failure| format!("{}: {}", failure.actor(), failure.reason()));
        drop(seen);
        if let Some(text) = text
            && !thread::panicking()
        {
            panic!("an actor panicked: {text}");
        }
    }
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seen").field("panics", &self.panics).field("letters", &self.letters).finish_non_exhaustive()
    }
}
