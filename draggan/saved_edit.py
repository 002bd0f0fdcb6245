"""What a saved edit consists of, as values; imports torch, numpy, our own values, no file formats.

`saved` writes them as bytes and reads them again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from .errors import BadInput, BadSaved
from .generator import WeightDelta
from .pixels import as_native
from .timeline import State

MAX_STATES = 100_001
MAX_LATENTS = 1 << 26  # numbers of all latents: 256 MiB
CHANGED = "The picture has changed since the edit was saved."


@dataclass(frozen=True)
class Stamp:
    """What an edit was made with: the model's id, its file's `fingerprint`, and the name of the
    pixel format in which its owner keeps pictures ("" if in none)."""

    model: str
    fingerprint: str
    pixels: str = ""


@dataclass(frozen=True)
class PictureMark:
    """By which a picture is known again that is not kept with its edit."""

    shape: tuple[int, int, int]  # (h, w, C)
    samples: str  # the name of their type
    digest: str  # of the samples

    @classmethod
    def of(cls, native: NDArray) -> PictureMark:
        """The mark of a native array."""
        height, width, channels = native.shape
        digest = hashlib.blake2b(np.ascontiguousarray(native).data, digest_size=16)
        return cls((height, width, channels), native.dtype.name, digest.hexdigest())


@dataclass(frozen=True)
class Place:
    """Where the model looks, as `Frame` says it."""

    centre: tuple[float, float]  # picture pixels
    scale: float  # picture pixels for one of the model's
    angle: float = 0.0  # radians


@dataclass(frozen=True)
class SavedEdit:
    """All that an edit consists of. A seed's has no picture, no quality and no delta."""

    states: tuple[State, ...]
    position: int
    picture: NDArray | None = None  # (h, w, C)
    mark: PictureMark | None = None  # of a picture that is not there
    flat: bool = False  # it came without a channel axis
    quality: str = ""  # with which it was set
    psnr: float | None = None
    place: Place | None = None  # None: the whole picture is seen
    likeness: float | None = None  # in [0, 1]; None: nobody has judged
    delta: WeightDelta = field(default_factory=WeightDelta)
    residual: Mapping[str, NDArray] = field(default_factory=dict)  # small arrays, by name

    @property
    def shape(self) -> tuple[int, int, int] | None:
        """The picture's (h, w, C), whether it is there or not; None for a seed's edit."""
        if self.picture is None:
            return None if self.mark is None else self.mark.shape
        height, width, channels = self.picture.shape
        return height, width, channels

    def opened_on(self, picture: NDArray | None) -> tuple[NDArray | None, tuple[str, ...]]:
        """The native picture to go on with, the one given here if there is one; and notes on it.

        Raises BadInput where a picture is needed that is not given, BadSaved for one that cannot
        be the edit's, BadPicture for what is none.
        """
        if picture is None:
            if self.mark is not None:
                raise BadInput(
                    "The saved edit does not hold its picture.",
                    hint="Open it together with the picture that it was made of.",
                )
            return self.picture, ()
        native = as_native(picture)
        if native.shape != self.shape:
            raise _of_another_form(self.shape, native.shape)
        known = PictureMark.of(self.picture) if self.picture is not None else self.mark
        return native, () if known == PictureMark.of(native) else (CHANGED,)


def has_room(count: int, ws: Tensor) -> bool:
    """Whether an edit may have that many states with such latents."""
    return count <= MAX_STATES and count * ws.numel() <= MAX_LATENTS


def _of_another_form(own: tuple[int, int, int] | None, given: tuple[int, ...]) -> BadSaved:
    if own is None:
        return BadSaved(
            "The saved edit is of a picture that the model has made up, and takes no other.",
            hint="Open it without a picture.",
        )
    return BadSaved(
        f"The saved edit is of a picture of {_form(own)}; this one has {_form(given)}.",
        hint="Open it with the picture that it was made of, in the same size and colour mode.",
    )


def _form(shape: tuple[int, ...]) -> str:
    channels = {1: "grey", 2: "grey with transparency", 3: "colour", 4: "colour with transparency"}
    return f"{shape[1]} x {shape[0]} pixels in {channels[shape[2]]}"
