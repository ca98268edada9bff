//! Imports point down the layers.

use super::files::{File, hold_against, rust_files, sample};
use super::scan::{Line, find_word, has_word, is_test_file, names_after, scan, test_code_from};

/// The layers from the bottom; what stands together knows only itself and what is below.
const LAYERS: [&[&str]; 12] = [
    &["sync"],
    &["memory"],
    &["mailbox", "reply"],
    &["task"],
    &["scheduler"],
    // Errors name actors, and actors give errors: one part in two places.
    &["actor", "error"],
    &["broker"],
    &["system"],
    // Supervisors spawn, and say what they see to those who subscribe.
    &["supervision"],
    // What tests are made with; without the feature `sim` it isn't there.
    &["sim", "testing"],
    // The model checker for users, on top of the simulator; under `--cfg corecast_loom` alone.
    &["loom"],
    // Hands out what is inside to the models, as the crate's root does to everyone.
    &["loom_api"],
];

/// The module at the crate's root to which a file belongs; `None` for the root itself.
pub(super) fn part(path: &str) -> Option<&str> {
    let path = path.strip_prefix("src/")?;
    let part = path.split('/').next()?.trim_end_matches(".rs");
    (part != "lib").then_some(part)
}

pub(super) fn layer(part: &str) -> Option<usize> {
    LAYERS.iter().position(|parts| parts.contains(&part))
}

/// Whether `from` may name `to`.
fn may_name(from: &str, to: &str) -> bool {
    let same = |one: &str, other: &str| one == other || [one, other].iter().all(|it| ["actor", "error"].contains(it));
    match (layer(from), layer(to)) {
        (Some(above), Some(below)) => above > below || same(from, to),
        _ => false,
    }
}

/// How many `super` lead from a file's module to the crate's root.
fn depth(path: &str) -> usize {
    let steps = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod").split('/');
    steps.count()
}

/// How many `mod name { .. }` blocks enclose the place `at` in `code`.
fn inline_modules(code: &str, at: usize) -> usize {
    let mut blocks = Vec::new();
    let mut head = 0;
    for (index, letter) in code[..at].char_indices() {
        match letter {
            '{' => blocks.push(has_word(&code[head..index], "mod")),
            '}' => drop(blocks.pop()),
            ';' => {}
            _ => continue,
        }
        head = index + 1;
    }
    blocks.into_iter().filter(|is_module| *is_module).count()
}

/// The modules at the crate's root that `code` names, each with its place in it.
fn named(code: &str, depth: usize) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut note = |start: usize, rest: &str| found.extend(names_after(rest).into_iter().map(|name| (start, name)));
    for start in find_word(code, "crate") {
        if let Some(rest) = code[start + "crate".len()..].trim_start().strip_prefix("::") {
            note(start, rest);
        }
    }
    for start in find_word(code, "super") {
        if code[..start].trim_end().ends_with("::") {
            continue;
        }
        let mut rest = &code[start..];
        let mut steps = 0;
        while let Some(after) = rest.strip_prefix("super").and_then(|it| it.trim_start().strip_prefix("::")) {
            rest = after.trim_start();
            steps += 1;
        }
        if steps > 0 && steps >= depth + inline_modules(code, start) {
            note(start, rest);
        }
    }
    found.retain(|(_, name)| name != "self");
    found
}

/// The breaches of a file: what it names that is not below it.
fn upward_imports(file: &File) -> Vec<String> {
    let Some(from) = part(&file.path) else { return Vec::new() };
    if is_test_file(&file.path) {
        return Vec::new();
    }
    if layer(from).is_none() {
        return vec![format!("1: `{from}` has no layer: give it one in tests/behaviour/source/layers.rs")];
    }
    let lines = scan(&file.text);
    let code: Vec<_> = lines[..test_code_from(&lines)].iter().map(|line: &Line| line.code.as_str()).collect();
    let code = code.join("\n");
    named(&code, depth(&file.path))
        .into_iter()
        .filter(|(_, to)| !may_name(from, to))
        .map(|(start, to)| format!("{}: `{from}` names `{to}`", code[..start].matches('\n').count() + 1))
        .collect()
}

#[test]
fn imports_point_down() {
    let breaches = |path: &str, text: &str| upward_imports(&sample(path, text)).len();
    assert_eq!(breaches("src/task/cell.rs", "use crate::mailbox::Ring;\nuse super::state::State;"), 0);
    assert_eq!(breaches("src/mailbox/ring.rs", "use crate::task::Cell;"), 1);
    assert_eq!(breaches("src/mailbox/ring.rs", "fn f() { crate::reply::pool(); }"), 1, "side by side");
    assert_eq!(breaches("src/sync/mod.rs", "use crate::{sync::atomic, system::X, actor};"), 2);
    assert_eq!(breaches("src/reply/mod.rs", "use super::task;"), 1, "by way of the root");
    assert_eq!(breaches("src/reply/slot.rs", "use super::super::task::X; use super::task;"), 1);
    assert_eq!(breaches("src/sync/mod.rs", "mod a { use super::b; }\nmod b {}"), 0, "an inline module's parent");
    assert_eq!(breaches("src/sync/mod.rs", "mod a { use super::super::task; }"), 1, "beyond it");
    assert_eq!(breaches("src/reply/slot.rs", "// crate::task\n\"crate::task\";"), 0);
    assert_eq!(breaches("src/reply/slot.rs", "#[cfg(test)]\nmod tests { use crate::task; }"), 0);
    assert_eq!(breaches("src/actor/mod.rs", "use crate::error::TellError;"), 0);
    assert_eq!(breaches("src/error.rs", "use crate::actor::ActorInfo; use crate::system::X;"), 1);
    assert_eq!(breaches("src/task/mod.rs", "use crate::ActorRef;"), 1, "a re-export hides its layer");
    assert_eq!(breaches("src/extra.rs", "fn f() {}"), 1, "a part without a layer");
    assert_eq!(breaches("src/lib.rs", "pub use crate::system::ActorSystem;"), 0);

    let files = rust_files("src");
    assert!(files.iter().any(|file| part(&file.path) == Some("system")), "the layers are there");
    hold_against(&files, upward_imports);
}
