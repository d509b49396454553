//! Logging in by SASL: `PLAIN`, and `SCRAM` of RFC 5802 with SHA-256 or SHA-512.

use super::address::{Address, Mechanism};
use super::codec::{Fields, Writer};
use super::connection::{Api, Connection};
use super::error::Error;
use crate::postgres::host::Host;
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hmac, pbkdf2};
use std::num::NonZeroU32;
use std::time::Duration;

const HANDSHAKE: Api = Api::new(17, 1, false);
const AUTHENTICATE: Api = Api::new(36, 0, false);
/// The most rounds of hashing that a broker may ask for, each of which takes time here.
const ROUNDS_MAX: u32 = 1_000_000;

/// Connects to a broker, and logs in if the address has a user.
pub(super) fn connect(address: &Address, host: &Host) -> Result<Connection, Error> {
    let mut connection = Connection::open(address, host)?;
    if let Some((user, password, mechanism)) = &address.login {
        enter(&mut connection, user, password, *mechanism)?;
    }
    Ok(connection)
}

fn enter(connection: &mut Connection, user: &str, password: &str, mechanism: Mechanism) -> Result<(), Error> {
    let mut body = Writer::new(false);
    body.text(mechanism.name());
    let answer = connection.call(HANDSHAKE, &body, Duration::ZERO)?;
    check(Fields::new(&answer, false).i16()?)?;
    match mechanism {
        Mechanism::Plain => say(connection, format!("\0{user}\0{password}").as_bytes()).map(|_| ()),
        Mechanism::ScramSha256 | Mechanism::ScramSha512 => {
            let mut nonce = [0; 18];
            SystemRandom::new().fill(&mut nonce).map_err(|_| Error::Away("no random numbers".into()))?;
            let nonce = hex(&nonce);
            let mut scram = Scram::new(mechanism, user, password, &nonce);
            let challenge = say(connection, scram.first().as_bytes())?;
            let proof = scram.answer(&challenge)?;
            let verdict = say(connection, proof.as_bytes())?;
            scram.check(&verdict)
        }
    }
}

/// Sends one message of the login and returns the answer.
fn say(connection: &mut Connection, message: &[u8]) -> Result<String, Error> {
    let mut body = Writer::new(false);
    body.blob(message);
    let answer = connection.call(AUTHENTICATE, &body, Duration::ZERO)?;
    let mut fields = Fields::new(&answer, false);
    check(fields.i16()?)?;
    fields.text()?;
    String::from_utf8(fields.bytes()?.to_vec()).map_err(|_| not_scram())
}

fn check(number: i16) -> Result<(), Error> {
    if number == 0 { Ok(()) } else { Err(Error::of(number, "to log in")) }
}

/// The client's side of `SCRAM`.
struct Scram<'a> {
    digest: &'static digest::Algorithm,
    hmac: hmac::Algorithm,
    pbkdf2: pbkdf2::Algorithm,
    password: &'a str,
    nonce: &'a str,
    bare: String,
    /// What the broker has to sign.
    signature: Vec<u8>,
}

impl<'a> Scram<'a> {
    fn new(mechanism: Mechanism, user: &str, password: &'a str, nonce: &'a str) -> Self {
        let (digest, hmac, pbkdf2) = match mechanism {
            Mechanism::ScramSha512 => (&digest::SHA512, hmac::HMAC_SHA512, pbkdf2::PBKDF2_HMAC_SHA512),
            _ => (&digest::SHA256, hmac::HMAC_SHA256, pbkdf2::PBKDF2_HMAC_SHA256),
        };
        let user = user.replace('=', "=3D").replace(',', "=2C");
        let bare = format!("n={user},r={nonce}");
        Self { digest, hmac, pbkdf2, password, nonce, bare, signature: Vec::new() }
    }

    fn first(&self) -> String {
        format!("n,,{}", self.bare)
    }

    /// Returns the proof that answers a challenge.
    fn answer(&mut self, challenge: &str) -> Result<String, Error> {
        let nonce = field(challenge, "r=")?;
        let salt = unbase64(field(challenge, "s=")?).ok_or_else(not_scram)?;
        let rounds = field(challenge, "i=")?.parse().ok().filter(|rounds| *rounds <= ROUNDS_MAX);
        let rounds = rounds.and_then(NonZeroU32::new).ok_or_else(not_scram)?;
        if !nonce.starts_with(self.nonce) || nonce.len() == self.nonce.len() {
            return Err(not_scram());
        }
        let mut salted = vec![0; self.digest.output_len()];
        pbkdf2::derive(self.pbkdf2, rounds, &salt, self.password.as_bytes(), &mut salted);
        let sign = |key: &[u8], text: &str| hmac::sign(&hmac::Key::new(self.hmac, key), text.as_bytes());
        let last = format!("c=biws,r={nonce}");
        let all = format!("{},{challenge},{last}", self.bare);
        let key = sign(&salted, "Client Key");
        let stored = digest::digest(self.digest, key.as_ref());
        let signature = sign(stored.as_ref(), &all);
        let proof: Vec<u8> = key.as_ref().iter().zip(signature.as_ref()).map(|(a, b)| a ^ b).collect();
        self.signature = sign(sign(&salted, "Server Key").as_ref(), &all).as_ref().to_vec();
        Ok(format!("{last},p={}", base64(&proof)))
    }

    /// Checks that the broker knows the password, too.
    fn check(&self, verdict: &str) -> Result<(), Error> {
        match field(verdict, "v=").ok().and_then(unbase64) {
            Some(signature) if signature == self.signature => Ok(()),
            _ => {
                Err(Error::Refused("to log in: the broker does not prove that it knows the password".into()))
            }
        }
    }
}

fn not_scram() -> Error {
    Error::Malformed("to log in: the broker's answer is not one of SCRAM".into())
}

fn field<'t>(text: &'t str, name: &str) -> Result<&'t str, Error> {
    text.split(',').find_map(|part| part.strip_prefix(name)).ok_or_else(not_scram)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let number = group.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte))
            << (8 * (3 - group.len()));
        for at in 0..4 {
            let digit = DIGITS[(number >> (18 - 6 * at)) as usize & 63];
            text.push(if at > group.len() { '=' } else { char::from(digit) });
        }
    }
    text
}

fn unbase64(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut number, mut bits) = (Vec::new(), 0_u32, 0);
    for digit in text.trim_end_matches('=').bytes() {
        number = number << 6 | DIGITS.iter().position(|known| *known == digit)? as u32;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((number >> bits) as u8);
            number &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7677.
    #[test]
    fn the_example_of_the_standard_comes_out() {
        let mut scram = Scram::new(Mechanism::ScramSha256, "user", "pencil", "rOprNGfwEbeRWgbNEkqO");
        assert_eq!(scram.first(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        let nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let proof = scram.answer(&format!("r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")).unwrap();
        assert_eq!(proof, format!("c=biws,r={nonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="));
        assert_eq!(scram.check("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), Ok(()));
        assert!(scram.check("v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=").is_err());
    }

    #[test]
    fn a_broker_that_does_not_speak_it_is_refused() {
        for challenge in [
            "",
            "r=other,s=QQ==,i=1",
            "r=n1,s=?,i=1",
            "r=n1,s=QQ==,i=0",
            "r=n1,s=QQ==,i=9000000",
            "r=n,s=QQ==,i=1",
        ] {
            assert!(
                Scram::new(Mechanism::ScramSha512, "u", "p", "n").answer(challenge).is_err(),
                "{challenge}"
            );
        }
    }

    #[test]
    fn base64_comes_back() {
        for length in 0..9_u8 {
            let bytes: Vec<u8> = (0..length).map(|byte| byte.wrapping_mul(97)).collect();
            assert_eq!(unbase64(&base64(&bytes)), Some(bytes));
        }
    }
}
