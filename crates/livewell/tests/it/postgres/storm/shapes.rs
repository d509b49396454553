//! Statements that change tables.

use super::model::{ALTERED, Column, Model};
use super::random::Random;

/// More columns than these are not added to a table.
const COLUMNS_MAX: usize = 5;
/// More fields and labels than these are not added to a type.
const FIELDS_MAX: usize = 5;

/// A change of a table, type or partition. `serial` makes new names.
pub fn statement(random: &mut Random, model: &Model, serial: u64) -> String {
    match random.below(12) {
        0..6 => columns(random, model, serial),
        6..10 => partitions(random, model, serial),
        10 => types(random, model, serial),
        _ => whole(random, serial),
    }
}

fn columns(random: &mut Random, model: &Model, serial: u64) -> String {
    let table = random.of(&ALTERED).copied().unwrap_or("item");
    let there = model.columns(table);
    if there.len() < 2 || (there.len() < COLUMNS_MAX && random.once_in(3)) {
        return added(random, table, &format!("c{serial}"));
    }
    let column = random.of(there).cloned().expect("there are two");
    let name = &column.name;
    match random.below(10) {
        0 => format!("alter table {table} drop column {name}"),
        1 => format!("alter table {table} drop column {name}; {}", added(random, table, name)),
        2 => format!("alter table {table} rename column {name} to c{serial}"),
        3 => {
            let (one, other) = (&there[0].name, &there[1].name);
            format!(
                "alter table {table} rename column {one} to aside; alter table {table} rename column {other} \
                     to {one}; alter table {table} rename column aside to {other}"
            )
        }
        4..8 => retyped(random, table, &column),
        8 => format!("alter table {table} alter {name} drop default"),
        _ => format!("alter table {table} drop column {name}, add column {name} {}", column.kind),
    }
}

fn added(random: &mut Random, table: &str, name: &str) -> String {
    let number = random.below(100);
    let kind = match random.below(11) {
        0 => "int".into(),
        1 => "text".into(),
        2 => format!("int default {number}"),
        3 => format!("int not null default {number}; alter table {table} alter {name} drop default"),
        4 => format!("varchar(20) default 'v{number}'"),
        5 => format!("uuid default gen_random_uuid(); alter table {table} alter {name} drop default"),
        6 => "timestamptz default now()".into(),
        7 => format!("int; alter table {table} alter {name} set default {number}"),
        8 => "numeric(8,2) default 1.25".into(),
        9 => "int[] default '{1,2}'".into(),
        _ => "boolean default true".into(),
    };
    format!("alter table {table} add column {name} {kind}")
}

fn retyped(random: &mut Random, table: &str, column: &Column) -> String {
    let (name, number) = (&column.name, random.below(10));
    let to = match column.kind.as_str() {
        "integer" if number < 3 => "bigint".to_owned(),
        "integer" if number < 5 => format!("int using {name} + 1"),
        "integer" => format!("text using 'n' || {name}"),
        "bigint" => format!("bigint using {name} * 2"),
        "text" if number < 3 => format!("text using upper({name})"),
        "text" if number < 5 => "varchar(60)".into(),
        "text" => format!("int using length({name})"),
        "numeric(8,2)" if number < 5 => "numeric(12,2)".into(),
        kind if kind.starts_with("numeric") => "numeric(12,1)".into(),
        kind if kind.starts_with("character varying") => {
            (if number < 5 { "text" } else { "varchar(90)" }).into()
        }
        "boolean" => format!("boolean using not {name}"),
        kind => format!("{kind} using {name}"),
    };
    let defaults = format!("alter table {table} alter {name} drop default");
    format!(
        "alter table {table} alter {name} drop not null; {defaults}; alter table {table} alter {name} type \
             {to}"
    )
}

fn partitions(random: &mut Random, model: &Model, serial: u64) -> String {
    let here = |of: &str| -> Vec<&str> {
        let leaves = model.leaves.iter().filter(|leaf| leaf.parent.as_deref() == Some(of));
        leaves.map(|leaf| leaf.name.as_str()).collect()
    };
    let (under, free) = (here("part"), model.free());
    let aside: Vec<&str> =
        model.leaves.iter().filter(|leaf| leaf.parent.is_none()).map(|leaf| leaf.name.as_str()).collect();
    let leaf = random.of(&under).copied().unwrap_or("part_none");
    let from = random.of(&free).copied().unwrap_or(200 + 10 * i64::try_from(serial).unwrap_or(0));
    let to = from + 10;
    let new = format!("part_{serial}");
    match random.below(11) {
        0 => format!(
            "delete from part where d >= {from} and d < {to}; create table {new} partition of part for \
                 values from ({from}) to ({to})"
        ),
        1 => format!(
            "delete from part where d >= {from} and d < {to}; create table {new} (like part including all); \
             insert into {new} (id, d, a) select g, {from} + g % 10, 'own' from generate_series(1, 12) g; \
             alter table part attach partition {new} for values from ({from}) to ({to})"
        ),
        2 => format!("alter table part detach partition {leaf}"),
        3 => format!(
            "alter table part detach partition {leaf}; update {leaf} set a = 'apart'; delete from {leaf} \
                 where id % 4 = 0"
        ),
        4 => format!("drop table {leaf}"),
        5 => format!(
            "delete from part where d >= {from} and d < {to}; create table {new} partition of part for \
                 values from ({from}) to ({to}) \
             partition by range (d); create table {new}_x partition of {new} for values from ({from}) to \
             ({to}); insert into part (id, d, a) values ({serial}, {from}, 'deep')"
        ),
        6 => format!("alter table {leaf} rename to {new}"),
        7 => match random.of(&aside).copied() {
            Some(table) => format!(
                "delete from part where d >= {from} and d < {to}; update {table} set d = {from} + d % 10 \
                     where d < {from} or d >= {to}; \
                 alter table part attach partition {table} for values from ({from}) to ({to})"
            ),
            None => format!("truncate {leaf}"),
        },
        8 => changed_apart(random, model),
        9 => format!("alter table {leaf} replica identity full; update part set a = 'seen' where id % 5 = 0"),
        _ => format!(
            "truncate {leaf}; insert into part (id, d, a) values ({serial}, 5, 'after') on conflict do \
                 nothing"
        ),
    }
}

/// A partition that is changed, then changed apart from its table, where nothing is sent, and is a part of it again.
fn changed_apart(random: &mut Random, model: &Model) -> String {
    let under = model.leaves.iter().filter(|leaf| leaf.parent.as_deref() == Some("part"));
    let ranges: Vec<_> = under.filter_map(|leaf| Some((&leaf.name, leaf.range?))).collect();
    let Some((leaf, (from, to))) = random.of(&ranges) else { return "select 1".into() };
    format!(
        "insert into part (id, d, a) select g, {from} + g % 10, 'sent' from generate_series(1, 20) g on conflict (id, d) \
         do update set a = excluded.a; update part set a = 'sent' where d >= {from} and d < {to}; \
         alter table part detach partition {leaf}; delete from {leaf} where id % 3 = 0; \
         update {leaf} set a = 'apart' where id % 3 = 1; \
         alter table part attach partition {leaf} for values from ({from}) to ({to})"
    )
}

fn types(random: &mut Random, model: &Model, serial: u64) -> String {
    let label = random.of(&model.labels).cloned().unwrap_or_default();
    let field = random.of(&model.fields).cloned().unwrap_or_default();
    match random.below(5) {
        2 if model.labels.len() < FIELDS_MAX => format!("alter type mood add value 'm{serial}'"),
        choice if choice < 2 || !model.may_alter_pair => {
            format!("alter type mood rename value '{label}' to 'm{serial}'")
        }
        3 if model.fields.len() < FIELDS_MAX => format!("alter type pair add attribute f{serial} int"),
        4 if model.fields.len() > 1 => format!("alter type pair drop attribute {field}"),
        _ => format!("alter type pair rename attribute {field} to f{serial}"),
    }
}

/// What concerns a table as a whole.
fn whole(random: &mut Random, serial: u64) -> String {
    let table = random.of(&["item", "place", "link", "moving"]).copied().unwrap_or("item");
    match random.below(7) {
        0 => format!("vacuum full {table}"),
        1 => {
            format!("alter table {table} replica identity nothing; alter table {table} replica identity full")
        }
        2 => format!("alter table {table} replica identity default"),
        3 => format!("alter table {table} replica identity full"),
        4 => format!("create index i{serial} on {table} ((1)); analyze {table}"),
        5 => {
            format!("alter table {table} rename to away{serial}; alter table away{serial} rename to {table}")
        }
        _ => format!("cluster {table} using {table}_pkey; grant select on {table} to public"),
    }
}
