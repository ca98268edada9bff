//! Watches and links: how an actor hears of the ends of others, or shares their fate.

use super::context::ActorContext;
use super::recipient::Recipient;
use super::reference::{ActorRef, WeakActorRef};
use super::{Actor, Message};
use crate::task::watches::Peer;

/// Whom an actor can watch, and be linked to: an [`ActorRef`], a [`WeakActorRef`] or a [`Recipient`]. Nobody else implements
/// this.
pub trait Watchable: sealed::Known {}

mod sealed {
    //! What makes one watchable, out of sight.

    use super::Peer;

    /// Is known by a reference.
    pub trait Known {
        #[doc(hidden)]
        #[allow(private_interfaces)]
        fn peer(&self) -> Peer<'_>;
    }
}

impl<A: Actor> sealed::Known for ActorRef<A> {
    #[allow(private_interfaces)]
    fn peer(&self) -> Peer<'_> {
        self.strong().into()
    }
}

impl<A: Actor> sealed::Known for WeakActorRef<A> {
    #[allow(private_interfaces)]
    fn peer(&self) -> Peer<'_> {
        self.weak().into()
    }
}

impl<M: Message> sealed::Known for Recipient<M> {
    #[allow(private_interfaces)]
    fn peer(&self) -> Peer<'_> {
        self.strong().into()
    }
}

impl<A: Actor> Watchable for ActorRef<A> {}
impl<A: Actor> Watchable for WeakActorRef<A> {}
impl<M: Message> Watchable for Recipient<M> {}

/// Watches and links. What an actor has begun of them ends with it, and nothing is left behind.
impl<A: Actor> ActorContext<A> {
    /// Hears of the end of `actor`: [`on_terminated`](Actor::on_terminated) is called once, when that has ended and its name
    /// is free.
    ///
    /// If it has ended already, the call comes next. Watching twice is watching once; after the call an actor may be watched
    /// again. A watch keeps neither of the two alive, whatever the reference, and an actor doesn't watch itself: that does nothing, as in
    /// [`post_stop`](Actor::post_stop).
    ///
    /// Blocking for the length of a few pointer moves. Allocates. Being watched costs nothing until the end.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/guard.txt")]
    /// impl Handler<Mind> for Guard {
    ///     async fn handle(&mut self, Mind(worker): Mind, ctx: &mut ActorContext<Self>) {
    ///         ctx.watch(&worker);
    ///         worker.kill();
    ///     }
    /// }
    ///
    /// let (who, reason) = heard(&guard, worker);
    /// assert_eq!(who.name(), Some("worker"));
    /// assert!(matches!(reason, StopReason::Killed));
    /// ```
    pub fn watch(&self, actor: &impl Watchable) {
        self.weak().watch(actor.peer());
    }

    /// Hears no more of the end of `actor`, not even if it has ended and the call has not come yet.
    ///
    /// A [link](Self::link) stays. Blocking for the length of a few pointer moves.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/guard.txt")]
    /// impl Handler<Mind> for Guard {
    ///     async fn handle(&mut self, Mind(worker): Mind, ctx: &mut ActorContext<Self>) {
    ///         ctx.watch(&worker);
    ///         worker.kill();
    ///         let _ = worker.stopped().await;
    ///         ctx.unwatch(&worker);
    ///         ctx.stop();
    ///     }
    /// }
    ///
    /// assert!(hears_nothing(&guard, worker));
    /// ```
    pub fn unwatch(&self, actor: &impl Watchable) {
        self.weak().unwatch(actor.peer());
    }

    /// Shares the fate of `actor`, and lets it share this one's: when either of the two ends, and not in an
    /// [orderly](crate::StopReason::is_orderly) way, the other is killed, with
    /// [`StopReason::Linked`](crate::StopReason::Linked) as its reason. One that [traps](Self::trap_links) hears of the end
    /// instead.
    ///
    /// If `actor` has ended already, it is as if it ended now. Linking twice is linking once. A link keeps neither of the two
    /// alive, and an actor isn't linked to itself: that does nothing, as in [`post_stop`](Actor::post_stop).
    ///
    /// Blocking for the length of a few pointer moves. Allocates. Being linked costs nothing until the end.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/guard.txt")]
    /// impl Handler<Mind> for Guard {
    ///     async fn handle(&mut self, Mind(worker): Mind, ctx: &mut ActorContext<Self>) {
    ///         ctx.link(&worker);
    ///         worker.kill();
    ///     }
    /// }
    ///
    /// guard.blocking_tell(Mind(worker)).unwrap();
    /// let reason = system.block_on(guard.stopped());
    /// assert!(matches!(reason, StopReason::Linked(who) if who.name() == Some("worker")));
    /// ```
    pub fn link(&self, actor: &impl Watchable) {
        self.weak().link(actor.peer());
    }

    /// Takes a link back, for both. A [watch](Self::watch) stays.
    ///
    /// One that is being killed by the link at this moment is killed. Blocking for the length of a few pointer moves.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/guard.txt")]
    /// impl Handler<Mind> for Guard {
    ///     async fn handle(&mut self, Mind(worker): Mind, ctx: &mut ActorContext<Self>) {
    ///         ctx.link(&worker);
    ///         ctx.unlink(&worker);
    ///         worker.kill();
    ///         let _ = worker.stopped().await;
    ///         ctx.stop();
    ///     }
    /// }
    ///
    /// guard.blocking_tell(Mind(worker)).unwrap();
    /// assert!(matches!(system.block_on(guard.stopped()), StopReason::Stopped));
    /// ```
    pub fn unlink(&self, actor: &impl Watchable) {
        self.weak().unlink(actor.peer());
    }

    /// Whether this actor hears of the ends of those it is linked to, orderly ones too, by
    /// [`on_terminated`](Actor::on_terminated), instead of being killed by those that aren't orderly. At first it doesn't.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("../doc/guard.txt")]
    /// impl Handler<Mind> for Guard {
    ///     async fn handle(&mut self, Mind(worker): Mind, ctx: &mut ActorContext<Self>) {
    ///         ctx.trap_links(true);
    ///         ctx.link(&worker);
    ///         worker.kill();
    ///     }
    /// }
    ///
    /// let (who, reason) = heard(&guard, worker);
    /// assert_eq!(who.name(), Some("worker"));
    /// assert!(matches!(reason, StopReason::Killed));
    /// ```
    pub fn trap_links(&self, traps: bool) {
        self.weak().set_traps(traps);
    }
}
