//! Joins, broadcasts and ends at once, and look-ups of names that are claimed and freed meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use corecast::{JoinError, Mailbox, Membership, Overflow};

use crate::behaviour::broker::Listener;
use crate::behaviour::broker::stress::{Counted, Counter};
use crate::support::{Random, close, observed, rounds, seed, system, wait};

/// What a thread did.
#[derive(Default)]
struct Sums {
    reached: u64,
    /// Those with a queue of their own: what they shed had reached them.
    rings: Vec<Membership>,
}

#[test]
fn the_ledger_holds_for_groups() {
    const GROUPS: [&str; 3] = ["a", "b", "c"];
    let seed = seed("the_ledger_holds_for_groups");
    let (system, records) = observed(2);
    let [alive, handled] = [(); 2].map(|()| Arc::new(AtomicU64::new(0)));
    let threads: Vec<_> = (0..3)
        .map(|thread| {
            let (groups, handle) = (system.groups().clone(), system.handle());
            let (alive, handled) = (Arc::clone(&alive), Arc::clone(&handled));
            thread::spawn(move || {
                let mut random = Random::new(seed, thread);
                let mut sums = Sums::default();
                let mut actors = Vec::new();
                for _ in 0..rounds(3_000) {
                    let group = *random.pick(&GROUPS);
                    match random.below(20) {
                        0 => {
                            let room = Mailbox::bounded(1 + random.below(8) as usize);
                            let actor = handle.spawn(Counter(Arc::clone(&handled))).mailbox(room).start().unwrap();
                            actors.push(actor);
                        }
                        1..3 if !actors.is_empty() => {
                            let overflows =
                                [Overflow::Wait, Overflow::DropNewest, Overflow::DropOldest(3), Overflow::Latest];
                            let overflow = *random.pick(&overflows);
                            let actor = random.pick(&actors);
                            let join = if random.below(3) == 0 {
                                groups.join(group, actor.downgrade())
                            } else {
                                groups.join(group, actor)
                            };
                            match join.overflow(overflow).start() {
                                Ok(membership) if matches!(overflow, Overflow::DropOldest(_) | Overflow::Latest) => {
                                    sums.rings.push(membership);
                                }
                                Ok(_) | Err(JoinError::AlreadyMember { .. }) => {}
                                Err(error) => panic!("{error} (seed {seed})"),
                            }
                        }
                        3 if !actors.is_empty() => {
                            let at = random.below(actors.len() as u64) as usize;
                            match random.below(4) {
                                0 => drop(groups.leave(group, &actors[at])),
                                1 => {
                                    let actor = actors.swap_remove(at);
                                    actor.stop();
                                    wait(actor.stopped());
                                    let mut found =
                                        GROUPS.iter().flat_map(|name| groups.members::<Counted>(name).unwrap());
                                    assert!(
                                        found.all(|member| member.id() != actor.id()),
                                        "it has ended (seed {seed})"
                                    );
                                }
                                2 => actors.swap_remove(at).kill(),
                                _ => drop(actors.swap_remove(at)),
                            }
                        }
                        _ => {
                            let published = wait(groups.broadcast(group, Counted::new(&alive))).unwrap();
                            sums.reached += published.reached() as u64;
                        }
                    }
                }
                sums
            })
        })
        .collect();
    let sums: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    let groups = system.groups().clone();
    let dead = close(system, &records).letters.len() as u64;
    // ORDERING: Relaxed; all threads have been joined.
    let [alive, handled] = [alive, handled].map(|it| it.load(Ordering::Relaxed));
    let reached: u64 = sums.iter().map(|sums| sums.reached).sum();
    let shed: u64 = sums.iter().flat_map(|sums| &sums.rings).map(Membership::missed).sum();
    assert_eq!(alive, 0, "messages are left (seed {seed})");
    assert!(groups.names().is_empty());
    assert_eq!(reached, handled + dead + shed, "{handled} handled, {dead} dead, {shed} shed (seed {seed})");
}

#[test]
fn a_name_that_goes_from_actor_to_actor_is_found_as_somebody_s_or_nobody_s() {
    const NAMES: usize = 4;
    let system = system(2);
    let (over, found) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                // ORDERING: Relaxed; a flag, and a count that is read behind the join.
                while !over.load(Ordering::Relaxed) {
                    for name in 0..NAMES {
                        if let Ok(actor) = system.find::<Listener>(&name.to_string()) {
                            assert_eq!(actor.info().name(), Some(&*name.to_string()));
                            found.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    thread::yield_now();
                }
            });
        }
        for round in 0..rounds(2_000) {
            let name = (round % NAMES as u64).to_string();
            let actor = system.spawn(Listener::default()).name(&*name).start().expect("the name is free");
            assert_eq!(system.find::<Listener>(&name).as_ref(), Ok(&actor));
            if round % 2 == 0 {
                actor.stop()
            } else {
                actor.kill()
            }
            wait(actor.stopped());
            assert!(system.find::<Listener>(&name).is_err(), "it has ended");
        }
        // ORDERING: Relaxed; as above.
        over.store(true, Ordering::Relaxed);
    });
}
