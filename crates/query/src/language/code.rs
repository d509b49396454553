//! The codes of everything that can be wrong with a query, before it runs and while it runs.

/// The text is not Cypher at this place.
pub const UNEXPECTED: &str = "LW1001";
/// A number that cannot be read, or is too large for its type.
pub const NUMBER: &str = "LW1002";
/// A string, name or comment that is not closed or holds an escape that does not exist.
pub const STRING: &str = "LW1003";
/// A limit on the size of a query.
pub const LIMIT: &str = "LW1004";

/// A construct of Cypher that standing queries do not have (yet).
pub const CONSTRUCT: &str = "LW1101";
/// A clause that writes or calls a procedure.
pub const WRITES: &str = "LW1102";
/// A function that is not supported, or whose value would move without a change.
pub const FUNCTION: &str = "LW1103";

/// A variable that is not defined where it is used.
pub const UNDEFINED: &str = "LW1201";
/// A variable that would be bound twice, or as two kinds of things.
pub const REBOUND: &str = "LW1202";
/// Two columns of one name, or a column without a name.
pub const COLUMN: &str = "LW1203";
/// An aggregate where none can be.
pub const AGGREGATE: &str = "LW1204";
/// An aggregating item that also depends on a value the clause does not group by.
pub const AMBIGUOUS: &str = "LW1205";
/// A function that does not exist, or a wrong number of arguments.
pub const CALL: &str = "LW1206";
/// An operand whose type can never fit.
pub const TYPE: &str = "LW1207";
/// A parameter that was not given.
pub const PARAMETER: &str = "LW1208";
/// A join that makes no sense.
pub const JOIN: &str = "LW1209";

/// At run time: a step that would hold more memory than it may.
pub const STEP_BYTES: &str = "LW0540";
/// At run time: an evaluation that was cancelled.
pub const CANCELLED: &str = "LW0543";

/// At run time: a value whose type does not fit.
pub const VALUE_TYPE: &str = "LW1301";
/// At run time: a result that 64 bits cannot hold.
pub const OVERFLOW: &str = "LW1302";
/// At run time: an integer divided by zero.
pub const DIVISION_BY_ZERO: &str = "LW1303";
/// At run time: an argument outside its range.
pub const ARGUMENT: &str = "LW1304";
/// At run time: a result larger than an expression may build.
pub const TOO_LARGE: &str = "LW1305";
