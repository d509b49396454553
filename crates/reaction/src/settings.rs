//! The settings of reactions, as configuration files and the API write them.

pub use crate::conflict::shared_paths;
use crate::file::{Append, Table};
pub use crate::file::{FileMode, FileSettings, Rotate};
use crate::log::Log;
#[cfg(feature = "nats")]
use crate::nats::{Nats, NatsSettings};
#[cfg(feature = "postgres")]
use crate::postgres::{Execute, PostgresMode, PostgresSettings};
#[cfg(feature = "redis")]
use crate::redis::RedisSettings;
#[cfg(feature = "webhook")]
use crate::webhook::{Webhook, WebhookSettings};
use crate::{Reaction, Role};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::path::PathBuf;

/// One reaction: what all kinds share, and what its kind adds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// What all kinds share.
    #[serde(flatten)]
    pub shared: Shared,
    /// What its kind adds.
    #[serde(flatten)]
    pub connector: Connector,
}

/// What every reaction has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shared {
    /// Its id, in the one space of all sources, queries and reactions.
    pub id: SmolStr,
    /// The queries it follows; their results come in ascending position.
    pub queries: Vec<SmolStr>,
    /// What to do about a gap.
    #[serde(default)]
    pub recovery: Recovery,
    /// What becomes of what its target refuses for good.
    #[serde(default, skip_serializing_if = "OnRefusal::is_stop")]
    pub on_refusal: OnRefusal,
    /// Whether it runs; `false` pauses it and keeps its checkpoint.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Whether its checkpoint is to survive; a store that forgets wants `false` said here.
    #[serde(default = "yes")]
    pub durable: bool,
}

fn yes() -> bool {
    true
}

/// What a reaction does when the log no longer reaches back to its checkpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recovery {
    /// Stops with an error.
    #[default]
    Strict,
    /// Rebuilds what it keeps from a snapshot. For state-keeping reactions.
    AutoReset,
    /// Goes on at the head and leaves out what is gone. For triggers.
    AutoSkipGap,
}

/// What a reaction does about what its target refuses for good: a row, a message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnRefusal {
    /// Stops with an error.
    #[default]
    Stop,
    /// Sets it aside as a dead letter and goes on.
    DeadLetter,
}

impl OnRefusal {
    fn is_stop(&self) -> bool {
        *self == Self::Stop
    }
}

/// What a kind of reaction adds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Connector {
    /// Writes a file.
    File(FileSettings),
    /// Logs every query result.
    Log(LogSettings),
    /// Sends HTTP requests.
    #[cfg(feature = "webhook")]
    Webhook(Box<WebhookSettings>),
    /// Publishes messages to a NATS JetStream.
    #[cfg(feature = "nats")]
    Nats(Box<NatsSettings>),
    /// Keeps a table of a PostgreSQL database, or executes statements there.
    #[cfg(feature = "postgres")]
    Postgres(Box<PostgresSettings>),
    /// Keeps keys of a Redis.
    #[cfg(feature = "redis")]
    Redis(Box<RedisSettings>),
}

/// The settings of `kind: log`: none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {}

/// Settings that do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A recovery that the reaction's role has no use for.
    #[error("a reaction that {does} cannot recover by `{refused}`; use `strict` or `{instead}`")]
    Recovery {
        /// What its role is, in words.
        does: &'static str,
        /// The refused value.
        refused: &'static str,
        /// The one that fits.
        instead: &'static str,
    },
    /// A reaction that follows nothing.
    #[error("it follows no query; name at least one under `queries`")]
    NoQuery,
    /// A table of several queries.
    #[error("a copy holds the rows of one query, and {count} are named; make one reaction for each")]
    TableOfMany {
        /// How many queries are named.
        count: usize,
    },
    /// An empty path.
    #[error("`path` is empty; name a file")]
    NoPath,
    /// Two reactions that write the same file.
    #[error("it writes `{}`, and so does the reaction `{other}`; give each a file of its own", path.display())]
    SharedPath {
        /// The file.
        path: PathBuf,
        /// The id of the reaction that named it first.
        other: SmolStr,
    },
    /// Two reactions that keep the same copy.
    #[error("it writes where the reaction `{other}` does; give each a {field} of its own")]
    SharedTarget {
        /// The field that says where.
        field: &'static str,
        /// The id of the reaction that named it first.
        other: SmolStr,
    },
    /// A field that does not hold what it should.
    #[error("{message}")]
    Field {
        /// The field.
        field: &'static str,
        /// What is wrong with it and what to write; never its value.
        message: String,
    },
}

impl SettingsError {
    /// The code whose page explains the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Recovery { .. } => "LW0420",
            Self::NoQuery | Self::TableOfMany { .. } => "LW0421",
            Self::NoPath | Self::SharedPath { .. } | Self::SharedTarget { .. } => "LW0422",
            Self::Field { .. } => "LW0423",
        }
    }

    /// The field at fault.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Recovery { .. } => "recovery",
            Self::NoQuery | Self::TableOfMany { .. } => "queries",
            Self::NoPath | Self::SharedPath { .. } => "path",
            Self::Field { field, .. } | Self::SharedTarget { field, .. } => field,
        }
    }
}

impl Connector {
    /// The name of the kind, as settings say it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Log(_) => "log",
            #[cfg(feature = "webhook")]
            Self::Webhook(_) => "webhook",
            #[cfg(feature = "nats")]
            Self::Nats(_) => "nats",
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => "postgres",
            #[cfg(feature = "redis")]
            Self::Redis(_) => "redis",
        }
    }

    /// What such a reaction is to the world outside.
    pub fn role(&self) -> Role {
        match self {
            Self::File(FileSettings { mode: FileMode::Table, .. }) => Role::StateKeeper,
            Self::File(_) | Self::Log(_) => Role::Trigger,
            #[cfg(feature = "webhook")]
            Self::Webhook(_) => Role::Trigger,
            #[cfg(feature = "nats")]
            Self::Nats(_) => Role::Trigger,
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => match postgres.mode {
                PostgresMode::Table => Role::StateKeeper,
                PostgresMode::Execute => Role::Trigger,
            },
            #[cfg(feature = "redis")]
            Self::Redis(_) => Role::StateKeeper,
        }
    }

    /// Whether it leaves something outside that must not differ from its checkpoint.
    pub fn has_durable_effects(&self) -> bool {
        !matches!(self, Self::Log(_))
    }

    /// Whether its target may refuse one row or message and take others.
    fn can_refuse(&self) -> bool {
        match self {
            Self::File(_) | Self::Log(_) => false,
            #[cfg(feature = "webhook")]
            Self::Webhook(_) => true,
            #[cfg(feature = "nats")]
            Self::Nats(_) => true,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => true,
            // A value is a text there, and a text is always taken.
            #[cfg(feature = "redis")]
            Self::Redis(_) => false,
        }
    }

    fn validate(&self, queries: usize) -> Result<(), SettingsError> {
        match self {
            Self::File(file) => file.validate(queries),
            Self::Log(_) => Ok(()),
            #[cfg(feature = "webhook")]
            Self::Webhook(webhook) => webhook.validate(),
            #[cfg(feature = "nats")]
            Self::Nats(nats) => nats.validate(),
            #[cfg(feature = "postgres")]
            Self::Postgres(postgres) => match postgres.mode {
                PostgresMode::Table => one_query(queries).and_then(|()| postgres.validate()),
                PostgresMode::Execute => postgres.validate(),
            },
            #[cfg(feature = "redis")]
            Self::Redis(redis) => one_query(queries).and_then(|()| redis.validate()),
        }
    }
}

impl Connector {
    /// Whether this and another one keep copies in the same place, and the field that says so.
    fn shares_target(&self, other: &Self) -> Option<&'static str> {
        match (self, other) {
            #[cfg(feature = "postgres")]
            (Self::Postgres(one), Self::Postgres(other)) => {
                let same = !one.table.is_empty() && (&one.url, &one.table) == (&other.url, &other.table);
                same.then_some("table")
            }
            #[cfg(feature = "redis")]
            (Self::Redis(one), Self::Redis(other)) => {
                // Whatever begins with the shorter prefix would be taken for a key of its own.
                let overlap = one.prefix.starts_with(&other.prefix) || other.prefix.starts_with(&one.prefix);
                (one.url == other.url && overlap).then_some("prefix")
            }
            _ => None,
        }
    }
}

/// Every reaction that keeps a copy where an earlier one keeps its own: its index, and the refusal.
pub fn shared_targets<'a>(reactions: impl IntoIterator<Item = &'a Settings>) -> Vec<(usize, SettingsError)> {
    let all: Vec<&Settings> = reactions.into_iter().collect();
    let refusal = |at: usize| {
        let here = &all[at].connector;
        let first = all[..at].iter().find_map(|other| {
            let field = here.shares_target(&other.connector)?;
            Some(SettingsError::SharedTarget { field, other: other.shared.id.clone() })
        });
        Some((at, first?))
    };
    (0..all.len()).filter_map(refusal).collect()
}

impl Settings {
    /// Checks what one reaction's settings can be checked for by themselves.
    ///
    /// # Errors
    /// The first combination that is refused.
    pub fn validate(&self) -> Result<(), SettingsError> {
        let queries = self.shared.queries.len();
        if queries == 0 {
            return Err(SettingsError::NoQuery);
        }
        self.connector.validate(queries)?;
        if self.shared.on_refusal == OnRefusal::DeadLetter && !self.connector.can_refuse() {
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

    /// Builds the reaction. Does no IO.
    pub fn build(&self) -> Box<dyn Reaction> {
        match &self.connector {
            Connector::File(FileSettings { path, mode: FileMode::Append, rotate, take_over }) => {
                Box::new(Append::new(path).rotated(*rotate).taking_over(*take_over))
            }
            Connector::File(FileSettings { path, mode: FileMode::Table, take_over, .. }) => {
                Box::new(Table::new(path).taking_over(*take_over))
            }
            Connector::Log(LogSettings {}) => Box::new(Log::new(self.shared.id.clone())),
            #[cfg(feature = "webhook")]
            Connector::Webhook(settings) => {
                Box::new(Webhook::new((**settings).clone()).on_refusal(self.shared.on_refusal))
            }
            #[cfg(feature = "nats")]
            Connector::Nats(settings) => {
                Box::new(Nats::new((**settings).clone()).on_refusal(self.shared.on_refusal))
            }
            #[cfg(feature = "postgres")]
            Connector::Postgres(settings) => match settings.mode {
                PostgresMode::Table => {
                    let table = crate::postgres::Table::new((**settings).clone());
                    Box::new(table.on_refusal(self.shared.on_refusal))
                }
                PostgresMode::Execute => {
                    Box::new(Execute::new((**settings).clone()).on_refusal(self.shared.on_refusal))
                }
            },
            #[cfg(feature = "redis")]
            Connector::Redis(settings) => Box::new(crate::redis::Redis::new((**settings).clone())),
        }
    }
}

pub(crate) fn one_query(count: usize) -> Result<(), SettingsError> {
    if count > 1 { Err(SettingsError::TableOfMany { count }) } else { Ok(()) }
}
