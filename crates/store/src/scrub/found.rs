//! Damage that the scrub has found.

use crate::IndexError;

/// Damage, and the component that it concerns if one can be named.
#[derive(Debug)]
pub struct Found {
    /// The component's number.
    pub number: Option<u32>,
    /// What is damaged.
    pub damage: IndexError,
}
