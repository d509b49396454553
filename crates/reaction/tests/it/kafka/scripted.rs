//! A broker that answers as it is told: what it loses, moves or forgets at a certain batch.

use livewell_reaction::kafka::{Delivery, Kafka, KafkaSettings};
use livewell_reaction::testkit::{Sample, start};
use livewell_reaction::{ErrorKind, Reaction};
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What becomes of a batch.
#[derive(Clone, Copy)]
enum Fate {
    /// It is answered with this error number.
    Answered(i16),
    /// The connection is cut before the answer.
    Cut,
}

#[derive(Default)]
struct Script {
    fates: VecDeque<Fate>,
    /// The batches that came, as they are in the requests.
    batches: Vec<Vec<u8>>,
    /// How many producers have got a number.
    producers: i64,
}

/// A broker on a port of its own, which ends with the process.
struct Broker {
    port: u16,
    script: Arc<Mutex<Script>>,
}

impl Broker {
    fn new(fates: &[Fate]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let fates = fates.iter().copied().collect();
        let script = Arc::new(Mutex::new(Script { fates, ..Script::default() }));
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

    fn reaction(&self) -> Kafka {
        let url = format!("kafka://127.0.0.1:{}", self.port);
        let delivery = Delivery::AtLeastOnce;
        let mut reaction = Kafka::new(KafkaSettings { delivery, ..KafkaSettings::to(&url, "t") });
        start(&mut reaction, None).unwrap();
        reaction
    }

    /// Returns the batches that came, and how many producers have got a number.
    fn seen(&self) -> (Vec<Vec<u8>>, i64) {
        let script = self.script.lock().unwrap();
        (script.batches.clone(), script.producers)
    }
}

/// Answers one request; `None` if the client has gone or is cut off.
fn answer(mut stream: &TcpStream, port: u16, script: &Mutex<Script>) -> Option<()> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut request = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut request).ok()?;
    let (api, mut body) = (i16::from_be_bytes([request[0], request[1]]), request[4..8].to_vec());
    let script = &mut *script.lock().ok()?;
    match api {
        18 => {
            body.extend([0, 0, 0, 0, 0, 3]);
            for (api, version) in [(0_i16, 7_i16), (3, 7), (22, 1)] {
                body.extend([api.to_be_bytes(), version.to_be_bytes(), version.to_be_bytes()].concat());
            }
        }
        3 => {
            // One broker, one topic, one partition.
            body.extend([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 9]);
            body.extend(b"127.0.0.1");
            body.extend(i32::from(port).to_be_bytes());
            body.extend([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, b't', 0]);
            body.extend([0, 0, 0, 1]);
            body.extend([0; 18]);
            body.extend([0; 8]);
        }
        22 => {
            script.producers += 1;
            body.extend([0; 6]);
            body.extend(script.producers.to_be_bytes());
            body.extend([0, 0]);
        }
        _ => {
            // No name, the wait, one topic, one partition, its number; then the batch.
            let head = 8 + 2 + "livewell".len() + 2 + 2 + 4 + 4 + 3 + 4 + 4 + 4;
            script.batches.push(request[head..].to_vec());
            let Fate::Answered(number) = script.fates.pop_front().unwrap_or(Fate::Answered(0)) else {
                return None;
            };
            body.extend([0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1, 0, 0, 0, 0]);
            body.extend(number.to_be_bytes());
            body.extend([0; 24]);
            body.extend([0; 4]);
        }
    }
    stream.write_all(&(body.len() as u32).to_be_bytes()).ok()?;
    stream.write_all(&body).ok()
}

#[test]
fn a_batch_without_an_answer_or_a_leader_is_sent_again_under_its_number() {
    const DUPLICATE: Fate = Fate::Answered(46);
    for (fates, sent) in [
        (vec![Fate::Cut, DUPLICATE], 2),
        (vec![Fate::Answered(6), Fate::Answered(0)], 2),
        (vec![Fate::Answered(19), Fate::Cut, Fate::Answered(7), DUPLICATE], 4),
    ] {
        let (broker, sample) = (Broker::new(&fates), Sample::new(6));
        let mut reaction = broker.reaction();
        assert_eq!(reaction.deliver(&sample.outgoing(1..=3)).unwrap().results, 3);
        let (batches, producers) = broker.seen();
        assert_eq!((batches.len(), producers), (sent, 1));
        assert!(batches.iter().all(|batch| *batch == batches[0]), "the same bytes, with their number");
        reaction.deliver(&sample.outgoing(4..=6)).unwrap();
        assert_eq!(broker.seen().1, 1, "the producer goes on");
        assert_eq!(sequence(&batches[0]), 0);
        assert_eq!(sequence(broker.seen().0.last().unwrap()), 3, "it counts records");
    }
}

#[test]
fn a_producer_that_a_broker_has_forgotten_begins_again() {
    for number in [45, 59] {
        let (broker, sample) = (Broker::new(&[Fate::Answered(0), Fate::Answered(number)]), Sample::new(4));
        let mut reaction = broker.reaction();
        reaction.deliver(&sample.outgoing(1..=2)).unwrap();
        let error = reaction.deliver(&sample.outgoing(3..=4)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Wait, "{error}");
        assert_eq!(reaction.deliver(&sample.outgoing(3..=4)).unwrap().results, 2);
        let (batches, producers) = broker.seen();
        assert_eq!((batches.len(), producers), (3, 2), "under a new number");
        assert_eq!(sequence(&batches[2]), 0);
    }
}

#[test]
fn what_somebody_has_to_change_stops_it() {
    for (number, says) in [(29, "WRITE"), (87, "compacted"), (76, "compression")] {
        let broker = Broker::new(&[Fate::Answered(number)]);
        let error = broker.reaction().deliver(&Sample::new(1).outgoing(1..=1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Stop, "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
}

/// Returns the number of the first record of a batch, counted by its producer.
fn sequence(batch: &[u8]) -> i32 {
    i32::from_be_bytes(batch[53..57].try_into().unwrap())
}
