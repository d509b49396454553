"""Where a follower resumes, whatever has cut it off."""

import json
import unittest

from livewell_client import ProtocolError
from livewell_client.resumption import Resumption
from livewell_client.sse import Message

ROW = Message("row", None, '{"row_signature":"aa","data":{"n":9007199254740993}}')
RESET = Message("reset", None, '{"reason":"gone"}')


def end(id: str) -> Message:
    epoch, sequence = id.split("-")
    data = {"epoch": epoch, "sequence": int(sequence), "columns": ["n"], "ordered": False, "checked": None}
    return Message("snapshot_end", id, json.dumps({**data, "state": "running", "error": None}))


def result(id: str) -> Message:
    epoch, sequence = id.split("-")
    diffs = [{"type": "ADD", "row_signature": "bb", "data": {"n": 1}}]
    data = {"epoch": epoch, "sequence": int(sequence), "position": 5, "timestamp": "t", "results": diffs}
    return Message("result", id, json.dumps(data))


def take(place: Resumption, *messages: Message) -> list[str]:
    events = [event for message in messages for event in place.take(message)]
    return [f"{event.type} {getattr(event, 'id', '')}".strip() for event in events]


class Resuming(unittest.TestCase):
    def test_a_snapshot_and_its_results_have_a_position_which_only_they_move(self) -> None:
        place = Resumption(None, True)
        self.assertEqual(take(place, ROW), ["snapshot_begin", "row"])
        self.assertIsNone(place.position)
        self.assertEqual(take(place, ROW, end("1-7"), result("1-8")), ["row", "snapshot_end 1-7", "result 1-8"])
        self.assertEqual(place.position, "1-8")
        heartbeat = Message("heartbeat", None, '{"state":"waiting","error":null}')
        self.assertEqual(take(place, heartbeat, Message("news", None, "{}")), [])
        self.assertEqual(place.state, "waiting")

    def test_a_snapshot_without_rows_begins_too_and_one_that_was_cut_off_begins_again(self) -> None:
        self.assertEqual(take(Resumption(None, True), end("1-0")), ["snapshot_begin", "snapshot_end 1-0"])
        place = Resumption(None, True)
        take(place, ROW)
        place.connect(None)
        self.assertEqual(take(place, ROW, end("1-2")), ["snapshot_begin", "row", "snapshot_end 1-2"])

    def test_a_reset_is_an_event_and_its_snapshot_is_asked_for_again_if_it_is_cut_off(self) -> None:
        place = Resumption("1-3", True)
        self.assertEqual(take(place, RESET, ROW), ["reset", "snapshot_begin", "row"])
        self.assertIsNone(place.position)
        place.connect(None)
        self.assertEqual(take(place, ROW, end("2-0")), ["snapshot_begin", "row", "snapshot_end 2-0"])

    def test_a_result_that_was_seen_is_not_shown_again_and_one_that_is_missing_is_an_error(self) -> None:
        place = Resumption("1-3", True)
        self.assertEqual(take(place, result("1-2"), result("1-3"), result("1-4")), ["result 1-4"])
        wrong = [
            result("1-6"),
            result("2-5"),
            Message("result", "1-5", "{"),
            Message("result", "1-5", "{}"),
            Message("row", None, "7"),
        ]
        for message in wrong:
            with self.assertRaises(ProtocolError, msg=message):
                take(place, message)
        with self.assertRaises(ProtocolError):
            take(Resumption(None, True), result("1-1"))
        with self.assertRaises(ProtocolError):
            Resumption("7", True)

    def test_of_one_value_sequences_have_holes_and_an_id_without_data_moves_the_position(self) -> None:
        place = Resumption("1-3", False)
        self.assertEqual(take(place, result("1-6"), Message("message", "1-90", "")), ["result 1-6"])
        self.assertEqual(place.position, "1-90")
        self.assertEqual(take(place, Message("message", "1-80", ""), Message("message", "2-99", "")), [])
        self.assertEqual(place.position, "1-90")

    def test_a_position_is_of_one_store_another_one_at_the_address_is_a_reset(self) -> None:
        place = Resumption("1-3", True)
        self.assertEqual(list(place.connect("a")), [])
        take(place, result("1-4"))
        self.assertEqual(list(place.connect("a")), [])
        self.assertEqual([event.type for event in place.connect("b")], ["reset"])
        self.assertIsNone(place.position)
        self.assertEqual(list(place.connect("b")), [])
        self.assertEqual(list(place.connect("c")), [], "a snapshot comes anyway")
