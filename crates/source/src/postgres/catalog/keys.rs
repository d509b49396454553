//! Finds the columns that identify a table's rows, and checks that the server sends them with every change.

use super::facts::{Facts, KeyFacts, TableFacts};
use super::identifier;
use crate::SourceError;
use crate::postgres::failure::refused;

/// Returns the key of a table: the columns that the settings name, or those of its primary key, in the index's order.
///
/// # Errors
/// Returns an error, with a statement that helps, if they do not identify rows at every moment, or if the server does
/// not send them with updates and deletes.
pub(in crate::postgres) fn key(
    table: &TableFacts,
    configured: &[String],
) -> Result<Vec<String>, SourceError> {
    let key = match configured {
        [] => table.names(&by_default(table)?.columns),
        _ => named(table, configured)?,
    };
    // For a partitioned table the partitions' identities count.
    if table.kind != "p" {
        identifies(table, &key)?;
    }
    Ok(key)
}

fn by_default(table: &TableFacts) -> Result<&KeyFacts, SourceError> {
    let name = table.shown();
    let primary = table.keys.iter().find(|key| key.is_primary);
    let identity = table.keys.iter().find(|key| key.is_identity && table.identity == "i");
    match (primary, identity) {
        (Some(primary), Some(identity)) if !same(&primary.columns, &identity.columns) => {
            Err(refused(format!(
                "`{name}` has the primary key [{}], and its replica identity is the index over [{}], so its updates and \
             deletes do not say the primary key; say `key: [{}]` here, or run: ALTER TABLE {} REPLICA IDENTITY DEFAULT",
                table.names(&primary.columns).join(", "),
                table.names(&identity.columns).join(", "),
                table.names(&identity.columns).join(", "),
                quoted(table),
            )))
        }
        (Some(key), _) | (None, Some(key)) => immediate(table, key),
        (None, None) => Err(refused(format!(
            "the table `{name}` has no primary key, so its updates and deletes do not say which row; give it one, or \
             run: ALTER TABLE {} REPLICA IDENTITY FULL and name a unique `key` here",
            quoted(table)
        ))),
    }
}

/// Refuses a key that is only checked at the end of a statement or transaction, since two rows can have it for a while.
fn immediate<'a>(table: &TableFacts, key: &'a KeyFacts) -> Result<&'a KeyFacts, SourceError> {
    if key.is_immediate {
        return Ok(key);
    }
    let columns = table.names(&key.columns);
    Err(refused(format!(
        "the key [{}] of `{}` is deferrable: for a while two rows may have it, and updates and deletes do not say it; \
         make it immediate, or run: {}",
        columns.join(", "),
        table.shown(),
        unique_index(table, &columns)
    )))
}

fn named(table: &TableFacts, configured: &[String]) -> Result<Vec<String>, SourceError> {
    let name = table.shown();
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    if let Some(unknown) = configured.iter().find(|column| !names.contains(&column.as_str())) {
        let advice = crate::suggest::advice(unknown, &names);
        return Err(refused(format!("`{name}` has no column `{unknown}`, which is in its `key`; {advice}")));
    }
    let nullable =
        |column: &&String| table.columns.iter().any(|facts| facts.name == **column && !facts.not_null);
    if let Some(column) = configured.iter().find(nullable) {
        return Err(refused(format!(
            "the column `{column}` in the `key` of `{name}` can be null, and rows without a value in it are not told \
             apart; run: ALTER TABLE {} ALTER COLUMN {} SET NOT NULL (and, if there is no such index yet: {})",
            quoted(table),
            identifier(column),
            unique_index(table, configured)
        )));
    }
    let is_key = |key: &&KeyFacts| key.is_valid && same(&table.names(&key.columns), configured);
    let mut keys: Vec<&KeyFacts> = table.keys.iter().filter(is_key).collect();
    keys.sort_by_key(|key| !key.is_immediate);
    match keys.first() {
        Some(key) => immediate(table, key).map(|_| configured.to_vec()),
        None => Err(refused(format!(
            "the `key` [{}] of `{name}` has no unique index over just these columns, without predicate and expressions, \
             so two rows may have it; run: {}",
            configured.join(", "),
            unique_index(table, configured)
        ))),
    }
}

/// Checks that the table's updates and deletes carry its key.
fn identifies(table: &TableFacts, key: &[String]) -> Result<(), SourceError> {
    let name = table.shown();
    if table.identity == "f" {
        return Ok(());
    }
    let identity = table.identity_key().map(|key| table.names(&key.columns)).unwrap_or_default();
    if same(&identity, key) {
        return Ok(());
    }
    Err(refused(format!(
        "the key of `{name}` is [{}] here, and its replica identity is [{}]; take that as `key`, or run: \
         ALTER TABLE {} REPLICA IDENTITY FULL (or USING INDEX of a unique index over the key)",
        key.join(", "),
        identity.join(", "),
        quoted(table)
    )))
}

/// Checks that publishing this table does not make statements of the application fail, and that its changes can be
/// followed. `making` is the server's version if the publication is still to be created.
///
/// # Errors
/// Returns an error with the table, the reason, and a statement that helps.
pub(in crate::postgres) fn check(
    facts: &Facts,
    root: u32,
    key: &[String],
    making: Option<u32>,
) -> Result<(), SourceError> {
    for table in facts.tables.values().filter(|table| table.root == root) {
        let (name, quoted) = (table.shown(), quoted(table));
        if !table.is_logged {
            return Err(refused(format!(
                "the table `{name}` is not logged, so its changes are not sent; run: ALTER TABLE {quoted} SET LOGGED"
            )));
        }
        if table.kind == "p" {
            check_partitioned(table)?;
        } else {
            identifies(table, key)?;
        }
        // From 18 on the server refuses updates whose old row would have a column that is not published.
        let generated = table.columns.iter().find(|column| !column.generated.is_empty());
        if let Some(column) = generated.filter(|_| making >= Some(180_000) && table.identity == "f") {
            return Err(refused(format!(
                "the replica identity of `{name}` is FULL, and its column `{}` is generated: with a publication its \
                 updates and deletes would fail; run: ALTER TABLE {quoted} REPLICA IDENTITY DEFAULT",
                column.name
            )));
        }
    }
    Ok(())
}

/// Partitions that are made later get the primary key of the root and none of its other identities.
fn check_partitioned(table: &TableFacts) -> Result<(), SourceError> {
    if table.keys.iter().any(|key| key.is_primary && key.is_immediate) {
        return Ok(());
    }
    Err(refused(format!(
        "the partitioned table `{}` has no primary key: updates and deletes in partitions that are made later would \
         fail with a publication; give it one",
        table.shown()
    )))
}

/// Checks that this role can copy the table whole.
///
/// # Errors
/// Returns an error that names the missing privilege.
pub(in crate::postgres) fn check_rights(table: &TableFacts) -> Result<(), SourceError> {
    let (name, quoted) = (table.shown(), quoted(table));
    if table.has_policy {
        return Err(refused(format!(
            "row security keeps rows of `{name}` from this role, and the stream sends the rows of all; let a superuser \
             give the role BYPASSRLS, or let the table's owner run: ALTER TABLE {quoted} DISABLE ROW LEVEL SECURITY"
        )));
    }
    if !table.may_read {
        return Err(refused(format!(
            "the role of this source may not read `{name}`; let the table's owner GRANT SELECT ON {quoted} to it"
        )));
    }
    Ok(())
}

fn unique_index(table: &TableFacts, columns: &[String]) -> String {
    let columns: Vec<String> = columns.iter().map(|column| identifier(column)).collect();
    format!("CREATE UNIQUE INDEX ON {} ({})", quoted(table), columns.join(", "))
}

fn quoted(table: &TableFacts) -> String {
    super::qualified((&table.schema, &table.name))
}

/// Returns whether both have the same members.
fn same<T: Ord + Clone>(one: &[T], other: &[T]) -> bool {
    let sorted = |list: &[T]| {
        let mut list = list.to_vec();
        list.sort_unstable();
        list
    };
    sorted(one) == sorted(other)
}
