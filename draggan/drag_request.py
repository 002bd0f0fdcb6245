"""What a drag is asked to do, checked: handles, targets and mask; torch only."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .errors import BadInput


def checked_points(
    points: Tensor | Sequence[Sequence[float]], kind: str, size: tuple[int, int], like: Tensor
) -> Tensor:
    """Points (N, 2) on the device of `like`, inside a picture of `size` (W, H).

    Raises BadInput for what are no pairs of numbers, and for points outside.
    """
    try:
        p = torch.as_tensor(points, dtype=torch.float32).to(like.device)
    except (TypeError, ValueError):
        p = torch.empty(0)
    if p.ndim != 2 or p.shape[1] != 2:
        raise BadInput(
            f"Each {kind} is a pair of numbers, x and y.", hint="Write them as [[x, y], ...]."
        )
    outside = ~torch.isfinite(p) | (p < 0) | (p > p.new_tensor(size))
    if outside.any():
        x, y = p[int(outside.any(-1).nonzero()[0])].tolist()
        raise BadInput(
            f"The {kind} at {x:g}, {y:g} lies outside of the picture.",
            hint=f"x goes from 0 to {size[0]}, y from 0 to {size[1]}.",
        )
    return p


def check_drag(p: Tensor, t: Tensor, mask: Tensor | None, size: tuple[int, int]) -> None:
    """Raises BadInput for handles `p` and targets `t` (N, 2) that make no drag, and for a `mask`
    that does not fit the picture or lets nothing move."""
    if len(p) != len(t):
        raise BadInput(
            f"There are {len(p)} handles but {len(t)} targets.",
            hint="Every handle needs a target; one on the handle itself makes it a pin.",
        )
    if not len(p) or bool(((p - t).norm(dim=-1) < 1e-6).all()):
        raise BadInput("No handle has anywhere to go.", hint="Give at least one handle a target.")
    if mask is not None and mask.shape != (size[1], size[0]):
        raise BadInput(
            f"The mask is {mask.shape[-1]} x {mask.shape[0]}, the picture {size[0]} x {size[1]}.",
            hint="A mask has the picture's own size.",
        )
    if mask is not None and not bool((mask > 0).any()):
        raise BadInput("The mask lets nothing move.", hint="Mark the part that may move, or none.")
