//! How calls are described: `/openapi.json` is assembled from what is said here, and `docs/openapi.json` is a copy.
//!
//! Most of a description is the types of the handler: its `Query<T>` are the parameters, its body and its answer are
//! schemas, each derived from the struct that is parsed or written. What types cannot say stands where the call is
//! defined, in `calls()` of its resource:
//!
//! ```ignore
//! call(Method::GET, "/api/v1/sources/{id}/counts", counts, "How many elements a source holds")
//!     .answers(200, "The counts")
//!     .refuses(&[503])
//! ```
//!
//! To add a call:
//!
//! 1. Write a struct for the answer, with `Serialize` and `JsonSchema`; the comments of its fields are their
//!    descriptions. A member that may be null is an `Option`; one that may be absent has `skip_serializing_if` and
//!    `schemars(with = "T")`.
//!    The types of [`crate::api::wire`] write states, times and epochs.
//! 2. Write one for the parameters, with `Deserialize`, `JsonSchema` and `deny_unknown_fields`; `schemars(range(...))`
//!    names a bound by the constant that the handler checks.
//! 3. Return `Json<Answer>`, `Created`, `Accepted`, or a `Response`, which says nothing by itself: `content` does.
//! 4. Name the call in `calls()`, and its scope in `scopes.rs`.
//! 5. `LIVEWELL_WRITE_OPENAPI=1 cargo test -p livewell-server openapi` writes the copy.
//!
//! 400 is described where a handler takes parameters or a body, 404 where the path has an id; other refusals are named.

mod handler;
mod operation;
mod schemas;

pub use handler::{Answer, Described, Part};
pub use operation::{CODE_PATTERN, ID_PATTERN, JSON, Operation, header, of_path, values};
#[cfg(test)]
pub use schemas::published;
pub use schemas::{SchemaOf, Schemas, read, written};
