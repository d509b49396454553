//! `livewell elements`: the contents of a source, from a server or from a store directory.

use super::find::Found;
use super::made_of;
use super::offline;
use crate::api::elements::{Counts, Element, LIMIT_MAX, Page};
use crate::api::schema::Schema;
use crate::api::wire::json;
use crate::cli::{Elements, StatusFormat};
use crate::client::{Client, encoded};
use crate::failure::Failure;
use crate::render::{Grid, Screen, Shown};
use livewell::inventory::{self, Filter};
use livewell::schema;
use livewell_source::suggest;
use livewell_store::EmbeddedStore;
use serde_json::Value as Json;
use std::io::{self, BufWriter, Write};

/// Shows the counts, the elements with a label or of a type one a line, or one element.
pub fn run(asked: &Elements, found: &Found) -> Result<(), Failure> {
    let held = match found {
        Found::Store(directory) => Held::Store(Box::new(offline::open(directory)?)),
        Found::Server(client) => Held::Server(client),
    };
    let mut out = BufWriter::new(io::stdout().lock());
    match &asked.element {
        Some(id) => writeln!(out, "{:#}", held.element(&asked.source, id)?)?,
        None if asked.label.is_some() || asked.kind.is_some() => list(&held, asked, &mut out)?,
        None if asked.schema => {
            let schema = held.schema(&asked.source)?;
            match asked.format {
                StatusFormat::Json => writeln!(out, "{schema:#}")?,
                StatusFormat::Table => made_of::table(&schema, &mut out)?,
            }
        }
        None => {
            let counts = held.counts(&asked.source)?;
            match asked.format {
                StatusFormat::Json => writeln!(out, "{counts:#}")?,
                StatusFormat::Table => table(&counts, &mut out)?,
            }
        }
    }
    Ok(out.flush()?)
}

/// Where elements are read from.
enum Held<'a> {
    Store(Box<EmbeddedStore>),
    Server(&'a Client),
}

impl Held<'_> {
    fn counts(&self, source: &str) -> Result<Json, Failure> {
        match self {
            Self::Store(store) => {
                let counted = inventory::count(&**store, source, &|| false).map_err(Failure::failed)?;
                Ok(json(&Counts::of(source.to_owned(), counted)))
            }
            Self::Server(client) => client.get(&format!("/api/v1/sources/{source}/counts")),
        }
    }

    fn schema(&self, source: &str) -> Result<Json, Failure> {
        match self {
            Self::Store(store) => {
                let read = schema::read(&**store, source, None, &|| false).map_err(Failure::failed)?;
                Ok(json(&Schema::of(source.to_owned(), &read)))
            }
            Self::Server(client) => client.get(&format!("/api/v1/sources/{source}/schema")),
        }
    }

    fn element(&self, source: &str, id: &str) -> Result<Json, Failure> {
        match self {
            Self::Store(store) => {
                let found = inventory::element(&**store, source, id).map_err(Failure::failed)?;
                let missing =
                    || Failure::failed(format!("the source `{source}` has no element `{id}` [LW0501]"));
                Ok(json(&Element::from(&found.ok_or_else(missing)?)))
            }
            Self::Server(client) => client.get(&format!("/api/v1/sources/{source}/elements/{}", encoded(id))),
        }
    }

    /// Returns a page in the form of the API.
    fn page(&self, asked: &Elements, after: Option<&str>) -> Result<Json, Failure> {
        let Elements { source, label, kind, .. } = asked;
        match self {
            Self::Store(store) => {
                let filter = Filter { label: label.clone(), kind: kind.clone(), ..Filter::default() };
                let page = inventory::page(&**store, source, &filter, after, LIMIT_MAX);
                Ok(json(&Page::from(page.map_err(Failure::failed)?)))
            }
            Self::Server(client) => {
                let mut path = format!("/api/v1/sources/{source}/elements?limit={LIMIT_MAX}");
                let given = [("label", label.as_deref()), ("type", kind.as_deref()), ("after", after)];
                for (name, value) in given.into_iter().filter_map(|(name, value)| Some((name, value?))) {
                    path.push_str(&format!("&{name}={}", encoded(value)));
                }
                client.get(&path)
            }
        }
    }
}

fn list(held: &Held<'_>, asked: &Elements, out: &mut dyn Write) -> Result<(), Failure> {
    let (mut after, mut is_empty) = (None::<String>, true);
    loop {
        let page = held.page(asked, after.as_deref())?;
        for element in page["elements"].as_array().into_iter().flatten() {
            writeln!(out, "{element}")?;
            is_empty = false;
        }
        match page["next"].as_str() {
            Some(next) => after = Some(next.to_owned()),
            None if is_empty => return say_none(&held.counts(&asked.source)?, asked),
            None => return Ok(()),
        }
    }
}

/// Prints which labels or types there are, since a typing error looks like an empty result.
fn say_none(counts: &Json, asked: &Elements) -> Result<(), Failure> {
    let (what, name, there) = match (&asked.label, &asked.kind) {
        (Some(label), _) => ("node has the label", label, &counts["labels"]),
        (None, kind) => {
            ("relationship is of the type", kind.as_ref().unwrap_or(&asked.source), &counts["types"])
        }
    };
    let names: Vec<&str> = there.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    let advice =
        if names.is_empty() { "there is none at all".to_owned() } else { suggest::advice(name, &names) };
    Ok(writeln!(io::stderr(), "note: no {what} `{name}`; {advice}")?)
}

/// Writes the counts for people, then remarks.
fn table(counts: &Json, out: &mut dyn Write) -> io::Result<()> {
    let mut grid = Grid::new(["", "label or type", "elements", "for example"]);
    for (what, groups) in [("nodes", &counts["labels"]), ("relationships", &counts["types"])] {
        for (name, group) in groups.as_object().into_iter().flatten() {
            let (count, samples) = (Shown::number(&group["count"]), Shown::text(&samples(group)));
            grid.add(vec![Shown::text(what), Shown::text(name), count, samples]);
        }
    }
    grid.write(out, &Screen::of_stdout())?;
    let source = counts["source_id"].as_str().unwrap_or_default();
    let counted = |count: &Json, what: &str| format!("{count} {what}{}", if *count == 1 { "" } else { "s" });
    let nodes = counted(&counts["nodes"], "node");
    let relationships = counted(&counts["relationships"], "relationship");
    writeln!(out, "{source}: {nodes}, {relationships} at position {}", counts["position"])?;
    let (dangling, samples) = (&counts["dangling"]["count"], samples(&counts["dangling"]));
    if *dangling != 0 {
        writeln!(
            out,
            "{source}: dangling: {}, of which an end is not there, such as {samples}; no pattern matches them until it \
             comes",
            counted(dangling, "relationship")
        )?;
    }
    if counts["others"] != 0 {
        writeln!(out, "{source}: {} more under labels and types that are not listed", counts["others"])?;
    }
    if counts["changed"] == true {
        writeln!(out, "{source}: it changed while it was counted, so the numbers are of no one moment")?;
    }
    Ok(())
}

fn samples(group: &Json) -> String {
    let ids = group["samples"].as_array().into_iter().flatten().filter_map(Json::as_str);
    ids.map(|id| id.escape_debug().to_string()).collect::<Vec<_>>().join(", ")
}
