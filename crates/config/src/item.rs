//! One item of a configuration as a text of its own, which is judged and not made: for editors.

use super::called::Change;
use super::configuration::Config;
use super::print;
use super::problem::{self, code};
use super::reading::parse;
use super::tree::{Kind, Node};
use livewell::ComponentKind;
use livewell_query::language::Diagnostic;
use livewell_source::suggest::near;
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
                problems.iter_mut().for_each(|problem| keep_sound_edit(problem, text));
                Judged { id, written, change: None, problems }
            }
        }
    }
}

/// Makes the change that a problem suggests fit what is written at its place: quoted as that is, or as the name needs it.
/// A change of a place where something else is written than the name that was misspelled, such as a reference to a
/// variable or a block, is left out.
fn keep_sound_edit(problem: &mut Diagnostic, text: &str) {
    problem.edit = problem.edit.take().and_then(|mut edit| {
        let written = text.get(edit.span.start..edit.span.end)?;
        let quote = written.chars().next().filter(|first| matches!(first, '"' | '\''));
        let bare = match quote {
            Some(quote) => written.strip_prefix(quote)?.strip_suffix(quote)?,
            None => written,
        };
        near(bare, [edit.text.as_str()])?;
        edit.text = match quote {
            Some('\'') => format!("'{}'", edit.text.replace('\'', "''")),
            Some(_) => Value::from(edit.text).to_string(),
            None => print::scalar(&edit.text),
        };
        Some(edit)
    });
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
