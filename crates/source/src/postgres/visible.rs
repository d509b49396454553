//! Which transactions a snapshot of the server sees.
//!
//! Positions in the log do not tell that: a commit is in the log, and sent, before other sessions see it, and long
//! before if a synchronous standby has to confirm it.

use super::failure::not_understood;
use crate::SourceError;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::collections::BTreeSet;
use std::fmt;

/// A snapshot of the server, as `pg_current_snapshot()` prints it: `xmin:xmax:xip`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::postgres) struct Visible {
    /// All transactions before this one are visible.
    pub xmin: u64,
    /// No transaction from this one on is visible.
    pub xmax: u64,
    /// The transactions in between that were running.
    running: BTreeSet<u64>,
}

impl Visible {
    pub fn parse(text: &str) -> Result<Self, SourceError> {
        read(text).ok_or_else(|| not_understood("a snapshot is not `xmin:xmax:xip`"))
    }

    /// Returns whether the snapshot sees the transaction.
    pub fn sees(&self, transaction: u64) -> bool {
        transaction < self.xmin || transaction < self.xmax && !self.running.contains(&transaction)
    }

    /// Returns the full number of a transaction from the lower half, which the stream sends: the number closest to this
    /// snapshot.
    pub fn widen(&self, xid: u32) -> u64 {
        const EPOCH: u64 = 1 << 32;
        let near = (self.xmax & !(EPOCH - 1)) | u64::from(xid);
        if near > self.xmax + EPOCH / 2 && near >= EPOCH {
            near - EPOCH
        } else if near + EPOCH / 2 < self.xmax {
            near + EPOCH
        } else {
            near
        }
    }
}

impl Serialize for Visible {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Visible {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = String::deserialize(input)?;
        read(&text).ok_or_else(|| de::Error::custom("a snapshot is not `xmin:xmax:xip`"))
    }
}

impl fmt::Display for Visible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let running: Vec<String> = self.running.iter().map(ToString::to_string).collect();
        write!(f, "{}:{}:{}", self.xmin, self.xmax, running.join(","))
    }
}

fn read(text: &str) -> Option<Visible> {
    let mut parts = text.splitn(3, ':');
    let mut number = || parts.next()?.parse().ok();
    let (xmin, xmax) = (number()?, number()?);
    let running = parts.next()?.split(',').filter(|text| !text.is_empty());
    Some(Visible { xmin, xmax, running: running.map(str::parse).collect::<Result<_, _>>().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_sees_what_had_ended_when_it_was_taken() {
        let snapshot = Visible::parse("10:20:10,14").unwrap();
        let seen: Vec<u64> = (8..22).filter(|xid| snapshot.sees(*xid)).collect();
        assert_eq!(seen, [8, 9, 11, 12, 13, 15, 16, 17, 18, 19]);
        assert_eq!(snapshot.to_string(), "10:20:10,14");
        assert_eq!(Visible::parse("10:10:").unwrap().to_string(), "10:10:");
        for wrong in ["", "1", "1:2", "a:2:", "1:2:x"] {
            assert!(Visible::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_short_number_is_the_one_closest_to_the_snapshot() {
        let at = |xmax| Visible { xmin: xmax, xmax, ..Visible::default() };
        assert_eq!(at(700).widen(650), 650);
        assert_eq!(at((3 << 32) + 5).widen(7), (3 << 32) + 7);
        assert_eq!(at((3 << 32) + 5).widen(u32::MAX), (2 << 32) + u64::from(u32::MAX));
        assert_eq!(at((3 << 32) - 5).widen(4), (3 << 32) + 4);
    }
}
