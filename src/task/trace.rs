//! What an actor is in the middle of, and since when: in systems that want to hear of slow handlers, and in no others.
//!
//! There a worker marks each task TRACED before it runs it for the first time. Who runs a task looks at its word before each
//! message, at its start, when it goes on and before its end; where it finds that mark, it takes the long way round, and
//! notes here what begins, and that it is over. So nobody else pays for it.
//!
//! | who notices that it takes long | when |
//! |---|---|
//! | a thread of the system's own, which looks what the workers run | it computes, or blocks its worker's thread |
//! | a timer, which is armed when it waits for the first time | it waits |
//! | its runner | it is over, and nobody has noticed |
//!
//! Each asks for the [`Slow`] under the lock of the trace, and gets one if that is due: so each excess is told once.

use std::ptr::NonNull;
use std::time::Duration;

use super::current;
use super::handle::{Strong, Weak};
use super::header::{self, Header};
use super::run::Turn;
use crate::mailbox::envelope::Opened;
use crate::sync::time::Moment;
use crate::sync::unwind::guard;

/// The path of a message's type, or the name of a hook.
pub(crate) type What = fn() -> &'static str;

/// Reports of one handler after the first one, each when it has lasted twice as long as at the one before.
const REPORTS: u8 = 16;

/// A handler or hook that takes long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slow {
    pub(crate) what: &'static str,
    /// How long it has lasted.
    pub(crate) lasted: Duration,
    /// Whether it has come to its end.
    pub(crate) is_over: bool,
}

/// The trace of an actor. In its side, behind a lock.
#[derive(Debug, Default)]
pub(super) struct Trace {
    handling: Option<Handling>,
    /// A timer will look at it.
    is_armed: bool,
}

/// What an actor is in the middle of.
#[derive(Clone, Copy, Debug)]
struct Handling {
    what: What,
    began: Moment,
    /// When it has lasted so long, that is told.
    patience: Duration,
    /// How often more.
    left: u8,
}

impl Handling {
    /// When it is to be told of next; never, if it has been told of often enough.
    fn due(&self) -> Moment {
        self.began.after(self.patience)
    }

    /// What is to be told, if that is due. The next time is when it has lasted twice as long.
    fn take_excess(&mut self, now: Moment, is_over: bool) -> Option<Slow> {
        let lasted = Duration::from_nanos(now.nanos_since(self.began));
        if lasted < self.patience {
            return None;
        }
        while self.patience <= lasted {
            let next = self.patience.saturating_mul(2);
            (self.patience, self.left) = if self.left == 0 { (Duration::MAX, 0) } else { (next, self.left - 1) };
        }
        Some(Slow { what: (self.what)(), lasted, is_over })
    }
}

impl Trace {
    /// Something begins.
    fn begin(&mut self, what: What, began: Moment, patience: Duration) {
        self.handling = Some(Handling { what, began, patience, left: REPORTS });
    }

    /// It is over.
    fn end(&mut self, now: Moment) -> Option<Slow> {
        self.handling.take()?.take_excess(now, true)
    }

    /// It waits: when to look at it, if nobody is about to.
    fn wait(&mut self) -> Option<Moment> {
        let due = Some(self.handling.as_ref()?.due()).filter(|&due| due != Moment::NEVER && !self.is_armed);
        self.is_armed |= due.is_some();
        due
    }

    /// A look by whoever comes by.
    fn look(&mut self, now: Moment) -> Option<Slow> {
        self.handling.as_mut()?.take_excess(now, false)
    }

    /// The look that was waited for: what is to be told, and when to look again.
    fn look_as_armed(&mut self, now: Moment) -> (Option<Slow>, Option<Moment>) {
        let slow = self.look(now);
        let next = self.handling.as_ref().map(Handling::due).filter(|&due| due != Moment::NEVER);
        self.is_armed = next.is_some();
        (slow, next)
    }
}

impl Turn<'_> {
    /// Runs the beginning of a handler or hook in a task that is traced.
    #[cold]
    pub(super) fn traced(&mut self, what: What, begin: impl FnOnce(&mut Self) -> Opened) -> Opened {
        let common = self.common();
        if let Some(patience) = common.slow {
            let now = common.clock.now();
            header::side(self.cell()).trace.lock().get_or_insert_default().begin(what, now, patience);
        }
        self.traced_on(begin)
    }

    /// Runs the rest of it.
    pub(super) fn traced_on(&mut self, go_on: impl FnOnce(&mut Self) -> Opened) -> Opened {
        let opened = {
            let _shown = current::show(header::id(self.cell()));
            go_on(self)
        };
        if opened == Opened::Suspended {
            let due = header::side(self.cell()).trace.lock().as_mut().and_then(|trace| trace.wait());
            if let Some(due) = due {
                look_later(self.cell(), due);
            }
        } else {
            self.end_trace();
        }
        opened
    }

    /// It is over.
    pub(super) fn end_trace(&self) {
        let now = self.common().clock.now();
        let slow = header::side(self.cell()).trace.lock().as_mut().and_then(|trace| trace.end(now));
        if let Some(slow) = slow {
            tell(self.cell(), slow);
        }
    }
}

impl Strong {
    /// What it is in the middle of, and for how long, if that is known.
    pub(crate) fn handling(&self, now: Moment) -> Option<(&'static str, Duration)> {
        let handling = header::known_side(self.header())?.trace.lock().as_ref()?.handling?;
        Some(((handling.what)(), Duration::from_nanos(now.nanos_since(handling.began))))
    }

    /// Tells of what it is in the middle of, if that takes long.
    pub(crate) fn look_at_handler(&self, now: Moment) {
        let Some(side) = header::known_side(self.header()) else { return };
        let slow = side.trace.lock().as_mut().and_then(|trace| trace.look(now));
        if let Some(slow) = slow {
            tell(self.header(), slow);
        }
    }
}

impl Weak {
    /// The same for the timer that was armed for that; it is armed again if need be.
    pub(crate) fn look_at_handler(&self, now: Moment) {
        let header = self.header();
        let Some(side) = header::known_side(header) else { return };
        let Some((slow, next)) = side.trace.lock().as_mut().map(|trace| trace.look_as_armed(now)) else { return };
        if let Some(slow) = slow {
            tell(header, slow);
        }
        if let Some(next) = next {
            look_later(header, next);
        }
    }
}

/// Has a timer look at the trace.
fn look_later(header: &Header, due: Moment) {
    header::retain(header);
    header.near().host.look_later(Weak::from_retained(NonNull::from(header)), due);
}

fn tell(header: &Header, slow: Slow) {
    // UNWIND: an observer is user code.
    let _ = guard(|| header.near().host.handler_slow(header::info(header), slow));
}

#[cfg(all(test, not(corecast_loom)))]
mod tests {
    use super::{Duration, Moment, REPORTS, Slow, Trace};

    fn at(nanos: u64) -> Moment {
        Moment::from_nanos(nanos)
    }

    fn slow(lasted: u64, is_over: bool) -> Option<Slow> {
        Some(Slow { what: "work", lasted: Duration::from_nanos(lasted), is_over })
    }

    fn begun(began: u64) -> Trace {
        let mut trace = Trace::default();
        trace.begin(|| "work", at(began), Duration::from_nanos(10));
        trace
    }

    #[test]
    fn each_excess_is_told_once_and_again_when_it_has_doubled() {
        let mut trace = begun(100);
        assert_eq!(trace.look(at(109)), None);
        assert_eq!(trace.look(at(111)), slow(11, false));
        assert_eq!(trace.look(at(119)), None);
        // A look that comes late tells what it finds, once.
        assert_eq!(trace.look(at(150)), slow(50, false));
        assert_eq!(trace.look(at(179)), None);
        assert_eq!(trace.end(at(180)), slow(80, true));
        assert_eq!((trace.end(at(500)), trace.look(at(500))), (None, None));
    }

    #[test]
    fn one_that_is_over_in_time_is_never_told_of() {
        let mut trace = begun(0);
        assert_eq!(trace.end(at(9)), None);
        assert_eq!(trace.look_as_armed(at(1_000)), (None, None));
    }

    #[test]
    fn one_timer_looks_at_a_time_and_follows_those_that_come_later() {
        let mut trace = begun(0);
        assert_eq!((trace.wait(), trace.wait()), (Some(at(10)), None));
        assert_eq!(trace.end(at(3)), None);
        trace.begin(|| "work", at(5), Duration::from_nanos(10));
        assert_eq!(trace.wait(), None, "the timer is armed for the one before");
        assert_eq!(trace.look_as_armed(at(10)), (None, Some(at(15))));
        assert_eq!(trace.look_as_armed(at(15)), (slow(10, false), Some(at(25))));
        assert_eq!(trace.end(at(16)), None);
        assert_eq!(trace.look_as_armed(at(25)), (None, None));
        trace.begin(|| "work", at(30), Duration::from_nanos(10));
        assert_eq!(trace.wait(), Some(at(40)));
    }

    #[test]
    fn one_that_never_ends_is_told_of_often_enough() {
        let mut trace = begun(0);
        let (mut told, mut next) = (0, trace.wait());
        while let Some(now) = next {
            let (slow, again) = trace.look_as_armed(now);
            told += usize::from(slow.is_some());
            next = again;
        }
        assert_eq!(told, usize::from(REPORTS) + 1);
    }
}
