//! A snapshot as text: a line for each actor, indented below its supervisor.

use std::fmt;

use super::{Activity, ActorPhase, ActorSnapshot, MailboxSnapshot, SystemSnapshot, tree};

impl fmt::Display for SystemSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, actors, workers, uptime) = (&self.name, self.actors.len(), self.workers, self.uptime);
        write!(f, "{name}: {actors} actors on {workers} workers, up {uptime:.1?}, {} dead letters", self.dead_letters)?;
        for (depth, actor) in tree::walk(self) {
            write!(f, "\n{:indent$}{actor}", "", indent = 2 * depth + 2)?;
        }
        Ok(())
    }
}

impl fmt::Display for ActorSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.actor)?;
        if self.phase != ActorPhase::Serving {
            write!(f, "{}, ", self.phase)?;
        }
        write!(f, "{}", self.activity)?;
        if let Some(handler) = self.handler {
            write!(f, " in {} for {:.1?}", handler.what, handler.age)?;
        }
        write!(f, "; {}", self.mailbox)?;
        if self.restarts > 0 {
            write!(f, "; restarted {} times", self.restarts)?;
        }
        if let Some(reason) = self.failures.last() {
            write!(f, ", last because {reason}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ActorPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starting => "starting",
            Self::Serving => "serving",
            Self::Stopping => "stopping",
            Self::Down => "down",
            Self::BackingOff => "backing off",
        })
    }
}

impl fmt::Display for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Idle => f.write_str("idle"),
            Self::Scheduled => f.write_str("scheduled"),
            Self::Running { worker } => write!(f, "running on worker {worker}"),
            Self::Waiting { targets } => {
                f.write_str("waiting")?;
                for (index, target) in targets.iter().enumerate() {
                    write!(f, "{}{target}", if index == 0 { " for " } else { " and " })?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for MailboxSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} messages", self.depth)?;
        if let Some(capacity) = self.capacity {
            write!(f, " of {capacity}")?;
        }
        write!(f, ", at most {} so far", self.high_water)
    }
}
