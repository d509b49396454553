"""Stands before a broker: ends TLS, asks for a login by SASL, and passes on the rest.

Settings in JSON as the argument: `port`, `broker` (its port), `certificate` and `key` (files), `ca` (of clients'
certificates, if they need one), `users` (passwords by name, if a login is needed), `cut_after` (bytes of the broker after
which each connection is cut). OpenSSL and the hashes of Python are not what the tested client uses.
"""

import base64
import hashlib
import hmac
import json
import os
import socket
import ssl
import struct
import sys
import threading

SETTINGS = json.loads(sys.argv[1])
HASHES = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}
ROUNDS = 4096


def exactly(stream, count):
    data = b""
    while len(data) < count:
        part = stream.recv(count - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def framed(stream):
    return exactly(stream, struct.unpack(">i", exactly(stream, 4))[0])


def text(data):
    return struct.pack(">h", -1) if data is None else struct.pack(">h", len(data)) + data.encode()


class Login:
    """One login, as a broker has it (RFC 4616, RFC 5802)."""

    def __init__(self, mechanism):
        self.mechanism, self.is_done, self.first = mechanism, False, None

    def answer(self, message):
        """Returns what the broker says; raises ValueError if the login is refused."""
        if self.mechanism == "PLAIN":
            _, user, password = message.decode().split("\0")
            if SETTINGS["users"].get(user) != password:
                raise ValueError
            self.is_done = True
            return b""
        return self.begin(message.decode()) if self.first is None else self.end(message.decode())

    def begin(self, message):
        self.bare = message.split(",", 2)[2]
        fields = dict(part.split("=", 1) for part in self.bare.split(","))
        user = fields["n"].replace("=2C", ",").replace("=3D", "=")
        salt, self.nonce = os.urandom(16), fields["r"] + base64.b64encode(os.urandom(18)).decode()
        name = HASHES[self.mechanism]
        self.salted = hashlib.pbkdf2_hmac(name, SETTINGS["users"].get(user, "?" * 40).encode(), salt, ROUNDS)
        self.first = f"r={self.nonce},s={base64.b64encode(salt).decode()},i={ROUNDS}"
        return self.first.encode()

    def end(self, message):
        last, proof = message.rsplit(",p=", 1)
        name = HASHES[self.mechanism]
        sign = lambda key, data: hmac.new(key, data, name).digest()
        key = sign(self.salted, b"Client Key")
        said = f"{self.bare},{self.first},{last}".encode()
        signature = sign(hashlib.new(name, key).digest(), said)
        expected = bytes(a ^ b for a, b in zip(key, signature))
        if not hmac.compare_digest(expected, base64.b64decode(proof)) or f"r={self.nonce}" not in last.split(","):
            raise ValueError
        self.is_done = True
        return b"v=" + base64.b64encode(sign(sign(self.salted, b"Server Key"), said))


def let_in(client, broker):
    """Answers requests until the client has logged in. The broker answers which versions there are."""
    login = None
    while login is None or not login.is_done:
        request = framed(client)
        key, version, number = struct.unpack(">hhi", request[:8])
        length = struct.unpack(">h", request[8:10])[0]
        body = request[10 + max(length, 0):]
        if key == 18:
            broker.sendall(struct.pack(">i", len(request)) + request)
            answer = framed(broker)
            client.sendall(struct.pack(">i", len(answer)) + answer)
            continue
        if key == 17:
            mechanism = body[2:2 + struct.unpack(">h", body[:2])[0]].decode()
            known = mechanism == "PLAIN" or mechanism in HASHES
            answer = struct.pack(">h", 0 if known else 33) + struct.pack(">i", 3)
            answer += b"".join(text(name) for name in ["PLAIN", *HASHES])
            login = Login(mechanism)
        elif key == 36 and login is not None:
            is_flexible = version >= 2
            if is_flexible:  # a tagged field of the header, then a length that is one more
                data = body[2:-1]
            else:
                data = body[4:]
            try:
                code, reason, said = 0, None, login.answer(data)
            except (ValueError, KeyError):
                code, reason, said = 58, "Authentication failed", b""
            if is_flexible:
                shown = b"\0" if reason is None else bytes([len(reason) + 1]) + reason.encode()
                answer = b"\0" + struct.pack(">h", code) + shown + bytes([len(said) + 1]) + said
                answer += struct.pack(">q", 0) + b"\0"
            else:
                answer = struct.pack(">h", code) + text(reason) + struct.pack(">i", len(said)) + said
                answer += struct.pack(">q", 0) if version == 1 else b""
            if code:
                client.sendall(struct.pack(">ii", 4 + len(answer), number) + answer)
                raise EOFError
        else:
            raise EOFError  # as a broker ends a connection that asks for something without a login
        client.sendall(struct.pack(">ii", 4 + len(answer), number) + answer)


def named(answer):
    """Returns an answer in which the broker is at the port of this program."""
    own, other = (b"127.0.0.1" + struct.pack(">i", SETTINGS[of]) for of in ("port", "broker"))
    return answer.replace(other, own)


def serve(raw, context):
    client = broker = None
    try:
        client = context.wrap_socket(raw, server_side=True) if context else raw
        broker = socket.create_connection(("127.0.0.1", SETTINGS["broker"]))
        if SETTINGS.get("users"):
            let_in(client, broker)

        def ask():
            try:
                while data := client.recv(1 << 16):
                    broker.sendall(data)
            except OSError:
                pass
            broker.close()

        threading.Thread(target=ask, daemon=True).start()
        left = SETTINGS.get("cut_after")
        while True:
            answer = named(framed(broker))
            data = struct.pack(">i", len(answer)) + answer
            if left is not None and len(data) > left:
                client.sendall(data[:left])
                break
            left = None if left is None else left - len(data)
            client.sendall(data)
    except (EOFError, OSError):
        pass
    for each in (client, raw, broker):
        try:
            each.shutdown(socket.SHUT_RDWR)
            each.close()
        except (AttributeError, OSError):
            pass  # it is not there, or has ended already


def main():
    context = None
    if "certificate" in SETTINGS:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(SETTINGS["certificate"], SETTINGS["key"])
        if "ca" in SETTINGS:
            context.load_verify_locations(SETTINGS["ca"])
            context.verify_mode = ssl.CERT_REQUIRED
    listener = socket.create_server(("127.0.0.1", SETTINGS["port"]))
    print("ready", flush=True)
    while True:
        raw, _ = listener.accept()
        threading.Thread(target=serve, args=(raw, context), daemon=True).start()


main()
