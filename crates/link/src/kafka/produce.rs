//! Writing batches of records.

use super::codec::{Fields, Writer};
use super::connection::{Api, Connection};
use super::error::Error;
use std::time::Duration;

/// With every compression, since 2.1.
const PRODUCE: [Api; 1] = [Api::new(0, 7, false)];
/// Waits for all replicas that are in step.
const ALL: i16 = -1;
/// How long a broker waits for them.
const REPLICAS_MAX: Duration = Duration::from_secs(5);

/// A batch for one partition.
pub(super) struct Part {
    pub partition: i32,
    pub bytes: Vec<u8>,
}

/// What became of it.
pub(super) struct Answer {
    pub partition: i32,
    /// The error number; 0 if it is in the log.
    pub number: i16,
    /// The offset of its first record.
    pub offset: i64,
}

/// Writes batches. `name`: that of the producer, if it has transactions.
pub(super) fn ask(
    connection: &mut Connection,
    topic: &str,
    name: Option<&str>,
    parts: &[Part],
) -> Result<Vec<Answer>, Error> {
    let api = connection.choose(&PRODUCE)?;
    let mut body = Writer::new(false);
    body.text_or_null(name).i16(ALL).i32(REPLICAS_MAX.as_millis() as i32);
    body.items(1).text(topic).items(parts.len());
    for part in parts {
        body.i32(part.partition).blob(&part.bytes);
    }
    let answer = connection.call(api, &body, REPLICAS_MAX)?;
    let mut fields = Fields::new(&answer, false);
    let mut answers = Vec::new();
    for _ in 0..fields.items()? {
        fields.text()?;
        for _ in 0..fields.items()? {
            let (partition, number, offset) = (fields.i32()?, fields.i16()?, fields.i64()?);
            fields.i64()?;
            fields.i64()?;
            answers.push(Answer { partition, number, offset });
        }
    }
    match answers.len() == parts.len() {
        true => Ok(answers),
        false => Err(Error::Malformed("an answer is not about every partition".into())),
    }
}
