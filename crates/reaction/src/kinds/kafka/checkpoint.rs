//! The checkpoint in the cluster: a record of a compacted topic, in the transaction of the records that it is about.

use crate::Reached;
use livewell_link::kafka::NewRecord;
use serde_json::{Value as Json, json};

/// A checkpoint in the cluster. One without queries says that nothing was delivered yet, or that a copy is not whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Checkpoint {
    /// How far the results of each query are there.
    pub reached: Vec<Reached>,
    /// The keys of dead letters that were sent again, and that the store may still hold.
    pub resent: Vec<String>,
}

impl Checkpoint {
    /// Returns its record.
    pub fn record(&self, key: &str, time: i64) -> NewRecord {
        let query = |Reached { query_id, epoch, sequence, position }: &Reached| {
            // As texts: a number of JSON may have fewer digits.
            json!({ "query": query_id, "epoch": epoch.to_string(), "sequence": sequence.to_string(),
                "position": position.to_string() })
        };
        let reached: Vec<Json> = self.reached.iter().map(query).collect();
        let mut value = json!({ "format": 1, "reached": reached });
        if !self.resent.is_empty() {
            value["resent"] = json!(self.resent);
        }
        let value = Some(value.to_string().into_bytes());
        NewRecord { key: Some(key.as_bytes().to_vec()), value, headers: Vec::new(), time }
    }

    /// Reads the value of such a record; `None` if it is not one.
    pub fn read(value: &[u8]) -> Option<Self> {
        let value: Json = serde_json::from_slice(value).ok()?;
        if value["format"] != 1 {
            return None;
        }
        let reached = |of: &Json| {
            let number = |name: &str| of[name].as_str()?.parse().ok();
            Some(Reached {
                query_id: of["query"].as_str()?.into(),
                epoch: number("epoch")?,
                sequence: number("sequence")?,
                position: number("position")?,
            })
        };
        let reached = value["reached"].as_array()?.iter().map(reached).collect::<Option<_>>()?;
        let resent = value["resent"].as_array().map_or(&[][..], Vec::as_slice).iter();
        let resent = resent.map(|key| key.as_str().map(ToOwned::to_owned)).collect::<Option<_>>()?;
        Some(Self { reached, resent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_comes_back_with_all_digits() {
        let reached = |query: &str, epoch| Reached {
            query_id: query.into(),
            epoch,
            sequence: u64::MAX,
            position: 1 << 60,
        };
        let resent = vec!["s:r:late:1:2:0".to_owned()];
        for checkpoint in [
            Checkpoint::default(),
            Checkpoint { reached: vec![reached("late", 1), reached("it's", u64::MAX)], resent },
        ] {
            let record = checkpoint.record("store:out", 0);
            assert_eq!(Checkpoint::read(&record.value.unwrap_or_default()), Some(checkpoint));
        }
        for other in [
            "",
            "{}",
            r#"{"format":2,"reached":[]}"#,
            r#"{"format":1,"reached":[{}]}"#,
            r#"{"format":1,"reached":[],"resent":[1]}"#,
        ] {
            assert_eq!(Checkpoint::read(other.as_bytes()), None, "{other}");
        }
    }
}
