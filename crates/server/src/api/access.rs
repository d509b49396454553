//! Who may call: programs that know the server by name and have its token if there is one, never foreign web pages.

use super::Shared;
use super::problem::Problem;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Lets a call pass or refuses it.
pub async fn check(State(api): State<Shared>, request: Request, next: Next) -> Response {
    // Before the token, so that no page can try tokens.
    let is_known = match api.names.check(&request) {
        Ok(is_known) => is_known,
        Err(refusal) => return refusal.into_response(),
    };
    let path = request.uri().path();
    // Liveness and the page of the dashboard, which asks for the token, say nothing that one would protect.
    let open = matches!(path, "/" | "/health" | "/ready");
    if let Some(token) = api.token.as_deref().filter(|_| !open)
        && !bearer(request.headers()).is_some_and(|given| same(given.as_bytes(), token.as_bytes()))
    {
        let mut refusal =
            Problem::new(401, "LW0707", "send the token of `server.token` as `Authorization: Bearer TOKEN`")
                .into_response();
        refusal.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
        return refusal;
    }
    let answer = next.run(request).await;
    if is_known || answer.status().is_success() {
        return answer;
    }
    // A page that was given the name learns no more than that.
    let message = "not ready; ask by a name that this server knows, or by its address, to see why";
    Problem::new(answer.status().as_u16(), "LW0714", message).into_response()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Compares in a time that depends on the length alone.
fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(header::HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), header::HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn only_the_whole_token_is_the_token() {
        assert!(same(b"secret", b"secret"));
        assert!(!same(b"secret", b"secreT") && !same(b"secret", b"secre") && !same(b"", b"s"));
        assert_eq!(bearer(&headers(&[(header::AUTHORIZATION, "bearer  abc")])), Some("abc"));
        assert_eq!(bearer(&headers(&[(header::AUTHORIZATION, "Basic abc")])), None);
    }
}
