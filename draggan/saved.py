"""An edit as bytes, to go on with another day; imports torch, numpy, safetensors, our own values.

The bytes are a safetensors file. Its metadata say what the edit was made with: JSON under one key,
so that the same edit gives the same bytes. There are two forms. The exact one, of a journal, has
the picture and each latent as it is; the compact one, for documents and files, is opened with its
picture again, and keeps most steps within a 250th of their length. The tensors are
    picture   (h, w, C)           exact: the opened picture in its own samples; missing for a seed's
    pivot     (num_ws, w_dim)     the latent of step 0
    latents   (S, r, w_dim)       exact: the first r rows of each step's latent; the others are the
                                  pivot's
    ends      (E, r, w_dim)       compact: these rows of the present and of the last step
    ways      deflated, powers    compact: how the other steps differ from those before them
    points    (P, 2), counts (S)  every step's handles, one step after the other
    masks     deflated (M, h, w), mask_of (S): which of them is a step's, -1 for none
    delta.whole.*, .left.*, .right.*
                                  how the weights were tuned: by differences, or by products of two
                                  factors
    residual.*                    what else explains the picture, in small arrays of any shape
Documents that hold such bytes come from strangers: `saved_reading` believes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save as to_safetensors

from . import tuning
from .errors import BadInput
from .generator import Generator, WeightDelta
from .residual import FeatureResidual
from .saved_arrays import MAX_MASKS, MAX_POINTS, array, deflated, demand
from .saved_edit import PictureMark, Place, SavedEdit, Stamp, has_room
from .saved_latents import shortened
from .saved_reading import (
    COMPACT,
    EXACT,
    KEY,
    LEAST_PSNR,
    LEFT,
    MAX_DELTA,
    RESIDUAL,
    RIGHT,
    VERSION,
    WHOLE,
    ends,
    unpack,
)
from .timeline import State

__all__ = ["PictureMark", "Place", "SavedEdit", "Stamp", "check_fit", "fingerprint", "has_room",
           "pack", "unpack"]  # fmt: skip


def fingerprint(path: Path) -> str:
    """A digest of a model's file, the same for the same weights; about 1 s for a gigabyte."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()


def pack(edit: SavedEdit, stamp: Stamp, *, exact: bool = False) -> bytes:
    """The edit as bytes, compact or `exact`, for `unpack`.

    Raises BadInput for an edit that has grown beyond what `unpack` takes, and for an exact form
    where the picture is not there.
    """
    if exact and edit.mark is not None:
        raise BadInput("The edit's picture is not there to be kept.")
    masks, mask_of = _distinct_masks(edit.states)
    delta = _packed_delta(edit.delta)
    _check_growth(edit, len(masks), sum(values.nbytes for values in delta.values()))
    latents = _exact_latents(edit) if exact else _compact_latents(edit)
    tensors = {**latents, **_packed_points(edit.states), "mask_of": np.array(mask_of, np.int32)}
    if masks:
        tensors["masks"] = deflated(masks, level=1 if exact else 6)
    if exact and edit.picture is not None:
        tensors["picture"] = edit.picture
    tensors.update(delta)
    tensors.update({RESIDUAL + name: values for name, values in edit.residual.items()})
    tensors = {name: np.ascontiguousarray(values) for name, values in tensors.items()}
    return to_safetensors(tensors, {KEY: json.dumps(_metadata(edit, stamp, exact=exact))})


def check_fit(edit: SavedEdit, generator: Generator) -> None:
    """Raises BadSaved if the latents, the residual or the tuned weights cannot be this
    generator's."""
    demand(edit.states[0].ws.shape[1:] == (generator.num_ws, generator.w_dim))
    if edit.shape is not None:
        demand(edit.quality in tuning.QUALITIES)
    if edit.residual:
        FeatureResidual.expanded(edit.residual, generator)
    delta = edit.delta
    if not (delta.whole or delta.factors):
        return
    own = tuning.tunable(generator, tuning.QUALITIES[edit.quality].smallest_block)
    shapes = {name: weight.shape for name, weight in own.items()}
    changed = {name: tensor.shape for name, tensor in delta.whole.items()}
    for name, (left, right) in delta.factors.items():  # before anything is multiplied
        changed[name] = torch.Size((len(left), *right.shape[1:]))
    demand(bool(own) and all(shapes.get(name) == shape for name, shape in changed.items()))


def _metadata(edit: SavedEdit, stamp: Stamp, *, exact: bool) -> dict[str, str]:
    mark = edit.mark
    if not exact and edit.picture is not None:
        mark = PictureMark.of(edit.picture)
    place = edit.place
    return {
        "version": str(VERSION),
        "form": EXACT if exact else COMPACT,
        "model": stamp.model,
        "fingerprint": stamp.fingerprint,
        "pixels": stamp.pixels,
        "mark": "" if mark is None else _mark(mark),
        "flat": str(int(edit.flat)),
        "quality": edit.quality,
        "psnr": "" if edit.psnr is None else repr(max(LEAST_PSNR, edit.psnr)),
        "place": "" if place is None else _numbers(*place.centre, place.scale, place.angle),
        "likeness": "" if edit.likeness is None else _numbers(edit.likeness),
        "position": str(edit.position),
    }


def _mark(mark: PictureMark) -> str:
    return " ".join([*map(str, mark.shape), mark.samples, mark.digest])


def _packed_delta(delta: WeightDelta) -> dict[str, NDArray]:
    """In the samples that it has."""
    parts = {WHOLE + name: tensor for name, tensor in delta.whole.items()}
    for name, (left, right) in delta.factors.items():
        parts[LEFT + name], parts[RIGHT + name] = left, right
    return {name: tensor.detach().cpu().contiguous().numpy() for name, tensor in parts.items()}


def _numbers(*values: float) -> str:
    return " ".join(repr(float(value)) for value in values)


def _check_growth(edit: SavedEdit, masks: int, tuned: int) -> None:
    start = edit.states[0]
    height, width = (0, 0) if edit.shape is None else edit.shape[:2]
    if (
        not has_room(len(edit.states), start.ws)
        or masks * height * width > MAX_MASKS
        or tuned > MAX_DELTA
        or max(len(state.points) for state in edit.states) > MAX_POINTS
    ):
        raise BadInput(
            "The edit has grown too large to be saved.",
            hint="Keep its picture, open that, and go on from there.",
        )


def _exact_latents(edit: SavedEdit) -> dict[str, NDArray]:
    latents, rows = _latents(edit.states)
    return {"pivot": latents[0], "latents": latents[:, :rows]}


def _compact_latents(edit: SavedEdit) -> dict[str, NDArray]:
    latents, rows = _latents(edit.states)
    kept = ends(len(latents), edit.position)
    powers, ways = shortened(latents[:, :rows], kept)
    return {"pivot": latents[0], "ends": latents[kept, :rows], "powers": powers, "ways": ways}


def _latents(states: Sequence[State]) -> tuple[NDArray, int]:
    """All latents (S, num_ws, w_dim), and how many leading rows hold all that differs."""
    latents = np.stack([array(state.ws[0]) for state in states])
    moved = (latents != latents[:1]).any(axis=(0, 2))  # (num_ws,)
    return latents, int(moved.nonzero()[0].max()) + 1 if moved.any() else 0


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
