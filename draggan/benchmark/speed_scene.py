"""What every row of the speed table works on: the same network, latent, handles and mask; torch.

Speed does not depend on what a network has learnt, so the usual one is config-f of StyleGAN2 with
random weights; its biases and noise strengths are not zero, for zeros could be skipped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch
from torch import Tensor

from draggan.checkpoint import load_generator
from draggan.errors import BadInput
from draggan.stylegan2 import Architecture, StyleGAN2, channel_schedule
from draggan.stylegan2_generator import StyleGAN2Generator

SEED = 1
TRUNCATION = 0.7  # what the released code's interface starts with

# Handles and their targets as shares of the picture: 40 % of it away, further than any timed drag
# comes. The first one alone is the drag of one point.
WAYS = (
    ((0.31, 0.46), (0.70, 0.54)),
    ((0.62, 0.30), (0.34, 0.58)),
    ((0.40, 0.68), (0.58, 0.32)),
    ((0.66, 0.62), (0.28, 0.70)),
    ((0.50, 0.36), (0.46, 0.76)),
)
MOVABLE = (0.5, 0.5, 0.40, 0.34)  # centre and half axes of the ellipse that a mask lets move


@dataclass(frozen=True)
class Setting:
    """Plain values, fit for JSON: what is dragged."""

    model: str  # "random-512", or a registry id or file
    points: int
    mask: bool


@dataclass(frozen=True)
class Scene:
    """Points lie on pixel centres, where whole-pixel and half-pixel conventions agree."""

    handles: tuple[tuple[float, float], ...]
    targets: tuple[tuple[float, float], ...]
    mask: Tensor | None  # (H, W): 1 where the picture may move


def check_points(count: int) -> int:
    if not 1 <= count <= len(WAYS):
        raise BadInput(
            f"The speed table knows no drag of {count} points.", hint=f"Use 1 to {len(WAYS)}."
        )
    return count


def make_scene(setting: Setting, width: int, height: int) -> Scene:
    ways = WAYS[: check_points(setting.points)]

    def pixel(place: tuple[float, float]) -> tuple[float, float]:
        return int(place[0] * width) + 0.5, int(place[1] * height) + 0.5

    return Scene(
        handles=tuple(pixel(start) for start, _ in ways),
        targets=tuple(pixel(end) for _, end in ways),
        mask=_ellipse(width, height) if setting.mask else None,
    )


def _ellipse(width: int, height: int) -> Tensor:
    cx, cy, rx, ry = MOVABLE
    x = (torch.arange(width) + 0.5) / width - cx
    y = (torch.arange(height) + 0.5) / height - cy
    return ((x / rx).square() + (y / ry).square()[:, None] <= 1).float()


def open_network(model: str) -> StyleGAN2Generator:
    """`random-<resolution>`, or whatever `load_generator` knows, on the CPU in float32."""
    if match := re.fullmatch(r"random-(\d+)", model):
        return StyleGAN2Generator(random_network(int(match[1])), name=model)
    generator = load_generator(model)
    if not isinstance(generator, StyleGAN2Generator):
        raise BadInput(f"'{model}' is no StyleGAN2 network, and only these are timed.")
    return generator


def random_network(resolution: int) -> StyleGAN2:
    """Config-f of that resolution with random weights, the same ones every time."""
    sizes = [2**k for k in range(4, 11)]
    if resolution not in sizes:
        raise BadInput(
            f"There is no random network of {resolution} px.",
            hint=f"Use random-N with N one of {', '.join(map(str, sizes))}.",
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        network = StyleGAN2(Architecture(channels=channel_schedule(resolution)))
        for name, tensor in network.state_dict().items():
            if name.endswith(("bias", "noise_strength", "w_avg")):
                tensor.add_(torch.randn_like(tensor), alpha=0.1)
    return network
