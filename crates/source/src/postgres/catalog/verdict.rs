//! What a difference between two fingerprints means for the rows that are stored.
//!
//! The old facts are compared with the new ones, column number by column number; how the difference came about does not
//! matter.

use super::facts::{ColumnFacts, PublicationFacts, SentFacts, TableFacts, TypeFacts, UnitFacts};
use std::collections::BTreeMap;

/// What has to happen to the stored rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::postgres) enum Verdict {
    /// Nothing: they are still right.
    Same,
    /// They change in a way that follows from the catalogs, all at the same time.
    Computed(Vec<Alteration>),
    /// The partition was detached for a while, and nothing that happened to it then is sent.
    Attached,
    /// Only the database knows: the table has to be copied.
    Copy {
        /// What was altered.
        why: String,
        /// Whether transactions that ran meanwhile may have written rows that are sent in the old form, or not at all.
        /// A statement that locks the table has waited for them.
        after_running: bool,
    },
}

fn copy(why: String) -> Verdict {
    Verdict::Copy { why, after_running: false }
}

/// What becomes of one column in all stored rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::postgres) enum Alteration {
    /// It is gone.
    Drop { name: String },
    /// It has another name.
    Rename { from: String, to: String },
    /// It is new, and old rows have this value: an array of one item, as text.
    Add { name: String, value: String },
}

/// Compares the old facts of a table with the new ones.
pub(in crate::postgres) fn verdict(old: &UnitFacts, new: &UnitFacts) -> Verdict {
    let name = new.table.shown();
    if let Some(why) = published(old, new) {
        return Verdict::Copy { why, after_running: true };
    }
    if old.table.attached != new.table.attached {
        return Verdict::Attached;
    }
    if let Some(why) = identified(old, new, &name) {
        return copy(why);
    }
    if old.mapping != new.mapping {
        return copy(format!("what the settings make of the rows of `{name}` is something else now"));
    }
    if let Some(why) = changed_type(&old.types, &new.types) {
        return Verdict::Copy { why: format!("`{name}` uses {why}"), after_running: true };
    }
    if let Some(why) = changed_below(&old.below, &new.below) {
        return copy(format!("{why}, and the publication does not say which rows of `{name}` were in it"));
    }
    columns(&old.table, &new.table, &name)
}

fn published(old: &UnitFacts, new: &UnitFacts) -> Option<String> {
    if !is_same_publication(&old.publication, &new.publication) {
        return Some("the publication was altered or made again".into());
    }
    let name = new.table.shown();
    match (entries(old), entries(new)) {
        (before, now) if before == now => None,
        (before, now) if before.is_empty() || now.is_empty() => {
            Some(format!("`{name}` was added to the publication or dropped from it"))
        }
        _ => Some(format!("what the publication sends of `{name}` was altered")),
    }
}

fn entries(unit: &UnitFacts) -> Vec<&SentFacts> {
    unit.table.sent.iter().chain(&unit.sent).collect()
}

fn is_same_publication(old: &PublicationFacts, new: &PublicationFacts) -> bool {
    let without_comment = |facts: &PublicationFacts| PublicationFacts { comment: None, ..facts.clone() };
    without_comment(old) == without_comment(new)
}

fn identified(old: &UnitFacts, new: &UnitFacts, name: &str) -> Option<String> {
    if old.key != new.key {
        return Some(format!("the key of `{name}` has other columns"));
    }
    let (old, new) = (&old.table, &new.table);
    let columns = |table: &TableFacts| table.identity_key().map(|key| key.columns.clone());
    (old.identity != new.identity || columns(old) != columns(new))
        .then(|| format!("the replica identity of `{name}` was altered"))
}

/// Describes a type whose old values may print differently now, if there is one.
fn changed_type(old: &BTreeMap<u32, TypeFacts>, new: &BTreeMap<u32, TypeFacts>) -> Option<String> {
    for (oid, now) in new {
        let Some(before) = old.get(oid) else { continue };
        let keeps_labels = before.labels.iter().all(|label| now.labels.contains(label));
        let rest = |facts: &TypeFacts| TypeFacts { labels: Vec::new(), name: String::new(), ..facts.clone() };
        if !keeps_labels || rest(before) != rest(now) {
            return Some(format!("the type `{}`, which was altered", now.name));
        }
    }
    None
}

/// Describes a change to a partition as a whole, if there is one: such changes are not sent for partitions whose rows
/// are sent as the root's.
fn changed_below(old: &BTreeMap<u32, TableFacts>, new: &BTreeMap<u32, TableFacts>) -> Option<String> {
    for (oid, before) in old {
        let Some(now) = new.get(oid) else {
            return Some(format!("the partition `{}` was detached or dropped", before.shown()));
        };
        if before.kind == "r" && !matches!(columns(before, now, ""), Verdict::Same) || before.file != now.file
        {
            return Some(format!("the partition `{}` was altered, emptied or attached again", now.shown()));
        }
    }
    let added = new.iter().find(|(oid, _)| !old.contains_key(oid));
    added.map(|(_, table)| format!("the partition `{}` was attached", table.shown()))
}

fn columns(old: &TableFacts, new: &TableFacts, name: &str) -> Verdict {
    let is_rewritten = old.file != new.file;
    let mut alterations = Vec::new();
    for before in &old.columns {
        let column = &before.name;
        let Some(now) = new.column(before.number) else {
            alterations.push(Alteration::Drop { name: column.clone() });
            continue;
        };
        if now.version != before.version && is_rewritten {
            return copy(format!("`{name}` was rewritten, and its column `{column}` altered with it"));
        }
        if !keeps_values(before, now) {
            return copy(format!("the column `{column}` of `{name}` has another type"));
        }
        if now.name != *column {
            alterations.push(Alteration::Rename { from: column.clone(), to: now.name.clone() });
        }
    }
    let mut added = 0;
    for now in new.columns.iter().filter(|now| old.column(now.number).is_none()) {
        added += 1;
        match &now.missing {
            Some(value) => {
                alterations.push(Alteration::Add { name: now.name.clone(), value: value.clone() });
            }
            None if is_rewritten || !now.generated.is_empty() => {
                let column = &now.name;
                return copy(format!("the column `{column}` was added to `{name}` with a value in its rows"));
            }
            None => {}
        }
    }
    if i32::from(new.numbers) - i32::from(old.numbers) > added {
        return copy(format!("a column of `{name}` was added and dropped again"));
    }
    if alterations.is_empty() { Verdict::Same } else { Verdict::Computed(alterations) }
}

/// Returns whether values stay what they are, if the table was not rewritten.
fn keeps_values(before: &ColumnFacts, now: &ColumnFacts) -> bool {
    const TEXT: u32 = 25;
    const VARCHAR: u32 = 1043;
    const NUMERIC: u32 = 1700;
    if before.generated != now.generated || before.expression != now.expression {
        return false;
    }
    let (old, new) = (before.modifier, now.modifier);
    match (before.kind, now.kind) {
        (TEXT | VARCHAR, TEXT | VARCHAR) => true,
        // The lower half holds the digits after the point.
        (NUMERIC, NUMERIC) => old == new || old >= 4 && new >= 4 && (old - 4) & 0x7ff == (new - 4) & 0x7ff,
        (old_kind, new_kind) => old_kind == new_kind && old == new,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(number: i16, name: &str) -> ColumnFacts {
        let version = "700".into();
        ColumnFacts { number, name: name.into(), version, kind: 23, modifier: -1, ..ColumnFacts::default() }
    }

    fn unit(columns: Vec<ColumnFacts>) -> UnitFacts {
        let numbers = columns.iter().map(|column| column.number).max().unwrap_or(0);
        let name = "t".into();
        let table = TableFacts { name, file: 1, numbers, columns, ..TableFacts::default() };
        UnitFacts { table, ..UnitFacts::default() }
    }

    fn base() -> UnitFacts {
        unit(vec![column(1, "id"), column(2, "a")])
    }

    #[test]
    fn what_no_stored_row_depends_on_changes_nothing() {
        let (old, mut new) = (base(), base());
        assert_eq!(verdict(&old, &new), Verdict::Same);
        // A rewrite that altered no column: TRUNCATE, VACUUM FULL, CLUSTER.
        new.table.file = 2;
        assert_eq!(verdict(&old, &new), Verdict::Same);
        let mut new = base();
        (new.table.columns[1].version, new.table.columns[1].not_null) = ("701".into(), true);
        new.table.columns.push(column(3, "later"));
        new.table.numbers = 3;
        assert_eq!(verdict(&old, &new), Verdict::Same);
    }

    #[test]
    fn what_follows_from_the_catalogs_is_computed_all_at_once() {
        let old = base();
        let mut new = unit(vec![column(1, "id"), column(2, "b"), column(3, "a")]);
        new.table.columns[2].missing = Some("{7}".into());
        let (from, to) = ("a".into(), "b".into());
        let moved = Alteration::Rename { from, to };
        let added = Alteration::Add { name: "a".into(), value: "{7}".into() };
        assert_eq!(verdict(&old, &new), Verdict::Computed(vec![moved, added]));
        // Dropped and added again under its name: another number, so the old values are gone.
        let again = unit(vec![column(1, "id"), column(3, "a")]);
        assert_eq!(verdict(&old, &again), Verdict::Computed(vec![Alteration::Drop { name: "a".into() }]));
    }

    #[test]
    fn what_only_the_database_knows_is_copied() {
        let old = base();
        let copied = |change: &dyn Fn(&mut UnitFacts)| {
            let mut new = base();
            change(&mut new);
            matches!(verdict(&old, &new), Verdict::Copy { .. })
        };
        assert!(copied(&|new| (new.table.file, new.table.columns[1].version) = (2, "701".into())));
        assert!(copied(&|new| new.table.columns[1].kind = 20));
        assert!(copied(&|new| new.table.identity = "f".into()));
        assert!(copied(&|new| new.publication.version = "701".into()));
        assert!(copied(&|new| new.table.sent.push(SentFacts::default())));
        assert!(copied(&|new| new.mapping = 1));
        assert!(copied(&|new| new.table.numbers = 3), "one came, perhaps got rows, and went");
        assert!(copied(&|new| {
            new.table.columns.push(column(3, "drawn"));
            (new.table.numbers, new.table.file) = (3, 2);
        }));
    }

    #[test]
    fn a_label_more_is_harmless_and_another_text_of_one_is_not() {
        let with = |labels: &[(u32, &str)]| {
            let labels = labels.iter().map(|(oid, text)| (*oid, (*text).to_owned())).collect();
            let mut unit = base();
            unit.types.insert(23, TypeFacts { labels, ..TypeFacts::default() });
            unit
        };
        let old = with(&[(1, "red"), (2, "green")]);
        assert_eq!(verdict(&old, &with(&[(1, "red"), (2, "green"), (3, "blue")])), Verdict::Same);
        assert!(matches!(verdict(&old, &with(&[(1, "red"), (2, "lime")])), Verdict::Copy { .. }));
    }
}
