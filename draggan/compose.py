"""Paste-back of the model's pictures into a picture; no networks.

It starts from the picture: where nothing moved, every sample stays what it was, bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from .frame import Frame
from .pixels import alpha_of, rgb_of, with_rgb
from .resampling import BLOCK
from .viewing import View, fill

UNCHANGED = 0.02  # differences (white = 1) up to here count as the generator's own unrest
CHANGED = 0.06  # from here on a pixel is new content
REACH = 0.02  # how far beyond a change the edit is shown, as a share of the model's picture


@dataclass(frozen=True)
class Patch:
    """What an edit adds to a picture: result = original + add - remove * original.

    Both are exactly 0 where nothing moved. Colours are in [0, 1] units.
    """

    add: Tensor  # (1, 3, H, W)
    remove: Tensor  # (1, 1, H, W)


def patch(seen: View, reconstruction: Tensor, edit: Tensor, *, mask: Tensor | None = None) -> Patch:
    """Compare the generator's pictures before and after an edit, all (1, 3, H, W) in [-1, 1].

    With `a` the share of the edit that is shown and `stay` the share of the old content that is
    still there: result = original + a * (edit + detail - original), where detail is the original
    minus its reconstruction as far as content stayed, and that error's smooth continuation where
    content is new, so that light and colour carry on across the seam.
    """
    source, before, after = ((t.float().cpu() + 1) / 2 for t in (seen.image, reconstruction, edit))
    change = (after - before).abs().amax(1, keepdim=True)  # (1, 1, H, W)
    change = F.avg_pool2d(change, 3, 1, 1, count_include_pad=False)
    moved = _ramp(change)
    reach = max(1, round(REACH * max(change.shape[-2:])))
    stay = 1 - torch.maximum(_spread(moved, 1), _orphaned(source - before, moved, reach))
    shown = _feather(_spread(moved, 2 * reach), reach)
    if mask is not None:
        shown = shown * _feather(mask[None, None].float().cpu(), 1)
    detail = fill(source - before, stay)
    add = shown * (after - stay * before + (1 - stay) * detail)
    return Patch(add, shown * (1 - stay))


def _orphaned(error: Tensor, moved: Tensor, reach: int) -> Tensor:
    """Where the reconstruction lacked something that moved away with its surroundings.

    The generator never drew it, so no change shows there; left in place it would be a ghost.
    Fine grain stays: it averages out over the few pixels looked at here.
    """
    lacking = F.avg_pool2d(error, 3, 1, 1, count_include_pad=False).abs().amax(1, keepdim=True)
    return _feather(_spread(moved, 4 * reach), reach) * _feather(_spread(_ramp(lacking), 1), 1)


def _ramp(change: Tensor) -> Tensor:
    """0 below UNCHANGED, 1 above CHANGED, smooth between."""
    t = ((change - UNCHANGED) / (CHANGED - UNCHANGED)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def _spread(mask: Tensor, radius: int) -> Tensor:
    return F.max_pool2d(mask, 2 * radius + 1, 1, radius)


def _feather(mask: Tensor, radius: int) -> Tensor:
    """Soften edges; two box filters, so the support stays finite and zeros stay zeros."""
    for _ in range(2):
        mask = F.avg_pool2d(mask, 2 * radius + 1, 1, radius, count_include_pad=False)
    return mask


def paste_back(
    native: NDArray, frame: Frame, change: Patch, *, mask: NDArray | None = None
) -> NDArray:
    """The picture (h, w, C) with the edit in it: own size, own sample type, own alpha.

    `mask` (h, w) in [0, 1] is what may change: where it is 0, and where the patch is 0, and where
    the picture is fully transparent, the result's samples are the picture's own.
    """
    planes = torch.cat([change.add, change.remove], 1)  # (1, 4, H, W)
    result = native.copy()
    found = (planes != 0).any(1)[0].nonzero()  # (n, 2): y, x
    if not len(found):
        return result
    low, high = (found.amin(0) - 3).tolist(), (found.amax(0) + 4).tolist()
    left, top, right, bottom = frame.box((low[1], low[0], high[1], high[0]))
    for first in range(top, bottom, BLOCK):
        last = min(first + BLOCK, bottom)
        part = np.s_[first:last, left:right]
        part_planes = frame.part_to_picture(planes, (left, first, right, last))
        difference = part_planes[0].permute(1, 2, 0).numpy()  # (n, m, 4)
        share = None if mask is None else mask[part][..., None].astype(np.float32)
        result[part] = _paste(native[part], difference, share)
    return result


def _paste(native: NDArray, difference: NDArray, share: NDArray | None) -> NDArray:
    if share is not None:
        difference = difference * share
    where = (difference != 0).any(axis=2)
    alpha = alpha_of(native)
    if alpha is not None:
        where &= alpha > 0
    if not where.any():
        return native
    original = rgb_of(native)
    return with_rgb(native, original + difference[..., :3] - difference[..., 3:] * original, where)
