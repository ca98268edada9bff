//! Which lines are written, and who shares them: the table of ARCHITECTURE.md against the code.

use std::fs;
use std::path::Path;

use super::files::{File, hold_against, rust_files, sample};
use super::scan::{is_test_file, scan, test_code_from};

/// The heading of the table's section.
const HEADING: &str = "## On 64 cores";

/// How an atomic is changed by a read-modify-write.
const CHANGES: [&str; 8] = [
    ".fetch_add(",
    ".fetch_sub(",
    ".fetch_or(",
    ".fetch_and(",
    ".swap(",
    ".compare_exchange(",
    ".compare_exchange_weak(",
    ".force_push(",
];

/// The lines of a file's code that are shipped.
fn shipped(file: &File) -> Vec<String> {
    let apart = ["src/loom_api/", "src/sync/double/"];
    if is_test_file(&file.path) || apart.iter().any(|folder| file.path.starts_with(folder)) {
        return Vec::new();
    }
    let lines = scan(&file.text);
    let end = test_code_from(&lines);
    lines.into_iter().take(end).map(|line| line.code).collect()
}

/// The text of the section with that heading.
fn section(text: &str) -> &str {
    let from = text.split_once(HEADING).expect("the section is there").1;
    from.split("\n## ").next().unwrap_or(from)
}

fn unlisted(file: &File, section: &str) -> Vec<String> {
    let changes = shipped(file).iter().any(|code| CHANGES.iter().any(|change| code.contains(change)));
    let is_listed = section.contains(&format!("({})", file.path));
    if changes && !is_listed {
        vec![" changes an atomic, and the table doesn't name it".to_owned()]
    } else {
        Vec::new()
    }
}

#[test]
fn each_read_modify_write_has_its_line_in_the_table() {
    let text = "# Map\n## On 64 cores\n[a](src/a.rs)\n## Next\n[b](src/b.rs)";
    assert_eq!(section(text).trim(), "[a](src/a.rs)");
    let breaches = |path: &str, text: &str| unlisted(&sample(path, text), "[a](src/a.rs)").len();
    assert_eq!(breaches("src/a.rs", "word.fetch_or(1, Relaxed);"), 0);
    assert_eq!(breaches("src/b.rs", "word.fetch_or(1, Relaxed);"), 1);
    assert_eq!(breaches("src/b.rs", "word.load(Relaxed); // word.swap("), 0);
    assert_eq!(breaches("src/b.rs", "fn f() {}\n#[cfg(test)]\nmod tests { fn f() { word.swap(1); } }"), 0);
    assert_eq!(breaches("src/sync/double/b.rs", "word.swap(1);"), 0);

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md");
    let map = fs::read_to_string(path).expect("ARCHITECTURE.md");
    hold_against(&rust_files("src"), |file| unlisted(file, section(&map)));
}

/// What is written often, where it is, and the least that it is aligned to.
const APART: [(&str, &str, usize); 7] = [
    ("src/scheduler/mod.rs", "Remote", 128),
    ("src/scheduler/timer.rs", "Place", 128),
    ("src/sync/marks.rs", "Page", 128),
    ("src/sync/padded.rs", "Padded", 128),
    ("src/task/header.rs", "Cell", 64),
    ("src/task/seats.rs", "Tally", 128),
    ("src/task/waits.rs", "Entry", 64),
];

/// What a type of that name is aligned to by its attributes, if it is in the file.
fn alignment(file: &File, name: &str) -> Option<usize> {
    let code = shipped(file);
    let declares = |code: &String| {
        let rest = code.split_once("struct ").map(|(_, rest)| rest);
        rest.and_then(|rest| rest.strip_prefix(name)).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    };
    let at = code.iter().position(declares)?;
    let attributes = code[..at].iter().rev().take_while(|code| code.is_empty() || code.starts_with("#["));
    attributes.filter_map(|code| code.split_once("align(")?.1.split(')').next()?.parse().ok()).next().or(Some(1))
}

#[test]
fn what_is_written_often_has_lines_of_its_own() {
    let aligned = |text: &str| alignment(&sample("src/a.rs", text), "Near");
    assert_eq!(aligned("#[repr(C, align(64))]\nstruct Near<S> {"), Some(64));
    assert_eq!(aligned("/// Near.\n#[derive(Debug)]\n#[repr(align(128))]\n// so\npub(crate) struct Near {"), Some(128));
    assert_eq!(aligned("#[repr(align(64))]\nstruct Far {}\nstruct Near {}"), Some(1));
    assert_eq!(aligned("struct Nearby {}"), None);

    let files = rust_files("src");
    for (path, name, least) in APART {
        let file = files.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("no {path}"));
        let found = alignment(file, name).unwrap_or_else(|| panic!("no struct {name} in {path}"));
        assert!(found >= least, "{name} of {path} is aligned to {found}, not to {least}");
    }
}
