"""One drag that is taken step by step while it is timed; torch only.

`Walk` is what the speed table needs of a drag, whoever computes it: our own loops here, the
released code in `released_code`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from draggan.benchmark.speed_scene import Scene
from draggan.drag import DragOptions, drag
from draggan.generator import Generator
from draggan.precision import fast_precision

ENDLESS = 1_000_000


class Walk(Protocol):
    """A drag that has begun."""

    ended: bool  # no further step is possible

    def step(self) -> None:
        """Update the latent once, and look where the points are."""

    def preview(self) -> np.ndarray:
        """The picture of the last step in main memory, uint8 (H, W, 3)."""

    def latent(self) -> Tensor:
        """The latent now, (1, num_ws, w_dim)."""


Begin = Callable[[Tensor, float], Walk]  # from a latent, with the learning rate times a factor


class OwnWalk:
    """One of this package's loops. It ends early only if it loses its points."""

    def __init__(
        self, generator: Generator, ws: Tensor, scene: Scene, options: DragOptions
    ) -> None:
        self.generator = generator
        drafts = options.loop == "native" and options.kernels  # as the editor's previews are
        self.draft = fast_precision(generator.device) if drafts else None
        options = replace(options, steps=ENDLESS)
        mask = None if scene.mask is None else scene.mask.to(ws.device)
        self._steps = drag(generator, ws, scene.handles, scene.targets, mask=mask, options=options)
        self._last = next(self._steps)
        self.ended = False

    def step(self) -> None:
        self._last = next(self._steps)
        self.ended = self._last.finished

    @torch.no_grad()
    def preview(self) -> np.ndarray:
        features, ws = self._last.features, self._last.ws
        if features is None:  # within a batch of steps
            return as_bytes(self.generator.render(ws, precision=self.draft))
        return as_bytes(self.generator.render_from(features, ws, precision=self.draft))

    def latent(self) -> Tensor:
        return self._last.ws


def as_bytes(picture: Tensor) -> np.ndarray:
    """(1, 3, H, W) in [-1, 1] -> uint8 (H, W, 3) in main memory."""
    scaled = (picture[0] * 127.5 + 128).clamp(0, 255).to(torch.uint8)
    return scaled.permute(1, 2, 0).cpu().numpy()
