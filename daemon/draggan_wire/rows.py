"""The lossless coding "rows" of a picture, decoded; standard library only.

Coded: of each row its bytes minus those of the row above (modulo 256; the first row as it is), all
of it deflated (zlib). The daemon encodes with numpy; editors come without it, so here a row is one
large whole number, to which the next one is added byte by byte without carries between them.
"""

from __future__ import annotations

import zlib

from .errors import BadMessage
from .pixels import Bytes


def unrow(data: Bytes, *, stride: int, rows: int) -> bytes:
    """The picture's `rows` x `stride` bytes; raises BadMessage where `data` do not hold just that.

    Takes no more memory than the picture has, whatever `data` claim.
    """
    differences = memoryview(_inflate(data, stride * rows))
    low = int.from_bytes(b"\x7f" * stride, "little")  # all bits of a byte but the highest,
    high = int.from_bytes(b"\x80" * stride, "little")  # which would carry into the next byte
    above, decoded = 0, []
    for start in range(0, stride * rows, stride):
        row = int.from_bytes(differences[start : start + stride], "little")
        above = ((above & low) + (row & low)) ^ ((above ^ row) & high)
        decoded.append(above.to_bytes(stride, "little"))
    return b"".join(decoded)


def _inflate(data: Bytes, size: int) -> bytes:
    """Exactly `size` bytes; the stream may neither be longer nor shorter, nor go on after them."""
    stream = zlib.decompressobj()
    try:
        inflated = stream.decompress(data, size + 1)
    except zlib.error as error:
        raise _damaged() from error
    if len(inflated) != size or not stream.eof or stream.unused_data:
        raise _damaged()
    return inflated


def _damaged() -> BadMessage:
    return BadMessage(
        "A picture from the daemon is damaged.",
        hint="Try again; if it stays, update the daemon and this program to the same version.",
    )
