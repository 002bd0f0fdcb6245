"""A daemon whose engine paints instead of computing: in a thread, or as a process of its own.

[*COMMAND, "serve", "--endpoint", "ipc:///path/to/socket"]      # as `draggand` is started
"""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from pathlib import Path

from draggan_daemon.config import Config
from draggan_daemon.door import Door
from draggan_daemon.in_process import InProcessWorker
from draggan_daemon.local_socket import socket_path
from draggan_daemon.worker import Job, Turn
from draggan_wire.messages import Blob, Drag, Frame, Image, Open, Save, Saved

from .cli_stage import PaintingEngine
from .fake_engine import MODEL, SAVED

_ROOT = str(Path(__file__).resolve().parent.parent)
_PROGRAM = f"import sys; sys.path.insert(0, {_ROOT!r}); from tests.painting_daemon import main; "
COMMAND = [sys.executable, "-c", _PROGRAM + "main()"]


class SeedEngine(PaintingEngine):
    """Makes up grey pictures too, of the model's size; saves at the step where it stands.

    `seed` is the one of the last opening.
    """

    seed: int | None = None
    stands_at = 0

    def open(self, session: str, request: Open, stop: threading.Event) -> Job:
        self.seed = request.seed
        if request.seed is not None:
            size = MODEL.width * MODEL.height
            grey = Image("rgb8", MODEL.width, MODEL.height, bytes([90]) * 3 * size)
            request = replace(request, seed=None, image=grey)
        self.stands_at = 0
        return (yield from super().open(session, request, stop))

    def save(self, request: Save) -> Job:
        return Turn((Saved(request.session, Blob(SAVED), self.stands_at),))
        yield

    def _painted(self, request: Drag, kind: str, step: int) -> Frame:
        self.stands_at = step
        return super()._painted(request, kind, step)


class PaintingDaemon:
    """The same in a thread of this process."""

    def __init__(self, socket: Path | str, engine: PaintingEngine) -> None:
        self.engine = engine
        self.endpoint = f"ipc://{socket}"
        self._worker = InProcessWorker(engine)
        self._door = Door(self._worker, Config(), version="0")
        self._door.bind_local(Path(socket))
        self._thread = threading.Thread(target=self._door.serve)
        self._thread.start()

    def end(self) -> None:
        self._door.end()
        self._thread.join(8)
        self._worker.release()


def main() -> None:
    """Serves slowly at the address that the command line names."""
    address = sys.argv[sys.argv.index("--endpoint") + 1]
    door = Door(InProcessWorker(SeedEngine(seconds=0.1)), Config(idle_exit=10.0), version="0")
    door.bind_local(socket_path(address))
    door.serve()
