//! What templates are filled from: the fields of a row or record.

use crate::InputError;
use std::borrow::Cow;

/// What a row or record holds at a place that a template names.
pub(crate) enum Field<'a> {
    Missing,
    Null,
    Text(Cow<'a, str>),
}

/// A row or record that templates are filled from.
pub(crate) trait Row {
    /// Where a field is.
    type Place;
    /// The code of the error about one that does not fit its mapping.
    const CODE: &'static str;

    /// What is there.
    fn field(&self, place: &Self::Place) -> Result<Field<'_>, InputError>;

    /// An error at a field, or at the whole.
    fn error(&self, place: Option<&Self::Place>, code: &'static str, message: String) -> InputError;
}
