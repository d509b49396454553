"""Writes to a Kafka cluster, and reads from it, as it is told: a command in JSON a line in, an answer a line out."""

import datetime
import decimal
import io
import json
import random
import sys
import time

import fastavro
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

def places(producer):
    """Returns the places of the brokers that a producer knows."""
    known = producer.list_topics(timeout=20).brokers.values()
    return ",".join(f"{broker.host}:{broker.port}" for broker in known)


if sys.argv[1].startswith("mock:"):
    MOCK = Producer({"test.mock.num.brokers": int(sys.argv[1].removeprefix("mock:"))})
    SERVERS = {"bootstrap.servers": places(MOCK)}
else:
    SERVERS = {"bootstrap.servers": sys.argv[1]}
ADMIN = AdminClient(SERVERS)
producers = {}
# The totals of the orders in each topic that was filled.
filled = {}


def servers():
    return SERVERS["bootstrap.servers"]


def producer(name, options):
    """Returns the producer of this name; one that begins transactions if the name is not empty."""
    key = (name, json.dumps(options, sort_keys=True))
    if key not in producers:
        settings = dict(SERVERS, **{"linger.ms": 5, "message.timeout.ms": 20000}, **options)
        if name:
            settings["transactional.id"] = name
        producers[key] = Producer(settings)
        if name:
            producers[key].init_transactions(20)
    return producers[key]


def wait(futures):
    for future in futures.values():
        future.result(20)


def create(topic, partitions=1, config=None):
    wait(ADMIN.create_topics([NewTopic(topic, partitions, 1, config=config or {})]))


def delete(topic):
    wait(ADMIN.delete_topics([topic]))


def add_partitions(topic, total):
    wait(ADMIN.create_partitions([NewPartitions(topic, total)]))


def delete_records(topic, partition, before):
    wait(ADMIN.delete_records([TopicPartition(topic, partition, before)]))


def send(topic, records, producer_id="", options=None):
    """Writes records, each a list of partition, key and value, and waits until they are in the log."""
    failed = []
    to = producer(producer_id, options or {})
    for partition, key, value in records:
        while True:
            try:
                to.produce(topic, value, key, partition, on_delivery=lambda error, _: error and failed.append(str(error)))
                break
            except BufferError:
                to.poll(0.1)
    left = to.flush(30)
    if left or failed:
        raise RuntimeError(f"{left} records were not written: {failed[:3]}")


def native(value):
    """Returns a value of JSON as Python has it: `{"$date": ...}` and its kin as what they name."""
    if isinstance(value, list):
        return [native(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (name, text), = value.items()
        match name:
            case "$decimal":
                return decimal.Decimal(text)
            case "$bytes":
                return bytes.fromhex(text)
            case "$date":
                return datetime.date.fromisoformat(text)
            case "$time":
                return datetime.time.fromisoformat(text)
            case "$moment":
                return datetime.datetime.fromisoformat(text)
            case "$float":
                return float(text)
    return {name: native(item) for name, item in value.items()}


def in_avro(part, of, headers):
    """Returns a key or a value in Avro, with the number of its schema before it or among the headers."""
    if not isinstance(part, dict):
        return part
    out, number = io.BytesIO(), part["id"]
    match part.get("framing", "confluent"):
        case "confluent":
            out.write(b"\0" + number.to_bytes(4, "big"))
        case "apicurio":
            out.write(b"\0" + number.to_bytes(8, "big"))
        case "headers":
            headers.append((f"apicurio.{of}.globalId", number.to_bytes(8, "big")))
    if "raw" in part:
        return out.getvalue() + bytes.fromhex(part["raw"])
    named = {}
    for other in part.get("others", []):
        fastavro.parse_schema(other, named)
    schema = fastavro.parse_schema(part["schema"], named)
    fastavro.schemaless_writer(out, schema, native(part["value"]))
    return out.getvalue()


def send_avro(topic, records):
    """Writes records, each a key and a value: with `schema`, `id` and `value` in Avro, a text as it is."""
    to, failed = producer("", {}), []
    for record in records:
        headers = []
        key, value = (in_avro(record.get(of), of, headers) for of in ("key", "value"))
        to.produce(topic, value, key, 0, headers=headers,
                   on_delivery=lambda error, _: error and failed.append(str(error)))
    left = to.flush(30)
    if left or failed:
        raise RuntimeError(f"{left} records were not written: {failed[:3]}")


def fill(topic, partitions, first, records, orders, customers):
    """Writes records of orders: the first of them each order once, the others random ones. Returns the seconds."""
    totals, to = filled.setdefault(topic, {}), producer("", {"queue.buffering.max.messages": 1000000})
    numbers = random.Random(len(totals) + first)
    if first == 0:
        create(topic, partitions, {"retention.ms": "-1"})
    began = time.monotonic()
    for number in range(first, first + records):
        order = number if number < orders else numbers.randrange(orders)
        # Every record changes its order.
        total = totals[order] = (totals.get(order, 0) + 1 + numbers.randrange(199)) % 200
        value = f'{{"id":{order},"customer_id":{order % customers},"total":{total}}}'
        while True:
            try:
                to.produce(topic, value, str(order))
                break
            except BufferError:
                to.poll(0.05)
        if number % 10000 == 0:
            to.poll(0)
    if left := to.flush(120):
        raise RuntimeError(f"{left} records were not written")
    return time.monotonic() - began


def totals(topic, over):
    """Returns how many orders have a larger total, and the sum of those."""
    large = [total for total in filled[topic].values() if total > over]
    return [len(large), sum(large)]


def drain(topic, partitions, records):
    """Reads records and throws them away. Returns the seconds."""
    consumer = Consumer(dict(SERVERS, **{"group.id": "drain", "enable.auto.commit": False}))
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(partitions)])
    began, count = time.monotonic(), 0
    while count < records:
        count += sum(1 for message in consumer.consume(10000, 5) if not message.error())
        if time.monotonic() - began > 300:
            raise RuntimeError(f"only {count} records come")
    took = time.monotonic() - began
    consumer.close()
    return took


def ask_with(settings):
    """Asks for the topics as a client with these settings. Returns `ok`, or the last error."""
    errors = []
    client = AdminClient(dict(settings, error_cb=lambda error: errors.append(str(error))))
    for _ in range(40):
        try:
            client.list_topics(timeout=0.5)
            return "ok"
        except Exception as error:
            client.poll(0)
            if errors:
                return "; ".join(errors[-2:] + [str(error)])
    return "no answer"


def begin(producer_id, options=None):
    producer(producer_id, options or {}).begin_transaction()


def commit(producer_id, options=None):
    producer(producer_id, options or {}).commit_transaction(20)


def abort(producer_id, options=None):
    producer(producer_id, options or {}).abort_transaction(20)


def read(topic, partitions=1, with_ids=False, isolation="read_committed"):
    """Returns what a consumer reads: offset, key and value by partition, and the header `livewell-id` if it is wanted."""
    settings = {"group.id": "reader", "enable.auto.commit": False, "isolation.level": isolation,
                "enable.partition.eof": True}
    consumer = Consumer(dict(SERVERS, **settings))
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(partitions)])
    found, ended = [[] for _ in range(partitions)], set()
    while len(ended) < partitions:
        message = consumer.poll(20)
        if message is None:
            raise RuntimeError("nothing comes")
        if message.error():
            if message.error().code() != KafkaError._PARTITION_EOF:
                raise RuntimeError(str(message.error()))
            ended.add(message.partition())
            continue
        text = lambda bytes: None if bytes is None else bytes.decode()
        record = [message.offset(), text(message.key()), text(message.value())]
        if with_ids:
            record.append(text(dict(message.headers() or []).get("livewell-id")))
        found[message.partition()].append(record)
    consumer.close()
    return found


for line in sys.stdin:
    command = json.loads(line)
    try:
        answer = {"ok": globals()[command.pop("do")](**command)}
    except Exception as error:  # whoever asked says what to make of it
        answer = {"error": repr(error)}
    print(json.dumps(answer), flush=True)
