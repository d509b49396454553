//! What the catalogs say about the followed tables: everything that a stored row depends on.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A fingerprint of the catalogs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::postgres) struct Facts {
    /// `None` if there is no such publication.
    pub publication: Option<PublicationFacts>,
    /// The followed tables and all their partitions, by number.
    pub tables: BTreeMap<u32, TableFacts>,
    /// The types of their columns, and the types that those are made of.
    pub types: BTreeMap<u32, TypeFacts>,
}

/// A publication.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::postgres) struct PublicationFacts {
    pub oid: u32,
    /// A value that differs after each change of its row, even one that was undone.
    pub version: String,
    pub all_tables: bool,
    /// Whether it sends inserts, updates, deletes and truncates.
    pub sends_all: bool,
    /// Whether rows of partitions are sent as those of the root.
    pub via_root: bool,
    /// What is sent of generated columns (18 and later): `n`one or `s`tored.
    pub generated: String,
    /// The numbers of the schemas of which it sends all tables.
    pub schemas: Vec<u32>,
    pub comment: Option<String>,
}

/// A table or a partition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::postgres) struct TableFacts {
    /// The table that the settings name.
    pub root: u32,
    pub schema: String,
    pub schema_oid: u32,
    pub name: String,
    /// `r` or `p`, as in `pg_class.relkind`.
    pub kind: String,
    pub is_logged: bool,
    /// `d`, `i`, `f` or `n`, as in `pg_class.relreplident`.
    pub identity: String,
    /// A value that differs after each rewrite.
    pub file: u32,
    /// How many column numbers were ever assigned.
    pub numbers: i16,
    /// For a partition: a value that differs each time that it, or a partition that it is in, was attached.
    pub attached: String,
    /// Whether row security keeps rows from this role.
    pub has_policy: bool,
    pub may_read: bool,
    pub columns: Vec<ColumnFacts>,
    /// Its unique indexes that have no predicate and no expression.
    pub keys: Vec<KeyFacts>,
    /// Its entries in the publication.
    pub sent: Vec<SentFacts>,
}

/// A column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::postgres) struct ColumnFacts {
    pub number: i16,
    pub name: String,
    /// A value that differs after each `ALTER` of it, even one that was undone.
    pub version: String,
    pub kind: u32,
    pub modifier: i32,
    pub collation: u32,
    /// Whether different texts are never equal.
    pub is_deterministic: bool,
    pub not_null: bool,
    /// The value of rows that existed before the column, as an array of one item; `None` if they have none.
    pub missing: Option<String>,
    /// Empty, `s` or `v`, as in `pg_attribute.attgenerated`.
    pub generated: String,
    /// A digest of the expression that generates it.
    pub expression: Option<String>,
}

/// A unique index.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::postgres) struct KeyFacts {
    pub index: u32,
    /// The numbers of its columns, in its order.
    pub columns: Vec<i16>,
    pub is_primary: bool,
    pub is_identity: bool,
    /// Whether it is checked at each row, rather than at the end of the statement or transaction.
    pub is_immediate: bool,
    pub is_valid: bool,
}

/// A table's entry in the publication.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::postgres) struct SentFacts {
    pub oid: u32,
    pub version: String,
    /// The numbers of the columns that are sent, if not all.
    pub columns: Option<String>,
    /// A digest of the filter, if there is one.
    pub filter: Option<String>,
}

/// A type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::postgres) struct TypeFacts {
    pub name: String,
    /// `b`, `c`, `d`, `e`, `r` or `m`, as in `pg_type.typtype`.
    pub kind: String,
    pub base: u32,
    pub modifier: i32,
    pub element: u32,
    /// Whether it is an array of `element`.
    pub is_array: bool,
    pub delimiter: String,
    /// For a range: the type that it ranges over.
    pub subtype: u32,
    /// For an enum: the numbers and texts of its labels.
    pub labels: Vec<(u32, String)>,
    /// For a composite type: number, name, type and modifier of each field.
    pub fields: Vec<(i16, String, u32, i32)>,
}

impl TableFacts {
    /// Returns schema and name as people write them, for messages.
    pub fn shown(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    pub fn column(&self, number: i16) -> Option<&ColumnFacts> {
        self.columns.iter().find(|column| column.number == number)
    }

    /// Returns the names of the columns with these numbers, as far as they are there.
    pub fn names(&self, numbers: &[i16]) -> Vec<String> {
        numbers.iter().filter_map(|number| Some(self.column(*number)?.name.clone())).collect()
    }

    /// Returns the columns of the index by which the server tells rows apart in the stream; none if it sends whole
    /// rows, or nothing.
    pub fn identity_key(&self) -> Option<&KeyFacts> {
        let is = |key: &&KeyFacts| match self.identity.as_str() {
            "d" => key.is_primary && key.is_immediate,
            "i" => key.is_identity,
            _ => false,
        };
        self.keys.iter().find(is)
    }
}

impl Facts {
    /// Returns the tables whose rows are sent under this table's name and number: itself; with partitions that are sent
    /// as themselves, those that hold rows.
    pub fn units(&self, root: u32) -> Vec<u32> {
        let Some(table) = self.tables.get(&root) else { return Vec::new() };
        let via_root = self.publication.as_ref().is_some_and(|publication| publication.via_root);
        if table.kind != "p" || via_root {
            return vec![root];
        }
        let leaf =
            |(oid, table): (&u32, &TableFacts)| (table.root == root && table.kind == "r").then_some(*oid);
        self.tables.iter().filter_map(leaf).collect()
    }

    /// Returns the table of this name, if it exists.
    pub fn find(&self, schema: &str, name: &str) -> Option<(u32, &TableFacts)> {
        let is = |(oid, table): &(&u32, &TableFacts)| {
            table.root == **oid && table.schema == schema && table.name == name
        };
        self.tables.iter().find(is).map(|(oid, table)| (*oid, table))
    }

    /// Returns the facts on which the rows of one unit depend.
    pub fn unit(&self, oid: u32, mapping: u64, key: &[String]) -> Option<UnitFacts> {
        let table = self.tables.get(&oid)?.clone();
        let below = |(_, other): &(&u32, &TableFacts)| table.kind == "p" && other.root == oid;
        let below: BTreeMap<u32, TableFacts> =
            self.tables.iter().filter(below).map(|(oid, table)| (*oid, table.clone())).collect();
        let sent = self.tables.values().filter(|other| other.root == table.root && other.kind == "p");
        let sent = sent.flat_map(|other| other.sent.iter().cloned()).collect();
        let mut types = BTreeMap::new();
        table.columns.iter().for_each(|column| self.collect_types(column.kind, &mut types));
        let publication = self.publication.clone().unwrap_or_default();
        let number = |name: &String| table.columns.iter().find(|column| column.name == *name);
        let key = key.iter().filter_map(|name| Some(number(name)?.number)).collect();
        let root_name = self.tables.get(&table.root).map(|root| (root.schema.clone(), root.name.clone()));
        let root_name = root_name.unwrap_or_default();
        Some(UnitFacts { root: table.root, root_name, mapping, key, publication, table, below, sent, types })
    }

    fn collect_types(&self, kind: u32, into: &mut BTreeMap<u32, TypeFacts>) {
        let Some(facts) = self.types.get(&kind).filter(|_| !into.contains_key(&kind)) else { return };
        into.insert(kind, facts.clone());
        self.collect_types(facts.base, into);
        self.collect_types(facts.element, into);
        self.collect_types(facts.subtype, into);
        facts.fields.iter().for_each(|field| self.collect_types(field.2, into));
    }
}

/// The facts on which the rows of one unit depend: a table, or a partition that is sent as itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::postgres) struct UnitFacts {
    pub root: u32,
    /// Schema and name of the root.
    pub root_name: (String, String),
    /// A digest of the mapping that the settings give for its rows.
    pub mapping: u64,
    /// The numbers of its key's columns.
    pub key: Vec<i16>,
    pub publication: PublicationFacts,
    pub table: TableFacts,
    /// Partitions whose rows are sent as the root's.
    pub below: BTreeMap<u32, TableFacts>,
    /// The entries in the publication of the tables that it is a partition of.
    pub sent: Vec<SentFacts>,
    pub types: BTreeMap<u32, TypeFacts>,
}
