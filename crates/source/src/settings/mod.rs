//! The settings of sources in a configuration: plain, serialisable, and checked before anything is opened.

mod contract;
mod file;
mod http;
mod kafka;
pub(crate) mod mapping;
mod mysql;
mod nats;
mod postgres;
mod registry;
mod remapped;
mod types;

pub use crate::kinds::SourceSettings;
pub use contract::{Clock, Settings};
pub use file::{FileEntry, FileSettings, OnError, Rotation};
pub use http::{HttpSettings, InProcessSettings};
pub use kafka::{Format, KafkaSettings};
pub(crate) use mapping::RecordSettings;
pub use mapping::{End, NodeMapping, OperationMapping, RelationshipMapping, TimeUnit, TimestampMapping};
pub use mysql::{MysqlLimits, MysqlSettings};
pub use nats::NatsSettings;
#[cfg(feature = "postgres")]
pub(crate) use postgres::table_name;
pub use postgres::{
    Check, DatabaseUrl, ForeignKey, Infinity, NewTables, PostgresLimits, PostgresSettings, TableSettings,
};
pub use registry::{RegistryApi, RegistrySettings};
pub use types::PropertyType;
#[cfg(feature = "postgres")]
pub(crate) use types::shortened;
