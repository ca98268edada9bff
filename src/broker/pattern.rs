//! Topics' names and subscriptions' patterns: tokens between dots, in NATS's terms.
//!
//! `*` stands for one token, and `>` for one or more at the end. Both are tokens of their own; inside of a longer one
//! they are refused, since nobody who writes `a*` means those letters.

use super::error::TopicError;

/// The longest name, in bytes: NATS's advice, and enough for a path.
pub(super) const MAX_LEN: usize = 255;

/// The token for any one token.
pub(super) const ANY: &str = "*";

/// The token for one or more at the end.
pub(super) const REST: &str = ">";

/// Whether a text names one topic, or any number of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    One,
    Many,
}

/// Checks a subscription's pattern.
///
/// # Errors
///
/// What is wrong with it.
pub(super) fn parse(pattern: &str) -> Result<Reach, TopicError> {
    if pattern.is_empty() {
        return Err(TopicError::Empty);
    }
    if pattern.len() > MAX_LEN {
        return Err(TopicError::TooLong { bytes: pattern.len(), max: MAX_LEN });
    }
    let mut reach = Reach::One;
    let mut tokens = tokens(pattern).peekable();
    while let Some(token) = tokens.next() {
        match token {
            "" => return Err(TopicError::EmptyToken { topic: pattern.into() }),
            REST if tokens.peek().is_some() => return Err(TopicError::MisplacedWildcard { topic: pattern.into() }),
            ANY | REST => reach = Reach::Many,
            _ if token.contains(['*', '>']) => return Err(TopicError::MisplacedWildcard { topic: pattern.into() }),
            _ => {}
        }
    }
    Ok(reach)
}

/// Checks the name of one topic.
///
/// # Errors
///
/// What is wrong with it; wildcards are.
pub(super) fn check_name(topic: &str) -> Result<(), TopicError> {
    match parse(topic)? {
        Reach::One => Ok(()),
        Reach::Many => Err(TopicError::Wildcard { topic: topic.into() }),
    }
}

/// The tokens of a name or pattern.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = &str> + Clone {
    text.split('.')
}

#[cfg(test)]
mod tests {
    use super::{MAX_LEN, Reach, check_name, parse};
    use crate::broker::error::TopicError;

    #[test]
    fn names_and_patterns_are_told_apart() {
        assert_eq!(parse("orders.created"), Ok(Reach::One));
        for pattern in ["*", ">", "orders.*", "orders.>", "*.created", "a.*.c.>"] {
            assert_eq!(parse(pattern), Ok(Reach::Many), "{pattern}");
            assert!(matches!(check_name(pattern), Err(TopicError::Wildcard { .. })), "{pattern}");
        }
        assert_eq!(check_name("Übung.größe"), Ok(()));
    }

    #[test]
    fn what_is_malformed_is_refused() {
        assert_eq!(parse(""), Err(TopicError::Empty));
        for text in [".", "a.", ".a", "a..b", "a.*."] {
            assert!(matches!(parse(text), Err(TopicError::EmptyToken { .. })), "{text}");
        }
        for text in [">.a", "a.>.b", "a*", "*a.b", "a>", "**"] {
            assert!(matches!(parse(text), Err(TopicError::MisplacedWildcard { .. })), "{text}");
        }
        assert_eq!(parse(&"x".repeat(MAX_LEN)), Ok(Reach::One));
        assert!(matches!(parse(&"x".repeat(MAX_LEN + 1)), Err(TopicError::TooLong { bytes: 256, max: 255 })));
    }
}
