"""A server that is killed at random moments while changes come: every result once and in order, every change once."""

from __future__ import annotations

import asyncio
import json
import os
import random
import threading
import time
import unittest
from contextlib import aclosing
from typing import Any

from livewell_client import AsyncClient, Client, LiveRows, Result, Results, SnapshotEnd, Update

from .place import Place, change, config, until

KILLS = int(os.environ.get("LIVEWELL_KILLS", "10"))
LIFE_MAX = 0.7
"""How long the server runs before it is killed, in seconds, at most."""


def theirs(line: str) -> dict[str, Any]:
    """Returns a line of a file of results without the name of its query."""
    sent: dict[str, Any] = json.loads(line)
    del sent["query_id"]
    return sent


def ours(result: Result) -> dict[str, Any]:
    """Returns a result as such a line has it."""
    diffs = []
    for diff in result.diffs:
        values = {"before": diff.before, "after": diff.after} if isinstance(diff, Update) else {"data": diff.data}
        diffs.append({"type": diff.type, "row_signature": diff.signature, **values})
    names = ("epoch", "sequence", "position", "timestamp")
    return {**{name: getattr(result, name) for name in names}, "results": diffs}


def rows_of(results: Results) -> dict[str, Any]:
    return {row.signature: row.data for row in results.rows}


class Killed(unittest.TestCase):
    def setUp(self) -> None:
        self.place = Place(config())
        self.addCleanup(self.place.end)
        self.is_killing = True

    def kill(self) -> None:
        """Kills the server at random moments, and starts it again."""
        for _ in range(KILLS):
            time.sleep(random.random() * LIFE_MAX)
            self.place.kill()
            time.sleep(random.random() * 0.2)
            self.place.start()
        self.is_killing = False

    def check(self, fold: LiveRows, seen: list[Result], snapshots: int, results: Results) -> None:
        """Checks what a follower has seen from the beginning against the server's rows and the file of all results."""
        self.assertEqual(dict(fold.rows), rows_of(results))
        self.assertEqual(snapshots, 1, "there is one snapshot, at the beginning")

        def lines() -> list[str]:
            # What the file reaction wrote is exact under kills by a test of its own.
            return self.place.path("all.jsonl").read_text().splitlines()

        until("the file of all results is written", lambda: len(lines()) == results.sequence)
        self.assertEqual([result.id for result in seen], [f"1-{at + 1}" for at in range(results.sequence)])
        self.assertEqual([ours(result) for result in seen], [theirs(line) for line in lines()])
        print(f"{KILLS} kills, {len(seen)} results", flush=True)

    def test_killed_anywhere_the_plain_client_sees_every_result_once_and_in_order(self) -> None:
        client = Client(self.place.url, patience=60)
        fold, seen, snapshots = LiveRows(), list[Result](), list[SnapshotEnd]()
        following = client.follow("levels")

        def follow() -> None:
            for event in following:
                if isinstance(event, Result):
                    seen.append(event)
                if isinstance(event, SnapshotEnd):
                    snapshots.append(event)
                fold.apply(event)

        follower, killer = threading.Thread(target=follow), threading.Thread(target=self.kill)
        follower.start()
        self.addCleanup(following.close)
        of = [client.live("levels-of", for_each={"owner": f"w{at}"}) for at in range(3)]
        for live in of:
            self.addCleanup(live.close)
            live.ready(60)
        until("the first snapshot", lambda: bool(snapshots))
        killer.start()
        sent = 0
        while self.is_killing:
            receipt = client.ingest("tanks", change(sent), idempotency_key=f"change {sent}")
            sent += 1
            self.assertEqual(receipt.sequence, sent, "a change that was sent again is taken in once")
        killer.join()
        results = client.results("levels", position=receipt.position, wait=30)
        until("the follower has come to the end", lambda: fold.position == results.id)
        following.close()
        follower.join()
        self.check(fold, seen, len(snapshots), results)
        for at, live in enumerate(of):
            expected = rows_of(client.results("levels-of", for_each={"owner": f"w{at}"}))
            live.wait(lambda: live.status == "live" and dict(live.rows) == expected, 60)

    def test_killed_anywhere_the_asyncio_client_sees_every_result_once_and_in_order(self) -> None:
        asyncio.run(self.run_asyncio())

    async def run_asyncio(self) -> None:
        client = AsyncClient(self.place.url, patience=60)
        fold, seen, snapshots = LiveRows(), list[Result](), list[SnapshotEnd]()

        async def follow() -> None:
            async with aclosing(client.follow("levels")) as events:
                async for event in events:
                    if isinstance(event, Result):
                        seen.append(event)
                    if isinstance(event, SnapshotEnd):
                        snapshots.append(event)
                    fold.apply(event)

        async def reached(id: str) -> None:
            while fold.position != id:
                self.assertFalse(follower.done())
                await asyncio.sleep(0.02)

        follower = asyncio.create_task(follow())
        of = [client.live("levels-of", for_each={"owner": f"w{at}"}) for at in range(3)]
        for live in of:
            await asyncio.wait_for(live.ready(), 60)
        await asyncio.wait_for(reached("1-0"), 60)
        killer, sent = asyncio.create_task(asyncio.to_thread(self.kill)), 0
        while self.is_killing:
            receipt = await client.ingest("tanks", change(sent), idempotency_key=f"change {sent}")
            sent += 1
            self.assertEqual(receipt.sequence, sent, "a change that was sent again is taken in once")
        await killer
        results = await client.results("levels", position=receipt.position, wait=30)
        await asyncio.wait_for(reached(results.id), 60)
        follower.cancel()
        self.check(fold, seen, len(snapshots), results)
        for at, live in enumerate(of):
            expected = rows_of(await client.results("levels-of", for_each={"owner": f"w{at}"}))
            await asyncio.wait_for(live.wait(lambda: live.status == "live" and dict(live.rows) == expected), 60)
            await live.close()
