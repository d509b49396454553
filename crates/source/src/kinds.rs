//! The kinds of sources: one line for each names the kind, its settings and the function that makes a source of them.
//!
//! A kind that is not here does not exist: its name is refused, and it cannot be mistaken for another kind.

use crate::SourceError;
use crate::definition::Definition;
use crate::expire::Expire;
use crate::file::Files;
use crate::settings::{
    Clock, FileSettings, HttpSettings, InProcessSettings, KafkaSettings, MysqlSettings, NatsSettings,
    PostgresSettings, Settings,
};
use crate::source::{Source, Stored};
use crate::unwind::{self, Unwind};
use livewell_model::probe::Probed;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// Kinds that are planned and that this version does not have.
pub const PLANNED: &[&str] = &["mongodb", "sqlserver", "mqtt", "in-process"];

/// A kind of sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// What a configuration calls it.
    pub name: &'static str,
    /// Whether a configuration can contain one; otherwise only programs add them.
    pub is_configured: bool,
    /// Whether its sources [copy](crate::Profile::copies).
    pub copies: bool,
    /// Whether each of its transactions is taken in exactly once. Else one that its sender repeats may be taken in again.
    pub once: bool,
}

/// Reads settings of any type. Returns `None` on failure and keeps the reason.
pub trait ReadSettings {
    /// Reads the settings.
    fn read<T: DeserializeOwned>(self) -> Option<T>;
}

/// A source as it is built: one that reads, or one that is sent to.
pub enum Built {
    /// A source that reads.
    Pulled(Box<dyn Source>),
    /// A source that is sent to.
    Pushed(Pushed),
}

/// A source that is sent to.
#[derive(Debug, Clone, PartialEq)]
pub struct Pushed {
    /// Its id.
    pub id: String,
    /// Which clock its time follows while nothing comes.
    pub clock: Clock,
    /// Lists in its nodes whose items become nodes of their own.
    pub unwind: Vec<Unwind>,
    /// How long elements that do not change are kept; `None` if for ever.
    pub expire: Option<Expire>,
    /// The settings that decide how what is sent becomes elements.
    pub definition: Definition,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident($settings:ty): $kind:expr, $make:expr;)*) => {
        /// The settings of a source of any kind.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "kebab-case")]
        pub enum SourceSettings {
            $($(#[$doc])* $variant($settings),)*
        }

        /// All kinds.
        pub const KINDS: &[Kind] = &[$($kind),*];

        impl SourceSettings {
            /// Reads the settings of a source of this kind; `None` if there is no such kind, or they cannot be read.
            pub fn read(kind: &str, reader: impl ReadSettings) -> Option<Self> {
                $(if kind == $kind.name {
                    return reader.read().map(Self::$variant);
                })*
                None
            }

            /// Returns its kind.
            pub fn kind(&self) -> Kind {
                match self {
                    $(Self::$variant(_) => $kind,)*
                }
            }

            /// Returns the settings that all kinds have in common.
            pub fn common(&self) -> &dyn Settings {
                match self {
                    $(Self::$variant(settings) => settings,)*
                }
            }

            /// Returns the settings that all kinds have in common, to change them.
            pub fn common_mut(&mut self) -> &mut dyn Settings {
                match self {
                    $(Self::$variant(settings) => settings,)*
                }
            }

            /// Makes the source.
            ///
            /// # Errors
            /// Returns [`ErrorKind::Settings`](crate::ErrorKind::Settings) if Livewell was built without sources of
            /// this kind.
            pub fn build(self) -> Result<Built, SourceError> {
                match self {
                    $(Self::$variant(settings) => $make(settings),)*
                }
            }
        }

        $(impl From<$settings> for SourceSettings {
            fn from(settings: $settings) -> Self {
                Self::$variant(settings)
            }
        })*
    };
}

const fn read(name: &'static str) -> Kind {
    Kind { name, is_configured: true, copies: false, once: true }
}

const fn copied(name: &'static str) -> Kind {
    Kind { copies: true, ..read(name) }
}

const fn sent(name: &'static str) -> Kind {
    Kind { once: false, ..read(name) }
}

const fn of_programs(name: &'static str) -> Kind {
    Kind { is_configured: false, ..sent(name) }
}

kinds! {
    /// Files of changes or tables.
    File(FileSettings): read("file"), |settings| pulled(Files::new(settings));
    /// Changes posted to the server.
    Http(HttpSettings): sent("http"), |settings| pushed(&settings);
    /// Changes sent by the program that Livewell is embedded in.
    InProcess(InProcessSettings): of_programs("in-process"), |settings| pushed(&settings);
    /// Records of a topic of Kafka.
    Kafka(KafkaSettings): read("kafka"), kafka;
    /// Tables of a MariaDB database.
    Mysql(MysqlSettings): copied("mysql"), mysql;
    /// Messages of a NATS JetStream.
    Nats(NatsSettings): read("nats"), nats;
    /// Tables of a PostgreSQL database.
    Postgres(PostgresSettings): copied("postgres"), postgres;
}

impl SourceSettings {
    /// Returns the source's id.
    pub fn id(&self) -> &str {
        self.common().id()
    }

    /// Looks at the server that it reads from, as it would itself, without any effect there. Returns `None` if there is
    /// no server, or if Livewell was built without sources of this kind.
    ///
    /// # Errors
    /// Returns what would keep the source from reading.
    pub fn probe(&self) -> Option<Result<Probed, SourceError>> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(settings) => Some(crate::postgres::probe(settings)),
            #[cfg(feature = "mysql")]
            Self::Mysql(settings) => Some(crate::mysql::probe(settings)),
            #[cfg(feature = "kafka")]
            Self::Kafka(settings) => Some(crate::kafka::probe(settings)),
            #[cfg(feature = "nats")]
            Self::Nats(settings) => Some(crate::nats::probe(settings)),
            _ => None,
        }
    }

    /// Checks whether a source with these settings goes on over what is stored, as far as that can be known without asking
    /// a server: files are opened, and settings that make elements are compared. `was` are the settings by which it runs.
    ///
    /// # Errors
    /// Returns what would stop it, or an error if what is stored cannot be read.
    pub fn check_over(&self, was: Option<&Self>, stored: &dyn Stored) -> Result<(), SourceError> {
        match (self, was) {
            (Self::File(settings), _) => Files::new(settings.clone()).open(stored),
            #[cfg(feature = "kafka")]
            (Self::Kafka(settings), _) => crate::kafka::Log::new(settings.clone()).check_over(stored),
            #[cfg(feature = "nats")]
            (Self::Nats(settings), _) => crate::nats::Stream::new(settings.clone()).check_over(stored),
            #[cfg(feature = "mysql")]
            (Self::Mysql(settings), _) => crate::mysql::Database::new(settings.clone()).check_over(stored),
            (Self::Postgres(settings), Some(Self::Postgres(was))) if stored.has_base() => {
                settings.check_change(was)
            }
            _ => Ok(()),
        }
    }

    /// Returns which clock its time follows while nothing comes.
    pub fn clock(&self) -> Clock {
        self.common().clock()
    }

    /// Returns the lists whose items become nodes of their own.
    pub fn unwind(&self) -> &[Unwind] {
        self.common().unwind()
    }

    /// Returns the sources that must have ended before this one begins.
    pub fn after(&self) -> &[String] {
        self.common().after()
    }

    /// Checks what the types alone do not.
    ///
    /// # Errors
    /// Returns [`ErrorKind::Settings`](crate::ErrorKind::Settings) with the field and what to write instead.
    pub fn validate(&self) -> Result<(), SourceError> {
        self.common().check()?;
        if let Some(expire) = self.common().expire() {
            expire.validate(self.id())?;
        }
        unwind::validate(self.id(), self.unwind())
    }
}

/// Returns the kind with this name.
pub fn find(name: &str) -> Option<Kind> {
    KINDS.iter().find(|kind| kind.name == name).copied()
}

fn pulled(source: impl Source + 'static) -> Result<Built, SourceError> {
    Ok(Built::Pulled(Box::new(source)))
}

fn pushed<T: Settings + Serialize>(settings: &T) -> Result<Built, SourceError> {
    let (id, clock, unwind) = (settings.id().to_owned(), settings.clock(), settings.unwind().to_vec());
    let expire = settings.expire().cloned();
    Ok(Built::Pushed(Pushed {
        id,
        clock,
        unwind,
        expire,
        definition: Definition::new(SENT, deciding(settings)),
    }))
}

/// The kind that every source that is sent to remembers.
pub const SENT: &str = "http";

/// Returns the settings that decide how what is sent becomes elements.
fn deciding(settings: &impl Serialize) -> Map<String, Json> {
    let all = serde_json::to_value(settings).ok();
    let mut all = all.and_then(|all| all.as_object().cloned()).unwrap_or_default();
    for other in ["id", "clock", "unwind", "expire", "limits", "body_bytes_max"] {
        all.remove(other);
    }
    all
}

/// Returns what a stored source keeps on its other side, for a source whose settings are gone.
///
/// # Errors
/// Returns an error if what is stored cannot be read.
#[cfg(feature = "postgres")]
pub fn kept_there(stored: &dyn crate::source::Stored) -> Result<Option<String>, SourceError> {
    crate::postgres::slot_of(stored)
}

/// Returns `None`: this build has no kind of source that keeps anything on its other side.
///
/// # Errors
/// Never returns an error.
#[cfg(not(feature = "postgres"))]
pub fn kept_there(_: &dyn crate::source::Stored) -> Result<Option<String>, SourceError> {
    Ok(None)
}

#[cfg(feature = "kafka")]
fn kafka(settings: KafkaSettings) -> Result<Built, SourceError> {
    pulled(crate::kafka::Log::new(settings))
}

#[cfg(not(feature = "kafka"))]
#[expect(clippy::needless_pass_by_value, reason = "like the one that makes the source, which keeps them")]
fn kafka(settings: KafkaSettings) -> Result<Built, SourceError> {
    Err(without(&settings.id, "kafka"))
}

#[cfg(feature = "mysql")]
fn mysql(settings: MysqlSettings) -> Result<Built, SourceError> {
    pulled(crate::mysql::Database::new(settings))
}

#[cfg(not(feature = "mysql"))]
#[expect(clippy::needless_pass_by_value, reason = "like the one that makes the source, which keeps them")]
fn mysql(settings: MysqlSettings) -> Result<Built, SourceError> {
    Err(without(&settings.id, "mysql"))
}

#[cfg(feature = "nats")]
fn nats(settings: NatsSettings) -> Result<Built, SourceError> {
    pulled(crate::nats::Stream::new(settings))
}

#[cfg(not(feature = "nats"))]
#[expect(clippy::needless_pass_by_value, reason = "like the one that makes the source, which keeps them")]
fn nats(settings: NatsSettings) -> Result<Built, SourceError> {
    Err(without(&settings.id, "nats"))
}

#[cfg(feature = "postgres")]
fn postgres(settings: PostgresSettings) -> Result<Built, SourceError> {
    pulled(crate::postgres::Database::new(settings))
}

#[cfg(not(feature = "postgres"))]
#[expect(clippy::needless_pass_by_value, reason = "like the one that makes the source, which keeps them")]
fn postgres(settings: PostgresSettings) -> Result<Built, SourceError> {
    Err(without(&settings.id, "postgres"))
}

/// Returns the error about a kind that was left out when Livewell was built.
#[cfg(not(all(feature = "kafka", feature = "mysql", feature = "nats", feature = "postgres")))]
fn without(id: &str, kind: &str) -> SourceError {
    SourceError::settings(format!("source `{id}`: this Livewell was built without the feature `{kind}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    struct Given(Json);

    impl ReadSettings for Given {
        fn read<T: DeserializeOwned>(self) -> Option<T> {
            serde_json::from_value(self.0).ok()
        }
    }

    #[test]
    fn a_kind_is_read_by_its_own_name_alone() {
        for kind in KINDS {
            let given = json!({ "id": "s", "url": "nats://localhost", "path": "ops.jsonl", "topic": "t" });
            let needs = |field: &str| match field {
                "id" => true,
                "url" => ["kafka", "mysql", "nats", "postgres"].contains(&kind.name),
                "topic" => kind.name == "kafka",
                _ => kind.name == "file",
            };
            let all = given.as_object().cloned().unwrap_or_default();
            let given: Map<String, Json> = all.into_iter().filter(|(field, _)| needs(field)).collect();
            let read =
                SourceSettings::read(kind.name, Given(Json::Object(given))).expect("they are settings");
            assert_eq!(read.kind(), *kind);
            assert_eq!(serde_json::to_value(&read).expect("settings are JSON")["kind"], kind.name);
            assert_eq!(find(kind.name), Some(*kind));
        }
        for other in PLANNED.iter().filter(|name| find(name).is_none()).chain(&["File", "http ", ""]) {
            assert!(SourceSettings::read(other, Given(json!({ "id": "s" }))).is_none(), "{other}");
        }
    }
}
