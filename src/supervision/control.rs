//! What others may ask of a supervisor, by its reference.

use std::error::Error;
use std::fmt;

use super::error::{Refusal, SpecError};
use super::restart::RestartType;
use super::rules::ChildKind;
use crate::actor::reference::ActorRef;
use crate::actor::{Actor, Body};
use crate::reply;
use crate::task::TaskWaiter;
use crate::task::handle::Strong;
use crate::task::identity::ActorInfo;
use crate::task::reason::StopReason;
use crate::task::typed::Task;

/// Why a supervisor didn't do what it was asked to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ChildError {
    /// The child's settings can't be.
    Spec(SpecError),
    /// There is no child of this id, or none that runs.
    NotFound {
        /// The id.
        id: String,
    },
    /// The child runs, or is still on its way out.
    Running {
        /// The id.
        id: String,
    },
    /// The child is being started, or about to be.
    Restarting {
        /// The id.
        id: String,
    },
    /// It was terminated before it had started.
    Terminated {
        /// The id.
        id: String,
    },
    /// It didn't start.
    StartFailed {
        /// The id.
        id: String,
        /// Why.
        reason: StopReason,
    },
    /// The child is an actor of another type.
    WrongType {
        /// The id.
        id: String,
        /// The type that was asked for.
        expected: &'static str,
        /// The child's.
        found: &'static str,
    },
    /// The supervisor is about to end, or has ended.
    ShuttingDown,
}

impl ChildError {
    pub(super) fn refused(refusal: Refusal, id: &str) -> Self {
        let id = id.to_owned();
        match refusal {
            Refusal::NotFound => Self::NotFound { id },
            Refusal::Running => Self::Running { id },
            Refusal::Restarting => Self::Restarting { id },
            Refusal::Terminated => Self::Terminated { id },
            Refusal::StartFailed(reason) => Self::StartFailed { id, reason },
            Refusal::ShuttingDown => Self::ShuttingDown,
        }
    }
}

impl From<SpecError> for ChildError {
    fn from(error: SpecError) -> Self {
        Self::Spec(error)
    }
}

impl fmt::Display for ChildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spec(error) => error.fmt(f),
            Self::NotFound { id } => write!(f, "no child with the id `{id}` runs here"),
            Self::Running { id } => write!(f, "`{id}` is running; terminate it first"),
            Self::Restarting { id } => write!(f, "`{id}` is being started; try again when it is up"),
            Self::Terminated { id } => write!(f, "`{id}` was terminated before it had started"),
            Self::StartFailed { id, reason } => write!(f, "`{id}` did not start: {reason}"),
            Self::WrongType { id, expected, found } => write!(f, "`{id}` is a {found}, not a {expected}"),
            Self::ShuttingDown => f.write_str("the supervisor has ended, or is about to"),
        }
    }
}

impl Error for ChildError {}

/// What a supervisor knows of a child.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChildInfo {
    /// Its id.
    pub id: String,
    /// Its actor; none if it isn't running, and nobody is about to start it.
    pub actor: Option<ActorInfo>,
    /// Where it is.
    pub state: ChildState,
    /// After which ends it is restarted.
    pub restart: RestartType,
    /// Whether it is a supervisor itself.
    pub is_supervisor: bool,
}

/// Where a child is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChildState {
    /// It isn't running, and nobody is about to start it.
    Stopped,
    /// It is to be started when its time comes.
    Waiting,
    /// It is starting.
    Starting,
    /// It runs.
    Running,
    /// It is on its way down, or out.
    Stopping,
}

/// How many children a supervisor has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ChildCount {
    /// All, running or not.
    pub specs: usize,
    /// Those that run.
    pub active: usize,
    /// Those that are supervisors.
    pub supervisors: usize,
    /// The others.
    pub workers: usize,
}

/// The supervisor's side of a question that is answered later.
pub(super) struct Answer(Option<reply::Sender<Outcome, TaskWaiter>>);

/// What is answered: the child's actor, if there is one.
type Outcome = Result<Option<Strong>, ChildError>;

/// The other side.
pub(super) type Answered = reply::Receiver<Outcome, TaskWaiter>;

impl Answer {
    pub(super) fn new() -> (Self, Answered) {
        let (sender, receiver) = reply::channel();
        (Self(Some(sender)), receiver)
    }

    pub(super) fn give(mut self, outcome: Outcome) {
        if let Some(sender) = self.0.take() {
            let _ = sender.complete(outcome);
        }
    }
}

impl Drop for Answer {
    /// A question that nobody came to.
    fn drop(&mut self) {
        if let Some(sender) = self.0.take() {
            let _ = sender.complete(Err(ChildError::ShuttingDown));
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer")
    }
}

/// A child's reference, its type known again.
pub(super) fn typed<A: Actor>(id: &str, actor: Option<Strong>) -> Result<ActorRef<A>, ChildError> {
    let Some(actor) = actor else { return Err(ChildError::NotFound { id: id.to_owned() }) };
    Task::<Body<A>>::of(actor).map(ActorRef::new).map_err(|other| ChildError::WrongType {
        id: id.to_owned(),
        expected: std::any::type_name::<A>(),
        found: other.info().type_name(),
    })
}

impl ChildInfo {
    pub(super) fn new(rules: &super::rules::ChildRules, actor: Option<ActorInfo>, state: ChildState) -> Self {
        Self {
            id: (*rules.id).to_owned(),
            actor,
            state,
            restart: rules.restart,
            is_supervisor: rules.kind == ChildKind::Supervisor,
        }
    }
}
