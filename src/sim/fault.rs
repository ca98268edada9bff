//! What goes wrong in a simulation, at which rate, and where.

use std::time::Duration;

use super::choice::Rate;

/// Something that goes wrong, within what the runtime's guarantees allow.
///
/// A fault has a rate: the share of its occasions at which it happens. With [`at`](Self::at) it happens only to actors or
/// messages of a certain type. Whether it does is a decision like any other: the seed takes it, and shrinking leaves out
/// the faults that don't matter.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use corecast::sim::{Check, Fault};
///
/// Check::new()
///     .runs(50)
///     .fault(Fault::delays(0.1, Duration::from_millis(20)))
///     .fault(Fault::kills(0.001).at("Worker"))
///     .run(|sim| {
///         let _system = sim.system();
///         sim.run_until_quiescent()?;
///         Ok(())
///     });
/// ```
#[derive(Clone, Debug)]
pub struct Fault {
    pub(super) kind: Kind,
    rate: Rate,
    place: Option<Box<str>>,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Panics,
    Delays(Duration),
    FullMailboxes,
    Kills,
    SlowStarts(Duration),
    ClockJumps(Duration),
}

impl Fault {
    fn new(kind: Kind, rate: f64) -> Self {
        // Out of range it is cut to what makes sense.
        let rate = (rate.clamp(0.0, 1.0) * f64::from(Rate::MAX)) as Rate;
        Self { kind, rate, place: None }
    }

    /// A handler panics before it does anything. The occasions are messages that are about to be handled. Such a panic
    /// isn't counted against the test.
    pub fn panics(rate: f64) -> Self {
        Self::new(Kind::Panics, rate)
    }

    /// An actor that has something to do comes to it later, by a time of up to `most`: so a message, a reply or a timer
    /// reaches it late. What one sender has sent stays in its order.
    pub fn delays(rate: f64, most: Duration) -> Self {
        Self::new(Kind::Delays(most), rate)
    }

    /// An actor's bounded mailbox has room for one message only. The occasions are spawns.
    pub fn full_mailboxes(rate: f64) -> Self {
        Self::new(Kind::FullMailboxes, rate)
    }

    /// Some actor is killed. The occasions are steps.
    pub fn kills(rate: f64) -> Self {
        Self::new(Kind::Kills, rate)
    }

    /// An actor starts late, by a time of up to `most`: its messages wait meanwhile. The occasions are spawns.
    pub fn slow_starts(rate: f64, most: Duration) -> Self {
        Self::new(Kind::SlowStarts(most), rate)
    }

    /// Time passes though there is something to do, up to `most`. The occasions are steps. Without it, time passes only
    /// when nobody can act.
    pub fn clock_jumps(rate: f64, most: Duration) -> Self {
        Self::new(Kind::ClockJumps(most), rate)
    }

    /// Only to actors whose type's path contains `place`; for panics, also where the message's does. It means nothing to
    /// the clock.
    #[must_use]
    pub fn at(mut self, place: impl Into<Box<str>>) -> Self {
        self.place = Some(place.into());
        self
    }

    pub(super) fn is_at(&self, names: &[&str]) -> bool {
        self.place.as_deref().is_none_or(|place| names.iter().any(|name| name.contains(place)))
    }
}

/// All faults of a check, by kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those of a kind that `is_meant` picks, wherever.
    pub(super) fn of(&self, is_meant: impl Fn(Kind) -> bool) -> impl Iterator<Item = (&Fault, Rate)> {
        self.0.iter().filter(move |fault| is_meant(fault.kind)).map(|fault| (fault, fault.rate))
    }

    /// Those of the kinds that `is_meant` picks, which happen to what has one of these names.
    pub(super) fn rates<'a>(
        &'a self,
        names: &'a [&'a str],
        is_meant: impl Fn(Kind) -> bool + 'a,
    ) -> impl Iterator<Item = (&'a Fault, Rate)> + 'a {
        self.0.iter().filter(move |fault| is_meant(fault.kind) && fault.is_at(names)).map(|fault| (fault, fault.rate))
    }
}
