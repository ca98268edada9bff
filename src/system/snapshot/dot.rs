//! A snapshot as a graph in Graphviz's language (<https://graphviz.org/doc/info/lang.html>).

use std::fmt::{self, Display, Write};

use super::{Activity, SystemSnapshot};

/// The snapshot as a directed graph: a node for each actor, solid edges of supervision, dashed edges of waits.
pub(super) fn write(snapshot: &SystemSnapshot) -> String {
    let mut out = String::new();
    // A `String` takes all.
    let _ = graph(&mut out, snapshot);
    out
}

fn graph(out: &mut String, snapshot: &SystemSnapshot) -> fmt::Result {
    writeln!(out, "digraph {} {{", Quoted(&snapshot.name))?;
    writeln!(out, "  node [shape=box];")?;
    for actor in &snapshot.actors {
        let (id, who) = (actor.actor.id(), &actor.actor);
        let label = format!("{who}\n{}, {}\n{}", actor.phase, actor.activity, actor.mailbox);
        writeln!(out, "  {} [label={}];", Quoted(id), Quoted(label))?;
    }
    for actor in &snapshot.actors {
        let id = Quoted(actor.actor.id());
        if let Some(supervisor) = actor.supervisor {
            writeln!(out, "  {} -> {id};", Quoted(supervisor))?;
        }
        if let Activity::Waiting { targets } = &actor.activity {
            for target in targets {
                writeln!(out, "  {id} -> {} [style=dashed, label=\"waits for\"];", Quoted(target.id()))?;
            }
        }
    }
    out.write_str("}\n")
}

/// A quoted name. A backslash stands before a quote and before another backslash, which a label would take for the beginning
/// of an escape.
struct Quoted<T>(T);

impl<T: Display> Display for Quoted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for character in self.0.to_string().chars() {
            match character {
                '"' | '\\' => write!(f, "\\{character}")?,
                '\n' => f.write_str("\\n")?,
                // Not in a graph that is text.
                control if control.is_control() => f.write_char(' ')?,
                other => f.write_char(other)?,
            }
        }
        f.write_char('"')
    }
}
