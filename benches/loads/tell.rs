//! Local `tell` in batches, from the call to the end of the handler.
//!
//! Timed is everything that the one worker does from the first call of the first batch to the last
//! message of the last: calls, scheduling, dispatch, handlers, the players' reports and the driver's
//! turns between the batches.

use super::batch::{Batches, Timed, Verb};
use super::company::Company;

/// Sets the load up: each `tell` is awaited, as programs do.
pub fn load() -> Batches {
    load_in(Company::Nobody)
}

/// The same to actors in this company.
pub fn load_in(company: Company) -> Batches {
    Batches::new(Verb::Tell, Timed::All, company)
}

/// The same with `try_tell`: the difference is the cost of the future.
pub fn without_future() -> Batches {
    Batches::new(Verb::TryTell, Timed::All, Company::Nobody)
}
