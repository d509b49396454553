//! Calls that stand beside the components of a kind, where one of these may have the same name.

/// Returns the path of the calls about one component, if this is the path of a call that stands beside them.
pub(super) fn named_as_a_call(path: &str) -> Option<&'static str> {
    let (kind, name) = path.strip_prefix("/api/v1/")?.split_once('/')?;
    let path = match kind {
        "sources" => "/api/v1/sources/{id}",
        "queries" => "/api/v1/queries/{id}",
        "reactions" => "/api/v1/reactions/{id}",
        _ => return None,
    };
    matches!(name, "check" | "try").then_some(path)
}
