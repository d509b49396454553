//! The promises of what both ends share.

mod certificates;
mod encryption;
mod ends;
mod hosts;
mod running;
mod sessions;
mod url;
