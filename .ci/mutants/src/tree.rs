//! The copy of the repository in which one file at a time is weakened.
//!
//! A file is written only where its text differs, so that cargo builds again no more than it must.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

/// What is not copied: results, history, and this tool itself.
const LEFT_OUT: [&str; 3] = ["target", ".git", ".ci"];

/// A copy of the repository at `root`.
#[derive(Debug)]
pub struct Tree {
    root: PathBuf,
    copy: PathBuf,
}

impl Tree {
    /// Brings the copy at `copy` up to date with `root`.
    pub fn new(root: &Path, copy: PathBuf) -> io::Result<Self> {
        let tree = Tree { root: root.to_owned(), copy };
        tree.sync(Path::new(""))?;
        Ok(tree)
    }

    /// Where the copy is.
    pub fn path(&self) -> &Path {
        &self.copy
    }

    /// Puts `text` into the copy of the file at `path`.
    pub fn write(&self, path: &str, text: &str) -> io::Result<()> {
        write_if_changed(&self.copy.join(path), text.as_bytes())
    }

    /// Makes the copy of the file at `path` whole again.
    pub fn restore(&self, path: &str) -> io::Result<()> {
        write_if_changed(&self.copy.join(path), &std::fs::read(self.root.join(path))?)
    }

    fn sync(&self, folder: &Path) -> io::Result<()> {
        std::fs::create_dir_all(self.copy.join(folder))?;
        let mut kept = BTreeSet::new();
        for entry in std::fs::read_dir(self.root.join(folder))? {
            let entry = entry?;
            let name = entry.file_name();
            if LEFT_OUT.iter().any(|out| name == *out) {
                continue;
            }
            let path = folder.join(&name);
            if entry.path().is_dir() {
                self.sync(&path)?;
            } else {
                write_if_changed(&self.copy.join(&path), &std::fs::read(entry.path())?)?;
            }
            kept.insert(name);
        }
        for entry in std::fs::read_dir(self.copy.join(folder))? {
            let entry = entry?;
            if kept.contains(&entry.file_name()) {
                continue;
            }
            if entry.path().is_dir() {
                std::fs::remove_dir_all(entry.path())?;
            } else {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

fn write_if_changed(path: &Path, content: &[u8]) -> io::Result<()> {
    if std::fs::read(path).is_ok_and(|old| old == content) {
        return Ok(());
    }
    std::fs::write(path, content)
}
