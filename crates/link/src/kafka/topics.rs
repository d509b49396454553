//! Finding and creating a topic.

use super::address::Address;
use super::cluster::first;
use super::codec::{Fields, Writer};
use super::connection::Api;
use super::error::{Error, number};
use super::metadata;
use std::time::Duration;

/// With the cluster's own number of replicas, since 2.4.
const CREATE: [Api; 1] = [Api::new(19, 4, false)];
/// How long a broker waits until all know the topic.
const CREATE_MAX: Duration = Duration::from_secs(5);

/// Returns whether there is a topic of this name.
///
/// # Errors
/// Returns [`Error::Away`] if no broker can be reached, and [`Error::Refused`] if the user may not ask.
pub fn topic_exists(address: &Address, topic: &str) -> Result<bool, Error> {
    metadata::exists(&mut first(address)?, topic)
}

/// Creates a compacted topic of one partition, unless there is one of this name.
///
/// # Errors
/// Returns [`Error::Away`] if no broker can be reached, and [`Error::Refused`] if the user may not create it.
pub fn create_compacted(address: &Address, topic: &str) -> Result<(), Error> {
    let mut any = first(address)?;
    if metadata::exists(&mut any, topic)? {
        return Ok(());
    }
    let api = any.choose(&CREATE)?;
    let mut body = Writer::new(false);
    body.items(1).text(topic).i32(1).i16(-1).items(0);
    // Small segments, so that compaction comes to them soon.
    let settings = [("cleanup.policy", "compact"), ("segment.bytes", "16777216")];
    body.items(settings.len());
    for (name, value) in settings {
        body.text(name).text_or_null(Some(value));
    }
    body.i32(CREATE_MAX.as_millis() as i32).i8(0);
    let answer = any.call(api, &body, CREATE_MAX)?;
    let mut fields = Fields::new(&answer, false);
    fields.i32()?;
    fields.items()?;
    fields.text()?;
    match fields.i16()? {
        number::NONE | number::TOPIC_EXISTS => Ok(()),
        other => {
            Err(Error::of(other, &format!("to create the topic `{topic}`, compacted and with one partition")))
        }
    }
}
