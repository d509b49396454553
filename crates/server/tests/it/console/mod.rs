//! What a console reads beside the status of components.

mod deliveries;
mod editor;
mod graph;
mod happened;
mod held;
mod history;
mod message;
mod needs;
mod outbox;
mod server;
mod streamed;
mod views;
