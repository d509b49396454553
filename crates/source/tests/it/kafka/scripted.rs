//! A broker that answers as it is told, for what no imitation does: elections of leaders that lack records, compacted
//! logs, and answers that are none.

use super::*;
use livewell_source::error::code;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What the broker says.
#[derive(Clone, Default)]
struct Script {
    /// The end of the log.
    end: i64,
    /// Where the records of the epoch that is asked for end.
    epoch_end: i64,
    /// The answer to the next request for records: where the log diverges, and batches.
    diverges_at: Option<i64>,
    batches: Vec<u8>,
    /// Bytes to send in the place of every answer.
    garbage: Option<Vec<u8>>,
}

/// A broker on a port of its own, which ends with the process.
struct Broker {
    port: u16,
    script: Arc<Mutex<Script>>,
}

impl Broker {
    fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port can be listened on");
        let port = listener.local_addr().expect("it has an address").port();
        let script = Arc::new(Mutex::new(script));
        let shared = script.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let script = shared.clone();
                // A client that has gone ends the thread.
                std::thread::spawn(move || while answer(&stream, port, &script).is_some() {});
            }
        });
        Self { port, script }
    }

    fn settings(&self) -> KafkaSettings {
        serde_json::from_value(json!({
            "id": "shop", "url": format!("kafka://127.0.0.1:{}", self.port), "topic": "t",
            "node": { "label": "Item", "id": "item:{id}" },
        }))
        .expect("these are settings")
    }

    fn says(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().expect("nothing panics under the lock"));
    }
}

/// Answers one request; `None` if the client has gone.
fn answer(mut stream: &TcpStream, port: u16, script: &Mutex<Script>) -> Option<()> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut request = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut request).ok()?;
    let (api, number) = (i16::from_be_bytes([request[0], request[1]]), request[4..8].to_vec());
    let script = &mut *script.lock().ok()?;
    let mut body = number;
    match (&script.garbage, api) {
        (Some(garbage), _) => body = garbage.clone(),
        (_, 18) => {
            body.extend([0, 0, 0, 0, 0, 4]);
            for (api, version) in [(1_i16, 13_i16), (2, 4), (3, 10), (23, 3)] {
                body.extend([api.to_be_bytes(), version.to_be_bytes(), version.to_be_bytes()].concat());
            }
        }
        (_, 3) => {
            // No fields behind the head; one broker, one topic, one partition of epoch 3.
            body.extend([0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 10]);
            body.extend(b"127.0.0.1");
            body.extend(i32::from(port).to_be_bytes());
            body.extend([0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 2, b't']);
            body.extend([7; 16]);
            body.extend([
                0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 3, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            ]);
        }
        (_, 2) => {
            let is_latest = request.ends_with(&(-1_i64).to_be_bytes());
            body.extend([0, 0, 0, 0, 0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
            body.extend((-1_i64).to_be_bytes());
            body.extend(if is_latest { script.end } else { 0 }.to_be_bytes());
            body.extend([0, 0, 0, 3]);
        }
        (_, 23) => {
            body.extend([0, 0, 0, 0, 0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
            body.extend(script.epoch_end.to_be_bytes());
        }
        _ => {
            body.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
            body.extend([7; 16]);
            body.extend([2, 0, 0, 0, 0, 0, 0]);
            body.extend([script.end.to_be_bytes(), script.end.to_be_bytes(), 0_i64.to_be_bytes()].concat());
            body.extend([1, 0xff, 0xff, 0xff, 0xff]);
            let batches = std::mem::take(&mut script.batches);
            let length = batches.len() + 1;
            body.extend([length as u8 | 0x80, (length >> 7) as u8]);
            body.extend(batches);
            match script.diverges_at {
                None => body.push(0),
                Some(end) => {
                    body.extend([1, 0, 13, 0, 0, 0, 2]);
                    body.extend(end.to_be_bytes());
                    body.push(0);
                }
            }
            body.extend([0, 0]);
        }
    }
    stream.write_all(&(body.len() as u32).to_be_bytes()).ok()?;
    stream.write_all(&body).ok()
}

/// Returns a batch of records of epoch 2 whose values are `{"id":OFFSET}`.
fn batch(offsets: &[i64]) -> Vec<u8> {
    let (base, mut records) = (offsets[0], Vec::new());
    for offset in offsets {
        let value = format!(r#"{{"id":{offset}}}"#);
        // Attributes, time, offset, no key, value, no headers; each number is doubled for its sign.
        let mut record = vec![0, 0, ((offset - base) * 2) as u8, 1, (value.len() * 2) as u8];
        record.extend(value.bytes());
        record.push(0);
        records.push((record.len() * 2) as u8);
        records.extend(record);
    }
    let last = (offsets[offsets.len() - 1] - base) as i32;
    let mut checked =
        [&[0, 0][..], &last.to_be_bytes(), &[0; 16], &[0xff; 8], &[0xff; 2], &[0xff; 4]].concat();
    checked.extend((offsets.len() as i32).to_be_bytes());
    checked.extend(records);
    let mut all = base.to_be_bytes().to_vec();
    all.extend((checked.len() as i32 + 9).to_be_bytes());
    all.extend([0, 0, 0, 2, 2]);
    all.extend(crc32c::crc32c(&checked).to_be_bytes());
    all.extend(checked);
    all
}

/// Returns a source that has read offsets 0 to 9.
fn followed() -> (Broker, Follower) {
    let all: Vec<i64> = (0..10).collect();
    let broker = Broker::start(Script { end: 10, epoch_end: 10, batches: batch(&all), ..Script::default() });
    let mut follower = Follower::new(broker.settings());
    follower.settle().expect("it follows");
    assert_eq!(follower.ids().len(), 10);
    (broker, follower)
}

#[track_caller]
fn is_lost(follower: &mut Follower, says: &str) {
    let error = follower.error();
    assert_eq!((error.kind, error.code), (ErrorKind::Changed, code::MESSAGES_LOST), "{error}");
    assert!(error.message.contains(says), "{error}");
}

#[test]
fn a_leader_that_does_not_have_what_was_read_is_noticed() {
    // While the source is away: the log is long enough, but its records are others from 7 on.
    let (broker, mut follower) = followed();
    broker.says(|script| (script.end, script.epoch_end) = (20, 7));
    follower.driver.kill();
    is_lost(&mut follower, "no longer has the records that were read from 7 to 9");
    // While it reads.
    let (broker, mut follower) = followed();
    broker.says(|script| script.diverges_at = Some(8));
    is_lost(&mut follower, "no longer has the records that were read from 8 to 9");
}

#[test]
fn what_was_compacted_before_it_was_read_is_noticed_and_what_was_before_the_first_read_is_not() {
    let (broker, mut follower) = followed();
    broker.says(|script| (script.end, script.batches) = (15, batch(&[10, 12, 14])));
    is_lost(&mut follower, "records from 11 to 11 are gone");
    assert_eq!(follower.ids().len(), 11, "what comes before it is taken in");
    let broker =
        Broker::start(Script { end: 15, epoch_end: 15, batches: batch(&[3, 9, 14]), ..Script::default() });
    let mut follower = Follower::new(broker.settings());
    follower.settle().expect("nothing is missed");
    assert_eq!(follower.ids(), ["item:14", "item:3", "item:9"]);
}

#[test]
fn damage_and_answers_that_are_none_are_errors() {
    let (broker, mut follower) = followed();
    let mut damaged = batch(&[10]);
    *damaged.last_mut().expect("it has bytes") ^= 1;
    broker.says(|script| (script.end, script.batches) = (11, damaged));
    let error = follower.error();
    assert_eq!(error.code, code::PROTOCOL);
    assert!(error.message.contains("checksum of the records at offset 10"), "{error}");
    assert_eq!(follower.ids().len(), 10);
    for garbage in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], &[], &[0, 0, 0, 1], &[0xff; 40]] {
        let broker = Broker::start(Script { garbage: Some(garbage.to_vec()), ..Script::default() });
        let error = Follower::new(broker.settings()).driver.step(WAIT).expect_err("that is not Kafka");
        assert_ne!(error.kind, ErrorKind::Changed, "{garbage:?}: {error}");
    }
}
