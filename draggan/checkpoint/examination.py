"""Whether a network is alive, and statistics of it for later; torch and our generator only."""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import BadCheckpoint
from ..generator import Features
from ..stylegan2_generator import StyleGAN2Generator

_SAMPLES = 2  # whose features are measured
_PIXELS = 2**20  # of the pictures that are drawn whole; one is in any case
_FLAT = 1e-3  # less variation than this, in [-1, 1], is one colour
_HINT = "Its training may have collapsed: try an earlier snapshot."


def examine(generator: StyleGAN2Generator, *, name: str) -> dict[str, Tensor]:
    """The statistics of a model's file, by their names there without the prefix.

    Raises `BadCheckpoint` for a network that draws no pictures; `name` is its file's.
    """
    block = generator.drag_block()
    pictures = max(1, _PIXELS // (generator.width * generator.height))
    maps, flat = [], True
    with torch.no_grad():
        for seed in range(_SAMPLES):
            label = seed % generator.label_dim if generator.label_dim else None
            ws = generator.sample([seed], label=label)
            features = generator.features(ws, block)
            maps.append(features.map)
            if seed < pictures or flat:
                flat &= _is_flat(generator, features, ws, name)
    if flat:
        raise BadCheckpoint(f"The network in {name} draws nothing but one colour.", hint=_HINT)
    mean, std = _moments(maps)
    prior = generator.prior()
    return {
        "w_mean": prior.mean,
        "w_covariance": prior.covariance,
        f"b{block}.mean": mean,
        f"b{block}.std": std,
    }


def _is_flat(generator: StyleGAN2Generator, features: Features, ws: Tensor, name: str) -> bool:
    """Whether the picture's middle is of one colour; filters leave an edge around a dead one."""
    picture = generator.render_from(features, ws)
    if not all(extreme.isfinite() for extreme in picture.aminmax()):
        raise BadCheckpoint(
            f"The network in {name} draws no pictures: its pixels are not numbers.", hint=_HINT
        )
    top, left = (side // 4 for side in picture.shape[2:])
    middle = picture[..., top : picture.shape[2] - top, left : picture.shape[3] - left].flatten(2)
    return bool((middle.amax(2) - middle.amin(2) < _FLAT).all())


def _moments(maps: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel over maps (1, C, H, W): two times (C,)."""
    values = torch.cat(maps).transpose(0, 1).flatten(1)  # (C, N * H * W)
    std, mean = torch.std_mean(values, dim=1, correction=0)
    return mean, std
