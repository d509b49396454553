//! Who may call: whoever has the token, where there is one, and never a foreign web page in a browser.

use super::Shared;
use super::problem::Problem;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Lets a call pass or refuses it.
pub async fn check(State(api): State<Shared>, request: Request, next: Next) -> Response {
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
    if is_foreign(request.headers()) {
        let message = "the call comes from a web page of another origin, which this server does not serve";
        return Problem::new(403, "LW0713", message).into_response();
    }
    next.run(request).await
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

/// Whether a browser sends this for a page that did not come from here.
fn is_foreign(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return false };
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    origin.is_none() || origin != host
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(header::HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), header::HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_page_of_another_origin_is_foreign_and_a_program_is_not() {
        let host = (header::HOST, "127.0.0.1:7171");
        assert!(!is_foreign(&headers(std::slice::from_ref(&host))));
        assert!(!is_foreign(&headers(&[host.clone(), (header::ORIGIN, "http://127.0.0.1:7171")])));
        assert!(is_foreign(&headers(&[host.clone(), (header::ORIGIN, "http://example.com")])));
        assert!(is_foreign(&headers(&[host, (header::ORIGIN, "null")])));
    }

    #[test]
    fn only_the_whole_token_is_the_token() {
        assert!(same(b"secret", b"secret"));
        assert!(!same(b"secret", b"secreT") && !same(b"secret", b"secre") && !same(b"", b"s"));
        assert_eq!(bearer(&headers(&[(header::AUTHORIZATION, "bearer  abc")])), Some("abc"));
        assert_eq!(bearer(&headers(&[(header::AUTHORIZATION, "Basic abc")])), None);
    }
}
