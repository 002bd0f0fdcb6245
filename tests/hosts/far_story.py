"""What was sent over a far network, and the same drag again on the daemon's own computer."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import numpy as np
from draggan_wire.client import Client
from draggan_wire.messages import Done, Drag, Envelope, Frame, Image, Message, Open, Ready, Seek
from PIL import Image as Pillow

from tests.hosts.daemon import SOCKET
from tests.hosts.far_daemon import FarDaemon

SECONDS = 60
DECODERS_DIFFER = 3  # of 255
LOSS, WORST_LOSS = 4, 30  # mean, and that of all but a hundredth, of 255


def previews(far: FarDaemon) -> dict[int, Image]:
    """The previews of the drag as they travelled, by their steps."""
    frames = [envelope.message for envelope in far.line.answered()]
    shown = (frame for frame in frames if isinstance(frame, Frame) and frame.kind == "preview")
    return {frame.step: frame.image for frame in shown}


def results(far: FarDaemon) -> list[Image]:
    """The results, coded as they travelled."""
    frames = [envelope.message for envelope in far.line.answered()]
    return [frame.image for frame in frames if isinstance(frame, Frame) and frame.kind == "result"]


def unpacked(jpeg: Image) -> np.ndarray:
    """uint8 (H, W, 3)."""
    return np.asarray(Pillow.open(io.BytesIO(bytes(jpeg.data))).convert("RGB"))


def colours(image: Image) -> np.ndarray:
    """uint8 (H, W, 3) of a raw picture of 8 bits."""
    pixels = np.frombuffer(bytes(image.data), np.uint8).reshape(image.height, image.width, -1)
    return pixels[..., 2::-1] if image.format == "bgra8" else pixels[..., :3]


class Replay:
    """The editor's last drag once more, asked for at the daemon's own socket."""

    def __init__(self, client: Client, asked: list[Envelope]) -> None:
        self._client = client
        opening, drag = (_last(asked, kind) for kind in (Open, Drag))
        ready = self._ask(opening, Ready)[-1]
        assert isinstance(ready, Ready) and isinstance(drag, Drag)
        self._session = ready.session
        told = self._ask(replace(drag, session=ready.session), Done)
        self.result = next(m.image for m in told if isinstance(m, Frame) and m.kind == "result")

    def step(self, step: int) -> Image:
        return self._ask(Seek(self._session, step), Frame)[-1].image

    def _ask(self, message: Message, last: type) -> list:
        """Whatever answers it, up to a message of that kind."""
        number, answers = self._client.send(message), []
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            for event in self._client.poll(1.0):
                if isinstance(event, Envelope) and event.re == number:
                    answers.append(event.message)
            if answers and isinstance(answers[-1], last):
                return answers
        raise AssertionError(f"no {last.__name__} after {answers[-3:]}")


@contextmanager
def replayed(far: FarDaemon) -> Iterator[Replay]:
    client = Client(f"ipc://{far.near.folder / SOCKET}", name="host tests")
    with closing(client):
        assert client.poll(SECONDS), "no welcome"
        yield Replay(client, far.line.asked())


def _last(asked: list[Envelope], kind: type) -> Message:
    return [envelope.message for envelope in asked if isinstance(envelope.message, kind)][-1]


def step_on_show(seen: np.ndarray, sent: dict[int, Image]) -> int:
    """Which of the previews the editor has as its JPEG says; `seen` is uint8 (H, W, 3)."""
    apart = {step: np.abs(seen.astype(int) - unpacked(jpeg)).max() for step, jpeg in sent.items()}
    step = min(apart, key=lambda step: apart[step])
    assert apart[step] <= DECODERS_DIFFER, apart
    return step


def assert_it_looks_like(seen: np.ndarray, step: np.ndarray) -> None:
    """Not bit for bit, but nearly so; both uint8 (H, W, 3)."""
    off = np.abs(seen.astype(int) - step)
    assert 0 < off.mean() < LOSS and np.percentile(off, 99) < WORST_LOSS, (off.mean(), off.max())
