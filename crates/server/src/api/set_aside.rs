//! What components have set aside: which of it a call shows or is about, and what it answers.

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
    /// The number it begins after.
    pub fn after(&self) -> u64 {
        self.after.unwrap_or(0)
    }

    /// How much it shows at most.
    ///
    /// # Errors
    /// Returns 400 if nothing or more than a page holds is asked for.
    pub fn limit(&self) -> Result<usize, Problem> {
        let limit = self.limit.unwrap_or(LIMIT);
        if (1..=LIMIT_MAX).contains(&limit) {
            return Ok(limit);
        }
        let message = format!("`limit` is from 1 to {LIMIT_MAX}; read what comes then with `after`");
        Err(Problem::new(400, "LW0701", message))
    }
}

/// One of a list, or all there are.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// Its number.
    pub number: Option<u64>,
}

impl Which {
    /// The numbers that are meant; `None`: all.
    pub fn numbers(&self) -> Option<Vec<u64>> {
        self.number.map(|number| vec![number])
    }
}

/// The answer to what the component of this id does soon.
pub fn accepted(id: &str) -> (StatusCode, Json<Value>) {
    (StatusCode::ACCEPTED, Json(json!({ "id": id })))
}
