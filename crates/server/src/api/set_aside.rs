//! Calls about what components have set aside: their parameters and answers.

use super::accepted::Accepted;
use super::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const LIMIT: usize = 100;
/// The most pieces on a page.
pub const LIMIT_MAX: usize = 1000;

/// A page of a list.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// Begin after the piece of this number.
    after: Option<u64>,
    /// How many pieces at most; 100 where nothing is said.
    #[schemars(range(min = 1, max = LIMIT_MAX))]
    limit: Option<usize>,
}

impl Page {
    /// Returns the number after which the page begins.
    pub fn after(&self) -> u64 {
        self.after.unwrap_or(0)
    }

    /// Returns how many pieces the page shows at most.
    ///
    /// # Errors
    /// Returns 400 if the requested number is zero or more than a page holds.
    pub fn limit(&self) -> Result<usize, Problem> {
        limit(self.limit)
    }
}

/// Returns how many pieces a page shows that was asked for this many.
///
/// # Errors
/// Returns 400 if that is zero or more than a page holds.
pub fn limit(asked: Option<usize>) -> Result<usize, Problem> {
    let limit = asked.unwrap_or(LIMIT);
    if (1..=LIMIT_MAX).contains(&limit) {
        return Ok(limit);
    }
    let message = format!("`limit` is from 1 to {LIMIT_MAX}; read what comes then with `after`");
    Err(Problem::new(400, "LW0701", message))
}

/// One piece of a list, or all of them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// Only the piece of this number; all where nothing is said.
    pub number: Option<u64>,
}

impl Which {
    /// Returns the numbers that are meant; `None`: all.
    pub fn numbers(&self) -> Option<Vec<u64>> {
        self.number.map(|number| vec![number])
    }
}

/// What is to be dropped: one piece of a list, or all of them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dropped {
    /// Only the piece of this number; all where nothing is said.
    pub number: Option<u64>,
    /// Only say what would be done.
    #[serde(default)]
    pub dry_run: bool,
}

impl Dropped {
    /// Returns the numbers that are meant; `None`: all.
    pub fn numbers(&self) -> Option<Vec<u64>> {
        self.number.map(|number| vec![number])
    }

    /// Returns how many pieces are meant of `all`; `first` returns the number of the first after another one.
    ///
    /// # Errors
    /// Returns the errors of `first`.
    pub fn count(
        &self,
        all: u64,
        first: impl FnOnce(u64) -> Result<Option<u64>, Problem>,
    ) -> Result<u64, Problem> {
        let Some(number) = self.number else { return Ok(all) };
        let Some(before) = number.checked_sub(1) else { return Ok(0) };
        Ok(u64::from(first(before)? == Some(number)))
    }
}

/// The component that will carry out the request soon.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Ordered {
    id: String,
}

/// Returns the answer that the component with this id will carry out the request soon.
pub fn accepted(id: String) -> Accepted<Ordered> {
    Accepted(Ordered { id })
}
