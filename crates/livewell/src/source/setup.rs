//! Sources as they are added: one that reads by itself, or one that is sent to.

use crate::Error;
use crate::error::ErrorKind;
use crate::source::channel::SourceHandle;
use crate::source::failure::wrap;
use crate::source::in_process::InProcess;
use livewell_source::kinds::Built;
use livewell_source::settings::SourceSettings;
use livewell_source::{Profile, Source};

/// A source of any kind, as it is added.
pub struct SourceSetup(pub(crate) Added);

/// How the source gets its input.
pub(crate) enum Added {
    /// It reads by itself.
    Pulled { profile: Box<Profile>, source: Box<dyn Source> },
    /// It is sent to.
    Pushed(InProcess),
}

impl SourceSetup {
    /// Creates a source from its settings.
    ///
    /// # Errors
    /// Returns [`ErrorKind::Invalid`] if Livewell was built without sources of this kind.
    pub fn of(settings: SourceSettings) -> Result<Self, Error> {
        let id = settings.id().to_owned();
        match settings.build() {
            Ok(Built::Pulled(source)) => Ok(Self::pulled(source)),
            Ok(Built::Pushed(pushed)) => Ok(Self(Added::Pushed(pushed.into()))),
            Err(error) => Err(Error { kind: ErrorKind::Invalid, ..wrap(&id)(error) }),
        }
    }

    fn pulled(source: Box<dyn Source>) -> Self {
        Self(Added::Pulled { profile: Box::new(source.profile()), source })
    }

    /// Returns its id.
    pub fn id(&self) -> &str {
        match &self.0 {
            Added::Pulled { profile, .. } => &profile.id,
            Added::Pushed(source) => &source.id,
        }
    }
}

/// Can be added as a source: everything that is a [`Source`], and [`InProcess`].
pub trait IntoSource {
    /// What adding it returns: the handle to send to, or nothing.
    type Handle;

    /// Converts it to the form in which it is added.
    fn into_source(self) -> SourceSetup;

    /// Returns the handle of a source that was added. `sent_to`: where to send to, if it is sent to.
    fn handle(sent_to: Option<SourceHandle>) -> Option<Self::Handle>;
}

impl<S: Source + 'static> IntoSource for S {
    type Handle = ();

    fn into_source(self) -> SourceSetup {
        SourceSetup::pulled(Box::new(self))
    }

    fn handle(_: Option<SourceHandle>) -> Option<()> {
        Some(())
    }
}

impl IntoSource for InProcess {
    type Handle = SourceHandle;

    fn into_source(self) -> SourceSetup {
        SourceSetup(Added::Pushed(self))
    }

    fn handle(sent_to: Option<SourceHandle>) -> Option<SourceHandle> {
        sent_to
    }
}

impl IntoSource for SourceSetup {
    type Handle = ();

    fn into_source(self) -> SourceSetup {
        self
    }

    fn handle(_: Option<SourceHandle>) -> Option<()> {
        Some(())
    }
}
