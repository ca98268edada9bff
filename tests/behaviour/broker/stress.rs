//! Publishers, subscribers and ends at once: no event vanishes, none comes twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::thread;

use corecast::{Actor, ActorContext, Handler, Mailbox, Message, Overflow, Subscription};

use super::Tick;
use crate::support::{Hold, Random, close, observed, rounds, seed, wait};

/// Tells each tick.
pub(super) struct Teller(pub(super) Sender<u64>);

impl Actor for Teller {}

impl Handler<Tick> for Teller {
    async fn handle(&mut self, tick: Tick, _ctx: &mut ActorContext<Self>) {
        let _ = self.0.send(tick.0);
    }
}

impl Handler<Hold> for Teller {
    async fn handle(&mut self, hold: Hold, _ctx: &mut ActorContext<Self>) {
        hold.stay().await;
    }
}

/// Counts those of its kind that are alive.
pub(crate) struct Counted(Arc<AtomicU64>);

impl Counted {
    pub(crate) fn new(alive: &Arc<AtomicU64>) -> Self {
        // ORDERING: Relaxed; read after all threads were joined.
        alive.fetch_add(1, Ordering::Relaxed);
        Counted(Arc::clone(alive))
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        Counted::new(&self.0)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        // ORDERING: Relaxed; as above.
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Message for Counted {
    type Result = ();
}

/// Counts what it handles.
pub(crate) struct Counter(pub(crate) Arc<AtomicU64>);

impl Actor for Counter {}

impl Handler<Counted> for Counter {
    async fn handle(&mut self, _: Counted, ctx: &mut ActorContext<Self>) {
        // ORDERING: Relaxed; as above.
        let handled = self.0.fetch_add(1, Ordering::Relaxed);
        if handled.is_multiple_of(7) {
            ctx.yield_now().await;
        }
    }
}

/// What a thread of the stress test did.
#[derive(Default)]
struct Sums {
    reached: u64,
    /// The subscriptions with a queue of their own: what those shed had reached them.
    rings: Vec<Subscription<Counted>>,
}

#[test]
fn the_ledger_holds_for_events() {
    let seed = seed("the_ledger_holds_for_events");
    let (system, records) = observed(2);
    let [alive, handled] = [(); 2].map(|()| Arc::new(AtomicU64::new(0)));
    let threads: Vec<_> = (0..3)
        .map(|thread| {
            let (broker, handle) = (system.broker().clone(), system.handle());
            let (alive, handled) = (Arc::clone(&alive), Arc::clone(&handled));
            thread::spawn(move || {
                let mut random = Random::new(seed, thread);
                let mut sums = Sums::default();
                let mut subs = Vec::new();
                for _ in 0..rounds(3_000) {
                    match random.below(20) {
                        0 => {
                            let room = Mailbox::bounded(1 + random.below(8) as usize);
                            let actor = handle.spawn(Counter(Arc::clone(&handled))).mailbox(room).start().unwrap();
                            let overflows =
                                [Overflow::Wait, Overflow::DropNewest, Overflow::DropOldest(3), Overflow::Latest];
                            let overflow = *random.pick(&overflows);
                            let pattern = *random.pick(&["a.b", "a.*", ">", "a.c"]);
                            let sub = if random.below(3) == 0 {
                                broker.subscribe(pattern, actor.downgrade()).overflow(overflow).start()
                            } else {
                                broker.subscribe(pattern, &actor).overflow(overflow).start()
                            };
                            subs.push((
                                sub.unwrap(),
                                actor,
                                matches!(overflow, Overflow::DropOldest(_) | Overflow::Latest),
                            ));
                        }
                        1 if !subs.is_empty() => {
                            let at = random.below(subs.len() as u64) as usize;
                            let (sub, actor, is_ring) = subs.swap_remove(at);
                            match random.below(4) {
                                0 => sub.unsubscribe(),
                                1 => actor.stop(),
                                2 => actor.kill(),
                                _ => drop(actor),
                            }
                            if is_ring {
                                sums.rings.push(sub);
                            }
                        }
                        _ => {
                            let topic = *random.pick(&["a.b", "a.c", "a.d"]);
                            let published = wait(broker.publish(topic, Counted::new(&alive))).unwrap();
                            sums.reached += published.reached() as u64;
                        }
                    }
                }
                let rings = subs.into_iter().filter(|(_, _, is_ring)| *is_ring).map(|(sub, _, _)| sub);
                sums.rings.extend(rings);
                sums
            })
        })
        .collect();
    let sums: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    let broker = system.broker().clone();
    let dead = close(system, &records).letters.len() as u64;
    // ORDERING: Relaxed; all threads have been joined.
    let [alive, handled] = [alive, handled].map(|it| it.load(Ordering::Relaxed));
    let reached: u64 = sums.iter().map(|sums| sums.reached).sum();
    let shed: u64 = sums.iter().flat_map(|sums| &sums.rings).map(Subscription::missed).sum();
    assert_eq!(alive, 0, "events are left");
    assert!(broker.topics().is_empty());
    assert_eq!(reached, handled + dead + shed, "{handled} handled, {dead} dead, {shed} shed");
}
