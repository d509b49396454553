"""The events of a query for plain programs: an iterator that can be ended from another thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from types import TracebackType

from .course import Course
from .errors import UnreachableError
from .shapes import Event
from .sockets import Connection


class Following(Iterator[Event]):
    """The events of a query, one after another. `close` ends the iteration, also from another thread."""

    def __init__(self, course: Course, connect: Callable[[], Connection], token: Callable[[], str | None]) -> None:
        self._course = course
        self._connect = connect
        self._token = token
        self._stop = threading.Event()
        self._connection: Connection | None = None
        self._events = self._run()

    def __next__(self) -> Event:
        event = next(self._events)
        # Whoever stopped it wants no event that was already there.
        if self._stop.is_set():
            self._events.close()
            raise StopIteration
        return event

    def __enter__(self) -> Following:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the iteration and the connection."""
        self._stop.set()
        connection = self._connection
        if connection is not None:
            connection.abort()
        # Fails if another thread, or this one further up, is just in it: then it ends there.
        with suppress(ValueError):
            self._events.close()

    def _run(self) -> Generator[Event, None, None]:
        while not self._stop.is_set():
            try:
                yield from self._one()
            except Exception as error:
                if self._stop.is_set():
                    return
                self._stop.wait(self._course.failed(error))

    def _one(self) -> Iterator[Event]:
        """Returns the events of one connection, which ends with an error."""
        call = self._course.begin()
        connection = self._connection = self._connect()
        # Somebody may have stopped it before there was a connection to abort.
        if self._stop.is_set():
            return
        try:
            piece = connection.open(call, self._token())
            yield from self._course.connected(connection.headers)
            yield from self._course.take(piece)
            for piece in connection.pieces():
                yield from self._course.take(piece)
        finally:
            connection.close()
        raise UnreachableError("the server ended the stream")
