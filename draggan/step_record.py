"""One step of a timeline as bytes, and a saved edit with such steps added; torch and numpy.

A journal keeps a drag step by step: what a step adds is the rows of its latent that differ from
the step's before it, its handles, and a mask where that is another than before. They may come from
strangers, as all that is read from disk.

The bytes: a header (`_HEAD`), the latent's first rows and the points as float32, then the mask
deflated if it is included, and a checksum of all that at the end.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .saved_arrays import (
    MAX_POINTS,
    array,
    damaged,
    deflated,
    demand,
    finite_floats,
    inflated,
    sealed,
    unsealed,
)
from .saved_edit import SavedEdit, has_room
from .timeline import State

MAX_PIXELS = 1 << 29  # of all masks: 2 GiB
_HEAD = struct.Struct("<4sHHBB")  # mark, rows, their width, points, mask
_MARK = b"DGS1"
_NO_MASK, _SAME_MASK, _OWN_MASK = range(3)


def pack_step(state: State, previous: State | None) -> bytes:
    """The state as bytes, for `unpack_step` with the same `previous` one (None: it stands alone).

    About 12 KB where six rows of 512 have moved, and what its mask takes where that is new.
    """
    latent = array(state.ws[0])
    rows = len(latent) if previous is None else _moved(latent, array(previous.ws[0]))
    kind, mask = _mask(state.mask, None if previous is None else previous.mask)
    head = _HEAD.pack(_MARK, rows, latent.shape[1], len(state.points), kind)
    shares = b"" if mask is None else deflated([mask]).tobytes()
    return sealed(head + latent[:rows].tobytes() + array(state.points).tobytes() + shares)


def unpack_step(
    data: bytes | memoryview, previous: State, *, size: tuple[int, ...] | None = None
) -> State:
    """The state that `pack_step` wrote, next to the `previous` one.

    `size`: (h, w) of the edit's picture, which is a mask's; None: there are no masks. Raises
    BadSaved for anything else.
    """
    try:
        return _unpacked(unsealed(data, _HEAD.size), previous, size)
    except zlib.error as error:
        raise damaged() from error


def with_steps(
    edit: SavedEdit, steps: Iterable[tuple[int, bytes | memoryview]], *, position: int
) -> SavedEdit:
    """A saved edit with the steps that came later: (place in the timeline, bytes of `pack_step`).

    A step for a place that is taken replaces that state and all after it. `position`: the state
    that is the present one in the end. Raises BadSaved for steps that do not fit.
    """
    states = list(edit.states)
    size = None if edit.shape is None else edit.shape[:2]
    pixels = 0
    for index, data in steps:
        demand(0 < index <= len(states) and has_room(index + 1, states[0].ws))
        previous = states[index - 1]
        state = unpack_step(data, previous, size=size)
        if state.mask is not None and state.mask is not previous.mask:
            pixels += state.mask.size
        demand(pixels <= MAX_PIXELS)
        states[index:] = [state]
    demand(0 <= position < len(states))
    return replace(edit, states=tuple(states), position=position)


def _moved(latent: NDArray, before: NDArray) -> int:
    """How many leading rows hold all that differs."""
    where = (latent.view(np.int32) != before.view(np.int32)).any(axis=1).nonzero()[0]
    return int(where[-1]) + 1 if len(where) else 0


def _mask(mask: NDArray | None, before: NDArray | None) -> tuple[int, NDArray | None]:
    if mask is None:
        return _NO_MASK, None
    if before is not None and (mask is before or np.array_equal(mask, before)):
        return _SAME_MASK, None
    return _OWN_MASK, mask


def _unpacked(body: memoryview, previous: State, size: tuple[int, ...] | None) -> State:
    mark, rows, width, count, kind = _HEAD.unpack_from(body)
    demand(mark == _MARK and rows <= previous.ws.shape[1] and width == previous.ws.shape[2])
    demand(count <= MAX_POINTS and kind <= _OWN_MASK)
    rest = body[_HEAD.size :]
    length = 4 * (rows * width + 2 * count)
    demand(len(rest) >= length if kind == _OWN_MASK else len(rest) == length)
    moved, points = finite_floats(rest[:length]).split([rows * width, 2 * count])
    ws = previous.ws.detach().clone()
    ws[0, :rows] = moved.view(rows, width)
    mask = _unpacked_mask(kind, rest[length:], previous.mask, size)
    return State(ws, points.view(count, 2), mask)


def _unpacked_mask(
    kind: int, data: memoryview, before: NDArray | None, size: tuple[int, ...] | None
) -> NDArray | None:
    if kind == _NO_MASK:
        return None
    if kind == _SAME_MASK:
        demand(before is not None)
        return before
    if size is None:
        raise damaged()
    return inflated(np.frombuffer(data, np.uint8), (1, *size))[0]
