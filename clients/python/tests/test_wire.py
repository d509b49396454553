"""Requests as bytes, and answers from bytes that come in pieces of any size."""

import unittest

from livewell_client import ProtocolError, UnreachableError
from livewell_client.wire import Address, Answer, Call

CHUNKED = (
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A:  b \r\n\r\n4\r\nab\r\n\r\n1a;x=y\r\n"
    + (b"c" * 26 + b"\r\n0\r\n\r\n")
)
PLAIN = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"


def read(data: bytes, size: int, is_cut: bool = False) -> tuple[Answer, bytes]:
    """Reads an answer in pieces of this size, then the end of the connection if it is cut."""
    answer, body = Answer(), b""
    for at in range(0, len(data), size):
        body += answer.push(data[at : at + size])
    if is_cut:
        body += answer.push(b"")
    return answer, body


class Wire(unittest.TestCase):
    def test_an_answer_is_the_same_in_pieces_of_any_size(self) -> None:
        for size in range(1, len(CHUNKED) + 1):
            answer, body = read(CHUNKED, size)
            self.assertEqual((answer.status, answer.headers["x-a"]), (200, "b"))
            self.assertEqual((body, answer.is_complete), (b"ab\r\n" + b"c" * 26, True), size)
            answer, body = read(PLAIN, size)
            self.assertEqual((body, answer.is_complete), (b"hello", True), size)

    def test_what_is_cut_off_is_an_error_and_a_body_without_a_length_ends_with_the_connection(self) -> None:
        for whole in (CHUNKED, PLAIN):
            for end in range(len(whole) - 5):
                with self.assertRaises(UnreachableError, msg=str(end)):
                    read(whole[:end], 7, is_cut=True)
        answer, body = read(b"HTTP/1.0 200 OK\r\n\r\nall", 4, is_cut=True)
        self.assertEqual((body, answer.is_complete), (b"all", True))

    def test_what_is_not_http_is_refused(self) -> None:
        head = b"HTTP/1.1 200 OK\r\n"
        for other in (
            b"SSH-2.0-x\r\n\r\n",
            head + b"content-length: -1\r\n\r\n",
            head + b"transfer-encoding: chunked\r\n\r\nzz\r\n",
        ):
            with self.assertRaises(ProtocolError):
                read(other, 100)
        with self.assertRaises(ProtocolError):
            read(b"HTTP/1.1 200 OK\r\n" + b"a" * 300_000, 1000)

    def test_a_request_has_its_parameters_token_and_body_and_no_header_breaks_out(self) -> None:
        address = Address("http://[::1]:7171/base/")
        sent = address.request(Call("a", "x/y", [("customer", "a b&c=ü")], body=b"{}"), "t").decode()
        self.assertTrue(
            sent.startswith("POST /base/a?customer=a+b%26c%3D%C3%BC HTTP/1.1\r\nhost: [::1]:7171\r\n"), sent
        )
        self.assertTrue(sent.endswith("authorization: Bearer t\r\ncontent-length: 2\r\n\r\n{}"), sent)
        for token in ("a\r\nb", "ü"):
            with self.assertRaises(ValueError):
                address.request(Call("a", "x/y"), token)
        for url in ("livewell:7171", "ftp://x", "https://", "http://user@host"):
            with self.assertRaises(ValueError, msg=url):
                Address(url)
