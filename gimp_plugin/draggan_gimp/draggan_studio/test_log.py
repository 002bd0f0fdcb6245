"""What host tests read: a JSON line for each event, in the file $DRAGGAN_TEST_LOG; stdlib only."""

from __future__ import annotations

import json
import os
import time

VARIABLE = "DRAGGAN_TEST_LOG"


def tell(what: str, **values: object) -> None:
    """Appends a line where a test has asked for it; otherwise nothing happens."""
    path = os.environ.get(VARIABLE)
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps({"what": what, "at": time.time(), **values}) + "\n")


def beat() -> None:
    """Shows by the file's time that the dialog answers: what a test did before has been seen."""
    path = os.environ.get(VARIABLE)
    if path and os.path.exists(path):
        os.utime(path)
