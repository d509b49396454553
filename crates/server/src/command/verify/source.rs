//! `livewell verify SOURCE`: compares what a source holds with its database.

use crate::cli::TextFormat;
use crate::client::{Client, encoded};
use crate::failure::Failure;
use crate::progress::Progress;
use serde_json::Value as Json;
use std::io::{self, Write};

/// Returns whether the server has a source with this id.
pub fn is_source(client: &Client, id: &str) -> Result<bool, Failure> {
    Ok(client.find(&format!("/api/v1/sources/{}", encoded(id)))?.is_some())
}

/// Asks the server to compare, and prints the result.
pub fn run(client: &Client, id: &str, table: Option<&str>, format: TextFormat) -> Result<(), Failure> {
    let query = table.map(|table| format!("?table={}", encoded(table))).unwrap_or_default();
    let shown = Progress::of_unknown(format!("comparing `{id}` with its database"));
    let found = client.post(&format!("/api/v1/sources/{id}/verify{query}"))?;
    drop(shown);
    let mut out = io::stdout();
    if format == TextFormat::Json {
        writeln!(out, "{found:#}")?;
        return if found["equal"] == true { Ok(()) } else { Err(Failure::Failed(String::new())) };
    }
    for table in list(&found, "tables") {
        writeln!(out, "{}", summary(table))?;
    }
    for difference in list(&found, "differences") {
        let text = |field: &str| difference[field].as_str().unwrap_or("nothing").to_owned();
        let (element, stored, database) = (text("id"), text("stored"), text("database"));
        writeln!(out, "`{element}` is stored as {stored}, and the database has {database}")?;
    }
    let count = found["count"].as_u64().unwrap_or_default();
    let (position, snapshot) = (found["position"].as_str(), found["snapshot"].as_str());
    let place = format!(
        "at {} in the log of the database, compared with its snapshot {}",
        position.unwrap_or_default(),
        snapshot.unwrap_or_default()
    );
    if count > 0 {
        let elements = if count == 1 { "1 element".to_owned() } else { format!("{count} elements") };
        return Err(Failure::failed(format!(
            "`{id}` is not what its database has: {elements} differ {place}; the first differences are above. \
             `livewell reset {id} --table TABLE` copies a table again [LW0717]"
        )));
    }
    if found["equal"] != true {
        return Err(Failure::failed(format!(
            "`{id}` could not be compared as a whole {place}; verify it again once `livewell status` shows that it \
             has caught up [LW0717]"
        )));
    }
    Ok(writeln!(out, "`{id}` is right {place}")?)
}

fn list<'a>(found: &'a Json, field: &str) -> impl Iterator<Item = &'a Json> {
    found[field].as_array().into_iter().flatten()
}

/// Describes a table in one line.
fn summary(table: &Json) -> String {
    let name = table["name"].as_str().unwrap_or_default();
    if let Some(why) = table["not_compared"].as_str() {
        return format!("{name}: not compared: {why}");
    }
    let number = |field: &str| table[field].as_u64().unwrap_or_default();
    let rows = number("rows");
    let mut line = format!("{name}: {rows} {}", if rows == 1 { "row" } else { "rows" });
    for (field, what) in [
        ("differences", "elements differ"),
        ("behind", "differ, and the source is behind the database"),
        ("kept_changing", "changed each time they were read"),
        ("parked", "parked"),
    ] {
        if number(field) > 0 {
            line.push_str(&format!(", {} {what}", number(field)));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_table_is_one_line_with_what_is_worth_saying() {
        let table =
            json!({ "name": "public.t", "rows": 3, "differences": 0, "parked": 1, "not_compared": null });
        assert_eq!(summary(&table), "public.t: 3 rows, 1 parked");
        let table = json!({ "name": "public.t", "rows": 0, "not_compared": "it is being copied" });
        assert_eq!(summary(&table), "public.t: not compared: it is being copied");
        assert_eq!(encoded("public.a b&é"), "public.a%20b%26%C3%A9");
    }
}
