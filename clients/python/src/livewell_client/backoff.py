"""How long to wait before the next attempt: exponential, with jitter, never before the server asks for it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

FIRST = 0.5
"""The first pause, at most, in seconds; each further one is twice as long."""
MAX = 30.0
"""The longest pause, in seconds."""
ASKED_MAX = 300.0
"""The longest pause that a server can ask for, in seconds."""


class Backoff:
    """Counts attempts that have failed, and says how long to wait before the next one."""

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        self._chance = chance
        self._failures = 0

    def next(self, asked: float | None = None) -> float:
        """Notes a failure and returns the pause before the next attempt, in seconds.

        Half of it is random, so that clients that lost the same server do not return at the same moment. `asked` is
        what the server has asked for (`Retry-After`).
        """
        longest = min(MAX, FIRST * 2.0**self._failures)
        self._failures = min(self._failures + 1, 16)
        pause = longest / 2 + longest / 2 * self._chance()
        if asked is None:
            return pause
        return max(pause, min(asked, ASKED_MAX) + FIRST * self._chance())

    def reset(self) -> None:
        """Begins with short pauses again: the last attempt has led further."""
        self._failures = 0


def retry_after(header: str | None, now: float | None = None) -> float | None:
    """Reads a `Retry-After` header: seconds, or a date. Returns seconds from `now`; `None` if there is none."""
    if header is None:
        return None
    if header.isascii() and header.isdigit() and len(header) < 10:
        return float(header)
    try:
        date = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, date.timestamp() - (time.time() if now is None else now))
