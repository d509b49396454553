//! Reactions that write files: [`Append`] adds a line per query result, [`Table`] keeps the current rows.

mod append;
mod compare;
mod found;
mod mark;
mod place;
mod rotate;
mod settings;
mod table;

pub use append::Append;
pub use settings::{FileMode, FileSettings, Rotate};
pub use table::Table;

use crate::kind::Kind;
use crate::settings_error::SettingsError;
use crate::shared::Shared;
use crate::{Guarantee, Reaction, Role};
use std::path::Path;

impl Kind for FileSettings {
    fn role(&self) -> Role {
        match self.mode {
            FileMode::Append => Role::Trigger,
            FileMode::Table => Role::StateKeeper,
        }
    }

    fn guarantee(&self) -> Guarantee {
        match self.mode {
            FileMode::Append => Guarantee::ExactlyOnce,
            FileMode::Table => Guarantee::Whole,
        }
    }

    fn validate(&self, queries: usize) -> Result<(), SettingsError> {
        self.check(queries)
    }

    fn build(&self, _: &Shared) -> Box<dyn Reaction> {
        match self.mode {
            FileMode::Append => {
                Box::new(Append::new(&self.path).rotated(self.rotate).taking_over(self.take_over))
            }
            FileMode::Table => Box::new(Table::new(&self.path).taking_over(self.take_over)),
        }
    }

    fn resolve(&mut self, folder: &Path) {
        // An empty one is refused as such.
        if !self.path.as_os_str().is_empty() {
            self.path = folder.join(&self.path);
        }
    }
}
