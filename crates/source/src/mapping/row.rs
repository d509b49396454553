//! The fields of a row or record, from which templates are filled.

use crate::InputError;
use std::borrow::Cow;

/// The field of a row or record at a place that a template names.
pub(crate) enum Field<'a> {
    Missing,
    Null,
    Text(Cow<'a, str>),
}

/// A row or record that templates are filled from.
pub(crate) trait Row {
    /// The place of a field.
    type Place;
    /// The code of the error about a row that does not fit its mapping.
    const CODE: &'static str;

    /// Returns the field at `place`.
    fn field(&self, place: &Self::Place) -> Result<Field<'_>, InputError>;

    /// Returns an error about a field, or about the whole row.
    fn error(&self, place: Option<&Self::Place>, code: &'static str, message: String) -> InputError;
}
