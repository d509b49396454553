//! The section `server`: who may reach the API, and what it may do.

use super::deserialize;
use super::problem::{self, code};
use super::settings::ServerSettings;
use super::tree::Node;
use livewell_query::language::Diagnostic;

/// Reads the section `server` and checks what its settings mean together.
pub fn read(node: &Node, problems: &mut Vec<Diagnostic>) -> Option<ServerSettings> {
    let mut rest = node.clone();
    if let Some(tls) = rest.split_off(|key| key == "tls").entries().first() {
        let help = "put a proxy that speaks TLS before it, on this machine";
        problems.push(
            problem::at(code::NOT_HERE, tls.key_span, "this version does not speak TLS").with_help(help),
        );
    }
    let settings: ServerSettings = deserialize::read(rest, &["tls"], problems)?;
    if !settings.listen.ip().is_loopback() && !settings.insecure {
        let place = node.get("listen").unwrap_or(node);
        let message =
            format!("`{}` can be reached by others, and this version does not speak TLS", settings.listen);
        let help = "listen on 127.0.0.1 behind a proxy that speaks TLS, or say `insecure: true` (and give a `token`)";
        problems.push(problem::at(code::REFUSED, place.span, message).with_help(help));
    }
    check_hosts(node, &settings, problems);
    Some(settings)
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
