#!/usr/bin/env bash
# The imitation of a cluster that librdkafka brings (test.mock.num.brokers) ends transactions by marks whose batches have
# the checksum 0. The batches of the producer beside them have a valid one.
# Kafka's format says that each batch has the CRC-32C of its bytes from the attributes on, control batches as well
# (https://kafka.apache.org/documentation/#recordbatch); Java's consumer checks it by default (check.crcs).
#
# Seen with librdkafka 2.16.0 (confluent-kafka 2.16.1) on 2026-12-01.
. "$(dirname "$0")/lib/python.sh"

seen=$(python confluent-kafka==2.16.1 <<'PROGRAM'
import socket
import struct

import confluent_kafka
from confluent_kafka import Producer


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


mock = Producer({"test.mock.num.brokers": 1})
broker = next(iter(mock.list_topics(timeout=20).brokers.values()))
place = (broker.host, broker.port)
producer = Producer({"bootstrap.servers": "%s:%d" % place, "transactional.id": "t"})
producer.init_transactions(20)
producer.begin_transaction()
producer.produce("topic", b"value", b"key", 0)
producer.commit_transaction(20)

connection = socket.create_connection(place)


def read(count):
    data = b""
    while len(data) < count:
        data += connection.recv(count - len(data))
    return data


def text(of):
    return struct.pack(">h", len(of)) + of


def fetch(offset):
    """Returns the batch at an offset, by a Fetch request of version 4 that reads uncommitted records, too."""
    part = struct.pack(">iiqi", 1, 0, offset, 1 << 20)
    body = struct.pack(">iiiibi", -1, 1000, 1, 1 << 20, 0, 1) + text(b"topic") + part
    request = struct.pack(">hhi", 1, 4, 1) + text(b"finding") + body
    connection.sendall(struct.pack(">i", len(request)) + request)
    answer = read(struct.unpack(">i", read(4))[0])
    # Number of the request, throttling, one topic, its name; one partition with its number, error, two ends of the log, and
    # no list of aborted transactions.
    at = 4 + 4 + 4 + 2 + len(b"topic") + 4 + 4 + 2 + 8 + 8
    aborted, length = struct.unpack(">ii", answer[at:at + 8])
    assert aborted <= 0, aborted
    return answer[at + 8:at + 8 + length]


print(confluent_kafka.libversion()[0], end="")
for offset in range(2):
    batch = fetch(offset)
    said, attributes = struct.unpack(">Ih", batch[17:23])
    kind = "mark" if attributes & 32 else "record"
    print(f" {kind} {said == crc32c(batch[21:])}", end="")
    if attributes & 32:
        print(f" {said}", end="")
PROGRAM
)
echo "librdkafka ${seen%% *}"
expect "whether the checksum of each batch is valid, and that of the mark" "record True mark False 0" "${seen#* }"
