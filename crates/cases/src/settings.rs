//! The settings of a query, as a page writes them in JSON.

use livewell_model::Map;
use livewell_model::json::value_from_json;
use livewell_query::for_each::declared;
use livewell_query::{Join, Limits, Settings};
use serde_json::Value as Json;

/// What an example says beside its query.
#[derive(Debug, Default)]
pub struct Given {
    /// The values of its parameters.
    pub params: Map,
    /// The settings of its engine.
    pub settings: Settings,
    /// The values of its reader, for a query that is run for each value of parameters.
    pub of: Option<Map>,
}

/// Reads parameters, joins and limits, as in a configuration, and the values of a reader.
///
/// # Errors
/// Returns what is not a setting.
pub fn given(json: Option<&str>) -> Result<Given, String> {
    let Given { mut params, mut settings, mut of } = Given::default();
    let json: Json = serde_json::from_str(json.unwrap_or("{}")).map_err(|error| error.to_string())?;
    for (name, value) in json.as_object().ok_or("settings are an object")? {
        match name.as_str() {
            "params" => params = map(value)?,
            "for" => of = Some(map(value)?),
            "for_each" => {
                settings.for_each = declared::deserialize(value).map_err(|error| error.to_string())?;
            }
            "joins" => {
                let joins = value.as_array().ok_or("joins are a list")?;
                settings.joins = joins.iter().map(join).collect::<Option<_>>().ok_or("what join is that?")?;
            }
            "limits" => settings.limits = limits(value).ok_or("limits are `hops` and `rows`")?,
            _ => return Err(format!("there is no setting `{name}`")),
        }
    }
    Ok(Given { params, settings, of })
}

fn map(json: &Json) -> Result<Map, String> {
    let mut map = Map::new();
    for (name, value) in json.as_object().ok_or("it is not an object")? {
        map.insert(name.as_str(), value_from_json(value).map_err(|error| error.to_string())?);
    }
    Ok(map)
}

fn join(json: &Json) -> Option<Join> {
    let mut join = Join::new(json["type"].as_str()?);
    for key in json["keys"].as_array()? {
        join = join.key(key["label"].as_str()?, key["property"].as_str()?);
    }
    Some(join)
}

fn limits(json: &Json) -> Option<Limits> {
    let mut limits = Limits::default();
    for (name, value) in json.as_object()? {
        match name.as_str() {
            "hops" => limits.hops = u32::try_from(value.as_u64()?).ok()?,
            "rows" => limits.rows = usize::try_from(value.as_u64()?).ok()?,
            _ => return None,
        }
    }
    Some(limits)
}
