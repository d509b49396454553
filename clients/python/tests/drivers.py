"""Both clients behind the same plain functions, so that each test is about both."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

from livewell_client import AsyncClient, Client, Event, Receipt, Results, Row


class Plain:
    """Drives `Client`."""

    name = "plain"

    def __init__(self, url: str, **options: Any) -> None:
        self.client = Client(url, **options)

    def results(self, query: str, **options: Any) -> Results:
        return self.client.results(query, **options)

    def ingest(self, source: str, changes: Any, **options: Any) -> Receipt:
        return self.client.ingest(source, changes, **options)

    def rows(self, query: str, **options: Any) -> list[Row]:
        return list(self.client.rows(query, **options))

    def pages(self, query: str, **options: Any) -> list[Results]:
        return list(self.client.pages(query, **options))

    def first(self, count: int, query: str, **options: Any) -> list[Event]:
        """Returns the first events of a query."""
        found: list[Event] = []
        with self.client.follow(query, **options) as events:
            for event in events:
                found.append(event)
                if len(found) == count:
                    break
        return found


class Asyncio:
    """Drives `AsyncClient`, each call in a loop of its own."""

    name = "asyncio"

    def __init__(self, url: str, **options: Any) -> None:
        token = options.pop("token", None)

        async def asked() -> str:
            return str(token())

        self.client = AsyncClient(url, token=asked if callable(token) else token, **options)

    def results(self, query: str, **options: Any) -> Results:
        return asyncio.run(self.client.results(query, **options))

    def ingest(self, source: str, changes: Any, **options: Any) -> Receipt:
        return asyncio.run(self.client.ingest(source, changes, **options))

    def rows(self, query: str, **options: Any) -> list[Row]:
        async def all() -> list[Row]:
            return [row async for row in self.client.rows(query, **options)]

        return asyncio.run(all())

    def pages(self, query: str, **options: Any) -> list[Results]:
        async def all() -> list[Results]:
            return [page async for page in self.client.pages(query, **options)]

        return asyncio.run(all())

    def first(self, count: int, query: str, **options: Any) -> list[Event]:
        async def run() -> list[Event]:
            found: list[Event] = []
            async with aclosing(self.client.follow(query, **options)) as events:
                async for event in events:
                    found.append(event)
                    if len(found) == count:
                        break
            return found

        return asyncio.run(run())


Driver = Plain | Asyncio


def each(url: str, **options: Any) -> Iterator[Driver]:
    """Returns both clients of a server."""
    yield Plain(url, **options)
    yield Asyncio(url, **options)


def names(events: list[Event]) -> list[str]:
    """Returns what events are, with their ids."""
    return [f"{event.type} {getattr(event, 'id', '')}".strip() for event in events]
