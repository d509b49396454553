"""Connections over plain sockets."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

from . import calls
from .errors import UnreachableError
from .wire import Address, Answer, Call

_PIECE = 64 << 10
"""How many bytes are read at once."""


class Connection:
    """One call over a connection of its own. `abort` may be called from another thread."""

    def __init__(self, address: Address, tls: ssl.SSLContext | None, silence: float) -> None:
        self._address = address
        self._tls = tls
        self._silence = silence
        self._socket: socket.socket | None = None
        self._answer = Answer()
        self._is_aborted = False

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the answer, names in lower case."""
        return self._answer.headers

    def open(self, call: Call, token: str | None) -> bytes:
        """Makes the call; returns what has come of the body with the head.

        Raises `ProblemError` if the server refuses it, `UnreachableError` if there is no answer, and `ProtocolError` if
        the answer is of another type than what was asked for.
        """
        request = self._address.request(call, token)
        try:
            self._connect()
            assert self._socket is not None
            self._socket.settimeout(self._silence + call.wait)
            self._socket.sendall(request)
        except OSError as error:
            raise self._unreachable(error) from error
        piece = b""
        while self._answer.status is None:
            piece = self._receive()
        self._socket.settimeout(self._silence)
        if self._answer.status != 200:
            raise calls.refusal(self._answer.status, self.headers, piece + b"".join(self.pieces()))
        calls.check(call, self.headers)
        return piece

    def pieces(self) -> Iterator[bytes]:
        """Returns the rest of the body in pieces."""
        while not self._answer.is_complete:
            yield self._receive()

    def abort(self) -> None:
        """Ends the connection, whatever is still to come."""
        self._is_aborted = True
        if self._socket is not None:
            try:
                # Wakes a thread that reads.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
            except OSError:
                # It has ended by itself.
                pass

    def close(self) -> None:
        """Closes the connection."""
        if self._socket is not None:
            self._socket.close()

    def _connect(self) -> None:
        made = socket.create_connection((self._address.host, self._address.port), self._silence)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = made
        if self._tls is not None:
            self._socket = self._tls.wrap_socket(made, server_hostname=self._address.host)
        if self._is_aborted:
            self.abort()

    def _receive(self) -> bytes:
        assert self._socket is not None
        try:
            data = self._socket.recv(_PIECE)
        except OSError as error:
            raise self._unreachable(error) from error
        return self._answer.push(data)

    def _unreachable(self, error: OSError) -> UnreachableError:
        if isinstance(error, TimeoutError):
            return UnreachableError(f"nothing came from the server for {self._silence:g} seconds")
        return UnreachableError(f"could not reach {self._address.authority}: {error}")
