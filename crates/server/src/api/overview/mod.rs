//! What a console shows before anybody has chosen a component: what runs, and everything at a glance.

pub mod graph;
mod happened;
pub mod history;
mod look;
pub mod needs;
pub mod node;
mod place;
mod server;
pub mod store;
mod tab;

pub use look::run as look;
pub use place::{Ids, Place, left, place};

use super::call::{Call, call};
use super::description::{read, written};
use super::told::OfTab;
use super::wire::LastId;
use axum::http::Method;

/// Returns the calls about everything together.
pub fn calls() -> Vec<Call> {
    let server = "What runs here, over which store and with how much room, and what the caller may do";
    let graph = "The components, each with its state and a few figures, and what reads what";
    let history = "What was measured lately, of all components together or of one: each second of the last five minutes, \
                   each ten seconds of the last two hours. It is in memory";
    let tab = "All that a tab of a browser follows: `status`, first all components and then those that differ, and the \
               events of `GET /api/v1/queries/{id}/changes` for one query";
    let happened = "What happened, the newest first: changes into and out of trouble, calls that changed something, gaps, \
                    starts";
    let held = "What the store holds, of everything together and of each component, and how much room there is. Large parts \
                are estimated from a sample, so the cost follows the number of components";
    let needs = "What needs somebody, the worst first";
    vec![
        call(Method::GET, "/api/v1/server", server::get, server).answers(200, "The process and its store"),
        call(Method::GET, "/api/v1/graph", graph::get, graph).answers(200, "The components"),
        call(Method::GET, "/api/v1/needs", needs::get, needs).answers(200, "What needs somebody"),
        call(Method::GET, "/api/v1/history", history::get, history)
            .answers(200, "The series")
            .refuses(&[404]),
        call(Method::GET, "/api/v1/store", store::get, held).answers(200, "The store").refuses(&[503]),
        call(Method::GET, "/api/v1/events", happened::get, happened).answers(200, "A page of events"),
        call(Method::GET, "/api/v1/stream", tab::get, tab)
            .takes_header("Last-Event-ID", read::<LastId>, "Like `after`, as a browser sends it")
            .answers(200, "Server-sent events")
            .content(200, "text/event-stream", written::<OfTab>)
            .refuses(&[404, 503]),
    ]
}
