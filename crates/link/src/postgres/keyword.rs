//! The keywords of a URL, and how their values are read.

use super::choice::{ChannelBinding, Choice, SslMode, TargetSession};
use super::socket::Keepalive;
use super::tls::RootCertificates;
use std::path::PathBuf;
use std::time::Duration;

/// All keywords, in the order in which messages list them.
const KNOWN: &str = "host, port, user, password, dbname, sslmode, sslrootcert, sslcert, sslkey, channel_binding, \
     connect_timeout, application_name, options, target_session_attrs, keepalives, keepalives_idle, \
     keepalives_interval, keepalives_count, tcp_user_timeout";

/// The values of the keywords that have been read so far; the last one wins.
#[derive(Default)]
pub(crate) struct Draft {
    pub hosts: Option<String>,
    pub ports: Option<String>,
    pub user: Option<String>,
    pub password: Option<String>,
    pub database: Option<String>,
    pub mode: Option<SslMode>,
    pub root: Option<RootCertificates>,
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    pub channel_binding: ChannelBinding,
    pub connect_timeout: Option<Duration>,
    pub application_name: Option<String>,
    pub options: Option<String>,
    pub target: TargetSession,
    pub keepalive: Keepalive,
}

impl Draft {
    /// Reads one keyword.
    pub fn set(&mut self, name: &str, value: String) -> Result<(), String> {
        match name {
            "host" => self.hosts = Some(value),
            "port" => self.ports = Some(value),
            "user" => self.user = Some(value),
            "password" => self.password = Some(value),
            "dbname" => self.database = Some(value),
            "sslmode" => self.mode = Some(SslMode::parse(&value)?),
            "sslrootcert" if value == "system" => self.root = Some(RootCertificates::System),
            "sslrootcert" => self.root = Some(RootCertificates::File(value.into())),
            "sslcert" => self.certificate = Some(value.into()),
            "sslkey" => self.key = Some(value.into()),
            "channel_binding" => self.channel_binding = ChannelBinding::parse(&value)?,
            "connect_timeout" => self.connect_timeout = seconds(name, &value)?,
            "application_name" => self.application_name = Some(value),
            "options" => self.options = Some(value),
            "target_session_attrs" => self.target = TargetSession::parse(&value)?,
            "keepalives" => self.keepalive.is_on = number(name, "0 (off) or 1 (on)", &value)? != 0,
            "keepalives_idle" => self.keepalive.idle = seconds(name, &value)?,
            "keepalives_interval" => self.keepalive.interval = seconds(name, &value)?,
            "keepalives_count" => {
                self.keepalive.count = Some(number(name, "a number", &value)?).filter(|count| *count > 0);
            }
            "tcp_user_timeout" => {
                let milliseconds = number(name, "a number of milliseconds", &value)?;
                let timeout = Duration::from_millis(milliseconds.into());
                self.keepalive.user_timeout = Some(timeout).filter(|timeout| !timeout.is_zero());
            }
            _ => return Err(format!("`{}` is not a known keyword; known are {KNOWN}", shown(name))),
        }
        Ok(())
    }
}

/// Shortens a name for a message to the length of a keyword.
fn shown(name: &str) -> String {
    name.chars().take(40).map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect()
}

/// Returns a number of seconds; `None` for 0, which stands for the default.
fn seconds(name: &str, value: &str) -> Result<Option<Duration>, String> {
    let seconds = number(name, "a number of seconds", value)?;
    Ok(Some(Duration::from_secs(seconds.into())).filter(|duration| !duration.is_zero()))
}

fn number(name: &str, form: &str, value: &str) -> Result<u32, String> {
    match value.parse() {
        Ok(number) if number <= i32::MAX as u32 => Ok(number),
        _ => Err(format!("`{name}` is not valid: it is {form}")),
    }
}
