"""A server of a test's own that answers as it is told, and a proxy that cuts."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Faulty:
    """A server that is running, and what it was asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []


class Request(BaseHTTPRequestHandler):
    """One request, and the ways to answer it."""

    def send(self, status: int, type: str, body: str, **headers: str) -> None:
        """Answers at once."""
        self.send_response(status)
        for name, value in {"content-type": type, **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        data = body.encode()
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def refuse(self, status: int, code: str, **headers: str) -> None:
        """Answers with a problem document."""
        problem = {
            "type": f"/errors/{code}",
            "status": status,
            "detail": f"refused by {code}",
            "code": code,
            "index": 3,
        }
        self.send(status, "application/problem+json", json.dumps(problem), **headers)

    def stream(self, events: str, is_cut: bool = False) -> None:
        """Sends events as one chunk; then the connection breaks, or the body ends."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        data = events.encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data) + (b"" if is_cut else b"0\r\n\r\n"))
        self.close_connection = True

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing."""


@contextmanager
def faulty(script: Callable[[Request, int], None]) -> Iterator[Faulty]:
    """Runs a server that does what `script` says for each request and the number of requests before it."""
    lock = threading.Lock()

    class Handler(Request):
        def do_GET(self) -> None:
            with lock:
                number = len(server.paths)
                server.paths.append(self.path)
                server.headers.append({name.lower(): value for name, value in self.headers.items()})
            self.rfile.read(int(self.headers.get("content-length", "0")))
            script(self, number)

        do_POST = do_GET

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = Faulty(f"http://127.0.0.1:{http.server_port}")
    threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()


@contextmanager
def cutting(port: int, bytes_of: Callable[[], int]) -> Iterator[str]:
    """Runs a proxy before a server that cuts every connection after so many bytes of the server."""
    listener = socket.create_server(("127.0.0.1", 0))

    def carry(client: socket.socket) -> None:
        left = bytes_of()
        # Either end may be gone first.
        with suppress(OSError), client, socket.create_connection(("127.0.0.1", port)) as server:
            server.sendall(client.recv(1 << 16))
            while left > 0 and (data := server.recv(left)):
                client.sendall(data)
                left -= len(data)

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=carry, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
