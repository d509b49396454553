//! A configuration as a call changes it: one item, and nothing that has nothing to do with it.

use super::configuration::Config;
use super::index::Traits;
use super::made::Made;
use super::reading::parse;
use super::references::{self, Known, check_names, check_reaction, circle, in_a_circle, no_id, taken};
use super::sections::{self, Settings};
use super::substitute::{Hidden, Outside};
use super::tree::Node;
use super::{files, query, secret};
use livewell::{ComponentKind, Query};
use livewell_query::language::Diagnostic;
use livewell_reaction::Settings as ReactionSettings;
use livewell_source::settings::SourceSettings;
use std::cell::RefCell;

/// A change of one item, which was judged and is not made yet.
#[derive(Debug)]
pub struct Change {
    pub(super) kind: ComponentKind,
    pub(super) id: String,
    /// The item as it will be, if it will.
    pub(super) made: Option<Made>,
    pub(super) hidden: Hidden,
}

impl Change {
    /// Returns the source that the item will be, if it will be one.
    pub fn source(&self) -> Option<&SourceSettings> {
        match &self.made.as_ref()?.settings {
            Settings::Source(source) => Some(source),
            _ => None,
        }
    }

    /// Returns the reaction that the item will be, if it will be one.
    pub fn reaction(&self) -> Option<&ReactionSettings> {
        match &self.made.as_ref()?.settings {
            Settings::Reaction(reaction) => Some(reaction),
            _ => None,
        }
    }

    /// Returns the query that the item will be, if it will be one.
    pub fn query(&self) -> Option<&Query> {
        match &self.made.as_ref()?.settings {
            Settings::Query(query) => Some(query),
            _ => None,
        }
    }
}

impl Config {
    /// Judges a change: the item `id` becomes what `text` of a call says, in YAML or JSON, or is taken out. The change
    /// holds as long as no other one is made.
    ///
    /// # Errors
    /// Returns everything that would be wrong then, and the files and variables that a call may not name.
    pub fn change(
        &self,
        kind: ComponentKind,
        id: &str,
        text: Option<&str>,
    ) -> Result<Change, Vec<Diagnostic>> {
        self.judged_text(kind, id, text, true)
    }

    /// Like [`Config::change`], but the item was parsed: `written` is the part of `text` that it stands in.
    pub(super) fn change_written(
        &self,
        kind: ComponentKind,
        id: &str,
        written: &Node,
        text: &str,
    ) -> Result<Change, Vec<Diagnostic>> {
        self.judged(kind, id, Some((written, text)), true)
    }

    /// Like [`Config::change`], for one of many changes: the problems come without advice, which takes longer than they
    /// do.
    pub(super) fn change_of_many(
        &self,
        kind: ComponentKind,
        id: &str,
        text: Option<&str>,
    ) -> Result<Change, Vec<Diagnostic>> {
        self.judged_text(kind, id, text, false)
    }

    /// Makes a change.
    pub fn apply(&mut self, change: Change) {
        self.hidden.extend(change.hidden);
        match change.made {
            Some(made) => self.put(made),
            None => self.take(change.kind, &change.id),
        }
    }

    fn judged_text(
        &self,
        kind: ComponentKind,
        id: &str,
        text: Option<&str>,
        is_advised: bool,
    ) -> Result<Change, Vec<Diagnostic>> {
        let item = text.map(|text| parse(text).map(|written| (written, text))).transpose()?;
        self.judged(kind, id, item.as_ref().map(|(written, text)| (written, *text)), is_advised)
    }

    /// Judges a change to an item, which is part of a text, or to none.
    fn judged(
        &self,
        kind: ComponentKind,
        id: &str,
        item: Option<(&Node, &str)>,
        is_advised: bool,
    ) -> Result<Change, Vec<Diagnostic>> {
        let allowed = self.server.as_ref().map(|server| &server.allowed_environment[..]).unwrap_or_default();
        let outside = Outside {
            folder: &self.place.folder,
            variable: &|name| std::env::var(name).ok(),
            called: Some(allowed),
            hidden: RefCell::default(),
        };
        let judge = Judge { config: self, kind, id, is_advised };
        let made = match item {
            Some((written, text)) => judge.made(written, text, &outside).map(Some),
            None => judge.left_without().map(|()| None),
        };
        let hidden = outside.hidden.into_inner();
        match made {
            Ok(made) => Ok(Change { kind, id: id.to_owned(), made, hidden }),
            Err(mut problems) => {
                let mut all = self.hidden.clone();
                all.extend(hidden);
                all.hide(&mut problems);
                Err(problems)
            }
        }
    }
}

/// What judges the change of one item.
pub(super) struct Judge<'c> {
    pub(super) config: &'c Config,
    pub(super) kind: ComponentKind,
    pub(super) id: &'c str,
    /// Whether problems come with advice.
    pub(super) is_advised: bool,
}

impl Judge<'_> {
    fn made(&self, written: &Node, text: &str, outside: &Outside<'_>) -> Result<Made, Vec<Diagnostic>> {
        let (mut node, mut problems) = (written.clone(), Vec::new());
        outside.fill_in(&mut node, &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        let Some((settings, traits)) = self.read(&node, text, &mut problems).filter(|_| problems.is_empty())
        else {
            secret::hide_in(&mut problems, text, [&node]);
            return Err(problems);
        };
        files::check_called(self.config, &node, &settings, &mut problems);
        if problems.is_empty() {
            Ok(Made { traits, ..Made::new(settings, &node, written) })
        } else {
            Err(problems)
        }
    }

    /// Reads the item, in whose place nothing else is.
    pub(super) fn read(
        &self,
        node: &Node,
        text: &str,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<(Settings, Traits)> {
        let settings = sections::item(self.kind, node, &self.config.place.folder, problems);
        self.check_id(node, problems);
        let settings = settings?;
        self.check_names(self.kind, node, Some(self.kind), problems);
        self.check_circles(node, problems);
        if let Settings::Reaction(reaction) = &settings {
            let others = &self.config.reactions;
            let (place, other) = (others.place(self.id), |at| Some(&others.at(at)?.settings));
            let conflicts = self.config.index.targets.conflicts(place, reaction, other);
            check_reaction(&self.config.store, node, reaction, conflicts, problems);
        }
        files::check_one(self.config, node, &settings, problems);
        let Settings::Query(query) = &settings else { return Some((settings, Traits::default())) };
        match query::compiled(text, node, query) {
            Ok(traits) => {
                self.check_queries(node, &traits, problems);
                Some((settings, traits))
            }
            Err(problem) => {
                problems.push(problem);
                None
            }
        }
    }

    /// The id is one, it is the one that the call names, and nothing of another kind has it.
    fn check_id(&self, node: &Node, problems: &mut Vec<Diagnostic>) {
        let Some(place) = node.get("id") else { return };
        let id = place.text().unwrap_or_default();
        let by = self.config.kind(id).filter(|kind| *kind != self.kind);
        problems.extend(no_id(id, place.span).or_else(|| by.map(|by| taken(id, by, place.span))));
        if id != self.id {
            let message = format!("this is `{id}`, and the call is about `{}`", self.id);
            problems.push(super::problem::at(super::problem::code::ID, place.span, message));
        }
    }

    /// Whatever an item names is there, once this one is what it will be.
    fn check_names(
        &self,
        kind: ComponentKind,
        node: &Node,
        becomes: Option<ComponentKind>,
        problems: &mut Vec<Diagnostic>,
    ) {
        let config = self.config;
        let others = || config.components().filter(|(_, id)| *id != self.id).map(|(kind, id)| (id, kind));
        let all = || others().chain(becomes.map(|kind| (self.id, kind))).collect();
        let kind_of = |id: &str| if id == self.id { becomes } else { config.kind(id) };
        let known = Known { kind: &kind_of, all: self.is_advised.then_some(&all) };
        check_names(kind, node, &known, problems);
    }

    fn check_circles(&self, node: &Node, problems: &mut Vec<Diagnostic>) {
        let names_itself =
            || references::names(self.kind, node).iter().any(|name| name.text() == Some(self.id));
        // A circle goes through this item, so something reads it.
        if self.kind == ComponentKind::Reaction
            || !names_itself() && self.config.index.readers(self.id).next().is_none()
        {
            return;
        }
        let find = |id: &str| {
            let found = self.config.nodes(self.kind, id).map(|(node, _)| &**node);
            if id == self.id { Some(node) } else { found }
        };
        let circle = circle(self.kind, self.id, node, &find);
        problems.extend(circle.map(|(place, circle)| in_a_circle(self.kind, place, &circle)));
    }

    /// Queries can read what they name, this one and those that name it.
    fn check_queries(&self, node: &Node, traits: &Traits, problems: &mut Vec<Diagnostic>) {
        let config = self.config;
        let traits_of = |id: &str| {
            let its = || config.index.traits(id).cloned().unwrap_or_default();
            if id == self.id { Some(traits.clone()) } else { config.queries.get(id).map(|_| its()) }
        };
        query::check_upstream(node, traits, &traits_of, problems);
        if traits.elements.is_none() {
            return;
        }
        let only_this = |id: &str| (id == self.id).then(|| traits.clone());
        let readers = config
            .index
            .readers(self.id)
            .filter(|(kind, id)| *kind == ComponentKind::Query && *id != self.id);
        for reader in readers.filter_map(|(_, id)| config.queries.item(id)) {
            query::check_upstream(&reader.node, &Traits::default(), &only_this, problems);
        }
    }

    /// Nothing names the item that is taken out.
    fn left_without(&self) -> Result<(), Vec<Diagnostic>> {
        let mut problems = Vec::new();
        if self.config.nodes(self.kind, self.id).is_none() {
            return Ok(());
        }
        for (kind, reader) in self.config.index.readers(self.id) {
            if let Some((node, _)) = self.config.nodes(kind, reader) {
                self.check_names(kind, node, None, &mut problems);
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}
