//! One connection to one broker: requests, and their answers in the same order.

use super::address::Address;
use super::codec::{Fields, Writer};
use super::error::Error;
use crate::postgres::Wire;
use crate::postgres::host::Host;
use std::io::{Read, Write};
use std::time::Duration;

/// The longest answer. The first batch of records comes whole, however few bytes were asked for.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// A kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Api {
    pub number: i16,
    pub version: i16,
    /// Whether this version is flexible.
    pub flexible: bool,
}

impl Api {
    pub const fn new(number: i16, version: i16, flexible: bool) -> Self {
        Self { number, version, flexible }
    }
}

const VERSIONS: Api = Api::new(18, 0, false);

/// A connection to a broker.
#[derive(Debug)]
pub(super) struct Connection {
    wire: Wire,
    answer_timeout: Duration,
    /// The number of the last request.
    last: i32,
    /// The kinds of requests that the broker knows, with their lowest and highest versions.
    known: Vec<(i16, i16, i16)>,
    /// Bytes of answers that have come.
    input: Vec<u8>,
}

impl Connection {
    /// Connects, and asks what the broker knows. The login comes after that.
    pub fn open(address: &Address, host: &Host) -> Result<Self, Error> {
        let wire = address.connect(host)?;
        let answer_timeout = address.answer_timeout;
        let mut connection = Self { wire, answer_timeout, last: 0, known: Vec::new(), input: Vec::new() };
        connection.wire.socket().set_read_timeout(answer_timeout)?;
        connection.known = connection.versions()?;
        Ok(connection)
    }

    fn versions(&mut self) -> Result<Vec<(i16, i16, i16)>, Error> {
        let answer = self.call(VERSIONS, &Writer::new(false), Duration::ZERO)?;
        let mut fields = Fields::new(&answer, false);
        let number = fields.i16()?;
        if number != 0 {
            return Err(Error::of(number, "to ask what the broker can do"));
        }
        (0..fields.items()?).map(|_| Ok((fields.i16()?, fields.i16()?, fields.i16()?))).collect()
    }

    /// Returns the first of these that the broker knows.
    pub fn choose(&self, apis: &[Api]) -> Result<Api, Error> {
        let is_known = |api: &&Api| {
            self.known
                .iter()
                .any(|(number, low, high)| *number == api.number && (*low..=*high).contains(&api.version))
        };
        apis.iter().find(is_known).copied().ok_or_else(|| {
            Error::Refused("the broker does not have what is needed; Kafka 2.3 or later is needed".into())
        })
    }

    /// Sends a request and returns its answer. `wait`: how long the broker was asked to wait with it.
    pub fn call(&mut self, api: Api, body: &Writer, wait: Duration) -> Result<Vec<u8>, Error> {
        self.last = self.last.wrapping_add(1);
        // The head of a request has texts in the old form, in every version.
        let mut head = Writer::new(false);
        head.i16(api.number).i16(api.version).i32(self.last).text("livewell");
        if api.flexible {
            head.i8(0);
        }
        let mut request = Writer::new(false);
        request.i32((head.bytes.len() + body.bytes.len()) as i32).raw(&head.bytes).raw(&body.bytes);
        self.wire.socket().set_read_timeout(wait + self.answer_timeout)?;
        self.wire.write_all(&request.bytes)?;
        self.wire.flush()?;
        let mut length = [0; 4];
        self.wire.read_exact(&mut length)?;
        let length = usize::try_from(i32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if !(4..=ANSWER_BYTES_MAX).contains(&length) {
            return Err(Error::Malformed(format!(
                "it would have {length} bytes, and at most {ANSWER_BYTES_MAX} are read: either it is not of a Kafka broker \
                 (check host and port, and whether the port has TLS: `sslmode`), or a batch of records is longer"
            )));
        }
        self.input.clear();
        self.input.resize(length, 0);
        self.wire.read_exact(&mut self.input)?;
        let mut fields = Fields::new(&self.input, api.flexible);
        if fields.i32()? != self.last {
            return Err(Error::Malformed("an answer belongs to another request".into()));
        }
        fields.end()?;
        let head = self.input.len() - fields.left();
        Ok(self.input.split_off(head))
    }
}
