//! The mutants of one source file: each atomic ordering above Relaxed, and each re-check marked `// RECHECK`.
//!
//! A mutant is known by a key without line numbers, `src/mailbox/ring.rs::try_idle#2 AcqRel`: the file, the
//! function around it, its number among those of the same kind in functions of that name in that file, the kind.
//!
//! | kind | what is done to it |
//! |---|---|
//! | `Acquire`, `Release`, `AcqRel`, `SeqCst` | becomes Relaxed; in a compare-exchange each of the two for itself |
//! | `AcqRel->Acquire`, `AcqRel->Release` | only with `--fine` |
//! | `fence(..)`, `compiler_fence(..)` | the call is removed |
//! | `RECHECK` | the marked `if` or `while` is never taken: `if cond` becomes `if false && (cond)` |
//!
//! Left out: imports, and what stands under `#[cfg(test)]`.

use crate::lexer::{Comment, Kind, Lexed, Token, lex};
use std::collections::HashMap;
use std::ops::Range;

const ABOVE_RELAXED: [&str; 4] = ["Acquire", "Release", "AcqRel", "SeqCst"];

/// One way to weaken one file.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// Its name, unique in the crate.
    pub key: String,
    /// The file, from the root of the repository.
    pub path: String,
    /// Where it stands now.
    pub line: usize,
    /// Whether it stands under `#[cfg(not(corecast_loom))]`, so that no model can see it.
    pub unmodelled: bool,
    /// The bytes to replace.
    pub range: Range<usize>,
    /// What stands there instead.
    pub replacement: String,
    /// An edit that makes the compiler report this place if it compiles it; `%` stands for the message.
    probe: (Range<usize>, &'static str),
}

impl Mutant {
    /// The file's text with this mutant in it.
    pub fn apply(&self, text: &str) -> String {
        replaced(text, &self.range, &self.replacement)
    }

    /// The edit that plants `message` as a compile error at this place.
    pub fn probe(&self, message: &str) -> (Range<usize>, String) {
        (self.probe.0.clone(), self.probe.1.replace('%', &format!("compile_error!(\"{message}\")")))
    }
}

/// `text` with `range` replaced.
pub fn replaced(text: &str, range: &Range<usize>, replacement: &str) -> String {
    format!("{}{replacement}{}", &text[..range.start], &text[range.end..])
}

/// The mutants of the file at `path`, or what is wrong with its marks.
pub fn mutants(path: &str, text: &str, fine: bool) -> Result<Vec<Mutant>, String> {
    let file = File::new(path, text);
    let mut found = Vec::new();
    for at in 0..file.tokens().len() {
        file.ordering(at, fine, &mut found);
    }
    for comment in &file.lexed.comments {
        file.recheck(comment, &mut found)?;
    }
    found.sort_by_key(|site| site.probe.0.start);
    Ok(numbered(&file, found))
}

/// A mutant that has no number yet.
struct Site {
    token: usize,
    kind: String,
    range: Range<usize>,
    replacement: String,
    probe: (Range<usize>, &'static str),
}

/// Numbers mutants of one kind within functions of one name.
fn numbered(file: &File<'_>, sites: Vec<Site>) -> Vec<Mutant> {
    let mut counts = HashMap::new();
    let mut result = Vec::new();
    for site in sites {
        let function = file.functions[site.token].unwrap_or("-");
        let count = counts.entry((function, site.kind.clone())).or_insert(0);
        *count += 1;
        result.push(Mutant {
            key: format!("{}::{function}#{count} {}", file.path, site.kind),
            path: file.path.to_owned(),
            line: file.line(site.probe.0.start),
            unmodelled: file.unmodelled[site.token],
            range: site.range,
            replacement: site.replacement,
            probe: site.probe,
        });
    }
    result
}

/// A file with what is known of each of its tokens.
struct File<'a> {
    path: &'a str,
    text: &'a str,
    lexed: Lexed,
    /// For each bracket, the token that it opens or closes with.
    partners: Vec<usize>,
    /// Compiled for tests only.
    test: Vec<bool>,
    /// Not compiled under loom.
    unmodelled: Vec<bool>,
    /// Part of a `use`.
    import: Vec<bool>,
    /// The function around it.
    functions: Vec<Option<&'a str>>,
}

impl<'a> File<'a> {
    fn new(path: &'a str, text: &'a str) -> Self {
        let lexed = lex(text);
        let count = lexed.tokens.len();
        let partners = partners(&lexed.tokens);
        let mut file = File {
            path,
            text,
            lexed,
            partners,
            test: vec![false; count],
            unmodelled: vec![false; count],
            import: vec![false; count],
            functions: vec![None; count],
        };
        for at in 0..count {
            file.note_attribute(at);
            file.note_import(at);
            file.note_function(at);
        }
        file
    }

    fn tokens(&self) -> &[Token] {
        &self.lexed.tokens
    }

    fn word(&self, at: usize) -> &'a str {
        self.tokens().get(at).map_or("", |token| &self.text[token.start..token.end])
    }

    fn is_name(&self, at: usize) -> bool {
        self.tokens().get(at).is_some_and(|token| token.kind == Kind::Name)
    }

    fn line(&self, byte: usize) -> usize {
        1 + self.text[..byte].matches('\n').count()
    }

    /// `#[cfg(test)]` and `#[cfg(not(corecast_loom))]`, also within `all(..)`, mark the item they stand on; with
    /// `#![..]` the block, or the file, that they stand in.
    fn note_attribute(&mut self, at: usize) {
        if self.word(at) != "#" {
            return;
        }
        let inner = self.word(at + 1) == "!";
        let open = at + 1 + usize::from(inner);
        if self.word(open) != "[" || self.word(open + 1) != "cfg" {
            return;
        }
        let close = self.partners[open];
        let condition: String = (open + 2..close).map(|token| self.word(token)).collect();
        let test = holds(&condition, "test");
        let unmodelled = holds(&condition, "not(corecast_loom)");
        if !test && !unmodelled {
            return;
        }
        let range = if inner { self.block_around(at) } else { at..self.item_end(close + 1) };
        self.test[range.clone()].iter_mut().for_each(|flag| *flag |= test);
        self.unmodelled[range].iter_mut().for_each(|flag| *flag |= unmodelled);
    }

    /// The tokens of the innermost block around `at`, or of the file.
    fn block_around(&self, at: usize) -> Range<usize> {
        let open = (0..at).rev().find(|&token| self.word(token) == "{" && self.partners[token] > at);
        open.map_or(0..self.tokens().len(), |open| open..self.partners[open])
    }

    /// The token after the item, statement or field that begins at `at`.
    fn item_end(&self, mut at: usize) -> usize {
        while self.word(at) == "#" {
            at = self.partners[at + 1] + 1;
        }
        // In a list (fields, arms, variants) a comma ends it; in an item's head there are commas between generics.
        let in_list = !ITEM_WORDS.contains(&self.word(at));
        while at < self.tokens().len() {
            match self.word(at) {
                "{" => return self.partners[at] + 1,
                "(" | "[" => at = self.partners[at] + 1,
                ";" => return at + 1,
                "," if in_list => return at + 1,
                ")" | "]" | "}" => return at,
                _ => at += 1,
            }
        }
        at
    }

    fn note_import(&mut self, at: usize) {
        // `use<'a>` in a bound is no import.
        if self.word(at) == "use" && self.word(at + 1) != "<" {
            let end = (at..self.tokens().len()).find(|&token| self.word(token) == ";").unwrap_or(at);
            self.import[at..end].fill(true);
        }
    }

    /// A function's body gets its name; one within it comes later and overwrites.
    fn note_function(&mut self, at: usize) {
        if self.word(at) != "fn" || !self.is_name(at + 1) {
            return;
        }
        let name = self.word(at + 1);
        let mut body = at + 2;
        while body < self.tokens().len() {
            match self.word(body) {
                "(" | "[" => body = self.partners[body] + 1,
                "{" => {
                    let end = self.partners[body];
                    self.functions[body..end].fill(Some(name));
                    return;
                }
                ";" => return,
                _ => body += 1,
            }
        }
    }

    /// Adds the mutants of the ordering at `at`, if one stands there.
    fn ordering(&self, at: usize, fine: bool, found: &mut Vec<Site>) {
        let name = self.word(at);
        if !ABOVE_RELAXED.contains(&name) || self.import[at] || self.test[at] {
            return;
        }
        // Another type's `Release`, a path through it, or a constructor.
        let qualified = at >= 3 && self.word(at - 1) == ":" && self.word(at - 2) == ":";
        if (qualified && self.word(at - 3) != "Ordering") || matches!(self.word(at + 1), ":" | "(") {
            return;
        }
        let token = self.tokens()[at];
        let first = self.path_start(at);
        let probe = (self.tokens()[first].start..token.end, "%");
        if self.word(at + 1) == ")"
            && first >= 2
            && self.word(first - 1) == "("
            && self.word(first - 2).ends_with("fence")
        {
            let call = self.path_start(first - 2);
            let kind = format!("{}({name})", self.word(first - 2));
            let range = self.tokens()[call].start..self.tokens()[at + 1].end;
            found.push(Site { token: at, kind, range, replacement: "()".to_owned(), probe });
            return;
        }
        // A bare name may be imported without its weaker sisters.
        let path = if qualified { "" } else { "::core::sync::atomic::Ordering::" };
        let mut add = |kind: String, weaker: &str| {
            let replacement = format!("{path}{weaker}");
            found.push(Site { token: at, kind, range: token.start..token.end, replacement, probe: probe.clone() });
        };
        add(name.to_owned(), "Relaxed");
        if fine && name == "AcqRel" {
            add("AcqRel->Acquire".to_owned(), "Acquire");
            add("AcqRel->Release".to_owned(), "Release");
        }
    }

    /// The first token of the path that ends with the name at `at`.
    fn path_start(&self, mut at: usize) -> usize {
        while at >= 2 && self.word(at - 1) == ":" && self.word(at - 2) == ":" {
            at -= 2;
            if at >= 1 && self.is_name(at - 1) {
                at -= 1;
            }
        }
        at
    }

    /// Adds the mutant of `comment`, if it is a mark.
    fn recheck(&self, comment: &Comment, found: &mut Vec<Site>) -> Result<(), String> {
        let text = self.text[comment.start + 2..comment.end].trim_start();
        let is_mark = text
            .strip_prefix("RECHECK")
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'));
        if !is_mark {
            return Ok(());
        }
        let next = self.tokens().partition_point(|token| token.start < comment.start);
        if next > 0 && self.test[next - 1] && self.test.get(next).is_none_or(|&test| test) {
            return Ok(());
        }
        let wrong = |what: &str| format!("{}:{}: this RECHECK {what}", self.path, self.line(comment.start));
        let keyword = self.marked(comment, next).ok_or_else(|| wrong("marks no `if` or `while`"))?;
        let start = keyword + 1;
        let end = self.condition_end(start).ok_or_else(|| wrong("marks a condition without an end"))?;
        let range = self.tokens()[start].start..self.tokens()[end - 1].end;
        let condition = &self.text[range.clone()];
        // A `let` chain takes no parentheses.
        let has_let = (start..end).any(|at| self.word(at) == "let");
        let replacement = if has_let { format!("false && {condition}") } else { format!("false && ({condition})") };
        let probe = (range.start..range.start, "% && ");
        found.push(Site { token: keyword, kind: "RECHECK".to_owned(), range, replacement, probe });
        Ok(())
    }

    /// The `if` or `while` that a mark means: the one of its own line; for a mark on a line of its own, the
    /// statement that follows, or else the one whose block it opens (where rustfmt puts `if cond { // RECHECK`).
    fn marked(&self, comment: &Comment, next: usize) -> Option<usize> {
        let line_start = self.text[..comment.start].rfind('\n').map_or(0, |newline| newline + 1);
        let alone = self.text[line_start..comment.start].trim().is_empty();
        if alone && let Some(keyword) = self.keyword_after(next) {
            return Some(keyword);
        }
        let last = next.checked_sub(1)?;
        if alone && self.word(last) != "{" {
            return None;
        }
        self.keyword_before(last)
    }

    /// The `if` or `while` of the statement that begins at `at`.
    fn keyword_after(&self, mut at: usize) -> Option<usize> {
        if self.word(at) == "}" {
            at += 1;
        }
        while at < self.tokens().len() {
            match self.word(at) {
                "if" | "while" => return Some(at),
                "{" | "}" | ";" => return None,
                _ => at += 1,
            }
        }
        None
    }

    /// The `if` or `while` of the statement that has come as far as `last`.
    fn keyword_before(&self, last: usize) -> Option<usize> {
        let mut at = match self.word(last) {
            "}" => self.partners[last].checked_sub(1)?,
            "{" => last.checked_sub(1)?,
            _ => last,
        };
        loop {
            match self.word(at) {
                "if" | "while" => return Some(at),
                ")" | "]" => at = self.partners[at],
                "{" | "}" | ";" => return None,
                _ => {}
            }
            at = at.checked_sub(1)?;
        }
    }

    /// The token after the condition that begins at `start`: its block's brace, or a guard's arrow.
    fn condition_end(&self, start: usize) -> Option<usize> {
        let mut at = start;
        let mut in_match = false;
        while at < self.tokens().len() {
            match self.word(at) {
                "match" => in_match = true,
                "(" | "[" => at = self.partners[at],
                "{" if in_match || (at > start && matches!(self.word(at - 1), "unsafe" | "|")) => {
                    in_match = false;
                    at = self.partners[at];
                }
                "{" => return (at > start).then_some(at),
                "=" if self.word(at + 1) == ">" && self.tokens()[at].end == self.tokens()[at + 1].start => {
                    return Some(at);
                }
                ";" | "}" => return None,
                _ => {}
            }
            at += 1;
        }
        None
    }
}

/// What an item begins with.
const ITEM_WORDS: [&str; 14] =
    ["fn", "pub", "impl", "mod", "struct", "enum", "trait", "unsafe", "async", "const", "static", "use", "type", "let"];

/// Whether a `cfg` condition asks for `what`, alone or among others that must all hold.
fn holds(condition: &str, what: &str) -> bool {
    let inside = condition.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(condition);
    if let Some(list) = inside.strip_prefix("all(").and_then(|rest| rest.strip_suffix(')')) {
        return list.split(',').any(|part| part == what);
    }
    inside == what
}

/// The name of the module file that `#[cfg(test)] mod name;` keeps for tests, from the folder of `path`'s modules.
pub fn test_modules(path: &str, text: &str) -> Vec<String> {
    let file = File::new(path, text);
    let folder = match path.rsplit_once('/') {
        Some((folder, "mod.rs" | "lib.rs" | "main.rs")) => folder.to_owned(),
        _ => path.trim_end_matches(".rs").to_owned(),
    };
    (0..file.tokens().len())
        .filter(|&at| file.test[at] && file.word(at) == "mod" && file.word(at + 2) == ";")
        .map(|at| format!("{folder}/{}", file.word(at + 1)))
        .collect()
}

/// For each bracket its partner; brackets without one point past the end, or to the beginning.
fn partners(tokens: &[Token]) -> Vec<usize> {
    let mut partners = vec![tokens.len(); tokens.len()];
    let mut open = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Mark(b'(' | b'[' | b'{') => open.push(at),
            Kind::Mark(b')' | b']' | b'}') => {
                let partner = open.pop().unwrap_or(0);
                partners[at] = partner;
                if partner < at {
                    partners[partner] = at;
                }
            }
            _ => {}
        }
    }
    partners
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<Mutant> {
        mutants("src/x.rs", text, false).unwrap()
    }

    fn keys(text: &str) -> Vec<String> {
        found(text).into_iter().map(|mutant| mutant.key.trim_start_matches("src/x.rs::").to_owned()).collect()
    }

    #[test]
    fn each_ordering_for_itself() {
        let text = "use o::{Acquire, Ordering::*};\nfn f() { a.compare_exchange(0, 1, Ordering::AcqRel, Acquire); }\n\
                    fn g() { a.load(Ordering::Relaxed); a.store(1, Release) }\nconst O: Ordering = Ordering::SeqCst;";
        assert_eq!(keys(text), ["f#1 AcqRel", "f#1 Acquire", "g#1 Release", "-#1 SeqCst"]);
        let found = found(text);
        assert!(found[0].apply(text).contains("Ordering::Relaxed, Acquire)"));
        assert!(found[1].apply(text).contains("Ordering::AcqRel, ::core::sync::atomic::Ordering::Relaxed)"));
        assert_eq!(found[2].line, 3);
    }

    #[test]
    fn numbers_go_by_function_and_kind() {
        let text = "fn f() { a.load(Acquire); a.store(0, Release); fn g() { a.load(Acquire); } a.load(Acquire); }";
        assert_eq!(keys(text), ["f#1 Acquire", "f#1 Release", "g#1 Acquire", "f#2 Acquire"]);
    }

    #[test]
    fn fences_are_removed() {
        let text = "fn f() { atomic::fence(Ordering::SeqCst); compiler_fence(AcqRel); }";
        assert_eq!(keys(text), ["f#1 fence(SeqCst)", "f#1 compiler_fence(AcqRel)"]);
        assert_eq!(found(text)[0].apply(text), "fn f() { (); compiler_fence(AcqRel); }");
    }

    #[test]
    fn other_names_are_no_orderings() {
        assert_eq!(keys("fn f() { Owed::Release; Release::new(); Acquire(1); } // Acquire\n/* SeqCst */"), [""; 0]);
    }

    #[test]
    fn tests_are_left_out() {
        let text = "#[cfg(test)]\nmod tests { fn f() { a.load(Acquire); } }\n#[cfg(all(test, corecast_loom))]\nfn g<A, B>() { a.load(Acquire); }\n\
                    #[cfg(test)]\nuse x::{Acquire};\nfn h() { #[cfg(test)]\n a.load(Acquire); b.load(SeqCst); }";
        assert_eq!(keys(text), ["h#1 SeqCst"]);
        assert_eq!(keys("#![cfg(test)]\nfn f() { a.load(Acquire); }"), [""; 0]);
    }

    #[test]
    fn what_loom_never_compiles_is_known() {
        let text = "#[cfg(not(corecast_loom))]\nimpl A { fn f() { a.load(Acquire); } }\nfn g() { a.load(Acquire); }";
        assert_eq!(found(text).iter().map(|mutant| mutant.unmodelled).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn fine_has_both_halves() {
        let keys: Vec<_> =
            mutants("x", "fn f() { a.swap(0, AcqRel) }", true).unwrap().into_iter().map(|m| m.key).collect();
        assert_eq!(keys, ["x::f#1 AcqRel", "x::f#1 AcqRel->Acquire", "x::f#1 AcqRel->Release"]);
    }

    fn rechecked(text: &str) -> String {
        let found = found(text);
        assert_eq!(found.len(), 1);
        found[0].apply(text)
    }

    #[test]
    fn a_mark_above_below_and_behind() {
        assert_eq!(
            rechecked("fn f() {\n// RECHECK: a push may have come\nif a || b {\n x } }"),
            "fn f() {\n// RECHECK: a push may have come\nif false && (a || b) {\n x } }"
        );
        assert_eq!(
            rechecked("fn f() { if g(|| { 1 }) {\n// RECHECK\n return; } }"),
            "fn f() { if false && (g(|| { 1 })) {\n// RECHECK\n return; } }"
        );
        assert_eq!(
            rechecked("fn f() { if a { x }\nwhile b {} // RECHECK\n }"),
            "fn f() { if a { x }\nwhile false && (b) {} // RECHECK\n }"
        );
    }

    #[test]
    fn the_statement_below_goes_before_the_block_above() {
        assert_eq!(
            rechecked("fn f() { if a {\n// RECHECK\nif b { x } } }"),
            "fn f() { if a {\n// RECHECK\nif false && (b) { x } } }"
        );
    }

    #[test]
    fn conditions_of_every_shape() {
        assert_eq!(
            rechecked("fn f() {\n// RECHECK\nif let Some(x) = y && x { z } }"),
            "fn f() {\n// RECHECK\nif false && let Some(x) = y && x { z } }"
        );
        assert_eq!(
            rechecked("fn f() {\n// RECHECK\nif unsafe { g() } > 0 { z } }"),
            "fn f() {\n// RECHECK\nif false && (unsafe { g() } > 0) { z } }"
        );
        assert_eq!(
            rechecked("fn f() { match x {\n// RECHECK\nA if b >= c => d, } }"),
            "fn f() { match x {\n// RECHECK\nA if false && (b >= c) => d, } }"
        );
        assert_eq!(
            rechecked("fn f() { if a { x\n// RECHECK\n} else if b { z } }"),
            "fn f() { if a { x\n// RECHECK\n} else if false && (b) { z } }"
        );
    }

    #[test]
    fn a_mark_on_nothing_is_an_error() {
        let wrong = mutants("src/x.rs", "fn f() {\n// RECHECK\nlet x = a.b();\n}", false).unwrap_err();
        assert_eq!(wrong, "src/x.rs:2: this RECHECK marks no `if` or `while`");
        assert_eq!(keys("//! Marks are `// RECHECK`.\n// RECHECKED elsewhere\nfn f() {}"), [""; 0]);
    }

    #[test]
    fn probes_stand_beside_each_other() {
        let text = "fn f() {\n// RECHECK\nif a.load(Ordering::Acquire) > 0 { x } }";
        let mut edits: Vec<_> = found(text).iter().map(|mutant| mutant.probe("p")).collect();
        edits.reverse();
        let planted = edits.iter().fold(text.to_owned(), |text, (range, with)| replaced(&text, range, with));
        assert_eq!(
            planted,
            "fn f() {\n// RECHECK\nif compile_error!(\"p\") && a.load(compile_error!(\"p\")) > 0 { x } }"
        );
    }

    #[test]
    fn files_kept_for_tests() {
        let text = "#[cfg(test)]\nmod tests;\nmod ring;";
        assert_eq!(test_modules("src/mailbox/mod.rs", text), ["src/mailbox/tests"]);
        assert_eq!(test_modules("src/mailbox/word.rs", text), ["src/mailbox/word/tests"]);
    }
}
