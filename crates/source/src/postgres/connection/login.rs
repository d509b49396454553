//! Logs in: the start of a connection, passwords, and the choice among several servers.

use super::super::bytes::Fields;
use super::super::failure::{missed, not_understood, refused, unreachable};
use super::super::server_error::ServerError;
use super::{ANSWER_MAX, Connection, Message};
use crate::SourceError;
use bytes::BytesMut;
use livewell_link::postgres::{self as link, Address, Attempt, ChannelBinding, Missed, Role, session};
use postgres_protocol::authentication::{md5_hash, sasl};
use postgres_protocol::message::frontend;
use std::io;
use std::time::Duration;

const CONNECT_MAX: Duration = Duration::from_secs(10);
/// How long a server may be silent during the login.
const WELCOME_MAX: Duration = Duration::from_secs(30);
/// How long a server may accept nothing of what is sent to it.
const SEND_MAX: Duration = Duration::from_secs(60);

/// A login in progress.
struct Login<'a> {
    address: &'a Address,
    scram: Option<sasl::ScramSha256>,
    /// Whether the proof binds the login to the TLS connection.
    binds: bool,
    /// Whether the server has proved that it knows the password.
    is_proved: bool,
}

impl Connection {
    /// Connects to the first suitable server of the URL and logs in.
    pub fn open(address: &Address, application: &str, message_bytes_max: usize) -> Result<Self, SourceError> {
        link::enter(address, CONNECT_MAX, |attempt| {
            let wire = attempt.wire()?;
            let patience = address.connect_timeout.map_or(WELCOME_MAX, |_| attempt.remaining());
            let mut connection = Self { wire, input: BytesMut::new(), message_bytes_max, patience };
            connection.get_in(attempt, application)?;
            Ok(connection)
        })
    }

    fn get_in(&mut self, attempt: &Attempt<'_>, application: &str) -> Result<(), Missed<SourceError>> {
        let address = attempt.address;
        let options = session::reading_options(address.options.as_deref());
        let parameters = [
            ("user", address.user.as_str()),
            ("database", &address.database),
            ("replication", "database"),
            ("client_encoding", "UTF8"),
            ("application_name", address.application_name.as_deref().unwrap_or(application)),
            ("options", &options),
        ];
        let mut out = BytesMut::new();
        frontend::startup_message(parameters, &mut out).map_err(|error| missed(error.into()))?;
        self.wire.socket().set_write_timeout(SEND_MAX).map_err(|error| missed(error.into()))?;
        self.send(&out).map_err(missed)?;
        let mut login = Login { address, scram: None, binds: false, is_proved: false };
        let mut version = 0;
        loop {
            let message = self.greeting()?;
            match message.tag {
                b'R' => match login.answer(self, &message) {
                    Ok(Some(out)) => self.send(&out).map_err(missed)?,
                    Ok(None) => {}
                    Err(error) => return Err(missed(error)),
                },
                b'S' => version = major(&message).map_err(missed)?.unwrap_or(version),
                b'Z' => break,
                _ => {}
            }
        }
        let later = session::after_start(version);
        if !later.is_empty() {
            self.query(&later, "to set time-outs").map_err(missed)?;
        }
        self.check(attempt.role)?;
        self.patience = ANSWER_MAX;
        Ok(())
    }

    /// Returns the next message during the login.
    fn greeting(&mut self) -> Result<Message, Missed<SourceError>> {
        let received = self.receive(self.patience).map_err(missed)?;
        let message = received.ok_or_else(|| missed(unreachable("it does not answer")))?;
        if message.tag != b'E' {
            return Ok(message);
        }
        Err(ServerError::parse(Fields::new(&message.body)).map_err(missed)?.into_missed())
    }

    fn check(&mut self, role: Role) -> Result<(), Missed<SourceError>> {
        if role == Role::Any {
            return Ok(());
        }
        let rows = self.query(Role::QUERY, "to say what it is").map_err(missed)?;
        let text = |at: usize| rows.first().and_then(|row| row.get(at)?.as_deref());
        role.check(text(0), text(1)).map_err(Missed::Away)
    }
}

impl Login<'_> {
    /// Returns what to answer to one step of the server, if anything.
    fn answer(
        &mut self,
        connection: &Connection,
        message: &Message,
    ) -> Result<Option<BytesMut>, SourceError> {
        let mut fields = Fields::new(&message.body);
        let mut out = BytesMut::new();
        let step = fields.u32()?;
        let is_bound = self.binds && self.is_proved;
        if matches!(step, 0 | 3 | 5) && self.address.channel_binding == ChannelBinding::Require && !is_bound {
            return Err(unbound());
        }
        match step {
            0 if self.scram.is_some() && !self.is_proved => {
                return Err(refused("the database does not prove that it knows the password"));
            }
            0 => return Ok(None),
            3 => frontend::password_message(self.password()?, &mut out)?,
            5 => {
                let salt = fields.take(4)?.try_into().map_err(|_| not_understood("no salt"))?;
                let hash = md5_hash(self.address.user.as_bytes(), self.password()?, salt);
                frontend::password_message(hash.as_bytes(), &mut out)?;
            }
            10 => {
                let mut offered = Vec::new();
                while !fields.is_empty() {
                    offered.push(fields.text()?);
                }
                let (mechanism, binding) = self.mechanism(connection, &offered)?;
                let scram = sasl::ScramSha256::new(self.password()?, binding);
                frontend::sasl_initial_response(mechanism, scram.message(), &mut out)?;
                self.scram = Some(scram);
                self.binds = mechanism == sasl::SCRAM_SHA_256_PLUS;
            }
            11 | 12 => {
                let scram = self.scram.as_mut().ok_or_else(|| not_understood("an answer to no question"))?;
                let failed = |error: io::Error| refused(format!("the password is not taken: {error}"));
                if step == 12 {
                    scram.finish(fields.rest()).map_err(failed)?;
                    self.is_proved = true;
                    return Ok(None);
                }
                scram.update(fields.rest()).map_err(failed)?;
                frontend::sasl_response(scram.message(), &mut out)?;
            }
            other => {
                return Err(refused(format!(
                    "the database asks for authentication method {other}; use scram-sha-256, md5 or password"
                )));
            }
        }
        Ok(Some(out))
    }

    fn password(&self) -> Result<&[u8], SourceError> {
        let password = self.address.password.as_deref();
        password.map(str::as_bytes).ok_or_else(|| refused("the URL has no password"))
    }

    /// Returns the way to authenticate, chosen from what the server offers.
    fn mechanism(
        &self,
        connection: &Connection,
        offered: &[&str],
    ) -> Result<(&'static str, sasl::ChannelBinding), SourceError> {
        let wanted = self.address.channel_binding;
        let end_point = match wanted {
            ChannelBinding::Disable => None,
            ChannelBinding::Prefer | ChannelBinding::Require => connection.wire.end_point(),
        };
        match (end_point, offered.contains(&sasl::SCRAM_SHA_256_PLUS)) {
            (Some(hash), true) => {
                Ok((sasl::SCRAM_SHA_256_PLUS, sasl::ChannelBinding::tls_server_end_point(hash)))
            }
            _ if wanted == ChannelBinding::Require => Err(unbound()),
            _ if !offered.contains(&sasl::SCRAM_SHA_256) => {
                Err(refused(format!("the database wants {offered:?} to get in")))
            }
            (Some(_), false) => Ok((sasl::SCRAM_SHA_256, sasl::ChannelBinding::unrequested())),
            (None, _) => Ok((sasl::SCRAM_SHA_256, sasl::ChannelBinding::unsupported())),
        }
    }
}

fn unbound() -> SourceError {
    refused("`channel_binding=require` needs SCRAM-SHA-256-PLUS, which the database does not offer here")
}

/// Returns the major version, if that is what the server reports of itself.
fn major(message: &Message) -> Result<Option<u32>, SourceError> {
    let mut fields = Fields::new(&message.body);
    let (name, value) = (fields.text()?, fields.text()?);
    Ok((name == "server_version").then(|| session::major(value)))
}
