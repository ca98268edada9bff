//! The order in which supervisors come before those that they supervise.

use std::collections::{HashMap, HashSet};

use super::{ActorSnapshot, SystemSnapshot};

/// Each actor once, with its depth in the tree: below its supervisor, if that is there.
pub(super) fn walk(snapshot: &SystemSnapshot) -> Vec<(usize, &ActorSnapshot)> {
    let mut children: HashMap<_, Vec<_>> = HashMap::new();
    let mut left = Vec::new();
    for actor in snapshot.actors.iter().rev() {
        match actor.supervisor.filter(|&supervisor| snapshot.find(supervisor).is_some()) {
            Some(supervisor) => children.entry(supervisor).or_default().push((1, actor)),
            None => left.push((0, actor)),
        }
    }
    let (mut walked, mut seen) = (Vec::with_capacity(snapshot.actors.len()), HashSet::new());
    // Who supervises whom was looked at one after the other. If that came to a circle, it is opened at its lowest number.
    let mut others = snapshot.actors.iter().map(|actor| (0, actor));
    while let Some((depth, actor)) = left.pop().or_else(|| others.next()) {
        if seen.insert(actor.actor.id()) {
            walked.push((depth, actor));
            let below = children.remove(&actor.actor.id()).into_iter().flatten();
            left.extend(below.map(|(step, child)| (depth + step, child)));
        }
    }
    walked
}
