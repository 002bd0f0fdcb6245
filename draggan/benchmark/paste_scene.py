"""Large pictures of an animal before and after a motion, with fur that moves along; torch, numpy.

The renderer's surfaces are smooth, so paste-back would have no detail to carry. Fur is drawn in
each surface's own coordinates, too fine for the model, and grain in those of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from draggan.benchmark.dense_truth import dense_truth
from draggan.benchmark.tasks import Case
from draggan.correspondence import Correspondence
from draggan.critters import (
    PARTS,
    latent_from_unit,
    part_index,
    render,
    render_dense,
    to_unit,
)
from draggan.generator import Generator

FUR = 0.16  # share by which a hair lightens or darkens
HAIRS = 24  # waves that make up the fur
FINEST, COARSEST = 150.0, 50.0  # radians for each unit of a surface's coordinates
FURRY = ("body", "ear_l", "ear_r", "skull", "cheek_l", "cheek_r", "muzzle", "chin")
DIFFERS = 5 / 255  # from which a pixel of the truth has moved


@dataclass(frozen=True)
class PasteScene:
    """One motion, as pictures (h, w, 3) in [0, 1] and as the model draws it."""

    name: str
    original: NDArray
    truth: NDArray
    moved: NDArray  # (h, w) bool: where the truth differs from the original
    latents: tuple[Tensor, Tensor]
    oracle: Correspondence  # on the model's grid


@torch.no_grad()
def paste_scene(case: Case, generator: Generator, size: int, *, fur: bool) -> PasteScene:
    """The case's two ends drawn at `size` pixels, and the generator's latents of both."""
    original, truth = (_drawn(end, size, fur) for end in (case.source, case.goal))
    after = latent_from_unit(to_unit(case.goal))
    return PasteScene(
        case.task.name + (", fur" if fur else ""),
        original,
        truth,
        np.abs(original - truth).max(2) > DIFFERS,
        (generator.from_z(case.z), generator.from_z(after)),
        _oracle(case, generator.width),
    )


def _oracle(case: Case, size: int) -> Correspondence:
    truth = dense_truth(case.source, case.goal, size)
    still = Correspondence.identity((size, size), (size, size))
    sure = (truth.moved | truth.still).float()[None, None]
    source = torch.where(truth.moved, truth.source, still.source)
    return Correspondence(source, sure, (size, size))


def _drawn(parameters: Tensor, size: int, fur: bool) -> NDArray:
    if not fur:
        image = render(parameters, size).image
    else:
        scene = render_dense(parameters, size)
        image = (scene.image + 1) * (1 + FUR * _fur(scene.canonical[0])) - 1
    return ((image[0].clamp(-1, 1) + 1) / 2).permute(1, 2, 0).numpy()


def _fur(canonical: Tensor) -> Tensor:
    """Waves in [-1, 1] or so over each furry part's (u, v), (h, w); 0 elsewhere."""
    dice = torch.Generator().manual_seed(5)
    part, u, v = canonical
    total = torch.zeros_like(u)
    for _ in range(HAIRS):
        angle, phase, fine = (
            torch.rand(3, generator=dice) * torch.tensor([3.1, 6.3, 1.0])
        ).tolist()
        wave = COARSEST + fine * (FINEST - COARSEST)
        total += torch.sin(wave * (u * np.cos(angle) + v * np.sin(angle)) + phase)
    furry = torch.zeros(len(PARTS), dtype=torch.bool)
    furry[[part_index(name) for name in FURRY]] = True
    return torch.where(furry[part.round().long()], total * (2 / HAIRS) ** 0.5, 0.0)
