//! Logs in: the server's greeting, encryption, and the password.

use super::{Connection, error_in};
use crate::SourceError;
use crate::mysql::failure::{broken, not_connected, not_understood, refused, unreachable};
use crate::mysql::fields::{Fields, text};
use bytes::{Bytes, BytesMut};
use livewell_link::mysql::Address;
use livewell_link::postgres::{Socket, Wire};
use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use std::io::Read;
use std::time::Duration;

/// How long a server may be silent during the login.
const WELCOME_MAX: Duration = Duration::from_secs(30);
/// How long a server may accept nothing of what is sent to it.
const SEND_MAX: Duration = Duration::from_secs(60);
/// The longest greeting.
const GREETING_MAX: usize = 4 << 10;

// What client and server can do.
const LONG_FLAG: u32 = 1 << 2;
const WITH_DATABASE: u32 = 1 << 3;
const PROTOCOL_41: u32 = 1 << 9;
const TLS: u32 = 1 << 11;
const TRANSACTIONS: u32 = 1 << 13;
const SECURE: u32 = 1 << 15;
const PLUGINS: u32 = 1 << 19;
const OURS: u32 = LONG_FLAG | WITH_DATABASE | PROTOCOL_41 | TRANSACTIONS | SECURE | PLUGINS;
/// The number of the character set utf8mb4.
const UTF8MB4: u8 = 45;

/// What a server says of itself when a client connects.
struct Greeting {
    version: String,
    can: u32,
    nonce: Vec<u8>,
}

impl Connection {
    /// Connects to the server of a URL and logs in.
    pub fn open(address: &Address, message_bytes_max: usize) -> Result<Self, SourceError> {
        let mut socket = address.connect().map_err(not_connected)?;
        let limited = socket.set_read_timeout(WELCOME_MAX).and_then(|()| socket.set_write_timeout(SEND_MAX));
        limited.map_err(|error| broken(&error))?;
        let greeting = Greeting::receive(&mut socket)?;
        let encrypts = address.encrypts(greeting.can & TLS != 0).map_err(not_connected)?;
        let sequence = 1;
        let mut head = Vec::new();
        let can = OURS | if encrypts { TLS } else { 0 };
        head.extend_from_slice(&can.to_le_bytes());
        head.extend_from_slice(&(super::PACKET_MAX as u32).to_le_bytes());
        head.push(UTF8MB4);
        head.extend_from_slice(&[0; 23]);
        let (input, begun) = (BytesMut::new(), BytesMut::new());
        let version = greeting.version.clone();
        let wire = Wire::Plain(socket);
        let mut connection = Self { wire, input, begun, sequence, message_bytes_max, version };
        if encrypts {
            connection.send(&head)?;
            connection = connection.encrypted(address)?;
        }
        connection.get_in(address, head, &greeting)?;
        Ok(connection)
    }

    fn encrypted(self, address: &Address) -> Result<Self, SourceError> {
        let Wire::Plain(socket) = self.wire else { return Err(not_understood("it is encrypted already")) };
        Ok(Self { wire: address.wire(socket, true).map_err(not_connected)?, ..self })
    }

    fn get_in(&mut self, address: &Address, head: Vec<u8>, greeting: &Greeting) -> Result<(), SourceError> {
        let password = address.password.as_deref().unwrap_or_default();
        let proof = native(password, &greeting.nonce);
        let mut login = head;
        login.extend_from_slice(&[address.user.as_bytes(), &[0, proof.len() as u8]].concat());
        login.extend_from_slice(&proof);
        login.extend_from_slice(&[address.database.as_bytes(), b"\0mysql_native_password\0"].concat());
        self.send(&login)?;
        loop {
            let packet = self.receive(WELCOME_MAX)?.ok_or_else(|| unreachable("it does not let us in"))?;
            if let Some(error) = error_in(&packet)? {
                return Err(error.about("the login"));
            }
            match packet.first() {
                Some(0) => return Ok(()),
                Some(0xfe) => {
                    let answer = self.other_way(&packet, password)?;
                    self.send(&answer)?;
                }
                _ => return Err(not_understood("an answer to the login")),
            }
        }
    }

    /// Returns what to answer to a server that asks for another way to authenticate.
    fn other_way(&self, packet: &Bytes, password: &str) -> Result<Vec<u8>, SourceError> {
        let mut fields = Fields(&packet[1..]);
        let way = text(fields.until_zero()?)?;
        match way.as_str() {
            "mysql_native_password" => Ok(native(password, fields.0.strip_suffix(&[0]).unwrap_or(fields.0))),
            "mysql_clear_password" | "dialog" if matches!(self.wire, Wire::Tls(_)) => {
                Ok([password.as_bytes(), &[0]].concat())
            }
            "mysql_clear_password" | "dialog" => Err(refused(
                "the database wants the password as it is, which is sent through TLS alone (`sslmode=require`)",
            )),
            other => Err(refused(format!(
                "the database asks for authentication by `{other}`; use a user of `mysql_native_password`"
            ))),
        }
    }
}

impl Greeting {
    /// Reads the first packet, and no byte more: what follows may be encrypted.
    fn receive(socket: &mut Socket) -> Result<Self, SourceError> {
        let mut header = [0; 4];
        socket.read_exact(&mut header).map_err(|error| broken(&error))?;
        let length = Fields(&header[..3]).number(3)? as usize;
        if length > GREETING_MAX {
            return Err(not_understood("it does not greet as MariaDB does"));
        }
        let mut packet = vec![0; length];
        socket.read_exact(&mut packet).map_err(|error| broken(&error))?;
        match error_in(&packet)? {
            Some(error) => Err(error.about("a connection")),
            None => Self::parse(&packet),
        }
    }

    fn parse(packet: &[u8]) -> Result<Self, SourceError> {
        let mut fields = Fields(packet);
        if fields.u8()? != 10 {
            return Err(not_understood("it does not greet as MariaDB does"));
        }
        let version = text(fields.until_zero()?)?;
        fields.take(4)?;
        let mut nonce = fields.take(8)?.to_vec();
        fields.take(1)?;
        let low = u32::from(fields.u16()?);
        fields.take(3)?;
        let can = u32::from(fields.u16()?) << 16 | low;
        fields.take(11)?;
        nonce.extend_from_slice(fields.take(12)?);
        if can & (PROTOCOL_41 | SECURE) != PROTOCOL_41 | SECURE {
            return Err(refused("the server is too old"));
        }
        Ok(Self { version, can, nonce })
    }
}

/// Returns the proof that the client knows the password: SHA1(password) XOR SHA1(nonce, SHA1(SHA1(password))).
fn native(password: &str, nonce: &[u8]) -> Vec<u8> {
    if password.is_empty() {
        return Vec::new();
    }
    let hash = |parts: &[&[u8]]| {
        let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
        parts.iter().for_each(|part| context.update(part));
        context.finish()
    };
    let once = hash(&[password.as_bytes()]);
    let twice = hash(&[once.as_ref()]);
    let mask = hash(&[nonce, twice.as_ref()]);
    once.as_ref().iter().zip(mask.as_ref()).map(|(a, b)| a ^ b).collect()
}
