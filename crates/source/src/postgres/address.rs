//! Where a database is and how to get in, from its URL.

use std::path::PathBuf;

/// What a URL says.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: Option<String>,
    pub database: String,
    pub tls: TlsMode,
    /// The certificates to trust, in PEM; those of the system where nothing is said.
    pub root: Option<PathBuf>,
}

/// How much of TLS is wanted, in the words of `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TlsMode {
    Disable,
    /// TLS where the server has it, whoever it is.
    Prefer,
    /// TLS, with whomever.
    Require,
    /// TLS, with a certificate that is trusted.
    VerifyCa,
    /// TLS, with a trusted certificate of that host.
    VerifyFull,
}

impl Address {
    /// Reads `postgres://user:password@host:port/database?sslmode=...&sslrootcert=...`.
    pub fn parse(url: &str) -> Result<Self, String> {
        let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"));
        let rest = rest.ok_or("write it as `postgres://user:password@host:5432/database`")?;
        let (rest, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let (place, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, place) = place.rsplit_once('@').ok_or("it names no user: `postgres://user@host/...`")?;
        let (user, password) = match login.split_once(':') {
            Some((user, password)) => (decoded(user)?, Some(decoded(password)?)),
            None => (decoded(login)?, None),
        };
        let (host, port) = match place.strip_prefix('[') {
            Some(bracketed) => {
                let (host, port) = bracketed.split_once(']').ok_or("`[` without its `]`")?;
                (host.to_owned(), port.strip_prefix(':').unwrap_or_default())
            }
            None => {
                let (host, port) = place.split_once(':').unwrap_or((place, ""));
                (decoded(host)?, port)
            }
        };
        if user.is_empty() || host.is_empty() {
            return Err("it needs a user and a host: `postgres://user@host/...`".into());
        }
        let port = if port.is_empty() { Ok(5432) } else { port.parse() };
        let port = port.map_err(|_| "the port is a number up to 65535")?;
        let database = if database.is_empty() { user.clone() } else { decoded(database)? };
        let mut address = Self { host, port, user, password, database, tls: TlsMode::Prefer, root: None };
        parameters.split('&').filter(|text| !text.is_empty()).try_for_each(|text| address.set(text))?;
        Ok(address)
    }

    fn set(&mut self, parameter: &str) -> Result<(), String> {
        let (name, value) = parameter.split_once('=').ok_or(format!("`{parameter}` has no value"))?;
        let value = decoded(value)?;
        match name {
            "sslmode" => {
                self.tls = match value.as_str() {
                    "disable" => TlsMode::Disable,
                    "allow" | "prefer" => TlsMode::Prefer,
                    "require" => TlsMode::Require,
                    "verify-ca" => TlsMode::VerifyCa,
                    "verify-full" => TlsMode::VerifyFull,
                    _ => {
                        return Err(format!(
                            "`sslmode={value}`: it is disable, prefer, require, verify-ca or verify-full"
                        ));
                    }
                }
            }
            "sslrootcert" if value == "system" => self.root = None,
            "sslrootcert" => self.root = Some(value.into()),
            _ => return Err(format!("`{name}` is not known here; known are sslmode and sslrootcert")),
        }
        Ok(())
    }
}

/// The text that a part of a URL stands for.
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
            return Err("a `%` in it stands for itself as `%25`".into());
        };
        bytes.push((high * 16 + low) as u8);
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_in_its_parts() {
        let full =
            Address::parse("postgres://me:p%40ss%3A@db.example:6432/shop?sslmode=verify-full").unwrap();
        assert_eq!((full.user.as_str(), full.password.as_deref()), ("me", Some("p@ss:")));
        assert_eq!((full.host.as_str(), full.port, full.database.as_str()), ("db.example", 6432, "shop"));
        assert_eq!(full.tls, TlsMode::VerifyFull);
        let short = Address::parse("postgresql://me@[::1]").unwrap();
        assert_eq!((short.host.as_str(), short.port, short.database.as_str()), ("::1", 5432, "me"));
        assert_eq!((short.tls, short.password), (TlsMode::Prefer, None));
    }

    #[test]
    fn a_wrong_url_is_refused_with_what_to_write() {
        for (url, says) in [
            ("mysql://me@host/db", "postgres://user"),
            ("postgres://host/db", "names no user"),
            ("postgres://me@host:port/db", "port is a number"),
            ("postgres://me@host/db?sslmode=on", "verify-full"),
            ("postgres://me@host/db?sslkey=a", "not known here"),
            ("postgres://me:50%@host/db", "%25"),
        ] {
            let error = Address::parse(url).err().unwrap();
            assert!(error.contains(says), "{url}: {error}");
        }
    }
}
