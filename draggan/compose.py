"""Where a picture's pixels meet the model's: the frame between them, and paste-back; no networks.

The picture lies centred in the model's rectangle at one scale, whatever its own shape; what lacks
is filled by repeating its edge. Paste-back starts from the picture: where nothing moved, every
sample stays what it was, bit for bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from .pixels import alpha_of, count_non_finite, finite, rgb_of, with_rgb
from .resampling import BLOCK, Axis, grow, shrink

UNCHANGED = 0.02  # differences (white = 1) up to here count as the generator's own unrest
CHANGED = 0.06  # from here on a pixel is new content
REACH = 0.02  # how far beyond a change the edit is shown, as a share of the model's picture


@dataclass(frozen=True)
class Frame:
    """The similarity between a picture (width, height) and the model's picture (width, height)."""

    picture: tuple[int, int]
    model: tuple[int, int]

    @property
    def scale(self) -> float:
        """Picture pixels per model pixel."""
        return max(self.picture[0] / self.model[0], self.picture[1] / self.model[1])

    @property
    def offset(self) -> tuple[float, float]:
        """Where the picture's corner lies inside the model's picture, in picture pixels."""
        x, y = ((m * self.scale - p) / 2 for m, p in zip(self.model, self.picture, strict=True))
        return x, y

    def to_model(self, points: Tensor) -> Tensor:
        """Picture points (..., 2) -> model points (..., 2)."""
        return (points + points.new_tensor(self.offset)) / self.scale

    def to_picture(self, points: Tensor) -> Tensor:
        """Model points (..., 2) -> picture points (..., 2)."""
        return points * self.scale - points.new_tensor(self.offset)

    def reduced(self, max_side: int) -> Frame:
        """The frame of the same picture made smaller, to at most `max_side` pixels a side."""
        factor = min(1.0, max_side / max(self.picture))
        width, height = (max(1, round(side * factor)) for side in self.picture)
        return Frame((width, height), self.model)

    def _inward(self, i: int) -> Axis:
        return Axis(self.model[i], self.picture[i], -self.offset[i], self.scale)

    def _outward(self, i: int) -> Axis:
        start = self.offset[i] / self.scale
        return Axis(self.picture[i], self.model[i], start, 1 / self.scale)

    def mask_to_model(self, mask: NDArray) -> Tensor:
        """A picture mask (h, w) in [0, 1] -> coverage of each model pixel, (H, W)."""
        small = shrink(lambda a, b: finite(mask[a:b, :, None]), self._inward(1), self._inward(0))
        return torch.from_numpy(small[..., 0]).clamp(0, 1)

    def part_to_picture(
        self, image: Tensor, rows: tuple[int, int], columns: tuple[int, int]
    ) -> NDArray:
        """A part of the picture's grid from a model picture (1, C, H, W): (rows, columns, C)."""
        flat = image[0].permute(1, 2, 0).contiguous().float().cpu().numpy()
        return grow(flat, self._outward(1), self._outward(0), rows, columns)


@dataclass(frozen=True)
class View:
    """A picture as the model sees it."""

    image: Tensor  # (1, 3, H, W) in [-1, 1]
    weight: Tensor  # (1, 1, H, W) in [0, 1]: how much of each pixel is the user's picture
    notes: tuple[str, ...] = ()


def view(native: NDArray, frame: Frame, weight: NDArray | None = None) -> View:
    """Bring a native picture (h, w, C) to the model's size.

    `weight` (h, w) in [0, 1] says where the picture is to be explained. Transparent parts and
    the repeated edge weigh nothing; transparent parts are filled with the colours around them.
    """
    small = shrink(lambda a, b: _premultiplied(native[a:b]), frame._inward(1), frame._inward(0))
    planes = torch.from_numpy(small).permute(2, 0, 1)[None].clamp(0, 1)  # (1, 4, H, W)
    coverage = planes[:, 3:]
    image = fill(planes[:, :3] / coverage.clamp_min(1e-6), coverage)
    inside = _inside(frame) * coverage
    if weight is not None:
        inside = inside * frame.mask_to_model(weight)
    bad = count_non_finite(native)
    notes = (f"{bad} pixels without a finite value were read as 0.",) if bad else ()
    return View(image * 2 - 1, inside, notes)


def _premultiplied(native: NDArray) -> NDArray:
    """Colours times alpha, and alpha: (n, w, 4) float32."""
    alpha = alpha_of(native)
    rgb = np.clip(rgb_of(native), 0, 1)
    if alpha is None:
        alpha = np.ones(native.shape[:2], np.float32)
    return np.concatenate([rgb * alpha[..., None], alpha[..., None]], axis=2)


def _inside(frame: Frame) -> Tensor:
    """1 where the picture lies, 0 where only its edge is repeated: (1, 1, H, W)."""
    parts = []
    for side, offset in zip(frame.model, frame.offset, strict=True):
        border = offset / frame.scale
        cells = torch.arange(side)
        parts.append((torch.minimum(cells + 1, side - cells) - border).clamp(0, 1))
    return (parts[1][:, None] * parts[0])[None, None]


def fill(image: Tensor, weight: Tensor) -> Tensor:
    """Fill what weighs nothing from its surroundings (push-pull: Gortler et al. 1996, 4.3).

    image (1, C, H, W), weight (1, 1, H, W) in [0, 1] -> (1, C, H, W); a weightless picture is 0.
    """
    known = image * weight
    if max(image.shape[-2:]) == 1:
        return known
    half = [(side + 1) // 2 for side in image.shape[-2:]]
    pushed = F.interpolate(torch.cat([known, weight], 1), half, mode="area")
    colours, mass = pushed[:, :-1], pushed[:, -1:]
    below = fill(colours / mass.clamp_min(1e-6), (mass * 4).clamp(0, 1))
    pulled = F.interpolate(below, image.shape[-2:], mode="bilinear", align_corners=False)
    return known + (1 - weight) * pulled


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
    touched = (planes != 0).any(1)[0]  # (H, W)
    left, right = _touched(touched.any(0), frame, 0)
    top, bottom = _touched(touched.any(1), frame, 1)
    for first in range(top, bottom, BLOCK):
        last = min(first + BLOCK, bottom)
        part = np.s_[first:last, left:right]
        difference = frame.part_to_picture(planes, (first, last), (left, right))  # (n, m, 4)
        share = None if mask is None else mask[part][..., None].astype(np.float32)
        result[part] = _paste(native[part], difference, share)
    return result


def _touched(cells: Tensor, frame: Frame, axis: int) -> tuple[int, int]:
    """The picture's rows or columns [first, last) that `cells` reach, interpolation included."""
    found = cells.nonzero()
    if not len(found):
        return 0, 0
    reach, offset, side = 3, frame.offset[axis], frame.picture[axis]
    first = math.floor((int(found.min()) - reach) * frame.scale - offset)
    last = math.ceil((int(found.max()) + 1 + reach) * frame.scale - offset)
    return min(side, max(0, first)), max(0, min(side, last))


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


def shrink_picture(native: NDArray, frame: Frame, size: tuple[int, int]) -> NDArray:
    """The picture area-averaged to `size` (w, h), in its own sample type; for previews."""
    width, height = size
    across = Axis(width, frame.picture[0], 0, frame.picture[0] / width)
    down = Axis(height, frame.picture[1], 0, frame.picture[1] / height)
    planes = shrink(lambda a, b: _premultiplied(native[a:b]), down, across)
    rgb = planes[..., :3] / np.maximum(planes[..., 3:], 1e-6)
    corner = np.zeros((height, width, native.shape[2]), native.dtype)
    result = with_rgb(corner, rgb, np.ones((height, width), bool))
    if native.shape[2] in (2, 4):
        white = np.iinfo(native.dtype).max if native.dtype.kind != "f" else 1
        result[..., -1] = (planes[..., 3] * white + (0 if white == 1 else 0.5)).astype(native.dtype)
    return result
