"""What each method of a client asks for, and what it makes of the answer, apart from how it is sent."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from .backoff import retry_after
from .errors import ProblemError, ProtocolError, UnreachableError
from .resumption import read, trouble
from .shapes import Receipt, Results, Row, Values
from .wire import Call

JSON = "application/json"
NDJSON = "application/x-ndjson"
EVENTS = "text/event-stream"
WAIT = 5.0
"""How long a call waits for a position if nothing else is said, in seconds."""

Sent = Mapping[str, Any]
"""A change, a transaction, or, for a source with a `node`, a record of any shape."""


def results(
    query: str,
    accept: str = JSON,
    *,
    for_each: Values | None = None,
    position: int | None = None,
    wait: float = WAIT,
    search: str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Call:
    """Returns the call for results."""
    parameters = values(for_each)
    waited = None if position is None else f"{round(wait * 1000)}ms"
    own = {"position": position, "wait": waited, "search": search, "limit": limit, "cursor": cursor}
    parameters += [(name, str(value)) for name, value in own.items() if value is not None]
    path = f"api/v1/queries/{quote(query, safe='')}/results"
    return Call(path, accept, parameters, wait=0.0 if position is None else wait)


def changes(query: str, for_each: Values | None, after: str | None) -> Call:
    """Returns the call for the events of a query."""
    parameters = values(for_each) + ([] if after is None else [("after", after)])
    return Call(f"api/v1/queries/{quote(query, safe='')}/changes", EVENTS, parameters)


def ingest(source: str, changes: Sent | Iterable[Sent], idempotency_key: str | None) -> Call:
    """Returns the call that sends changes. Without a key one is made up, so that it can be repeated."""
    if isinstance(changes, Mapping):
        changes = [changes]
    lines = (json.dumps(change, ensure_ascii=False, allow_nan=False, separators=(",", ":")) for change in changes)
    body = "".join(f"{line}\n" for line in lines).encode()
    key = secrets.token_hex(16) if idempotency_key is None else idempotency_key
    headers = {"content-type": NDJSON, "idempotency-key": key}
    return Call(f"api/v1/sources/{quote(source, safe='')}/changes", JSON, body=body, headers=headers)


def values(for_each: Values | None) -> list[tuple[str, str]]:
    """Returns the values of a query with `for_each` as parameters."""
    return [
        (name, str(value).lower() if isinstance(value, bool) else str(value))
        for name, value in (for_each or {}).items()
    ]


def check(call: Call, headers: Mapping[str, str]) -> None:
    """Checks that an answer is of the type that was asked for.

    Raises `ProtocolError` if it is another one.
    """
    found = headers.get("content-type", "none")
    if not found.startswith(call.accept):
        raise ProtocolError(f"the server answers with content of type {found}, not {call.accept}")


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> ProblemError:
    """Returns the error of an answer that is not 200."""
    try:
        problem = json.loads(body)
    except ValueError:
        problem = None
    return ProblemError(status, problem if isinstance(problem, dict) else {}, retry_after(headers.get("retry-after")))


def read_results(body: bytes) -> Results:
    """Returns results from the body of an answer."""
    sent = read(body)
    try:
        return Results(
            rows=[_row(row) for row in sent["rows"]],
            columns=sent["columns"],
            id=f"{sent['epoch']}-{sent['sequence']}",
            epoch=sent["epoch"],
            sequence=sent["sequence"],
            position=sent["position"],
            ordered=sent["ordered"],
            checked=sent["checked"],
            state=sent["state"],
            error=trouble(sent["error"]),
            cursor=sent.get("cursor"),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ProtocolError("the server sent results of another shape") from error


def read_receipt(body: bytes) -> Receipt:
    """Returns a receipt from the body of an answer."""
    sent = read(body)
    try:
        return Receipt(sent["position"], sent["sequence"])
    except (KeyError, TypeError) as error:
        raise ProtocolError("the server sent a receipt of another shape") from error


class Lines:
    """The rows of an answer in lines, as they come in pieces."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        # Absent in a search.
        self._expected = headers.get("livewell-rows")
        self._count = 0
        self._rest: list[bytes] = []

    def push(self, piece: bytes) -> list[Row]:
        """Takes the next piece; returns the rows that are complete."""
        first, *others = piece.split(b"\n")
        self._rest.append(first)
        rows = []
        for line in others:
            rows.append(_row(read(b"".join(self._rest))))
            self._rest = [line]
        self._count += len(rows)
        return rows

    def end(self) -> None:
        """Raises `UnreachableError` if rows are missing."""
        if any(self._rest):
            raise UnreachableError("the connection ended in the middle of a row")
        if self._expected is not None and int(self._expected) != self._count:
            raise UnreachableError(f"the connection ended after {self._count} of {self._expected} rows")


def _row(sent: Any) -> Row:
    try:
        return Row(sent["row_signature"], sent["data"])
    except (KeyError, TypeError) as error:
        raise ProtocolError("the server sent a row of another shape") from error
