//! One item of a configuration as a text of its own, which is judged and not made: for editors.

use super::called::Change;
use super::configuration::Config;
use super::problem::{self, code};
use super::reading::parse;
use super::tree::{Kind, Node};
use livewell::ComponentKind;
use livewell_query::language::Diagnostic;
use serde_json::{Map, Value};

/// An item that was judged.
#[derive(Debug, Default)]
pub struct Judged {
    /// Its id, as far as the text has one.
    pub id: Option<String>,
    /// The item in JSON, as calls take it: as it was written, with references and not their values. `None` if the text
    /// is not that of one item.
    pub written: Option<Value>,
    /// What it makes of the configuration, unless something is wrong.
    pub change: Option<Change>,
    /// Everything that is wrong, each at its place in the text.
    pub problems: Vec<Diagnostic>,
}

impl Config {
    /// Judges `text`, one item of the section of this kind in YAML or JSON, as a call that makes or changes it would. A
    /// list of this one item counts as the item, as it is copied out of a file.
    pub fn judge_item(&self, kind: ComponentKind, text: &str) -> Judged {
        let root = match parse(text) {
            Ok(root) => root,
            Err(problems) => return Judged { problems, ..Judged::default() },
        };
        let item = match &root.kind {
            Kind::List(items) if items.len() == 1 => &items[0],
            _ => &root,
        };
        let id = item.get("id").and_then(Node::text).map(ToOwned::to_owned);
        let written = matches!(item.kind, Kind::Map(_)).then(|| json_of(item));
        match self.change_written(kind, id.as_deref().unwrap_or_default(), item, text) {
            Ok(change) => Judged { id, written, change: Some(change), problems: Vec::new() },
            Err(mut problems) => {
                if written.is_some()
                    && id.is_none()
                    && !problems.iter().any(|one| one.message.contains("`id`"))
                {
                    let message = format!("a {} needs an `id`", kind.noun());
                    problems.push(problem::at(code::VALUE, item.span, message));
                }
                problems.sort_by_key(|problem| problem.span.start);
                Judged { id, written, change: None, problems }
            }
        }
    }
}

/// Returns an item in JSON, which says the same.
pub(super) fn json_of(node: &Node) -> Value {
    match &node.kind {
        Kind::Scalar(text, scalar) => scalar.json(text),
        Kind::List(items) => items.iter().map(json_of).collect(),
        Kind::Map(entries) => {
            let entries = entries.iter().map(|entry| (entry.key.clone(), json_of(&entry.value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
    }
}
