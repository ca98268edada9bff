//! The actors of the workload.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Check;
use super::books::{Books, Deed, End, Parcel};
use crate::scheduler::timer::TICK;
use crate::sync::Arc;
use crate::sync::lock::Mutex;
use crate::{Actor, ActorContext, ActorId, ActorInfo, ActorRef, Handler, Message, StopReason};

/// Does what parcels say, and passes some on.
pub(super) struct Postman {
    pub(super) number: usize,
    pub(super) next: Option<(usize, ActorRef<Postman>)>,
}

impl Actor for Postman {}

impl Handler<Parcel> for Postman {
    async fn handle(&mut self, mut parcel: Parcel, ctx: &mut ActorContext<Self>) {
        parcel.begin();
        let offer = |to, deed: &Deed| parcel.books().offer(self.number, to, deed.clone());
        match (&parcel.deed, &self.next) {
            (Deed::Pause(micros), _) => ctx.sleep(Duration::from_micros(*micros)).await,
            (Deed::PassOn(deeds), Some((to, next))) => {
                let told: Vec<_> = deeds.iter().map(|deed| offer(*to, deed).sent(|parcel| next.tell(parcel))).collect();
                for tell in told {
                    if let Err(error) = tell.await {
                        error.into_message().settle(End::Returned);
                    }
                }
            }
            (Deed::Ask(deed, limit), Some((to, next))) => {
                let parcel = offer(*to, deed);
                let answer = match limit.map(Duration::from_micros) {
                    Some(limit) => parcel.sent(|parcel| next.send(parcel).timeout(limit)).await,
                    None => parcel.sent(|parcel| next.send(parcel)).await,
                };
                if let Err(error) = answer
                    && let Some(parcel) = error.into_message()
                {
                    parcel.settle(End::Returned);
                }
            }
            (Deed::Panic, _) => panic!("as asked"),
            _ => {}
        }
        parcel.settle(End::Handled);
    }
}

/// Sets timers for itself, and notes which came.
pub(super) struct Clockwork {
    pub(super) books: Books,
    pub(super) waiting: Arc<Mutex<usize>>,
}

impl Actor for Clockwork {}

/// Timers after these times, in microseconds.
pub(super) struct Wind(pub(super) Vec<u64>);

impl Message for Wind {
    type Result = ();
}

impl Handler<Wind> for Clockwork {
    async fn handle(&mut self, Wind(times): Wind, ctx: &mut ActorContext<Self>) {
        *self.waiting.lock() += times.len();
        for micros in times {
            let after = Duration::from_micros(micros);
            let _ = ctx.tell_after(after, Strike { due: ctx.uptime() + after });
        }
    }
}

/// A timer's message.
struct Strike {
    due: Duration,
}

impl Message for Strike {
    type Result = ();
}

impl Handler<Strike> for Clockwork {
    async fn handle(&mut self, Strike { due }: Strike, ctx: &mut ActorContext<Self>) {
        *self.waiting.lock() -= 1;
        // No time passes while anybody can act.
        let now = ctx.uptime();
        if !(due..due + TICK).contains(&now) {
            self.books.report(Check::Time, format!("due at {due:?}, it came at {now:?}"));
        }
    }
}

/// Watches postmen, and notes whom: each end has to be heard of once while it does, and no other.
pub(super) struct Sentry {
    pub(super) books: Books,
    pub(super) watched: Arc<Mutex<BTreeSet<ActorId>>>,
}

impl Actor for Sentry {
    async fn on_terminated(&mut self, who: ActorInfo, _: StopReason, ctx: &mut ActorContext<Self>) {
        if !self.watched.lock().remove(&who.id()) {
            self.books.report(Check::Ends, format!("the end of {who} is heard of, who isn't watched"));
        }
        ctx.yield_now().await;
    }
}

/// Watch this one, or don't any more.
pub(super) struct Mind(pub(super) ActorRef<Postman>, pub(super) bool);

impl Message for Mind {
    type Result = ();
}

impl Handler<Mind> for Sentry {
    async fn handle(&mut self, Mind(postman, whether): Mind, ctx: &mut ActorContext<Self>) {
        // An end that comes meanwhile has been told, and is not heard yet.
        ctx.yield_now().await;
        if whether {
            self.watched.lock().insert(postman.id());
            ctx.watch(&postman);
        } else {
            ctx.unwatch(&postman);
            self.watched.lock().remove(&postman.id());
        }
    }
}

/// Counts events, and those that it missed.
#[derive(Default)]
pub(super) struct Listener(pub(super) Arc<Mutex<u64>>);

impl Actor for Listener {}

/// An event.
#[derive(Clone)]
pub(super) struct News;

impl Message for News {
    type Result = ();
}

impl Handler<News> for Listener {
    async fn handle(&mut self, _: News, ctx: &mut ActorContext<Self>) {
        *self.0.lock() += 1;
        ctx.yield_now().await;
    }
}
