//! What the source and the reaction share keeps its promises.

mod certificates;
mod encryption;
mod ends;
mod hosts;
mod running;
mod sessions;
mod url;
