//! Judges the catalogs: what has to be done about the difference between the stored facts and the current ones.

use super::catalog::facts::UnitFacts;
use super::catalog::missing;
use super::catalog::verdict::{Verdict, verdict};
use super::catalog::watch::Watch;
use super::copy::Copy;
use super::failure::altered;
use crate::error::code;
use crate::settings::PostgresSettings;
use crate::{ErrorKind, SourceError};
use livewell_model::Recovery;
use std::collections::{BTreeMap, BTreeSet};

/// The stored facts of the catalogs.
pub(super) struct Stored<'a> {
    pub facts: &'a BTreeMap<u32, UnitFacts>,
    pub copy: Option<&'a Copy>,
    /// Units whose rows are deleted once the stream has passed the moment when that was seen.
    pub going: BTreeSet<u32>,
}

/// What has to be done.
#[derive(Debug, Default)]
pub(super) struct Judgement {
    /// Facts that differ in a harmless way.
    pub harmless: Vec<(u32, UnitFacts)>,
    /// Units to copy.
    pub copy: Vec<(u32, UnitFacts)>,
    /// Whether a running transaction may have written rows of them that are never sent, or sent in the old form.
    pub after_running: bool,
    /// Units of a table that was replaced by another one of the same name, which is copied.
    pub replaced: Vec<u32>,
    /// Units whose rows have to be deleted.
    pub gone: Vec<u32>,
    /// Units of the copy in progress that no longer exist.
    pub taken_out: Vec<u32>,
    /// What has changed in tables that may be copied only on request, and the error's code.
    refused: BTreeMap<String, (String, &'static str)>,
}

impl Judgement {
    /// Returns whether everything stored agrees with the catalogs.
    pub fn is_nothing(&self) -> bool {
        self.copy.is_empty() && self.gone.is_empty() && self.replaced.is_empty() && self.taken_out.is_empty()
    }
}

/// Which copies were requested.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub all: bool,
    pub tables: BTreeSet<(String, String)>,
    /// Whether a transaction that runs when the copy begins may have written rows that the stream does not bring.
    pub after_running: bool,
}

impl Asked {
    /// Requests a copy of everything, from a place in the log before which nothing is known about the tables.
    pub fn from_new_place() -> Self {
        Self { all: true, after_running: true, ..Self::default() }
    }

    /// Adds tables whose copy was begun and cannot continue.
    pub fn and_again(mut self, tables: BTreeSet<(String, String)>) -> Self {
        self.after_running |= !tables.is_empty();
        self.tables.extend(tables);
        self
    }

    pub fn is_for(&self, name: &(String, String)) -> bool {
        self.all || self.tables.contains(name)
    }
}

/// Compares the stored facts with the catalogs.
///
/// # Errors
/// Returns an error if a table is gone, or if one would have to be copied and neither the policy nor a person says so.
pub(super) fn judge(
    stored: &Stored<'_>,
    watch: &mut Watch,
    settings: &PostgresSettings,
    asked: &Asked,
) -> Result<Judgement, SourceError> {
    watch.check_names().map_err(|error| named_anew(stored, watch, error))?;
    let present: BTreeSet<u32> = watch.units().into_iter().collect();
    let mut judgement = Judgement::default();
    let may = |name: &(String, String)| {
        asked.is_for(name) || settings.recovery == Recovery::AutoReset || is_first(stored)
    };
    for oid in &present {
        let Some(facts) = watch.unit(*oid) else { continue };
        let earlier = watch.earlier_mapping(*oid);
        judge_unit(stored, *oid, facts, earlier, &|name| asked.is_for(name), &may, &mut judgement);
    }
    for (oid, facts) in stored.facts.iter().filter(|(oid, _)| !present.contains(oid)) {
        // A root that still exists has lost a partition; one of another number with the same name was created again.
        let is_remade = !watch.shapes.contains_key(&facts.root) && watch.names().contains(&facts.root_name);
        if is_remade {
            judgement.replaced.push(*oid);
        } else if !stored.going.contains(oid) {
            judgement.gone.push(*oid);
        }
    }
    if let Some(copy) = stored.copy {
        let open = copy.units.iter().filter(|(_, unit)| !unit.is_gone).map(|(oid, _)| *oid);
        judgement.taken_out = open.filter(|oid| !present.contains(oid)).collect();
    }
    if judgement.refused.is_empty() { Ok(judgement) } else { Err(refusal(&judgement, settings)) }
}

/// Returns whether the source has nothing yet that could be wrong.
fn is_first(stored: &Stored<'_>) -> bool {
    stored.copy.is_some_and(|copy| copy.head.is_base)
}

/// Judges one unit. `earlier`: the mapping that versions without decimals stored for it.
fn judge_unit(
    stored: &Stored<'_>,
    oid: u32,
    facts: UnitFacts,
    earlier: Option<u64>,
    is_asked: &dyn Fn(&(String, String)) -> bool,
    may: &dyn Fn(&(String, String)) -> bool,
    judgement: &mut Judgement,
) {
    let name = facts.root_name.clone();
    if let Some(unit) = stored.copy.and_then(|copy| copy.units.get(&oid)).filter(|unit| !unit.is_gone) {
        // What was read of it agrees with these facts.
        match verdict(&unit.facts, &facts) {
            Verdict::Computed(_) | Verdict::Attached | Verdict::Copy { .. } => {
                judgement.copy.push((oid, facts));
                judgement.after_running = true;
            }
            // A request means a copy of what is there now, not the rest of one that was begun earlier.
            Verdict::Same if is_asked(&name) => judgement.copy.push((oid, facts)),
            Verdict::Same if unit.facts == facts => {}
            Verdict::Same => judgement.harmless.push((oid, facts)),
        }
        return;
    }
    let is_mapping = stored.facts.get(&oid).is_some_and(|old| old.mapping != facts.mapping);
    let code = if is_mapping { code::MAPPING } else { code::ALTERED };
    let is_of_known_root = stored.facts.values().any(|known| known.root == facts.root);
    let mut after_running = false;
    let why = match stored.facts.get(&oid) {
        _ if is_asked(&name) => None,
        // A copy that only a new version of Livewell makes necessary needs no request.
        Some(old) if is_upgrade(old, &facts, earlier) => None,
        Some(old) => match verdict(old, &facts) {
            Verdict::Same => {
                if *old != facts {
                    judgement.harmless.push((oid, facts));
                }
                return;
            }
            Verdict::Computed(_) | Verdict::Attached => None,
            Verdict::Copy { why, after_running: waits } => {
                after_running = waits;
                Some(why)
            }
        },
        // A new partition of a followed table was sent from its first row on.
        None if is_of_known_root => None,
        // A table of this name was followed, and this is another one.
        None => {
            after_running = true;
            is_known(stored, &facts).then(|| format!("`{}.{}` was dropped and made again", name.0, name.1))
        }
    };
    match why.filter(|_| !may(&name)) {
        None => {
            judgement.copy.push((oid, facts));
            judgement.after_running |= after_running;
        }
        Some(why) => {
            judgement.refused.entry(format!("{}.{}", name.0, name.1)).or_insert((why, code));
        }
    }
}

/// Returns whether nothing but the version of Livewell decides that the unit is copied.
fn is_upgrade(old: &UnitFacts, new: &UnitFacts, earlier: Option<u64>) -> bool {
    let with_mapping = || UnitFacts { mapping: new.mapping, ..old.clone() };
    Some(old.mapping) == earlier && matches!(verdict(&with_mapping(), new), Verdict::Same)
}

fn is_known(stored: &Stored<'_>, facts: &UnitFacts) -> bool {
    stored.facts.values().any(|known| known.root_name == facts.root_name && known.root != facts.root)
}

fn refusal(judgement: &Judgement, settings: &PostgresSettings) -> SourceError {
    let resets: Vec<String> = judgement
        .refused
        .keys()
        .map(|table| format!("`livewell reset {} --table {table}`", settings.id))
        .collect();
    let why: Vec<&str> = judgement.refused.values().map(|(why, _)| why.as_str()).collect();
    let is_one = resets.len() == 1;
    let (verb, tables) = if is_one { ("copies", "that table") } else { ("copy", "those tables") };
    let message = format!(
        "{}, and what that did to stored rows is not sent; {} {verb} {tables} while everything else continues (`recovery: \
         auto_reset` does so by itself)",
        why.join("; "),
        resets.join(" and ")
    );
    let all_mapped = judgement.refused.values().all(|(_, code)| *code == code::MAPPING);
    let code = if all_mapped { code::MAPPING } else { code::ALTERED };
    SourceError::new(ErrorKind::Changed, code, message)
}

/// Returns the error about a followed table that does not exist under its name.
fn named_anew(stored: &Stored<'_>, watch: &mut Watch, error: SourceError) -> SourceError {
    let names = watch.names().to_vec();
    let lost = stored.facts.iter().find(|(_, facts)| {
        let (schema, name) = &facts.root_name;
        names.contains(&facts.root_name) && watch.facts.find(schema, name).is_none()
    });
    let Some((_, facts)) = lost else { return error };
    let shown = format!("{}.{}", facts.root_name.0, facts.root_name.1);
    let root = facts.root;
    match missing::gone(&mut watch.connection, &shown, root) {
        Ok(what) => altered(format!(
            "{what}; make it again or give it back its name, or change `tables` here: then `livewell reset` resumes"
        )),
        Err(error) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::super::catalog::facts::TypeFacts;
    use super::*;

    /// Judges one unit under `strict`, of which `old` is stored.
    fn judged(old: UnitFacts, new: UnitFacts, earlier: Option<u64>) -> Judgement {
        let facts = BTreeMap::from([(1, old)]);
        let stored = Stored { facts: &facts, copy: None, going: BTreeSet::new() };
        let mut judgement = Judgement::default();
        judge_unit(&stored, 1, new, earlier, &|_| false, &|_| false, &mut judgement);
        judgement
    }

    #[test]
    fn a_table_that_a_new_version_reads_differently_is_copied_without_being_asked_for() {
        let with = |mapping| UnitFacts { mapping, ..UnitFacts::default() };
        let upgraded = judged(with(1), with(2), Some(1));
        assert!(upgraded.refused.is_empty() && upgraded.copy.len() == 1);
        let other_settings = judged(with(1), with(2), Some(3));
        assert!(other_settings.copy.is_empty() && !other_settings.refused.is_empty());
        let labelled = |mapping, label: &str| {
            let labels = vec![(1, label.to_owned())];
            let types = BTreeMap::from([(23, TypeFacts { labels, ..TypeFacts::default() })]);
            UnitFacts { types, ..with(mapping) }
        };
        let altered = judged(labelled(1, "a"), labelled(2, "b"), Some(1));
        assert!(
            altered.copy.is_empty() && !altered.refused.is_empty(),
            "what the database altered is asked for"
        );
    }
}
