//! The guide against the code: what it shows is what is compiled here, and what it says is printed is what is printed.

use std::fs;
use std::path::Path;

use super::{early_trade, forgotten_reply, found_by, lost_update};

const GUIDE: &str = "docs/finding-bugs.md";

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The fenced blocks of this language, each with the text of the comment on the line before it.
fn blocks<'a>(guide: &'a str, language: &str) -> Vec<(&'a str, &'a str)> {
    let fence = format!("```{language}\n");
    guide
        .match_indices(&fence)
        .map(|(start, _)| {
            let before = guide[..start].trim_end().lines().next_back().unwrap_or_default();
            let source = before.strip_prefix("<!-- ").and_then(|it| it.strip_suffix(" -->"));
            let block = guide[start + fence.len()..].split("```").next().unwrap_or_default();
            (
                source.unwrap_or_else(|| panic!("a block of {language} that doesn't say where it is from: {block}")),
                block,
            )
        })
        .collect()
}

#[test]
fn the_code_is_that_of_the_tests() {
    let guide = read(GUIDE);
    let blocks = blocks(&guide, "rust");
    assert!(blocks.len() >= 9, "of each bug the code, the test and the fix");
    for (source, block) in blocks {
        let path = format!("tests/sim/bugs/{source}.rs");
        // What stands apart in the guide may be apart in the code, too.
        let code = read(&path);
        for part in block.split("\n// ..\n") {
            assert!(code.contains(part.trim()), "{path} has no\n{part}");
        }
    }
}

#[test]
fn what_is_printed_is_what_the_seed_prints() {
    let guide = read(GUIDE);
    let blocks = blocks(&guide, "text");
    let found = [
        ("lost_update", found_by(lost_update::SEED, lost_update::test)),
        ("forgotten_reply", found_by(forgotten_reply::SEED, forgotten_reply::test)),
        ("early_trade", found_by(early_trade::SEED, early_trade::test)),
    ];
    assert_eq!(blocks.len(), found.len());
    let mut wrong = Vec::new();
    for ((source, block), (name, failure)) in blocks.into_iter().zip(found) {
        assert_eq!(source, name);
        let printed = failure.to_string();
        let told = printed.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
        if block.trim_end() != told {
            wrong.push(format!("{name} prints\n{told}\n"));
        }
        let seed = failure.seed().expect("a seed");
        assert!(guide.contains(&format!("CORECAST_SEED={seed} cargo test")), "how to run {name} again");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
