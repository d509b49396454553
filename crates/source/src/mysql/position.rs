//! The position of a source: a place in the log, and what proves that the log is the one that was read.

use super::failure::damaged;
use crate::SourceError;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

const FORMAT: u8 = 1;

/// A place in the log, between two groups.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    pub file: String,
    pub offset: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.offset)
    }
}

/// The last transaction before a place, by domain: which server wrote it, and its number.
pub(super) type Transactions = BTreeMap<u32, (u32, u64)>;

/// How far a source has read, in which history.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    pub place: Place,
    /// The number of the server.
    pub server: u32,
    /// When the server began the file, in seconds since 1970.
    pub began: u32,
    pub transactions: Transactions,
    /// XA transactions that were prepared since the copy, without rows of the tables, and have not ended.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub prepared: BTreeSet<String>,
}

impl Position {
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![FORMAT];
        serde_json::to_writer(&mut bytes, self).expect("a position is JSON");
        bytes
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, SourceError> {
        match bytes.split_first() {
            Some((&FORMAT, json)) => serde_json::from_slice(json).map_err(|_| damaged()),
            _ => Err(damaged()),
        }
    }
}

/// Reads transactions as the server prints them: `0-1-100,1-2-7`, each a domain, a server and a number.
pub(super) fn transactions(text: &str) -> Option<Transactions> {
    let one = |text: &str| {
        let mut numbers = text.trim().splitn(3, '-');
        let domain = numbers.next()?.parse().ok()?;
        Some((domain, (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?)))
    };
    text.split(',').filter(|part| !part.trim().is_empty()).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_as_it_was_written() {
        let position = Position {
            place: Place { file: "binlog.000003".into(), offset: 4_294_967_295 },
            server: 7,
            began: 1_700_000_000,
            transactions: transactions("0-1-100,3-2-18446744073709551615").unwrap(),
            prepared: ["1:x:".to_owned()].into(),
        };
        assert_eq!(Position::decode(&position.encode()).unwrap(), position);
        for unknown in [&b""[..], b"\x02{}", b"{}", b"\x01{}"] {
            assert!(Position::decode(unknown).is_err(), "{unknown:?}");
        }
        assert_eq!(transactions(""), Some(BTreeMap::new()));
        assert_eq!(transactions("0-1"), None);
    }
}
