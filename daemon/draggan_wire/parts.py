"""Large messages in parts, so that others pass between them on a slow link; standard library only.

A peer counts as alive by whole frames, and what is urgent waits for the message that is under way:
so a message of more than PART bytes travels as several,

    [b"DGD1"] [{op: "part", sizes: [...]}] [piece]      the first one
    [b"DGD1"] [{op: "part"}] [piece]                    each further one

`sizes` are the byte sizes of all frames after the first of the message that is cut (its header and
its buffers); the pieces, of 1 to PART bytes each, are those frames' bytes one after the other.
Whole messages may stand between two parts, parts of another message may not.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence

from . import _msgpack
from .errors import BadMessage, LimitExceeded, WireError
from .messages import MAGIC, MAX_BUFFERS, MAX_HEADER, decode
from .pixels import Bytes

PART = 1 << 18  # bytes
_MARK = _msgpack.packb({"op": "part"})[1:]  # in the header of a part, and of hardly anything else
_LONGEST = 256  # bytes of a part's header


def split(
    frames: Sequence[Bytes], *, piece: Callable[[], int] = lambda: PART
) -> Iterator[List[Bytes]]:
    """The message itself where it is small, else its parts; pieces share its memory where it goes.

    `piece` is asked before each part how many bytes it should have, from 1 to PART. `frames` must
    not change before the last part has been written.
    """
    views = [memoryview(frame).cast("B") for frame in frames[1:]]
    sizes = [view.nbytes for view in views]
    if sum(sizes) <= PART:
        yield list(frames)
        return
    header: Dict[str, Any] = {"op": "part", "sizes": sizes}
    for part in _pieces(views, piece):
        yield [MAGIC, _msgpack.packb(header), part]
        header = {"op": "part"}


class Assembler:
    """Puts one connection's messages together again; `limit_bytes` bounds what a message may have.

    No memory is taken for what has been announced, only for what has come.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._sizes: List[int] = []
        self._frames: List[bytearray] = []
        self._missing = 0  # bytes of the message under way
        self._refused = False  # its pieces are thrown away

    @property
    def under_way(self) -> bool:
        """Whether a message has begun to come that is not complete yet."""
        return self._missing > 0

    @property
    def held(self) -> int:
        """Bytes that have come of it and wait for the others."""
        return sum(map(len, self._frames)) if self._missing else 0

    def take(self, frames: Sequence[Bytes]) -> Optional[List[Bytes]]:
        """The message that `frames` are or complete; None where more parts are to come.

        Raises BadMessage for parts that break the rules and LimitExceeded (once, with the number
        of the request in `request`) for a message that is too large; the next one may be fine.
        """
        header = _part_header(frames)
        if header is None:
            return list(frames)
        piece = memoryview(frames[2]).cast("B")
        if "sizes" in header:
            self._begin(header["sizes"])
        elif not self._missing:
            raise _broken("a part of a message must follow its first one")
        if not 0 < piece.nbytes <= min(PART, self._missing):
            self._drop()
            raise _broken("a part of a message has more or fewer bytes than announced")
        self._missing -= piece.nbytes
        return self._add(piece)

    def _drop(self) -> None:
        self._missing, self._frames = 0, []

    def _begin(self, sizes: Any) -> None:
        if self._missing:
            self._drop()
            raise _broken("parts of two messages must not be mixed")
        listed = isinstance(sizes, list) and 0 < len(sizes) <= 1 + MAX_BUFFERS
        if not listed or any(type(size) is not int or not 0 <= size < 1 << 53 for size in sizes):
            raise _broken("the sizes of a message in parts must be whole numbers, one per frame")
        if sizes[0] > MAX_HEADER:
            raise _broken("the header of a message in parts must be no larger than any")
        self._sizes, self._missing = sizes, sum(sizes)
        self._frames = [bytearray()]
        self._refused = False

    def _add(self, piece: memoryview) -> Optional[List[Bytes]]:
        if not self._refused and sum(self._sizes) > self._limit + MAX_HEADER:
            self._refused = True
            raise self._too_large(piece)
        if self._refused:
            return None
        while piece.nbytes:
            room = self._sizes[len(self._frames) - 1] - len(self._frames[-1])
            self._frames[-1] += piece[:room]
            piece = piece[room:]
            if piece.nbytes:
                self._frames.append(bytearray())
        if self._missing:
            return None
        whole: List[Bytes] = [MAGIC, *self._frames]
        whole += [b""] * (len(self._sizes) - len(self._frames))
        self._frames = []
        return whole

    def _too_large(self, piece: memoryview) -> WireError:
        error = LimitExceeded(
            f"A message of {sum(self._sizes)} bytes is too large; {self._limit} are allowed.",
            hint="Select a smaller region, or scale the picture down.",
        )
        try:  # the header comes first, and alone it is no message: the error names the request
            decode([MAGIC, piece[: self._sizes[0]]])
        except WireError as incomplete:
            error.request = incomplete.request
        return error


def _pieces(views: Sequence[memoryview], piece: Callable[[], int]) -> Iterator[Bytes]:
    """The views' bytes in pieces of the size asked for; only the last one may be shorter."""
    parts: List[memoryview] = []
    room = 0
    for view in views:
        while view.nbytes:
            room = room or piece()
            parts.append(view[:room])
            view = view[room:]
            room -= parts[-1].nbytes
            if not room:
                yield _joined(parts)
                parts = []
    if parts:
        yield _joined(parts)


def _joined(parts: Sequence[memoryview]) -> Bytes:
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _part_header(frames: Sequence[Bytes]) -> Optional[Dict[str, Any]]:
    """The header of a part; None for a whole message, which costs no unpacking here."""
    if len(frames) != 3 or bytes(frames[0][:8]) != MAGIC:
        return None
    if memoryview(frames[1]).nbytes > _LONGEST:
        return None
    packed = bytes(frames[1])
    if _MARK not in packed:
        return None
    try:
        header = _msgpack.unpackb(packed, raw=False, strict_map_key=True)
    except (ValueError, TypeError, KeyError, RecursionError, _msgpack.UnpackException) as error:
        raise _broken("the header of a part must be msgpack") from error
    return header if isinstance(header, dict) and header.get("op") == "part" else None


def _broken(rule: str) -> BadMessage:
    return BadMessage(
        f"A message breaks the protocol: {rule}.",
        hint="Update the daemon and its client to the same version; report it if it stays.",
    )
