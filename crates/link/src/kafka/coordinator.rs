//! The broker that numbers producers and coordinates their transactions.

use super::address::Address;
use super::cluster::first;
use super::codec::{Fields, Writer};
use super::connection::{Api, Connection};
use super::error::{Error, number};
use super::login;
use crate::postgres::host::Host;
use std::time::{Duration, Instant};

const FIND_COORDINATOR: [Api; 1] = [Api::new(10, 1, false)];
const INIT_PRODUCER_ID: [Api; 1] = [Api::new(22, 1, false)];
const ADD_PARTITIONS: [Api; 1] = [Api::new(24, 1, false)];
const END_TRANSACTION: [Api; 1] = [Api::new(26, 1, false)];
/// What kind of coordinator is asked for.
const OF_TRANSACTIONS: i8 = 1;
/// After which time the cluster aborts a transaction whose producer is gone.
const TRANSACTION_MAX: Duration = Duration::from_secs(60);
/// The pause before a coordinator that is busy is asked again.
const PAUSE: Duration = Duration::from_millis(20);

/// A numbered producer, and the broker that has numbered it.
#[derive(Debug)]
pub(super) struct Coordinator {
    connection: Connection,
    patience: Duration,
    /// The name under which it begins transactions, if it does.
    name: Option<String>,
    pub id: i64,
    pub epoch: i16,
}

impl Coordinator {
    /// Gets a number. With a `name`, whatever was begun under it is ended first, and whoever has used it before can no
    /// longer write.
    pub fn open(address: &Address, name: Option<&str>) -> Result<Self, Error> {
        let patience = address.answer_timeout;
        let mut any = first(address)?;
        let connection = match name {
            None => any,
            Some(name) => {
                let host = retried(patience, || find(&mut any, name))?;
                login::connect(address, &host)?
            }
        };
        let name = name.map(ToOwned::to_owned);
        let mut coordinator = Self { connection, patience, name, id: -1, epoch: -1 };
        (coordinator.id, coordinator.epoch) = retried(patience, || coordinator.init())?;
        Ok(coordinator)
    }

    fn init(&mut self) -> Result<Result<(i64, i16), i16>, Error> {
        let api = self.connection.choose(&INIT_PRODUCER_ID)?;
        let mut body = Writer::new(false);
        body.text_or_null(self.name.as_deref()).i32(TRANSACTION_MAX.as_millis() as i32);
        let answer = self.connection.call(api, &body, Duration::ZERO)?;
        let mut fields = Fields::new(&answer, false);
        fields.i32()?;
        let number = fields.i16()?;
        let producer = (fields.i64()?, fields.i16()?);
        Ok(if number == 0 { Ok(producer) } else { Err(number) })
    }

    /// Returns the name under which it begins transactions, if it does.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Adds partitions of a topic to the transaction, which begins with the first of them.
    pub fn add(&mut self, topic: &str, partitions: &[i32]) -> Result<(), Error> {
        retried(self.patience, || {
            let api = self.connection.choose(&ADD_PARTITIONS)?;
            let mut body = Writer::new(false);
            body.text_or_null(self.name.as_deref()).i64(self.id).i16(self.epoch).items(1).text(topic);
            body.items(partitions.len());
            for partition in partitions {
                body.i32(*partition);
            }
            let answer = self.connection.call(api, &body, Duration::ZERO)?;
            let mut fields = Fields::new(&answer, false);
            fields.i32()?;
            let mut worst = 0;
            for _ in 0..fields.items()? {
                fields.text()?;
                for _ in 0..fields.items()? {
                    fields.i32()?;
                    let number = fields.i16()?;
                    // That another partition failed says nothing.
                    worst = if number == 0 || number == NOT_ATTEMPTED { worst } else { number };
                }
            }
            Ok(if worst == 0 { Ok(()) } else { Err(worst) })
        })
    }

    /// Ends the transaction.
    pub fn end(&mut self, commits: bool) -> Result<(), Error> {
        retried(self.patience, || {
            let api = self.connection.choose(&END_TRANSACTION)?;
            let mut body = Writer::new(false);
            body.text_or_null(self.name.as_deref()).i64(self.id).i16(self.epoch).i8(i8::from(commits));
            let answer = self.connection.call(api, &body, Duration::ZERO)?;
            let mut fields = Fields::new(&answer, false);
            fields.i32()?;
            let number = fields.i16()?;
            Ok(if number == 0 { Ok(()) } else { Err(number) })
        })
    }
}

/// The error number of a partition that was not added because another one could not be.
const NOT_ATTEMPTED: i16 = 55;

/// Asks for the coordinator of the transactions under this name.
fn find(any: &mut Connection, name: &str) -> Result<Result<Host, i16>, Error> {
    let api = any.choose(&FIND_COORDINATOR)?;
    let mut body = Writer::new(false);
    body.text(name).i8(OF_TRANSACTIONS);
    let answer = any.call(api, &body, Duration::ZERO)?;
    let mut fields = Fields::new(&answer, false);
    fields.i32()?;
    let number = fields.i16()?;
    fields.text()?;
    fields.i32()?;
    let (host, port) = (fields.text()?.to_owned(), fields.i32()?);
    if number != 0 {
        return Ok(Err(number));
    }
    let port = u16::try_from(port).map_err(|_| Error::Malformed("the port of a broker is not one".into()))?;
    Ok(Ok(Host::Tcp(host, port)))
}

/// Asks again while the last transaction is being ended or the coordinator is not ready yet.
fn retried<T>(
    patience: Duration,
    mut ask: impl FnMut() -> Result<Result<T, i16>, Error>,
) -> Result<T, Error> {
    const NOT_READY: [i16; 3] = [14, 15, number::CONCURRENT_TRANSACTIONS];
    let began = Instant::now();
    loop {
        match ask()? {
            Ok(answer) => return Ok(answer),
            Err(number) if NOT_READY.contains(&number) && began.elapsed() < patience => {
                std::thread::park_timeout(PAUSE);
            }
            Err(number) => return Err(Error::of(number, "to begin or end a transaction")),
        }
    }
}
