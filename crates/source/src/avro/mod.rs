//! Records in Avro: their schemas, which a registry holds, and their values.
//!
//! A value is read by the schema that it was written with, into JSON for the mapping and, beside it, the values that
//! JSON has no form for: decimals, days, times and bytes. Why this is not a library's: docs/design/0065-avro.md.

mod decode;
mod form;
mod frame;
mod logical;
mod moment;
mod registry;
mod schema;

pub(crate) use frame::Frame;
pub(crate) use registry::{Kept, Registry};

use crate::json::Exact;

/// A value in JSON, and what of it JSON has no form for.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    pub json: String,
    pub exact: Exact,
}
