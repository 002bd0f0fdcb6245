"""Reads the bytes of a saved edit; imports torch, numpy, safetensors, our own values.

What the bytes are stands in `saved`. They come from strangers: nothing is believed before it is
checked, and no number in them makes for more work or memory than what an edit may have.
"""

from __future__ import annotations

import json
import re
import struct
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, deserialize
from torch import Tensor

from .errors import BadSaved
from .generator import WeightDelta
from .pixels import FORMATS, SAMPLES
from .saved_arrays import FAR, MAX_POINTS, damaged, demand, inflated, inflated_bytes
from .saved_edit import MAX_LATENTS, MAX_STATES, PictureMark, Place, SavedEdit, Stamp
from .saved_latents import LARGEST_POWER, LEAST_POWER, lengthened
from .timeline import State

KEY = "draggan edit"  # of the metadata
VERSION = 2
EXACT, COMPACT = "exact", "compact"
MAX_HEADER = 1 << 16
MAX_DELTA = 4 << 20  # bytes of tuned weights; a network of 1024 px takes 726 kB
MAX_RESIDUAL = 1 << 20  # bytes
MAX_SIDE = 1 << 20  # of a picture that is not there
LEAST_PSNR = -100.0  # also of a picture that was not looked for at all
DELTA, RESIDUAL = "delta.", "residual."
WHOLE, LEFT, RIGHT = (f"{DELTA}{part}." for part in ("whole", "left", "right"))
MAX_RANK = 64  # of a product
_WRONG = (SafetensorError, ValueError, KeyError, OverflowError, RecursionError, zlib.error)
_NUMBER = r"-?[0-9.]{1,25}(e[+-]?\d{1,3})?"


def unpack(data: bytes | memoryview) -> tuple[SavedEdit, Stamp]:
    """The edit in bytes that `saved.pack` wrote, or a stranger did. Whether it fits a model is not
    known.

    Raises BadSaved: damaged, or of a newer version.
    """
    try:
        return _Reader(data).read()
    except _WRONG as error:
        raise damaged() from error


def ends(count: int, position: int) -> list[int]:
    """Which of so many states are kept exactly in the compact form, besides the first."""
    return sorted({position, count - 1} - {0})


class _Reader:
    """The tensors and metadata of saved bytes, given out one by one as they are checked."""

    def __init__(self, data: bytes | memoryview) -> None:
        self.tensors, self.metadata = _parse(data)

    def read(self) -> tuple[SavedEdit, Stamp]:
        version = int(self.text("version", r"\d{1,6}"))
        if version > VERSION:
            raise BadSaved(
                "The saved edit was written by a newer version of DragGAN.",
                hint="Update the DragGAN daemon: `pip install --upgrade draggan-studio`.",
            )
        demand(version == VERSION)
        compact = self.text("form", f"{EXACT}|{COMPACT}") == COMPACT
        stamp = Stamp(
            model=self.text("model", r"[^\x00-\x1f\x7f]{1,200}"),
            fingerprint=self.text("fingerprint", "[0-9a-f]{32}"),
            pixels=self.text("pixels", "[a-z0-9]{0,16}"),
        )
        picture = None if compact else self.picture()
        mark = self.mark()
        demand(mark is None or compact)
        position = int(self.text("position", r"\d{1,6}"))
        shape = mark.shape if picture is None and mark else getattr(picture, "shape", None)
        samples = mark.samples if picture is None and mark else getattr(picture, "dtype", "")
        demand(_is_of(stamp.pixels, shape, str(samples)))
        edit = SavedEdit(
            self.states(position, None if shape is None else shape[:2], compact=compact),
            position=position,
            picture=picture,
            mark=mark,
            flat=self.text("flat", "[01]") == "1",
            quality=self.text("quality", "[a-z0-9_]{0,40}"),
            psnr=self.psnr(),
            place=self.place(),
            likeness=self.likeness(),
            delta=self.delta(),
            residual=self.residual(),
        )
        demand(not self.tensors)
        _check_whole(edit)
        return edit, stamp

    # Metadata.

    def text(self, name: str, form: str) -> str:
        value = self.metadata[name]
        demand(isinstance(value, str) and re.fullmatch(form, value) is not None)
        return str(value)

    def numbers(self, name: str, count: int) -> list[float] | None:
        """So many numbers, or None for none."""
        own = self.text(name, f"({' '.join([_NUMBER] * count)})?")
        return [float(number) for number in own.split()] or None

    def psnr(self) -> float | None:
        found = self.numbers("psnr", 1)
        demand(found is None or LEAST_PSNR <= found[0] < 1000)
        return None if found is None else found[0]

    def likeness(self) -> float | None:
        found = self.numbers("likeness", 1)
        demand(found is None or 0 <= found[0] <= 1)
        return None if found is None else found[0]

    def place(self) -> Place | None:
        found = self.numbers("place", 4)
        if found is None:
            return None
        x, y, scale, angle = found
        demand(max(abs(x), abs(y)) <= FAR and 1 / FAR <= scale <= FAR and abs(angle) <= 7)
        return Place((x, y), scale, angle)

    def mark(self) -> PictureMark | None:
        words = self.text("mark", r"(\d{1,7} \d{1,7} [1-4] [a-z0-9]{1,10} [0-9a-f]{32})?").split()
        if not words:
            return None
        height, width, channels = (int(word) for word in words[:3])
        demand(0 < height <= MAX_SIDE and 0 < width <= MAX_SIDE and words[3] in SAMPLES)
        return PictureMark((height, width, channels), words[3], words[4])

    # Tensors.

    def has(self, name: str) -> bool:
        return name in self.tensors

    def take(self, name: str, samples: str, *shape: int | None) -> NDArray:
        """The array of that name, of these samples and this shape (None: any length)."""
        array = self.tensors.pop(name)
        fits = (side is None or side == own for own, side in zip(array.shape, shape, strict=True))
        demand(array.dtype == samples and all(fits))
        return array

    def floats(self, name: str, *shape: int | None) -> NDArray:
        """That array, of any shape if none is said; finite and not beyond all reason."""
        array = self.take(name, "float32", *(shape or self.tensors[name].shape))
        demand(_is_sound(array))
        return array

    def named(self, prefix: str, most: int) -> list[str]:
        names = sorted(name for name in self.tensors if name.startswith(prefix))
        demand(sum(self.tensors[name].nbytes for name in names) <= most)
        return names

    def delta(self) -> WeightDelta:
        self.named(DELTA, MAX_DELTA)
        whole, left, right = (self.parts(prefix) for prefix in (WHOLE, LEFT, RIGHT))
        demand(left.keys() == right.keys() and not left.keys() & whole.keys())
        factors = {name: (left[name], right[name]) for name in left}
        for a, b in factors.values():
            demand(a.ndim == 2 <= b.ndim and a.shape[1] == len(b) and 0 < len(b) <= MAX_RANK)
        return WeightDelta(whole, factors)

    def parts(self, prefix: str) -> dict[str, Tensor]:
        found = {}
        for name in sorted(name for name in self.tensors if name.startswith(prefix)):
            array = self.tensors.pop(name)
            demand(array.dtype.kind == "f" and _is_sound(array))
            found[name.removeprefix(prefix)] = torch.from_numpy(array)
        return found

    def residual(self) -> dict[str, NDArray]:
        found = {}
        for name in self.named(RESIDUAL, MAX_RESIDUAL):
            array = self.tensors.pop(name)
            demand(array.ndim <= 4 and (array.dtype.kind != "f" or _is_sound(array)))
            found[name.removeprefix(RESIDUAL)] = array
        return found

    def picture(self) -> NDArray | None:
        if not self.has("picture"):
            return None
        picture = self.tensors.pop("picture")
        demand(picture.ndim == 3 and 1 <= picture.shape[2] <= 4 and 0 not in picture.shape)
        demand(picture.dtype.name in SAMPLES)
        return picture

    def states(
        self, position: int, size: tuple[int, ...] | None, *, compact: bool
    ) -> tuple[State, ...]:
        pivot = self.floats("pivot", None, None)
        latents = self.ways(pivot, position) if compact else self.latents(pivot)
        count = len(latents)
        demand(position < count)
        ws = torch.from_numpy(pivot).repeat(count, 1, 1)
        ws[:, : latents.shape[1]] = torch.from_numpy(latents)
        points = self.points(count)
        masks = self.masks(count, size)
        return tuple(State(w[None], p, m) for w, p, m in zip(ws, points, masks, strict=True))

    def latents(self, pivot: NDArray) -> NDArray:
        latents = self.floats("latents", None, None, pivot.shape[1])
        demand(_may_be(len(latents), pivot) and latents.shape[1] <= len(pivot))
        return latents

    def ways(self, pivot: NDArray, position: int) -> NDArray:
        kept = self.floats("ends", None, None, pivot.shape[1])
        powers = self.take("powers", "int8", None)
        count, rows = 1 + len(kept) + len(powers), kept.shape[1]
        demand(_may_be(count, pivot) and rows <= len(pivot) and position < count)
        places = ends(count, position)
        demand(len(places) == len(kept))
        demand(bool(((powers >= LEAST_POWER) & (powers <= LARGEST_POWER)).all()))
        shape = (len(powers), rows, pivot.shape[1])
        packed = self.take("ways", "uint8", None)
        ways = np.frombuffer(inflated_bytes(packed, int(np.prod(shape))), np.int8).reshape(shape)
        exact = dict(zip(places, kept, strict=True))
        latents = lengthened(pivot[:rows], powers, ways, exact)
        demand(_is_sound(latents))
        return latents

    def points(self, count: int) -> Sequence[Tensor]:
        counts = self.take("counts", "int32", count)
        demand(bool(((counts >= 0) & (counts <= MAX_POINTS)).all()))
        points = torch.from_numpy(self.floats("points", int(counts.sum()), 2))
        return torch.split(points, counts.tolist())

    def masks(self, count: int, size: tuple[int, ...] | None) -> Sequence[NDArray | None]:
        which = self.take("mask_of", "int32", count)
        number = int(which.max()) + 1
        demand(int(which.min()) >= -1 and number <= count and (number > 0) == self.has("masks"))
        if not number:
            return [None] * count
        planes = list(self.inflated("masks", number, size))  # one object for all that share it
        return [None if i < 0 else planes[i] for i in which]

    def inflated(self, name: str, count: int, size: tuple[int, ...] | None) -> NDArray:
        if size is None:
            raise damaged()
        return inflated(self.take(name, "uint8", None), (count, *size))


def _is_sound(floats: NDArray) -> bool:
    """Whether all are numbers, and not beyond all reason."""
    return bool((np.abs(floats.astype(np.float32)) <= FAR).all())  # NaN is not


def _may_be(count: int, pivot: NDArray) -> bool:
    """Whether there may be so many states with such latents."""
    return 0 < count <= MAX_STATES and count * pivot.size <= MAX_LATENTS


def _is_of(pixels: str, shape: tuple[int, ...] | None, samples: str) -> bool:
    """Whether a picture (None: there is none) can be of that pixel format ("": of none)."""
    form = FORMATS.get(pixels)
    if shape is None or form is None:
        return form is not None or not pixels
    return (np.dtype(samples), shape[2]) == (np.dtype(form.dtype), len(form.order))


def _check_whole(edit: SavedEdit) -> None:
    """Whether the parts, each of which may be, can be of one edit."""
    opened = edit.shape is not None
    demand(opened == (edit.psnr is not None))
    demand(not edit.flat or (edit.shape is not None and edit.shape[2] == 1))
    parts = edit.delta.whole or edit.delta.factors or edit.residual or edit.place
    demand(opened or not (parts or edit.likeness is not None))


_TYPES = {
    "U8": "u1", "I8": "i1", "U16": "<u2", "F16": "<f2", "F32": "<f4", "I32": "<i4",
}  # fmt: skip


def _parse(data: bytes | memoryview) -> tuple[dict[str, NDArray], Mapping[str, object]]:
    """The tensors, copied, and the metadata, once safetensors' own reader has checked the form."""
    view = memoryview(data).cast("B")
    demand(len(view) > 8)
    (length,) = struct.unpack_from("<Q", view)
    demand(length <= MAX_HEADER)
    tensors = {}
    for name, entry in deserialize(bytes(view)):
        array = np.frombuffer(entry["data"], _TYPES[entry["dtype"]])
        tensors[name] = array.reshape(entry["shape"])
    metadata = json.loads(json.loads(bytes(view[8 : 8 + length]))["__metadata__"][KEY])
    demand(isinstance(metadata, dict))
    return tensors, metadata
