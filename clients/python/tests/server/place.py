"""A real server in a folder of its own, which is killed and started again."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

START_MAX = 60.0
"""How long a server may take to serve, in seconds."""


def config(server: str = "", levels: str = "") -> str:
    """Returns the configuration of most tests, with more in its parts."""
    return f"""store: {{ kind: embedded, path: data, durability: os }}
server: {{ listen: "127.0.0.1:0"{server} }}
sources: [ {{ id: tanks, kind: http }} ]
queries:
  - {{ id: levels, sources: [tanks], cypher: 'MATCH (t:Tank) RETURN t.id AS id, t.level AS level'{levels} }}
  - id: levels-of
    sources: [tanks]
    cypher: MATCH (t:Tank) WHERE t.owner = $owner RETURN t.id AS id, t.level AS level
    for_each: {{ owner: text }}
reactions:
  - {{ id: all, kind: file, queries: [levels], path: all.jsonl }}
"""


class Place:
    """A folder with a configuration that listens on `127.0.0.1:0`, and the server that runs over it."""

    def __init__(self, config: str) -> None:
        if "LIVEWELL_BIN" not in os.environ:
            raise unittest.SkipTest("NOT CHECKED: LIVEWELL_BIN does not name the binary of a server")
        self._folder = tempfile.TemporaryDirectory(prefix="livewell-client-")
        self._config = config
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""
        """Where the server is; the same after each start."""
        self.start()

    def start(self) -> None:
        """Starts the server; returns when it serves."""
        # Somebody else may have had its port for a moment.
        until("the server starts", self._try)

    def _try(self) -> bool:
        self.path("livewell.yaml").write_text(self._config)
        command = [os.environ["LIVEWELL_BIN"], "run", "livewell.yaml"]
        with self.path("log").open("w") as log:
            self._process = subprocess.Popen(command, cwd=self._folder.name, stdout=subprocess.DEVNULL, stderr=log)
        while self._process.poll() is None:
            found = re.search(r"serving (http://(127\.0\.0\.1:\d+))\n", self.path("log").read_text())
            if found:
                self.url = found[1]
                self._config = self._config.replace("127.0.0.1:0", found[2])
                return True
            time.sleep(0.01)
        return False

    def kill(self) -> None:
        """Kills the server, as `kill -9` does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def path(self, name: str) -> Path:
        return Path(self._folder.name) / name

    def end(self) -> None:
        """Ends the server and removes everything."""
        self.kill()
        self._folder.cleanup()


def until(what: str, is_so: Callable[[], bool]) -> None:
    """Waits until something is so."""
    began = time.monotonic()
    while not is_so():
        if time.monotonic() - began > START_MAX:
            raise TimeoutError(f"{what}: not within {START_MAX} seconds")
        time.sleep(0.02)


def tank(id: str, level: int, owner: str = "w0") -> dict[str, Any]:
    """Returns a change of a tank."""
    properties = {"id": id, "level": level, "owner": owner}
    return {"operation": "update", "element": {"type": "node", "id": id, "labels": ["Tank"], "properties": properties}}


def change(number: int) -> dict[str, Any]:
    """Returns a change of tanks that appear, change their level and their owner, and disappear."""
    id = f"t{number * 7 % 11}"
    return {"operation": "delete", "id": id} if number % 13 == 12 else tank(id, number, f"w{number * number % 5}")
