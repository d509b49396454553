//! Paths into nested maps: names with dots between them.

use livewell_model::SmolStr;
use std::fmt;

/// A path, `customer.address.city`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path(SmolStr);

impl Path {
    /// Reads a path.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.split('.').any(str::is_empty) {
            return Err(format!(
                "`{text}`: a path is names with dots between them, as `status.containerStatuses`"
            ));
        }
        Ok(Self(text.into()))
    }

    /// Returns the names on the way, from the outside.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.split('.')
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
