"""A daemon that computes nothing: its steps are as quick as wanted, its pictures as large as real.

`python -m tests.hosts.quick_daemon`. What is measured with it is the editor's side alone.
"""

from __future__ import annotations

import threading

from draggan_daemon.config import load_config
from draggan_daemon.door import Door
from draggan_daemon.in_process import InProcessWorker
from draggan_daemon.local_socket import socket_path
from draggan_daemon.worker import Job
from draggan_wire.endpoint import default_endpoint
from draggan_wire.messages import Frame, Image, ModelInfo, Open

from tests.fake_engine import FakeEngine

STEP = 0.01  # seconds
MODEL = ModelInfo("critters", "Quick", 512, 512)


class RollingEngine(FakeEngine):
    """Each step is the opened picture, moved on by two rows."""

    def __init__(self) -> None:
        super().__init__(seconds=STEP, opening_steps=20, drag_steps=2000)
        self._pictures: dict[str, Image] = {}

    def models(self) -> tuple[ModelInfo, ...]:
        return (MODEL,)

    def open(self, session: str, request: Open, stop: threading.Event) -> Job:
        assert request.image is not None
        picture = request.image
        self._pictures[session] = Image(
            picture.format, picture.width, picture.height, bytes(picture.data)
        )
        return super().open(session, request, stop)

    def _frame(self, session: str, kind: str, step: int) -> Frame:
        self._seq += 1
        picture = self._pictures[session]
        data = bytes(picture.data)
        cut = 2 * step % picture.height * (len(data) // picture.height)
        moved = Image(picture.format, picture.width, picture.height, data[cut:] + data[:cut])
        return Frame(session, self._seq, kind, step, moved)


def main() -> None:
    path = socket_path(default_endpoint())
    door = Door(InProcessWorker(RollingEngine()), load_config(), version="quick")
    door.bind_local(path)
    door.serve()


if __name__ == "__main__":
    main()
