//! The statements of the mission document, "Understanding Message Passing", that the core covers.
//!
//! Each test quotes its sentences word for word, one to a line, as `tests/mission.txt` lists them: without bullets
//! and comment marks. The document's fire-and-forget `send` is `tell` here.

mod decisions;
mod patterns;
mod semantics;
