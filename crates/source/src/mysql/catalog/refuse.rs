//! Tables and columns whose changes the log does not have, or not in a form that equals what a `SELECT` returns.

use crate::SourceError;
use crate::mysql::connection::{Connection, cell, quoted};
use crate::mysql::failure::{refused, unlogged};
use crate::mysql::kind::{Column, Kind};

/// Refuses what is not a table, or one that a snapshot does not cover.
pub(super) fn kind(table: &str, kind: &str, engine: &str) -> Result<(), SourceError> {
    match kind {
        "BASE TABLE" if engine == "InnoDB" => Ok(()),
        "BASE TABLE" => Err(unlogged(format!(
            "`{table}` is of the engine {engine}, which no snapshot covers; ALTER TABLE ... ENGINE = InnoDB"
        ))),
        "SYSTEM VERSIONED" => Err(unlogged(format!(
            "`{table}` is system-versioned, and the log has rows of it that a SELECT does not return"
        ))),
        other => Err(refused(format!("`{table}` is not a table but a {}", other.to_lowercase()))),
    }
}

/// Refuses a name that does not stand in a statement as it is: statements are searched for it.
pub(super) fn name(name: &str) -> Result<(), SourceError> {
    if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$') {
        return Ok(());
    }
    Err(refused(format!(
        "the name of the table or database `{name}` has characters other than letters, digits, `_` and `$`, and \
         statements in the log are searched for it; rename it"
    )))
}

/// Refuses a column that has other values in the log than in a `SELECT`.
pub(super) fn column(
    table: &str,
    name: &str,
    declared: &str,
    character_set: Option<&str>,
    extra: &str,
) -> Result<(), SourceError> {
    if extra.contains("ALWAYS") || extra.contains("GENERATED") {
        return Err(unlogged(format!("the column `{name}` of `{table}` is generated")));
    }
    if declared.contains("COMPRESSED") {
        return Err(unlogged(format!("the column `{name}` of `{table}` is compressed")));
    }
    if declared.contains("mariadb-5.3") {
        return Err(unlogged(format!(
            "the column `{name}` of `{table}` has the format of servers before 10.1; ALTER TABLE ... FORCE"
        )));
    }
    if declared.starts_with("float(") {
        return Err(of_type(table, name, declared));
    }
    match character_set {
        None | Some("utf8mb4" | "utf8mb3" | "utf8" | "ascii") => Ok(()),
        Some(other) => Err(unlogged(format!(
            "the column `{name}` of `{table}` has the character set {other}; those that are read are utf8mb4, utf8mb3 and \
             ascii: ALTER TABLE ... CONVERT TO CHARACTER SET utf8mb4"
        ))),
    }
}

/// Returns the error about a type that has no form yet which is the same in both ways.
pub(super) fn of_type(table: &str, name: &str, declared: &str) -> SourceError {
    unlogged(format!("the column `{name}` of `{table}` is of the type {declared}, which cannot be read yet"))
}

/// Refuses labels that cannot be told apart in a list.
pub(super) fn labels(table: &str, name: &str, kind: Kind, labels: &[String]) -> Result<(), SourceError> {
    let is_set = matches!(kind, Kind::Set { .. });
    if is_set && labels.iter().any(String::is_empty) {
        return Err(unlogged(format!("the column `{name}` of `{table}` is a SET with an empty label")));
    }
    Ok(())
}

/// Refuses a column of a key whose values do not make ids.
pub(super) fn key(table: &str, column: &Column) -> Result<(), SourceError> {
    if column.kind.can_be_key() {
        return Ok(());
    }
    let name = &column.name;
    Err(refused(format!(
        "the column `{name}` is in the key of `{table}`, and a key has integers, CHAR, VARCHAR, BINARY and VARBINARY \
         alone; name other columns as `key`"
    )))
}

/// Refuses foreign keys by which InnoDB changes rows below the log. `information_schema` does not show foreign keys to a
/// user who may only read, so they are looked for in the table's definition.
pub(super) fn cascades(connection: &mut Connection, schema: &str, name: &str) -> Result<(), SourceError> {
    let statement = format!("SHOW CREATE TABLE {}.{}", quoted(schema), quoted(name));
    let row = connection.one(&statement, "to show a table")?;
    match cell(&row, 1)?.lines().find(|line| is_cascade(line)) {
        None => Ok(()),
        Some(line) => Err(unlogged(format!(
            "`{schema}.{name}` has a foreign key by which rows change that the log does not have: {}; make it RESTRICT and let the \
             application or a trigger change them",
            line.trim().trim_end_matches(',')
        ))),
    }
}

/// Returns whether a line of a table's definition is a foreign key that changes rows. Names and comments are in quotes,
/// on lines of their own that begin with them.
fn is_cascade(line: &str) -> bool {
    let Some(rest) = line.trim_start().strip_prefix("CONSTRAINT `") else { return false };
    let acts = ["DELETE CASCADE", "DELETE SET NULL", "UPDATE CASCADE", "UPDATE SET NULL"];
    rest.contains("` FOREIGN KEY (") && acts.iter().any(|act| rest.contains(&format!(" ON {act}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_foreign_keys_that_change_rows_are_cascades() {
        for (line, is) in [
            ("  CONSTRAINT `t_p` FOREIGN KEY (`p`) REFERENCES `p` (`id`) ON DELETE CASCADE,", true),
            ("  CONSTRAINT `t_p` FOREIGN KEY (`p`) REFERENCES `p` (`id`) ON UPDATE SET NULL", true),
            ("  CONSTRAINT `t_p` FOREIGN KEY (`p`) REFERENCES `p` (`id`) ON DELETE NO ACTION", false),
            ("  CONSTRAINT `t_p` FOREIGN KEY (`p`) REFERENCES `p` (`id`)", false),
            ("  `a` int(11) COMMENT 'CONSTRAINT `x` FOREIGN KEY ( ON DELETE CASCADE',", false),
            ("  CONSTRAINT `c` CHECK (`a` <> ' ON DELETE CASCADE')", false),
        ] {
            assert_eq!(is_cascade(line), is, "{line}");
        }
    }
}
