//! The alarms that are armed, and when they are due.
//!
//! Mostly there is one at a time, which is disarmed long before it is due. So the one that was armed last is beside the others.

use std::collections::BTreeMap;
use std::time::Duration;

use super::alarm::Alarm;

/// The alarms, by the time since the system's start, and turn.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    /// The one that was armed last.
    last: Option<(Duration, Alarm)>,
    others: BTreeMap<(Duration, u64), Alarm>,
    /// Their times, by turn.
    dues: BTreeMap<u64, Duration>,
}

impl Alarms {
    /// Arms one, whose turn is behind all others'.
    pub(super) fn arm(&mut self, due: Duration, alarm: Alarm) {
        if let Some((due, before)) = self.last.replace((due, alarm)) {
            self.dues.insert(before.turn, due);
            self.others.insert((due, before.turn), before);
        }
    }

    /// Disarms it, if it is still armed.
    pub(super) fn disarm(&mut self, alarm: Alarm) {
        if self.last.is_some_and(|(_, last)| last == alarm) {
            self.last = None;
        } else if let Some(due) = self.dues.remove(&alarm.turn) {
            self.others.remove(&(due, alarm.turn));
        }
    }

    /// When the first one is due.
    pub(super) fn first(&self) -> Option<Duration> {
        let other = self.others.first_key_value().map(|(&(due, _), _)| due);
        self.last.map(|(due, _)| due).into_iter().chain(other).min()
    }

    /// The first one, if it is due.
    pub(super) fn take(&mut self, now: Duration) -> Option<Alarm> {
        let due = self.first().filter(|due| *due <= now)?;
        match self.others.first_entry().filter(|other| other.key().0 == due) {
            Some(other) => {
                let alarm = other.remove();
                self.dues.remove(&alarm.turn);
                Some(alarm)
            }
            None => self.last.take().map(|(_, last)| last),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Alarm, Alarms, Duration};

    fn alarm(turn: u64) -> Alarm {
        Alarm { child: None, turn }
    }

    #[test]
    fn those_that_are_left_come_by_their_time_and_then_by_turn() {
        let mut alarms = Alarms::default();
        for (turn, due) in [(1, 5), (2, 3), (3, 9), (4, 3), (5, 3), (6, 4)] {
            alarms.arm(Duration::from_secs(due), alarm(turn));
        }
        alarms.disarm(alarm(4));
        alarms.disarm(alarm(6));
        alarms.disarm(alarm(6));
        alarms.arm(Duration::from_secs(3), alarm(7));
        assert_eq!(alarms.first(), Some(Duration::from_secs(3)));
        assert_eq!(alarms.take(Duration::from_secs(2)), None);
        let due = std::iter::from_fn(|| alarms.take(Duration::from_secs(5)));
        assert_eq!(due.map(|alarm| alarm.turn).collect::<Vec<_>>(), [2, 5, 7, 1]);
        assert_eq!(alarms.first(), Some(Duration::from_secs(9)));
        alarms.disarm(alarm(3));
        assert_eq!((alarms.first(), alarms.take(Duration::MAX)), (None, None));
    }
}
