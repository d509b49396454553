//! The tables of a storm: how they begin, and what the catalogs say of them in the middle of it.

use crate::postgres::compared::Table;
use crate::postgres::database::Database;
use std::collections::BTreeMap;

/// The tables, with the columns that are always there and whose types stay.
pub const TABLES: &str = "
    create type mood as enum ('sad', 'fine', 'happy');
    create type pair as (a int, b text);
    create table item (id int primary key, a int, b text, m mood, p pair, big text);
    alter table item alter big set storage external;
    create table part (id int, d int, a text, primary key (id, d)) partition by range (d);
    create table part_a partition of part for values from (0) to (10);
    create table part_b partition of part for values from (10) to (20);
    create table part_tree partition of part for values from (20) to (40) partition by range (d);
    create table part_c partition of part_tree for values from (20) to (30);
    create table part_d partition of part_tree default;
    create table part_rest partition of part default;
    create table place (a int, b int, name text, primary key (b, a));
    create table link (id int primary key, item int, place_b int, place_a int, note text);
    create table moving (pos int primary key, text text);
    insert into item select g, g, 'b' || g, 'fine', row(g, 'p')::pair, repeat('x', 5000 + g) from \
    generate_series(1, 40) g;
    insert into part select g, g % 60, 'a' || g from generate_series(1, 60) g;
    insert into place select g % 5, g / 5, 'n' || g from generate_series(0, 19) g;
    insert into link select g, g, g % 4, g % 5, null from generate_series(1, 30) g;
    insert into moving select g, 't' || g from generate_series(1, 15) g;";

/// The tables as the source follows them.
pub fn followed() -> Vec<Table> {
    let link = Table::new("link", &["id"]).tied("OF", "item", &["item"], &["id"]);
    vec![
        Table::new("item", &["id"]),
        Table::new("part", &["id", "d"]),
        Table::new("place", &["b", "a"]),
        link.tied("AT", "place", &["place_b", "place_a"], &["b", "a"]),
        Table::new("moving", &["pos"]),
    ]
}

/// A column that comes, goes and changes.
#[derive(Debug, Clone)]
pub struct Column {
    pub name: String,
    pub kind: String,
}

/// A table under `part`, or one that may become it.
#[derive(Debug, Clone)]
pub struct Leaf {
    pub name: String,
    /// The table it is a partition of, if it is one.
    pub parent: Option<String>,
    /// Where its range begins and ends, if it has one.
    pub range: Option<(i64, i64)>,
}

/// What the catalogs say.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// The columns of each table beside those it began with.
    pub columns: BTreeMap<String, Vec<Column>>,
    pub leaves: Vec<Leaf>,
    /// The labels of `mood`, in order.
    pub labels: Vec<String>,
    /// The fields of `pair`.
    pub fields: Vec<String>,
    /// Whether `pair` may be altered. The server itself waits for who has altered it, to send a value of it, and who has
    /// altered it waits for the server if the receiver is a synchronous standby.
    pub may_alter_pair: bool,
    /// Whether a copy of `item` takes several ranges.
    pub is_large: bool,
}

/// The names of the tables whose columns change.
pub const ALTERED: [&str; 5] = ["item", "part", "place", "link", "moving"];

const COLUMNS: &str = "select 'column', c.relname, a.attname, format_type(atttypid, atttypmod) \
     from pg_attribute a join pg_class c on c.oid = attrelid \
     where c.oid = any (array['item', 'part', 'place', 'link', 'moving']::regclass[]) and attnum > 0 \
     and not attisdropped and attname ~ '^c[0-9]' order by 2, 3;";
const LEAVES: &str = "select 'leaf', c.relname, coalesce(p.relname, ''), \
     coalesce(pg_get_expr(c.relpartbound, c.oid), '') \
     from pg_class c left join pg_inherits i on i.inhrelid = c.oid left join pg_class p on p.oid = \
     i.inhparent where c.relname like 'part\\_%' and c.relkind in ('r', 'p') order by 2;";
const TYPES: &str = "select 'label', enumlabel from pg_enum where enumtypid = 'mood'::regtype order by \
     enumsortorder; \
     select 'field', attname from pg_attribute where attrelid = (select typrelid from pg_type where oid = \
     'pair'::regtype) and attnum > 0 and not attisdropped order by attnum;";

impl Model {
    /// Reads the catalogs.
    pub fn read(database: &Database) -> Self {
        let mut model = Self::default();
        for line in database.ask(&format!("{COLUMNS}{LEAVES}{TYPES}")).lines() {
            let fields: Vec<&str> = line.split('|').collect();
            match fields.as_slice() {
                ["column", table, name, kind] => {
                    let column = Column { name: (*name).into(), kind: (*kind).into() };
                    model.columns.entry((*table).into()).or_default().push(column);
                }
                ["leaf", name, parent, bound] => model.leaves.push(Leaf {
                    name: (*name).into(),
                    parent: Some((*parent).to_owned()).filter(|parent| !parent.is_empty()),
                    range: range(bound),
                }),
                ["label", label] => model.labels.push((*label).into()),
                ["field", field] => model.fields.push((*field).into()),
                other => panic!("{other:?} in the catalogs"),
            }
        }
        model
    }

    pub fn columns(&self, table: &str) -> &[Column] {
        self.columns.get(table).map_or(&[], Vec::as_slice)
    }

    /// Ranges of ten under `part` itself that no partition has.
    pub fn free(&self) -> Vec<i64> {
        let is_taken = |from: &i64| {
            let under_root = self.leaves.iter().filter(|leaf| leaf.parent.as_deref() == Some("part"));
            let mut ranges = under_root.filter_map(|leaf| leaf.range);
            ranges.any(|(begin, end)| begin < from + 10 && *from < end)
        };
        (0..8).map(|at| at * 10).filter(|from| !is_taken(from)).collect()
    }

    /// A value of the type `pair` with as many fields as it has.
    pub fn pair(&self, a: u64) -> String {
        let rest = ",".repeat(self.fields.len().saturating_sub(1));
        if self.fields.is_empty() { "null".into() } else { format!("'({a}{rest})'") }
    }
}

/// `FOR VALUES FROM (0) TO (10)`.
fn range(bound: &str) -> Option<(i64, i64)> {
    let numbers: Vec<i64> = bound.split(['(', ')']).filter_map(|part| part.parse().ok()).collect();
    if let [from, to] = numbers[..] { Some((from, to)) } else { None }
}
