//! The files of the crate that are weakened, and the list of all mutants in them.

use crate::mutant::{Mutant, mutants, test_modules};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// The layers that hold the protocols.
const FOLDERS: [&str; 7] =
    ["src/mailbox", "src/memory", "src/reply", "src/task", "src/scheduler", "src/broker", "src/sync"];

/// The loom doubles: never shipped, so never weakened.
const DOUBLES: &str = "src/sync/double";

/// Files by path, with their texts.
pub type Files = BTreeMap<String, String>;

/// Reads every file that is weakened. Files that `#[cfg(test)] mod name;` keeps for tests are left out.
pub fn files(root: &Path) -> io::Result<Files> {
    let mut files = Files::new();
    for folder in FOLDERS {
        // A layer may be one file.
        let file = format!("{folder}.rs");
        if root.join(&file).is_file() {
            files.insert(file.clone(), std::fs::read_to_string(root.join(&file))?);
        }
        if root.join(folder).is_dir() {
            collect(root, folder, &mut files)?;
        }
    }
    let tests: Vec<_> = files.iter().flat_map(|(path, text)| test_modules(path, text)).collect();
    files.retain(|path, _| {
        let module = path.trim_end_matches(".rs");
        !tests.iter().any(|test| module == test || path.starts_with(&format!("{test}/")))
    });
    Ok(files)
}

fn collect(root: &Path, folder: &str, files: &mut Files) -> io::Result<()> {
    if folder == DOUBLES {
        return Ok(());
    }
    for entry in std::fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(root, &path, files)?;
        } else if path.ends_with(".rs") {
            files.insert(path, std::fs::read_to_string(entry.path())?);
        }
    }
    Ok(())
}

/// Every mutant of `files`, in the order of files and lines; or what is wrong with the marks.
pub fn all_mutants(files: &Files, fine: bool) -> Result<Vec<Mutant>, String> {
    let mut all = Vec::new();
    let mut wrong = Vec::new();
    for (path, text) in files {
        match mutants(path, text, fine) {
            Ok(found) => all.extend(found),
            Err(error) => wrong.push(error),
        }
    }
    if wrong.is_empty() { Ok(all) } else { Err(wrong.join("\n")) }
}
