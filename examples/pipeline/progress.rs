//! How far the reader is, as an event, and who listens: a bar that shows the latest, and a census that takes every one.

use std::mem;

use corecast::{Actor, ActorContext, Handler, Message};

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

/// Shows how far the reader is. It may miss steps: what counts is the latest.
pub struct Bar(Show);

impl Bar {
    pub fn new(show: Show) -> Self {
        Self(show)
    }
}

impl Actor for Bar {}

impl Handler<Step> for Bar {
    async fn handle(&mut self, step: Step, _: &mut ActorContext<Self>) {
        (self.0)(step.done, step.files);
    }
}

/// Resolves when the steps that came before have been shown.
pub struct Shown;

impl Message for Shown {
    type Result = ();
}

impl Handler<Shown> for Bar {
    async fn handle(&mut self, _: Shown, _: &mut ActorContext<Self>) {}
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
