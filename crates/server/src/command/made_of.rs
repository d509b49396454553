//! `livewell elements SOURCE --schema`: what a source is made of, as a table.

use crate::render::{Grid, Screen, Shown, counted};
use serde_json::Value as Json;
use std::io::{self, Write};

/// Writes what a source is made of for people, then remarks.
pub fn table(schema: &Json, out: &mut dyn Write) -> io::Result<()> {
    let mut grid = Grid::new(["label or type", "property", "elements", "values", "for example"]);
    for (list, mark) in [("labels", ":"), ("types", "-")] {
        for group in items(&schema[list]) {
            add(&mut grid, &format!("{mark}{}", text(&group["name"])), group);
        }
    }
    if schema["unlabelled"]["count"].as_u64().unwrap_or_default() > 0 {
        add(&mut grid, "no label", &schema["unlabelled"]);
    }
    grid.write(out, &Screen::of_stdout())?;
    let (source, read) = (text(&schema["source_id"]), &schema["elements_read"]);
    let of = match schema["sampled"] == true {
        true => format!("a sample of {read} of {} elements", schema["elements"]),
        false => format!("all {}", counted(read.as_u64().unwrap_or_default(), "element", "elements")),
    };
    writeln!(out, "{source}: {of}, at position {}", schema["position"])?;
    if schema["dangling"]["count"] != 0 {
        let ids: Vec<_> =
            items(&schema["dangling"]["ids"]).iter().map(|id| text(id).escape_debug().to_string()).collect();
        let count = schema["dangling"]["count"].as_u64().unwrap_or_default();
        let (dangle, ids) = (counted(count, "relationship dangles", "relationships dangle"), ids.join(", "));
        writeln!(out, "{source}: {dangle}: {ids}")?;
    }
    if schema["others"] != 0 {
        writeln!(out, "{source}: {} more under names that are not listed", schema["others"])?;
    }
    Ok(())
}

/// Adds the elements of one label or type, and then each of their properties.
fn add(grid: &mut Grid, name: &str, group: &Json) {
    let count = Shown::number(&group["count"]);
    grid.add(vec![Shown::text(name), Shown::text(""), count, Shown::text(""), Shown::text("")]);
    for property in items(&group["properties"]) {
        let cells = [text(&property["name"]), types(property), examples(property)];
        let [property_name, types, examples] = cells.map(|cell| Shown::text(&cell));
        let count = Shown::number(&property["count"]);
        grid.add(vec![Shown::text(name), property_name, count, types, examples]);
    }
}

fn items(list: &Json) -> &[Json] {
    list.as_array().map_or(&[], Vec::as_slice)
}

fn text(of: &Json) -> String {
    of.as_str().unwrap_or_default().to_owned()
}

/// Returns how many values are of which type, or the type alone if all are of it.
fn types(property: &Json) -> String {
    let types: Vec<_> = property["types"].as_object().into_iter().flatten().collect();
    match &types[..] {
        [(name, _)] => (*name).clone(),
        several => several.iter().map(|(name, n)| format!("{n} {name}")).collect::<Vec<_>>().join(", "),
    }
}

fn examples(property: &Json) -> String {
    items(&property["examples"]).iter().map(Json::to_string).collect::<Vec<_>>().join(", ")
}
