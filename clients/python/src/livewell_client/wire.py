"""HTTP/1.1 (RFC 9112) as far as this client needs it, apart from any connection: a request as bytes, an answer from
bytes.

One call takes one connection, which ends with it. The same code serves sockets and asyncio.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from .errors import ProtocolError, UnreachableError

_HEAD_MAX = 256 << 10
"""How long the head of an answer, or the line before a chunk, may be, in bytes."""


@dataclass(frozen=True)
class Call:
    """A call: a POST if it has a body. `wait` is how much longer than others its answer may take, in seconds."""

    path: str
    accept: str
    parameters: list[tuple[str, str]] = field(default_factory=list)
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0


class Address:
    """Where a server is."""

    def __init__(self, url: str) -> None:
        """Raises `ValueError` if `url` is not an address of HTTP."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise ValueError(f"`{url}` is not an address: write `https://HOST` or `http://HOST:PORT`")
        self.is_secure = parts.scheme == "https"
        self.host = parts.hostname
        self.port = parts.port or (443 if self.is_secure else 80)
        self.authority = parts.netloc
        self.prefix = parts.path.rstrip("/")

    def request(self, call: Call, token: str | None) -> bytes:
        """Returns the bytes of a call.

        Raises `ValueError` if a header, such as a key or a token, cannot be sent.
        """
        query = f"?{urlencode(call.parameters)}" if call.parameters else ""
        method = "GET" if call.body is None else "POST"
        headers = {"host": self.authority, "accept": call.accept, "connection": "close", **call.headers}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        if call.body is not None:
            headers["content-length"] = str(len(call.body))
        for name, value in headers.items():
            if not all(" " <= letter <= "~" for letter in value):
                raise ValueError(f"the header `{name}` has characters other than printable ASCII")
        lines = [
            f"{method} {self.prefix}/{call.path}{query} HTTP/1.1",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii") + (call.body or b"")


class Answer:
    """The state of reading one answer: its head, then its body in whatever pieces it comes."""

    def __init__(self) -> None:
        self.status: int | None = None
        """`None` as long as the head is not complete."""
        self.headers: dict[str, str] = {}
        """Names in lower case."""
        self.is_complete = False
        self._buffer = bytearray()
        self._is_chunked = False
        self._left: int | None = None
        """How many bytes of the body or of the chunk are to come; `None`: until the connection ends."""
        self._is_in_chunk = False

    def push(self, data: bytes) -> bytes:
        """Takes bytes of the connection, empty ones at its end; returns those of the body that are in them.

        Raises `UnreachableError` if the connection ends too early, `ProtocolError` if this is not HTTP.
        """
        if not data:
            return self._end()
        self._buffer += data
        if self.status is None and not self._head():
            return b""
        return self._chunks() if self._is_chunked else self._plain()

    def _end(self) -> bytes:
        if self.status is None or self._is_chunked or self._left:
            if not self.is_complete:
                raise UnreachableError("the connection ended in the middle of an answer")
        self.is_complete = True
        return b""

    def _head(self) -> bool:
        """Reads the head if it is complete; passes over those of 1xx."""
        while self.status is None:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                self._check_length()
                return False
            first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
            del self._buffer[: end + 4]
            parts = first.split(" ", 2)
            if not parts[0].startswith("HTTP/1.") or len(parts) < 2 or not parts[1].isdigit():
                raise ProtocolError(f"the server does not speak HTTP/1.1: {first[:100]}")
            if not 100 <= int(parts[1]) < 200:
                self.status = int(parts[1])
        for line in lines:
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()] = value.strip()
        self._begin_body(self.status)
        return True

    def _begin_body(self, status: int) -> None:
        self._is_chunked = self.headers.get("transfer-encoding", "").lower().endswith("chunked")
        length = self.headers.get("content-length")
        if status in (204, 304):
            self._left = 0
        elif not self._is_chunked and length is not None:
            if not length.isdigit():
                raise ProtocolError(f"the length of the body is not a number: {length[:100]}")
            self._left = int(length)
        self.is_complete = self._left == 0 and not self._is_chunked

    def _plain(self) -> bytes:
        piece = bytes(self._buffer if self._left is None else self._buffer[: self._left])
        self._buffer.clear()
        if self._left is not None:
            self._left -= len(piece)
            self.is_complete = self._left == 0
        return piece

    def _chunks(self) -> bytes:
        body = bytearray()
        while not self.is_complete and (self._is_in_chunk or self._begin_chunk()):
            piece = self._buffer[: self._left]
            del self._buffer[: len(piece)]
            body += piece
            self._left = (self._left or 0) - len(piece)
            # A chunk ends with a line break of its own.
            if self._left > 0 or len(self._buffer) < 2:
                break
            del self._buffer[:2]
            self._is_in_chunk = False
        return bytes(body)

    def _begin_chunk(self) -> bool:
        """Reads how long the next chunk is; returns whether there is one that has begun."""
        end = self._buffer.find(b"\r\n")
        if end < 0:
            self._check_length()
            return False
        size = bytes(self._buffer[:end]).split(b";")[0].strip()
        del self._buffer[: end + 2]
        try:
            self._left = int(size, 16)
        except ValueError:
            raise ProtocolError(f"the length of a chunk is not a number: {size[:100]!r}") from None
        # Nobody reads what may follow the last one.
        self.is_complete = self._left == 0
        self._is_in_chunk = not self.is_complete
        return self._is_in_chunk

    def _check_length(self) -> None:
        if len(self._buffer) > _HEAD_MAX:
            raise ProtocolError(f"a head has more than {_HEAD_MAX} bytes")
