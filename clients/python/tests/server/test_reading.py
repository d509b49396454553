"""Reading, sending and following against a real server, with what only a real one does."""

from __future__ import annotations

import asyncio
import unittest
from itertools import count
from typing import ClassVar
from urllib.parse import urlsplit

from livewell_client import AsyncClient, Client, LiveRows, ProblemError, Reset, Result, SnapshotBegin

from ..drivers import Driver, each
from ..faulty import cutting
from .place import Place, config, tank

_numbers = count()


class Reading(unittest.TestCase):
    place: ClassVar[Place]

    @classmethod
    def setUpClass(cls) -> None:
        server = ", tokens: [ { name: all, token: right, scopes: [administer] } ]"
        cls.place = Place(config(server, ", outbox: { capacity: 20 }"))
        cls.addClassCleanup(cls.place.end)

    def drivers(self) -> list[tuple[Driver, str]]:
        """Returns both clients, each with an owner of its own."""
        return [(driver, f"o {next(_numbers)}") for driver in each(self.place.url, token="right")]

    def test_rows_are_read_at_once_in_pages_and_one_by_one_with_integers_of_any_size(self) -> None:
        for driver, owner in self.drivers():
            values = {"for_each": {"owner": owner}}
            receipt = driver.ingest("tanks", [tank(f"{owner} {at}", 2**53 + at, owner) for at in range(25)])
            results = driver.results("levels-of", position=receipt.position, **values)
            self.assertEqual((results.columns, results.ordered, results.cursor), (["id", "level"], False, None))
            self.assertEqual({row.data["level"] for row in results.rows}, set(range(2**53, 2**53 + 25)))
            pages = driver.pages("levels-of", limit=10, **values)
            self.assertEqual([len(page.rows) for page in pages], [10, 10, 5])
            self.assertEqual([row for page in pages for row in page.rows], results.rows)
            self.assertEqual(driver.rows("levels-of", **values), results.rows)
            found = driver.results("levels", search=f"{owner} 7".upper(), position=receipt.position)
            self.assertEqual(len(found.rows), 1)
            with self.assertRaises(ProblemError) as raised:
                driver.results("levels-of", for_each={"wrong": True})
            self.assertEqual(raised.exception.code, "LW0544")

    def test_an_outbox_that_no_longer_reaches_back_is_a_reset_and_the_rows_are_right_after_it(self) -> None:
        for driver, owner in self.drivers():
            rows = LiveRows.of(driver.results("levels"))
            driver.ingest("tanks", [tank(f"{owner} {at % 7}", at) for at in range(60)])
            receipt = driver.ingest("tanks", tank("last", next(_numbers)))
            results = driver.results("levels", position=receipt.position)
            events = driver.first(len(results.rows) + 3, "levels", after=rows.position)
            self.assertIsInstance(events[0], Reset)
            self.assertIsInstance(events[1], SnapshotBegin)
            for event in events:
                rows.apply(event)
            self.assertEqual(rows.position, results.id)
            self.assertEqual(dict(rows.rows), {row.signature: row.data for row in results.rows})

    def test_a_wrong_token_and_an_unknown_query_are_errors_at_once_with_code_and_words(self) -> None:
        for wrong in each(self.place.url, token="wrong"):
            for call in (
                lambda: wrong.results("levels"),
                lambda: wrong.first(1, "levels"),
                lambda: wrong.ingest("tanks", []),
            ):
                with self.assertRaises(ProblemError) as raised:
                    call()
                self.assertEqual(raised.exception.status, 401)
                self.assertRegex(raised.exception.code or "", r"^LW\d{4}$")
        for driver, _ in self.drivers():
            with self.assertRaises(ProblemError) as raised:
                driver.first(1, "level")
            self.assertEqual(raised.exception.code, "LW0501")

    def test_a_change_that_is_refused_says_which_and_nothing_of_its_body_is_taken_in(self) -> None:
        for driver, owner in self.drivers():
            with self.assertRaises(ProblemError) as raised:
                driver.ingest("tanks", [tank("new", 1, owner), {"operation": "upset"}])
            self.assertEqual((raised.exception.status, raised.exception.problem["index"]), (400, 1))
            first = driver.ingest("tanks", tank("keyed", 1, owner), idempotency_key=owner)
            self.assertEqual(driver.ingest("tanks", tank("keyed", 1, owner), idempotency_key=owner), first)
            with self.assertRaises(ProblemError) as raised:
                driver.ingest("tanks", tank("keyed", 2, owner), idempotency_key=owner)
            self.assertEqual(raised.exception.code, "LW0526")
            with self.assertRaises(ProblemError) as raised:
                driver.results("levels", position=first.position + 1000, wait=0.05)
            self.assertEqual(raised.exception.code, "LW0705")

    def test_a_live_query_by_value_is_followed_by_a_thread_and_by_a_task(self) -> None:
        client = Client(self.place.url, token="right")
        with client.live("levels-of", for_each={"owner": "thread"}) as live:
            live.ready(30)
            client.ingest("tanks", [tank("mine", 1, "thread"), tank("theirs", 1, "other"), tank("mine", 2, "thread")])
            live.wait(lambda: [row["level"] for row in live.rows.values()] == [2], 30)
            self.assertEqual((live.status, live.columns), ("live", ["id", "level"]))
            self.assertIn(live.state, ("running", "caught_up"))
        self.assertEqual(live.status, "closed")
        with self.assertRaises(ProblemError):
            client.live("level").ready(30)

        async def run() -> None:
            client = AsyncClient(self.place.url, token="right")
            async with client.live("levels-of", for_each={"owner": "task"}) as live:
                await live.ready()
                await client.ingest(
                    "tanks", [tank("mine", 1, "task"), tank("theirs", 1, "other"), tank("mine", 2, "task")]
                )
                await asyncio.wait_for(live.wait(lambda: [row["level"] for row in live.rows.values()] == [2]), 30)
                self.assertEqual(live.status, "live")
            failing = client.live("level")
            with self.assertRaises(ProblemError):
                await failing.ready()
            self.assertEqual(failing.status, "failed")

        asyncio.run(run())

    def test_through_a_proxy_that_cuts_in_the_middle_of_events_every_result_is_seen_once_and_in_order(self) -> None:
        port = urlsplit(self.place.url).port or 0
        for kind, (driver, owner) in enumerate(self.drivers()):
            begun = driver.results("levels")
            for at in range(15):
                receipt = driver.ingest("tanks", tank(owner, 1000 + at))
            results = driver.results("levels", position=receipt.position)
            connections = count(1)
            with cutting(port, lambda: 300 + 211 * next(connections)) as url:
                through = list(each(url, token="right"))[kind]
                events = through.first(results.sequence - begun.sequence, "levels", after=begun.id)
            rows = LiveRows.of(begun)
            for event in events:
                self.assertIsInstance(event, Result)
                rows.apply(event)
            self.assertEqual(dict(rows.rows), {row.signature: row.data for row in results.rows})
            self.assertGreater(next(connections), 4)

    def test_a_store_that_was_begun_again_is_a_reset_and_none_of_its_results_is_left_out(self) -> None:
        # Such a store forgets what a reaction has written.
        memory = config().replace("kind: embedded, path: data, durability: os", "kind: memory").partition("reactions:")
        place = Place(memory[0])
        self.addCleanup(place.end)
        client = Client(place.url)

        def ids() -> set[str]:
            return {row["id"] for row in live.rows.values()}

        with client.live("levels") as live:
            client.ingest("tanks", [tank("a", 1), tank("b", 1)])
            live.wait(lambda: ids() == {"a", "b"}, 30)
            place.kill()
            place.start()
            client.ingest("tanks", [tank("c", 1), tank("d", 1), tank("e", 1)])
            live.wait(lambda: ids() == {"c", "d", "e"}, 30)
