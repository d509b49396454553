"""The client for plain programs and threads. `AsyncClient` is the one for asyncio."""

from __future__ import annotations

import math
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing

from . import calls
from .course import Course, OnStatus, Repeat
from .errors import UnreachableError
from .following import Following
from .live import LiveQuery
from .settings import PATIENCE, SILENCE, tls_of
from .shapes import Receipt, Results, Row, Values
from .sockets import Connection
from .wire import Address, Call


class Client:
    """A client of one Livewell server.

    All methods raise `ProblemError` if the server refuses the call, `UnreachableError` if there is no answer within
    `patience`, and `ProtocolError` if something answers that is not Livewell. Threads may share a client.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | Callable[[], str] | None = None,
        patience: float = PATIENCE,
        silence: float = SILENCE,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`url` is where the server is, such as `https://livewell.example.com` or `http://127.0.0.1:7171`; it may have
        a path.

        A `token` that is a function is asked before each call, for tokens that expire. `patience` is for how long
        `results`, `pages`, `rows` and `ingest` retry what may pass, `silence` how long a call may be silent, both in
        seconds. `tls` is for certificates that the system does not know.
        """
        self._address = Address(url)
        self._token = token
        self._patience = patience
        self._silence = silence
        self._tls = tls_of(self._address, tls)

    def results(
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
        """Returns the rows of a query as they are now.

        `for_each` are the values of a query with `for_each`. With `position` it waits until that position of the store
        is in the results, such as the one that `ingest` returned (read your writes): `wait` seconds, at most 60, then
        it raises a `ProblemError` with `LW0705`. `search` leaves the rows in which a value contains the text. `limit`
        is how many rows to read at most, from 1 to 10,000, and `cursor` that of the page before.
        """
        call = calls.results(
            query, for_each=for_each, position=position, wait=wait, search=search, limit=limit, cursor=cursor
        )
        return calls.read_results(self._whole(call))

    def pages(
        self,
        query: str,
        *,
        limit: int = 1_000,
        for_each: Values | None = None,
        position: int | None = None,
        wait: float = calls.WAIT,
    ) -> Iterator[Results]:
        """Returns the rows of a query page by page, `limit` rows each, all of one sequence."""
        page = self.results(query, for_each=for_each, position=position, wait=wait, limit=limit)
        yield page
        while page.cursor is not None:
            page = self.results(query, for_each=for_each, limit=limit, cursor=page.cursor)
            yield page

    def rows(
        self,
        query: str,
        *,
        for_each: Values | None = None,
        position: int | None = None,
        wait: float = calls.WAIT,
        search: str | None = None,
    ) -> Iterator[Row]:
        """Returns the rows of a query one by one as they are read. What was cut off raises `UnreachableError`."""
        call = calls.results(query, calls.NDJSON, for_each=for_each, position=position, wait=wait, search=search)
        connection, piece = self._opened(call)
        with closing(connection):
            lines = calls.Lines(connection.headers)
            yield from lines.push(piece)
            for piece in connection.pieces():
                yield from lines.push(piece)
            lines.end()

    def ingest(
        self, source: str, changes: calls.Sent | Iterable[calls.Sent], *, idempotency_key: str | None = None
    ) -> Receipt:
        """Sends changes to an `http` source, one or many; returns once they are durable.

        All of them are taken in or none, each as a transaction of its own. `idempotency_key`, of 1 to 255 printable
        ASCII characters, names this body: the same key with the same changes is taken in once, also from another
        process or another day, among the last 10,000 keys of the source. One is made up for each call if absent.
        """
        return calls.read_receipt(self._whole(calls.ingest(source, changes, idempotency_key)))

    def follow(
        self,
        query: str,
        *,
        after: str | None = None,
        for_each: Values | None = None,
        patience: float = math.inf,
        on_status: OnStatus | None = None,
    ) -> Following:
        """Returns the events of a query: a snapshot, then every result once and in order.

        Lost connections are made again, and resumed after the last result; if the outbox no longer reaches back to it,
        a `Reset` and a snapshot come. `after` is the `id` of an event or of results, to begin behind it without a
        snapshot. `patience` is for how long it is tried to connect again since something was last heard, in seconds,
        before the error is raised.
        """
        return Following(Course(query, after, for_each, patience, on_status), self._connection, self.token)

    def live(self, query: str, *, for_each: Values | None = None, patience: float = math.inf) -> LiveQuery:
        """Follows a query in a thread, until `close`; its rows are always there."""
        return LiveQuery(
            lambda on_status: self.follow(query, for_each=for_each, patience=patience, on_status=on_status)
        )

    def token(self) -> str | None:
        """Returns the token for the next call.

        Raises `UnreachableError` if the function that has it fails.
        """
        if not callable(self._token):
            return self._token
        try:
            return self._token()
        except Exception as error:
            raise UnreachableError(f"could not get a token: {error}") from error

    def _connection(self) -> Connection:
        return Connection(self._address, self._tls, self._silence)

    def _whole(self, call: Call) -> bytes:
        repeat = Repeat(self._patience)
        while True:
            connection = self._connection()
            try:
                return connection.open(call, self.token()) + b"".join(connection.pieces())
            except Exception as error:
                pause = repeat.failed(error)
            finally:
                connection.close()
            time.sleep(pause)

    def _opened(self, call: Call) -> tuple[Connection, bytes]:
        repeat = Repeat(self._patience)
        while True:
            connection = self._connection()
            try:
                return connection, connection.open(call, self.token())
            except Exception as error:
                connection.close()
                pause = repeat.failed(error)
            time.sleep(pause)
