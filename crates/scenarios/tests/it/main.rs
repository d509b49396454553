//! The runner of scenarios tells right from wrong.

mod feeds;
mod guide;
mod judgements;
mod social_media;
mod steps;
mod train;
mod values;
