//! What those hear who listen to supervisors.

use std::fmt;
use std::time::Duration;

use crate::actor::Message;
use crate::sync::Arc;
use crate::task::identity::ActorInfo;
use crate::task::reason::StopReason;

/// Something that a supervisor saw or did, for those who subscribe to [`SupervisionEvent::TOPIC`] at the system's broker.
///
/// A subscriber that has no room is not waited for, whatever its [`Overflow`](crate::Overflow): one that mustn't miss an event
/// takes an unbounded mailbox.
///
/// # Examples
///
/// ```
/// use std::sync::mpsc::{Sender, channel};
/// use corecast::{
///     Actor, ActorContext, ActorSystem, ChildSpec, Handler, Incident, Mailbox, Strategy, SupervisionEvent, Supervisor,
/// };
///
/// struct Watch(Sender<String>);
/// impl Actor for Watch {}
///
/// impl Handler<SupervisionEvent> for Watch {
///     async fn handle(&mut self, event: SupervisionEvent, _: &mut ActorContext<Self>) {
///         let _ = self.0.send(event.to_string());
///     }
/// }
///
/// struct Worker;
/// impl Actor for Worker {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let (sender, seen) = channel();
/// let system = ActorSystem::builder().name("shop").build()?;
/// system.block_on(async {
///     let watch = system.spawn(Watch(sender)).mailbox(Mailbox::unbounded()).await?;
///     system.broker().subscribe::<SupervisionEvent>(SupervisionEvent::TOPIC, watch).await?;
///     let supervisor = Supervisor::builder(Strategy::OneForOne).child(ChildSpec::new("worker", || Worker)).build()?;
///     let _supervisor = system.spawn(supervisor).await?;
///     Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// })?;
/// assert!(seen.recv()?.ends_with("`worker` has started"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SupervisionEvent {
    pub(super) supervisor: ActorInfo,
    pub(super) id: Arc<str>,
    pub(super) child: Option<ActorInfo>,
    pub(super) incident: Incident,
}

/// What happened to a child.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Incident {
    /// It is up for the first time.
    Started,
    /// It is up again.
    Restarted,
    /// A run of it has ended that wasn't asked to, or didn't begin.
    Failed(StopReason),
    /// It is restarted after so long.
    BackingOff(Duration),
    /// Its time to start or to stop was over: what it was doing is dropped.
    Overdue,
    /// It has ended for good.
    Stopped(StopReason),
    /// It failed too often without a success in between, and isn't restarted any more.
    Quarantined(StopReason),
    /// It failed more often than the supervisor's intensity allows: the supervisor ends.
    GaveUp(StopReason),
    /// It passed its failure on: the supervisor ends.
    Escalated(StopReason),
}

impl SupervisionEvent {
    /// The topic that these events are published to.
    pub const TOPIC: &'static str = "corecast.supervision";

    /// Whose child it is about.
    #[must_use]
    pub fn supervisor(&self) -> &ActorInfo {
        &self.supervisor
    }

    /// The id that the child has there; empty for a child of a [`DynamicSupervisor`](crate::DynamicSupervisor).
    #[must_use]
    pub fn child_id(&self) -> &str {
        &self.id
    }

    /// The child; none if it couldn't be made at all.
    #[must_use]
    pub fn child(&self) -> Option<&ActorInfo> {
        self.child.as_ref()
    }

    /// What happened to it.
    #[must_use]
    pub fn incident(&self) -> &Incident {
        &self.incident
    }
}

impl Message for SupervisionEvent {
    type Result = ();
}

impl fmt::Display for Incident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started => f.write_str("has started"),
            Self::Restarted => f.write_str("has been restarted"),
            Self::Failed(reason) => write!(f, "has failed: {reason}"),
            Self::BackingOff(pause) => write!(f, "is restarted in {pause:?}"),
            Self::Overdue => f.write_str("took too long, and is cut short"),
            Self::Stopped(reason) => write!(f, "has ended: {reason}"),
            Self::Quarantined(reason) => write!(f, "failed too often without a success: {reason}"),
            Self::GaveUp(reason) => write!(f, "failed more often than is allowed: {reason}"),
            Self::Escalated(reason) => write!(f, "passed its failure on: {reason}"),
        }
    }
}

impl fmt::Display for SupervisionEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.supervisor)?;
        match &self.child {
            Some(child) if self.id.is_empty() => write!(f, "{child} ")?,
            _ => write!(f, "`{}` ", self.id)?,
        }
        self.incident.fmt(f)
    }
}
