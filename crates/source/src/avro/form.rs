//! The forms that values have.

/// The place of a part in its schema.
pub(super) type Part = usize;

/// The form of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    Fixed(usize),
    Enum(Vec<String>),
    Array(Part),
    Map(Part),
    Union(Vec<Part>),
    Record(Vec<(String, Part)>),
}
