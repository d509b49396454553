"""What calls take and return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Union

Data = dict[str, Any]
"""The columns of a row by their names; null columns are there. Integers have all their digits; decimals are `str`."""

Values = Mapping[str, Union[str, int, float, bool]]
"""Values of the parameters of a query with `for_each`, by name."""

State = Literal["starting", "running", "caught_up", "waiting", "paused", "stopped", "error"]
"""What a query is doing."""


@dataclass(frozen=True)
class Trouble:
    """What keeps a query from advancing, since when (ISO 8601). Its rows are right then, but they may be old."""

    code: str | None
    message: str
    since: str


@dataclass(frozen=True)
class Row:
    """A row with its signature, which identifies it within its query and stays while other values of the row change."""

    signature: str
    data: Data


@dataclass(frozen=True)
class Results:
    """The live results of a query at one sequence, or a page of them.

    `id` is `EPOCH-SEQUENCE`: `follow` with it as `after` begins with the result after these rows. `position` is the
    last position of the store that is in them. `ordered` says whether the rows come in the order of the query's ORDER
    BY; otherwise they come by signature. `checked` says whether they are exactly what the databases of the query's
    sources hold; `None` if none of its sources can tell. `cursor` is that of the next page, `None` if there is none.
    """

    rows: list[Row]
    columns: list[str]
    id: str
    epoch: str
    sequence: int
    position: int
    ordered: bool
    checked: bool | None
    state: State
    error: Trouble | None
    cursor: str | None


@dataclass(frozen=True)
class Add:
    """A row that is new."""

    signature: str
    data: Data
    type: Literal["ADD"] = "ADD"


@dataclass(frozen=True)
class Update:
    """A row of which values have changed."""

    signature: str
    before: Data
    after: Data
    type: Literal["UPDATE"] = "UPDATE"


@dataclass(frozen=True)
class Delete:
    """A row that is gone."""

    signature: str
    data: Data
    type: Literal["DELETE"] = "DELETE"


Diff = Union[Add, Update, Delete]
"""A change of one row."""


@dataclass(frozen=True)
class SnapshotBegin:
    """A snapshot begins: rows follow, and rows of an earlier snapshot or an unfinished one no longer count."""

    type: Literal["snapshot_begin"] = "snapshot_begin"


@dataclass(frozen=True)
class SnapshotRow:
    """A row of the snapshot."""

    signature: str
    data: Data
    type: Literal["row"] = "row"


@dataclass(frozen=True)
class SnapshotEnd:
    """The snapshot is complete; results follow. `id` is `EPOCH-SEQUENCE`, for `after`."""

    id: str
    epoch: str
    sequence: int
    columns: list[str]
    ordered: bool
    checked: bool | None
    state: State
    error: Trouble | None
    type: Literal["snapshot_end"] = "snapshot_end"


@dataclass(frozen=True)
class Result:
    """What one transaction has changed.

    `id` is `EPOCH-SEQUENCE`, for `after`; `position` is that of the transaction in the store, as `ingest` returns it;
    `timestamp` is the time of the transaction, in ISO 8601.
    """

    id: str
    epoch: str
    sequence: int
    position: int
    timestamp: str
    diffs: list[Diff]
    type: Literal["result"] = "result"


@dataclass(frozen=True)
class Reset:
    """The results after the last event are not all there: a snapshot follows. What happened in between is not told one
    by one. `reason` says why, in words."""

    reason: str
    type: Literal["reset"] = "reset"


Event = Union[SnapshotBegin, SnapshotRow, SnapshotEnd, Result, Reset]
"""An event of a query that is followed."""


@dataclass(frozen=True)
class Receipt:
    """Where the last transaction that was sent stands: its position in the store, for which `results` can wait, and its
    sequence in the log of the source."""

    position: int
    sequence: int


@dataclass(frozen=True)
class Status:
    """How a follower stands.

    `waiting`: the connection is lost, and the pause before the next attempt runs, of `retry_in` seconds. `error` is why
    the connection was lost. `state` and `trouble` are what the query is doing and what keeps it from advancing, as far
    as known.
    """

    connection: Literal["connecting", "live", "waiting"]
    retry_in: float | None
    error: Exception | None
    state: State | None
    trouble: Trouble | None
