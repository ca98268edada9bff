//! Tells code from comments and literals, line by line. Enough of Rust's lexical grammar for the rules.

/// One line of a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    /// Without comments; of a literal only its quotes are left.
    pub(super) code: String,
    /// The text of its comments.
    pub(super) comment: String,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Code,
    LineComment,
    /// With its depth: block comments nest.
    BlockComment(u32),
    Text,
    /// With the number of `#` that must follow its end.
    RawText(usize),
}

/// The lines of `text`.
pub(super) fn scan(text: &str) -> Vec<Line> {
    let chars: Vec<char> = text.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or('\0');
    let mut lines = vec![Line::default()];
    let mut state = State::Code;
    let mut index = 0;
    while index < chars.len() {
        let (here, next) = (chars[index], at(index + 1));
        let line = lines.last_mut().expect("at least one");
        let mut taken = 1;
        if here == '\n' {
            if state == State::LineComment {
                state = State::Code;
            }
            lines.push(Line::default());
        } else {
            match state {
                State::Code => {
                    let hashes = chars[index + 1..].iter().take_while(|it| **it == '#').count();
                    let starts_word = !index.checked_sub(1).is_some_and(|before| is_word(at(before)));
                    if here == '/' && next == '/' {
                        state = State::LineComment;
                        taken = 2;
                    } else if here == '/' && next == '*' {
                        state = State::BlockComment(1);
                        taken = 2;
                    } else if here == 'r' && at(index + 1 + hashes) == '"' && (starts_word || at(index - 1) == 'b') {
                        state = State::RawText(hashes);
                        line.code.push('"');
                        taken = 2 + hashes;
                    } else if here == '"' {
                        state = State::Text;
                        line.code.push('"');
                    } else if here == '\'' {
                        taken = quote(&chars[index..]);
                        line.code.push('\'');
                    } else {
                        line.code.push(here);
                    }
                }
                State::LineComment => line.comment.push(here),
                State::BlockComment(depth) => {
                    if here == '*' && next == '/' {
                        state = if depth == 1 { State::Code } else { State::BlockComment(depth - 1) };
                        taken = 2;
                    } else if here == '/' && next == '*' {
                        state = State::BlockComment(depth + 1);
                        taken = 2;
                    } else {
                        line.comment.push(here);
                    }
                }
                State::Text => {
                    if here == '\\' && next != '\n' {
                        taken = 2;
                    } else if here == '"' {
                        line.code.push('"');
                        state = State::Code;
                    }
                }
                State::RawText(hashes) => {
                    if here == '"' && (1..=hashes).all(|offset| at(index + offset) == '#') {
                        line.code.push('"');
                        state = State::Code;
                        taken = 1 + hashes;
                    }
                }
            }
        }
        index += taken;
    }
    lines
}

/// How many characters a `'` begins: a character literal's all, a lifetime's only the quote.
fn quote(chars: &[char]) -> usize {
    match chars {
        [_, '\\', _, rest @ ..] => 3 + rest.iter().position(|it| *it == '\'').map_or(0, |end| end + 1),
        [_, _, '\'', ..] => 3,
        _ => 1,
    }
}

pub(super) fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Where `word` stands in `code` as a whole word; `word` may contain `::`.
pub(super) fn find_word(code: &str, word: &str) -> Vec<usize> {
    let free = |letter: Option<char>| !letter.is_some_and(is_word);
    code.match_indices(word)
        .map(|(start, _)| start)
        .filter(|start| free(code[..*start].chars().next_back()) && free(code[start + word.len()..].chars().next()))
        .collect()
}

pub(super) fn has_word(code: &str, word: &str) -> bool {
    !find_word(code, word).is_empty()
}

/// The index of the line where the file's test module begins: what follows is test code.
pub(super) fn test_code_from(lines: &[Line]) -> usize {
    let is_test_cfg = |line: &Line| {
        let code = line.code.trim_start();
        code.starts_with("#[cfg(") && has_word(code, "test") && !code.contains("not(test")
    };
    // A module in a file of its own is declared before the code that follows.
    let opens_module = |line: &Line| has_word(&line.code, "mod") && !line.code.trim_end().ends_with(';');
    (0..lines.len())
        .find(|index| {
            is_test_cfg(&lines[*index])
                && lines[index + 1..]
                    .iter()
                    .find(|line| !line.code.trim().is_empty() && !line.code.trim_start().starts_with("#["))
                    .is_some_and(opens_module)
        })
        .unwrap_or(lines.len())
}

/// Whether the whole file at `path` is test code.
pub(super) fn is_test_file(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "tests" | "tests.rs" | "test.rs"))
}

/// The names that a path goes on with after its `::` at `rest`: one, or those of a `{}` group.
pub(super) fn names_after(rest: &str) -> Vec<String> {
    let word = |text: &str| text.trim_start().chars().take_while(|it| is_word(*it)).collect::<String>();
    let rest = rest.trim_start();
    let Some(group) = rest.strip_prefix('{') else { return vec![word(rest)] };
    let mut depth = 1;
    let mut names = vec![String::new()];
    for letter in group.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => names.push(String::new()),
            _ => {}
        }
        if depth == 0 {
            break;
        }
        if depth == 1 && letter != ',' {
            names.last_mut().expect("one").push(letter);
        }
    }
    names.iter().map(|name| word(name)).filter(|name| !name.is_empty()).collect()
}

#[test]
fn code_is_told_from_comments_and_literals() {
    let text = "let a = \"// no\"; // yes /* \nlet b = r#\"\" no\n no\"#; /* one /* two */ still\n */ c('\"', '\\'', 'x); // last";
    let lines = scan(text);
    let code: Vec<_> = lines.iter().map(|line| line.code.trim()).collect();
    assert_eq!(code, ["let a = \"\";", "let b = \"", "\";", "c(', ', 'x);"]);
    let comments: Vec<_> = lines.iter().map(|line| line.comment.trim()).collect();
    assert_eq!(comments, ["yes /*", "", "one  two  still", "last"]);
}

#[test]
fn words_are_whole() {
    assert_eq!(find_word("loom corecast_loom loom_api loom::x", "loom"), [0, 28]);
    assert_eq!(find_word("std::sync::Arc, my_std::sync", "std::sync"), [0]);
}

#[test]
fn test_code_begins_with_its_cfg() {
    let from = |text: &str| test_code_from(&scan(text));
    assert_eq!(from("a\n#[cfg(test)]\nmod tests {\n}"), 1);
    assert_eq!(from("a\n#[cfg(all(test, not(corecast_loom)))]\n#[allow(x)]\nmod tests {\n}"), 1);
    assert_eq!(from("a\n#[cfg(not(test))]\nmod real {\n}"), 4);
    assert_eq!(from("a\n#[cfg(test)]\nuse x;\nb"), 4);
    assert_eq!(from("a\n#[cfg(test)]\nmod tests;\nb"), 4);
}

#[test]
fn a_group_has_many_names() {
    assert_eq!(names_after("sync::Arc;"), ["sync"]);
    assert_eq!(names_after("{sync::{a, b}, mailbox::X,\n task}; c"), ["sync", "mailbox", "task"]);
}
