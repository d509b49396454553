"""The examples of the guide, each run as it is, but for the address of the server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import livewell_client
from livewell_client import Client

from .place import Place, until

EXAMPLES = Path(__file__).parents[2] / "examples"
CONFIG = Path(__file__).parents[3] / "livewell.yaml"


class Example:
    """An example that runs, and what it has printed."""

    def __init__(self, name: str, place: Place) -> None:
        text = (EXAMPLES / f"{name}.py").read_text()
        if "http://127.0.0.1:7171" not in text:
            raise AssertionError(name)
        package = str(Path(livewell_client.__file__).parents[1])
        self._out = tempfile.NamedTemporaryFile()
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-c", text.replace("http://127.0.0.1:7171", place.url)],
            cwd=place.path("."),
            stdout=self._out,
            env={**os.environ, "PYTHONPATH": package},
        )

    def __enter__(self) -> Example:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._out.close()

    def prints(self, expected: str) -> None:
        """Waits until it has printed this."""
        until(f"{expected} and not {self.out}", lambda: re.fullmatch(expected, self.out) is not None)

    @property
    def out(self) -> str:
        return Path(self._out.name).read_text()


class Examples(unittest.TestCase):
    def test_the_examples_of_the_guide_print_what_it_says(self) -> None:
        place = Place(CONFIG.read_text().replace("127.0.0.1:7171", "127.0.0.1:0"))
        self.addCleanup(place.end)
        client = Client(place.url)
        # By its key the second one is not taken in.
        for _ in range(2):
            with Example("send", place) as send:
                send.prints(r"(o1 250\no2 9007199254740993\n|o2 9007199254740993\no1 250\n)")
        with Example("errors", place) as errors:
            errors.prints(r"404 LW0501 .*\n")
        with Example("first", place) as first, Example("live", place) as live, Example("tasks", place) as tasks:
            with Example("resume", place) as resume:
                first.prints(r"(there is o[12]\n){2}")
                live.prints(r"live \['o1'\]\n")
                until("the position", lambda: place.path("position.txt").exists())
                # It prints nothing until something happens.
                receipt = client.ingest("orders", {"id": "o3", "customer": "c42", "total": 101})
                client.results("big-orders", position=receipt.position)
                first.prints(
                    r"(there is o[12]\n){2}ADD Add\(signature='[0-9a-f]{16}', data=\{'id': 'o3', 'total': 101\}, type='ADD'\)\n"
                )
                live.prints(r"live \['o1'\]\nlive \['o1', 'o3'\]\n")
                resume.prints(r"ADD [0-9a-f]{16}\n")
                until("the position is kept", lambda: place.path("position.txt").read_text() == "1-3")
            number = 200

            def is_followed() -> bool:
                nonlocal number
                number += 1
                client.ingest("orders", {"id": "o3", "customer": "c42", "total": number})
                return re.search(r"1-\d+ \['UPDATE'\]\n", tasks.out) is not None

            until("the task follows", is_followed)
        with Example("resume", place) as resume:
            resume.prints(r"(UPDATE [0-9a-f]{16}\n)+")
