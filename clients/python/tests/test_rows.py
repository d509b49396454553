"""The fold of a snapshot and results, compared with rows that are computed from scratch."""

import random
import unittest

from livewell_client import (
    Add,
    Data,
    Delete,
    Diff,
    Event,
    LiveRows,
    ProtocolError,
    Reset,
    Result,
    Results,
    Row,
    SnapshotBegin,
    SnapshotEnd,
    SnapshotRow,
    Update,
)


def end(sequence: int) -> SnapshotEnd:
    return SnapshotEnd(f"1-{sequence}", "1", sequence, ["id", "level"], False, None, "caught_up", None)


def result(sequence: int, *diffs: Diff) -> Result:
    return Result(f"1-{sequence}", "1", sequence, sequence, "", list(diffs))


def snapshot(rows: dict[str, Data], sequence: int) -> list[Event]:
    return [SnapshotBegin(), *(SnapshotRow(signature, data) for signature, data in rows.items()), end(sequence)]


class Fold(unittest.TestCase):
    def test_rows_after_ten_thousand_random_diffs_with_snapshots_in_between_are_those_computed_from_scratch(
        self,
    ) -> None:
        chance, truth, live = random.Random(11), dict[str, Data](), LiveRows()
        for event in snapshot(truth, 0):
            live.apply(event)
        for sequence in range(1, 10_001):
            signature = f"s{chance.randrange(200)}"
            before, after = truth.get(signature), {"id": signature, "level": chance.randrange(1000)}
            if before and chance.random() < 0.4:
                del truth[signature]
                live.apply(result(sequence, Delete(signature, before)))
            else:
                truth[signature] = after
                live.apply(result(sequence, Update(signature, before, after) if before else Add(signature, after)))
            if sequence % 1000 == 500:
                for event in snapshot(truth, sequence):
                    live.apply(event)
            self.assertEqual(live.position, f"1-{sequence}")
        self.assertEqual(dict(live.rows), truth)

    def test_half_a_snapshot_is_never_seen_the_rows_of_before_stay_until_it_is_complete(self) -> None:
        live, changes = LiveRows(), list[str]()
        live.subscribe(lambda event: changes.append(event.id))
        for event in snapshot({"a": {"level": 1}}, 3):
            live.apply(event)
        following = snapshot({"b": {"level": 2}}, 9)
        for event in [Reset("gone"), *following[:2]]:
            live.apply(event)
        self.assertEqual((list(live.rows), live.position), (["a"], "1-3"))
        for event in following:
            live.apply(event)
        self.assertEqual((list(live.rows), live.position, changes), (["b"], "1-9", ["1-3", "1-9"]))

    def test_a_result_that_contradicts_the_rows_is_refused(self) -> None:
        live = LiveRows.of(Results([Row("a", {})], [], "1-1", "1", 1, 1, False, None, "running", None, None))
        for diff in (Add("a", {}), Delete("b", {}), Update("b", {}, {})):
            with self.assertRaises(ProtocolError, msg=diff.type):
                live.apply(result(2, diff))
        with self.assertRaises(ProtocolError):
            LiveRows().apply(result(1))
