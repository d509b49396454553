//! What a cluster says about itself: its brokers, and who leads the partitions of a topic.

use super::codec::{Fields, Writer};
use super::connection::{Api, Connection};
use super::error::{Error, number};
use crate::postgres::host::Host;
use std::time::Duration;

/// With ids of topics since 2.8, and without.
const METADATA: [Api; 2] = [Api::new(3, 10, true), Api::new(3, 7, false)];

/// The id of a topic, which one that is created again under the same name does not have; zeros if the broker knows none.
pub type TopicId = [u8; 16];

/// A topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: TopicId,
    /// Its partitions by their numbers, which begin at 0.
    pub partitions: Vec<Partition>,
}

/// A partition of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// Its number.
    pub number: i32,
    /// The broker that leads it.
    pub leader: i32,
    /// How often a leader was elected.
    pub epoch: i32,
}

/// An answer about one topic.
pub(super) struct Metadata {
    pub brokers: Vec<(i32, Host)>,
    pub topic: Topic,
}

/// Returns whether there is a topic of this name, as far as this broker knows.
pub(super) fn exists(connection: &mut Connection, name: &str) -> Result<bool, Error> {
    match asked(connection, name)? {
        Err(number::UNKNOWN_TOPIC) => Ok(false),
        Err(number) => Err(Error::of(number, &to_find(name))),
        Ok(_) => Ok(true),
    }
}

/// Asks about a topic, which is not created if there is none.
pub(super) fn ask(connection: &mut Connection, name: &str) -> Result<Metadata, Error> {
    asked(connection, name)?.map_err(|number| Error::of(number, &to_find(name)))
}

fn to_find(name: &str) -> String {
    format!("to find the topic `{name}`")
}

/// Returns the answer, or its error number.
fn asked(connection: &mut Connection, name: &str) -> Result<Result<Metadata, i16>, Error> {
    let api = connection.choose(&METADATA)?;
    let mut body = Writer::new(api.flexible);
    body.items(1);
    if api.flexible {
        body.raw(&[0; 16]);
    }
    body.text(name).end().i8(0);
    if api.flexible {
        body.i8(0).i8(0);
    }
    body.end();
    let answer = connection.call(api, &body, Duration::ZERO)?;
    read(&mut Fields::new(&answer, api.flexible), api.flexible, name)
}

fn read(fields: &mut Fields<'_>, flexible: bool, name: &str) -> Result<Result<Metadata, i16>, Error> {
    fields.i32()?;
    let mut brokers = Vec::new();
    for _ in 0..fields.items()? {
        let (id, host, port) = (fields.i32()?, fields.text()?.to_owned(), fields.i32()?);
        fields.text()?;
        fields.end()?;
        let port =
            u16::try_from(port).map_err(|_| Error::Malformed("the port of a broker is not one".into()))?;
        brokers.push((id, Host::Tcp(host, port)));
    }
    fields.text()?;
    fields.i32()?;
    let what = to_find(name);
    if fields.items()? != 1 {
        return Err(Error::Malformed(format!("{what}: the answer is about something else")));
    }
    let number = fields.i16()?;
    let found = fields.text()?.to_owned();
    let id = if flexible { fields.uuid()? } else { TopicId::default() };
    if number != 0 {
        return Ok(Err(number));
    }
    fields.i8()?;
    let mut partitions = (0..fields.items()?).map(|_| partition(fields)).collect::<Result<Vec<_>, _>>()?;
    partitions.sort_unstable_by_key(|partition| partition.number);
    let are_dense = partitions.iter().zip(0..).all(|(partition, number)| partition.number == number);
    if found != name || partitions.is_empty() || !are_dense {
        return Err(Error::Away(format!("{what}: the broker does not know all of its partitions yet")));
    }
    Ok(Ok(Metadata { brokers, topic: Topic { name: found, id, partitions } }))
}

fn partition(fields: &mut Fields<'_>) -> Result<Partition, Error> {
    // An error here says that a replica is missing, or the leader, which is -1 then.
    fields.i16()?;
    let partition = Partition { number: fields.i32()?, leader: fields.i32()?, epoch: fields.i32()? };
    for _ in 0..3 {
        for _ in 0..fields.items()? {
            fields.i32()?;
        }
    }
    fields.end()?;
    Ok(partition)
}
