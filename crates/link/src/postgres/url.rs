//! Splits the URL of a database into keywords and values.

/// The form of a URL, for messages.
pub(super) const FORM: &str = "postgres://user:password@host:5432/database";
const ENCODE: &str = "write `/`, `?`, `@`, `&` and `%` in a user, a password or a value as `%` and two hexadecimal \
     digits: `%2F`, `%3F`, `%40`, `%26`, `%25`";

/// Returns the keywords of a URL with their decoded values, in the order in which they are written.
///
/// The part before the `?` is turned into keywords, as libpq does it. No error quotes any part of the URL: a special
/// character in a password can make any part of it look like another.
pub(super) fn pairs(url: &str) -> Result<Vec<(String, String)>, String> {
    pairs_of(url, &["postgres://", "postgresql://"], FORM)
}

/// Like [`pairs`], for a URL that begins with one of `schemes`. `form`: how messages say to write it.
pub(crate) fn pairs_of(url: &str, schemes: &[&str], form: &str) -> Result<Vec<(String, String)>, String> {
    let rest = schemes.iter().find_map(|scheme| url.strip_prefix(scheme));
    let rest = rest.ok_or_else(|| format!("this is not the URL of a database: write it as `{form}`"))?;
    let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    if !authority.is_empty() && rest.contains('@') {
        return Err(format!("there is an `@` after the host: {ENCODE}"));
    }
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut pairs = Vec::new();
    let mut add = |name: &str, value: &str| -> Result<(), String> {
        if !value.is_empty() {
            pairs.push((name.to_owned(), decoded(value)?));
        }
        Ok(())
    };
    let (login, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    add("user", user)?;
    add("password", password)?;
    let (hosts, ports) = places(hosts)?;
    add("host", &hosts)?;
    add("port", &ports)?;
    add("dbname", path.strip_prefix('/').unwrap_or_default())?;
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter
            .split_once('=')
            .ok_or_else(|| format!("a parameter has no value, as in `sslmode=require`; {ENCODE}"))?;
        add(&decoded(name)?, value)?;
    }
    Ok(pairs)
}

/// Returns the hosts and the ports of `host:port,host:port`, each separated by commas.
fn places(text: &str) -> Result<(String, String), String> {
    let (mut hosts, mut ports) = (Vec::new(), Vec::new());
    for place in text.split(',') {
        let (host, port) = match place.strip_prefix('[') {
            Some(bracketed) => {
                let (host, port) = bracketed.split_once(']').ok_or("a `[` in the host has no `]`")?;
                let port = match port.strip_prefix(':') {
                    None if !port.is_empty() => {
                        return Err("after the `]` of a host comes `:` and its port".into());
                    }
                    port => port.unwrap_or_default(),
                };
                (host, port)
            }
            None => place.split_once(':').unwrap_or((place, "")),
        };
        hosts.push(host);
        ports.push(port);
    }
    // If there is no port at all, return none, rather than one empty port per host.
    let ports = if ports.iter().all(|port| port.is_empty()) { String::new() } else { ports.join(",") };
    Ok((hosts.join(","), ports))
}

/// Decodes a part of a URL.
fn decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
            return Err(format!("a `%` is not followed by two hexadecimal digits: {ENCODE}"));
        };
        bytes.push((high * 16 + low) as u8);
    }
    if bytes.contains(&0) {
        return Err("it contains a zero byte, which no server accepts".into());
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 once it is decoded".into())
}
