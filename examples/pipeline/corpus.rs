//! The text: which files belong to it, and what a word is.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// Folders that hold no text of the directory's own.
const PASSED_OVER: [&str; 2] = ["target", ".git"];

/// All files under `dir`, in a stable order. Links are not followed.
pub fn files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_file() {
                files.push(entry.path());
            } else if kind.is_dir() && !PASSED_OVER.iter().any(|name| entry.file_name() == *name) {
                folders.push(entry.path());
            }
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// The file's text, or none where it cannot be read or is not UTF-8.
pub fn text(file: &Path) -> Option<String> {
    String::from_utf8(fs::read(file).ok()?).ok()
}

/// The words of a text, in lower case: runs of letters, digits and underscores with a letter among them.
pub fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| word.contains(char::is_alphabetic))
        .map(str::to_lowercase)
}
