//! What a console reads before anybody has chosen a component.

mod graph;
mod happened;
mod held;
mod history;
mod needs;
mod server;
mod streamed;
