"""Pictures of animals whose landmarks are known, and where landmarks have come to; torch, numpy.

The animals are renders, so the default model knows their kind and the truth is exact. Where a
landmark is in a result is told by the judge of the benchmarks, which sees the picture alone.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from draggan.benchmark.demo_picture import before_lights
from draggan.benchmark.fit import fit
from draggan.critters import (
    landmark_index,
    landmarks,
    parameter_index,
    part_index,
    render,
    render_dense,
    sample_parameters,
)

SIZE = 512
_JUDGED = 128  # pixels at which the judge looks; the model sees no more either
_PATCH, _SEARCH = 18, 60  # pixels to each side
_YAW, _TURNED = 0.25, 0.0  # radians, as it looks and as a drag should make it look


class Animal:
    """One animal that looks a little to the right, in a picture of SIZE x SIZE."""

    def __init__(self, seed: int = 3) -> None:
        self._parameters = _looking(seed, _YAW)
        self._turned = _looking(seed, _TURNED)
        self.picture = to_bytes(render(self._parameters, SIZE).image)  # uint8 (SIZE, SIZE, 3)

    @property
    def among_lights(self) -> np.ndarray:
        """The same as if photographed, before a background that the model has never seen."""
        photograph = before_lights(self._parameters, torch.Generator().manual_seed(5))
        return to_bytes(photograph * 2 - 1)

    @property
    def cut_out(self) -> np.ndarray:
        """The same without its background, uint8 (SIZE, SIZE, 4), with hard edges."""
        parts = render_dense(self._parameters, SIZE).canonical[0, 0]
        alpha = (parts != part_index("background")).byte() * 255
        return np.dstack([self.picture, alpha.numpy()])

    def landmark(self, name: str) -> tuple[float, float]:
        """Where it is, in the picture's pixels."""
        return _place(landmarks(self._parameters, SIZE), name)

    def target(self, name: str) -> tuple[float, float]:
        """Where it would be if the animal looked straight ahead."""
        return _place(landmarks(self._turned, SIZE), name)

    def landmark_in(self, picture: np.ndarray, name: str) -> tuple[float, float]:
        """Where the judge sees it in a picture (SIZE, SIZE, 3) that was made from this one."""
        small = Image.fromarray(picture[..., :3]).resize((_JUDGED, _JUDGED), Image.Resampling.BOX)
        planes = torch.from_numpy(np.asarray(small).copy()).permute(2, 0, 1)[None] / 127.5 - 1
        seen = fit(planes, [self._parameters, self._turned])
        return _place(seen.landmarks * (SIZE / _JUDGED), name)

    def save(self, path: Path) -> Path:
        Image.fromarray(self.picture).save(path)
        return path


def _looking(seed: int, yaw: float) -> Tensor:
    parameters = sample_parameters(1, seed=seed)
    parameters[0, parameter_index("yaw")] = yaw
    return parameters


def _place(points: Tensor, name: str) -> tuple[float, float]:
    x, y = points[0, landmark_index(name)].tolist()
    return x, y


def to_bytes(image: Tensor) -> np.ndarray:
    """(1, 3, H, W) in [-1, 1] -> uint8 (H, W, 3)."""
    planes = ((image[0].clamp(-1, 1) + 1) * 127.5).round().byte()
    return planes.permute(1, 2, 0).numpy()


def coffee() -> np.ndarray:
    """A photograph of a cup, which no model of animals knows: uint8 (SIZE, SIZE, 3)."""
    cup = pytest.importorskip("skimage.data").coffee()[:400, 100:500]
    return np.asarray(Image.fromarray(cup).resize((SIZE, SIZE), Image.Resampling.BICUBIC))


def read_png(path: Path) -> np.ndarray:
    """uint8 (H, W, 3), without alpha."""
    return np.asarray(Image.open(path).convert("RGB"))


def find_again(
    before: np.ndarray, after: np.ndarray, at: tuple[float, float]
) -> tuple[float, float]:
    """Where what is at a point of one picture is in another: the patch that correlates most.

    Good for some pixels, in grey pictures too, and much quicker than the judge.
    """
    grey = [picture.astype(np.float32).mean(axis=2) for picture in (before, after)]
    x, y = (int(value) for value in at)
    patch = _window(grey[0], x, y, _PATCH)
    patch = (patch - patch.mean()) / patch.std()
    area = _window(grey[1], x, y, _PATCH + _SEARCH)
    views = np.lib.stride_tricks.sliding_window_view(area, patch.shape)
    centred = views - views.mean(axis=(2, 3), keepdims=True)
    scores = (centred * patch).mean(axis=(2, 3)) / (centred.std(axis=(2, 3)) + 1)
    row, column = np.unravel_index(scores.argmax(), scores.shape)
    return at[0] + column - _SEARCH, at[1] + row - _SEARCH


def _window(picture: np.ndarray, x: int, y: int, reach: int) -> np.ndarray:
    return picture[y - reach : y + reach + 1, x - reach : x + reach + 1]
