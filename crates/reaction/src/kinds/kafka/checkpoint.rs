//! The checkpoint in the cluster: a record of a compacted topic, in the transaction of the records that it is about.

use crate::Reached;
use livewell_link::kafka::NewRecord;
use serde_json::{Value as Json, json};

/// Returns the record of a checkpoint. One without queries says that nothing was delivered yet, or that a copy is not
/// whole.
pub(super) fn record(key: &str, reached: &[Reached], time: i64) -> NewRecord {
    let query = |Reached { query_id, epoch, sequence, position }: &Reached| {
        // As texts: a number of JSON may have fewer digits.
        json!({ "query": query_id, "epoch": epoch.to_string(), "sequence": sequence.to_string(),
            "position": position.to_string() })
    };
    let value = json!({ "format": 1, "reached": reached.iter().map(query).collect::<Vec<_>>() });
    let value = Some(value.to_string().into_bytes());
    NewRecord { key: Some(key.as_bytes().to_vec()), value, headers: Vec::new(), time }
}

/// Reads the value of such a record; `None` if it is not one.
pub(super) fn read(value: &[u8]) -> Option<Vec<Reached>> {
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
    value["reached"].as_array()?.iter().map(reached).collect()
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
        for all in [vec![], vec![reached("late", 1), reached("it's", u64::MAX)]] {
            let record = record("store:out", &all, 0);
            assert_eq!(read(&record.value.unwrap_or_default()), Some(all));
        }
        for other in ["", "{}", r#"{"format":2,"reached":[]}"#, r#"{"format":1,"reached":[{}]}"#] {
            assert_eq!(read(other.as_bytes()), None, "{other}");
        }
    }
}
