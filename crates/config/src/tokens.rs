//! What `server.token` and `server.tokens` must be: named, hard to guess, and of use.

use super::access::{DEFAULT_TOKEN, Scope, TOKEN_CHARS_MIN, TokenHash, TokenSettings};
use super::problem::{self, code};
use super::section::Section;
use super::settings::ServerSettings;
use super::tree::Node;
use livewell::Query;
use livewell_model::component::{ID_RULE, is_component_id};
use livewell_query::language::Diagnostic;
use livewell_query::language::ast::Span;

/// Names that logs use for callers without a token.
const RESERVED: [&str; 4] = ["anonymous", "control-socket", "oidc", "unknown"];

/// Adds what is wrong with the tokens.
pub fn check(node: &Node, settings: &ServerSettings, problems: &mut Vec<Diagnostic>) {
    if let Some(place) = node.get("token").filter(|token| is_blank(token)) {
        problems.push(empty(place, "on a loopback address it may be left out"));
    }
    let nodes = node.get("tokens").map(Node::items).unwrap_or_default();
    let mut before: Vec<&TokenSettings> = Vec::new();
    let short = settings.token.map(TokenSettings::default_of);
    before.extend(&short);
    for (at, token) in settings.tokens.iter().enumerate() {
        let place = nodes.get(at).unwrap_or(node);
        check_name(place, token, &before, problems);
        check_secret(place, token, &before, problems);
        check_scopes(place, token, problems);
        before.push(token);
    }
}

/// Tokens that can be guessed, each with its place.
pub fn weak(server: &Node) -> Vec<(Span, String)> {
    let short = server.get("token").map(|token| (DEFAULT_TOKEN, token));
    let named = server.get("tokens").map(Node::items).unwrap_or_default().iter();
    let named = named.filter_map(|item| Some((item.get("name")?.text()?, item.get("token")?)));
    let weak = |(name, token): (&str, &Node)| {
        let length = token.text()?.chars().count();
        (length < TOKEN_CHARS_MIN).then(|| {
            let message = format!(
                "the token `{name}` has {length} characters, and one with fewer than {TOKEN_CHARS_MIN} can be \
                 guessed; `livewell token` makes a new one"
            );
            (token.span, message)
        })
    };
    short.into_iter().chain(named).filter_map(weak).collect()
}

/// Tokens that are bound to something that is not there, each with its place: it may come by a call.
pub fn astray(server: &Node, settings: &ServerSettings, queries: &Section<Query>) -> Vec<(Span, String)> {
    let nodes = server.get("tokens").map(Node::items).unwrap_or_default();
    let token = |(token, node): (&TokenSettings, &Node)| {
        let only = token.only.as_ref()?;
        let place = node.get("only").unwrap_or(node).span;
        let (name, id) = (&token.name, &only.query);
        let Some(query) = queries.get(id) else {
            let message =
                format!("the token `{name}` may only read `{id}`, and there is no query `{id}` here");
            return Some((place, message));
        };
        let asked: Vec<&str> = query.for_each.iter().map(|parameter| parameter.name.as_str()).collect();
        let fits =
            only.values.len() == asked.len() && asked.iter().all(|name| only.values.contains_key(*name));
        (!only.values.is_empty() && !fits).then(|| {
            let asked =
                if asked.is_empty() { "no values".into() } else { format!("`{}`", asked.join("`, `")) };
            (place, format!("the token `{name}` fits nothing: `{id}` is read for {asked}"))
        })
    };
    settings.tokens.iter().zip(nodes).filter_map(token).collect()
}

fn check_name(
    place: &Node,
    token: &TokenSettings,
    before: &[&TokenSettings],
    problems: &mut Vec<Diagnostic>,
) {
    let span = place.get("name").unwrap_or(place).span;
    let name = &token.name;
    let (message, help) = if !is_component_id(name) {
        (format!("`{name}` is not a name for a token"), ID_RULE)
    } else if RESERVED.contains(&name.as_str()) {
        (
            format!("a token cannot be called `{name}`"),
            "logs use this name for callers without a token of this list",
        )
    } else if before.iter().any(|other| other.name == *name) {
        let help = "each token has a name of its own; `default` is `server.token`";
        (format!("there are two tokens `{name}`"), help)
    } else {
        return;
    };
    problems.push(problem::at(code::VALUE, span, message).with_help(help));
}

fn check_secret(
    place: &Node,
    token: &TokenSettings,
    before: &[&TokenSettings],
    problems: &mut Vec<Diagnostic>,
) {
    if let Some(written) = place.get("token").filter(|written| is_blank(written)) {
        return problems.push(empty(written, "`livewell token` makes one"));
    }
    let name = &token.name;
    let field = if token.token.is_some() { "token" } else { "hash" };
    let (message, help) = match (token.token, token.hash) {
        (None, None) => (
            format!("there is neither `token` nor `hash` for `{name}`"),
            "`livewell token` makes a token and prints the line to write here",
        ),
        (Some(_), Some(_)) => (
            format!("`{name}` has both `token` and `hash`"),
            "the hash alone is enough to recognise the token",
        ),
        (Some(hash), None) | (None, Some(hash)) => {
            if hash == TokenHash::of("") {
                return problems
                    .push(empty(place.get("hash").unwrap_or(place), "`livewell token` makes one"));
            }
            let Some(same) = before.iter().find(|other| other.hash() == Some(hash)) else { return };
            (
                format!("`{name}` is the same token as `{}`", same.name),
                "give each caller a token of its own, so that one can be withdrawn without the other",
            )
        }
    };
    let span = place.get(field).unwrap_or(place).span;
    problems.push(problem::at(code::VALUE, span, message).with_help(help));
}

fn check_scopes(place: &Node, token: &TokenSettings, problems: &mut Vec<Diagnostic>) {
    let span = place.get("scopes").unwrap_or(place).span;
    let name = &token.name;
    if token.scopes().is_empty() {
        let help = "name what its callers may do, as in `scopes: [read]`: `read`, `ingest`, `operate` or `administer`";
        problems.push(problem::at(code::VALUE, span, format!("`{name}` may do nothing")).with_help(help));
    } else if token.only.is_some() && token.scopes() != [Scope::Read] {
        let message = format!("`{name}` is bound to a query by `only`, so it can only have the scope `read`");
        let help = "leave `scopes` out, or make another token for everything else";
        problems.push(problem::at(code::REFUSED, span, message).with_help(help));
    }
}

fn is_blank(node: &Node) -> bool {
    node.text().is_some_and(|text| text.trim().is_empty()) && node.describe() != "nothing"
}

fn empty(place: &Node, more: &str) -> Diagnostic {
    let help = format!("give it a value that is hard to guess; {more}");
    problem::at(code::REFUSED, place.span, "the token is empty").with_help(help)
}
