//! A component whose rows are being built shows how far that is.

use super::Component;
use super::built::{BuildProgress, Built};
use super::lock::lock;

impl Component {
    /// Shows how far its build is; `None` if none is in progress.
    pub(crate) fn show_built(&self, built: Option<Built>) {
        lock(&self.view).built = built;
    }

    /// Returns how far its build is, if one is in progress.
    pub(crate) fn build(&self) -> Option<BuildProgress> {
        lock(&self.view).built.map(Built::progress)
    }
}
