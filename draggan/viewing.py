"""A picture as the model sees it, averaged to its size, holes filled; no networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, cat
from torch.nn import functional as F

from .frame import Frame
from .pixels import alpha_of, count_non_finite, rgb_of, with_rgb
from .resampling import Axis, shrink


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
    planes = frame.from_picture(native, premultiplied).clamp(0, 1)  # (1, 4, H, W)
    coverage = planes[:, 3:]
    image = fill(planes[:, :3] / coverage.clamp_min(1e-6), coverage)
    inside = frame.covered() * coverage
    if weight is not None:
        inside = inside * frame.mask_to_model(weight)
    return View(image * 2 - 1, inside, _notes(count_non_finite(native)))


def _notes(bad: int) -> tuple[str, ...]:
    if bad == 1:
        return ("1 pixel without a finite value was read as 0.",)
    return (f"{bad} pixels without a finite value were read as 0.",) if bad else ()


def premultiplied(native: NDArray) -> NDArray:
    """Colours in [0, 1] times alpha, and alpha: (h, w, 4) float32."""
    alpha = alpha_of(native)
    rgb = np.clip(rgb_of(native), 0, 1)
    if alpha is None:
        alpha = np.ones(native.shape[:2], np.float32)
    return np.concatenate([rgb * alpha[..., None], alpha[..., None]], axis=2)


def fill(image: Tensor, weight: Tensor) -> Tensor:
    """Fill what weighs nothing from its surroundings (push-pull: Gortler et al. 1996, 4.3).

    image (1, C, H, W), weight (1, 1, H, W) in [0, 1] -> (1, C, H, W); a weightless picture is 0.
    """
    known = image * weight
    if max(image.shape[-2:]) == 1:
        return known
    half = [(side + 1) // 2 for side in image.shape[-2:]]
    pushed = F.interpolate(cat([known, weight], 1), half, mode="area")
    colours, mass = pushed[:, :-1], pushed[:, -1:]
    below = fill(colours / mass.clamp_min(1e-6), (mass * 4).clamp(0, 1))
    pulled = F.interpolate(below, image.shape[-2:], mode="bilinear", align_corners=False)
    return known + (1 - weight) * pulled


def shrink_picture(native: NDArray, size: tuple[int, int]) -> NDArray:
    """The picture area-averaged to `size` (w, h), in its own sample type; for previews."""
    width, height = size
    across = Axis(width, native.shape[1], 0, native.shape[1] / width)
    down = Axis(height, native.shape[0], 0, native.shape[0] / height)
    planes = shrink(lambda a, b: premultiplied(native[a:b]), down, across)
    rgb = planes[..., :3] / np.maximum(planes[..., 3:], 1e-6)
    corner = np.zeros((height, width, native.shape[2]), native.dtype)
    result = with_rgb(corner, rgb, np.ones((height, width), bool))
    if native.shape[2] in (2, 4):
        white = np.iinfo(native.dtype).max if native.dtype.kind != "f" else 1
        result[..., -1] = (planes[..., 3] * white + (0 if white == 1 else 0.5)).astype(native.dtype)
    return result
