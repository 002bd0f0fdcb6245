"""Messages that are almost right: every kind that a client may send, bent at random."""

from __future__ import annotations

import random
from collections.abc import Callable

import msgpack
from draggan_wire.messages import (
    MAGIC,
    Close,
    Credit,
    Drag,
    DragSettings,
    Hello,
    Image,
    ListModels,
    Open,
    Ping,
    Save,
    Seek,
    SessionKey,
    Stop,
    encode,
)

Multipart = list[bytes]

_HOSTILE = (
    *(None, True, -1, 0, 1 << 31, 1 << 53, (1 << 64) - 1, -(1 << 63)),
    *(float("nan"), float("inf"), -1e308, "", "x" * 5000, "../../etc/passwd", "\0", "\udcff" * 0),
    *(b"", b"\xff" * 5000, [], [[]] * 50, {}, {"op": "open"}, [0] * 5000),
)
_DEEP = b"\x91" * 60_000 + b"\xc0"


def corpus(session: str) -> list[Multipart]:
    """One right message of every kind, for a session."""
    picture = Image("rgb8", 16, 16, bytes(768))
    mask = Image("gray8", 16, 16, bytes(256))
    messages = (
        Hello((1,), "fuzz", resume=(SessionKey(session, "0" * 32),)),
        Open("fast", image=picture, weight=mask),
        Open("fast", seed=7),
        Drag(session, ((1.0, 2.0),), ((3.0, 4.0),), mask=mask, settings=DragSettings(steps=3)),
        *(Stop(session), Seek(session, 1), Save(session), Credit(session, 2), Close(session)),
        *(ListModels(), Ping()),
    )
    found = [encode(message, request=index) for index, message in enumerate(messages, 1)]
    return [[bytes(frame) for frame in frames] for frames in found]


class Mutator:
    """An endless stream of mutated messages, the same for the same seed."""

    def __init__(self, session: str, seed: int) -> None:
        self._corpus = corpus(session)
        self._random = random.Random(seed)
        self._ways: tuple[Callable[[Multipart], Multipart], ...] = (
            *(self._flip, self._flip, self._value, self._value, self._value),
            *(self._cut, self._drop, self._double, self._shuffle, self._noise),
            *(self._foreign, self._rare),
        )

    def next(self) -> Multipart:
        frames = list(self._random.choice(self._corpus))
        for _ in range(self._random.choice((0, 1, 1, 1, 2, 3))):
            frames = self._random.choice(self._ways)(frames)
        return frames or [b""]

    def _place(self, frames: Multipart) -> int:
        return self._random.randrange(len(frames)) if frames else 0

    def _flip(self, frames: Multipart) -> Multipart:
        index = self._place(frames)
        if not frames or not frames[index]:
            return frames
        data = bytearray(frames[index])
        for _ in range(self._random.choice((1, 1, 2, 8))):
            data[self._random.randrange(len(data))] ^= 1 << self._random.randrange(8)
        return [*frames[:index], bytes(data), *frames[index + 1 :]]

    def _value(self, frames: Multipart) -> Multipart:
        """A hostile value in the place of one of the header's, or beside them."""
        try:
            header = msgpack.unpackb(frames[1], strict_map_key=False)
            key = self._random.choice([*header, "zzz"])
            header[key] = self._random.choice(_HOSTILE)
            return [frames[0], msgpack.packb(header), *frames[2:]]
        except (ValueError, TypeError, IndexError, AttributeError, msgpack.UnpackException):
            return frames

    def _cut(self, frames: Multipart) -> Multipart:
        index = self._place(frames)
        if not frames or not frames[index]:
            return frames
        length = self._random.randrange(len(frames[index]))
        return [*frames[:index], frames[index][:length], *frames[index + 1 :]]

    def _drop(self, frames: Multipart) -> Multipart:
        index = self._place(frames)
        return frames[:index] + frames[index + 1 :]

    def _double(self, frames: Multipart) -> Multipart:
        index = self._place(frames)
        return frames[: index + 1] + frames[index:] if frames else frames

    def _shuffle(self, frames: Multipart) -> Multipart:
        mixed = list(frames)
        self._random.shuffle(mixed)
        return mixed

    def _noise(self, frames: Multipart) -> Multipart:
        size = self._random.choice((0, 1, 4, 100, 3000))
        return [*frames[: self._place(frames)], self._random.randbytes(size)]

    def _foreign(self, frames: Multipart) -> Multipart:
        """Another protocol's first frame."""
        return [self._random.choice((b"DGD2", b"DGDx", b"DGD\xff", b"HTTP", b"")), *frames[1:]]

    def _rare(self, frames: Multipart) -> Multipart:
        """What costs most to refuse."""
        way = self._random.randrange(40)
        if way == 0:
            return [MAGIC, _DEEP]
        if way == 1:
            return [MAGIC, bytes([0xDD, 0, 0, 0xF0, 0]) + bytes([0xC0]) * 61_440]
        if way == 2:
            return [MAGIC, bytes(70_000)]
        if way == 3:
            return [MAGIC, *frames[1:2], *[b"x"] * 30]
        return frames
