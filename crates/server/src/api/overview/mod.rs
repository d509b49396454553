//! What a console shows before anybody has chosen a component: what runs, and everything at a glance.

mod graph;
pub mod needs;
mod node;
mod place;
mod server;

pub use place::{Place, left, place};

use super::call::{Call, call};
use axum::http::Method;

/// Returns the calls about everything together.
pub fn calls() -> Vec<Call> {
    let server = "What runs here, over which store and with how much room, and what the caller may do";
    let graph = "The components, each with its state and a few figures, and what reads what";
    let needs = "What needs somebody, the worst first";
    vec![
        call(Method::GET, "/api/v1/server", server::get, server).answers(200, "The process and its store"),
        call(Method::GET, "/api/v1/graph", graph::get, graph).answers(200, "The components"),
        call(Method::GET, "/api/v1/needs", needs::get, needs).answers(200, "What needs somebody"),
    ]
}
