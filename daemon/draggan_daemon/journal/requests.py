"""A client's request as one run of bytes and back, for the journal; imports the wire only."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import TypeVar

from draggan_wire.errors import WireError
from draggan_wire.messages import (
    FROM_CLIENT,
    FROM_DAEMON,
    MAGIC,
    Done,
    Drag,
    Envelope,
    Message,
    Open,
    Ready,
    decode,
)

from .files import Bytes
from .values import Damaged

R = TypeVar("R", Open, Drag)


def framed(request: Sequence[Bytes]) -> list[Bytes]:
    """The frames of an encoded message without its magic, preceded by their sizes; no copies."""
    sizes = [memoryview(frame).nbytes for frame in request]
    return [struct.pack(f"<B{len(sizes)}Q", len(sizes), *sizes), *request]


def size_of(pieces: Sequence[Bytes]) -> int:
    """Bytes in all."""
    return sum(memoryview(piece).nbytes for piece in pieces)


def read_request(data: bytes, kind: type[R]) -> R:
    """A request of that kind. Raises Damaged for anything else."""
    message = _read(data, FROM_CLIENT).message
    if not isinstance(message, kind):
        raise Damaged("A request that was kept is of another kind.")
    return message


def read_words(data: bytes) -> Done | Ready:
    """The last words of what has ended. Raises Damaged for anything else."""
    message = _read(data, FROM_DAEMON).message
    if not isinstance(message, (Done, Ready)):
        raise Damaged("Last words that were kept are of another kind.")
    return message


def _read(data: bytes, ops: Mapping[str, type[Message]]) -> Envelope:
    try:
        (count,) = struct.unpack_from("<B", data)
        sizes = struct.unpack_from(f"<{count}Q", data, 1)
        return decode([MAGIC, *_cut(memoryview(data)[1 + 8 * count :], sizes)], ops=ops)
    except (struct.error, WireError):
        raise Damaged("A message that was kept cannot be read.") from None


def number_of(request: Sequence[Bytes]) -> int | None:
    """The number that the client has given to an encoded request."""
    envelope: Envelope = decode([MAGIC, *request], ops=FROM_CLIENT)
    return envelope.id


def _cut(data: memoryview, sizes: Sequence[int]) -> list[memoryview]:
    frames, start = [], 0
    for size in sizes:
        frames.append(data[start : start + size])
        start += size
    return frames
