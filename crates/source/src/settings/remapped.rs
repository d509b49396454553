//! Whether other settings of a `postgres` source make something else of the rows that are stored.

use super::postgres::{ForeignKey, PostgresSettings, TableSettings, table_name};
use crate::error::code;
use crate::{ErrorKind, SourceError};
use std::collections::BTreeMap;

impl PostgresSettings {
    /// Refuses settings that make something else of the rows of a table that was copied by the settings `was`. What only
    /// the catalogs of the database tell, such as a primary key in the place of a named one, is not judged.
    ///
    /// # Errors
    /// Returns [`ErrorKind::Changed`] with the tables, and what copies them again.
    pub(crate) fn check_change(&self, was: &Self) -> Result<(), SourceError> {
        let before: BTreeMap<_, &TableSettings> =
            was.tables.iter().map(|table| (table.name(), table)).collect();
        let is_another = |table: &&TableSettings| {
            let known = before.get(&table.name());
            known.is_some_and(|known| {
                self.infinity != was.infinity || !table.makes_the_same(known) || table.has_other_key(known)
            })
        };
        let shown = |table: &TableSettings| {
            let (schema, name) = table.name();
            format!("{schema}.{name}")
        };
        let changed: Vec<String> = self.tables.iter().filter(is_another).map(shown).collect();
        if changed.is_empty() {
            return Ok(());
        }
        let tables: Vec<String> = changed.iter().map(|table| format!("`{table}`")).collect();
        let resets: Vec<String> =
            changed.iter().map(|table| format!("`livewell reset {} --table {table}`", self.id)).collect();
        let message = format!(
            "these settings make something else of the rows of {} that are stored; {} copies them again",
            tables.join(", "),
            resets.join(" and ")
        );
        Err(SourceError::new(ErrorKind::Changed, code::MAPPING, message))
    }
}

impl TableSettings {
    /// Returns whether rows become the same with both: their label, relationships and types.
    fn makes_the_same(&self, other: &Self) -> bool {
        let is_same = |(one, other): (&ForeignKey, &ForeignKey)| {
            (&one.kind, &one.columns) == (&other.kind, &other.columns)
                && table_name(&one.table) == table_name(&other.table)
        };
        self.label() == other.label()
            && self.types == other.types
            && self.relationships.len() == other.relationships.len()
            && self.relationships.iter().zip(&other.relationships).all(is_same)
    }

    /// Returns whether both name a key, and not the same.
    fn has_other_key(&self, other: &Self) -> bool {
        !self.key.is_empty() && !other.key.is_empty() && self.key != other.key
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Infinity;
    use serde_json::{Value as Json, json};

    fn settings(tables: &Json) -> PostgresSettings {
        let all = json!({ "id": "shop", "url": "postgres://127.0.0.1/shop", "tables": tables });
        serde_json::from_value(all).unwrap()
    }

    #[test]
    fn settings_that_make_something_else_of_the_rows_of_a_table_are_told_from_others() {
        let was = settings(&json!([{ "table": "orders" }, { "table": "public.people", "key": ["id"] }]));
        for same in [
            json!([{ "table": "public.orders", "label": "orders" }, { "table": "people" }]),
            json!([{ "table": "orders", "key": ["id"] }, { "table": "new", "label": "New" }]),
        ] {
            assert_eq!(settings(&same).check_change(&was), Ok(()), "{same}");
        }
        let by = json!([{ "type": "BY", "table": "people", "columns": ["by"] }]);
        for (other, table) in [
            (json!([{ "table": "orders", "label": "Order" }]), "public.orders"),
            (json!([{ "table": "people", "key": ["name"] }]), "public.people"),
            (json!([{ "table": "orders", "types": { "total": "text" } }]), "public.orders"),
            (json!([{ "table": "orders", "relationships": by }]), "public.orders"),
        ] {
            let error = settings(&other).check_change(&was).unwrap_err();
            assert_eq!((error.kind, error.code), (ErrorKind::Changed, "LW0216"), "{other}");
            assert!(error.message.contains(&format!("--table {table}")), "{error}");
        }
        let infinite = PostgresSettings { infinity: Infinity::Null, ..was.clone() };
        assert!(infinite.check_change(&was).is_err());
    }
}
