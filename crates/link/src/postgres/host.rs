//! The hosts of a URL.

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

pub(super) const PORT: u16 = 5432;

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A name or an address, and a port.
    Tcp(String, u16),
    /// The directory of a Unix socket, and the port that is part of the socket's name.
    Unix(PathBuf, u16),
}

/// One address to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl Host {
    /// Returns the hosts of `host=a,b` and `port=1,2`; a single port is for every host.
    pub(crate) fn list(hosts: &str, ports: &str, default: u16) -> Result<Vec<Self>, String> {
        let hosts: Vec<&str> = hosts.split(',').collect();
        let ports: Vec<u16> = ports.split(',').map(|text| port(text, default)).collect::<Result<_, _>>()?;
        if ports.len() != 1 && ports.len() != hosts.len() {
            let (ports, hosts) = (ports.len(), hosts.len());
            return Err(format!("it has {ports} ports for {hosts} hosts: give one for all, or one for each"));
        }
        let host = |(at, host): (usize, &&str)| {
            let port = *ports.get(at).unwrap_or(&ports[0]);
            match *host {
                "" => Err("it needs a host: `postgres://user@host/...`".to_owned()),
                path if path.starts_with('/') => Ok(Self::Unix(path.into(), port)),
                name => Ok(Self::Tcp(name.to_owned(), port)),
            }
        };
        hosts.iter().enumerate().map(host).collect()
    }

    /// Returns the name that a certificate of the host must have; `None` for a Unix socket, which has no TLS.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Tcp(name, _) => Some(name),
            Self::Unix(..) => None,
        }
    }

    /// Returns the addresses of the host; there is at least one.
    pub(crate) fn places(&self) -> Result<Vec<Place>, String> {
        match self {
            Self::Unix(folder, port) => Ok(vec![Place::Unix(folder.join(format!(".s.PGSQL.{port}")))]),
            Self::Tcp(name, port) => {
                let found = (name.as_str(), *port).to_socket_addrs().map_err(|error| error.to_string())?;
                let places: Vec<Place> = found.map(Place::Tcp).collect();
                if places.is_empty() { Err("its name has no address".into()) } else { Ok(places) }
            }
        }
    }
}

fn port(text: &str, default: u16) -> Result<u16, String> {
    match text {
        "" => Ok(default),
        text => match text.parse() {
            Ok(port @ 1..) => Ok(port),
            _ => Err("the port is a number from 1 to 65535".into()),
        },
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(name, port) if name.contains(':') => write!(f, "[{name}]:{port}"),
            Self::Tcp(name, port) => write!(f, "{name}:{port}"),
            Self::Unix(folder, port) => write!(f, "{}:{port}", folder.display()),
        }
    }
}
