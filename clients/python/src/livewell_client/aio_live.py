"""A query that is followed by a task: its rows as they are now, and how the connection stands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from types import TracebackType

from .course import OnStatus
from .errors import LivewellError
from .live import LiveStatus, Standing
from .rows import LiveRows
from .shapes import Event, State, Status, Trouble


class AsyncLiveQuery(LiveRows):
    """The rows of a query, kept current by a task until `close`, or until the end of an `async with` block."""

    def __init__(self, begin: Callable[[OnStatus], AsyncGenerator[Event, None]]) -> None:
        """`begin` follows the query; see `AsyncClient.live`."""
        super().__init__()
        self._standing = Standing()
        self._changed = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._run(begin))

    async def __aenter__(self) -> AsyncLiveQuery:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

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

    async def ready(self) -> None:
        """Waits until the first snapshot is complete.

        Raises its error if it cannot come.
        """
        await self.wait(lambda: self.position is not None)

    async def wait(self, is_so: Callable[[], bool]) -> None:
        """Waits until `is_so` is true; it is asked after each change.

        Raises the error of the query if it fails meanwhile.
        """
        while not is_so():
            if self.status == "failed" and self.error is not None:
                raise self.error
            if self.status == "closed":
                raise LivewellError("the live query was closed")
            # Each change wakes all that wait, and the next wait is for the next one.
            await self._changed.wait()

    async def close(self) -> None:
        """Ends the connection and the task. The rows stay as they are."""
        self._standing.end("closed")
        self._wake()
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self, begin: Callable[[OnStatus], AsyncGenerator[Event, None]]) -> None:
        try:
            async with aclosing(begin(self._told)) as events:
                async for event in events:
                    self.apply(event)
                    self._standing.settle(self.position is not None)
                    self._wake()
        except Exception as error:
            self._standing.end("failed", error)
            self._wake()

    def _told(self, status: Status) -> None:
        self._standing.told(status, self.position is not None)
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
