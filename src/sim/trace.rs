//! What happened in a run, for people.

use std::fmt;
use std::time::Duration;

use crate::task::identity::ActorInfo;

/// The events of a run, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace(Vec<Event>);

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) at: Duration,
    /// The place among those who could have acted instead, and how many they were.
    pub(super) choice: Option<(usize, usize)>,
    pub(super) what: What,
}

/// What it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// An actor's turn: what it did, and how it ended.
    Turn { actor: ActorInfo, worker: usize, deed: Deed, end: End },
    /// The test went on.
    Test,
    /// A closure that may block.
    Job,
    /// Time passed.
    Time(Duration),
    /// A fault, or a note.
    Note(String),
}

/// What an actor did in its turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// It had nothing to do but to look.
    Looks,
    Starts,
    /// It began to handle a message of this type.
    Handles(&'static str),
    /// Its handler went on.
    GoesOn,
    /// It ended.
    Ends,
}

/// How a turn ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    Done,
    /// It let others go first.
    Yields,
    /// For these; nobody, if it isn't an actor.
    Waits(Vec<ActorInfo>),
    Panics,
}

impl Trace {
    pub(super) fn push(&mut self, event: Event) {
        self.0.push(event);
    }

    /// How many events there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The last part of each path in a type's name: `a::B<c::D>` is `B<D>`.
fn short(name: &str) -> String {
    let mut short = String::new();
    for letter in name.chars() {
        short.push(letter);
        if short.ends_with("::") {
            let keep =
                short.trim_end_matches("::").trim_end_matches(|letter: char| letter.is_alphanumeric() || letter == '_');
            short.truncate(keep.len());
        }
    }
    short
}

/// An actor by its name, or by its type and number.
fn who(actor: &ActorInfo) -> String {
    match actor.name() {
        Some(name) => format!("`{name}`"),
        None => format!("{} {}", short(actor.type_name()), actor.id()),
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Turn { actor, worker, deed, end } => {
                write!(f, "w{worker} {}", who(actor))?;
                match deed {
                    Deed::Looks => f.write_str(" looks")?,
                    Deed::Starts => f.write_str(" starts")?,
                    Deed::Handles(message) => write!(f, " handles {}", short(message))?,
                    Deed::GoesOn => f.write_str(" goes on")?,
                    Deed::Ends => f.write_str(" ends")?,
                }
                match end {
                    End::Done => Ok(()),
                    End::Yields => f.write_str(", lets others go first"),
                    End::Panics => f.write_str(", panics"),
                    End::Waits(targets) if targets.is_empty() => f.write_str(", waits"),
                    End::Waits(targets) => {
                        let targets: Vec<_> = targets.iter().map(who).collect();
                        write!(f, ", waits for {}", targets.join(" and "))
                    }
                }
            }
            Self::Test => f.write_str("the test goes on"),
            Self::Job => f.write_str("a blocking closure runs"),
            Self::Time(passed) => write!(f, "{passed:?} pass"),
            Self::Note(note) => f.write_str(note),
        }
    }
}

impl fmt::Display for Trace {
    /// A line for each event: its number, the time, which of how many could act, and what it did.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Event { at, choice, what }) in self.0.iter().enumerate() {
            let choice = choice.map_or(String::new(), |(taken, of)| format!("{}/{of}", taken + 1));
            writeln!(f, "{:>5} {:>10} {choice:>6}  {what}", number + 1, format!("{at:?}"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn paths_are_left_out() {
        assert_eq!(short("a::b::C"), "C");
        assert_eq!(short("a::B<c::D, &[e::F]>"), "B<D, &[F]>");
        assert_eq!(short("u64"), "u64");
    }
}
