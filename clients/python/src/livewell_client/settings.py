"""What both clients are made of."""

from __future__ import annotations

import ssl

from .wire import Address

PATIENCE = 10.0
"""For how long calls are repeated if nothing else is said, in seconds."""
SILENCE = 40.0
"""How long a call may be silent, in seconds. Streams have a heartbeat every 15 seconds."""


def tls_of(address: Address, tls: ssl.SSLContext | None) -> ssl.SSLContext | None:
    """Returns what checks the server's certificate, `None` if the connection is not encrypted."""
    if not address.is_secure:
        return None
    return tls or ssl.create_default_context()
