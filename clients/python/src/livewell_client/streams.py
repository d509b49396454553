"""Connections over asyncio."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable
from typing import TypeVar

from . import calls
from .errors import UnreachableError
from .wire import Address, Answer, Call

_PIECE = 64 << 10
"""How many bytes are read at once."""

T = TypeVar("T")


class Connection:
    """One call over a connection of its own."""

    def __init__(self, address: Address, tls: ssl.SSLContext | None, silence: float) -> None:
        self._address = address
        self._tls = tls
        self._silence = silence
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._answer = Answer()

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the answer, names in lower case."""
        return self._answer.headers

    async def open(self, call: Call, token: str | None) -> bytes:
        """Makes the call; returns what has come of the body with the head.

        Raises `ProblemError` if the server refuses it, `UnreachableError` if there is no answer, and `ProtocolError` if
        the answer is of another type than what was asked for.
        """
        request = self._address.request(call, token)
        connecting = asyncio.open_connection(self._address.host, self._address.port, ssl=self._tls)
        self._reader, writer = await self._within(self._silence, connecting)
        self._writer = writer
        writer.write(request)
        await self._within(self._silence, writer.drain())
        piece = b""
        while self._answer.status is None:
            piece = await self._receive(self._silence + call.wait)
        if self._answer.status != 200:
            rest = [piece async for piece in self.pieces()]
            raise calls.refusal(self._answer.status, self.headers, piece + b"".join(rest))
        calls.check(call, self.headers)
        return piece

    async def pieces(self) -> AsyncIterator[bytes]:
        """Returns the rest of the body in pieces."""
        while not self._answer.is_complete:
            yield await self._receive(self._silence)

    def close(self) -> None:
        """Ends the connection, whatever is still to come."""
        if self._writer is not None:
            self._writer.transport.abort()

    async def _receive(self, silence: float) -> bytes:
        assert self._reader is not None
        return self._answer.push(await self._within(silence, self._reader.read(_PIECE)))

    async def _within(self, seconds: float, awaited: Awaitable[T]) -> T:
        try:
            return await asyncio.wait_for(awaited, seconds)
        except (asyncio.TimeoutError, TimeoutError) as error:
            raise UnreachableError(f"nothing came from the server for {self._silence:g} seconds") from error
        except OSError as error:
            raise UnreachableError(f"could not reach {self._address.authority}: {error}") from error
