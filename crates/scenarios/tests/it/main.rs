//! The runner of scenarios tells right from wrong.

mod feeds;
mod judgements;
mod steps;
mod values;
