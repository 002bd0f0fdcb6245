"""A client's request as one run of bytes and back, for the journal; imports the wire only."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from draggan_wire.errors import WireError
from draggan_wire.messages import FROM_CLIENT, MAGIC, Drag, Envelope, Open, decode

from .journal_files import Bytes
from .journal_values import Damaged


def framed(request: Sequence[Bytes]) -> list[Bytes]:
    """The frames of an encoded message without its magic, preceded by their sizes; no copies."""
    sizes = [memoryview(frame).nbytes for frame in request]
    return [struct.pack(f"<B{len(sizes)}Q", len(sizes), *sizes), *request]


def size_of(pieces: Sequence[Bytes]) -> int:
    """Bytes in all."""
    return sum(memoryview(piece).nbytes for piece in pieces)


def read_request(data: bytes) -> tuple[Open | Drag, int | None]:
    """The request and its number. Raises Damaged for anything else."""
    try:
        (count,) = struct.unpack_from("<B", data)
        sizes = struct.unpack_from(f"<{count}Q", data, 1)
        envelope = decode([MAGIC, *_cut(memoryview(data)[1 + 8 * count :], sizes)], ops=FROM_CLIENT)
    except (struct.error, WireError):
        raise Damaged("A request that was kept cannot be read.") from None
    if not isinstance(envelope.message, (Open, Drag)):
        raise Damaged("A request that was kept is of another kind.")
    return envelope.message, envelope.id


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
