//! `If-Match` (RFC 9110) of calls that change a definition: they do so only if it is still the one that the caller has seen.

use super::context::Api;
use super::problem::Problem;
use axum::http::{HeaderMap, header};
use livewell::Definition;

/// The definitions, by their hashes, that a caller is prepared to change.
#[derive(Debug)]
pub enum Expected {
    /// Whatever it is.
    Any,
    /// One with one of these hashes.
    OneOf(Vec<String>),
}

/// Returns what tells a definition from others; `None` of what only a program can make.
pub fn hash(api: &Api, definition: &Definition) -> Option<String> {
    definition.spec.settings.as_ref().map(|settings| api.seal.hash(settings))
}

impl Expected {
    /// Reads the header. One with a weak tag expects something that no definition has.
    ///
    /// # Errors
    /// Returns 400 if it is not a list of tags.
    pub fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut tags = Vec::new();
        for value in headers.get_all(header::IF_MATCH) {
            let text = value.to_str().map_err(|_| malformed())?;
            for tag in text.split(',').map(str::trim) {
                match tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
                    Some(hash) if !hash.contains('"') => tags.push(hash.to_owned()),
                    _ if tag == "*" => return Ok(Self::Any),
                    _ if tag.starts_with("W/\"") => tags.push(tag.to_owned()),
                    _ => return Err(malformed()),
                }
            }
        }
        Ok(if tags.is_empty() { Self::Any } else { Self::OneOf(tags) })
    }

    /// Checks that component `id` is what the caller expects. That holds as long as the lock `changing` is held.
    ///
    /// # Errors
    /// Returns 412, with the hash of what it is, or an error if the store cannot be read.
    pub fn check(&self, api: &Api, id: &str) -> Result<(), Problem> {
        let Self::OneOf(expected) = self else { return Ok(()) };
        let hash = hash(api, &api.livewell.definition(id)?);
        if hash.as_ref().is_some_and(|hash| expected.contains(hash)) {
            return Ok(());
        }
        let message = format!(
            "`{id}` has another definition than the one that this call expects: somebody has changed it since; read \
             `definition` again, and decide whether the change still holds"
        );
        Err(Problem::new(412, "LW0830", message).with("hash", hash).with("expected", expected.clone()))
    }
}

fn malformed() -> Problem {
    let message =
        "`If-Match` is the `hash` of a definition in double quotes, as in `If-Match: \"0123456789abcdef\"`";
    Problem::new(400, "LW0701", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn tags_are_read_from_lists_and_anything_else_is_refused() {
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::IF_MATCH, HeaderValue::from_str(value).unwrap());
            }
            match Expected::of(&headers) {
                Ok(Expected::Any) => "any".to_owned(),
                Ok(Expected::OneOf(tags)) => tags.join(" "),
                Err(problem) => problem.status().to_string(),
            }
        };
        for (values, expected) in [
            (&[][..], "any"),
            (&["*"], "any"),
            (&["\"ab\""], "ab"),
            (&["\"ab\", \"cd\"", "\"ef\""], "ab cd ef"),
            (&["W/\"ab\""], "W/\"ab\""),
            (&["ab"], "400"),
            (&[""], "400"),
            (&["\"ab"], "400"),
            (&["\"a\"b\""], "400"),
        ] {
            assert_eq!(of(values), expected, "{values:?}");
        }
    }
}
