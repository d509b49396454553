//! The driver of messengers over a transport that fails in every way, with kills between sending and checkpoint.

use livewell_model::{Diff, QueryResult, SmolStr, Timestamp, Value};
use livewell_reaction::messenger::{Answer, Each, Message, MessengerSettings, Retries};
use livewell_reaction::testkit::{columns, start};
use livewell_reaction::{
    DeadLetter, ErrorKind, Messenger, OnRefusal, Outgoing, Reaction, ReactionError, Transport,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

/// A sequence of numbers that a seed determines (splitmix64).
#[derive(Clone)]
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// What a row says that becomes of its messages.
const FATES: [&str; 4] = ["taken", "refused", "unfit", "unmade"];

/// A message as it came: key, address and body.
type Sent = (String, String, String);

/// The target, which outlives the reaction.
struct World {
    random: Random,
    is_healed: bool,
    taken: Vec<Sent>,
}

struct Faulty(Arc<Mutex<World>>);

impl Transport for Faulty {
    fn target(&self) -> String {
        "the world".to_owned()
    }

    fn check(&self, message: &Message<'_>) -> Result<(), ReactionError> {
        let cause = "there is no such place".to_owned();
        match message.address.is_empty() {
            true => Err(ReactionError::Refused { target: self.target(), cause }),
            false => Ok(()),
        }
    }

    fn send(&mut self, message: &Message<'_>) -> Result<Answer, ReactionError> {
        let world = &mut *self.0.lock().unwrap();
        let body = String::from_utf8(message.body.to_vec()).unwrap();
        let away = |cause: &str| ReactionError::Away {
            target: "the world".into(),
            cause: cause.into(),
            after: None,
        };
        let refused = |cause: &str| Ok(Answer::Refused { cause: cause.into(), patience: None });
        if !world.is_healed && body.contains("refused") {
            return refused("never");
        }
        if !world.is_healed && body.contains("unfit") {
            return Ok(Answer::Unfit("too large".into()));
        }
        let mood = if world.is_healed { 9 } else { world.random.below(10) };
        let sent = (message.key.to_owned(), message.address.to_owned(), body);
        match mood {
            0 => return refused("not now"),
            1 => return Err(away("nobody there")),
            _ => world.taken.push(sent),
        }
        // It has it, and the answer is lost.
        if mood == 2 { Err(away("no answer")) } else { Ok(Answer::Taken(String::new())) }
    }
}

fn messenger(world: &Arc<Mutex<World>>, each: Each, slice_messages_max: usize) -> Messenger<Faulty> {
    let settings = MessengerSettings {
        each,
        template: Some("{{ type if type is defined else results | map(attribute='type') | first }} {{ row.note if row is defined else results | map(attribute='data') | map(attribute='note') | join(' ') }}".into()),
        address: Some("{{ 'to/' ~ sequence if (row.note if row is defined else results[0].data.note) != 'unmade' else '' }}".into()),
        on_refusal: OnRefusal::DeadLetter,
        retries: Retries { count: 12, ..Retries::default() },
        slice_messages_max,
    };
    Messenger::new(Faulty(world.clone()), settings)
}

/// Results whose rows say what becomes of their messages.
fn results(random: &mut Random, each: Each) -> Vec<QueryResult> {
    let result = |sequence: u64| {
        let count = match each {
            Each::Diff => random.below(6),
            // The first row speaks for the result.
            Each::Result => 1,
        };
        let mut add = |at: u64| {
            let fate = match random.below(3) {
                0 => FATES[random.below(4) as usize],
                _ => "taken",
            };
            Diff::Add { row_signature: at, data: vec![Value::Int(at as i64), Value::from(fate)].into() }
        };
        let diffs = (0..count).map(&mut add).collect();
        QueryResult { sequence, position: sequence * 3, timestamp: Timestamp(0), diffs }
    };
    (1..=30).map(result).collect()
}

/// What the store holds of the reaction.
#[derive(Default)]
struct Stored {
    done: usize,
    detail: Vec<u8>,
    dead: Vec<DeadLetter>,
}

/// Delivers everything as the driver does, and kills the process now and then before it stores anything.
fn drive(
    mut make: impl FnMut() -> Messenger<Faulty>,
    outgoing: &[Outgoing<'_>],
    random: &mut Random,
) -> Stored {
    let mut reaction = make();
    let mut stored = Stored { detail: start(&mut reaction, None).unwrap().detail, ..Stored::default() };
    while stored.done < outgoing.len() {
        let delivered = reaction.deliver(&outgoing[stored.done..]);
        let is_killed = random.below(5) == 0;
        if is_killed {
            reaction = make();
        }
        match delivered {
            Ok(delivered) if !is_killed => {
                stored.done += delivered.results;
                stored.detail = delivered.detail;
                stored.dead.extend(delivered.dead);
                continue;
            }
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::Wait, "{error}"),
        }
        let started = start(&mut reaction, Some(&stored.detail)).unwrap();
        assert_eq!(started.detail, stored.detail, "a start goes back to its checkpoint");
    }
    stored
}

/// Returns the keys of all messages in order, with what becomes of each.
fn fates(outgoing: &[Outgoing<'_>], each: Each) -> Vec<(String, String)> {
    let store = livewell_reaction::testkit::STORE;
    let fate = |diff: &Diff| match diff {
        Diff::Add { data, .. } => match &data[1] {
            Value::String(fate) => fate.to_string(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    let of_result = |outgoing: &Outgoing<'_>| {
        let key = format!("{store}:sample:q:1:{}", outgoing.result.sequence);
        let keyed = |(at, diff): (usize, &Diff)| match each {
            Each::Diff => (format!("{key}:{at}"), fate(diff)),
            Each::Result => (key.clone(), fate(diff)),
        };
        outgoing.result.diffs.iter().enumerate().map(keyed).collect::<Vec<_>>()
    };
    outgoing.iter().flat_map(of_result).collect()
}

fn holds(seed: u64, each: Each, slice_messages_max: usize) {
    let mut random = Random(seed);
    let results = results(&mut random, each);
    let columns: [SmolStr; 2] = columns();
    let outgoing: Vec<Outgoing<'_>> = results
        .iter()
        .map(|result| Outgoing { query_id: "q", epoch: 1, columns: &columns, result })
        .collect();
    let world = Arc::new(Mutex::new(World { random: random.clone(), is_healed: false, taken: Vec::new() }));
    let make = || messenger(&world, each, slice_messages_max);
    let stored = drive(make, &outgoing, &mut random);
    let fates = fates(&outgoing, each);
    let keys_of = |is: &dyn Fn(&str) -> bool| -> Vec<String> {
        fates.iter().filter(|(_, fate)| is(fate)).map(|(key, _)| key.clone()).collect()
    };

    let taken = world.lock().unwrap().taken.clone();
    let mut seen = BTreeSet::new();
    let first: Vec<String> =
        taken.iter().map(|(key, ..)| key.clone()).filter(|key| seen.insert(key.clone())).collect();
    assert_eq!(first, keys_of(&|fate| fate == "taken"), "in order, each at least once, nothing skipped");
    let mut same: BTreeMap<&str, &Sent> = BTreeMap::new();
    for sent in &taken {
        assert_eq!(*same.entry(&sent.0).or_insert(sent), sent, "what comes again is the same under its key");
    }
    let dead: Vec<String> =
        stored.dead.iter().map(|letter| letter.key.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(dead, keys_of(&|fate| fate != "taken"), "each letter once, in order");

    // Letters are sent again once the target takes them; those that were not made need other templates.
    world.lock().unwrap().is_healed = true;
    let before = taken.len();
    let mut reaction = make();
    start(&mut reaction, Some(&stored.detail)).unwrap();
    for (letter, key) in stored.dead.iter().zip(&dead) {
        let resent = reaction.resend(letter);
        assert_eq!(resent.is_ok(), !letter.key.ends_with(" not filled in"), "{letter:?}: {resent:?}");
        if resent.is_ok() {
            assert_eq!(world.lock().unwrap().taken.last().unwrap().0, *key);
        }
    }
    let resent = world.lock().unwrap().taken.len() - before;
    assert_eq!(resent, keys_of(&|fate| fate == "refused" || fate == "unfit").len());
}

#[test]
fn whatever_fails_messages_go_out_in_order_at_least_once_and_letters_are_kept_exactly_once() {
    for seed in 0..30 {
        for (each, slice_messages_max) in
            [(Each::Diff, 1_000), (Each::Diff, 3), (Each::Result, 1), (Each::Result, 50)]
        {
            holds(seed, each, slice_messages_max);
        }
    }
}
