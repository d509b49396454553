"""A client of Livewell: live results, followed over restarts, and changes, sent exactly once."""

from .aio import AsyncClient
from .aio_live import AsyncLiveQuery
from .client import Client
from .errors import LivewellError, ProblemError, ProtocolError, UnreachableError
from .following import Following
from .live import LiveQuery
from .rows import LiveRows
from .shapes import (
    Add,
    Data,
    Delete,
    Diff,
    Event,
    Receipt,
    Reset,
    Result,
    Results,
    Row,
    SnapshotBegin,
    SnapshotEnd,
    SnapshotRow,
    State,
    Status,
    Trouble,
    Update,
    Values,
)

__all__ = [
    "Add",
    "AsyncClient",
    "AsyncLiveQuery",
    "Client",
    "Data",
    "Delete",
    "Diff",
    "Event",
    "Following",
    "LiveQuery",
    "LiveRows",
    "LivewellError",
    "ProblemError",
    "ProtocolError",
    "Receipt",
    "Reset",
    "Result",
    "Results",
    "Row",
    "SnapshotBegin",
    "SnapshotEnd",
    "SnapshotRow",
    "State",
    "Status",
    "Trouble",
    "UnreachableError",
    "Update",
    "Values",
]
