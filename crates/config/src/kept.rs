//! What calls have made and a store has kept: taken up again when the configuration is run the next time.
//!
//! The file decides about what it names, and a call has changed it only as long as the file says what it said then. What
//! the file does not name stays as the call has made it.

use super::configuration::Config;
use super::sealed::{Seal, places};
use livewell::{Author, ComponentKind, Definition};
use std::fmt;

/// What became of a component that a call has made or changed.
#[derive(Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is as the call has made it; the file does not name it.
    Made,
    /// It is as the call has changed it, and not as the file says.
    Changed,
    /// The file has been changed since, so it is as the file says.
    Superseded,
    /// It cannot be made again, for this reason.
    Lost(String),
}

/// A component that a call has made or changed.
#[derive(Debug)]
pub struct Kept {
    /// What it is.
    pub kind: ComponentKind,
    /// Its id.
    pub id: String,
    /// What became of it.
    pub fate: Fate,
}

impl Config {
    /// This configuration with what calls have made of `stored`, and what became of each.
    pub fn with_kept(self, stored: &[(String, ComponentKind, Definition)], seal: &Seal) -> (Self, Vec<Kept>) {
        let by_call = |definition: &Definition| definition.spec.by == Author::Call;
        let mut waiting: Vec<_> = stored.iter().filter(|(_, _, definition)| by_call(definition)).collect();
        waiting.sort_by_key(|(_, kind, _)| *kind);
        let (mut config, mut kept) = (self, Vec::new());
        // A query may read another one that follows in the list.
        loop {
            let before = waiting.len();
            waiting.retain(|(id, kind, definition)| match taken_up(&config, *kind, id, definition, seal) {
                Taken::Over(with, fate) => {
                    config = with.map_or_else(|| config.clone(), |with| *with);
                    kept.push(Kept { kind: *kind, id: id.clone(), fate });
                    false
                }
                Taken::Refused(_) => true,
            });
            if waiting.len() == before || waiting.is_empty() {
                break;
            }
        }
        for (id, kind, definition) in waiting {
            if let Taken::Refused(reason) = taken_up(&config, *kind, id, definition, seal) {
                kept.push(Kept { kind: *kind, id: id.clone(), fate: Fate::Lost(reason) });
            }
        }
        (config, kept)
    }
}

/// What came of one.
enum Taken {
    /// The configuration with it, unless it stays as it is.
    Over(Option<Box<Config>>, Fate),
    /// It is not taken up, for now.
    Refused(String),
}

fn taken_up(config: &Config, kind: ComponentKind, id: &str, definition: &Definition, seal: &Seal) -> Taken {
    let in_file = config.in_file(kind, id, seal);
    if let Some(in_file) = &in_file
        && definition.spec.over.as_deref() != Some(seal.hash(in_file).as_str())
    {
        return Taken::Over(None, Fate::Superseded);
    }
    let Some(settings) = &definition.spec.settings else {
        return Taken::Refused("its settings were not kept".into());
    };
    let secrets = places(settings);
    if !secrets.is_empty() {
        return Taken::Refused(format!(
            "its secrets are not kept ({}); create it once more, or write them as `${{NAME}}` with a name in \
             `server.allowed_environment`",
            secrets.join(", ")
        ));
    }
    match config.with(kind.plural(), id, Some(&settings.to_string())) {
        Ok(with) => {
            Taken::Over(Some(Box::new(with)), if in_file.is_some() { Fate::Changed } else { Fate::Made })
        }
        Err(problems) => {
            let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
            Taken::Refused(messages.join("; "))
        }
    }
}

impl Kept {
    /// Logs it, if there is something to do about it.
    pub fn log(&self) {
        let Self { kind, id, fate } = self;
        let kind = kind.noun();
        match fate {
            Fate::Made => {}
            Fate::Changed => tracing::warn!(
                component = id,
                "the {kind} `{id}` runs as a call has changed it, not as the file says; \
                 GET /api/v1/{}/{id}/definition shows both",
                self.kind.plural()
            ),
            Fate::Superseded => tracing::warn!(
                component = id,
                "the {kind} `{id}` runs as the file says, which was changed after a call had changed it"
            ),
            Fate::Lost(_) => tracing::error!(component = id, code = "LW0724", "{self}"),
        }
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, id, fate } = self;
        let reason = if let Fate::Lost(reason) = fate { reason } else { "" };
        write!(f, "the {} `{id}`, which a call has made, does not run: {reason} [LW0724]", kind.noun())
    }
}
