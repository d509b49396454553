//! Results that are there: those of a new query come once it is built.

use super::context::Api;
use super::problem::Problem;

/// Returns the results, unless the query is new and has none yet.
pub(super) fn built(api: &Api, results: livewell::Results) -> Result<livewell::Results, Problem> {
    if results.is_to_come() {
        let id = &results.query_id;
        let message = match keeps_from_building(api, id) {
            Some(why) => format!("the first rows of `{id}` cannot be built yet: {why}"),
            None => format!("the first rows of `{id}` are still being built"),
        };
        return Err(Problem::new(503, "LW0714", message).retry_after(1));
    }
    Ok(results)
}

/// Returns what keeps the rows of a new query from being built, if it is more than that this takes its time: its own trouble,
/// or that of something that it reads.
fn keeps_from_building(api: &Api, id: &str) -> Option<String> {
    let trouble = |id: &str| api.livewell.condition(id).trouble.map(|(trouble, _)| trouble);
    let sources = api.config().queries.get(id)?.sources.clone();
    let of_source = |source: &String| Some(format!("`{source}`: {}", trouble(source)?));
    sources.iter().find_map(of_source).or_else(|| trouble(id))
}
