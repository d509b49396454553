//! Names in a text that nothing stored has: such a query is valid, and has no rows.

use super::super::context::Api;
use super::super::vocabulary::Vocabulary;
use livewell_query::language::Diagnostic;
use livewell_query::language::nearest::nearest;
use livewell_query::outline::{Mention, Named, Outline};
use std::collections::BTreeSet;

/// A label, type or property that nothing stored has.
const UNKNOWN: &str = "LW0820";

/// What is known of what a query reads.
#[derive(Debug, Default)]
pub struct Known {
    /// For each source, what it holds.
    sources: Vec<(String, Vocabulary)>,
    /// Whether that is so for all that it reads.
    is_of_all: bool,
}

impl Known {
    /// Returns what is known of all these sources and queries; of fewer if one cannot be read.
    pub fn of(api: &Api, sources: &[String], is_gone: &dyn Fn() -> bool) -> Self {
        let read = |id: &String| Some((id.clone(), Vocabulary::read(api, id, is_gone)?));
        let read: Vec<_> = sources.iter().filter_map(read).collect();
        Self { is_of_all: read.len() == sources.len() && !read.is_empty(), sources: read }
    }

    /// Returns the source that holds something with one of these labels or types, if there is only one.
    pub fn source_of(&self, is_label: bool, names: &[String]) -> Option<String> {
        let of = if is_label { Named::Label } else { Named::Type };
        let holds = |vocabulary: &Vocabulary| names.iter().any(|name| vocabulary.has(of, name));
        let mut holding = self.sources.iter().filter(|(_, vocabulary)| holds(vocabulary));
        match (holding.next(), holding.next()) {
            (Some((id, _)), None) => Some(id.clone()),
            _ => None,
        }
    }

    /// Returns what was looked at, as a message says it.
    fn looked_at(&self) -> String {
        let ids: Vec<String> = self.sources.iter().map(|(id, _)| format!("`{id}`")).collect();
        let sampled = self.sources.iter().filter_map(|(id, vocabulary)| Some((id, vocabulary.sampled?)));
        let sampled: Vec<String> =
            sampled.map(|(id, read)| format!("a sample of {read} elements of `{id}`")).collect();
        match sampled.is_empty() {
            true => ids.join(" or "),
            false => format!("{} (looked at: {})", ids.join(" or "), sampled.join(", ")),
        }
    }
}

/// Returns a warning for each name that nothing has which the query reads; none if that is not known of all that it reads,
/// or if there is nothing at all yet.
pub fn of(outline: &Outline, known: &Known, joins: &BTreeSet<&str>) -> Vec<Diagnostic> {
    let is_empty = known.sources.iter().all(|(_, vocabulary)| vocabulary.is_empty());
    if !known.is_of_all || is_empty {
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    let is_missing = |mention: &&Mention| {
        let is_there =
            known.sources.iter().any(|(_, vocabulary)| vocabulary.may_have(mention.of, &mention.name));
        let is_join = mention.of == Named::Type && joins.contains(mention.name.as_str());
        !is_there && !is_join
    };
    let missing = outline.mentions.iter().filter(is_missing);
    missing.filter(|mention| seen.insert(mention.span.start)).map(|mention| warning(mention, known)).collect()
}

fn warning(mention: &Mention, known: &Known) -> Diagnostic {
    let (Mention { of, name, span }, place) = (mention, known.looked_at());
    let message = match of {
        Named::Label => format!("no node that is stored in {place} has the label `{name}`"),
        Named::Type => format!("no relationship that is stored in {place} has the type `{name}`"),
        Named::Property => format!("nothing that is stored in {place} has the property `{name}`"),
    };
    let names = known.sources.iter().flat_map(|(_, vocabulary)| vocabulary.names(*of));
    let found = Diagnostic::semantic(UNKNOWN, *span, message);
    match nearest(name, names) {
        Some(near) => found.with_help(format!("did you mean `{near}`?")).with_name(*span, near),
        None => found,
    }
}
