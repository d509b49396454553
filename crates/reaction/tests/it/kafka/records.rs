//! What a record is, and what becomes of one that a topic does not take.

use super::{Target, deliver_all};
use livewell_model::{Diff, QueryResult, Timestamp, Value};
use livewell_reaction::kafka::{Delivery, Kafka, KafkaSettings, Packing};
use livewell_reaction::testkit::{History, Killed, STORE, Sample, columns, start};
use livewell_reaction::{ErrorKind, OnRefusal, Outgoing, Reaction, ReactionError, Settings, Start};
use serde_json::{Value as Json, json};

fn row(signature: u64, id: &str, note: &str) -> Diff {
    Diff::Add { row_signature: signature, data: vec![Value::string(id), Value::string(note)].into() }
}

fn result(sequence: u64, diffs: Vec<Diff>) -> QueryResult {
    QueryResult { sequence, position: sequence, timestamp: Timestamp(0), diffs }
}

#[test]
fn a_key_goes_where_other_producers_write_it_whatever_the_compression() {
    let target = Target::new(7, Delivery::ExactlyOnce);
    let theirs = target.server.borrow().topic("theirs", 7);
    let keys: Vec<String> = (0..40).map(|at| format!("o{at}")).collect();
    let records: Vec<_> = keys.iter().map(|key| (-1, key.as_str(), Some("x"))).collect();
    target.server.borrow().send_with(&theirs, "", &records, &json!({ "partitioner": "murmur2_random" }));
    let place = |read: &Json| {
        let part = |(at, part): (usize, &Json)| {
            part.as_array().unwrap().iter().map(|one| (one[1].to_string(), at)).collect::<Vec<_>>()
        };
        let mut places: Vec<_> = read.as_array().unwrap().iter().enumerate().flat_map(part).collect();
        places.sort();
        places
    };
    let wanted = place(&target.server.borrow().read(&theirs, 7));
    for compression in [Packing::None, Packing::Gzip, Packing::Snappy, Packing::Lz4, Packing::Zstd] {
        let topic = target.server.borrow().topic(&format!("{compression:?}"), 7);
        let key = "{{ row.id }}".into();
        let settings = KafkaSettings { topic: topic.clone(), compression, key, ..target.settings.clone() };
        let mut reaction = Kafka::new(settings);
        start(&mut reaction, None).unwrap();
        let diffs = (0..).zip(&keys).map(|(at, key)| row(at, key, "note")).collect();
        let (columns, result) = (columns(), result(1, diffs));
        let outgoing = Outgoing { query_id: "sample", epoch: 1, columns: &columns, result: &result };
        reaction.deliver(&[outgoing]).unwrap();
        assert_eq!(place(&target.server.borrow().read(&topic, 7)), wanted, "{compression:?}");
    }
}

#[test]
fn a_tombstone_follows_for_each_key_that_a_result_leaves() {
    let mut target = Target::new(1, Delivery::ExactlyOnce);
    target.settings.key = "{{ row.id }}".into();
    target.settings.template = Some("{{ type }} {{ row.note }}".into());
    let mut reaction = target.reaction();
    start(&mut reaction, None).unwrap();
    let columns = columns();
    let data = |id: &str| vec![Value::string(id), Value::string("n")].into();
    let update = |row_signature, before: &str, after: &str| Diff::Update {
        row_signature,
        before: data(before),
        after: data(after),
    };
    let gone = Diff::Delete { row_signature: 4, data: data("d") };
    let first = result(1, vec![row(1, "a", "n"), row(2, "b", "n")]);
    // Two rows exchange their keys, one gets a new one, one is gone.
    let second = result(2, vec![gone, update(1, "a", "b"), update(2, "b", "a"), update(3, "c", "e")]);
    for result in [&first, &second] {
        reaction.deliver(&[Outgoing { query_id: "q", epoch: 3, columns: &columns, result }]).unwrap();
    }
    let found: Vec<String> = target
        .records()
        .into_iter()
        .map(|(key, value, id)| {
            let id = id.strip_prefix(&format!("{STORE}:sample:q:3:")).unwrap().to_owned();
            format!("{id} {key} {}", value.unwrap_or_else(|| "-".into()))
        })
        .collect();
    let wanted = [
        "1:0 a ADD n",
        "1:1 b ADD n",
        "2:0 d DELETE n",
        "2:1 b UPDATE n",
        "2:2 a UPDATE n",
        "2:3 e UPDATE n",
        "2:4 c -",
        "2:5 d -",
    ];
    assert_eq!(found, wanted);
}

#[test]
fn what_a_topic_does_not_take_stops_the_reaction_or_is_set_aside_once() {
    for delivery in [Delivery::ExactlyOnce, Delivery::AtLeastOnce] {
        let mut target = Target::new(1, delivery);
        target.topic = target.server.borrow().name("small");
        let small = json!({ "max.message.bytes": "3000", "retention.ms": "-1" });
        target.server.borrow().create_with(&target.topic, 1, &small);
        target.settings.topic = target.topic.clone();
        target.settings.template = Some("{{ row.note }}".into());
        let long = "x".repeat(5_000);
        let results = [
            result(1, vec![row(1, "a", "one")]),
            result(2, vec![row(2, "b", "two"), row(3, "c", &long), row(4, "d", "four")]),
            result(3, vec![row(5, "e", "five")]),
        ];
        let columns = columns();
        let outgoing: Vec<_> = results
            .iter()
            .map(|result| Outgoing { query_id: "q", epoch: 1, columns: &columns, result })
            .collect();
        let mut stops = target.reaction();
        let detail = start(&mut stops, None).unwrap().detail;
        let delivered = stops.deliver(&outgoing).unwrap();
        assert_eq!(delivered.results, 1, "what comes before it goes out");
        let error = stops.deliver(&outgoing[1..]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Stop);
        assert!(error.to_string().contains("max.message.bytes"), "{error}");
        let mut aside = target.reaction().on_refusal(OnRefusal::DeadLetter);
        start(&mut aside, Some(&detail)).unwrap();
        let (letters, _) = deliver_all(&mut aside, &outgoing);
        let [letter] = &letters[..] else { panic!("{letters:?}") };
        assert_eq!(letter.key, format!("{STORE}:sample:q:1:2:1"));
        let is_exact = delivery == Delivery::ExactlyOnce;
        let mut bodies: Vec<String> = target.records().into_iter().filter_map(|(_, body, _)| body).collect();
        if !is_exact {
            bodies.sort();
            bodies.dedup();
            assert_eq!(bodies, ["five", "four", "one", "two"]);
            continue;
        }
        assert_eq!(bodies, ["one", "two", "four", "five"]);
        assert!(aside.resend(letter).unwrap_err().to_string().contains("still larger"));
        target.settings.template = Some("short".into());
        let mut mended = target.reaction();
        start(&mut mended, Some(&detail)).unwrap();
        mended.resend(letter).unwrap();
        assert_eq!(target.records().last().unwrap().1.as_deref(), Some("short"));
    }
}

#[test]
fn a_letter_is_stored_before_the_rest_of_its_result_is_committed() {
    let target = Target::new(1, Delivery::ExactlyOnce);
    let unfit = KafkaSettings { template: Some("{{ row.note.x.y }}".into()), ..target.settings };
    let sample = Sample::new(3);
    let mut reaction = Kafka::new(unfit.clone()).on_refusal(OnRefusal::DeadLetter);
    let first = start(&mut reaction, None).unwrap().detail;
    let delivered = reaction.deliver(&sample.outgoing(1..=2)).unwrap();
    assert_eq!((delivered.results, delivered.dead.len()), (0, 2), "the letters come first");
    // Killed before they were stored: they come again. Killed afterwards: they do not.
    for (detail, letters) in [(first, 2), (delivered.detail, 0)] {
        let mut reaction = Kafka::new(unfit.clone()).on_refusal(OnRefusal::DeadLetter);
        start(&mut reaction, Some(&detail)).unwrap();
        assert_eq!(reaction.deliver(&sample.outgoing(1..=2)).unwrap().dead.len(), letters);
    }
    let mut stops = Kafka::new(unfit);
    start(&mut stops, None).unwrap();
    let error = stops.deliver(&sample.outgoing(3..=3)).unwrap_err();
    assert!(matches!(error, ReactionError::Template { .. }), "{error}");
}

#[test]
fn a_letter_that_is_sent_again_is_written_once_whatever_is_killed() {
    for kills in [&[][..], &[1], &[2], &[1, 2, 3]] {
        let mut target = Target::new(1, Delivery::ExactlyOnce);
        let unfit = KafkaSettings { template: Some("{{ row.note.x.y }}".into()), ..target.settings.clone() };
        let sample = Sample::new(3);
        let mut driver = Killed::after(kills);
        let aside =
            || -> Box<dyn Reaction> { Box::new(Kafka::new(unfit.clone()).on_refusal(OnRefusal::DeadLetter)) };
        driver.deliver(aside, &sample.outgoing(1..=2));
        assert_eq!(driver.letters.len(), 2, "killed after {kills:?}");
        target.settings.template = Some("{{ row.id }}".into());
        let mended = || -> Box<dyn Reaction> { Box::new(target.reaction()) };
        let mut driver = driver.killed_again(kills);
        driver.resend(mended);
        driver.deliver(mended, &sample.outgoing(1..=3));
        let values: Vec<String> = target.records().into_iter().filter_map(|(_, value, _)| value).collect();
        assert_eq!(values, ["o1", "o2", "o3"], "killed after {kills:?}");
    }
}

#[test]
fn records_are_shown_with_their_keys_and_no_broker_is_asked() {
    let shown = |more: Json, template: Option<&str>| {
        let mut settings = json!({ "id": "out", "kind": "kafka", "queries": ["q"], "url": "kafka://127.0.0.1:1", "topic": "t" });
        settings.as_object_mut().unwrap().append(&mut more.as_object().unwrap().clone());
        let settings: Settings = serde_json::from_value(settings).unwrap();
        let mut previewer = settings.preview(template.map(Into::into)).unwrap().previewer;
        let now = std::sync::Arc::new(|| Timestamp(0));
        let (store, reaction, attempts) = (STORE, "out", std::sync::Arc::default());
        previewer.prepare(&Start { store, reaction, detail: None, heads: &[], now, attempts })?;
        let data = |id: &str| vec![Value::string(id), Value::string("n")].into();
        let moved = Diff::Update { row_signature: 2, before: data("b"), after: data("c") };
        let (columns, result) = (columns(), result(4, vec![row(1, "a", "n"), moved]));
        let outgoing = Outgoing { query_id: "q", epoch: 3, columns: &columns, result: &result };
        let mut all = Vec::new();
        for index in 0..previewer.count(&outgoing)? {
            let preview = previewer.preview(&outgoing, index)?;
            let id = preview.key.strip_prefix(&format!("{STORE}:out:q:3:4:")).unwrap().to_owned();
            let made = match preview.made {
                Ok((key, body)) => format!("{} {}", key.unwrap(), String::from_utf8(body).unwrap()),
                Err(cause) => format!("cannot: {cause}"),
            };
            all.push(format!("{id} {made}"));
        }
        Ok::<_, ReactionError>(all)
    };
    let key = json!({ "key": "{{ row.id }}" });
    let of = |template| shown(key.clone(), template).unwrap();
    assert_eq!(of(Some("{{ type }} {{ row.note }}")), ["0 a ADD n", "1 c UPDATE n", "2 b "]);
    assert!(of(Some("{{ row.id.x.y }}"))[0].starts_with("0 cannot: "), "{:?}", of(Some("{{ row.id.x.y }}")));
    let rows = json!({ "key": "{{ row.id }}", "value": "row" });
    let expected = [r#"0 a {"id":"a","note":"n"}"#, r#"1 c {"id":"c","note":"n"}"#, "2 b "];
    assert_eq!(shown(rows.clone(), None).unwrap(), expected);
    assert!(matches!(shown(rows, Some("x")), Err(ReactionError::Template { .. })));
    assert!(matches!(shown(json!({}), Some("{{ ")), Err(ReactionError::Template { .. })));
}

#[test]
fn several_leaders_take_their_partitions_records_in_one_transaction() {
    let server = livewell_services::Kafka::mock(3);
    let all: Vec<_> = (0..4).map(|partition| (partition, "k", Some("theirs"))).collect();
    for topic in ["out", "checkpoints"] {
        server.send(topic, "", &all);
    }
    let checkpoints = "checkpoints".to_owned();
    let settings = KafkaSettings { checkpoints, ..KafkaSettings::to(&server.url(), "out") };
    let history = History::new(9, 40);
    // It is not started again: the marks of this imitation have no valid checksum.
    let mut reaction = Kafka::new(settings);
    start(&mut reaction, None).unwrap();
    for at in [1, 11, 21, 31] {
        assert_eq!(reaction.deliver(&history.outgoing(at..=at + 9)).unwrap().results, 10);
    }
    let read = server.read_with_ids("out", 4);
    let ours = |part: &Json| part.as_array().unwrap().iter().filter(|one| one[2] != "theirs").count();
    let counts: Vec<usize> = read.as_array().unwrap().iter().map(ours).collect();
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
    let diffs: usize = history.outgoing(1..=40).iter().map(|one| one.result.diffs.len()).sum();
    assert!(counts.iter().sum::<usize>() >= diffs, "each diff is a record");
}
