//! What a client does next: statements of rows and of tables in transactions, with savepoints, and by themselves.

use super::model::{Model, followed};
use super::random::Random;
use super::{rows, shapes};

/// The publication that is not Livewell's, where there is one.
pub const PUBLICATION: &str = "p";

/// What the statements may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Rows,
    Tables,
    /// Tables, and the publication, which is not Livewell's.
    Publication,
}

/// Makes statements at random, always the same ones of the same seed and catalogs.
pub struct Generator {
    random: Random,
    /// For names that were not there before.
    serial: u64,
    scope: Scope,
}

impl Generator {
    pub fn new(seed: u64, scope: Scope) -> Self {
        Self { random: Random::new(seed), serial: 0, scope }
    }

    /// Of the client's own choices.
    pub fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// Texts to run one after another, each in a session of its own. The server may refuse one; the next one is run
    /// all the same.
    pub fn next(&mut self, model: &Model) -> Vec<String> {
        self.serial += 1;
        match self.random.below(20) {
            // No partition is emptied alone: that changes the table rather than its rows.
            _ if self.scope == Scope::Rows => {
                vec![self.transaction(&Model { leaves: Vec::new(), ..model.clone() }, false)]
            }
            0..10 => vec![self.transaction(model, false)],
            10..13 => vec![self.shape(model)],
            13..16 => vec![self.transaction(model, true)],
            16 => vec![self.shape_rolled_back(model)],
            17 => self.made_again(),
            _ if self.scope == Scope::Publication => self.published(model),
            _ => vec![self.row(model)],
        }
    }

    fn row(&mut self, model: &Model) -> String {
        rows::statement(&mut self.random, model)
    }

    fn shape(&mut self, model: &Model) -> String {
        self.serial += 1;
        shapes::statement(&mut self.random, model, self.serial)
    }

    /// Statements over rows, with a change of a table among them if asked.
    fn transaction(&mut self, model: &Model, has_shape: bool) -> String {
        let count = 1 + self.random.below(5);
        let at = self.random.below(count);
        let mut statements = Vec::new();
        for number in 0..count {
            if has_shape && number == at {
                statements.push(self.shape(model));
            }
            let row = self.row(model);
            statements.push(match self.random.below(8) {
                0 => format!("savepoint s; {row}; rollback to s"),
                1 => format!("savepoint s; {row}; release s"),
                _ => row,
            });
        }
        let end = if self.random.once_in(8) { "rollback" } else { "commit" };
        format!("begin; {}; {end}", statements.join("; "))
    }

    /// A change of a table that is taken back, in the middle of rows that stay.
    fn shape_rolled_back(&mut self, model: &Model) -> String {
        let (before, shape, within, after) =
            (self.row(model), self.shape(model), self.row(model), self.row(model));
        format!("begin; {before}; savepoint s; {shape}; {within}; rollback to s; {after}; commit")
    }

    /// A table renamed away or dropped, with another one in its place.
    fn made_again(&mut self) -> Vec<String> {
        let (serial, x) = (self.serial, self.random.below(100));
        let made = "create table moving (pos int primary key, text text)";
        let published = |gone: &str| {
            if self.scope == Scope::Publication {
                format!(
                    "alter publication {PUBLICATION} drop table {gone}; alter publication {PUBLICATION} add \
                         table moving;"
                )
            } else {
                String::new()
            }
        };
        let gone = format!("gone{serial}");
        match self.random.clone().below(3) {
            0 => vec![
                format!(
                    "begin; alter table moving rename to {gone}; {made}; insert into moving select pos, text \
                         || '{x}' from {gone}; {} commit",
                    published(&gone)
                ),
                format!("drop table {gone}"),
            ],
            1 => vec![format!(
                "begin; alter table moving rename to {gone}; {made}; insert into moving values ({x}, \
                     'only'); {} drop table {gone}; commit",
                published(&gone)
            )],
            _ => {
                let add = if self.scope == Scope::Publication {
                    format!("alter publication {PUBLICATION} add table moving;")
                } else {
                    String::new()
                };
                vec![format!(
                    "begin; drop table moving; {made}; {add} insert into moving select g, 'new' from \
                         generate_series(1, 15) g; commit"
                )]
            }
        }
    }

    /// A publication that leaves something out for a while.
    fn published(&mut self, model: &Model) -> Vec<String> {
        let alter = format!("alter publication {PUBLICATION}");
        let tables: Vec<String> = followed().into_iter().map(|table| table.name).collect();
        let table = self.random.of(&tables).cloned().unwrap_or_default();
        let (narrow, wide) = match self.random.below(5) {
            0 => (format!("{alter} drop table {table}"), format!("{alter} add table {table}")),
            1 => (
                format!("{alter} set (publish = 'insert')"),
                format!("{alter} set (publish = 'insert, update, delete, truncate')"),
            ),
            2 => (format!("drop publication {PUBLICATION}"), publication()),
            3 => (
                format!("{alter} drop table item; {alter} add table item (id, a)"),
                format!("{alter} drop table item; {alter} add table item"),
            ),
            _ => (
                format!("{alter} drop table link; {alter} add table link where (id > 20)"),
                format!("{alter} drop table link; {alter} add table link"),
            ),
        };
        let mut statements = vec![narrow];
        statements.extend((0..1 + self.random.below(3)).map(|_| rows::statement(&mut self.random, model)));
        statements.push(wide);
        statements
    }
}

/// Makes the publication with all it should have.
pub fn publication() -> String {
    let tables: Vec<String> = followed().into_iter().map(|table| table.name).collect();
    format!("create publication {PUBLICATION} for table {}", tables.join(", "))
}
