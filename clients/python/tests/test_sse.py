"""The reader of server-sent events, fed in pieces that end anywhere."""

import unittest

from livewell_client.sse import Message, Reader

STREAM = (
    'event: row\ndata: {"town":"Zürich 🚆"}\n\n: a comment\n\nid: 1-7\n\nevent: result\nid: 1-8\ndata: a\ndata:  b\n\n\n'
    "data\n\nevent: cut\ndata: of"
)
EVENTS = [
    Message("row", None, '{"town":"Zürich 🚆"}'),
    Message("message", "1-7", ""),
    Message("result", "1-8", "a\n b"),
    Message("message", None, ""),
]


def read(text: str, size: int) -> list[Message]:
    """Reads a stream of bytes in pieces of this size, as a connection does."""
    data, reader, found = text.encode(), Reader(), list[Message]()
    for at in range(0, len(data), size):
        found.extend(reader.push(data[at : at + size]))
    return found


class Sse(unittest.TestCase):
    def test_events_are_the_same_in_pieces_of_any_size_also_where_a_character_is_cut(self) -> None:
        for size in range(1, len(STREAM) + 8):
            self.assertEqual(read(STREAM, size), EVENTS, size)

    def test_lines_end_with_a_line_feed_a_carriage_return_or_both(self) -> None:
        for end in ("\r", "\r\n"):
            for size in range(1, 13):
                self.assertEqual(read(STREAM.replace("\n", end), size), EVENTS)

    def test_an_event_that_was_cut_off_is_not_shown_and_other_characters_do_not_end_a_line(self) -> None:
        self.assertEqual(read("event: result\nid: 1-1\ndata: {}\n", 3), [])
        self.assertEqual(
            read("data: a\u2028b\u0085c\u000bd\n\n", 2), [Message("message", None, "a\u2028b\u0085c\u000bd")]
        )

    def test_an_id_with_a_nul_is_ignored_as_the_standard_has_it(self) -> None:
        self.assertEqual(read("id: 1\0-2\ndata: x\n\n", 100), [Message("message", None, "x")])
