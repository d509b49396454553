"""The course of one follower over as many connections as it takes, apart from how they are made."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from . import calls
from .backoff import Backoff
from .errors import ProblemError, UnreachableError, is_passing
from .resumption import Resumption
from .shapes import Event, Status, Values
from .sse import Reader
from .wire import Call

OnStatus = Callable[[Status], None]
"""Is told whenever the connection, or what the query is doing, changes."""

_PROGRESS = frozenset(("result", "snapshot_end", "heartbeat"))


class Course:
    """Says what the next call is, makes events of what comes, and how long to wait after a failure."""

    def __init__(
        self,
        query: str,
        after: str | None,
        for_each: Values | None,
        patience: float = math.inf,
        on_status: OnStatus | None = None,
    ) -> None:
        self._query = query
        self._for_each = for_each
        self._patience = patience
        self._on_status = on_status
        self._place = Resumption(after, is_whole=not for_each)
        self._backoff = Backoff()
        self._reader = Reader()
        self._heard = time.monotonic()
        self._error: Exception | None = None

    def begin(self) -> Call:
        """Returns the call of the next connection."""
        self._tell("connecting")
        self._reader = Reader()
        return calls.changes(self._query, self._for_each, self._place.position)

    def connected(self, headers: Mapping[str, str]) -> Iterator[Event]:
        """Notes that the server sends events, with the headers of its answer; returns events that come of this alone.

        Raises `UnreachableError` behind them if the connection is not to be read.
        """
        self._error = None
        self._heard = time.monotonic()
        events = list(self._place.connect(headers.get("livewell-store")))
        self._tell("live")
        yield from events
        if events:
            raise UnreachableError("another store answers at this address")

    def take(self, piece: bytes) -> Iterator[Event]:
        """Takes a piece of the stream; returns its events."""
        for message in self._reader.push(piece):
            events = self._place.take(message)
            # Being let in is not enough: a server that always ends the stream at once is not to be called without a
            # pause.
            if message.event in _PROGRESS:
                self._backoff.reset()
            if message.event in ("snapshot_end", "heartbeat"):
                self._tell("live")
            yield from events
        # How long the caller has taken for them is not the server's silence.
        self._heard = time.monotonic()

    def failed(self, error: Exception) -> float:
        """Notes that a connection has ended; returns how long to wait before the next one, in seconds.

        Raises `error` if another attempt cannot mend it, or patience has ended.
        """
        if not is_passing(error) or time.monotonic() - self._heard >= self._patience:
            raise error
        self._error = error
        pause = self._backoff.next(error.retry_after if isinstance(error, ProblemError) else None)
        self._tell("waiting", pause)
        return pause

    def _tell(self, connection: Literal["connecting", "live", "waiting"], retry_in: float | None = None) -> None:
        if self._on_status is not None:
            self._on_status(Status(connection, retry_in, self._error, self._place.state, self._place.trouble))


class Repeat:
    """Says how long to wait before a call is repeated that has failed, and when to give up."""

    def __init__(self, patience: float) -> None:
        self._backoff = Backoff()
        self._until = time.monotonic() + patience

    def failed(self, error: Exception) -> float:
        """Returns the pause before the next attempt, in seconds.

        Raises `error` if another attempt cannot mend it, or would come too late.
        """
        pause = self._backoff.next(error.retry_after if isinstance(error, ProblemError) else None)
        # A pause that ends too late would only delay the error.
        if not is_passing(error) or time.monotonic() + pause > self._until:
            raise error
        return pause
