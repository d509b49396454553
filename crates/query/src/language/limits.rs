//! How large a query may be.

/// The longest query that is read, in bytes.
pub const MAX_QUERY_BYTES: usize = 64 * 1024;

/// How deep parentheses, lists, maps, calls and signs may be nested.
pub const MAX_NESTING: usize = 64;

/// How high an expression's tree may be; a chain of operators `a + b + c` is as high as it is long.
pub const MAX_HEIGHT: usize = 300;

/// How many clauses a query may have.
pub const MAX_CLAUSES: usize = 100;

/// How many relationships a path without an upper bound may have, unless the settings say otherwise.
pub(crate) const HOPS_MAX: u32 = 32;
