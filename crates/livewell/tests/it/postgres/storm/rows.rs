//! Statements that change rows.

use super::model::Model;
use super::random::Random;

/// A statement over rows of any of the tables.
pub fn statement(random: &mut Random, model: &Model) -> String {
    if model.is_large && random.once_in(3) {
        return large(random);
    }
    match random.below(16) {
        0..5 => item(random, model),
        5..9 => part(random, model),
        9..11 => place(random),
        11..13 => link(random),
        13..15 => moving(random),
        _ => bulk(random),
    }
}

fn item(random: &mut Random, model: &Model) -> String {
    let (id, other, x) = (random.below(60), random.below(60), random.below(1_000));
    match random.below(20) {
        0..5 => format!(
            "insert into item (id, a, b) values ({id}, {x}, 'b{x}') on conflict (id) do update set a = \
                 excluded.a, b = excluded.b"
        ),
        5..8 => format!("update item set a = nullif({x}, 500) where id between {id} and {id} + 5"),
        8..10 => format!("update item set big = repeat('y', {}) where id = {id}", 20 + x * 40),
        10..12 => format!(
            "update item set id = {other} where id = {id} and not exists (select from item where id = \
                 {other})"
        ),
        12..14 => label(random, model, id),
        14 => format!("update item set p = {} where id between {id} and {id} + 3", model.pair(x)),
        15..17 => optional(random, model, "item", "id"),
        17..19 => format!("delete from item where id between {id} and {id} + 2"),
        _ if random.once_in(4) => "truncate item".into(),
        _ => "update item set b = null".into(),
    }
}

fn label(random: &mut Random, model: &Model, id: u64) -> String {
    let label = random.of(&model.labels).map_or("null".to_owned(), |label| format!("'{label}'"));
    format!("update item set m = {label} where id between {id} and {id} + 9")
}

/// A column that is not always there.
fn optional(random: &mut Random, model: &Model, table: &str, key: &str) -> String {
    let Some(column) = random.of(model.columns(table)).cloned() else { return "select 1".into() };
    let number = random.below(100);
    let value = match column.kind.as_str() {
        "uuid" => "gen_random_uuid()".into(),
        "boolean" => (if number < 50 { "true" } else { "false" }).into(),
        kind if kind.starts_with("timestamp") => {
            format!("timestamptz '2024-01-01 10:00+00' + interval '1 minute' * {number}")
        }
        "integer[]" => format!("array[{number}, null, 3]"),
        kind if kind.contains("char") || kind == "text" => format!("'v{number}'"),
        _ => number.to_string(),
    };
    format!("update {table} set {} = {value} where {key} % 3 = {}", column.name, random.below(3))
}

fn part(random: &mut Random, model: &Model) -> String {
    let (id, d, x) = (random.below(80), random.below(80), random.below(1_000));
    match random.below(16) {
        0..4 => format!(
            "insert into part (id, d, a) values ({id}, {d}, 'a{x}') on conflict (id, d) do update set a = \
                 excluded.a"
        ),
        4..7 => format!(
            "update part p set d = {d} where id = {id} and not exists (select from part where id = {id} and \
                 d = {d})"
        ),
        7..9 => format!("update part set a = 'n{x}' where d between {d} and {d} + 12"),
        9 => format!("update part set id = id + 100 where d = {d} and id < 100"),
        10..12 => format!("delete from part where d between {d} and {d} + 3"),
        12 => optional(random, model, "part", "id"),
        13 => format!("update part set a = repeat('z', {}) where d = {d}", 10 + x),
        14 => {
            let leaves: Vec<&str> = model.leaves.iter().map(|leaf| leaf.name.as_str()).collect();
            format!("truncate {}", random.of(&leaves).unwrap_or(&"part"))
        }
        _ if random.once_in(4) => "truncate part".into(),
        _ => format!(
            "insert into part (id, d, a) select g, g % 80, 'i{x}' from generate_series({id}, {id} + 20) g on \
                 conflict do nothing"
        ),
    }
}

fn place(random: &mut Random) -> String {
    let (a, b, x) = (random.below(5), random.below(5), random.below(100));
    match random.below(8) {
        0..3 => format!(
            "insert into place (a, b, name) values ({a}, {b}, 'n{x}') on conflict (b, a) do update set name \
                 = excluded.name"
        ),
        3..5 => format!("update place set name = 'm{x}' where b = {b}"),
        5 => format!(
            "update place set a = a + 100, b = b + 100 where b = {b}; update place set a = b - 100, b = a - \
                 100 where b >= 100"
        ),
        6 => format!("delete from place where a = {a} and b = {b}"),
        _ => format!("delete from place where a = {a}"),
    }
}

fn link(random: &mut Random) -> String {
    let (id, item) = (random.below(50), random.below(60));
    let (a, b) = (random.below(5), random.below(5));
    match random.below(8) {
        0..3 => format!(
            "insert into link (id, item, place_b, place_a) values ({id}, {item}, {b}, {a}) on conflict (id) \
                 do update set item = excluded.item"
        ),
        3 => format!(
            "update link set place_b = {b}, place_a = nullif({a}, 3) where id between {id} and {id} + 4"
        ),
        4 => format!("update link set item = nullif({item}, 7), note = 'to {item}' where id = {id}"),
        5 => format!(
            "update link set id = id + 1000 where id = {id}; update link set id = id - 1000 where id >= 1000"
        ),
        6 => format!("delete from link where id between {id} and {id} + 2"),
        _ => format!("delete from link where item = {item}"),
    }
}

/// Keys that pass through each other.
fn moving(random: &mut Random) -> String {
    let (a, b) = (1 + random.below(15), 1 + random.below(15));
    match random.below(6) {
        0 => "update moving set pos = -pos - 1; update moving set pos = -pos".into(),
        1 => "update moving set pos = -pos; update moving set pos = 16 + pos".into(),
        2..4 => format!(
            "update moving set pos = 0 where pos = {a}; update moving set pos = {a} where pos = {b}; update \
                 moving set pos = {b} where pos = 0"
        ),
        4 => format!(
            "delete from moving where pos > 20; insert into moving (pos, text) values ({a}, 'n') on conflict \
                 do nothing"
        ),
        _ => format!(
            "insert into moving (pos, text) values (0, 'passing'); update moving set pos = -1 where pos = 0; \
                 delete from moving where pos = -1; update moving set text = 't{b}' where pos = {a}"
        ),
    }
}

/// Rows all over the ranges of a copy: changed, moved from one range to another, replaced, and without values that stay.
fn large(random: &mut Random) -> String {
    let (k, x) = (random.below(50), random.below(3_000));
    let refill = format!(
        "insert into item (id, a, big) select -g, 2, repeat('r', 2500 + g) from generate_series({k}, 3000, 25) g on \
         conflict do nothing"
    );
    match random.below(10) {
        0..3 => format!("update item set a = a + 1 where -id % 50 in ({k}, {x} % 50)"),
        3 => format!("update item set big = repeat('l', 2500 + {x}) where -id % 50 = {k}"),
        4 => format!(
            "update item set id = id - 5000 where id between -{x} - 90 and -{x} and id > -4000; {refill}"
        ),
        5 => format!("update item set id = id + 5000, a = {x} where id < -5000 and -id % 5 = {k} % 5"),
        6 => format!("delete from item where id < 0 and -id % 50 = {k}"),
        7 => format!("truncate item; {LARGE}"),
        _ => refill,
    }
}

/// Makes `item` so large that a copy of it takes several ranges.
pub const LARGE: &str = "insert into item (id, a, big) select -g, 1, case when g % 10 = 0 then repeat('n', 2500 + \
     g) end from generate_series(1, 3000) g on conflict do nothing";

/// So many rows that the server sends them in parts, and their end.
fn bulk(random: &mut Random) -> String {
    let (from, count) = (1_000 + random.below(3) * 1_000, 200 + random.below(800));
    match random.below(3) {
        0 => format!(
            "insert into item (id, a, big) select g, 1, repeat('q', 200) from generate_series({from}, {from} \
                 + {count}) g on conflict do nothing"
        ),
        1 => format!("update item set a = a + 1 where id >= {from}"),
        _ => format!("delete from item where id >= {from}"),
    }
}
