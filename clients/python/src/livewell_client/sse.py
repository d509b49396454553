"""Reads server-sent events (WHATWG HTML, 9.2.6) as they come, in pieces that end anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_END_OF_LINE = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True)
class Message:
    """One event of a stream: `id` is `None` if it has none of its own, `data` is empty if it has no data."""

    event: str
    id: str | None
    data: str


class Reader:
    """The state of reading one stream. It works on bytes, of which those that end lines are never part of a
    character."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        """The beginning of a line whose end has not come."""
        self._is_after_return = False
        """Whether the last line ended with a carriage return, whose line feed may be still to come."""
        self._event = ""
        self._id: str | None = None
        self._data: list[str] = []

    def push(self, piece: bytes) -> Iterator[Message]:
        """Takes the next piece of the stream; returns the events that are complete."""
        if not piece:
            return
        if self._is_after_return and piece.startswith(b"\n"):
            piece = piece[1:]
        self._is_after_return = piece.endswith(b"\r")
        first, *others = _END_OF_LINE.split(piece)
        self._rest.append(first)
        for line in others:
            whole = b"".join(self._rest)
            self._rest = [line]
            message = self._line(whole.decode("utf-8", "replace"))
            if message is not None:
                yield message

    def _line(self, line: str) -> Message | None:
        if line == "":
            return self._end()
        name, _, value = line.partition(":")
        # One space behind the colon is not part of the value.
        value = value.removeprefix(" ")
        if name == "event":
            self._event = value
        elif name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self._id = value
        return None

    def _end(self) -> Message | None:
        event, id, data = self._event, self._id, self._data
        self._event, self._id, self._data = "", None, []
        if id is None and not data:
            return None
        return Message(event or "message", id, "\n".join(data))
