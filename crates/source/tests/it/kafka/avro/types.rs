//! Every type, as fastavro writes it.

use super::*;
use livewell_model::Decimal;
use livewell_model::temporal::{Date, DateTime, Duration as Took, LocalDateTime, LocalTime};

fn decimal(text: &str) -> Value {
    Decimal::parse(text).unwrap().into()
}

pub(super) fn local(day: (i64, i64, i64), nanos: i64) -> LocalDateTime {
    let (year, month, of_month) = day;
    LocalDateTime {
        date: Date::new(year, month, of_month).unwrap(),
        time: LocalTime::from_nanos(nanos).unwrap(),
    }
}

fn moment(day: (i64, i64, i64), nanos: i64, offset: i32) -> Value {
    DateTime::new(local(day, nanos), offset, None).unwrap().into()
}

const SECOND: i64 = 1_000_000_000;
const DAY: (i64, i64, i64) = (2026, 1, 31);

/// A field of a record: its name and type, what is written, and what it becomes.
type Field = (&'static str, Json, Json, Value);

fn connect(kind: &str, name: &str) -> Json {
    of(kind, "connect.name", name)
}

fn fields() -> Vec<Field> {
    [plain(), numbers(), days_and_times(), moments()].concat()
}

fn plain() -> Vec<Field> {
    vec![
        ("id", json!("long"), json!(7), Value::Int(7)),
        ("least", json!("long"), json!(i64::MIN), Value::Int(i64::MIN)),
        ("int", json!("int"), json!(-2_147_483_648_i64), Value::Int(-2_147_483_648)),
        ("yes", json!("boolean"), json!(true), Value::Bool(true)),
        ("float", json!("float"), json!(0.1), Value::Float(f64::from(0.1_f32))),
        ("double", json!("double"), json!(1.0), Value::Float(1.0)),
        ("infinite", json!("double"), json!({ "$float": "-inf" }), Value::Float(f64::NEG_INFINITY)),
        ("text", json!("string"), json!("it's \"\u{1f41f}\"\n"), "it's \"\u{1f41f}\"\n".into()),
        ("bytes", json!("bytes"), json!({ "$bytes": "00ff" }), Value::Bytes([0, 255][..].into())),
        ("uuid", of("string", "logicalType", "uuid"), json!("a"), "a".into()),
        (
            "state",
            json!({ "type": "enum", "name": "State", "symbols": ["OPEN", "PAID"] }),
            json!("PAID"),
            "PAID".into(),
        ),
        ("none", json!(["null", "string"]), json!(null), Value::Null),
        ("some", json!(["null", "string"]), json!("x"), "x".into()),
        (
            "days",
            json!({ "type": "array", "items": of("int", "logicalType", "date") }),
            json!([{ "$date": "1970-01-02" }]),
            Value::list([Date::from_days(1).unwrap().into()]),
        ),
    ]
}

fn numbers() -> Vec<Field> {
    vec![
        (
            "price",
            json!({ "type": "bytes", "logicalType": "decimal", "precision": 30, "scale": 4 }),
            json!({ "$decimal": "-12345678901234567890.1230" }),
            decimal("-12345678901234567890.123"),
        ),
        (
            "count",
            json!({ "type": "fixed", "name": "Count", "size": 9, "logicalType": "decimal", "precision": 20, "scale": 0 }),
            json!({ "$decimal": "42" }),
            Value::Int(42),
        ),
        (
            "connect",
            json!({ "type": "bytes", "connect.name": "org.apache.kafka.connect.data.Decimal", "connect.parameters": { "scale": "2" } }),
            json!({ "$bytes": "04d2" }),
            decimal("12.34"),
        ),
        (
            "scaled",
            json!({ "type": "record", "name": "Scaled", "connect.name": "io.debezium.data.VariableScaleDecimal", "fields": [
                { "name": "scale", "type": "int" }, { "name": "value", "type": "bytes" },
            ] }),
            json!({ "scale": 3, "value": { "$bytes": "fb2e" } }),
            decimal("-1.234"),
        ),
    ]
}

/// The days from 1970 to [`DAY`].
const DAYS: i64 = 20_484;

fn days_and_times() -> Vec<Field> {
    let date = Value::from(Date::new(2026, 1, 31).unwrap());
    let time = |nanos| Value::from(LocalTime::from_nanos(nanos).unwrap());
    vec![
        ("date", of("int", "logicalType", "date"), json!({ "$date": "2026-01-31" }), date.clone()),
        ("day", connect("int", "io.debezium.time.Date"), json!(DAYS), date),
        (
            "millis",
            of("int", "logicalType", "time-millis"),
            json!({ "$time": "10:00:00.123" }),
            time(36_000 * SECOND + 123_000_000),
        ),
        (
            "micros",
            of("long", "logicalType", "time-micros"),
            json!({ "$time": "10:00:00.123456" }),
            time(36_000 * SECOND + 123_456_000),
        ),
        ("micro_time", connect("long", "io.debezium.time.MicroTime"), json!(1), time(1_000)),
        ("nano_time", connect("long", "io.debezium.time.NanoTime"), json!(1), time(1)),
    ]
}

fn moments() -> Vec<Field> {
    vec![
        (
            "at",
            of("long", "logicalType", "timestamp-micros"),
            json!({ "$moment": "2026-01-31T10:00:00.123456+00:00" }),
            moment(DAY, 36_000 * SECOND + 123_456_000, 0),
        ),
        (
            "before",
            of("long", "logicalType", "timestamp-millis"),
            json!(-1),
            moment((1969, 12, 31), 86_399_999_000_000, 0),
        ),
        ("nanos", of("long", "logicalType", "timestamp-nanos"), json!(1), moment((1970, 1, 1), 1, 0)),
        (
            "local",
            of("long", "logicalType", "local-timestamp-micros"),
            json!(DAYS * 86_400_000_000),
            local(DAY, 0).into(),
        ),
        (
            "stamp",
            connect("long", "io.debezium.time.MicroTimestamp"),
            json!(DAYS * 86_400_000_000 + 1),
            local(DAY, 1_000).into(),
        ),
        (
            "nano_stamp",
            connect("long", "io.debezium.time.NanoTimestamp"),
            json!(1),
            local((1970, 1, 1), 1).into(),
        ),
        (
            "milli_stamp",
            connect("long", "io.debezium.time.Timestamp"),
            json!(1),
            local((1970, 1, 1), 1_000_000).into(),
        ),
        (
            "connected",
            connect("long", "org.apache.kafka.connect.data.Timestamp"),
            json!(1),
            moment((1970, 1, 1), 1_000_000, 0),
        ),
        (
            "zoned",
            connect("string", "io.debezium.time.ZonedTimestamp"),
            json!("2026-01-31T10:00:00.5+05:30"),
            moment(DAY, 36_000 * SECOND + SECOND / 2, 19_800),
        ),
        ("never", connect("string", "io.debezium.time.ZonedTimestamp"), json!("infinity"), "infinity".into()),
        (
            "took",
            connect("long", "io.debezium.time.MicroDuration"),
            json!(-1),
            Took::new(0, 0, -1_000).unwrap().into(),
        ),
    ]
}

#[test]
fn every_type_is_read_exactly() {
    let kafka = Kafka::start();
    let topic = kafka.topic("types", 1);
    let nested = json!({ "type": "record", "name": "Place", "fields": [
        { "name": "city", "type": "string" }, { "name": "since", "type": of("int", "logicalType", "date") },
    ] });
    let (mut types, mut written) = (Vec::new(), serde_json::Map::new());
    for (name, kind, value, _) in fields() {
        types.push(json!({ "name": name, "type": kind }));
        written.insert(name.into(), value);
    }
    types.push(json!({ "name": "place", "type": nested }));
    written.insert("place".into(), json!({ "city": "Kyiv", "since": { "$date": "1970-01-02" } }));
    let schema = item(&types.into());
    let web = registry(&[("/schemas/ids/7", answer(&schema))]);
    kafka.send_avro(
        &topic,
        &[json!({ "key": "7", "value": { "schema": schema, "id": 7, "value": written } })],
    );
    let mut follower = Follower::new(with_registry(&kafka, &topic, &web));
    assert_eq!(follower.transactions(), ["+item:7"]);
    let item = follower.driver.memory.live.values().next().unwrap();
    for (name, _, _, expected) in fields() {
        let found = item.properties().get(name).unwrap_or(&Value::Null);
        assert_eq!(found, &expected, "{name}");
    }
    let Some(Value::Map(place)) = item.properties().get("place") else { panic!("{item:?}") };
    assert_eq!(place.get("city"), Some(&"Kyiv".into()));
    assert_eq!(place.get("since"), Some(&Date::from_days(1).unwrap().into()));
}
