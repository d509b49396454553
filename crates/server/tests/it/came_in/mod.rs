//! What came in: the calls about the contents of a source, compared with what was posted.

mod made_of;
mod progress;
mod taken;
mod world;
