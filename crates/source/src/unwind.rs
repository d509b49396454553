//! Unwinding: turns the items of a list in a node's properties into nodes of their own, each related to the node.
//!
//! Parts follow from the node alone, so the old and the new form of a node show which parts come, change and go, and
//! nothing has to be stored.

use crate::SourceError;
use crate::path::Path;
use livewell_model::{Element, ElementId, Map, Node, Relationship, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A rule of `unwind`: which list of which nodes, and what its items become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unwind {
    /// The label of the nodes that have the list.
    pub label: String,
    /// Where the list is: a property, or names within nested maps with dots between, `status.containerStatuses`.
    pub path: String,
    /// The type of the relationship from the node to each part. It has the id `NODE-TYPE->PART`.
    pub relationship: String,
    /// What an item becomes.
    pub into: Part,
}

/// What an item of an unwound list becomes: a node whose properties are the item's entries; if an item is not a map, it
/// becomes the property `value`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The part's label.
    pub label: String,
    /// Where in the item its key is, as in `path`: a text, an integer or a boolean. The part has the id
    /// `NODE/TYPE/KEY`. If absent, the item's place in the list is its key, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// Parts by their ids: nodes and the relationships that lead to them.
pub type Parts = BTreeMap<ElementId, Element>;

impl Unwind {
    /// Returns the ids of which an element with the id `of` may be a part, by this rule.
    pub fn wholes<'a>(&self, of: &'a str) -> impl Iterator<Item = &'a str> + use<'a> {
        let marks = [format!("/{}/", self.relationship), format!("-{}->", self.relationship)];
        let places = marks.map(|mark| of.match_indices(&mark).map(|(at, _)| at).collect::<Vec<_>>());
        places.into_iter().flatten().map(move |at| &of[..at])
    }

    fn unwind(&self, whole: &Node, parts: &mut Vec<Element>) -> Result<(), String> {
        let items = match at(&whole.properties, &self.path) {
            None | Some(Value::Null) => return Ok(()),
            Some(Value::List(items)) => items,
            Some(other) => {
                let found = other.type_name();
                return Err(format!(
                    "`{}` of `{}` is to be unwound and is a {found}",
                    self.path, whole.id.id
                ));
            }
        };
        for (place, item) in items.iter().enumerate() {
            let key = self.key(place, item).ok_or_else(|| {
                let id = self.into.id.as_deref().unwrap_or_default();
                format!("item {place} of `{}` of `{}` has no key at `{id}`", self.path, whole.id.id)
            })?;
            self.part(whole, &key, item, parts);
        }
        Ok(())
    }

    fn key(&self, place: usize, item: &Value) -> Option<String> {
        let Some(path) = &self.into.id else { return Some(place.to_string()) };
        let Value::Map(map) = item else { return None };
        match at(map, path)? {
            Value::String(text) if !text.is_empty() => Some(text.to_string()),
            Value::Int(int) => Some(int.to_string()),
            Value::Decimal(decimal) => Some(decimal.to_string()),
            Value::Bool(bool) => Some(bool.to_string()),
            _ => None,
        }
    }

    fn part(&self, whole: &Node, key: &str, item: &Value, parts: &mut Vec<Element>) {
        let kind = &self.relationship;
        let own = |id: String| ElementId { source: whole.id.source.clone(), id: id.into() };
        let id = own(format!("{}/{kind}/{key}", whole.id.id));
        let properties = match item {
            Value::Map(map) => (**map).clone(),
            other => Map::from_iter([("value", other.clone())]),
        };
        parts.push(
            Relationship {
                id: own(format!("{}-{kind}->{}", whole.id.id, id.id)),
                kind: kind.as_str().into(),
                from: whole.id.clone(),
                to: id.clone(),
                properties: Map::new(),
            }
            .into(),
        );
        parts.push(Node { id, labels: vec![self.into.label.as_str().into()], properties }.into());
    }
}

/// Checks what the types do not guarantee.
///
/// # Errors
/// Returns [`ErrorKind::Settings`](crate::ErrorKind::Settings) with the field and what to write instead.
pub(crate) fn validate(id: &str, rules: &[Unwind]) -> Result<(), SourceError> {
    let wrong = |text: &str| Err(SourceError::settings(format!("source `{id}`: {text}")));
    for rule in rules {
        let named = [&rule.label, &rule.relationship, &rule.into.label];
        if named.into_iter().any(String::is_empty) {
            return wrong("`unwind`: `label`, `relationship` and `into.label` must not be empty");
        }
        let paths = [Some(&rule.path), rule.into.id.as_ref()];
        if let Some(error) = paths.into_iter().flatten().find_map(|path| Path::parse(path).err()) {
            return wrong(&format!("`unwind`: {error}"));
        }
    }
    Ok(())
}

/// Returns the parts of an element, and their parts in turn.
///
/// # Errors
/// Returns what cannot be unwound: a value that is not a list, an item without a key, or two items with the same key.
pub fn parts(rules: &[Unwind], whole: &Element) -> Result<Parts, String> {
    let mut all = Parts::new();
    let mut wholes = vec![whole.clone()];
    while let Some(whole) = wholes.pop() {
        let Element::Node(node) = &whole else { continue };
        let mut found = Vec::new();
        for rule in rules.iter().filter(|rule| node.has_label(&rule.label)) {
            rule.unwind(node, &mut found)?;
        }
        for part in found {
            if let Some(twice) = all.insert(part.id().clone(), part.clone()) {
                return Err(format!("two parts of `{}` have the id `{}`", node.id.id, twice.id().id));
            }
            wholes.push(part);
        }
    }
    Ok(all)
}

/// Returns the value at a path of names with dots between them.
fn at<'a>(map: &'a Map, path: &str) -> Option<&'a Value> {
    match path.split_once('.') {
        None => map.get(path),
        Some((name, rest)) => match map.get(name)? {
            Value::Map(inner) => at(inner, rest),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(label: &str, path: &str, kind: &str, into: &str, id: Option<&str>) -> Unwind {
        let into = Part { label: into.into(), id: id.map(Into::into) };
        Unwind { label: label.into(), path: path.into(), relationship: kind.into(), into }
    }

    fn map(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
        Value::Map(Map::from_iter(entries).into())
    }

    fn order(lines: Value) -> Element {
        let properties = Map::from_iter([("cart", map([("lines", lines)]))]);
        Node { id: ElementId::new("s", "o1"), labels: vec!["Order".into()], properties }.into()
    }

    fn ids(parts: &Parts) -> Vec<&str> {
        parts.keys().map(|id| id.id.as_str()).collect()
    }

    #[test]
    fn parts_of_parts_have_their_wholes_in_their_ids() {
        let rules = [
            rule("Order", "cart.lines", "HAS", "Line", Some("sku")),
            rule("Line", "tags", "TAGGED", "Tag", None),
        ];
        let tags = Value::list([Value::from("new")]);
        let parts = parts(&rules, &order(Value::list([map([("sku", "a".into()), ("tags", tags)])]))).unwrap();
        let expected =
            ["o1-HAS->o1/HAS/a", "o1/HAS/a", "o1/HAS/a-TAGGED->o1/HAS/a/TAGGED/0", "o1/HAS/a/TAGGED/0"];
        assert_eq!(ids(&parts), expected);
        let tag = &parts[&ElementId::new("s", "o1/HAS/a/TAGGED/0")];
        assert_eq!(tag.properties().get("value"), Some(&"new".into()));
        assert!(rules[1].wholes("o1/HAS/a/TAGGED/0").any(|whole| whole == "o1/HAS/a"));
    }

    #[test]
    fn what_cannot_be_unwound_is_told() {
        let rules = [rule("Order", "cart.lines", "HAS", "Line", Some("sku"))];
        let line = |sku: Value| map([("sku", sku)]);
        for (lines, says) in [
            (Value::Int(1), "is a"),
            (Value::list([map([])]), "item 0 of `cart.lines` of `o1` has no key at `sku`"),
            (Value::list([Value::Int(1)]), "has no key"),
            (Value::list([line(1.into()), line("1".into())]), "two parts of `o1` have the id"),
        ] {
            let error = parts(&rules, &order(lines)).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
        assert!(parts(&rules, &order(Value::Null)).unwrap().is_empty());
    }
}
