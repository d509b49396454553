//! The names that this server answers to, so that no web page can control it from a browser on this machine.
//!
//! For the browser, a page whose own name points to this machine (DNS rebinding) has the same origin as the server, but
//! the browser still sends that name. So an unknown name is refused. An address is not: nobody can redirect one.

use super::problem::Problem;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Version, header};
use std::net::{Ipv4Addr, Ipv6Addr};

/// How many characters of a name a refusal shows at most.
const SHOWN_MAX: usize = 100;

/// The names of the server beside `localhost` and addresses: `NAME` or `NAME:PORT`, in lower case.
#[derive(Debug, Default)]
pub struct Names(Vec<String>);

impl Names {
    /// Creates the names in `server.allowed_hosts`.
    pub fn new(allowed: &[String]) -> Self {
        Self(allowed.iter().map(|name| name.to_ascii_lowercase()).collect())
    }

    /// Checks `Host` and, unless pages of that origin may call, `Origin`. Returns whether the name in `Host` is known, which liveness and readiness do not
    /// require.
    ///
    /// # Errors
    /// Returns 400 without exactly one valid `Host`, 421 for an unknown name, and 403 for a page of another origin.
    pub fn check<B>(&self, request: &Request<B>, may_call: impl Fn(&[u8]) -> bool) -> Result<bool, Problem> {
        let host = host(request)?;
        let is_known = host.as_ref().is_none_or(|host| self.knows(host));
        if let Some(host) = host.as_ref().filter(|_| !is_known && !is_probe(request.uri().path())) {
            return Err(misdirected(host));
        }
        let same_origin = host.as_ref().filter(|_| is_known);
        let listed = sole_origin(request.headers()).is_some_and(|origin| may_call(origin.as_bytes()));
        if !listed && (self.is_foreign(request.headers(), same_origin) || is_embedded(request)) {
            let message = "the call comes from a web page of another origin, which this server does not serve; call \
                           it from a program, or list the page's origin in `server.cors`, or the name of a proxy in \
                           `server.allowed_hosts`";
            return Err(Problem::new(403, "LW0713", message));
        }
        Ok(is_known)
    }

    fn knows(&self, host: &Authority) -> bool {
        let name = host.host().to_ascii_lowercase();
        let name = name.strip_suffix('.').unwrap_or(&name);
        let with_port = host.port_u16().map(|port| format!("{name}:{port}"));
        name == "localhost"
            || is_address(name)
            || self.0.iter().any(|known| known == name || Some(known) == with_port.as_ref())
    }

    /// Returns whether a browser sends this for a page that neither came from here nor is allowed by the configuration.
    fn is_foreign(&self, headers: &HeaderMap, host: Option<&Authority>) -> bool {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let Some(origin) = origins.next() else { return false };
        let origin = origin.to_str().ok().map(str::to_ascii_lowercase).unwrap_or_default();
        let page = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        let is_ours = |page: &str| {
            host.is_some_and(|host| host.as_str().eq_ignore_ascii_case(page))
                || self.0.iter().any(|known| known == page)
        };
        origins.next().is_some() || !page.is_some_and(is_ours)
    }
}

/// Returns the origin of the page that calls, if exactly one is given.
pub fn sole_origin(headers: &HeaderMap) -> Option<&HeaderValue> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let origin = origins.next()?;
    origins.next().is_none().then_some(origin)
}

/// Returns whether this is the path of a probe, which does not know the server's name.
fn is_probe(path: &str) -> bool {
    matches!(path, "/health" | "/ready")
}

/// Returns the host that the request names; `None` in HTTP/1.0, which does not require one.
fn host<B>(request: &Request<B>) -> Result<Option<Authority>, Problem> {
    let refused = |what: &str| {
        let message = format!("{what}; send one `Host: ADDRESS:PORT`, as in `Host: 127.0.0.1:7171`");
        Err(Problem::new(400, "LW0701", message))
    };
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let target = request.uri().authority();
    let Some(host) = hosts.next() else {
        return match (target, request.version()) {
            (None, Version::HTTP_09 | Version::HTTP_10) => Ok(None),
            (Some(target), version) if version != Version::HTTP_11 && is_authority(target) => {
                Ok(Some(target.clone()))
            }
            _ => refused("the request has no `Host`"),
        };
    };
    if hosts.next().is_some() {
        return refused("the request has more than one `Host`");
    }
    let Some(host) = Authority::try_from(host.as_bytes()).ok().filter(is_authority) else {
        return refused("the request's `Host` is not a host with a port");
    };
    if target.is_some_and(|target| target != &host) {
        return refused("the request's `Host` is not the one of its target");
    }
    Ok(Some(host))
}

/// Returns whether it is a host, perhaps with a port, and nothing else.
fn is_authority(authority: &Authority) -> bool {
    let text = authority.as_str();
    let port = text.strip_prefix(authority.host()).map(|rest| rest.strip_prefix(':').unwrap_or(rest));
    !authority.host().is_empty() && port.is_some_and(|port| port.is_empty() || port.parse::<u16>().is_ok())
}

/// Returns whether the name is an address: four decimal numbers, or an IPv6 address in brackets.
fn is_address(name: &str) -> bool {
    let inside = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inside.map_or_else(|| name.parse::<Ipv4Addr>().is_ok(), |inside| inside.parse::<Ipv6Addr>().is_ok())
}

/// Returns whether a browser loads this as a part of a page of another origin (Fetch Metadata), which needs no
/// `Origin`.
fn is_embedded<B>(request: &Request<B>) -> bool {
    let says = |name: &str, value: &str| {
        request.headers().get(name).is_some_and(|said| said.as_bytes().eq_ignore_ascii_case(value.as_bytes()))
    };
    let from_elsewhere = says("sec-fetch-site", "cross-site") || says("sec-fetch-site", "same-site");
    // A link to the console opens a whole page.
    let is_link = request.method() == Method::GET
        && says("sec-fetch-mode", "navigate")
        && says("sec-fetch-dest", "document");
    from_elsewhere && !is_link && !request.headers().contains_key(header::ORIGIN)
}

fn misdirected(host: &Authority) -> Problem {
    let name: String = host.host().chars().take(SHOWN_MAX).collect();
    let message = format!(
        "`{name}` is not a name of this server, and a web page may have been given it to get here; use `localhost` or \
         the server's address, or add the name to the configuration: `server: {{ allowed_hosts: [{name}] }}`"
    );
    Problem::new(421, "LW0718", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the status of the refusal, or whether the name is known.
    /// The origin that `server.cors` lists.
    const LISTED: &[u8] = b"https://app.test";

    fn checked(path: &str, headers: &[(&str, &str)]) -> Result<bool, u16> {
        let mut request = Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let names = Names::new(&["Livewell.example.com".to_owned(), "other.test:8443".to_owned()]);
        names.check(&request.body(()).unwrap(), |origin| origin == LISTED).map_err(|problem| problem.status())
    }

    #[test]
    fn addresses_localhost_and_configured_names_are_known_and_no_other_is() {
        for host in [
            "127.0.0.1:7171",
            "127.0.0.1",
            "10.1.2.3:80",
            "[::1]:7171",
            "[::ffff:7f00:1]",
            "localhost:7171",
            "LOCALHOST",
            "localhost.",
            "livewell.EXAMPLE.com:9",
            "other.test:8443",
        ] {
            assert_eq!(checked("/api", &[("host", host)]), Ok(true), "{host}");
        }
        for host in [
            "rebound.test:7171",
            "localhost.rebound.test",
            "127.0.0.1.rebound.test:7171",
            "other.test:8444",
            "other.test",
            "sub.livewell.example.com",
            "2130706433",
            "0x7f.1",
            "127.1",
        ] {
            assert_eq!(checked("/api", &[("host", host)]), Err(421), "{host}");
            assert_eq!(checked("/", &[("host", host)]), Err(421), "{host}");
            assert_eq!(checked("/ready", &[("host", host)]), Ok(false), "{host}");
        }
    }

    #[test]
    fn a_request_names_one_host_and_its_target_the_same() {
        assert_eq!(checked("/", &[]), Err(400));
        for host in ["", "a b", "user@127.0.0.1", "127.0.0.1:http", "127.0.0.1/x", "127.0.0.1:99999"] {
            assert_eq!(checked("/health", &[("host", host)]), Err(400), "{host}");
        }
        assert_eq!(checked("/", &[("host", "127.0.0.1"), ("host", "127.0.0.1")]), Err(400));
        assert_eq!(checked("http://rebound.test/", &[("host", "127.0.0.1")]), Err(400));
        assert_eq!(checked("http://rebound.test/", &[("host", "rebound.test")]), Err(421));
        assert_eq!(checked("http://127.0.0.1/", &[("host", "127.0.0.1")]), Ok(true));
    }

    #[test]
    fn a_page_of_another_origin_is_foreign_and_a_program_is_not() {
        let host = ("host", "127.0.0.1:7171");
        assert_eq!(checked("/api", &[host]), Ok(true));
        for origin in ["http://127.0.0.1:7171", "https://127.0.0.1:7171", "https://livewell.example.com"] {
            assert_eq!(checked("/api", &[host, ("origin", origin)]), Ok(true), "{origin}");
        }
        for origin in [
            "null",
            "",
            "http://example.com",
            "http://127.0.0.1:7172",
            "http://localhost:7171",
            "127.0.0.1:7171",
            "file://127.0.0.1:7171",
            "https://other.test",
        ] {
            assert_eq!(checked("/api", &[host, ("origin", origin)]), Err(403), "{origin}");
            assert_eq!(checked("/health", &[host, ("origin", origin)]), Err(403), "{origin}");
        }
        let rebound = [("host", "rebound.test"), ("origin", "http://rebound.test")];
        assert_eq!(checked("/ready", &rebound), Err(403));
        let ours = ("origin", "http://127.0.0.1:7171");
        assert_eq!(checked("/api", &[host, ours, ours]), Err(403));
    }

    #[test]
    fn a_page_of_a_listed_origin_may_call_and_still_only_by_a_known_name() {
        let (host, listed) = (("host", "127.0.0.1:7171"), ("origin", "https://app.test"));
        let site = ("sec-fetch-site", "cross-site");
        assert_eq!(checked("/api", &[host, listed, site]), Ok(true));
        assert_eq!(checked("/api", &[("host", "rebound.test"), listed]), Err(421));
        assert_eq!(checked("/api", &[host, listed, listed]), Err(403));
        for origin in [
            "https://app.test:443",
            "https://app.test/",
            "https://APP.test",
            "http://app.test",
            "https://app.test.evil",
        ] {
            assert_eq!(checked("/api", &[host, ("origin", origin)]), Err(403), "{origin}");
        }
    }

    #[test]
    fn a_link_may_lead_here_and_a_page_of_another_origin_may_not_embed_anything() {
        let host = ("host", "127.0.0.1:7171");
        let (site, link) = (("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"));
        assert_eq!(checked("/", &[host, site, link, ("sec-fetch-dest", "document")]), Ok(true));
        assert_eq!(checked("/", &[host, site, link, ("sec-fetch-dest", "iframe")]), Err(403));
        assert_eq!(checked("/api", &[host, site, ("sec-fetch-mode", "no-cors")]), Err(403));
        assert_eq!(checked("/api", &[host, ("sec-fetch-site", "same-origin")]), Ok(true));
    }
}
