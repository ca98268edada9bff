//! A kit of general checks under a random workload, and what it finds of mistakes that are planted in corecast's own
//! protocols.
//!
//! | check | holds that |
//! |---|---|
//! | `rest` | whatever was begun ends: nobody waits when nobody can act |
//! | `ledger` | each message that was offered has one end: handled, failed, given back, withdrawn or a dead letter |
//! | `order` | messages of one sender to one actor are handled in the order of the calls |
//! | `ends` | what was accepted before a stop is handled; who can't be reached ends; a shutdown has nobody to kill; whoever watches hears of each end, once |
//! | `time` | each timer's message comes, in the tick that it is due in |
//! | `events` | each event is handled by each subscriber, or counted as missed |

mod books;
mod cast;
mod mutants;
mod workload;

/// One of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    Rest,
    Ledger,
    Order,
    Ends,
    Time,
    Events,
}

/// What a check has found.
#[derive(Debug)]
struct Breach(Check, String);

impl std::fmt::Display for Breach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}: {}", self.0, self.1)
    }
}

impl std::error::Error for Breach {}
