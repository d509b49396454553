//! Calls about what components have set aside: their parameters and answers.

use super::problem::Problem;
use axum::Json;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

const LIMIT: usize = 100;
const LIMIT_MAX: usize = 1000;

/// A page of a list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    after: Option<u64>,
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
        let limit = self.limit.unwrap_or(LIMIT);
        if (1..=LIMIT_MAX).contains(&limit) {
            return Ok(limit);
        }
        let message = format!("`limit` is from 1 to {LIMIT_MAX}; read what comes then with `after`");
        Err(Problem::new(400, "LW0701", message))
    }
}

/// One piece of a list, or all of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// Its number.
    pub number: Option<u64>,
}

impl Which {
    /// Returns the numbers that are meant; `None`: all.
    pub fn numbers(&self) -> Option<Vec<u64>> {
        self.number.map(|number| vec![number])
    }
}

/// Returns the answer that the component with this id will carry out the request soon.
pub fn accepted(id: &str) -> (StatusCode, Json<Value>) {
    (StatusCode::ACCEPTED, Json(json!({ "id": id })))
}
