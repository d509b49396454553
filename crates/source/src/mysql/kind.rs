//! The types of columns: what a table declares, what the log announces for it, and how it is selected.

use super::connection::quoted;
use serde::{Deserialize, Serialize};

/// The type of a column, as far as its values depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Int {
        bytes: u8,
        unsigned: bool,
    },
    Year,
    Decimal {
        precision: u8,
        scale: u8,
    },
    Float,
    Double,
    Bit {
        bits: u8,
    },
    Char {
        bytes: u16,
    },
    Varchar {
        bytes: u16,
    },
    /// `length`: how many bytes hold the length of a value.
    Text {
        length: u8,
    },
    Binary {
        bytes: u16,
    },
    Varbinary {
        bytes: u16,
    },
    Blob {
        length: u8,
    },
    Enum {
        bytes: u8,
    },
    Set {
        bytes: u8,
    },
    Date,
    Time {
        digits: u8,
    },
    DateTime {
        digits: u8,
    },
    Timestamp {
        digits: u8,
    },
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Column {
    pub name: String,
    pub kind: Kind,
    /// The values of an `ENUM` or a `SET`, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Whether a `SELECT` puts zeros before its digits.
    #[serde(default)]
    pub is_filled: bool,
}

/// The type of a column as the log announces it: its number, and what else there is.
pub(super) type Announced = (u8, u16);

impl Kind {
    /// Returns how the log announces it.
    pub fn announced(self) -> Announced {
        match self {
            Self::Int { bytes: 1, .. } => (1, 0),
            Self::Int { bytes: 2, .. } => (2, 0),
            Self::Int { bytes: 3, .. } => (9, 0),
            Self::Int { bytes: 4, .. } => (3, 0),
            Self::Int { .. } => (8, 0),
            Self::Year => (13, 0),
            Self::Decimal { precision, scale } => (246, u16::from_le_bytes([precision, scale])),
            Self::Float => (4, 4),
            Self::Double => (5, 8),
            Self::Bit { bits } => (16, u16::from_le_bytes([bits % 8, bits / 8])),
            Self::Char { bytes } | Self::Binary { bytes } => (254, fixed(bytes)),
            Self::Varchar { bytes } | Self::Varbinary { bytes } => (15, bytes),
            Self::Text { length } | Self::Blob { length } => (252, length.into()),
            Self::Enum { bytes } => (254, u16::from_le_bytes([247, bytes])),
            Self::Set { bytes } => (254, u16::from_le_bytes([248, bytes])),
            Self::Date => (10, 0),
            Self::Time { digits } => (19, digits.into()),
            Self::DateTime { digits } => (18, digits.into()),
            Self::Timestamp { digits } => (17, digits.into()),
        }
    }

    /// Returns whether the log says of it whether it has a sign.
    pub fn is_unsigned(self) -> Option<bool> {
        match self {
            Self::Int { unsigned, .. } => Some(unsigned),
            _ => None,
        }
    }

    /// Returns whether its values are texts.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Char { .. } | Self::Varchar { .. } | Self::Text { .. })
    }

    /// Returns whether its values are bytes.
    pub fn is_bytes(self) -> bool {
        matches!(self, Self::Binary { .. } | Self::Varbinary { .. } | Self::Blob { .. })
    }

    /// Returns whether rows can be identified by such values.
    pub fn can_be_key(self) -> bool {
        matches!(
            self,
            Self::Int { .. }
                | Self::Char { .. }
                | Self::Varchar { .. }
                | Self::Binary { .. }
                | Self::Varbinary { .. }
        )
    }
}

/// Returns how the log announces the length of a `CHAR`: two bits of it are in the number of the type.
fn fixed(bytes: u16) -> u16 {
    let [low, high] = bytes.to_le_bytes();
    u16::from_le_bytes([254 ^ ((high & 3) << 4), low])
}

impl Column {
    /// Returns the expression that selects it in the form in which the log has it.
    pub fn selected(&self) -> String {
        let name = quoted(&self.name);
        match self.kind {
            // The text of a FLOAT has six digits.
            Kind::Float | Kind::Double => format!("CAST({name} AS DOUBLE)"),
            Kind::Bit { .. } | Kind::Enum { .. } | Kind::Set { .. } => format!("{name} + 0"),
            Kind::Int { .. } if self.is_filled => format!("{name} + 0"),
            Kind::Decimal { precision, scale } if self.is_filled => {
                format!("CAST({name} AS DECIMAL({precision}, {scale}))")
            }
            _ => name,
        }
    }
}
