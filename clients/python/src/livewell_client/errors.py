"""The errors of this client, by what a caller can do about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class LivewellError(Exception):
    """The base of all errors that this client raises on its own account."""


class UnreachableError(LivewellError):
    """A server could not be reached, or a connection ended or went silent. The same call may work later."""


class ProtocolError(LivewellError):
    """What came is not what a Livewell server sends: another program answers, or something in between alters
    answers."""


class ProblemError(LivewellError):
    """The server has refused a call.

    `problem` is the whole problem document (RFC 9457); it is empty if the answer was not one, such as that of a proxy.
    `retry_after` is after how many seconds the server asks to be called again, `None` if it does not say.
    """

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: float | None = None) -> None:
        self.status = status
        self.problem = problem
        self.retry_after = retry_after
        super().__init__(self.detail)

    @property
    def code(self) -> str | None:
        """The code, such as `LW0501`; `None` if the answer was not Livewell's. `livewell explain CODE` explains it."""
        code = self.problem.get("code")
        return code if isinstance(code, str) else None

    @property
    def detail(self) -> str:
        """What happened, where, and what to do."""
        return str(self.problem.get("detail", f"the server answered with status {self.status}"))


_NOT_YET = "LW0705"
"""Results that have not come to a position in time: waiting longer is the caller's decision."""
_PASSING = frozenset((408, 425, 429, 500, 502, 503, 504, 507))


def is_passing(error: BaseException) -> bool:
    """Returns whether the same call may work later without anybody changing anything."""
    if isinstance(error, ProblemError):
        return error.status in _PASSING and error.code != _NOT_YET
    return isinstance(error, UnreachableError)
