//! The survivors that `loom-tests/README.md` argues for: lines with ``survivor: `KEY` why``.

use std::collections::BTreeMap;
use std::path::Path;

/// A reason shorter than this is none.
const SHORTEST: usize = 20;

/// What the README argues, by key.
#[derive(Debug, Default)]
pub struct Arguments(BTreeMap<String, String>);

impl Arguments {
    /// Reads the README of the models, if there is one.
    pub fn read(root: &Path) -> Self {
        let text = std::fs::read_to_string(root.join("loom-tests/README.md")).unwrap_or_default();
        Arguments(text.lines().filter_map(argument).collect())
    }

    /// Whether `key` is argued for.
    pub fn has(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|why| why.len() >= SHORTEST)
    }

    /// The keys that are argued for.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// The key and the reason on `line`.
fn argument(line: &str) -> Option<(String, String)> {
    let rest = line.split_once("survivor: `")?.1;
    let (key, why) = rest.split_once('`')?;
    Some((key.to_owned(), why.trim_matches([' ', ':', '.', '|', '-']).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_and_its_reason() {
        let (key, why) = argument("- survivor: `src/a.rs::f#1 AcqRel` the fence in `g` is stronger.").unwrap();
        assert_eq!((key.as_str(), why.as_str()), ("src/a.rs::f#1 AcqRel", "the fence in `g` is stronger"));
        assert!(argument("survivors are argued for here").is_none());
    }

    #[test]
    fn a_key_alone_is_no_argument() {
        let arguments = Arguments([argument("survivor: `k`: yes.").unwrap()].into());
        assert!(!arguments.has("k"));
    }
}
