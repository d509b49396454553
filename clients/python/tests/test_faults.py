"""What both clients do about servers that refuse, stall, end and lie."""

from __future__ import annotations

import asyncio
import threading
import time
import unittest
from urllib.parse import parse_qs, urlsplit

from livewell_client import (
    AsyncClient,
    Client,
    LivewellError,
    ProblemError,
    ProtocolError,
    Receipt,
    Row,
    Status,
    UnreachableError,
)

from .drivers import Driver, each, names
from .faulty import Request, faulty

RESULTS = (
    '{"epoch":"1","sequence":4,"position":9,"checked":null,"state":"caught_up","error":null,"config_hash":"0","ordered":false,'
    '"columns":["n"],"rows":[{"row_signature":"aa","data":{"n":9007199254740993}}]}'
)
END = (
    'event: snapshot_end\nid: 1-4\ndata: {"epoch":"1","sequence":4,"columns":["n"],"ordered":false,"checked":null,'
    '"state":"caught_up","error":null}\n\n'
)
NOTHING = "http://127.0.0.1:1"


def result(sequence: int) -> str:
    data = f'{{"query_id":"q","epoch":"1","sequence":{sequence},"position":9,"timestamp":"t","results":[]}}'
    return f"event: result\nid: 1-{sequence}\ndata: {data}\n\n"


def say_nothing(request: Request, number: int) -> None:
    """Keeps the connection open for a while."""
    threading.Event().wait(3)


class Faults(unittest.TestCase):
    def test_what_a_new_attempt_cannot_mend_is_raised_at_once_with_what_the_server_says(self) -> None:
        for status, code in ((400, "LW0701"), (401, "LW0715"), (403, "LW0716"), (404, "LW0501"), (422, "LW0526")):
            with faulty(lambda request, _: request.refuse(status, code)) as server:
                for driver in each(server.url, token="wrong"):
                    server.headers.clear()
                    for call in (
                        lambda: driver.first(1, "q"),
                        lambda: driver.results("q"),
                        lambda: driver.ingest("s", []),
                        lambda: driver.rows("q"),
                    ):
                        with self.assertRaises(ProblemError) as raised:
                            call()
                        error = raised.exception
                        found = (error.status, error.code, error.detail, str(error), error.problem["index"])
                        self.assertEqual(found, (status, code, f"refused by {code}", f"refused by {code}", 3))
                    self.assertEqual([headers["authorization"] for headers in server.headers], ["Bearer wrong"] * 4)

    def test_a_server_that_is_busy_is_called_again_not_before_it_asks_for_that(self) -> None:
        times: list[float] = []

        def script(request: Request, number: int) -> None:
            times.append(time.monotonic())
            if number % 4 == 0:
                request.refuse(429, "LW0524", retry_after="1")
            elif number % 4 == 1:
                request.refuse(503, "LW0704")
            else:
                request.send(200, "application/json", '{"position":7,"sequence":2}' if number % 4 == 2 else RESULTS)

        with faulty(script) as server:
            for driver in each(server.url):
                self.assertEqual(driver.ingest("s", {"id": 2**60}), Receipt(7, 2))
                self.assertGreaterEqual(times[-2] - times[-3], 1)
                keys = {headers["idempotency-key"] for headers in server.headers[-3:]}
                self.assertEqual(len(keys), 1, "an attempt has the key of the one before")
                results = driver.results("q")
                self.assertEqual((results.rows, results.id), ([Row("aa", {"n": 9007199254740993})], "1-4"))

    def test_patience_ends_with_the_error_and_without_patience_there_is_one_attempt(self) -> None:
        with faulty(lambda request, _: request.refuse(503, "LW0704")) as server:
            for patient, hasty in zip(each(server.url, patience=0.7), each(server.url, patience=0)):
                server.paths.clear()
                began = time.monotonic()
                with self.assertRaises(ProblemError):
                    patient.results("q")
                self.assertLessEqual(time.monotonic() - began, 0.8)
                self.assertEqual(len(server.paths), 2)
                for call in (lambda: hasty.results("q"), lambda: hasty.first(1, "q", patience=0)):
                    with self.assertRaises(ProblemError):
                        call()
                self.assertEqual(len(server.paths), 4)
        for driver in each(NOTHING, patience=0):
            with self.assertRaises(UnreachableError):
                driver.results("q")

    def test_a_stream_that_is_refused_ended_and_cut_goes_on_where_it_was(self) -> None:
        def script(request: Request, number: int) -> None:
            if number == 0:
                request.refuse(503, "LW0704")
            elif number == 1:
                request.stream(f"{END}{result(5)}{result(6)[:-9]}", is_cut=True)
            elif number == 2:
                request.stream(result(6))
            else:
                request.stream(result(7) + result(8))

        def follow(driver: Driver, statuses: list[Status]) -> list[str]:
            return names(driver.first(6, "q", on_status=statuses.append))

        for kind in (0, 1):
            with faulty(script) as server:
                statuses: list[Status] = []
                seen = follow(list(each(server.url))[kind], statuses)
                expected = [
                    "snapshot_begin",
                    "snapshot_end 1-4",
                    "result 1-5",
                    "result 1-6",
                    "result 1-7",
                    "result 1-8",
                ]
                self.assertEqual(seen, expected)
                asked = [parse_qs(urlsplit(path).query).get("after") for path in server.paths]
                self.assertEqual(asked, [None, None, ["1-5"], ["1-6"]])
                connections = [status.connection for status in statuses]
                changes = [now for now, before in zip(connections, [None, *connections]) if now != before]
                lost = ["connecting", "live", "waiting"]
                self.assertEqual(changes, ["connecting", "waiting", *lost, *lost, "connecting", "live"])
                waiting = [status for status in statuses if status.connection == "waiting"]
                self.assertTrue(all(status.error and (status.retry_in or 0) >= 0.25 for status in waiting))

    def test_a_connection_that_is_silent_is_given_up_and_made_again(self) -> None:
        quiet = threading.Event()

        def script(request: Request, number: int) -> None:
            if number == 0:
                quiet.wait(5)
            elif number == 1:
                request.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + END.encode())
                quiet.wait(5)
            else:
                request.stream(result(5))

        for kind in (0, 1):
            with faulty(script) as server:
                driver = list(each(server.url, silence=0.15))[kind]
                expected = ["snapshot_begin", "snapshot_end 1-4", "result 1-5"]
                self.assertEqual(names(driver.first(3, "q")), expected)
                self.assertEqual(len(server.paths), 3)
        quiet.set()

    def test_an_answer_that_is_not_livewells_is_an_error_and_not_tried_again(self) -> None:
        broken = "event: result\nid: 1-1\ndata: {\n\n"
        for type, body in (
            ("text/html", "<html>"),
            ("text/event-stream", broken),
            ("application/json", "{"),
            ("application/json", "[]"),
        ):
            with faulty(lambda request, _: request.send(200, type, body)) as server:
                for driver in each(server.url):
                    server.paths.clear()
                    with self.assertRaises(ProtocolError):
                        driver.results("q") if type == "application/json" else driver.first(1, "q")
                    self.assertEqual(len(server.paths), 1)
        with faulty(lambda request, _: request.send(502, "text/html", "<html>")) as server:
            for driver in each(server.url, patience=0):
                with self.assertRaises(ProblemError) as raised:
                    driver.results("q")
                self.assertEqual((raised.exception.code, raised.exception.status), (None, 502))

    def test_rows_that_are_cut_off_are_not_taken_for_all_rows(self) -> None:
        row = '{"row_signature":"aa","data":{"n":1}}\n'
        for body in (row + row, row + row[:-9]):
            with faulty(
                lambda request, _: request.send(200, "application/x-ndjson", body, livewell_rows="3")
            ) as server:
                for driver in each(server.url):
                    with self.assertRaises(UnreachableError):
                        driver.rows("q")

    def test_a_token_is_asked_for_before_each_call_and_one_that_cannot_be_had_is_waited_for(self) -> None:
        with faulty(lambda request, _: request.send(200, "application/json", RESULTS)) as server:
            asked: list[int] = []

            def token() -> str:
                asked.append(1)
                if len(asked) == 1:
                    raise OSError("the provider is away")
                return f"t{len(asked)}"

            for driver in each(server.url, token=token):
                asked.clear()
                server.headers.clear()
                driver.results("q")
                driver.results("q")
                self.assertEqual([headers["authorization"] for headers in server.headers], ["Bearer t2", "Bearer t3"])

    def test_another_thread_ends_an_iteration_a_pause_and_a_live_query(self) -> None:
        for url in (NOTHING, None):
            with faulty(say_nothing) as server:
                following = Client(url or server.url).follow("q")
                threading.Timer(0.2, following.close).start()
                began = time.monotonic()
                self.assertEqual(list(following), [])
                live = Client(url or server.url).live("q")
                with self.assertRaises(TimeoutError):
                    live.ready(0.1)
                live.close()
                self.assertEqual(live.status, "closed")
                self.assertLess(time.monotonic() - began, 2)
                with self.assertRaises(LivewellError):
                    live.ready()

    def test_a_call_that_is_cancelled_ends(self) -> None:
        async def run(url: str) -> None:
            client = AsyncClient(url)
            for call in (client.results("q"), client.live("q").ready()):
                with self.assertRaises(asyncio.TimeoutError):
                    await asyncio.wait_for(call, 0.2)
            live = client.live("q")
            await asyncio.sleep(0.1)
            await live.close()
            self.assertEqual(live.status, "closed")

        with faulty(say_nothing) as server:
            for url in (NOTHING, server.url):
                asyncio.run(run(url))
