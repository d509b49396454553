//! What a token says of its owner.

use livewell_config::settings::{ClaimOrText, Only, OnlyOfClaims, Scope};
use serde::Deserialize;
use serde_json::{Map, Value};

/// How many characters of a subject logs show.
const SUBJECT_CHARS_MAX: usize = 100;

/// The claims of a token whose signature was right.
#[derive(Debug, Deserialize)]
pub struct Claims {
    /// When it expires, in seconds since 1970.
    pub exp: u64,
    sub: String,
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl Claims {
    /// Returns what logs call its owner.
    pub fn name(&self) -> String {
        let shown = self.sub.chars().map(|c| if c.is_control() { '?' } else { c }).take(SUBJECT_CHARS_MAX);
        format!("oidc:{}", shown.collect::<String>())
    }

    /// Returns the scopes in this claim: a text with spaces between them, or a list. Other providers' words are left out.
    pub fn scopes(&self, claim: &str) -> Vec<Scope> {
        let words: Vec<&str> = match self.claim(claim) {
            Some(Value::String(text)) => text.split(' ').collect(),
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        Scope::ALL.into_iter().filter(|scope| words.contains(&scope.name())).collect()
    }

    /// Returns the query and the values that its owner may read.
    ///
    /// # Errors
    /// Returns which claim is missing or is not one value.
    pub fn bound(&self, only: &OnlyOfClaims) -> Result<Only, String> {
        let value = |(name, value): (&String, &ClaimOrText)| {
            let text = match value {
                ClaimOrText::Text(text) => text.clone(),
                ClaimOrText::Claim(claim) if claim == "sub" => self.sub.clone(),
                ClaimOrText::Claim(claim) => match self.claim(claim) {
                    Some(Value::String(text)) => text.clone(),
                    Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
                    Some(_) => return Err(format!("its claim `{claim}` is not one value")),
                    None => return Err(format!("it has no claim `{claim}`")),
                },
            };
            Ok((name.clone(), text))
        };
        let values = only.values.iter().map(value).collect::<Result<_, _>>()?;
        Ok(Only { query: only.query.clone(), values })
    }

    /// Returns a claim by its name, or by a JSON pointer as in `/realm_access/roles`.
    fn claim(&self, name: &str) -> Option<&Value> {
        let Some(path) = name.strip_prefix('/') else { return self.others.get(name) };
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        let outer = self.others.get(&first.replace("~1", "/").replace("~0", "~"))?;
        if rest.is_empty() { Some(outer) } else { outer.pointer(&format!("/{rest}")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn scopes_are_known_words_in_a_text_a_list_or_further_in() {
        let claims: Claims = serde_json::from_value(json!({
            "exp": 1, "sub": "a\nb", "scope": "openid read  administerx ingest", "roles": ["operate", 7, "read"],
            "realm_access": { "roles": ["administer"] }, "odd": { "read": true },
        }))
        .unwrap();
        assert_eq!(claims.scopes("scope"), [Scope::Read, Scope::Ingest]);
        assert_eq!(claims.scopes("roles"), [Scope::Read, Scope::Operate]);
        assert_eq!(claims.scopes("/realm_access/roles"), [Scope::Administer]);
        for none in ["odd", "absent", "exp", "/realm_access", "/absent/roles", "/"] {
            assert_eq!(claims.scopes(none), [], "{none}");
        }
        assert_eq!(claims.name(), "oidc:a?b");
    }
}
