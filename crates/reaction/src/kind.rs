//! The interface of the settings of a kind of reaction, behind the table of kinds.

use crate::guarantee::Guarantee;
use crate::settings_error::SettingsError;
use crate::shared::Shared;
use crate::{Reaction, ReactionError, Role};
use livewell_model::probe::Probed;
use std::path::{Path, PathBuf};

/// The settings of a kind of reaction.
pub(crate) trait Kind {
    /// Returns the role of such a reaction.
    fn role(&self) -> Role;

    /// Returns how often the effect of each result is there, whatever crashes in between.
    fn guarantee(&self) -> Guarantee;

    /// Checks the settings by themselves; the reaction follows this many queries.
    ///
    /// # Errors
    /// Returns the first thing that is wrong.
    fn validate(&self, queries: usize) -> Result<(), SettingsError>;

    /// Builds the reaction. Does no IO.
    fn build(&self, shared: &Shared) -> Box<dyn Reaction>;

    /// Returns whether it leaves something outside that must agree with its checkpoint.
    fn has_durable_effects(&self) -> bool {
        true
    }

    /// Returns whether its target may refuse one row or message and take others.
    fn can_refuse(&self) -> bool {
        false
    }

    /// Returns what such a reaction would send, with this template of the body if one is given; `None` if it sends no
    /// messages.
    #[cfg(feature = "messenger")]
    fn preview(&self, template: Option<String>) -> Option<crate::messenger::preview::Previewed> {
        let _ = template;
        None
    }

    /// Returns the field by which this reaction and another one keep copies in the same place, if they do.
    fn shares_target(&self, other: &Self) -> Option<&'static str>
    where
        Self: Sized,
    {
        let _ = other;
        None
    }

    /// Returns the columns that identify rows, from its field `key`; empty if it has no such field.
    fn key(&self) -> &[String] {
        &[]
    }

    /// Makes relative paths start at `folder`.
    fn resolve(&mut self, folder: &Path) {
        let _ = folder;
    }

    /// Returns the files that the reaction reads: certificates and keys.
    fn reads(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Looks at the target, as the reaction would itself, without any effect there. Returns `None` if the target is not
    /// a server.
    ///
    /// # Errors
    /// Returns what would keep the reaction from delivering.
    fn probe(&self) -> Option<Result<Probed, ReactionError>> {
        None
    }
}

/// Converts settings to the interface, also through a box.
pub(crate) trait AsKind {
    fn as_kind(&self) -> &dyn Kind;
    fn as_kind_mut(&mut self) -> &mut dyn Kind;
}

impl<K: Kind> AsKind for K {
    fn as_kind(&self) -> &dyn Kind {
        self
    }

    fn as_kind_mut(&mut self) -> &mut dyn Kind {
        self
    }
}

/// Makes the table of kinds: `"name" => Variant(Settings) if "feature"`.
macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $name:literal => $variant:ident($settings:ty) $(if $feature:tt)?,)*) => {
        /// The settings that a kind of reaction adds.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind")]
        pub enum Connector {
            $(
                $(#[doc = $doc])*
                $(#[cfg(feature = $feature)])?
                #[serde(rename = $name)]
                $variant($settings),
            )*
        }

        /// The names of the kinds that are built in.
        pub const BUILT_IN: &[&str] = &[$($(#[cfg(feature = $feature)])? $name,)*];

        /// The names of the kinds that are left out because their feature is off.
        pub const LEFT_OUT: &[&str] = &[$($(#[cfg(not(feature = $feature))] $name,)?)*];

        impl Connector {
            /// Returns the name of the kind, as settings use it.
            pub fn kind(&self) -> &'static str {
                match self {
                    $($(#[cfg(feature = $feature)])? Self::$variant(_) => $name,)*
                }
            }

            /// Reads the settings of the kind of this name, which do not hold the name themselves.
            ///
            /// # Errors
            /// Returns an error that lists the built-in kinds if this is not one of them, and otherwise one that says
            /// what is wrong with the settings.
            pub fn read<'de, D: Deserializer<'de>>(kind: &str, input: D) -> Result<Self, D::Error> {
                match kind {
                    $($(#[cfg(feature = $feature)])? $name => Deserialize::deserialize(input).map(Self::$variant),)*
                    other => Err(de::Error::unknown_variant(other, BUILT_IN)),
                }
            }

            pub(crate) fn as_kind(&self) -> &dyn Kind {
                match self {
                    $($(#[cfg(feature = $feature)])? Self::$variant(settings) => settings.as_kind(),)*
                }
            }

            fn as_kind_mut(&mut self) -> &mut dyn Kind {
                match self {
                    $($(#[cfg(feature = $feature)])? Self::$variant(settings) => settings.as_kind_mut(),)*
                }
            }

            /// Returns the field by which this reaction and another one keep copies in the same place, if they do.
            pub(crate) fn shares_target(&self, other: &Self) -> Option<&'static str> {
                match (self, other) {
                    $(
                        $(#[cfg(feature = $feature)])?
                        (Self::$variant(one), Self::$variant(other)) => one.shares_target(other),
                    )*
                    // Different kinds have no place in common.
                    _ => None,
                }
            }
        }
    };
}
pub(crate) use kinds;
