//! Access to the API: for programs that know the server by name and have its token if there is one, never for foreign
//! web pages.

use super::caller::Caller;
use super::context::{Api, Shared};
use super::limits::address;
use super::problem::Problem;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use livewell_config::settings::{DEFAULT_TOKEN, TokenHash};

/// Lets a call pass or refuses it.
pub async fn check(State(api): State<Shared>, mut request: Request, next: Next) -> Response {
    // Checked before the token, so that no page can try tokens.
    let is_known = match api.names.check(&request) {
        Ok(is_known) => is_known,
        Err(refusal) => return refusal.into_response(),
    };
    let path = request.uri().path();
    // Liveness and the page of the dashboard, which asks for the token, reveal nothing.
    let open = matches!(path, "/" | "/health" | "/ready");
    let caller = match api.token.as_ref().filter(|_| !open) {
        None => Caller::anonymous(),
        Some(token) => match check_token(&api, token, &request) {
            Ok(()) => Caller::new(DEFAULT_TOKEN),
            Err(refusal) => return refusal.into_response(),
        },
    };
    caller.admit(&mut request);
    let answer = next.run(request).await;
    if is_known || answer.status().is_success() {
        return answer;
    }
    // A page that was given the name learns only this.
    let message = "not ready; ask by a name that this server knows, or by its address, to see why";
    Problem::new(answer.status().as_u16(), "LW0714", message).into_response()
}

/// Checks that the call has the token. A wrong token counts against the address that it comes from; a missing one does
/// not.
fn check_token(api: &Api, token: &TokenHash, request: &Request) -> Result<(), Problem> {
    let address = address(request);
    if let Some(given) = bearer(request.headers()) {
        if let Err(wait) = api.guesses.check(address) {
            let message = format!("too many wrong tokens came from {address}; try again later");
            let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
            return Err(Problem::new(429, "LW0719", message).retry_after(seconds));
        }
        if TokenHash::of(given) == *token {
            return Ok(());
        }
        api.guesses.note(address);
    }
    Err(Problem::new(401, "LW0707", "send the token of `server.token` as `Authorization: Bearer TOKEN`"))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(header::HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), header::HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_token_is_what_follows_bearer_in_any_case() {
        assert_eq!(bearer(&headers(&[(header::AUTHORIZATION, "bearer  abc")])), Some("abc"));
        assert_eq!(bearer(&headers(&[(header::AUTHORIZATION, "Basic abc")])), None);
    }
}
