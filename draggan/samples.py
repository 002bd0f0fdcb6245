"""A bank of a generator's own pictures, small, with their latents: where an inversion starts.

Beside them what was learnt of these pictures: how to make small ones cheaply (`thumbnail.py`).

Torch, and safetensors for the copy on disk. Making the bank costs a few hundred renders, once per
model; the copy lies in the user's cache folder and may be deleted at any time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator as Steps
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor
from torch.nn import functional as F

from .cache import cache_directory
from .errors import CannotWrite
from .generator import Generator
from .precision import fast_precision
from .thumbnail import Readout, ReadoutFit, blocks
from .writing import replacing

COUNT = 320  # twice as many improve the estimate by 0.1 dB (default model)
BATCH = 4
SIDE = 32  # px, of the thumbnails
COARSE = 16  # px, of what the estimate sees
FITTED = 128  # samples that the readouts are fitted to
VERSION = 2  # of what is kept
NOISE = 0.1  # variance that the estimate expects in a pixel, in [-1, 1] units


@dataclass(frozen=True)
class SampleBank:
    """Latents and what they look like, on the CPU in float32."""

    ws: Tensor  # (N, w_dim)
    thumbnails: Tensor  # (N, 3, SIDE, SIDE) in [-1, 1]
    readouts: tuple[Readout, ...] = ()  # the coarsest first

    def nearest(self, image: Tensor, weight: Tensor, count: int) -> Tensor:
        """The latents (count, w_dim) of the samples most like `image` (1, 3, H, W).

        Mean absolute difference over four scales, where `weight` (1, 1, H, W) says so.
        """
        mass = _thumbnail(weight)
        difference = (self.thumbnails - _thumbnail(image * weight) / mass.clamp_min(1e-6)) * mass
        distance = torch.zeros(len(self.ws))
        while difference.shape[-1] >= 4:
            distance += difference.abs().mean((1, 2, 3))
            difference = F.avg_pool2d(difference, 2)
        return self.ws[distance.topk(min(count, len(self.ws)), largest=False).indices]

    def estimate(self, image: Tensor, weight: Tensor) -> Tensor:
        """The latent expected for `image` by weighted ridge regression over the bank, (1, w_dim).

        That is the mean of w given the pixels if both were jointly normal. `image` (1, 3, H, W),
        `weight` (1, 1, H, W) in [0, 1]: pixels that weigh nothing are not conditioned on.
        """
        side = (COARSE, COARSE)
        mass = F.interpolate(_thumbnail(weight), side, mode="area")
        seen = F.interpolate(_thumbnail(image * weight), side, mode="area") / mass.clamp_min(1e-6)
        known = F.interpolate(self.thumbnails, side, mode="area")
        mean, centre = known.mean(0), self.ws.mean(0)
        x = ((known - mean) * mass.sqrt()).flatten(1).double()  # (N, pixels)
        y = ((seen - mean) * mass.sqrt()).flatten(1).double()  # (1, pixels)
        # The dual form: as many unknowns as samples, fewer than pixels.
        gram = x @ x.t() + NOISE * len(x) * torch.eye(len(x), dtype=x.dtype)
        shares = torch.linalg.solve(gram, (self.ws - centre).double())  # (N, w_dim)
        return (y @ x.t() @ shares).float() + centre


def _thumbnail(picture: Tensor) -> Tensor:
    return F.interpolate(picture.float().cpu(), (SIDE, SIDE), mode="area")


def bank(generator: Generator, *, count: int) -> Steps[tuple[int, int], None, SampleBank]:
    """Read the generator's bank from the cache, or make it: yields (done, of how many renders).

    The bank is the generator's return value: `samples = yield from bank(generator)`.
    A damaged copy is made anew; a cache that cannot be written is done without.
    """
    path = cache_directory() / f"samples-{_fingerprint(generator, count)}.safetensors"
    found = _read(path, count, generator)
    if found is not None:
        return found
    made = yield from _make(generator, count)
    with suppress(CannotWrite), replacing(path) as file:
        file.write(save(_tensors(made)))
    return made


def _make(generator: Generator, count: int) -> Steps[tuple[int, int], None, SampleBank]:
    latents, pictures = [], []
    precision = fast_precision(generator.device)  # a thumbnail averages its errors away
    fits = [ReadoutFit(block) for block in blocks(generator)]
    for first in range(0, count, BATCH):
        ws = generator.sample(range(first, min(first + BATCH, count)))
        with torch.no_grad():
            picture = _shown(generator, ws, fits if first < FITTED else [], precision)
        pictures.append(_thumbnail(picture).clamp(-1, 1))
        latents.append(ws[:, 0].float().cpu())
        yield min(first + BATCH, count), count
    readouts = tuple(found for fit in fits if (found := fit.solved()) is not None)
    return SampleBank(torch.cat(latents), torch.cat(pictures).half().float(), readouts)


def _shown(
    generator: Generator, ws: Tensor, fits: list[ReadoutFit], precision: torch.dtype | None
) -> Tensor:
    """The pictures of `ws`; every fit sees them, and the features on the way."""
    if not fits:
        return generator.render(ws, precision=precision)
    features = generator.features(ws, fits[-1].block, precision=precision)
    picture = generator.render_from(features, ws)
    for fit in fits:
        reached = features.up_to(fit.block)
        fit.add(reached, generator.picture_at(reached, ws), picture)
    return picture


def _tensors(made: SampleBank) -> dict[str, Tensor]:
    tensors = {"ws": made.ws, "thumbnails": made.thumbnails.half().contiguous()}
    for readout in made.readouts:
        tensors[f"readout.{readout.block}"] = readout.matrix.contiguous()
        tensors[f"psnr.{readout.block}"] = torch.tensor(readout.psnr)
    return tensors


def _readouts(tensors: dict[str, Tensor]) -> tuple[Readout, ...]:
    named = (name.split(".") for name in tensors)
    found = sorted(int(parts[1]) for parts in named if parts[0] == "readout")
    return tuple(
        Readout(block, tensors[f"readout.{block}"], float(tensors[f"psnr.{block}"]))
        for block in found
    )


def _read(path: Path, count: int, generator: Generator) -> SampleBank | None:
    """The bank stored there, if it is whole."""
    try:
        tensors = load_file(path)
        whole = tensors["ws"].float(), tensors["thumbnails"].float()
        found = SampleBank(*whole, _readouts(tensors))
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError):
        return None
    shapes = found.ws.shape == (count, generator.w_dim) and found.thumbnails.shape == (
        count,
        3,
        SIDE,
        SIDE,
    )
    known = all(_fits(readout, generator) for readout in found.readouts)
    finite = all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values())
    return found if shapes and known and finite else None


def _fits(readout: Readout, generator: Generator) -> bool:
    matrix = readout.matrix
    known = readout.block in blocks(generator) and matrix.ndim == 2 and matrix.is_floating_point()
    return known and len(matrix) > 4 and matrix.shape[1] == 3


def _fingerprint(generator: Generator, count: int) -> str:
    """Names a generator by what it does: four samples, rounded so that any machine agrees."""
    ws = generator.sample(range(4))
    with torch.no_grad():
        pictures = _thumbnail(generator.render(ws))
    shown = (pictures.clamp(-1, 1) * 24).round().to(torch.int8).numpy().tobytes()
    latents = (ws[:, 0].float().cpu() * 16).round().to(torch.int32).numpy().tobytes()
    return hashlib.sha256(shown + latents + f"{count} {SIDE} {VERSION}".encode()).hexdigest()[:32]
