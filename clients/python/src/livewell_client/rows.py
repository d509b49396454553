"""The rows of a query as they are now: a snapshot, and every result since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from .errors import ProtocolError
from .shapes import Add, Data, Delete, Diff, Event, Result, Results, SnapshotBegin, SnapshotEnd, SnapshotRow, Update

Listener = Callable[["SnapshotEnd | Result"], None]
"""Called with the event that has changed the rows."""


class LiveRows:
    """The rows of a query, by signature.

    At any time they are the rows of one sequence, as `results` has them: while a snapshot comes, those from before
    stay, and all of them are replaced at its end.
    """

    def __init__(self) -> None:
        self._rows: dict[str, Data] = {}
        self._coming: dict[str, Data] = {}
        self._listeners: list[Listener] = []
        self.position: str | None = None
        """`EPOCH-SEQUENCE` that the rows are of, for `after`; `None` before the first snapshot is complete."""
        self.columns: list[str] = []
        """The names of the columns, in the order of RETURN."""

    @classmethod
    def of(cls, results: Results) -> LiveRows:
        """Returns the rows of results that are complete, not a page of them. `follow` with their `id` as `after` leads
        on."""
        live = cls()
        live._rows = {row.signature: row.data for row in results.rows}
        live.position, live.columns = results.id, results.columns
        return live

    @property
    def rows(self) -> Mapping[str, Data]:
        """The rows by signature: first those of the snapshot in its order, then others as they came."""
        return MappingProxyType(self._rows)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` after each change. Returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def apply(self, event: Event) -> None:
        """Takes an event of `follow`.

        Raises `ProtocolError` if a result contradicts the rows, such as the update of a row that is not there: these rows
        are no longer those of the query.
        """
        if isinstance(event, SnapshotBegin):
            self._coming = {}
        elif isinstance(event, SnapshotRow):
            self._coming[event.signature] = event.data
        elif isinstance(event, SnapshotEnd):
            self._rows, self._coming, self.columns = self._coming, {}, event.columns
            self._moved(event)
        elif isinstance(event, Result):
            if self.position is None:
                raise ProtocolError(f"result {event.id} came before a snapshot")
            for diff in event.diffs:
                self._take(diff, event.id)
            self._moved(event)

    def _take(self, diff: Diff, id: str) -> None:
        is_there = diff.signature in self._rows
        if is_there == isinstance(diff, Add):
            there = "is already there" if is_there else "is not there"
            raise ProtocolError(f"result {id} has {diff.type} of row {diff.signature}, which {there}")
        if isinstance(diff, Delete):
            del self._rows[diff.signature]
        else:
            self._rows[diff.signature] = diff.after if isinstance(diff, Update) else diff.data

    def _moved(self, event: SnapshotEnd | Result) -> None:
        self.position = event.id
        for listener in list(self._listeners):
            listener(event)
