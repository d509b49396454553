//! What components have set aside: which of it a call shows or is about, and what it answers.

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
    pub fn limit(&self) -> usize {
        self.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX)
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
