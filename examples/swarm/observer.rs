//! Who hears of dead letters and of messages that failed, and books them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use corecast::{ActorFailure, DeadLetter, MessageFailure, Observer};

use crate::ledger::{Ledger, Parcel, explode};
use crate::message::{Freight, Job, Load, News, Note, Rumour, Tick};
use crate::register::Register;

/// The observer of an episode. It panics now and then, when it has booked.
pub(crate) struct Bookkeeper {
    pub(crate) ledger: Ledger,
    pub(crate) register: Arc<Register>,
    pub(crate) calls: AtomicU64,
    /// Every so many calls it panics; never, if that is zero.
    pub(crate) panics: u64,
}

impl Bookkeeper {
    fn may_panic(&self) {
        // ORDERING: Relaxed; a count.
        let calls = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        if self.panics > 0 && calls.is_multiple_of(self.panics) {
            explode("an observer");
        }
    }

    /// What is in a dead letter, unless it is of another type.
    fn open<M: Load>(letter: DeadLetter) -> Result<Parcel, DeadLetter> {
        letter.downcast::<M>().map(M::unload)
    }
}

impl Observer for Bookkeeper {
    fn message_failed(&self, _: &MessageFailure) {
        self.ledger.failure();
        self.may_panic();
    }

    fn actor_failed(&self, failure: &ActorFailure) {
        self.register.observed(failure.actor());
        self.ledger.progress();
        self.may_panic();
    }

    fn dead_letter(&self, letter: DeadLetter) {
        let actor = letter.actor().clone();
        let left = Self::open::<Note>(letter)
            .or_else(Self::open::<Job>)
            .or_else(Self::open::<Freight>)
            .or_else(|letter| letter.downcast().map(|News(parcel)| parcel))
            .or_else(|letter| letter.downcast().map(|Rumour(parcel)| parcel))
            .or_else(|letter| letter.downcast().map(|Tick(parcel)| parcel));
        match left {
            Ok(parcel) => {
                // What a timer has brought is left over by the run that had set it: another one may follow.
                if !parcel.is_of_timer() {
                    self.register.ended(&actor);
                }
                parcel.died();
            }
            // What supervisors tell themselves is theirs, and what watchers are told.
            Err(letter) => {
                if !["corecast::", "swarm::watcher::"].iter().any(|other| letter.message_type().starts_with(other)) {
                    self.ledger.breach(format!("a dead letter of another type: {letter:?}"));
                }
            }
        }
        self.may_panic();
    }
}
