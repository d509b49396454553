//! The settings of reactions, as configuration files and the API write them.

pub use crate::kinds::file::{FileMode, FileSettings, Rotate};
pub use crate::kinds::log::LogSettings;
pub use crate::settings_error::SettingsError;
pub use crate::shared::{OnRefusal, Shared};
pub use livewell_model::Recovery;

use crate::kinds::Connector;
use crate::{Reaction, Role};
use serde::{Deserialize, Serialize};

/// The settings of a reaction: what all kinds share, and what its kind adds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// What all kinds share.
    #[serde(flatten)]
    pub shared: Shared,
    /// What its kind adds.
    #[serde(flatten)]
    pub connector: Connector,
}

impl Settings {
    /// Checks the settings of one reaction by themselves.
    ///
    /// # Errors
    /// Returns the first combination that is refused.
    pub fn validate(&self) -> Result<(), SettingsError> {
        let queries = self.shared.queries.len();
        if queries == 0 {
            return Err(SettingsError::NoQuery);
        }
        self.connector.as_kind().validate(queries)?;
        if self.shared.on_refusal == OnRefusal::DeadLetter && !self.connector.as_kind().can_refuse() {
            let message = format!(
                "a reaction of kind `{}` refuses nothing that could be set aside; take `on_refusal` away",
                self.connector.kind()
            );
            return Err(SettingsError::Field { field: "on_refusal", message });
        }
        match (self.connector.role(), self.shared.recovery) {
            (Role::StateKeeper, Recovery::AutoSkipGap) => Err(SettingsError::Recovery {
                does: "keeps state",
                refused: "auto_skip_gap",
                instead: "auto_reset",
            }),
            (Role::Trigger, Recovery::AutoReset) => Err(SettingsError::Recovery {
                does: "acts on what happens",
                refused: "auto_reset",
                instead: "auto_skip_gap",
            }),
            _ => Ok(()),
        }
    }

    /// Returns what the reaction would send, with this template of the body if one is given; `None` if it sends no
    /// messages. Does no I/O.
    #[cfg(feature = "messenger")]
    pub fn preview(&self, template: Option<String>) -> Option<crate::messenger::preview::Previewed> {
        self.connector.as_kind().preview(template)
    }

    /// Builds the reaction. Does no I/O.
    pub fn build(&self) -> Box<dyn Reaction> {
        self.connector.as_kind().build(&self.shared)
    }
}
