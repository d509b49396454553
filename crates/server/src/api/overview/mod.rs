//! What a console shows before anybody has chosen a component: what runs, and everything at a glance.

mod graph;
pub mod needs;
mod node;
mod place;
mod server;

pub use place::{Place, left, place};

use super::call::{Call, by_hand as call};
use axum::http::Method;

/// Returns the calls about everything together.
pub fn calls() -> Vec<Call> {
    vec![
        call(Method::GET, "/api/v1/server", server::get),
        call(Method::GET, "/api/v1/graph", graph::get),
        call(Method::GET, "/api/v1/needs", needs::get),
    ]
}
