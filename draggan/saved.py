"""An edit as bytes, to go on with another day; imports torch, numpy, safetensors, our own values.

The bytes are a safetensors file. Its metadata say what the edit was made with: JSON under one key,
so that the same edit gives the same bytes. Its tensors are
    picture   (h, w, C)           the opened picture in its own samples; missing for a seed's
    pivot     (num_ws, w_dim)     the latent of step 0
    latents   (S, r, w_dim)       the first r rows of each step's latent; the others are the pivot's
    points    (P, 2), counts (S)  every step's handles, one step after the other
    masks     deflated (M, h, w), mask_of (S): which of them is a step's, -1 for none
    weight    deflated (h, w)     what counted in the picture, where it may have to be tuned again
    delta.*                       how the weights were tuned, where that is not too large
Documents that hold such bytes come from strangers: nothing here is believed before it is checked.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, deserialize
from safetensors.numpy import save as to_safetensors
from torch import Tensor

from . import tuning
from .errors import BadInput, BadSaved
from .generator import Generator, WeightDelta
from .pixels import FORMATS, SAMPLES
from .saved_arrays import (
    FAR,
    MAX_MASKS,
    MAX_POINTS,
    array,
    damaged,
    deflated,
    demand,
    inflated,
)
from .timeline import State

KEY = "draggan edit"  # of the metadata
VERSION = 1
MAX_HEADER = 1 << 16
MAX_DELTA = 4 << 20  # bytes of tuned weights that are worth keeping
MAX_STATES = 100_001
MAX_LATENTS = 1 << 26  # numbers of all latents: 256 MiB
LEAST_PSNR = -100.0  # also of a picture that was not looked for at all
_DELTA = "delta."


@dataclass(frozen=True)
class Stamp:
    """What an edit was made with: the model's id, its file's `fingerprint`, and the name of the
    pixel format in which its owner keeps pictures ("" if in none)."""

    model: str
    fingerprint: str
    pixels: str = ""


@dataclass(frozen=True)
class SavedEdit:
    """All that an edit consists of. A seed's has no picture, no quality and no delta."""

    states: tuple[State, ...]
    position: int
    picture: NDArray | None = None  # (h, w, C)
    flat: bool = False  # it came without a channel axis
    weight: NDArray | None = None  # (h, w) in [0, 1]
    quality: str = ""  # with which it was set
    psnr: float | None = None
    delta: WeightDelta = field(default_factory=WeightDelta)
    retune: bool = False  # the tuned weights were too large to be kept


def fingerprint(path: Path) -> str:
    """A digest of a model's file, the same for the same weights; about 1 s for a gigabyte."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()


# Writing.


def pack(edit: SavedEdit, stamp: Stamp, *, max_delta: int | None = None) -> bytes:
    """The edit as bytes. Raises BadInput for one that has grown beyond what `unpack` takes.

    Of tuned weights, at most `max_delta` bytes are kept (None: MAX_DELTA); what is more is left
    away, and tuned again when the edit is restored.
    """
    masks, mask_of = _distinct_masks(edit.states)
    _check_growth(edit, len(masks))
    tuned = sum(t.numel() * 4 for t in edit.delta.tensors.values())
    large = tuned > (MAX_DELTA if max_delta is None else max_delta)
    tensors = {**_packed_latents(edit.states), **_packed_points(edit.states)}
    tensors["mask_of"] = np.array(mask_of, np.int32)
    if masks:
        tensors["masks"] = deflated(masks)
    if edit.picture is not None:
        tensors["picture"] = edit.picture
    if (large or tuned > MAX_DELTA) and edit.weight is not None:  # may be tuned again one day
        tensors["weight"] = deflated([edit.weight])
    if not large:
        tensors.update({_DELTA + n: array(t) for n, t in edit.delta.tensors.items()})
    metadata = {
        "version": str(VERSION),
        "model": stamp.model,
        "fingerprint": stamp.fingerprint,
        "pixels": stamp.pixels,
        "flat": str(int(edit.flat)),
        "quality": edit.quality,
        "psnr": "" if edit.psnr is None else repr(max(LEAST_PSNR, edit.psnr)),
        "position": str(edit.position),
        "retune": str(int(large)),
    }
    tensors = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    return to_safetensors(tensors, {KEY: json.dumps(metadata)})


def _check_growth(edit: SavedEdit, masks: int) -> None:
    start = edit.states[0]
    height, width = (0, 0) if edit.picture is None else edit.picture.shape[:2]
    if (
        not has_room(len(edit.states), start.ws)
        or masks * height * width > MAX_MASKS
        or max(len(state.points) for state in edit.states) > MAX_POINTS
    ):
        raise BadInput(
            "The edit has grown too large to be saved.",
            hint="Keep its picture, open that, and go on from there.",
        )


def has_room(count: int, ws: Tensor) -> bool:
    """Whether an edit may have that many states with such latents."""
    return count <= MAX_STATES and count * ws.numel() <= MAX_LATENTS


def _packed_latents(states: Sequence[State]) -> dict[str, NDArray]:
    latents = np.stack([array(state.ws[0]) for state in states])
    moved = (latents != latents[:1]).any(axis=(0, 2))  # (num_ws,)
    rows = int(moved.nonzero()[0].max()) + 1 if moved.any() else 0
    return {"pivot": latents[0], "latents": latents[:, :rows]}


def _packed_points(states: Sequence[State]) -> dict[str, NDArray]:
    points = np.concatenate([array(state.points) for state in states])
    return {"points": points, "counts": np.array([len(s.points) for s in states], np.int32)}


def _distinct_masks(states: Sequence[State]) -> tuple[list[NDArray], list[int]]:
    """The masks, and which one each state has. A drag's steps share one, and so do drags under
    the same selection."""
    masks: list[NDArray] = []
    which, last = [], None
    for state in states:
        if state.mask is not None and state.mask is not last:
            last = state.mask
            if not masks or not np.array_equal(masks[-1], last):
                masks.append(last)
        which.append(-1 if state.mask is None else len(masks) - 1)
    return masks, which


# Reading.

_WRONG = (SafetensorError, ValueError, KeyError, OverflowError, RecursionError, zlib.error)


def unpack(data: bytes | memoryview, *, max_delta: int | None = None) -> tuple[SavedEdit, Stamp]:
    """The edit in bytes that `pack` wrote, or a stranger did. Whether it fits a model is not known.

    `max_delta`: as `pack` had it. Raises BadSaved: damaged, or of a newer version.
    """
    try:
        return _Reader(data, MAX_DELTA if max_delta is None else max_delta).read()
    except _WRONG as error:
        raise damaged() from error


def check_fit(edit: SavedEdit, generator: Generator) -> None:
    """Raises BadSaved if the latents or the tuned weights cannot be this generator's."""
    demand(edit.states[0].ws.shape[1:] == (generator.num_ws, generator.w_dim))
    if edit.picture is not None:
        demand(edit.quality in tuning.QUALITIES)
    if not (edit.delta.tensors or edit.retune):
        return
    own = tuning.tunable(generator, tuning.QUALITIES[edit.quality].smallest_block)
    shapes = {name: weight.shape for name, weight in own.items()}
    demand(bool(own) and all(shapes.get(n) == t.shape for n, t in edit.delta.tensors.items()))


class _Reader:
    """The tensors and metadata of saved bytes, given out one by one as they are checked."""

    def __init__(self, data: bytes | memoryview, max_delta: int) -> None:
        self.max_delta = max_delta
        self.tensors, self.metadata = _parse(data)

    def read(self) -> tuple[SavedEdit, Stamp]:
        if int(self.text("version", r"\d{1,6}")) > VERSION:
            raise BadSaved(
                "The saved edit was written by a newer version of DragGAN.",
                hint="Update the DragGAN daemon: `pip install --upgrade draggan-studio`.",
            )
        stamp = Stamp(
            model=self.text("model", r"[^\x00-\x1f\x7f]{1,200}"),
            fingerprint=self.text("fingerprint", "[0-9a-f]{32}"),
            pixels=self.text("pixels", "[a-z0-9]{0,16}"),
        )
        picture = self.picture(stamp.pixels)
        states = self.states(None if picture is None else picture.shape[:2])
        edit = SavedEdit(
            states,
            position=int(self.text("position", r"\d{1,6}")),
            picture=picture,
            flat=self.text("flat", "[01]") == "1",
            weight=self.weight(picture),
            quality=self.text("quality", "[a-z0-9_]{0,40}"),
            psnr=self.psnr(),
            delta=self.delta(),
            retune=self.text("retune", "[01]") == "1",
        )
        demand(not self.tensors and edit.position < len(states))
        demand((picture is None) == (edit.psnr is None))
        demand(not edit.flat or (picture is not None and picture.shape[2] == 1))
        demand(picture is not None or not (edit.delta.tensors or edit.retune))
        return edit, stamp

    def text(self, name: str, form: str) -> str:
        value = self.metadata[name]
        demand(isinstance(value, str) and re.fullmatch(form, value) is not None)
        return str(value)

    def psnr(self) -> float | None:
        value = self.text("psnr", r"[0-9.e+-]{0,30}")
        if not value:
            return None
        psnr = float(value)
        demand(LEAST_PSNR <= psnr < 1000)
        return psnr

    def take(self, name: str, samples: str, *shape: int | None) -> NDArray:
        """The array of that name, of these samples and this shape (None: any length)."""
        array = self.tensors.pop(name)
        fits = (side is None or side == own for own, side in zip(array.shape, shape, strict=True))
        demand(array.dtype == samples and all(fits))
        return array

    def floats(self, name: str, *shape: int | None) -> Tensor:
        """That array, of any shape if none is said; finite and not beyond all reason."""
        array = self.take(name, "float32", *(shape or self.tensors[name].shape))
        demand(bool((np.abs(array) <= FAR).all()))  # NaN is not
        return torch.from_numpy(array)

    def delta(self) -> WeightDelta:
        names = sorted(name for name in self.tensors if name.startswith(_DELTA))
        demand(sum(self.tensors[name].nbytes for name in names) <= self.max_delta)
        return WeightDelta({name.removeprefix(_DELTA): self.floats(name) for name in names})

    def picture(self, pixels: str) -> NDArray | None:
        form = FORMATS.get(pixels)
        demand(form is not None or not pixels)
        if "picture" not in self.tensors:
            return None
        picture = self.tensors.pop("picture")
        demand(picture.ndim == 3 and 1 <= picture.shape[2] <= 4 and 0 not in picture.shape)
        demand(picture.dtype.name in SAMPLES)
        own = form is None or (picture.dtype, picture.shape[2]) == (form.dtype, len(form.order))
        demand(own)
        return picture

    def states(self, size: tuple[int, ...] | None) -> tuple[State, ...]:
        pivot = self.floats("pivot", None, None)
        rows, width = pivot.shape
        latents = self.floats("latents", None, None, width)
        count = len(latents)
        demand(0 < count <= MAX_STATES and count * pivot.numel() <= MAX_LATENTS)
        demand(latents.shape[1] <= rows)
        ws = pivot.repeat(count, 1, 1)
        ws[:, : latents.shape[1]] = latents
        points = self.points(count)
        masks = self.masks(count, size)
        return tuple(State(w[None], p, m) for w, p, m in zip(ws, points, masks, strict=True))

    def points(self, count: int) -> Sequence[Tensor]:
        counts = self.take("counts", "int32", count)
        demand(bool(((counts >= 0) & (counts <= MAX_POINTS)).all()))
        points = self.floats("points", int(counts.sum()), 2)
        return torch.split(points, counts.tolist())

    def masks(self, count: int, size: tuple[int, ...] | None) -> Sequence[NDArray | None]:
        which = self.take("mask_of", "int32", count)
        number = int(which.max()) + 1
        demand(int(which.min()) >= -1 and number <= count and (number > 0) == self.has("masks"))
        if not number:
            return [None] * count
        demand(size is not None)
        assert size is not None
        masks = self.inflated("masks", (number, *size))
        planes = list(masks)  # one object for all states that share it
        return [None if i < 0 else planes[i] for i in which]

    def has(self, name: str) -> bool:
        return name in self.tensors

    def weight(self, picture: NDArray | None) -> NDArray | None:
        if not self.has("weight"):
            return None
        demand(picture is not None)
        assert picture is not None
        return self.inflated("weight", (1, *picture.shape[:2]))[0]

    def inflated(self, name: str, shape: tuple[int, ...]) -> NDArray:
        return inflated(self.take(name, "uint8", None), shape)


_TYPES = {"U8": "u1", "U16": "<u2", "F32": "<f4", "I32": "<i4"}


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
