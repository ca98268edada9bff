//! How far the reader is, as an event, and who listens: a bar that shows the latest now and then, and a census that takes
//! every one.

use std::mem;
use std::time::Duration;

use corecast::{Actor, ActorContext, ActorError, Handler, Message};

/// The topic of the reader's steps.
pub const STEPS: &str = "pipeline.steps";

/// The reader has done with one more file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Files that it has done with.
    pub done: usize,
    /// Files that there are.
    pub files: usize,
    /// Whether this one is text, and not passed over.
    pub is_text: bool,
}

impl Message for Step {
    type Result = ();
}

/// Called with the number of files that the reader has done with, and of all.
pub type Show = Box<dyn FnMut(usize, usize) + Send>;

/// Between two looks of the bar: often enough for an eye.
const LOOK: Duration = Duration::from_millis(50);

/// Shows how far the reader is, at its own pace. It may miss steps: what counts is the latest.
pub struct Bar {
    show: Show,
    /// What hasn't been shown yet.
    latest: Option<Step>,
}

impl Bar {
    pub fn new(show: Show) -> Self {
        Self { show, latest: None }
    }

    fn show_latest(&mut self) {
        if let Some(step) = self.latest.take() {
            (self.show)(step.done, step.files);
        }
    }
}

impl Actor for Bar {
    async fn pre_start(&mut self, ctx: &mut ActorContext<Self>) -> Result<(), ActorError> {
        // The timer ends with its actor.
        ctx.tell_every(LOOK, Look)?;
        Ok(())
    }
}

impl Handler<Step> for Bar {
    async fn handle(&mut self, step: Step, _: &mut ActorContext<Self>) {
        self.latest = Some(step);
    }
}

/// Time to show what there is.
#[derive(Clone)]
struct Look;

impl Message for Look {
    type Result = ();
}

impl Handler<Look> for Bar {
    async fn handle(&mut self, _: Look, _: &mut ActorContext<Self>) {
        self.show_latest();
    }
}

/// Shows the latest step without waiting for the time.
pub struct ShowNow;

impl Message for ShowNow {
    type Result = ();
}

impl Handler<ShowNow> for Bar {
    async fn handle(&mut self, _: ShowNow, _: &mut ActorContext<Self>) {
        self.show_latest();
    }
}

/// Counts the files. It needs every step.
#[derive(Default)]
pub struct Census(Files);

/// Files by what became of them.
#[derive(Debug, Default)]
pub struct Files {
    pub read: u64,
    pub skipped: u64,
}

impl Actor for Census {}

impl Handler<Step> for Census {
    async fn handle(&mut self, step: Step, _: &mut ActorContext<Self>) {
        let Self(files) = self;
        *if step.is_text { &mut files.read } else { &mut files.skipped } += 1;
    }
}

/// Takes the numbers out.
pub struct Counted;

impl Message for Counted {
    type Result = Files;
}

impl Handler<Counted> for Census {
    async fn handle(&mut self, _: Counted, _: &mut ActorContext<Self>) -> Files {
        mem::take(&mut self.0)
    }
}
