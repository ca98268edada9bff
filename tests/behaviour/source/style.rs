//! Where `unsafe`, `std::sync`, clocks and orderings stand, and what is written beside them.

use super::files::{File, hold_against, rust_files, sample};
use super::layers::{layer, part};
use super::scan::{Line, find_word, has_word, is_test_file, names_after, scan, test_code_from};

/// The lines of a file that are not its test module.
fn shipped(file: &File) -> Vec<Line> {
    let mut lines = scan(&file.text);
    lines.truncate(if is_test_file(&file.path) { 0 } else { test_code_from(&lines) });
    lines
}

/// A breach in the line of index `index`.
fn breach(index: usize, what: &str) -> String {
    format!("{}: {what}", index + 1)
}

fn opens_without_a_word(file: &File) -> Vec<String> {
    if file.text.starts_with("//! ") { Vec::new() } else { vec![breach(0, "opens without `//!`")] }
}

#[test]
fn each_file_opens_with_what_it_is() {
    assert_eq!(opens_without_a_word(&sample("src/a.rs", "use x;\n//! late")).len(), 1);
    assert_eq!(opens_without_a_word(&sample("src/a.rs", "//! A thing.\n")).len(), 0);
    for folder in ["src", "tests"] {
        hold_against(&rust_files(folder), opens_without_a_word);
    }
}

/// `unsafe` from the actors' layer up, or a folder there that doesn't forbid it.
fn unsafe_too_high(file: &File) -> Vec<String> {
    // The door for models hands out what the lower layers have; it is compiled under the model checker alone.
    let door = file.path.starts_with("src/loom_api/");
    let high = !door && part(&file.path).is_none_or(|part| layer(part) >= layer("actor"));
    if !high {
        return Vec::new();
    }
    let lines = scan(&file.text);
    let mut breaches: Vec<_> = (0..)
        .zip(&lines)
        .filter(|(_, line)| has_word(&line.code, "unsafe"))
        .map(|(index, _)| breach(index, "`unsafe` above the scheduler"))
        .collect();
    let is_folder_s_root = file.path.matches('/').count() == 2 && file.path.ends_with("/mod.rs");
    if is_folder_s_root && !lines.iter().any(|line| line.code.contains("#![forbid(unsafe_code)]")) {
        breaches.push(breach(0, "lacks `#![forbid(unsafe_code)]`"));
    }
    breaches
}

#[test]
fn unsafe_code_stays_in_the_lower_layers() {
    let breaches = |path: &str, text: &str| unsafe_too_high(&sample(path, text)).len();
    assert_eq!(breaches("src/actor/mod.rs", "#![forbid(unsafe_code)]\nfn f() {}"), 0);
    assert_eq!(breaches("src/actor/mod.rs", "fn f() {}"), 1);
    assert_eq!(breaches("src/actor/mod.rs", "// #![forbid(unsafe_code)]"), 1);
    assert_eq!(breaches("src/system/registry.rs", "fn f() { unsafe { g() } }"), 1);
    assert_eq!(breaches("src/error.rs", "unsafe impl<T> Sync for E<T> {}"), 1);
    assert_eq!(breaches("src/lib.rs", "#![deny(unsafe_op_in_unsafe_fn)]"), 0);
    assert_eq!(breaches("src/task/cell.rs", "fn f() { unsafe { g() } }"), 0);
    hold_against(&rust_files("src"), unsafe_too_high);
}

/// What only `sync/` may name.
const OF_SYNC: [&str; 6] = ["Instant::now", "SystemTime::now", "std::sync", "core::sync", "std::thread", "loom"];

fn names_what_is_sync_s(file: &File) -> Vec<String> {
    if file.path.starts_with("src/sync/") {
        return Vec::new();
    }
    let mut lines = shipped(file);
    if file.path == "src/lib.rs" {
        // The crate's own module of that name.
        lines.iter_mut().filter(|line| line.code.trim() == "pub mod loom;").for_each(|line| line.code.clear());
    }
    let mut breaches: Vec<_> = (0..)
        .zip(&lines)
        .flat_map(|(index, line)| OF_SYNC.iter().filter(|word| has_word(&line.code, word)).map(move |it| (index, it)))
        .map(|(index, word)| breach(index, &format!("`{word}` outside of sync/")))
        .collect();
    // `use std::{sync::Arc, thread}` names them too.
    let code = lines.iter().map(|line| line.code.as_str()).collect::<Vec<_>>().join("\n");
    for start in ["std::", "core::"].iter().flat_map(|root| code.match_indices(root)).map(|(start, _)| start) {
        let rest = code[start..].trim_start_matches(char::is_alphanumeric).trim_start_matches(':');
        if rest.trim_start().starts_with('{') {
            let index = code[..start].matches('\n').count();
            let names = names_after(rest).into_iter().filter(|name| name == "sync" || name == "thread");
            breaches.extend(names.map(|name| breach(index, &format!("`std::{{{name}}}` outside of sync/"))));
        }
    }
    breaches
}

#[test]
fn clocks_threads_and_atomics_come_from_sync() {
    let breaches = |path: &str, text: &str| names_what_is_sync_s(&sample(path, text)).len();
    for word in OF_SYNC {
        assert_eq!(breaches("src/task/mod.rs", &format!("use {word}::x;")), 1, "{word}");
        assert_eq!(breaches("src/sync/mod.rs", &format!("use {word}::x;")), 0, "{word}");
    }
    assert_eq!(breaches("src/lib.rs", "pub mod loom;"), 0, "a module of that name");
    assert_eq!(breaches("src/lib.rs", "pub mod loom;\npub use loom::model;"), 1);
    assert_eq!(breaches("src/task/mod.rs", "pub mod loom;"), 1);
    assert_eq!(breaches("src/task/mod.rs", "use std::{fmt,\n sync::Arc, thread};"), 2);
    assert_eq!(breaches("src/task/mod.rs", "use crate::sync::Arc; // std::sync\n#[cfg(corecast_loom)] fn f() {}"), 0);
    assert_eq!(breaches("src/task/mod.rs", "#[cfg(test)]\nmod tests { use std::thread; }"), 0);
    hold_against(&rust_files("src"), names_what_is_sync_s);
}

/// Whether the statement that line `index` is part of has a comment with `mark` on it or just above it.
fn argued(lines: &[Line], index: usize, mark: &str) -> bool {
    if lines[index].comment.contains(mark) {
        return true;
    }
    for line in lines[..index].iter().rev() {
        let code = line.code.trim();
        if line.comment.contains(mark) {
            return true;
        }
        let attribute = code.starts_with("#[") && code.ends_with(']');
        let goes_on = !code.is_empty() && !code.ends_with([';', '{', '}', ',']);
        if !(code.is_empty() && !line.comment.is_empty() || attribute || goes_on) {
            return false;
        }
    }
    false
}

fn unargued_unsafe(file: &File) -> Vec<String> {
    let lines = scan(&file.text);
    (0..lines.len())
        .filter(|index| {
            find_word(&lines[*index].code, "unsafe").iter().any(|start| {
                let rest = lines[*index].code[start + "unsafe".len()..].trim_start();
                rest.is_empty() || rest.starts_with('{') || rest.starts_with("impl")
            })
        })
        .filter(|index| !argued(&lines, *index, "SAFETY:"))
        .map(|index| breach(index, "`unsafe` without `// SAFETY:` just above"))
        .collect()
}

#[test]
fn each_unsafe_block_says_why_it_is_safe() {
    let breaches = |text: &str| unargued_unsafe(&sample("src/task/mod.rs", text)).len();
    assert_eq!(breaches("fn f() { unsafe { g() } }"), 1);
    assert_eq!(breaches("// SAFETY: rule 3.\n\nunsafe impl Send for X {}"), 1, "not just above");
    assert_eq!(breaches("// SAFETY: rule 3.\nunsafe { g() };\nunsafe { g() };"), 1, "one each");
    assert_eq!(breaches("// SAFETY: rule 3,\n// and more.\n#[rustfmt::skip]\nunsafe impl Send for X {}"), 0);
    assert_eq!(breaches("// SAFETY: rule 3.\nlet x =\n    unsafe { g() };"), 0);
    assert_eq!(breaches("match x {\n    // SAFETY: rule 3.\n    A => unsafe { g() },\n    B => unsafe { h() },\n}"), 1);
    assert_eq!(breaches("/// # Safety\n///\n/// A promise.\nunsafe fn f();"), 0, "a duty, not a claim");
    assert_eq!(breaches("// unsafe { }\nlet x = \"unsafe { }\";"), 0);
    for folder in ["src", "tests", "loom-tests", "benches", "examples"] {
        let files = rust_files(folder);
        if folder == "src" || !files.is_empty() {
            hold_against(&files, unargued_unsafe);
        }
    }
}

/// The orderings of atomic operations.
const ORDERINGS: [&str; 5] = ["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"];

/// How far above its operation an argument may stand; a comment that reaches into this is seen as a whole.
const REACH: usize = 6;

fn unargued_ordering(file: &File) -> Vec<String> {
    let lines = shipped(file);
    let mut importing = false;
    let mut breaches = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let code = line.code.trim_start();
        importing |= ["use ", "pub use ", "pub(crate) use ", "pub(super) use "].iter().any(|it| code.starts_with(it));
        let imports = importing;
        importing &= !code.contains(';');
        if imports || !ORDERINGS.iter().any(|ordering| has_word(code, ordering)) {
            continue;
        }
        let mut first = index.saturating_sub(REACH);
        while first > 0 && !lines[first].comment.is_empty() && !lines[first - 1].comment.is_empty() {
            first -= 1;
        }
        let argued = |line: &Line| line.comment.contains("ORDERING") || line.comment.contains("Ordering");
        if !lines[first..=index].iter().any(argued) {
            breaches.push(breach(index, "an ordering without `// ORDERING:` near above"));
        }
    }
    breaches
}

#[test]
fn each_ordering_says_what_it_is_for() {
    let breaches = |text: &str| unargued_ordering(&sample("src/task/mod.rs", text)).len();
    assert_eq!(breaches("x.load(Ordering::Acquire);"), 1);
    assert_eq!(breaches("x.load(Acquire);"), 1);
    assert_eq!(breaches("// ORDERING: pairs with f.\n\n\n\n\n\n\nx.load(Acquire);"), 1, "too far");
    assert_eq!(breaches("// Acquire what f released.\nx.load(Acquire);"), 1, "not marked");
    assert_eq!(breaches("// ORDERING: pairs with f.\nx.load(Acquire);"), 0);
    assert_eq!(breaches("x.load(Acquire); // ORDERING: pairs with f."), 0);
    assert_eq!(breaches("// ORDERING: a long story\n// 2\n// 3\n// 4\n// 5\n// 6\n// 7\n// 8\nx.load(Acquire);"), 0);
    assert_eq!(breaches("use std::sync::atomic::Ordering::{\n    Acquire,\n    Relaxed,\n};"), 0);
    assert_eq!(breaches("fn f(x: Vec<Released>) {}"), 0);
    assert_eq!(breaches("#[cfg(test)]\nmod tests {\n    x.load(Acquire);\n}"), 0);
    hold_against(&rust_files("src"), unargued_ordering);
}

/// Where the runtime's own `sleep` is what is tested or shown.
const ABOUT_SLEEP: [&str; 8] = [
    "tests/alloc/timing.rs",
    "tests/behaviour/held.rs",
    "tests/behaviour/time/",
    "tests/sim/",
    "examples/supervised.rs",
    "examples/timers.rs",
    "examples/model-checked/tests/orders.rs",
    "examples/swarm/",
];

/// Whether the `sleep` at `start` is no thread's. `x.sleep()` is the runtime's where that is the subject, and a worker's
/// step in a model, where there is no clock.
fn is_no_thread_s(path: &str, code: &str, start: usize) -> bool {
    let is_about_sleep = ABOUT_SLEEP.iter().any(|subject| path.starts_with(subject));
    code[..start].ends_with('.') && (path.starts_with("loom-tests/") || is_about_sleep)
}

fn sleeping(file: &File) -> Vec<String> {
    let lines = scan(&file.text);
    (0..)
        .zip(&lines)
        .filter(|(_, line)| {
            find_word(&line.code, "sleep").iter().any(|start| !is_no_thread_s(&file.path, &line.code, *start))
        })
        .map(|(index, _)| breach(index, "a test that sleeps"))
        .collect()
}

#[test]
fn no_test_orders_threads_by_sleeping() {
    let breaches = |path: &str, text: &str| sleeping(&sample(path, text)).len();
    for path in ["tests/a.rs", "tests/behaviour/time/a.rs", "loom-tests/tests/a.rs"] {
        assert_eq!(breaches(path, "use std::thread::sleep;"), 1);
        assert_eq!(breaches(path, "fn f() { thread::sleep (second) }"), 1);
        assert_eq!(breaches(path, "fn sleep(time: Duration) {}"), 1);
        assert_eq!(breaches(path, "fn sleep(&self) {}"), 1);
        assert_eq!(breaches(path, "// thread::sleep\nsleepers(); \"sleep\";"), 0);
    }
    assert_eq!(breaches("tests/behaviour/time/a.rs", "system.sleep(SHORT).await; ctx.sleep(SHORT)"), 0, "the subject");
    assert_eq!(breaches("tests/sim/a.rs", "system.sleep(LONG).await"), 0, "virtual");
    assert_eq!(breaches("tests/behaviour/life.rs", "wait(system.sleep(SHORT));"), 1, "a way to order what goes on");
    assert_eq!(breaches("loom-tests/tests/a.rs", "worker.sleep();"), 0, "a worker's step");
    for folder in ["tests", "examples", "loom-tests"] {
        let files = rust_files(folder);
        if folder == "tests" || !files.is_empty() {
            hold_against(&files, sleeping);
        }
    }
}
