//! The settings of a schema registry.

use super::postgres::DatabaseUrl;
use livewell_model::Secret;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Where the schemas of a topic's records are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrySettings {
    /// The registry: `https://user:password@host:8081`, or the path of an Apicurio registry's interface, such as
    /// `https://host/apis/registry/v3`. Shown without its secrets.
    pub url: DatabaseUrl,
    /// The interface that the registry is asked by.
    #[serde(default)]
    pub api: RegistryApi,
    /// A token to get in with; never shown.
    #[serde(default, skip_serializing)]
    pub token: Option<Secret>,
    /// A file of certificates in PEM to trust beside those of the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
}

/// The interface of a registry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RegistryApi {
    /// That of Confluent, which most registries have, Apicurio's under `/apis/ccompat/v7`.
    #[default]
    Confluent,
    /// That of Apicurio.
    Apicurio,
}

impl RegistrySettings {
    /// Checks what the types do not guarantee.
    ///
    /// # Errors
    /// Returns what is wrong with the settings.
    pub fn check(&self) -> Result<(), String> {
        let has_scheme = ["http://", "https://"].iter().any(|scheme| self.url.0.starts_with(scheme));
        if !has_scheme {
            return Err("`registry.url` begins with `http://` or `https://`".into());
        }
        if self.token.is_some() && self.url.0.contains('@') {
            return Err("`registry` has a token and a user in its `url`; take one away".into());
        }
        if !cfg!(feature = "kafka-avro") {
            return Err("`registry` needs a Livewell that was built with the feature `kafka-avro`".into());
        }
        #[cfg(feature = "kafka-avro")]
        self.parsed_url()?;
        Ok(())
    }

    #[cfg(feature = "kafka-avro")]
    pub(crate) fn parsed_url(&self) -> Result<reqwest::Url, String> {
        let url = reqwest::Url::parse(&self.url.0).map_err(|error| format!("`registry.url`: {error}"))?;
        match url.query().is_some() || url.fragment().is_some() {
            true => Err("`registry.url` ends with its path".into()),
            false => Ok(url),
        }
    }
}
