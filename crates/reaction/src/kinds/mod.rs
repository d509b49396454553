//! The kinds of reactions. Each is a module here and a line in the table below; nothing else lists them.

pub mod file;
#[cfg(feature = "kafka")]
pub mod kafka;
pub mod log;
#[cfg(feature = "nats")]
pub mod nats;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(feature = "webhook")]
pub mod webhook;

use crate::kind::{AsKind, Kind, kinds};
use crate::{Guarantee, ReactionError, Role};
use livewell_model::probe::Probed;
use serde::{Deserialize, Deserializer, Serialize, de};
use std::path::{Path, PathBuf};

/// Kinds that a later version may have.
pub const PLANNED: &[&str] = &["sse", "mqtt"];

kinds! {
    /// Writes a file.
    "file" => File(file::FileSettings),
    /// Logs every query result.
    "log" => Log(log::LogSettings),
    /// Sends HTTP requests.
    "webhook" => Webhook(Box<webhook::WebhookSettings>) if "webhook",
    /// Publishes messages to a NATS JetStream.
    "nats" => Nats(Box<nats::NatsSettings>) if "nats",
    /// Writes records to a topic of Kafka.
    "kafka" => Kafka(Box<kafka::KafkaSettings>) if "kafka",
    /// Keeps a table of a PostgreSQL database, or executes statements there.
    "postgres" => Postgres(Box<postgres::PostgresSettings>) if "postgres",
    /// Keeps keys of a Redis.
    "redis" => Redis(Box<redis::RedisSettings>) if "redis",
}

impl Connector {
    /// Returns the role of such a reaction.
    pub fn role(&self) -> Role {
        self.as_kind().role()
    }

    /// Returns how often the effect of each result is there, whatever crashes in between.
    pub fn guarantee(&self) -> Guarantee {
        self.as_kind().guarantee()
    }

    /// Returns whether it leaves something outside that must agree with its checkpoint.
    pub fn has_durable_effects(&self) -> bool {
        self.as_kind().has_durable_effects()
    }

    /// Returns the columns that identify rows, from its field `key`; empty if it has no such field.
    pub fn key(&self) -> &[String] {
        self.as_kind().key()
    }

    /// Makes relative paths start at `folder`.
    pub fn resolve(&mut self, folder: &Path) {
        self.as_kind_mut().resolve(folder);
    }

    /// Looks at the target, as the reaction would itself, without any effect there. Returns `None` if the target is not
    /// a server.
    ///
    /// # Errors
    /// Returns what would keep the reaction from delivering.
    pub fn probe(&self) -> Option<Result<Probed, ReactionError>> {
        self.as_kind().probe()
    }

    /// Returns the files that the reaction reads: certificates and keys.
    pub fn reads(&self) -> Vec<PathBuf> {
        self.as_kind().reads()
    }
}
