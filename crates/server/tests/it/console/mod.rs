//! What a console reads before anybody has chosen a component.

mod graph;
mod needs;
mod server;
