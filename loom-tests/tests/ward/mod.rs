//! Models of supervised actors: between two of its runs an actor meets its supervisor's word, a kill, a dismissal, a stop,
//! those who send to it, watch it or are linked to it, and the timers of the run that is over.
//!
//! The host runs an actor there and then, on the thread that scheduled it. The supervisor is a script, which says its word
//! inside of the report, on another thread, or not at all.

mod boss;
mod cast;
mod checks;
mod dismissal;
mod kill;
mod links;
mod recall;
mod stop;
mod timers;
mod word;
