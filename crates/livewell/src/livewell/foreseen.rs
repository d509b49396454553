//! What comes of other settings, before a source has them.

use super::Livewell;
use crate::component::state::State;
use crate::error::with_id;
use crate::source::failure::source_error;
use crate::source::remembered::check_kind;
use crate::source::stored::Held;
use crate::{Error, Recovery};
use livewell_source::ErrorKind;
use livewell_source::kinds::Built;
use livewell_source::settings::SourceSettings;

/// What keeps a source from going on with other settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// The code of the reason.
    pub code: &'static str,
    /// The reason, and the way out.
    pub message: String,
    /// Whether it does not stop for this: its recovery policy has it begin again.
    pub resets: bool,
}

impl Livewell {
    /// Looks whether a source would go on with these settings over what it has stored, as far as that can be known without
    /// asking the server that it reads from. `was` are its settings now. Nothing is changed; files may be read.
    ///
    /// # Errors
    /// Returns [`crate::ErrorKind::NotFound`] for an unknown id, or an error if the store cannot be read.
    pub fn foresee(
        &self,
        settings: &SourceSettings,
        was: Option<&SourceSettings>,
    ) -> Result<Option<Obstacle>, Error> {
        let component = self.shared.source(settings.id())?;
        // One that has stopped may have done so for its settings: then they say nothing of what is stored.
        let was = was.filter(|_| component.state() != State::Error);
        let (definition, recovery) = match settings.clone().build() {
            Ok(Built::Pulled(source)) => {
                let profile = source.profile();
                (profile.definition, profile.recovery)
            }
            Ok(Built::Pushed(pushed)) => (pushed.definition, Recovery::Strict),
            Err(error) => {
                let message = with_id(&error.message, &component.id);
                return Ok(Some(Obstacle { code: error.code, message, resets: false }));
            }
        };
        let judged = check_kind(&definition, &self.shared, &component).and_then(|()| {
            let held = Held::read(&self.shared, &component)?;
            held.settle(settings.check_over(was, &held))
        });
        let Err(error) = judged else { return Ok(None) };
        let Some(found) = source_error(&error) else { return Err(error) };
        let resets = found.kind == ErrorKind::Changed && recovery == Recovery::AutoReset;
        Ok(Some(Obstacle { code: found.code, message: error.message.clone(), resets }))
    }
}
