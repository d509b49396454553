"""A query that is followed by a thread: its rows as they are now, and how the connection stands."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Literal

from .course import OnStatus
from .errors import LivewellError
from .following import Following
from .rows import LiveRows
from .shapes import Data, State, Status, Trouble

LiveStatus = Literal["connecting", "live", "reconnecting", "failed", "closed"]
"""`connecting`: nothing has come yet. `live`: the rows are followed. `reconnecting`: the connection is lost, and the
rows are as of then. `failed`: it has ended with an error. `closed`: it was ended by `close`."""

_END_MAX = 5.0
"""How long `close` waits for the thread, in seconds."""


class Standing:
    """How a live query stands: what both kinds of them show."""

    def __init__(self) -> None:
        self.status: LiveStatus = "connecting"
        self.error: Exception | None = None
        """Why the connection was lost, or why it has ended; `None` while all is well."""
        self.state: State | None = None
        """What the query is doing, as far as it is known."""
        self.trouble: Trouble | None = None
        """What keeps the query from advancing; `None` if nothing does."""
        self._is_connected = False

    def told(self, status: Status, has_rows: bool) -> None:
        """Takes the status of the follower."""
        self._is_connected = status.connection == "live"
        self.error, self.state, self.trouble = status.error, status.state, status.trouble
        self.settle(has_rows)

    def settle(self, has_rows: bool) -> None:
        """Sets the status: rows of before a lost connection are followed again, or replaced, once there is another
        one."""
        if self.status in ("failed", "closed"):
            return
        if self._is_connected and has_rows:
            self.status = "live"
        else:
            self.status = "reconnecting" if self.error is not None or has_rows else "connecting"

    def end(self, status: Literal["failed", "closed"], error: Exception | None = None) -> None:
        """Sets the last status."""
        if self.status not in ("failed", "closed"):
            self.status, self.error = status, error


class LiveQuery:
    """The rows of a query, kept current by a thread until `close`, or until the end of a `with` block."""

    def __init__(self, begin: Callable[[OnStatus], Following]) -> None:
        """`begin` follows the query; see `Client.live`."""
        self._rows = LiveRows()
        self._standing = Standing()
        self._changed = threading.Condition()
        self._following = begin(self._told)
        self._thread = threading.Thread(target=self._run, name="livewell", daemon=True)
        self._thread.start()

    def __enter__(self) -> LiveQuery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def rows(self) -> Mapping[str, Data]:
        """A copy of the rows, by signature: first those of the snapshot in its order, then others as they came."""
        with self._changed:
            return dict(self._rows.rows)

    @property
    def position(self) -> str | None:
        """`EPOCH-SEQUENCE` that the rows are of; `None` before the first snapshot is complete."""
        return self._rows.position

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in the order of RETURN."""
        return self._rows.columns

    @property
    def status(self) -> LiveStatus:
        """How it stands."""
        return self._standing.status

    @property
    def error(self) -> Exception | None:
        """Why the connection was lost, or why it has ended; `None` while all is well."""
        return self._standing.error

    @property
    def state(self) -> State | None:
        """What the query is doing, as far as it is known."""
        return self._standing.state

    @property
    def trouble(self) -> Trouble | None:
        """What keeps the query from advancing; `None` if nothing does."""
        return self._standing.trouble

    def ready(self, timeout: float | None = None) -> None:
        """Waits until the first snapshot is complete.

        Raises its error if it cannot come, and `TimeoutError` after `timeout` seconds.
        """
        self.wait(lambda: self.position is not None, timeout)

    def wait(self, is_so: Callable[[], bool], timeout: float | None = None) -> None:
        """Waits until `is_so` is true; it is asked after each change.

        Raises the error of the query if it fails meanwhile, and `TimeoutError` after `timeout` seconds.
        """
        with self._changed:
            self._changed.wait_for(lambda: is_so() or self.status in ("failed", "closed"), timeout)
            if is_so():
                return
            if self.status == "failed" and self.error is not None:
                raise self.error
            if self.status == "closed":
                raise LivewellError("the live query was closed")
        raise TimeoutError(f"not within {timeout} seconds")

    def close(self) -> None:
        """Ends the connection and the thread. The rows stay as they are."""
        with self._changed:
            self._standing.end("closed")
            self._changed.notify_all()
        self._following.close()
        if threading.current_thread() is not self._thread:
            # A connection that is just being made cannot be ended; its thread ends with it.
            self._thread.join(_END_MAX)

    def _run(self) -> None:
        try:
            for event in self._following:
                with self._changed:
                    self._rows.apply(event)
                    self._standing.settle(self._rows.position is not None)
                    self._changed.notify_all()
        except Exception as error:
            with self._changed:
                self._standing.end("failed", error)
                self._changed.notify_all()

    def _told(self, status: Status) -> None:
        with self._changed:
            self._standing.told(status, self._rows.position is not None)
            self._changed.notify_all()
