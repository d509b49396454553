//! Calls of an editor of queries: `POST /api/v1/queries/check` says what is wrong with a text and how it would be
//! maintained, `POST /api/v1/queries/try` computes its rows over what is stored. Neither keeps anything.

mod check;
mod draft;
pub mod plan;
mod trying;
mod warnings;

use super::call::Call;

/// Returns the calls.
pub fn calls() -> Vec<Call> {
    check::calls().into_iter().chain(trying::calls()).collect()
}
