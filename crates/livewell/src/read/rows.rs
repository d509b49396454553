//! Converts rows for programs: to maps, or to types of the program.

use crate::Error;
use crate::read::results::Results;
use livewell_model::{Map, SmolStr, Value};
use serde::de::DeserializeOwned;

/// Returns a row as a map from the names of its columns to its values.
pub fn to_map(columns: &[SmolStr], row: &[Value]) -> Map {
    columns.iter().zip(row).map(|(name, value)| (name.as_str(), value.clone())).collect()
}

/// Returns a row as a type of the program, by the names of its columns, in the same way as from the API's JSON, where a
/// decimal, a day or a moment is a text.
///
/// # Errors
/// Returns LW0507 if the row does not fit the type.
pub fn to<T: DeserializeOwned>(columns: &[SmolStr], row: &[Value]) -> Result<T, Error> {
    let json = serde_json::to_value(to_map(columns, row));
    json.and_then(serde_json::from_value).map_err(|error| Error::invalid("LW0507", error.to_string()))
}

impl Results {
    /// Returns the rows as maps, as [`Results::rows`] streams them.
    ///
    /// # Errors
    /// Returns the errors of [`Results::rows`], also from the iterator.
    pub fn maps(&self) -> Result<impl Iterator<Item = Result<Map, Error>> + '_, Error> {
        Ok(self.rows()?.map(|row| Ok(to_map(&self.columns, &row?.1))))
    }

    /// Returns the rows as a type of the program, as [`Results::rows`] streams them.
    ///
    /// ```
    /// use livewell::{Change, InProcess, Livewell, MemoryStore, Node, Query};
    ///
    /// #[derive(serde::Deserialize, PartialEq, Debug)]
    /// struct Order {
    ///     id: String,
    ///     total: i64,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), livewell::Error> {
    /// let livewell = Livewell::builder().store(MemoryStore::new()).build()?;
    /// let orders = livewell.add_source(InProcess::new("orders")).await?;
    /// let text = "MATCH (o:Order) RETURN o.id AS id, o.total AS total";
    /// livewell.add_query(Query::cypher("all", text).from("orders")).await?;
    /// orders.send(Change::insert(Node::new("o1").label("Order").set("id", "o1").set("total", 250))).await?;
    /// livewell.idle().await?;
    ///
    /// let results = livewell.results("all")?;
    /// let all: Vec<Order> = results.rows_as()?.collect::<Result<_, _>>()?;
    /// assert_eq!(all, [Order { id: "o1".into(), total: 250 }]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns the errors of [`Results::rows`]; from the iterator also LW0507 for a row that does not fit.
    pub fn rows_as<T: DeserializeOwned>(&self) -> Result<impl Iterator<Item = Result<T, Error>> + '_, Error> {
        Ok(self.rows()?.map(|row| to(&self.columns, &row?.1)))
    }
}
