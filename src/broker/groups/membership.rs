//! What the owner of a group's member holds: a handle, or a guard.

use std::fmt;

use crate::broker::subscription::Enrolment;

/// A membership, as its owner sees it. Dropping it leaves the member in its group, as long as its actor lives;
/// [`leave`](Self::leave) ends it, and so does the drop of a [guard](Self::into_guard).
///
/// ```
#[doc = include_str!("../../doc/workers.txt")]
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let system = corecast::ActorSystem::new()?;
/// let membership = system.groups().join("workers", system.spawn(Worker).start()?).start()?;
/// assert_eq!(system.groups().count("workers"), 1);
/// membership.leave();
/// assert_eq!(system.groups().count("workers"), 0);
/// # Ok(())
/// # }
/// ```
pub struct Membership(Enrolment);

impl Membership {
    pub(super) fn new(enrolment: Enrolment) -> Self {
        Self(enrolment)
    }

    /// Leaves the group. Broadcasts that have begun before may still come; what is broadcast after this doesn't. Takes locks for
    /// a moment.
    pub fn leave(&self) {
        self.0.end();
    }

    /// How many broadcasts were shed, as the member's [`Overflow`](crate::Overflow) asks for. Wait-free.
    ///
    /// One that was accepted and met the end of its actor before it came into the mailbox counts as well.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.0.missed()
    }

    /// Whether it has not ended, as far as is known now. Wait-free.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.0.is_active()
    }

    /// Ties the membership to the handle: when the guard is dropped, the member leaves.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../../doc/workers.txt")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let system = corecast::ActorSystem::new()?;
    /// let guard = system.groups().join("workers", system.spawn(Worker).start()?).start()?.into_guard();
    /// assert!(guard.is_active());
    /// drop(guard);
    /// assert!(system.groups().names().is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_guard(self) -> MembershipGuard {
        MembershipGuard(self)
    }
}

impl fmt::Debug for Membership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Membership").field("active", &self.is_active()).field("missed", &self.missed()).finish()
    }
}

/// A membership that ends when this is dropped. Made by [`Membership::into_guard`].
#[must_use = "the member leaves when this is dropped"]
#[derive(Debug)]
pub struct MembershipGuard(Membership);

impl MembershipGuard {
    /// How many broadcasts were shed. See [`Membership::missed`].
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.0.missed()
    }

    /// Whether it has not ended. See [`Membership::is_active`].
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.0.is_active()
    }
}

impl Drop for MembershipGuard {
    fn drop(&mut self) {
        self.0.leave();
    }
}
