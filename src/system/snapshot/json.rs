//! A snapshot as JSON (RFC 8259). What is written is read back by another crate's parser in the tests.

use std::fmt::{self, Display, Write};
use std::time::Duration;

use super::{Activity, ActorPhase, ActorSnapshot, SystemSnapshot};

/// The snapshot as an object, on one line.
pub(super) fn write(snapshot: &SystemSnapshot) -> String {
    let mut out = String::new();
    let _ = Json::system(&mut Json(&mut out), snapshot);
    out
}

/// Writes values one after the other. A `String` takes all.
struct Json<'a>(&'a mut String);

impl Json<'_> {
    fn system(&mut self, snapshot: &SystemSnapshot) -> fmt::Result {
        self.first("name")?;
        self.text(&snapshot.name)?;
        self.next("uptime_ns")?;
        self.nanos(snapshot.uptime)?;
        self.next("workers")?;
        write!(self.0, "{}", snapshot.workers)?;
        self.next("dead_letters")?;
        write!(self.0, "{}", snapshot.dead_letters)?;
        self.next("actors")?;
        self.list(&snapshot.actors, Self::actor)?;
        self.0.write_char('}')
    }

    fn actor(&mut self, actor: &ActorSnapshot) -> fmt::Result {
        self.first("id")?;
        self.text(actor.actor.id())?;
        self.next("name")?;
        self.or_null(actor.actor.name(), Self::text)?;
        self.next("type")?;
        self.text(actor.actor.type_name())?;
        self.next("phase")?;
        self.text(match actor.phase {
            // As a word.
            ActorPhase::BackingOff => "backing_off".to_owned(),
            phase => phase.to_string(),
        })?;
        self.activity(&actor.activity)?;
        self.next("mailbox")?;
        self.first("depth")?;
        write!(self.0, "{}", actor.mailbox.depth)?;
        self.next("capacity")?;
        self.or_null(actor.mailbox.capacity, |json, capacity| write!(json.0, "{capacity}"))?;
        self.next("high_water")?;
        write!(self.0, "{}}}", actor.mailbox.high_water)?;
        self.next("handler")?;
        self.or_null(actor.handler, |json, handler| {
            json.first("what")?;
            json.text(handler.what)?;
            json.next("age_ns")?;
            json.nanos(handler.age)?;
            json.0.write_char('}')
        })?;
        self.next("supervisor")?;
        self.or_null(actor.supervisor, Self::text)?;
        self.next("restarts")?;
        write!(self.0, "{}", actor.restarts)?;
        self.next("failures")?;
        self.list(&actor.failures, |json, reason| json.text(reason))?;
        self.0.write_char('}')
    }

    fn activity(&mut self, activity: &Activity) -> fmt::Result {
        let (name, worker, targets) = match activity {
            Activity::Idle => ("idle", None, None),
            Activity::Scheduled => ("scheduled", None, None),
            Activity::Running { worker } => ("running", Some(worker), None),
            Activity::Waiting { targets } => ("waiting", None, Some(targets)),
        };
        self.next("activity")?;
        self.text(name)?;
        self.next("worker")?;
        self.or_null(worker, |json, worker| write!(json.0, "{worker}"))?;
        self.next("waits_for")?;
        self.or_null(targets, |json, targets| json.list(targets, |json, target| json.text(target.id())))
    }

    /// Begins an object with its first key.
    fn first(&mut self, key: &str) -> fmt::Result {
        write!(self.0, "{{\"{key}\":")
    }

    /// A further key.
    fn next(&mut self, key: &str) -> fmt::Result {
        write!(self.0, ",\"{key}\":")
    }

    fn nanos(&mut self, duration: Duration) -> fmt::Result {
        write!(self.0, "{}", duration.as_nanos())
    }

    fn or_null<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T) -> fmt::Result) -> fmt::Result {
        match value {
            Some(value) => write(self, value),
            None => self.0.write_str("null"),
        }
    }

    fn list<T>(&mut self, values: &[T], mut write: impl FnMut(&mut Self, &T) -> fmt::Result) -> fmt::Result {
        for (index, value) in values.iter().enumerate() {
            self.0.write_char(if index == 0 { '[' } else { ',' })?;
            write(self, value)?;
        }
        self.0.write_str(if values.is_empty() { "[]" } else { "]" })
    }

    /// A string: quotes, backslashes and control characters are escaped (RFC 8259, section 7).
    fn text(&mut self, text: impl Display) -> fmt::Result {
        self.0.write_char('"')?;
        for character in text.to_string().chars() {
            match character {
                '"' | '\\' => write!(self.0, "\\{character}")?,
                '\0'..='\x1f' => write!(self.0, "\\u{:04x}", u32::from(character))?,
                _ => self.0.write_char(character)?,
            }
        }
        self.0.write_char('"')
    }
}
