//! What a subscription does with events that its actor has no room for.

use super::error::BadRoom;

/// What a subscription does with an event when its actor falls behind. Chosen per subscription, by
/// [`Subscribe::overflow`](crate::Subscribe::overflow).
///
/// | | where events wait | no room | sheds |
/// |---|---|---|---|
/// | `Wait` | the mailbox | the publisher's future waits | nothing |
/// | `DropNewest` | the mailbox | – | the event that comes |
/// | `DropOldest(n)` | a queue of their own | – | the oldest of `n` that wait |
/// | `Latest` | a place of its own | – | the one that waits |
///
/// What is shed is counted: [`Subscription::missed`](crate::Subscription::missed) for all of it,
/// [`ActorContext::missed`](crate::ActorContext::missed) for what is missing before the event that is handled.
/// Neither the latter nor [`Published::shed`](crate::Published::shed) has events on which the filter panicked.
///
/// ```
#[doc = include_str!("../doc/orders.txt")]
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// use corecast::Overflow;
///
/// let system = corecast::ActorSystem::new()?;
/// system.block_on(async {
///     let audit = system.spawn(Audit::default()).await?;
///     let latest = system.broker().subscribe("orders.*", &audit).overflow(Overflow::Latest).await?;
///     for id in 0..100 {
///         system.broker().publish("orders.created", OrderCreated { id }).await?;
///     }
///     assert!(latest.missed() < 100, "the last one isn't displaced");
///     Ok(())
/// })
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Overflow {
    /// The publisher's future waits for room. Others aren't held back by that. An actor that awaits a publish to itself
    /// waits for its own mailbox, and for ever if that is full.
    #[default]
    Wait,
    /// The event is shed.
    DropNewest,
    /// So many events wait outside of the mailbox; one more displaces the oldest.
    DropOldest(usize),
    /// The newest event alone waits, outside of the mailbox.
    Latest,
}

impl Overflow {
    /// How many events `DropOldest` may keep: 2^20. Their room is taken at the subscription.
    pub const MAX_EVENTS: usize = 1 << 20;

    /// How many events wait outside of the mailbox; none if they wait in it.
    pub(super) fn room(self) -> Result<Option<usize>, BadRoom> {
        match self {
            Self::Wait | Self::DropNewest => Ok(None),
            Self::Latest => Ok(Some(1)),
            Self::DropOldest(0) => Err(BadRoom::None),
            Self::DropOldest(events) if events > Self::MAX_EVENTS => {
                Err(BadRoom::TooMuch { events, max: Self::MAX_EVENTS })
            }
            Self::DropOldest(events) => Ok(Some(events)),
        }
    }
}
