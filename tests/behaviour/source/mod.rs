//! The house rules that a machine can hold: layers, where `unsafe` and `std::sync` stand, what is argued.
//!
//! Each rule is a function from a file's text to the breaches that it finds, tried on a bad sample and a good
//! one before it is held against the crate.

pub(crate) mod files;
mod layers;
mod lines;
mod scan;
mod style;
