"""A child process with the engine that only counts, and the parent's sight of what it counted.

`python tests/child_engine.py '{"seconds": 0.1}' /path/to/counts.json --fd ...`
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_MAIN = (
    f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tests.child_engine import main; main()"
)
_EXPLOSIONS = {
    "runtime": RuntimeError("secret detail"),
    "memory": MemoryError(),
}


def command(counts: Path, **how: Any) -> list[str]:
    """What starts the child; `how` is the engine's, what explodes or spoils named as above."""
    return [sys.executable, "-c", _MAIN, json.dumps(how), str(counts)]


class Counts:
    """What the engine in the child has counted; at first as if it had done nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __getattr__(self, name: str) -> Any:
        nothing = {"turns": [], "closed": [], "codings": {}}
        known = json.loads(self._path.read_text()) if self._path.exists() else nothing
        return known.get(name, 0)


def main() -> None:
    from draggan_daemon.child_process import begin, take_arguments
    from draggan_daemon.worker import Coding, Poisoned

    from tests.fake_engine import FakeEngine

    class CountedEngine(FakeEngine):
        """Writes what it has counted after all that counts."""

        def device(self) -> str:
            return "a child"

        def close(self, session: str) -> None:
            super().close(session)
            self._write()

        def code(self, session: str, coding: Coding) -> None:
            super().code(session, coding)
            self._write()

        def _step(self, session: str) -> None:
            super()._step(session)
            self._write()

        def _frame(self, session: str, kind: str, step: int) -> Any:
            self._write()
            return super()._frame(session, kind, step)

        def _write(self) -> None:
            names = ("steps_taken", "previews", "turns", "closed", "rests")
            known = {name: getattr(self, name) for name in names}
            known["codings"] = {name: asdict(how) for name, how in self.codings.items()}
            new = options.counts.with_suffix(f".{os.getpid()}")
            new.write_text(json.dumps(known))
            new.replace(options.counts)

    parser = argparse.ArgumentParser()
    parser.add_argument("how", type=json.loads)
    parser.add_argument("counts", type=Path)
    take_arguments(parser)
    options = parser.parse_args()
    explosions = {**_EXPLOSIONS, "poison": Poisoned("The device is broken.")}
    named = {name: explosions.get(options.how.get(name)) for name in ("explode", "spoil")}
    how = {**options.how, **named}
    begin(options).run(lambda: CountedEngine(**how))
