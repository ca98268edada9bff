//! The messages: of several lengths, events, and ticks.

use corecast::Message;

use crate::ledger::{Answer, Parcel, quietly};
use crate::plan::Plan;

/// A message that lies in the inline place of a mailbox.
pub(crate) struct Note(pub(crate) Parcel);

/// A message of a plan.
pub(crate) struct Job {
    pub(crate) parcel: Parcel,
    pub(crate) plan: Plan,
}

/// The same, in a block of its own.
pub(crate) struct Freight(pub(crate) Job, [u8; 300]);

/// An event.
#[derive(Clone)]
pub(crate) struct News(pub(crate) Parcel);

/// An event of which not all is counted.
#[derive(Clone)]
pub(crate) struct Rumour(pub(crate) Parcel);

/// What a timer sends, again and again.
#[derive(Clone)]
pub(crate) struct Tick(pub(crate) Parcel);

/// A message with a parcel, which may come back.
pub(crate) trait Load: Message<Result = Answer> {
    fn load(job: Job) -> Self;
    fn unload(self) -> Parcel;
}

impl Load for Note {
    fn load(job: Job) -> Self {
        Self(job.parcel)
    }

    fn unload(self) -> Parcel {
        self.0
    }
}

impl Load for Job {
    fn load(job: Job) -> Self {
        job
    }

    fn unload(self) -> Parcel {
        let Self { parcel, plan } = self;
        // It may hold a reply, whose drop may panic.
        quietly(|| drop(plan));
        parcel
    }
}

impl Load for Freight {
    fn load(job: Job) -> Self {
        Self(job, [7; 300])
    }

    fn unload(self) -> Parcel {
        self.0.unload()
    }
}

impl Freight {
    /// Whether it came as it was sent.
    pub(crate) fn is_whole(&self) -> bool {
        self.1.iter().all(|&byte| byte == 7)
    }
}

impl Message for Note {
    type Result = Answer;
}

impl Message for Job {
    type Result = Answer;
}

impl Message for Freight {
    type Result = Answer;
}

impl Message for News {
    type Result = ();
}

impl Message for Rumour {
    type Result = ();
}

impl Message for Tick {
    type Result = ();
}
