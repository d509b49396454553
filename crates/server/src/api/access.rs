//! Access to the API: for programs that know the server by name and have a token with the scope of the call if there are
//! tokens, and for web pages of the origins that the configuration lists, never for others.

use super::context::{Api, Shared};
use super::grant::Grant;
use super::guard::Guard;
use super::limits::address;
use super::problem::Problem;
use super::scopes::{self, Need};
use super::tokens::Token;
use super::turned_away;
use crate::oidc::{Oidc, Refused};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use smol_str::SmolStr;
use std::net::IpAddr;

/// Lets a call pass or refuses it.
pub async fn check(State(api): State<Shared>, mut request: Request, next: Next) -> Response {
    let guard = api.guard();
    // Checked before the token, so that no page can try tokens.
    let is_known = match api.names.check(&request, |origin| guard.allows(origin)) {
        Ok(is_known) => is_known,
        Err(refusal) => return refusal.into_response(),
    };
    let ends = match admitted(&api, &guard, &mut request).await {
        Ok(grant) => {
            grant.caller.admit(&mut request);
            grant.ends
        }
        Err(refusal) => return refused(refusal),
    };
    let answer = ends.bound(next.run(request).await);
    if is_known || answer.status().is_success() {
        return answer;
    }
    // A page that was given the name learns only this.
    let message = "not ready; ask by a name that this server knows, or by its address, to see why";
    Problem::new(answer.status().as_u16(), "LW0714", message).into_response()
}

/// Why a call is refused, and the name of its token if that is known.
struct Refusal {
    problem: Problem,
    caller: Option<SmolStr>,
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self { problem, caller: None }
    }
}

impl Refusal {
    fn of(grant: &Grant) -> impl FnOnce(Problem) -> Self + use<> {
        let caller = Some(grant.caller.name.clone());
        move |problem| Self { problem, caller }
    }
}

/// Returns what the caller may do, if that includes this call.
async fn admitted(api: &Api, guard: &Guard, request: &mut Request) -> Result<Grant, Refusal> {
    let path = request.extensions().get::<MatchedPath>();
    // Whether there is a call is known to callers with a token.
    let need = path.map_or(Need::Token, |path| scopes::need(request.method(), path.as_str()));
    if guard.is_open() || need == Need::Nothing {
        return Ok(Grant::of_anybody());
    }
    let given = bearer(request.headers()).map(str::to_owned);
    let grant = identified(api, guard, address(request), given.as_deref()).await?;
    grant.check(need, request).await.map_err(Refusal::of(&grant))?;
    Ok(grant)
}

/// Returns what the token of a call allows. A wrong token counts against the address that it comes from; a missing one
/// does not.
async fn identified(
    api: &Api,
    guard: &Guard,
    address: IpAddr,
    given: Option<&str>,
) -> Result<Grant, Refusal> {
    let mut reason = String::new();
    if let Some(given) = given {
        if let Err(wait) = api.guesses.check(address) {
            let message = format!("too many wrong tokens came from {address}; try again later");
            let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
            return Err(Problem::new(429, "LW0719", message).retry_after(seconds).into());
        }
        if let Some(token) = guard.tokens.find(given) {
            return counted(token);
        }
        let is_guess = match guard.oidc.as_ref().filter(|_| Oidc::is_token(given)) {
            None => true,
            Some(oidc) => match oidc.check(given).await {
                Ok(identity) => return Ok(Grant::of(identity, oidc)),
                Err(Refused::Forged(why)) => {
                    reason = format!("; this one is refused: {why}");
                    true
                }
                Err(Refused::Invalid(why)) => {
                    reason = format!("; this one is refused: {why}");
                    false
                }
            },
        };
        if is_guess {
            api.guesses.note(address);
        }
    }
    let message = format!("send a token that this server knows as `Authorization: Bearer TOKEN`{reason}");
    Err(Problem::new(401, "LW0707", message).into())
}

/// Counts a call of a token.
fn counted(token: &Token) -> Result<Grant, Refusal> {
    let grant = token.grant();
    if token.count() {
        return Ok(grant);
    }
    let message = format!(
        "more calls a second came with the token `{}` than its `requests_per_second` allows; try again",
        grant.caller.name
    );
    Err(Refusal::of(&grant)(Problem::new(429, "LW0704", message).retry_after(1)))
}

/// Returns a refusal; a missing scope also stands where clients of OAuth look for it (RFC 6750).
fn refused(Refusal { problem, caller }: Refusal) -> Response {
    let is_scope = problem.member("scope").and_then(|scope| scope.as_str());
    let challenge = is_scope.map(|scope| format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\""));
    let mut answer = problem.into_response();
    if let Some(caller) = caller {
        answer.extensions_mut().insert(turned_away::Refused(caller));
    }
    if let Some(challenge) = challenge.and_then(|text| HeaderValue::from_str(&text).ok()) {
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    answer
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
