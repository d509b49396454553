//! What calls have made and a store has kept: taken up again when the configuration is run the next time.
//!
//! The file decides about what it names, and a call has changed it only as long as the file says what it said then. What
//! the file does not name stays as the call has made it.

use super::configuration::Config;
use super::order::layered;
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
    /// Takes up what calls have made of `stored`. Returns what became of each.
    pub fn take_up(&mut self, stored: &[(String, ComponentKind, Definition)], seal: &Seal) -> Vec<Kept> {
        let mut waiting = upstream_first(stored);
        let mut kept = Vec::new();
        // One that another one is in the way of can be taken up once that has been changed.
        loop {
            let before = waiting.len();
            let mut refused = Vec::new();
            for (one, _) in waiting {
                let (id, kind, definition) = one;
                match self.taken_up(*kind, id, definition, seal) {
                    Ok(fate) => kept.push(Kept { kind: *kind, id: id.clone(), fate }),
                    Err(reason) => refused.push((one, reason)),
                }
            }
            if refused.is_empty() || refused.len() == before {
                let lost = |((id, kind, _), reason): (&Stored, String)| Kept {
                    kind: *kind,
                    id: id.clone(),
                    fate: Fate::Lost(reason),
                };
                kept.extend(refused.into_iter().map(lost));
                return kept;
            }
            waiting = refused;
        }
    }

    /// Takes up one.
    ///
    /// # Errors
    /// Returns why it is not taken up, for now.
    fn taken_up(
        &mut self,
        kind: ComponentKind,
        id: &str,
        definition: &Definition,
        seal: &Seal,
    ) -> Result<Fate, String> {
        let in_file = self.in_file(kind, id, seal);
        if let Some(in_file) = &in_file
            && definition.spec.over.as_deref() != Some(seal.hash(in_file).as_str())
        {
            return Ok(Fate::Superseded);
        }
        let Some(settings) = &definition.spec.settings else {
            return Err("its settings were not kept".into());
        };
        let secrets = places(settings);
        if !secrets.is_empty() {
            return Err(format!(
                "its secrets are not kept ({}); create it once more, or write them as `${{NAME}}` with a name in \
                 `server.allowed_environment`",
                secrets.join(", ")
            ));
        }
        let change = self.change_of_many(kind, id, Some(&settings.to_string())).map_err(|problems| {
            let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
            messages.join("; ")
        })?;
        self.apply(change);
        Ok(if in_file.is_some() { Fate::Changed } else { Fate::Made })
    }
}

type Stored = (String, ComponentKind, Definition);

/// What calls have made of `stored`, by kind, each after what it reads; with nothing said of it yet.
fn upstream_first(stored: &[Stored]) -> Vec<(&Stored, String)> {
    let by_call = |(_, _, definition): &&Stored| definition.spec.by == Author::Call;
    let mut all: Vec<&Stored> = stored.iter().filter(by_call).collect();
    all.sort_by_key(|(_, kind, _)| *kind);
    let items: Vec<(&str, Vec<&str>)> =
        all.iter().map(|(id, _, definition)| (id.as_str(), named(definition))).collect();
    let (ordered, left) = layered(&items);
    ordered.into_iter().chain(left).map(|at| (all[at], String::new())).collect()
}

/// The ids of what a component reads, or comes after.
fn named(definition: &Definition) -> Vec<&str> {
    let after = definition.spec.settings.as_ref().and_then(|settings| settings["after"].as_array());
    let after = after.into_iter().flatten().filter_map(serde_json::Value::as_str);
    definition.made.upstreams().iter().map(String::as_str).chain(after).collect()
}

impl Kept {
    /// Logs it, if there is something to do about it.
    pub fn log(&self) {
        let Self { kind, id, fate } = self;
        let field = |of| (*kind == of).then_some(id.as_str());
        let [source, query, reaction] = ComponentKind::ALL.map(field);
        let kind = kind.noun();
        match fate {
            Fate::Made => {}
            Fate::Changed => tracing::warn!(
                source,
                query,
                reaction,
                code = "LW0761",
                "the {kind} `{id}` runs as a call has changed it, not as the file says; \
                 GET /api/v1/{}/{id}/definition shows both",
                self.kind.plural()
            ),
            Fate::Superseded => tracing::warn!(
                source,
                query,
                reaction,
                code = "LW0761",
                "the {kind} `{id}` runs as the file says, which was changed after a call had changed it"
            ),
            Fate::Lost(_) => tracing::error!(source, query, reaction, code = "LW0724", "{self}"),
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
