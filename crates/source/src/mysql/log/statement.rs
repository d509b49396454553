//! Judges statements in the log by the words in them. Rows come as rows; a statement is DDL, or something wrong.

use std::collections::BTreeSet;

/// What a statement means for the tables that are followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Nothing.
    Nothing,
    Begin,
    Commit,
    Rollback,
    Savepoint(String),
    RollbackTo(String),
    /// The end of an XA transaction that was prepared.
    EndOfXa,
    /// All rows of this table are gone.
    Truncate(usize),
    /// It may have changed this table, or its rows, in a way that only a copy follows.
    Alters(usize),
    /// It changes rows, and does not say which.
    Unclear,
}

/// Statements that change no row, whatever they name.
const HARMLESS: [&str; 13] = [
    "ANALYZE",
    "OPTIMIZE",
    "REPAIR",
    "CHECK",
    "FLUSH",
    "GRANT",
    "REVOKE",
    "SET",
    "COMMENT",
    "INSTALL",
    "UNINSTALL",
    "CACHE",
    "KILL",
];
/// The beginnings of DDL.
const DDL: [&str; 4] = ["CREATE", "ALTER", "DROP", "RENAME"];

/// Returns what a statement means. `database`: the one that was in use. `tables`: database and name of those that are
/// followed.
pub(super) fn meaning(statement: &str, database: &str, tables: &[(&str, &str)]) -> Meaning {
    of_words(&words(statement), database, tables)
}

fn of_words(words: &[String], database: &str, tables: &[(&str, &str)]) -> Meaning {
    let upper: Vec<String> = words.iter().take(8).map(|word| word.to_ascii_uppercase()).collect();
    let is = |at: usize, word: &str| upper.get(at).is_some_and(|is| is == word);
    let Some(first) = upper.first() else { return Meaning::Nothing };
    match first.as_str() {
        "BEGIN" | "START" => Meaning::Begin,
        "COMMIT" => Meaning::Commit,
        "ROLLBACK" if is(1, "TO") => {
            let at = if is(2, "SAVEPOINT") { 3 } else { 2 };
            words.get(at).map_or(Meaning::Unclear, |name| Meaning::RollbackTo(name.clone()))
        }
        "ROLLBACK" => Meaning::Rollback,
        "SAVEPOINT" => words.get(1).map_or(Meaning::Unclear, |name| Meaning::Savepoint(name.clone())),
        "RELEASE" => Meaning::Nothing,
        "XA" if is(1, "COMMIT") || is(1, "ROLLBACK") => Meaning::EndOfXa,
        "XA" => Meaning::Nothing,
        // Settings for one statement, which follows.
        "SET" if is(1, "STATEMENT") => {
            let inner = words.iter().position(|word| word.eq_ignore_ascii_case("FOR"));
            inner.map_or(Meaning::Unclear, |at| of_words(&words[at + 1..], database, tables))
        }
        "TRUNCATE" => truncated(words, is(1, "TABLE"), database, tables),
        word if HARMLESS.contains(&word) => Meaning::Nothing,
        word if DDL.contains(&word) => altered(words, &upper, database, tables),
        _ => Meaning::Unclear,
    }
}

fn truncated(words: &[String], has_table: bool, database: &str, tables: &[(&str, &str)]) -> Meaning {
    let at = if has_table { 2 } else { 1 };
    let Some(name) = words.get(at) else { return Meaning::Unclear };
    // A name is followed by a point and the rest of it, or by nothing, or by how long to wait.
    let (schema, name) = match (words.get(at + 1).map(String::as_str), words.get(at + 2)) {
        (Some("."), Some(second)) => (name.as_str(), second.as_str()),
        _ => (database, name.as_str()),
    };
    let is = |(db, table): &(&str, &str)| db.eq_ignore_ascii_case(schema) && table.eq_ignore_ascii_case(name);
    tables.iter().position(is).map_or(Meaning::Nothing, Meaning::Truncate)
}

fn altered(words: &[String], upper: &[String], database: &str, tables: &[(&str, &str)]) -> Meaning {
    let names: BTreeSet<String> = words.iter().map(|word| word.to_ascii_lowercase()).collect();
    let has = |name: &str| names.contains(&name.to_ascii_lowercase());
    // What is created or altered is named within the first words, behind `OR REPLACE`, `IF EXISTS` and the like.
    let is_about = |what: &[&str]| upper.iter().any(|word| what.contains(&word.as_str()));
    let is_plain_create = upper[0] == "CREATE" && upper.get(1).is_none_or(|word| word != "OR");
    if is_about(&["DATABASE", "SCHEMA"]) && upper[0] == "DROP" {
        return tables.iter().position(|(schema, _)| has(schema)).map_or(Meaning::Nothing, Meaning::Alters);
    }
    let is_temporary = upper[0] == "DROP" && upper.get(1).is_some_and(|word| word == "TEMPORARY");
    if is_plain_create || is_temporary || !is_about(&["TABLE", "TABLES", "INDEX"]) {
        return Meaning::Nothing;
    }
    let concerns =
        |(schema, table): &(&str, &str)| has(table) && (schema.eq_ignore_ascii_case(database) || has(schema));
    tables.iter().position(concerns).map_or(Meaning::Nothing, Meaning::Alters)
}

/// Returns the words of a statement, without its comments, but with what stands in those that are run (`/*!...*/`). Names
/// in quotes are words, and so is a point; other signs are not.
fn words(statement: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = statement;
    while let Some(first) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("/*!").or_else(|| rest.strip_prefix("/*M!")) {
            rest = comment.trim_start_matches(|c: char| c.is_ascii_digit());
        } else if rest.starts_with("/*") {
            rest = rest.split_once("*/").map_or("", |(_, rest)| rest);
        } else if rest.starts_with('#') || rest.starts_with("-- ") {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
        } else if matches!(first, '`' | '"' | '\'') {
            let (word, after) = quoted(&rest[1..], first);
            words.push(word);
            rest = after;
        } else if is_of_word(first) {
            let end = rest.find(|c: char| !is_of_word(c)).unwrap_or(rest.len());
            words.push(rest[..end].to_owned());
            rest = &rest[end..];
        } else {
            if first == '.' {
                words.push(".".into());
            }
            rest = &rest[first.len_utf8()..];
        }
    }
    words
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// Returns what is in quotes, and what comes after them.
fn quoted(text: &str, quote: char) -> (String, &str) {
    let (mut word, mut characters) = (String::new(), text.char_indices().peekable());
    while let Some((at, character)) = characters.next() {
        if character == '\\' && quote != '`' {
            word.extend(characters.next().map(|(_, escaped)| escaped));
        } else if character != quote {
            word.push(character);
        } else if characters.peek().is_some_and(|(_, next)| *next == quote) {
            word.push(quote);
            characters.next();
        } else {
            return (word, &text[at + 1..]);
        }
    }
    (word, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: [(&str, &str); 2] = [("shop", "orders"), ("shop", "items")];

    fn of(statement: &str) -> Meaning {
        meaning(statement, "shop", &TABLES)
    }

    #[test]
    fn statements_that_may_alter_a_followed_table_are_found() {
        for statement in [
            "ALTER TABLE orders ADD c int",
            "alter /* why */ table `shop`.`orders` drop c",
            "ALTER ONLINE IGNORE TABLE IF EXISTS orders FORCE",
            "/*!40000 ALTER TABLE `orders` DISABLE KEYS */",
            "DROP TABLE `other`,`orders` /* generated by server */",
            "RENAME TABLE other TO orders, orders TO o",
            "RENAME TABLES other TO orders",
            "CREATE OR REPLACE TABLE orders (id int)",
            "ALTER TABLE other EXCHANGE PARTITION p WITH TABLE Orders",
            "ALTER TABLE orders TRUNCATE PARTITION p",
            "DROP INDEX `PRIMARY` ON orders",
            "DROP DATABASE IF EXISTS shop",
            "# first\nALTER TABLE orders FORCE",
            "SET STATEMENT max_statement_time=1 FOR ALTER TABLE orders FORCE",
        ] {
            assert_eq!(of(statement), Meaning::Alters(0), "{statement}");
        }
    }

    #[test]
    fn statements_about_something_else_mean_nothing() {
        for statement in [
            "CREATE TABLE orders (id int)",
            "CREATE INDEX i ON orders (c)",
            "ALTER TABLE other ADD orders_id int",
            "DROP DATABASE other",
            "CREATE DATABASE shop",
            "DROP VIEW orders_now",
            "CREATE TRIGGER t AFTER INSERT ON orders FOR EACH ROW DELETE FROM items",
            "GRANT SELECT ON orders TO anna",
            "ANALYZE TABLE orders",
            "DROP TEMPORARY TABLE IF EXISTS `shop`.`orders`",
            "TRUNCATE other",
            "TRUNCATE TABLE archive.orders",
            "XA START X'78',X'',1",
            "ALTER TABLE archive.other COMMENT 'was orders'",
        ] {
            assert_eq!(of(statement), Meaning::Nothing, "{statement}");
        }
        assert_eq!(meaning("DROP TABLE orders", "archive", &TABLES), Meaning::Nothing);
    }

    #[test]
    fn what_changes_rows_without_saying_which_is_unclear() {
        for statement in [
            "INSERT INTO other VALUES (1)",
            "UPDATE orders SET c = 1",
            "DELETE FROM x",
            "REPLACE INTO x VALUES (1)",
            "LOAD DATA INFILE 'x' INTO TABLE x",
            "CALL p()",
        ] {
            assert_eq!(of(statement), Meaning::Unclear, "{statement}");
        }
    }

    #[test]
    fn the_steps_of_a_transaction_are_read() {
        assert_eq!(of("BEGIN"), Meaning::Begin);
        assert_eq!(of("COMMIT"), Meaning::Commit);
        assert_eq!(of("ROLLBACK"), Meaning::Rollback);
        assert_eq!(of("SAVEPOINT `a``b`"), Meaning::Savepoint("a`b".into()));
        assert_eq!(of("ROLLBACK TO `s`"), Meaning::RollbackTo("s".into()));
        assert_eq!(of("XA COMMIT X'78',X'',1"), Meaning::EndOfXa);
        assert_eq!(of("TRUNCATE TABLE `items`"), Meaning::Truncate(1));
        assert_eq!(of("TRUNCATE shop.orders WAIT 5"), Meaning::Truncate(0));
        assert_eq!(of("  /* c */ "), Meaning::Nothing);
    }
}
