"""What the saved forms of an edit share: bounds, checksums, deflated masks; torch and numpy only.

Bytes to be read here may come from strangers: nothing is believed before it is checked.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .errors import BadSaved

MAX_POINTS = 64  # of a state
MAX_MASKS = 1 << 27  # pixels of all masks
FAR = float(1 << 20)  # no point is farther away, and no latent as large
FINITE = float(np.finfo(np.float32).max)


_SUM = struct.Struct("<I")


def damaged() -> BadSaved:
    return BadSaved(
        "The saved edit is damaged.", hint="Open the picture itself, and drag it from its start."
    )


def demand(true: bool) -> None:
    """Raises BadSaved unless it is true."""
    if not true:
        raise damaged()


def array(tensor: Tensor) -> NDArray:
    """The tensor as float32 on the CPU."""
    return tensor.detach().float().cpu().contiguous().numpy()


def sealed(body: bytes) -> bytes:
    """With a checksum at its end."""
    return body + _SUM.pack(zlib.crc32(body))


def unsealed(data: bytes | memoryview, least: int) -> memoryview:
    """What was `sealed`, at least that many bytes. Raises BadSaved for anything else."""
    view = memoryview(data).cast("B")
    demand(len(view) >= least + _SUM.size)
    body = view[: -_SUM.size]
    demand(_SUM.unpack(view[-_SUM.size :])[0] == zlib.crc32(body))
    return body


def finite_floats(data: memoryview, *, bound: float = FAR) -> Tensor:
    """Float32 numbers, copied. Raises BadSaved where one is no number or beyond the bound."""
    numbers = np.frombuffer(data, "<f4").copy()
    demand(bool((np.abs(numbers) <= bound).all()))  # NaN is not
    return torch.from_numpy(numbers)


def deflated(masks: Sequence[NDArray], *, level: int = 1) -> NDArray:
    """A byte that says how many a sample takes, then all samples, deflated; exact in any case.

    `level` 1 is fast, 9 small.
    """
    planes = [np.rint(mask * 255).astype(np.uint8) for mask in masks]
    if not all(map(np.array_equal, map(_shares, planes), masks)):
        planes = [np.ascontiguousarray(mask, np.float32) for mask in masks]
    press = zlib.compressobj(level)
    parts = [press.compress(np.ascontiguousarray(plane).data) for plane in planes]
    head = bytes([planes[0].itemsize])
    return np.frombuffer(b"".join([head, *parts, press.flush()]), np.uint8)


def inflated(packed: NDArray, shape: tuple[int, ...]) -> NDArray:
    """The masks of `deflated` as float32 of that `shape`, all in [0, 1].

    Exactly as many samples as belong there, and no more work than that. Raises BadSaved, and
    zlib.error for what is not deflated.
    """
    demand(math.prod(shape) <= MAX_MASKS and len(packed) > 0 and int(packed[0]) in (1, 4))
    samples = "uint8" if packed[0] == 1 else "<f4"
    plain = inflated_bytes(packed[1:], math.prod(shape) * int(packed[0]))
    shares = _shares(np.frombuffer(plain, samples).reshape(shape))
    demand(bool(((shares >= 0) & (shares <= 1)).all()))
    return shares


def inflated_bytes(packed: NDArray, size: int) -> bytes:
    """What was deflated, exactly that many bytes. Raises BadSaved, and zlib.error."""
    stream = zlib.decompressobj()
    plain = stream.decompress(packed.data, size + 1)
    demand(len(plain) == size and stream.eof and not stream.unused_data)
    return plain


def _shares(plane: NDArray) -> NDArray:
    """A mask's samples as float32 in [0, 1]."""
    return plane.astype(np.float32) / np.float32(255) if plane.dtype == np.uint8 else plane
