//! Makes records of results.

use super::settings::{KafkaSettings, RecordValue};
use crate::messenger::Each;
use crate::messenger::messages::Messages;
use crate::messenger::place::Form;
use crate::messenger::template::{Purpose, Template};
use crate::{DeadLetter, Outgoing, ReactionError, Start};
use livewell_link::kafka::NewRecord;
use livewell_model::diff::Columns;
use livewell_model::json::{Data, RowShape};
use livewell_model::{Diff, QueryResult, SmolStr};
use std::collections::BTreeMap;

/// The header with the id of a record.
const ID: &str = "livewell-id";

/// Makes records of results.
pub(super) struct Maker {
    messages: Messages,
    key: Template,
    value: RecordValue,
    tombstones: bool,
    topic: String,
}

/// A record, and which diff of its result it is made of; `None` for a tombstone of its own.
#[derive(Debug)]
pub(super) struct Made {
    pub index: Option<usize>,
    pub id: String,
    pub record: NewRecord,
}

/// The records of a result, and the diffs of which none can be made.
#[derive(Debug, Default)]
pub(super) struct Making {
    pub made: Vec<Made>,
    pub unfit: Vec<(usize, ReactionError)>,
}

impl Maker {
    pub fn new(settings: &KafkaSettings, start: &Start<'_>) -> Result<Self, ReactionError> {
        let key = Template::compile(&settings.key, Purpose::Address);
        let key = key.map_err(|cause| ReactionError::Template { key: "any key".into(), cause })?;
        Ok(Self {
            messages: Messages::new(start, Each::Diff, settings.template.as_deref())?,
            key,
            value: settings.value,
            tombstones: settings.tombstones,
            topic: settings.topic.clone(),
        })
    }

    /// Returns the id of record `index` of a result: `STORE:REACTION:QUERY:EPOCH:SEQUENCE:INDEX`.
    pub fn id(&self, outgoing: &Outgoing<'_>, index: usize) -> String {
        self.messages.key(outgoing, index, Form::WithReaction)
    }

    /// Makes the records of a result: its diffs or rows in their order, then a tombstone for each key that it leaves
    /// without a row. `time`: when that is, in milliseconds since 1970.
    ///
    /// # Errors
    /// Returns [`ReactionError::SameKey`] if rows are written and two of them have one key.
    pub fn make(&self, outgoing: &Outgoing<'_>, time: i64) -> Result<Making, ReactionError> {
        let (mut making, mut there, mut gone) = (Making::default(), BTreeMap::new(), Vec::new());
        for (index, diff) in outgoing.result.diffs.iter().enumerate() {
            let id = self.id(outgoing, index);
            match self.make_one(outgoing, index, &id) {
                Ok((before, key, value)) => {
                    if let Diff::Add { data, .. } | Diff::Update { after: data, .. } = diff {
                        let other = there.insert(key.clone(), (diff.row_signature(), data.clone()));
                        if let (RecordValue::Row, Some(other)) = (self.value, other) {
                            return Err(self.same_key(key, outgoing.columns, &other, &there));
                        }
                    }
                    gone.extend(before);
                    if let Some(value) = value {
                        let record = self.record(&id, key, Some(value), time);
                        making.made.push(Made { index: Some(index), id, record });
                    }
                }
                Err(error) => making.unfit.push((index, error)),
            }
        }
        if self.tombstones {
            gone.retain(|key| !there.contains_key(key));
            gone.sort_unstable();
            gone.dedup();
            for (index, key) in (outgoing.result.diffs.len()..).zip(gone) {
                let id = self.id(outgoing, index);
                let record = self.record(&id, key, None, time);
                making.made.push(Made { index: None, id, record });
            }
        }
        Ok(making)
    }

    /// Returns the key that a diff leaves, the key of its record, and the value; `None` if there is no such record.
    fn make_one(&self, outgoing: &Outgoing<'_>, index: usize, id: &str) -> Result<Parts, ReactionError> {
        let diff = &outgoing.result.diffs[index];
        let key = self.messages.fill(&self.key, outgoing, index, id)?;
        let before = match diff {
            Diff::Add { .. } => None,
            Diff::Delete { .. } => Some(key.clone()),
            Diff::Update { row_signature, before, .. } => {
                let gone = Diff::Delete { row_signature: *row_signature, data: before.clone() };
                let was = QueryResult { diffs: vec![gone], ..*outgoing.result };
                Some(self.messages.fill(&self.key, &Outgoing { result: &was, ..*outgoing }, 0, id)?)
            }
        };
        let value = match (self.value, diff) {
            (RecordValue::Diff, _) => Some(self.messages.body(outgoing, index, id)?),
            (RecordValue::Row, Diff::Delete { .. }) => None,
            (RecordValue::Row, Diff::Add { data, .. } | Diff::Update { after: data, .. }) => {
                Some(row_value(outgoing.columns, data))
            }
        };
        Ok((before, key, value))
    }

    /// Returns the key of a row of a snapshot.
    pub fn key_of(&self, outgoing: &Outgoing<'_>) -> Result<String, ReactionError> {
        self.messages.fill(&self.key, outgoing, 0, "a row of the snapshot")
    }

    /// Returns a record with its id.
    pub fn record(&self, id: &str, key: impl Into<Vec<u8>>, value: Option<Vec<u8>>, time: i64) -> NewRecord {
        let headers = vec![(ID, id.as_bytes().to_vec())];
        NewRecord { key: Some(key.into()), value, headers, time }
    }

    /// Sets a diff aside.
    pub fn letter(&self, outgoing: &Outgoing<'_>, index: usize, reason: String) -> DeadLetter {
        let (key, body) = (self.id(outgoing, index), self.messages.unfilled(outgoing, index));
        DeadLetter { key, body, reason, origin: None }
    }

    /// Makes the record of a diff that was set aside.
    pub fn make_again(&self, letter: &DeadLetter, time: i64) -> Result<NewRecord, ReactionError> {
        let key = self.messages.fill_again(&self.key, &letter.body, &letter.key)?;
        let value = self.messages.body_again(&letter.body, &letter.key)?;
        Ok(self.record(&letter.key, key, Some(value), time))
    }

    fn same_key(
        &self,
        key: String,
        names: &[SmolStr],
        first: &(u64, Columns),
        there: &BTreeMap<String, (u64, Columns)>,
    ) -> ReactionError {
        let in_words = |(row_signature, columns): &(u64, Columns)| {
            let shape = RowShape { row_signature: *row_signature, data: Data { names, columns } };
            serde_json::to_string(&shape).expect("a row always has a JSON form")
        };
        let second = there.get(&key).map(in_words).unwrap_or_default();
        ReactionError::SameKey { target: self.target(), key, first: in_words(first), second }
    }

    /// Returns the topic in words.
    pub fn target(&self) -> String {
        format!("the topic `{}`", self.topic)
    }
}

/// The key that a diff leaves, the key of its record, and the value.
type Parts = (Option<String>, String, Option<Vec<u8>>);

/// Returns the value of a row.
pub(super) fn row_value(names: &[SmolStr], columns: &Columns) -> Vec<u8> {
    serde_json::to_vec(&Data { names, columns }).expect("a row always has a JSON form")
}
