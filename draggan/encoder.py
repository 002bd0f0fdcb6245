"""From a picture to its latent in one look: a small network that one generator's samples taught.

Torch, and safetensors for its file. `encoder_training` teaches it, `preparation` keeps what it
learnt. It sees 64 px, and what of them is known. What the generator shows for its answer is then
compared with the picture, as in ReStyle (Alaluf et al. 2021), but by a linear map. The latent is
v, in standard deviations of w, as in `inversion`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.nn import functional as F

from .encoder_files import prepared_file, shipped_files
from .generator import Generator
from .precision import fast_precision
from .writing import replacing

SIDE = 64  # px, of all that the network sees
FOLD = 4  # px along each side of the squares that its first layer takes at once
COARSE = 8  # px of the squares by which it is corrected
WIDTHS = (64, 88)  # channels at 16 and at 8 px
HEAD = 6  # channels that lead from 8 x 8 places to the latent
FORMAT = "draggan-encoder-1"
WITNESSES = (11, 47)  # seeds by whose pictures a file recognises its generator
WITNESS_SIDE = 8  # px
ALIKE = 0.02  # the largest difference, in [-1, 1], that machines and precisions may make
LARGEST = 1 << 24  # bytes of a file that is read at all
CLAMP = 5.0  # standard deviations: further out there is nothing that the generator knows


class Residual(nn.Module):
    """x + two convolutions of it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, channels)
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.relu(self.first(F.relu(self.norm(x)))))


class EncoderNetwork(nn.Module):
    """What linear regression says by 16 px, solved once and for all, and what a network adds."""

    def __init__(self, w_dim: int) -> None:
        super().__init__()
        near, far = WIDTHS
        cells = SIDE // FOLD // 2
        self.w_dim = w_dim
        self.average: Tensor
        self.plain: Tensor
        self.register_buffer("plain", torch.zeros(3 * (SIDE // COARSE) ** 2, w_dim))
        self.linear: Tensor
        self.register_buffer("linear", torch.zeros(3 * (SIDE // FOLD) ** 2, w_dim))
        self.register_buffer("average", torch.zeros(1, 3, SIDE, SIDE))  # what w's mean looks like
        self.stem = nn.Conv2d(7 * FOLD * FOLD, near, 3, padding=1)
        self.near = Residual(near)
        self.down = nn.Conv2d(near, far, 3, stride=2, padding=1)
        self.far = nn.Sequential(Residual(far), nn.GroupNorm(8, far), nn.ReLU())
        self.narrow = nn.Conv2d(far, HEAD, 1)
        self.head = nn.Linear(HEAD * cells * cells, w_dim)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, seen: Tensor, known: Tensor) -> Tensor:
        """v, (B, w_dim). `seen` (B, 3, SIDE, SIDE), `known` (B, 1, SIDE, SIDE) in [0, 1]."""
        average = self.average.expand_as(seen)
        x = torch.cat(((seen - average) * known, known, average), 1)
        x = self.near(self.stem(F.pixel_unshuffle(x, FOLD)))
        x = self.far(self.down(x))
        regressed = differences(seen, known, average, FOLD) @ self.linear
        return self.head(self.narrow(x).flatten(1)) + regressed

    def corrected(self, v: Tensor, seen: Tensor, known: Tensor, shown: Tensor) -> Tensor:
        """v, moved so that what the generator has `shown` for it comes nearer to what is `seen`."""
        return v + (differences(seen, known, shown, COARSE) @ self.plain).to(v)


@dataclass(frozen=True)
class Encoder:
    """A network with the generator that taught it."""

    generator: Generator
    network: EncoderNetwork

    @torch.no_grad()
    def starts(self, image: Tensor, weight: Tensor) -> Tensor:
        """Two latents (2, w_dim) from which to look for `image`, the better one first.

        `image` (1, 3, H, W) in [-1, 1]; `weight` (1, 1, H, W) in [0, 1]: 0 where nothing is known.
        The second one is the network's, which sees through disguises; the first one is corrected
        by linear regression on what the generator shows for it, which takes colours and
        backgrounds at face value.
        """
        seen, known = thumbnail(image, weight)
        first = self._bounded(self.network(seen, known))
        shown = reduced(show(self.generator, self._w(first))).to(seen)
        better = self._bounded(self.network.corrected(first, seen, known, shown))
        return self._w(torch.cat((better, first)))

    def _bounded(self, v: Tensor) -> Tensor:
        return v.nan_to_num(0.0, 0.0, 0.0).clamp(-CLAMP, CLAMP)

    def _w(self, v: Tensor) -> Tensor:
        prior = self.generator.prior()
        return prior.mean + v.to(prior.mean) @ prior.roots()[0]


def differences(seen: Tensor, known: Tensor, shown: Tensor, cell: int) -> Tensor:
    """What regression reads: how pictures differ where that is known, by cells of `cell` px."""
    return F.avg_pool2d((seen - shown) * known, cell).flatten(1)


def starts(generator: Generator, image: Tensor, weight: Tensor) -> Tensor | None:
    """`Encoder.starts` of the encoder that belongs to `generator`; None where none is there."""
    encoder = encoder_for(generator)
    return None if encoder is None else encoder.starts(image, weight)


def encoder_for(generator: Generator) -> Encoder | None:
    """The encoder that came with the program or was prepared here for just this generator.

    Costs a few renders: whoever needs it often keeps it. A file that is damaged or that another
    generator has taught counts as none.
    """
    for path in (*shipped_files(), prepared_file(generator.name)):
        network = _read(path, generator)
        if network is not None:
            return Encoder(generator, network)
    return None


def save_encoder(network: EncoderNetwork, generator: Generator, path: Path) -> None:
    """Write what was learnt, in half precision, whole or not at all. Raises CannotWrite."""
    tensors = {name: v.half().contiguous().cpu() for name, v in network.state_dict().items()}
    tensors["witnesses"] = witnesses(generator).half()
    with replacing(path) as file:
        file.write(save(tensors, metadata={"format": FORMAT}))


def _read(path: Path, generator: Generator) -> EncoderNetwork | None:
    """The network in that file, if it is whole and this generator's."""
    try:
        if path.stat().st_size > LARGEST:
            return None
        tensors = load(path.read_bytes())
        shown = tensors.pop("witnesses").float()
        network = EncoderNetwork(generator.w_dim).requires_grad_(False)
        network.load_state_dict({name: v.float() for name, v in tensors.items()})
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError):
        return None
    finite = all(bool(torch.isfinite(v).all()) for v in network.state_dict().values())
    return network if finite and recognised(shown, generator) else None


def recognised(shown: Tensor, generator: Generator) -> bool:
    """Whether the generator makes the same pictures as the one that a file was written for."""
    here = witnesses(generator)
    # Not: all larger differences, since NaN is none of these.
    return shown.shape == here.shape and bool(((shown - here).abs() < ALIKE).all())


@torch.no_grad()
def witnesses(generator: Generator) -> Tensor:
    """Some of its pictures, tiny: what files that belong to a generator recognise it by."""
    pictures = show(generator, generator.sample(WITNESSES)[:, 0])
    small = F.interpolate(pictures, (WITNESS_SIDE, WITNESS_SIDE), mode="area")
    return small.cpu().contiguous()


def average_picture(generator: Generator) -> Tensor:
    """What the mean of w looks like, (1, 3, SIDE, SIDE), on the CPU."""
    return reduced(show(generator, generator.prior().mean[None])).cpu()


@torch.no_grad()
def show(generator: Generator, w: Tensor) -> Tensor:
    """Pictures of latents (B, w_dim) for thumbnails, whose averaging hides what haste spoils."""
    ws = w[:, None].expand(-1, generator.num_ws, -1)
    return generator.render(ws, precision=fast_precision(generator.device)).float().clamp(-1, 1)


def thumbnail(image: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """What the network sees of a picture, and how much of it is known; 0 where nothing is."""
    known = reduced(weight.float())
    seen = reduced(image.float() * weight) / known.clamp_min(1e-6)
    return torch.where(known > 1e-3, seen, torch.zeros_like(seen)).cpu(), known.cpu()


def reduced(picture: Tensor) -> Tensor:
    """(B, C, H, W) at SIDE x SIDE."""
    if picture.shape[-2:] == (SIDE, SIDE):
        return picture
    small = min(picture.shape[-2:]) < SIDE
    if small:
        return F.interpolate(picture, (SIDE, SIDE), mode="bilinear", align_corners=False)
    return F.interpolate(picture, (SIDE, SIDE), mode="area")
