//! Reads files: lines of changes, or tables whose rows become nodes and relationships.
//!
//! [`Files`] is the source. It reads through a [`FileSource`], which is pulled: each [`Batch`] carries the position to
//! store in the commit that holds the batch's transactions, and [`FileSource::open`] resumes from a stored position.
//! Nothing is read twice and nothing left out, and a file that is not the one that was read is recognised.

mod batch;
mod cell;
mod current;
mod definition;
mod files;
mod format;
mod gzip;
mod input;
mod parse;
mod parts;
mod position;
mod reader;
mod record;
mod rotated;
mod sample;
mod table;
mod units;

pub use batch::{Batch, Line, Parked};
pub use files::Files;
pub use format::{Compression, Format};
pub use parse::Parser;
pub use position::{FileMark, FilePosition};
pub use reader::FileSource;
pub use sample::{Sample, Sampled, sample};
