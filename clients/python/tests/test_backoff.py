"""Pauses between attempts."""

import unittest

from livewell_client.backoff import Backoff, retry_after


class Pauses(unittest.TestCase):
    def test_pauses_double_up_to_half_a_minute_half_of_each_by_chance_and_begin_again(self) -> None:
        shortest, longest = Backoff(lambda: 0.0), Backoff(lambda: 1.0)
        self.assertEqual([longest.next() for _ in range(8)], [0.5, 1, 2, 4, 8, 16, 30, 30])
        self.assertEqual([shortest.next() for _ in range(8)], [0.25, 0.5, 1, 2, 4, 8, 15, 15])
        longest.reset()
        self.assertEqual(longest.next(), 0.5)

    def test_a_pause_is_never_shorter_than_the_server_asks_for_which_has_a_limit(self) -> None:
        backoff = Backoff(lambda: 0.0)
        self.assertEqual(backoff.next(7), 7)
        self.assertEqual(Backoff(lambda: 1.0).next(7), 7.5)
        self.assertEqual(backoff.next(0), 0.5)
        self.assertEqual(backoff.next(1e9), 300)

    def test_retry_after_is_seconds_or_a_date(self) -> None:
        now = 1_767_225_600.0
        self.assertEqual(retry_after("3", now), 3)
        self.assertEqual(retry_after("Thu, 01 Jan 2026 00:00:05 GMT", now), 5)
        self.assertEqual(retry_after("Wed, 31 Dec 2025 00:00:00 GMT", now), 0)
        for other in (None, "", "soon", "-1", "³"):
            self.assertIsNone(retry_after(other, now), other)
