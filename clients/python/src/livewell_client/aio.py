"""The client for asyncio. `Client` is the one for plain programs."""

from __future__ import annotations

import asyncio
import math
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import closing

from . import calls
from .aio_live import AsyncLiveQuery
from .course import Course, OnStatus, Repeat
from .errors import UnreachableError
from .settings import PATIENCE, SILENCE, tls_of
from .shapes import Event, Receipt, Results, Row, Values
from .streams import Connection
from .wire import Address, Call


class AsyncClient:
    """A client of one Livewell server, for asyncio. Its methods are those of `Client`, which describes them.

    `follow`, `pages` and `rows` return asynchronous generators: leave them early within `contextlib.aclosing`, so that
    their connections end at once. A call that is cancelled ends its connection.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | Callable[[], Awaitable[str]] | None = None,
        patience: float = PATIENCE,
        silence: float = SILENCE,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """See `Client`; a `token` that is a function is awaited before each call."""
        self._address = Address(url)
        self._token = token
        self._patience = patience
        self._silence = silence
        self._tls = tls_of(self._address, tls)

    async def results(
        self,
        query: str,
        *,
        for_each: Values | None = None,
        position: int | None = None,
        wait: float = calls.WAIT,
        search: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Results:
        """Returns the rows of a query as they are now, or at a position."""
        call = calls.results(
            query, for_each=for_each, position=position, wait=wait, search=search, limit=limit, cursor=cursor
        )
        return calls.read_results(await self._whole(call))

    async def pages(
        self,
        query: str,
        *,
        limit: int = 1_000,
        for_each: Values | None = None,
        position: int | None = None,
        wait: float = calls.WAIT,
    ) -> AsyncGenerator[Results, None]:
        """Returns the rows of a query page by page, `limit` rows each, all of one sequence."""
        page = await self.results(query, for_each=for_each, position=position, wait=wait, limit=limit)
        yield page
        while page.cursor is not None:
            page = await self.results(query, for_each=for_each, limit=limit, cursor=page.cursor)
            yield page

    async def rows(
        self,
        query: str,
        *,
        for_each: Values | None = None,
        position: int | None = None,
        wait: float = calls.WAIT,
        search: str | None = None,
    ) -> AsyncGenerator[Row, None]:
        """Returns the rows of a query one by one as they are read. What was cut off raises `UnreachableError`."""
        call = calls.results(query, calls.NDJSON, for_each=for_each, position=position, wait=wait, search=search)
        connection, piece = await self._opened(call)
        with closing(connection):
            lines = calls.Lines(connection.headers)
            for row in lines.push(piece):
                yield row
            async for piece in connection.pieces():
                for row in lines.push(piece):
                    yield row
            lines.end()

    async def ingest(
        self, source: str, changes: calls.Sent | Iterable[calls.Sent], *, idempotency_key: str | None = None
    ) -> Receipt:
        """Sends changes to an `http` source, one or many, all or none; returns once they are durable."""
        return calls.read_receipt(await self._whole(calls.ingest(source, changes, idempotency_key)))

    async def follow(
        self,
        query: str,
        *,
        after: str | None = None,
        for_each: Values | None = None,
        patience: float = math.inf,
        on_status: OnStatus | None = None,
    ) -> AsyncGenerator[Event, None]:
        """Returns the events of a query: a snapshot, then every result once and in order, over lost connections."""
        course = Course(query, after, for_each, patience, on_status)
        while True:
            connection = self._connection()
            try:
                with closing(connection):
                    piece = await connection.open(course.begin(), await self.token())
                    for event in course.connected(connection.headers):
                        yield event
                    for event in course.take(piece):
                        yield event
                    async for piece in connection.pieces():
                        for event in course.take(piece):
                            yield event
                raise UnreachableError("the server ended the stream")
            except Exception as error:
                pause = course.failed(error)
            await asyncio.sleep(pause)

    def live(self, query: str, *, for_each: Values | None = None, patience: float = math.inf) -> AsyncLiveQuery:
        """Follows a query in a task, until `close`; its rows are always there."""
        return AsyncLiveQuery(
            lambda on_status: self.follow(query, for_each=for_each, patience=patience, on_status=on_status)
        )

    async def token(self) -> str | None:
        """Returns the token for the next call.

        Raises `UnreachableError` if the function that has it fails.
        """
        if not callable(self._token):
            return self._token
        try:
            return await self._token()
        except Exception as error:
            raise UnreachableError(f"could not get a token: {error}") from error

    def _connection(self) -> Connection:
        return Connection(self._address, self._tls, self._silence)

    async def _whole(self, call: Call) -> bytes:
        repeat = Repeat(self._patience)
        while True:
            connection = self._connection()
            try:
                with closing(connection):
                    first = await connection.open(call, await self.token())
                    return first + b"".join([piece async for piece in connection.pieces()])
            except Exception as error:
                pause = repeat.failed(error)
            await asyncio.sleep(pause)

    async def _opened(self, call: Call) -> tuple[Connection, bytes]:
        repeat = Repeat(self._patience)
        while True:
            connection = self._connection()
            try:
                return connection, await connection.open(call, await self.token())
            except BaseException as error:
                connection.close()
                if not isinstance(error, Exception):
                    raise
                pause = repeat.failed(error)
            await asyncio.sleep(pause)
