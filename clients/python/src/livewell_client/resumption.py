"""What a follower has seen, and where it resumes: from the messages of one connection after another to one sequence of
events.

Only the end of a snapshot and results move the position. A snapshot that was cut off begins again; a result that was
seen is not shown again; one that is missing is an error, never a silent skip.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from .errors import ProtocolError
from .shapes import (
    Add,
    Delete,
    Diff,
    Event,
    Reset,
    Result,
    SnapshotBegin,
    SnapshotEnd,
    SnapshotRow,
    State,
    Trouble,
    Update,
)
from .sse import Message

_ID = re.compile(r"([0-9]{1,19})-([0-9]{1,19})")


class Resumption:
    """The place of one follower, over all of its connections."""

    def __init__(self, after: str | None, is_whole: bool) -> None:
        """`is_whole`: of a query with `for_each` that is followed for one value, sequences have holes."""
        if after is not None:
            _split(after)
        self.position = after
        """`EPOCH-SEQUENCE` of the last event that has one; `None` as long as the next connection begins with a
        snapshot."""
        self.state: State | None = None
        self.trouble: Trouble | None = None
        self._is_whole = is_whole
        self._is_in_snapshot = False
        self._store: str | None = None
        """The store that the position is of; `None` if it is not known."""

    def connect(self, store: str | None) -> Iterator[Event]:
        """Notes that a connection to this store begins: a snapshot that was cut off comes again.

        Returns a reset if the position is of another store, whose sequences mean nothing here; this connection is not to
        be read then.
        """
        self._is_in_snapshot = False
        is_other = None not in (store, self._store) and store != self._store
        self._store = store or self._store
        if is_other and self.position is not None:
            self.position = None
            return iter([Reset("another store answers at this address")])
        return iter(())

    def take(self, message: Message) -> Iterator[Event]:
        """Takes a message; returns its events, none for what only keeps the connection alive."""
        if message.data == "":
            return self._keep(message.id)
        data = read(message.data)
        try:
            return iter(list(self._take(message, data)))
        except (KeyError, TypeError, AttributeError) as error:
            raise ProtocolError(f"the server sent an event of another shape: {message.data[:100]}") from error

    def _take(self, message: Message, data: Any) -> Iterator[Event]:
        if message.event == "row":
            yield from self._begin()
            yield SnapshotRow(data["row_signature"], data["data"])
        elif message.event == "snapshot_end":
            yield from self._begin()
            yield self._end(message.id, data)
        elif message.event == "result":
            yield from self._result(message.id, data)
        elif message.event == "reset":
            self.position, self._is_in_snapshot = None, False
            yield Reset(data["reason"])
        elif message.event == "heartbeat":
            self.state, self.trouble = data["state"], trouble(data["error"])
        # Later versions may tell more.

    def _begin(self) -> Iterator[Event]:
        if not self._is_in_snapshot:
            self._is_in_snapshot, self.position = True, None
            yield SnapshotBegin()

    def _end(self, id: str | None, data: Any) -> SnapshotEnd:
        self.state, self.trouble = data["state"], trouble(data["error"])
        _split(id)
        self.position, self._is_in_snapshot = id, False
        return SnapshotEnd(
            id=str(id),
            epoch=data["epoch"],
            sequence=data["sequence"],
            columns=data["columns"],
            ordered=data["ordered"],
            checked=data["checked"],
            state=data["state"],
            error=self.trouble,
        )

    def _result(self, id: str | None, data: Any) -> Iterator[Event]:
        if self.position is None:
            raise ProtocolError("a result came before the end of the snapshot")
        (epoch, seen), (next_epoch, sequence) = _split(self.position), _split(id)
        if next_epoch != epoch:
            raise ProtocolError(f"result {id} came after {self.position} without a reset")
        if sequence <= seen:
            return
        if self._is_whole and sequence != seen + 1:
            raise ProtocolError(f"result {id} came after {self.position}: results between them are missing")
        diffs = [_diff(sent) for sent in data["results"]]
        self.position = id
        yield Result(str(id), data["epoch"], data["sequence"], data["position"], data["timestamp"], diffs)

    def _keep(self, id: str | None) -> Iterator[Event]:
        """Moves on without an event: up to `id` nothing has happened to the value that is followed."""
        if self.position is not None and id is not None:
            (epoch, seen), (next_epoch, sequence) = _split(self.position), _split(id)
            if next_epoch == epoch and sequence > seen:
                self.position = id
        return iter(())


def read(text: str | bytes) -> Any:
    """Parses what a server has sent.

    Raises `ProtocolError` if it is not JSON.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        raise ProtocolError(f"the server sent something that is not JSON: {text[:100]!r}") from error


def trouble(sent: Any) -> Trouble | None:
    """Returns what keeps a query from advancing, from its JSON."""
    return None if sent is None else Trouble(sent["code"], sent["message"], sent["since"])


def _split(id: str | None) -> tuple[str, int]:
    found = _ID.fullmatch(id or "")
    if not found:
        raise ProtocolError(f"`{id}` is not a position: it is EPOCH-SEQUENCE, as the `id` of an event")
    return found[1], int(found[2])


def _diff(sent: Any) -> Diff:
    signature = sent["row_signature"]
    if sent["type"] == "UPDATE":
        return Update(signature, sent["before"], sent["after"])
    return (Add if sent["type"] == "ADD" else Delete)(signature, sent["data"])
