"""The "improve seam" of a pasted edit: its picture is bent to meet the original around it; torch.

Tzaban et al. 2022 (Stitch it in Time, arXiv 2201.08361, section 4.4) tune the generator's weights
so that a ring around the pasted region looks like the original and the inside like the edit. Here
a further feature residual does it: only what comes after the drag's features is computed, and what
lies far from the ring is left as it was, bit for bit.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from .errors import BadInput
from .generator import Features, Generator
from .residual import ResidualOptions, fit

REACH = 2  # cells beyond the ring that may give way


@dataclass(frozen=True)
class SeamOptions:
    """How long to fit, and how much the edit counts where it meets nothing."""

    steps: int = 30
    lr: float = 0.15
    inside: float = 0.1  # what the edit's own picture weighs where the ring weighs 1


def improve(
    generator: Generator,
    features: Features,
    ws: Tensor,
    original: Tensor,
    ring: Tensor,
    *,
    options: SeamOptions | None = None,
) -> Tensor:
    """The picture (1, 3, H, W) of whole `features` of `ws`, bent so that it meets `original`.

    `features` are those of the edit, with all that was carried into them; `original` (1, 3, H, W)
    in [-1, 1] is what was there before; `ring` (1, 1, H, W) in [0, 1] says how much the edit has to
    look like it. Raises BadInput for a ring of another size.
    """
    options = options or SeamOptions()
    with torch.no_grad():
        edit = generator.render_from(features, ws)
    if ring.shape != edit[:, :1].shape:
        raise BadInput(f"A ring of shape {tuple(ring.shape)} does not fit the picture.")
    ring, original = ring.to(edit), original.to(edit)
    if not bool((ring > 0).any()):
        return edit
    height, width = features.map.shape[-2:]
    *_, last = deque(
        fit(
            generator,
            ws,
            edit + ring * (original - edit),
            weight=options.inside + (1 - options.inside) * ring,
            options=ResidualOptions(steps=options.steps, lr=options.lr),
            features=features,
            free=_free(ring, (height, width)),
        ),
        maxlen=1,
    )
    with torch.no_grad():
        return generator.render_from(last.residual.added(features), ws)


def _free(ring: Tensor, size: tuple[int, int]) -> Tensor:
    """How much each cell may change, (1, 1, h, w): all in the ring, less and less beside it."""
    cells = F.adaptive_max_pool2d(ring, size)
    wide = F.max_pool2d(cells, 2 * REACH + 1, 1, REACH)
    return F.avg_pool2d(wide, 2 * REACH + 1, 1, REACH)
