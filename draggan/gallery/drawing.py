"""Seeds as latents and pictures, the way StyleGAN2's own programs make them; torch and numpy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from draggan.errors import BadInput
from draggan.gallery.spline import closed_spline
from draggan.generator import Generator, Noise

NoiseName = Literal["const", "none", "random"]
Space = Literal["w", "z"]


@dataclass(frozen=True)
class Manner:
    """How seeds become pictures."""

    psi: float = 1.0  # truncation: w_avg + psi (w - w_avg)
    label: int | None = None
    noise: NoiseName = "const"


class Artist:
    """Draws one picture at a time. Raises BadInput for a label that the model lacks or needs."""

    def __init__(self, generator: Generator, manner: Manner) -> None:
        if generator.label_dim and manner.label is None:
            raise BadInput(
                f"This model draws things of {generator.label_dim} classes.",
                hint=f"Choose one with --label, from 0 to {generator.label_dim - 1}.",
            )
        self.generator, self.manner = generator, manner
        self.latent(0)  # proves the label

    def latent(self, seed: int) -> Tensor:
        """(1, num_ws, w_dim) for z = RandomState(seed).randn(1, z_dim)."""
        return self.generator.sample([seed], truncation=self.manner.psi, label=self.manner.label)

    def draw(self, ws: Tensor, *, seed: int) -> Tensor:
        """The picture of `ws` (1, num_ws, w_dim): (1, 3, H, W) float32 on the CPU, not clamped.

        `seed` decides on random noise, and on nothing where the noise is not random.
        """
        noise: Noise = self.manner.noise
        if noise == "random":
            noise = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            return self.generator.render(ws, noise=noise).float().cpu()

    def loop(self, seeds: Sequence[int], count: int, *, space: Space) -> Iterator[Tensor]:
        """`count` pictures (1, 3, H, W) on a closed curve through the seeds' latents in `space`.

        Random noise is the first seed's in all of them: it must not flicker.
        """
        for point in closed_spline(self._keys(seeds, space), count):
            yield self.draw(self._latent_at(point, space), seed=seeds[0])

    def _keys(self, seeds: Sequence[int], space: Space) -> Tensor:
        if space == "w":
            return torch.cat([self.latent(seed) for seed in seeds])
        shape = (1, self.generator.z_dim)
        drawn = [np.random.RandomState(seed).randn(*shape) for seed in seeds]
        return torch.from_numpy(np.concatenate(drawn))

    def _latent_at(self, point: Tensor, space: Space) -> Tensor:
        if space == "w":
            return point
        manner = self.manner
        return self.generator.from_z(point, truncation=manner.psi, label=manner.label)


def as_pixels(picture: Tensor) -> np.ndarray:
    """(1, 3, H, W) -> uint8 (H, W, 3) by x * 127.5 + 128, cut off, as NVIDIA's programs do it."""
    levels = (picture[0].permute(1, 2, 0) * 127.5 + 128).clamp(0, 255)
    return levels.to(torch.uint8).contiguous().numpy()


def best_device() -> str:
    """What torch can compute on: a GPU if there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"
