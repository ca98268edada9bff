//! The text of a Rust file as tokens with places, just enough to find orderings, functions and blocks.
//!
//! Comments and literals are kept apart, so that nothing in them is taken for code. Not a parser: a macro's
//! body is read as if it were ordinary code.

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A name or a keyword.
    Name,
    /// One character of punctuation, a bracket too.
    Mark(u8),
}

/// A piece of code and where it stands, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

/// A line comment that is no documentation: `// like this`.
#[derive(Clone, Copy, Debug)]
pub struct Comment {
    /// The byte of its first slash.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

/// A file, cut up.
#[derive(Debug)]
pub struct Lexed {
    /// The code, in order.
    pub tokens: Vec<Token>,
    /// The plain line comments, in order.
    pub comments: Vec<Comment>,
}

/// Cuts `text` up.
pub fn lex(text: &str) -> Lexed {
    let bytes = text.as_bytes();
    let mut lexed = Lexed { tokens: Vec::new(), comments: Vec::new() };
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                at = line_end(bytes, at);
                if !matches!(bytes.get(start + 2), Some(b'/' | b'!')) {
                    lexed.comments.push(Comment { start, end: at });
                }
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => at = block_comment_end(bytes, at),
            b'"' => at = string_end(bytes, at),
            b'\'' => match char_end(text, at) {
                Some(end) => at = end,
                // A lifetime or a label: the quote is a mark, its name a name.
                None => {
                    at += 1;
                    lexed.tokens.push(Token { kind: Kind::Mark(b'\''), start, end: at });
                }
            },
            byte if is_name(byte) => {
                while at < bytes.len() && is_name(bytes[at]) {
                    at += 1;
                }
                let word = &text[start..at];
                if let Some(end) = prefixed_literal_end(text, word, at) {
                    at = end;
                } else {
                    lexed.tokens.push(Token { kind: Kind::Name, start, end: at });
                }
            }
            byte if byte.is_ascii_whitespace() => at += 1,
            byte => {
                at += 1;
                lexed.tokens.push(Token { kind: Kind::Mark(byte), start, end: at });
            }
        }
    }
    lexed
}

/// Letters, digits, `_`, and whatever lies beyond ASCII.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn line_end(bytes: &[u8], from: usize) -> usize {
    bytes[from..].iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |length| from + length)
}

/// Block comments nest.
fn block_comment_end(bytes: &[u8], from: usize) -> usize {
    let (mut at, mut depth) = (from, 0);
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => (at, depth) = (at + 2, depth + 1),
            b"*/" => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    bytes.len()
}

fn string_end(bytes: &[u8], quote: usize) -> usize {
    let mut at = quote + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The end of the character literal at `quote`, or none where a lifetime or a label begins.
fn char_end(text: &str, quote: usize) -> Option<usize> {
    let rest = &text[quote + 1..];
    let first = rest.chars().next()?;
    if first == '\\' {
        // The escaped character itself may be a quote.
        let close = rest[2..].find('\'')?;
        return Some(quote + 1 + 2 + close + 1);
    }
    let after = first.len_utf8();
    rest[after..].starts_with('\'').then_some(quote + 1 + after + 1)
}

/// The end of a literal that `prefix`, just read, opens: `r"`, `br##"`, `b"`, `c"`, `b'`.
fn prefixed_literal_end(text: &str, prefix: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    match prefix {
        "b" | "c" if bytes.get(at) == Some(&b'"') => Some(string_end(bytes, at)),
        "b" if bytes.get(at) == Some(&b'\'') => char_end(text, at),
        "r" | "br" | "cr" => {
            let hashes = bytes[at..].iter().take_while(|&&byte| byte == b'#').count();
            if bytes.get(at + hashes) != Some(&b'"') {
                return None;
            }
            let body = at + hashes + 1;
            let close = format!("\"{}", "#".repeat(hashes));
            Some(text[body..].find(&close).map_or(text.len(), |length| body + length + close.len()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        lex(text).tokens.iter().map(|token| &text[token.start..token.end]).collect()
    }

    #[test]
    fn literals_and_comments_are_no_code() {
        let text = r###"a("x // \" y", 'c', '\'', b'"', r#"q " q"#, br"z") /* b /* c */ d */ e"###;
        assert_eq!(words(text), ["a", "(", ",", ",", ",", ",", ",", ")", "e"]);
    }

    #[test]
    fn lifetimes_are_no_characters() {
        assert_eq!(words("fn f<'a>(x: &'a u8) { 'l: loop {} }")[2..5], ["<", "'", "a"]);
    }

    #[test]
    fn documentation_is_no_comment() {
        let lexed = lex("//! a\n/// b\n// c\nd // e");
        assert_eq!(lexed.comments.len(), 2);
        assert_eq!(lexed.tokens.len(), 1);
    }
}
