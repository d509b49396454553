//! What becomes of the running components if another configuration is applied, before anything is done.

use super::called::Change;
use super::configuration::Config;
use super::made::Made;
use super::order::layered;
use super::problem::{self, code};
use super::reading;
use super::references::{check_reaction, names};
use super::sections::Settings;
use super::tree::Node;
use livewell::ComponentKind;
use livewell_query::language::Diagnostic;
use livewell_reaction::{Role, Settings as ReactionSettings};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is to be done, in the order in which it is shown, and the configuration that then runs.
#[derive(Debug)]
pub struct Planned {
    /// The configuration that runs afterwards.
    pub next: Config,
    /// What is created, changed and removed.
    pub steps: Vec<Step>,
    /// What is not named and stays, since nothing said that it should be removed.
    pub kept: Vec<(ComponentKind, String)>,
    /// The sections that differ and take effect with the next start alone.
    pub at_next_start: Vec<&'static str>,
}

/// What becomes of components that run and are not as the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// What the file does not name stays; what calls have changed stays as long as the file says of it what it said then, as
    /// with a start.
    AsCallsHaveMade,
    /// What the file does not name stays; everything else becomes as the file says.
    Keep,
    /// What the file does not name is removed; everything else becomes as the file says.
    Remove,
}

/// One component that does not stay as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What it is.
    pub kind: ComponentKind,
    /// Its id.
    pub id: String,
    /// What becomes of it.
    pub act: Act,
}

/// What becomes of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// It is created.
    Create,
    /// It is changed.
    Change {
        /// The settings that differ.
        fields: Vec<String>,
        /// Whether it is a query whose rows are built again, beside the old ones, or a reaction that keeps state and has
        /// to write all of it in another target.
        rebuilds: bool,
    },
    /// It is removed, with everything that it has stored.
    Remove,
}

impl Config {
    /// Reads the file of this configuration again, and plans the way to it.
    ///
    /// # Errors
    /// Returns what `livewell check` would say of the file, as text, or what stays and does not fit it.
    pub fn planned_from_file(&self, others: Others) -> Result<Planned, String> {
        let path = &self.place.file;
        let mut next = reading::load(path).map_err(|problems| problems.to_string())?;
        let mut kept = Vec::new();
        let mut problems = Vec::new();
        let gone: Vec<(ComponentKind, String)> = self
            .components()
            .filter(|(kind, id)| next.kind(id) != Some(*kind))
            .map(|(kind, id)| (kind, id.to_owned()))
            .collect();
        for (kind, id) in gone {
            if let Some(other) = next.kind(&id) {
                let message = format!(
                    "`{id}` runs as a {}, and the file names a {} so; remove the one that runs first, or give the new \
                     one another id",
                    kind.noun(),
                    other.noun()
                );
                problems.push(problem::at(code::ID, Default::default(), message));
            } else if others != Others::Remove
                && let Some(made) = self.made(kind, &id)
            {
                check_target(&next, &made, &mut problems);
                next.put(made);
                kept.push((kind, id));
            }
        }
        if !problems.is_empty() {
            let messages: Vec<String> = problems
                .into_iter()
                .map(|problem| format!("{} [{}]", problem.message, problem.code))
                .collect();
            return Err(messages.join("\n"));
        }
        if others == Others::AsCallsHaveMade {
            self.put_called_over(&mut next);
        }
        next.hidden.extend(self.hidden.clone());
        let planned = self.planned(next, kept);
        // What stays as it is may have become what it is over elements that are there now.
        let concerns = |id: &str| planned.steps.iter().any(|step| step.id == id);
        reading::check_known(&planned.next, concerns).map_err(|problems| problems.to_string())?;
        Ok(planned)
    }

    /// Puts what calls have changed into `next`, as long as the file says of it what it said then.
    fn put_called_over(&self, next: &mut Self) {
        for (id, (kind, is)) in next.in_file.clone() {
            let is_as_before = self.node_in_file(kind, &id).is_some_and(|was| was.says_the_same(&is));
            let is_called = self.nodes(kind, &id).is_some_and(|(_, written)| !written.says_the_same(&is));
            if is_as_before
                && is_called
                && let Some(made) = self.made(kind, &id)
            {
                next.put(made);
            }
        }
    }

    /// Returns the way from here to `next`.
    pub(super) fn planned(&self, next: Self, kept: Vec<(ComponentKind, String)>) -> Planned {
        let mut steps = Vec::new();
        for (kind, id) in next.components() {
            let act = match (self.nodes(kind, id), next.nodes(kind, id)) {
                (None, _) => Some(Act::Create),
                (Some((was, _)), Some((is, _))) if !was.says_the_same(is) => {
                    Some(Act::Change { fields: different(was, is), rebuilds: self.rebuilds(&next, kind, id) })
                }
                _ => None,
            };
            steps.extend(act.map(|act| Step { kind, id: id.to_owned(), act }));
        }
        let removed = self.components().filter(|(kind, id)| next.nodes(*kind, id).is_none());
        let removed: Vec<(ComponentKind, &str)> = removed.collect();
        let removed = self.readers_first(&removed).into_iter();
        steps.extend(removed.map(|(kind, id)| Step { kind, id: id.to_owned(), act: Act::Remove }));
        let mut at_next_start = Vec::new();
        for section in ["store", "server"] {
            let is_same = match (self.frame.get(section), next.frame.get(section)) {
                (Some(was), Some(is)) => was.says_the_same(is),
                (was, is) => was.is_none() && is.is_none(),
            };
            if !is_same {
                at_next_start.push(section);
            }
        }
        Planned { next, steps, kept, at_next_start }
    }

    /// Returns what a change that was judged makes of its item. One that changes nothing has no fields.
    pub fn step(&self, change: &Change) -> Step {
        let Change { kind, id, made, .. } = change;
        let was = self.nodes(*kind, id).map(|(node, _)| node);
        let act = match (was, made) {
            (_, None) => Act::Remove,
            (None, Some(_)) => Act::Create,
            (Some(was), Some(made)) => {
                // What it reads is labelled as before, since nothing else changes.
                let rebuilds = match &made.settings {
                    Settings::Source(_) => false,
                    Settings::Query(is) => self.queries.get(id).is_some_and(|was| !was.has_rows_of(is)),
                    Settings::Reaction(is) => {
                        self.reactions.get(id).is_some_and(|was| fills_another(was, is))
                    }
                };
                Act::Change { fields: different(was, &made.node), rebuilds }
            }
        };
        Step { kind: *kind, id: id.clone(), act }
    }

    /// Returns the components in an order in which each comes before what it reads.
    fn readers_first<'c>(&self, components: &[(ComponentKind, &'c str)]) -> Vec<(ComponentKind, &'c str)> {
        let named = |kind, id: &str| -> Vec<String> {
            let node = self.nodes(kind, id).map(|(node, _)| node);
            let names = node.map(|node| names(kind, node)).unwrap_or_default();
            names.iter().filter_map(|name| name.text().map(ToOwned::to_owned)).collect()
        };
        let named: Vec<Vec<String>> = components.iter().map(|(kind, id)| named(*kind, id)).collect();
        let items = components.iter().zip(&named);
        let items: Vec<(&str, Vec<&str>)> =
            items.map(|((_, id), names)| (*id, names.iter().map(String::as_str).collect())).collect();
        let (ordered, left) = layered(&items);
        left.into_iter().chain(ordered.into_iter().rev()).map(|at| components[at]).collect()
    }

    fn rebuilds(&self, next: &Self, kind: ComponentKind, id: &str) -> bool {
        match kind {
            ComponentKind::Source => false,
            ComponentKind::Query => self.rebuilds_rows(next, id),
            ComponentKind::Reaction => match (self.reactions.get(id), next.reactions.get(id)) {
                (Some(was), Some(is)) => fills_another(was, is),
                _ => false,
            },
        }
    }

    /// Whether the rows of a query are built again: what they depend on differs, or the label of what it reads.
    fn rebuilds_rows(&self, next: &Self, id: &str) -> bool {
        let (Some(was), Some(is)) = (self.queries.get(id), next.queries.get(id)) else { return false };
        let label = |config: &Self, id: &String| config.queries.get(id).and_then(|query| query.label.clone());
        !was.has_rows_of(is) || is.sources.iter().any(|id| label(self, id) != label(next, id))
    }

    /// Returns a component as it is, to put it into another configuration.
    fn made(&self, kind: ComponentKind, id: &str) -> Option<Made> {
        let (node, written) = self.nodes(kind, id)?;
        let settings = match kind {
            ComponentKind::Source => Settings::Source(Box::new(self.sources.get(id)?.clone())),
            ComponentKind::Query => Settings::Query(Box::new(self.queries.get(id)?.clone())),
            ComponentKind::Reaction => Settings::Reaction(Box::new(self.reactions.get(id)?.clone())),
        };
        let traits = self.index.traits(id).cloned().unwrap_or_default();
        Some(Made { settings, node: Arc::clone(node), written: Arc::clone(written), traits })
    }
}

/// A reaction that stays may not write where one of the file does.
fn check_target(next: &Config, made: &Made, problems: &mut Vec<Diagnostic>) {
    let Settings::Reaction(reaction) = &made.settings else { return };
    let others = &next.reactions;
    let (place, other) = (others.place(made.settings.id()), |at| Some(&others.at(at)?.settings));
    let conflicts = next.index.targets.conflicts(place, reaction, other);
    check_reaction(&next.store, &made.node, reaction, conflicts, problems);
}

/// Whether a reaction that keeps state has to write all of it in another target.
fn fills_another(was: &ReactionSettings, is: &ReactionSettings) -> bool {
    let (was, is) = (was.build(), is.build());
    is.role() == Role::StateKeeper && was.identity() != is.identity()
}

/// The fields that differ, in alphabetical order.
fn different(was: &Node, is: &Node) -> Vec<String> {
    let names: BTreeSet<&str> =
        [was, is].iter().flat_map(|node| node.entries()).map(|entry| entry.key.as_str()).collect();
    let differs = |name: &&str| match (was.get(name), is.get(name)) {
        (Some(was), Some(is)) => !was.says_the_same(is),
        _ => true,
    };
    names.into_iter().filter(differs).map(ToOwned::to_owned).collect()
}
