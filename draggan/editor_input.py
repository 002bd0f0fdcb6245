"""What the editor is asked to do, in the picture's own pixels, checked; imports torch and numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .errors import BadInput
from .pixels import SAMPLES, finite

Points = Tensor | NDArray | Sequence[Sequence[float]]


def picture_points(points: Points, kind: str, size: tuple[int, int]) -> Tensor:
    """A caller's points inside a picture of (width, height): (N, 2) float32. Raises BadInput."""
    if len(points) == 0:
        raise BadInput(f"There is no {kind}.", hint="Give at least one handle and its target.")
    try:
        p = torch.as_tensor(np.asarray(points, np.float32))
    except (TypeError, ValueError):
        p = torch.zeros(0)
    if p.ndim != 2 or p.shape[1] != 2:
        raise BadInput(f"Each {kind} is a pair of numbers, x and y.")
    bad = ~torch.isfinite(p) | (p < 0) | (p > p.new_tensor(size))
    if bad.any():
        x, y = p[int(bad.any(-1).nonzero()[0])].tolist()
        raise BadInput(
            f"The {kind} at {x:g}, {y:g} lies outside of the picture.",
            hint=f"x goes from 0 to {size[0]}, y from 0 to {size[1]}.",
        )
    return p


def drag_points(handles: Points, targets: Points, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """A caller's handles and targets, both (N, 2). Raises BadInput if they make no drag."""
    p, t = picture_points(handles, "handle", size), picture_points(targets, "target", size)
    if len(p) != len(t):
        raise BadInput(
            f"There are {len(p)} handles but {len(t)} targets.",
            hint="Every handle needs a target; one on the handle itself makes it a pin.",
        )
    if torch.equal(p, t):
        raise BadInput("No handle has anywhere to go.", hint="Drag at least one to a target.")
    return p, t


def picture_mask(mask: NDArray, size: tuple[int, int], kind: str) -> NDArray:
    """A caller's mask as (h, w) float32 in [0, 1]."""
    array = np.asarray(mask)
    if array.shape != (size[1], size[0]):
        shape = " x ".join(str(side) for side in array.shape[::-1])
        raise BadInput(
            f"The {kind} is {shape}, the picture {size[0]} x {size[1]}.",
            hint=f"A {kind} has the picture's own size and one channel.",
        )
    if array.dtype.kind not in "bfu":
        raise BadInput(f"A {kind} of {array.dtype} is not understood.", hint="Use 0 and 1.")
    white = SAMPLES.get(array.dtype.name, 1.0)
    share = np.clip(finite(array) / np.float32(white), 0, 1)
    if not share.any():
        raise BadInput(
            f"The {kind} is empty: nothing is marked.", hint="Mark the part that may move, or none."
        )
    return share
