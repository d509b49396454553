//! The publication: created for the tables that the settings name, and completed if Livewell created it.
//!
//! A publication that somebody else made is only read. One of Livewell's own has explicit tables, all operations, no
//! filter and no column list, and sends rows of partitions as the partitions': so nothing is held back, and what
//! happens to one partition is visible.

use super::facts::{Facts, PublicationFacts, TableFacts};
use super::shapes::Shapes;
use super::{LOCK_TIMEOUT, identifier, keys, literal, qualified, text};
use crate::SourceError;
use crate::postgres::connection::Connection;
use crate::postgres::failure::{is_lock_timeout, locked, refused, unreachable};
use crate::settings::PostgresSettings;

/// What `ensure` did to the publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::postgres) enum Ensured {
    AsItWas,
    /// It was created or altered: what still running transactions wrote before that is never sent.
    Changed,
}

/// Creates the publication if it is missing, and adds what is missing to one that Livewell created.
///
/// # Errors
/// Returns an error, with a statement that helps, if a table cannot be followed, if the publication holds something
/// back, or if this role may not alter it.
pub(in crate::postgres) fn ensure(
    connection: &mut Connection,
    settings: &PostgresSettings,
    store: &str,
    facts: &Facts,
    shapes: &Shapes,
    version: u32,
) -> Result<Ensured, SourceError> {
    let name = settings.publication();
    let Some(publication) = &facts.publication else {
        make(connection, settings, store, facts, shapes, version)?;
        return Ok(Ensured::Changed);
    };
    for (root, shape) in shapes {
        keys::check(facts, *root, &shape.key, None)?;
    }
    let missing = unsent(facts, shapes, publication);
    if is_ours(settings, store, publication) {
        return complete(connection, settings, store, publication, &missing);
    }
    if !publication.sends_all {
        return Err(refused(format!(
            "the publication `{name}` does not send all changes; run: ALTER PUBLICATION {} \
             SET (publish = 'insert, update, delete, truncate')",
            identifier(&name)
        )));
    }
    match missing.first() {
        Some(table) => Err(refused(format!(
            "the publication `{name}` does not send the table `{}`; run: ALTER PUBLICATION {} ADD TABLE {}",
            table.shown(),
            identifier(&name),
            listed(table)
        ))),
        None => Ok(Ensured::AsItWas),
    }
}

/// Returns the comment that marks a publication as Livewell's own.
fn comment(settings: &PostgresSettings, store: &str) -> String {
    format!("made by Livewell for its source `{}` in the store {store}", settings.id)
}

fn is_ours(settings: &PostgresSettings, store: &str, publication: &PublicationFacts) -> bool {
    let is_commented = publication.comment.as_deref() == Some(&comment(settings, store));
    // An earlier version created publications without a comment, and for partitioned tables via the root.
    let is_of_before = publication.comment.is_none() && publication.via_root && !publication.all_tables;
    settings.publication.is_none() && (is_commented || is_of_before && publication.schemas.is_empty())
}

/// Returns the followed tables that the publication has no entry for, neither of their own nor by their schema.
fn unsent<'a>(facts: &'a Facts, shapes: &Shapes, publication: &PublicationFacts) -> Vec<&'a TableFacts> {
    if publication.all_tables {
        return Vec::new();
    }
    let is_sent =
        |table: &TableFacts| !table.sent.is_empty() || publication.schemas.contains(&table.schema_oid);
    let roots = shapes.keys().filter_map(|root| facts.tables.get(root).map(|table| (root, table)));
    let is_missing = |(root, table): &(&u32, &TableFacts)| {
        // A partition may also be sent by an entry of its own.
        let mut units = facts.units(**root).into_iter().filter_map(|oid| facts.tables.get(&oid));
        !(is_sent(table) || table.kind == "p" && units.all(is_sent))
    };
    roots.filter(is_missing).map(|(_, table)| table).collect()
}

fn make(
    connection: &mut Connection,
    settings: &PostgresSettings,
    store: &str,
    facts: &Facts,
    shapes: &Shapes,
    version: u32,
) -> Result<(), SourceError> {
    let name = settings.publication();
    if settings.tables.is_empty() {
        // A publication for all tables would make updates of tables without a key fail.
        return Err(refused(format!(
            "no tables are named here and the publication `{name}` does not exist; name `tables`, or make it"
        )));
    }
    // Checked first: with a publication, updates of a table without a replica identity would fail.
    for (root, shape) in shapes {
        keys::check(facts, *root, &shape.key, Some(version))?;
    }
    let tables: Vec<String> = shapes.keys().filter_map(|root| facts.tables.get(root)).map(listed).collect();
    let statement = format!("CREATE PUBLICATION {} FOR TABLE {}", identifier(&name), tables.join(", "));
    let purpose = format!("to make a publication (let the tables' owner run: {statement})");
    match run(connection, settings, &statement, &purpose) {
        // The next look shows whether it sends what is needed.
        Err(error) if somebody_was_faster(&error) => Ok(()),
        made => made.and_then(|()| mark(connection, settings, store)),
    }
}

/// Returns whether the object to create exists by now: created earlier, or at the same moment, which a unique index of
/// the catalogs detects.
fn somebody_was_faster(error: &SourceError) -> bool {
    ["[42710]", "[23505]"].iter().any(|state| error.message.contains(state))
}

/// Runs a statement that waits for other sessions only briefly: if this source acts as a synchronous standby, they may
/// hold a lock until the source has acknowledged their commit.
fn run(
    connection: &mut Connection,
    settings: &PostgresSettings,
    statement: &str,
    purpose: &str,
) -> Result<(), SourceError> {
    match connection.query(&format!("{LOCK_TIMEOUT}; {statement}"), purpose) {
        Err(error) if is_lock_timeout(&error) => {
            Err(locked(&format!("altering the publication `{}`", settings.publication())))
        }
        ran => ran.map(drop),
    }
}

fn mark(connection: &mut Connection, settings: &PostgresSettings, store: &str) -> Result<(), SourceError> {
    let name = identifier(&settings.publication());
    let statement = format!("COMMENT ON PUBLICATION {name} IS {}", literal(&comment(settings, store)));
    run(connection, settings, &statement, "to comment on its publication")
}

fn complete(
    connection: &mut Connection,
    settings: &PostgresSettings,
    store: &str,
    publication: &PublicationFacts,
    missing: &[&TableFacts],
) -> Result<Ensured, SourceError> {
    let name = identifier(&settings.publication());
    let mut statements = Vec::new();
    if !publication.sends_all {
        statements
            .push(format!("ALTER PUBLICATION {name} SET (publish = 'insert, update, delete, truncate')"));
    }
    if publication.via_root {
        statements.push(format!("ALTER PUBLICATION {name} SET (publish_via_partition_root = false)"));
    }
    if !missing.is_empty() {
        let tables: Vec<String> = missing.iter().map(|table| listed(table)).collect();
        statements.push(format!("ALTER PUBLICATION {name} ADD TABLE {}", tables.join(", ")));
    }
    for statement in &statements {
        let purpose = format!("to alter its publication (let the owner run: {statement})");
        match run(connection, settings, statement, &purpose) {
            // The next attempt sees what is still missing.
            Err(error) if somebody_was_faster(&error) => {
                return Err(unreachable(format!("another session altered the publication `{name}` as well")));
            }
            ran => ran?,
        }
    }
    if publication.comment.is_none() {
        mark(connection, settings, store)?;
    }
    Ok(if statements.is_empty() { Ensured::AsItWas } else { Ensured::Changed })
}

/// Returns a table as a publication lists it: rows of tables that inherit from it are those tables' own.
fn listed(table: &TableFacts) -> String {
    let only = if table.kind == "p" { "" } else { "ONLY " };
    format!("{only}{}", qualified((&table.schema, &table.name)))
}

/// Drops a publication that Livewell created, if it exists.
///
/// # Errors
/// Returns an error if the database refuses.
pub(in crate::postgres) fn remove(
    connection: &mut Connection,
    settings: &PostgresSettings,
    store: &str,
) -> Result<(), SourceError> {
    let name = settings.publication();
    let statement = format!(
        "SELECT FROM pg_catalog.pg_publication WHERE pubname = {} \
         AND pg_catalog.obj_description(oid, 'pg_publication') = {}",
        literal(&name),
        literal(&comment(settings, store))
    );
    if connection.query(&statement, "to say whose its publication is")?.is_empty() {
        return Ok(());
    }
    let statement = format!("DROP PUBLICATION IF EXISTS {}", identifier(&name));
    connection.query(&statement, "to drop its publication").map(drop)
}

/// How the comment of a table begins that a reaction of Livewell keeps.
const KEPT_BY_LIVEWELL: &str = "kept by Livewell";

/// Returns the tables of a publication, schema and name, in the order of their names; without the tables that reactions
/// of Livewell keep in the same database, since following those would be a loop.
pub(in crate::postgres) fn tables(
    connection: &mut Connection,
    publication: &str,
) -> Result<Vec<(String, String)>, SourceError> {
    // The server may open each of them to answer.
    let statement = format!(
        "{LOCK_TIMEOUT}; SELECT schemaname, tablename FROM pg_catalog.pg_publication_tables \
         WHERE pubname = {} AND tablename <> 'livewell_checkpoint' AND coalesce(pg_catalog.obj_description(\
         to_regclass(format('%I.%I', schemaname, tablename)), 'pg_class'), '') NOT LIKE '{KEPT_BY_LIVEWELL}%' \
         ORDER BY 1, 2",
        literal(publication)
    );
    let rows = match connection.query(&statement, "to say what its publication sends") {
        Err(error) if is_lock_timeout(&error) => {
            return Err(locked(&format!("listing the tables of the publication `{publication}`")));
        }
        rows => rows?,
    };
    rows.iter().map(|row| Ok((text(row, 0)?.into(), text(row, 1)?.into()))).collect()
}

/// Returns the filter of the publication on the table `oid`, as an expression.
///
/// The view `pg_publication_tables` has it, too, but to show it the server may open every other table of the
/// publication, and so wait for a session that has locked one.
pub(in crate::postgres) fn filter(
    connection: &mut Connection,
    publication: &str,
    oid: u32,
) -> Result<Option<String>, SourceError> {
    let statement = format!(
        "SELECT pg_catalog.pg_get_expr(r.prqual, r.prrelid) FROM pg_catalog.pg_publication_rel r \
         JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid JOIN pg_catalog.pg_class c ON c.oid = r.prrelid \
         WHERE p.pubname = {} AND c.oid = {oid} AND NOT p.puballtables AND NOT EXISTS (SELECT \
         FROM pg_catalog.pg_publication_namespace n WHERE n.pnpubid = p.oid AND n.pnnspid = c.relnamespace)",
        literal(publication)
    );
    let rows = connection.query(&statement, "to say what its publication sends")?;
    Ok(rows.first().and_then(|row| row.first().cloned().flatten()))
}
