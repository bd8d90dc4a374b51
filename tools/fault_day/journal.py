"""What happened in a day, line by line: what people were told, what was done to the machine, which
mails came in. The checker reads nothing else of who played it."""

import json
import threading
import time
from pathlib import Path
from typing import Any


class Journal:
    """A file of JSON lines, each with what it is and when: `at`, in seconds of one clock that
    nobody steps."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w")
        self._lock = threading.Lock()

    def write(self, what: str, **facts: Any) -> None:
        line = json.dumps({"what": what, "at": facts.pop("at", time.monotonic()), **facts})
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]
