//! Scenarios and their files.

use crate::table::Table;
use crate::value::{self, Read, Unread, array, map, text};
use livewell_model::{Element, Map};
use serde_json::Value as Json;

/// A file of scenarios. Each is decoded when it is read, so that a malformed one concerns no other.
#[derive(Debug)]
pub struct File {
    json: Json,
}

/// A query over a graph, and its expected outcome.
#[derive(Debug)]
pub struct Scenario<'a> {
    json: &'a Json,
    graphs: &'a Json,
}

/// What a scenario expects.
#[derive(Debug)]
pub enum Expected {
    /// These rows.
    Rows(Table),
    /// The query is rejected, when it is compiled or while it runs. The text says which error.
    Error(String),
}

impl File {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// Returns what is wrong with it as a whole.
    pub fn read(text: &str) -> Result<Self, String> {
        let json: Json = serde_json::from_str(text).map_err(|error| error.to_string())?;
        match (json["scenarios"].is_array(), json["graphs"].is_object()) {
            (true, true) => Ok(Self { json }),
            _ => Err("no file of scenarios: `graphs` and `scenarios` are missing".into()),
        }
    }

    /// Returns the scenarios in the order of the file.
    pub fn scenarios(&self) -> impl Iterator<Item = Scenario<'_>> {
        let scenarios = self.json["scenarios"].as_array().into_iter().flatten();
        scenarios.map(|json| Scenario { json, graphs: &self.json["graphs"] })
    }
}

impl Scenario<'_> {
    /// Returns the scenario's id.
    pub fn id(&self) -> &str {
        self.json["id"].as_str().unwrap_or("(a scenario without an id)")
    }

    /// Returns the group in which it is counted.
    pub fn tier(&self) -> &str {
        self.json["tier"].as_str().unwrap_or("(no tier)")
    }

    /// Returns the query's text.
    ///
    /// # Errors
    /// Returns [`Unread`] if it is malformed.
    pub fn query(&self) -> Read<&str> {
        text(&self.json["query"])
    }

    /// Returns the parameters' values; a scenario without parameters may leave them out.
    ///
    /// # Errors
    /// Returns [`Unread`] if they are malformed.
    pub fn params(&self) -> Read<Map> {
        self.json.get("params").map_or_else(|| Ok(Map::new()), map)
    }

    /// Returns the elements of its graph; none if it names no graph.
    ///
    /// # Errors
    /// Returns [`Unread`] if they are malformed.
    pub fn graph(&self) -> Read<Vec<Element>> {
        let Some(id) = self.json["graph"].as_str() else { return Ok(Vec::new()) };
        let graph = self.graphs.get(id).ok_or_else(|| Unread::Malformed(format!("no graph `{id}`")))?;
        let mut elements = Vec::new();
        for node in array(&graph["nodes"])? {
            elements.push(value::node(text(&node["id"])?, node)?.into());
        }
        for via in array(&graph["rels"])? {
            let ends = [text(&via["id"])?, text(&via["src"])?, text(&via["dst"])?];
            elements.push(value::relationship(via, ends)?.into());
        }
        Ok(elements)
    }

    /// Returns the expected outcome.
    ///
    /// # Errors
    /// Returns [`Unread`] if it is malformed.
    pub fn expected(&self) -> Read<Expected> {
        let expect = &self.json["expect"];
        match text(&expect["kind"])? {
            "rows" => Ok(Expected::Rows(Table::read(expect)?)),
            "error" => {
                let word = |name: &str| expect[name].as_str().unwrap_or("?").to_owned();
                Ok(Expected::Error(format!("{} ({}, {})", word("error"), word("detail"), word("phase"))))
            }
            _ => Err(value::malformed("`rows` or `error`", &expect["kind"])),
        }
    }
}
