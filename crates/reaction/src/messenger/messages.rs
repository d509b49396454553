//! Makes messages: their keys, addresses and bodies.

use super::place::Form;
use super::template::{Purpose, Template};
use crate::{Outgoing, ReactionError, Start};
use livewell_model::QueryResult;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// What a message contains.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Each {
    /// One diff: a row that was added, updated or deleted.
    #[default]
    Diff,
    /// All diffs of one result.
    Result,
}

/// Makes messages of results.
pub(crate) struct Messages {
    store: String,
    reaction: String,
    each: Each,
    template: Option<Template>,
}

impl Messages {
    pub fn new(start: &Start<'_>, each: Each, template: Option<&str>) -> Result<Self, ReactionError> {
        let template = template.map(|text| Template::compile(text, Purpose::Body)).transpose();
        let template =
            template.map_err(|cause| ReactionError::Template { key: "any message".into(), cause })?;
        Ok(Self { store: start.store.to_owned(), reaction: start.reaction.to_owned(), each, template })
    }

    /// Returns what a message contains.
    pub fn each(&self) -> Each {
        self.each
    }

    /// Returns how many messages a result makes.
    pub fn count(&self, outgoing: &Outgoing<'_>) -> usize {
        match self.each {
            Each::Diff => outgoing.result.diffs.len(),
            Each::Result => 1,
        }
    }

    /// Returns the key of message `index`: `STORE:REACTION:QUERY:EPOCH:SEQUENCE`, for a diff with `:INDEX` behind it.
    /// The first form of keys does not contain the reaction.
    pub fn key(&self, outgoing: &Outgoing<'_>, index: usize, form: Form) -> String {
        let Outgoing { query_id, epoch, result, .. } = outgoing;
        let of = match form {
            Form::First => self.store.clone(),
            Form::WithReaction => format!("{}:{}", self.store, self.reaction),
        };
        let key = format!("{of}:{query_id}:{epoch}:{}", result.sequence);
        match self.each {
            Each::Diff => format!("{key}:{index}"),
            Each::Result => key,
        }
    }

    /// Returns the body of message `index`.
    pub fn body(&self, outgoing: &Outgoing<'_>, index: usize, key: &str) -> Result<Vec<u8>, ReactionError> {
        match &self.template {
            None => Ok(self.unfilled(outgoing, index)),
            Some(template) => self.fill(template, outgoing, index, key).map(String::into_bytes),
        }
    }

    /// Returns the context of message `index` in JSON, from which templates are filled in.
    pub fn unfilled(&self, outgoing: &Outgoing<'_>, index: usize) -> Vec<u8> {
        self.about(outgoing, index, |outgoing| {
            serde_json::to_vec(&outgoing.shape()).expect("a result always has a JSON form")
        })
    }

    /// Fills in a template for message `index`.
    pub fn fill(
        &self,
        template: &Template,
        outgoing: &Outgoing<'_>,
        index: usize,
        key: &str,
    ) -> Result<String, ReactionError> {
        let result = self.about(outgoing, index, |outgoing| {
            serde_json::to_value(outgoing.shape()).expect("a result always has a JSON form")
        });
        self.fill_from(template, result, key)
    }

    /// Returns the body of a message that was set aside as its context.
    pub fn body_again(&self, unfilled: &[u8], key: &str) -> Result<Vec<u8>, ReactionError> {
        match &self.template {
            None => Ok(unfilled.to_vec()),
            Some(template) => self.fill_again(template, unfilled, key).map(String::into_bytes),
        }
    }

    /// Fills in a template for a message that was set aside as its context.
    pub fn fill_again(
        &self,
        template: &Template,
        unfilled: &[u8],
        key: &str,
    ) -> Result<String, ReactionError> {
        let result = serde_json::from_slice(unfilled).map_err(|error| ReactionError::Template {
            key: key.to_owned(),
            cause: format!("what was set aside is not JSON: {error}"),
        })?;
        self.fill_from(template, result, key)
    }

    fn fill_from(&self, template: &Template, result: Json, key: &str) -> Result<String, ReactionError> {
        let filled = template.render(context(result, self.each, key));
        filled.map_err(|cause| ReactionError::Template { key: key.to_owned(), cause })
    }

    /// Calls `make` with the content of message `index`: the result, or one diff of it.
    fn about<T>(&self, outgoing: &Outgoing<'_>, index: usize, make: impl FnOnce(&Outgoing<'_>) -> T) -> T {
        match self.each {
            Each::Diff => {
                let diffs = outgoing.result.diffs.get(index).cloned().into_iter().collect();
                let alone = QueryResult { diffs, ..*outgoing.result };
                make(&Outgoing { result: &alone, ..*outgoing })
            }
            Each::Result => make(outgoing),
        }
    }
}

/// Returns what a template sees: the members of the result, `id`, and for a diff its members beside them with `row`,
/// the row as it is now, or was before its deletion.
fn context(result: Json, each: Each, key: &str) -> Json {
    let mut context = result;
    context["id"] = key.into();
    if each == Each::Diff
        && let Json::Object(mut diff) = context["results"][0].take()
    {
        let row = diff.get("after").or_else(|| diff.get("data")).cloned();
        diff.insert("row".into(), row.unwrap_or_default());
        if let Some(members) = context.as_object_mut() {
            members.remove("results");
            members.append(&mut diff);
        }
    }
    context
}
