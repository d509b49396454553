//! The section `server`: who may reach the API, and what it may do.

use super::access::TlsSettings;
use super::oidc::{self, OidcSettings};
use super::problem::{self, code};
use super::settings::ServerSettings;
use super::substitute::is_name;
use super::tree::Node;
use super::{deserialize, tokens};
use livewell_query::language::Diagnostic;
use std::path::Path;

/// Reads the section `server` and checks what its settings mean together; paths become relative to `folder`.
pub fn read(node: &Node, folder: &Path, problems: &mut Vec<Diagnostic>) -> Option<ServerSettings> {
    let mut settings: ServerSettings = deserialize::read(node.clone(), &[], problems)?;
    settings.tls.iter_mut().for_each(|tls: &mut TlsSettings| tls.resolve(folder));
    settings.oidc.iter_mut().for_each(|oidc: &mut OidcSettings| oidc.resolve(folder));
    check_exposure(node, &settings, problems);
    tokens::check(node, &settings, problems);
    if let Some(oidc) = &settings.oidc {
        oidc::check(node.get("oidc").unwrap_or(node), oidc, problems);
    }
    check_hosts(node, &settings, problems);
    check_origins(node, &settings, problems);
    check_environment(node, &settings, problems);
    Some(settings)
}

/// Others than this machine are served only if the settings say so, and only with a token.
fn check_exposure(node: &Node, settings: &ServerSettings, problems: &mut Vec<Diagnostic>) {
    // `::ffff:127.0.0.1` is 127.0.0.1.
    let is_reachable = !settings.listen.ip().to_canonical().is_loopback();
    let listen = settings.listen;
    let (message, help) = if is_reachable && settings.tls.is_none() && !settings.insecure {
        (
            format!("`{listen}` can be reached by others, and everything would be sent without TLS"),
            "give a certificate, as in `tls: { certificate: cert.pem, key: key.pem }`, listen on 127.0.0.1 behind a \
             proxy that speaks TLS, or say `insecure: true` (and give a `token`)",
        )
    } else if is_reachable && settings.is_open() {
        (
            format!("`{listen}` can be reached by others, and there is no token"),
            "give a token that callers must send, as in `token: \"${LIVEWELL_TOKEN}\"`, or listen on 127.0.0.1",
        )
    } else {
        return;
    };
    let place = node.get("listen").unwrap_or(node);
    problems.push(problem::at(code::REFUSED, place.span, message).with_help(help));
}

/// Each name is one that a browser sends as `Host`.
fn check_hosts(node: &Node, settings: &ServerSettings, problems: &mut Vec<Diagnostic>) {
    let nodes = node.get("allowed_hosts").map(Node::items).unwrap_or_default();
    for (at, given) in settings.allowed_hosts.iter().enumerate().filter(|(_, given)| !is_host(given)) {
        let message = format!("`{given}` is not a host name");
        let help = "write the name as browsers send it, as in `livewell.example.com` or `livewell.example.com:8443`: \
                    without `http://`, without `*`, and in ASCII (`xn--...`)";
        let span = nodes.get(at).unwrap_or(node).span;
        problems.push(problem::at(code::VALUE, span, message).with_help(help));
    }
}

/// Each name is one that a variable can have.
fn check_environment(node: &Node, settings: &ServerSettings, problems: &mut Vec<Diagnostic>) {
    let nodes = node.get("allowed_environment").map(Node::items).unwrap_or_default();
    for (at, name) in settings.allowed_environment.iter().enumerate().filter(|(_, name)| !is_name(name)) {
        let message = format!("`{name}` is not the name of an environment variable");
        let span = nodes.get(at).unwrap_or(node).span;
        let help = "write the name alone, as in `SHOP_URL`; there are no patterns";
        problems.push(problem::at(code::VALUE, span, message).with_help(help));
    }
}

/// Each origin is one that a browser sends as `Origin`, and none stands for several.
fn check_origins(node: &Node, settings: &ServerSettings, problems: &mut Vec<Diagnostic>) {
    let nodes = node.get("cors").map(Node::items).unwrap_or_default();
    for (at, given) in settings.cors.iter().enumerate().filter(|(_, given)| !is_origin(given)) {
        let message = format!("`{given}` is not an origin");
        let help = "write the origin of the pages as browsers send it, as in `https://app.example.com` or \
                    `http://localhost:5173`: with its scheme, in lower case, without a path, and without `*`";
        let span = nodes.get(at).unwrap_or(node).span;
        problems.push(problem::at(code::VALUE, span, message).with_help(help));
    }
}

fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let default = if text.starts_with("https:") { ":443" } else { ":80" };
    host.is_some_and(|host| is_host(host) && !host.ends_with(default)) && *text == text.to_ascii_lowercase()
}

fn is_host(text: &str) -> bool {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (text, None),
    };
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    name.split('.').all(is_label) && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}
