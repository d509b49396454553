//! What becomes of a component, and what that costs: the figures of every dry run, of `apply` and of single calls.

use super::added::added;
use super::context::Api;
use super::wire::Kind;
use livewell::{ComponentKind, Obstacle, Query, Status};
use livewell_config::{Act, Config, Step};
use livewell_model::recovery::Recovery;
use livewell_reaction::Role;
use livewell_source::settings::SourceSettings;
use schemars::JsonSchema;
use serde::Serialize;

/// How many followers are named.
const NAMED_MAX: usize = 100;

/// What becomes of a component.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Step")]
pub struct Stepped {
    kind: Kind,
    id: String,
    #[schemars(extend("enum" = ["create", "change", "remove", "reset", "discard"]))]
    action: &'static str,
    /// The settings that differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<String>")]
    fields: Option<Vec<String>>,
    /// Whether the rows of a query are built again, beside the old ones; whether a reaction writes again what it keeps.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    rebuilds: Option<bool>,
    /// The rows of a query, or elements of a source, as it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    rows: Option<u64>,
    /// How many stored elements or rows a new or rebuilt query is built from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    reads: Option<u64>,
    /// Who follows a rebuilt query or a source that begins again, and what comes of that for each: at most 100 of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<Follower>")]
    followers: Option<Vec<Follower>>,
    /// How many followers there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "usize")]
    followers_total: Option<usize>,
    /// What is deleted, or never delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Losses")]
    loses: Option<Losses>,
    /// Why a source does not go on with these settings over what it has stored, as far as that is known without asking the
    /// server that it reads from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Stop")]
    stops: Option<Stop>,
}

/// Why a source does not go on.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Stop {
    /// The code of the reason, which has a page.
    code: &'static str,
    message: String,
    /// Whether it begins again by itself, as its `recovery` says; else it stops in error.
    resets: bool,
}

/// A follower of what is built or read again.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Follower {
    id: String,
    /// What differs; the next result, of a trigger whose query has another definition; of a query: it is rebuilt, or it
    /// stops in error, as its recovery policy says.
    #[schemars(extend("enum" = ["difference", "next", "rebuild", "stop"]))]
    receives: &'static str,
}

/// What is deleted, or never delivered.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Losses {
    /// Elements of a source; those of one that is read again come back as it is read.
    pub elements: u64,
    /// Rows of a query.
    pub rows: u64,
    /// Results in the outbox of a query.
    pub results: u64,
    /// Results that a reaction has not delivered.
    pub undelivered: u64,
    /// Pieces of parked input.
    pub parked: u64,
    /// Dead letters.
    pub dead_letters: u64,
}

impl Stepped {
    fn new(kind: ComponentKind, id: &str, action: &'static str) -> Self {
        Self {
            kind: Kind(kind),
            id: id.to_owned(),
            action,
            fields: None,
            rebuilds: None,
            rows: None,
            reads: None,
            followers: None,
            followers_total: None,
            loses: None,
            stops: None,
        }
    }

    /// Returns a step on the way to the configuration `next`. Files may be read.
    pub fn planned(api: &Api, next: &Config, step: &Step) -> Self {
        let stepped = Self::of(api, next, step, next.queries.get(&step.id));
        match next.sources.get(&step.id).filter(|_| matches!(step.act, Act::Change { .. })) {
            Some(source) => stepped.over_what_is_stored(api, next, source),
            None => stepped,
        }
    }

    /// Adds what keeps a source from going on with these settings over what it has stored. Files may be read.
    /// `config` has its readers, which a source that begins again concerns.
    pub fn over_what_is_stored(self, api: &Api, config: &Config, source: &SourceSettings) -> Self {
        let was = api.config().sources.get(source.id()).cloned();
        // What cannot be looked at now is said once the source is opened.
        let found = api.livewell.foresee(source, was.as_ref()).ok().flatten();
        let stop = |Obstacle { code, message, resets }| Stop { code, message, resets };
        let begins_again = found.as_ref().is_some_and(|found| found.resets) && !source.kind().copies;
        let stepped = Self { stops: found.map(stop), ..self };
        if begins_again { stepped.followed(config, after_epoch) } else { stepped }
    }

    /// Returns a step in `config`, which has the readers of the component; `becomes` is the query that it will be.
    pub fn of(api: &Api, config: &Config, step: &Step, becomes: Option<&Query>) -> Self {
        let Step { kind, id, act } = step;
        let status = added(api, id).ok().flatten();
        match act {
            Act::Create => {
                Self { reads: becomes.map(|query| reads(api, query)), ..Self::new(*kind, id, "create") }
            }
            Act::Change { fields, rebuilds } => {
                let changed = Self {
                    fields: Some(fields.clone()),
                    rebuilds: Some(*rebuilds),
                    rows: Some(status.map_or(0, |status| status.rows)),
                    ..Self::new(*kind, id, "change")
                };
                match becomes.filter(|_| *rebuilds) {
                    Some(query) => changed.rebuilt(api, config, query, after_change),
                    None => changed,
                }
            }
            Act::Remove => Self::removed(*kind, id, status.as_ref()),
        }
    }

    /// Returns the removal of a component with this status.
    pub fn removed(kind: ComponentKind, id: &str, status: Option<&Status>) -> Self {
        let loses = status.map(|status| match kind {
            ComponentKind::Source => {
                Losses { elements: status.rows, parked: status.parked, ..Losses::default() }
            }
            ComponentKind::Query => {
                Losses { rows: status.rows, results: status.log_entries, ..Losses::default() }
            }
            ComponentKind::Reaction => {
                Losses { undelivered: status.lag, dead_letters: status.dead_letters, ..Losses::default() }
            }
        });
        let rows = Some(status.map_or(0, |status| status.rows));
        Self { rows, loses: Some(loses.unwrap_or_default()), ..Self::new(kind, id, "remove") }
    }

    /// Returns the reset of a component, of these tables only if there are any.
    pub fn reset(api: &Api, config: &Config, status: &Status, tables: &[String]) -> Self {
        let Status { kind, id, rows, .. } = status;
        let begun =
            Self { rows: Some(*rows), loses: Some(Losses::default()), ..Self::new(*kind, id, "reset") };
        match kind {
            ComponentKind::Query => match config.queries.get(id) {
                Some(query) => {
                    Self { rebuilds: Some(true), ..begun }.rebuilt(api, config, query, after_reset)
                }
                None => begun,
            },
            ComponentKind::Reaction => {
                let is_trigger = is_trigger(config, id);
                let undelivered = if is_trigger { status.lag } else { 0 };
                Self {
                    rebuilds: Some(!is_trigger),
                    loses: Some(Losses { undelivered, ..Losses::default() }),
                    ..begun
                }
            }
            // What is copied again is compared with what is stored, so nothing goes meanwhile.
            ComponentKind::Source if !tables.is_empty() => begun,
            ComponentKind::Source if config.sources.get(id).is_some_and(|source| source.kind().copies) => {
                Self { reads: Some(*rows), ..begun }
            }
            ComponentKind::Source => {
                let losses = Losses { elements: *rows, parked: status.parked, ..Losses::default() };
                Self { reads: Some(*rows), loses: Some(losses), ..begun }.followed(config, after_epoch)
            }
        }
    }

    /// Returns the discarding of what a component has set aside.
    pub fn discarded(kind: ComponentKind, id: &str, loses: Losses) -> Self {
        Self { loses: Some(loses), ..Self::new(kind, id, "discard") }
    }

    /// Adds what a rebuild of a query reads, and who follows.
    fn rebuilt(self, api: &Api, config: &Config, query: &Query, receives: Receives) -> Self {
        Self { reads: Some(reads(api, query)), ..self }.followed(config, receives)
    }

    fn followed(self, config: &Config, receives: Receives) -> Self {
        let readers = config.readers(&self.id);
        let follower = |id: &&str| Some(Follower { id: (*id).to_owned(), receives: receives(config, id)? });
        let mut followers: Vec<Follower> = readers.iter().filter_map(follower).collect();
        let total = followers.len();
        // Whatever else is left out: what stops needs somebody.
        followers.sort_by_key(|follower| follower.receives != STOP);
        followers.truncate(NAMED_MAX);
        Self { followers: Some(followers), followers_total: Some(total), ..self }
    }
}

/// What comes of a step for a query that stops in error.
const STOP: &str = "stop";

/// What comes of a step for a component that follows.
type Receives = fn(&Config, &str) -> Option<&'static str>;

/// Of a changed query: one that keeps state gets what differs, a trigger goes on with the next result, a query is rebuilt.
fn after_change(config: &Config, id: &str) -> Option<&'static str> {
    Some(match config.kind(id) {
        Some(ComponentKind::Query) => "rebuild",
        _ if is_trigger(config, id) => "next",
        _ => "difference",
    })
}

/// Of a query whose definition stays: what differs is a result like any other.
fn after_reset(_config: &Config, _id: &str) -> Option<&'static str> {
    Some("difference")
}

/// Of a source whose history begins again. Sources that only come after it do not care.
fn after_epoch(config: &Config, id: &str) -> Option<&'static str> {
    let query = config.queries.get(id)?;
    Some(if query.recovery == Recovery::Strict { STOP } else { "rebuild" })
}

fn is_trigger(config: &Config, id: &str) -> bool {
    config.reactions.get(id).is_some_and(|settings| settings.build().role() == Role::Trigger)
}

/// Returns how many stored elements or rows a query reads.
fn reads(api: &Api, query: &Query) -> u64 {
    let rows = |id: &String| added(api, id).ok().flatten().map_or(0, |status| status.rows);
    query.sources.iter().map(rows).sum()
}
