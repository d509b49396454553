//! What a console reads before anybody has chosen a component.

mod deliveries;
mod graph;
mod happened;
mod held;
mod history;
mod message;
mod needs;
mod server;
mod streamed;
