"""Networks out of tensors with NVIDIA's names; torch, numpy and our networks only.

Shapes say how wide a network is, what it is conditioned on and how it is wired; what no shape shows
(clamps, learning-rate multipliers) comes as `Arithmetic`. Nothing is allocated for a mere claim.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from ..discriminator import Discriminator, DiscriminatorArchitecture
from ..stylegan2 import Architecture, Kind, StyleGAN2
from .blueprint import blueprint
from .claims import discriminator_architecture, generator_architecture
from .contents import Array, Source, Weights
from .tensors import block_sizes, fill, kernel, mapping_widths, shape, times

AVERAGED = 10_000  # latents, where a file does not say what their average is


@dataclass(frozen=True)
class Arithmetic:
    """What a network computes beyond what its tensors show."""

    mapping_lr: float = 0.01  # the published one
    conv_clamp: float | None = None
    group_size: int | None = 4  # of the discriminator's minibatch deviation


def build_generator(
    weights: Weights, arithmetic: Arithmetic, source: Source, *, w_avg: Array | None = None
) -> StyleGAN2:
    """The generator with these tensors, in float32; `w_avg` is used where they have none.

    A network of one colour channel becomes one of three equal ones. Raises `BadCheckpoint`.
    """
    own = _coloured(weights, source)
    architecture = _generator_architecture(own, arithmetic, source)
    average = _average(own.get("mapping.w_avg", w_avg), architecture.w_dim)
    own["mapping.w_avg"] = np.zeros(architecture.w_dim) if average is None else average
    network = blueprint(lambda: StyleGAN2(architecture))
    fill(network, own, source)
    if average is None:
        network.mapping.w_avg = estimated_average(network)
        source.note(
            "The file does not say what the average latent is. It was estimated from "
            f"{AVERAGED} random ones, so truncated pictures may differ slightly."
        )
    return network.eval()


def _generator_architecture(weights: Weights, known: Arithmetic, source: Source) -> Architecture:
    sizes = block_sizes(weights, "synthesis.b", source)
    _, height, width = shape(weights, "synthesis.b4.const", 3, source)
    if max(width, height) != 4:
        raise source.refusal(f"starts from a map of {width} x {height} px instead of 4 x 4.")
    colours = shape(weights, f"synthesis.b{sizes[-1]}.torgb.weight", 4, source)[0]
    if colours != 3:
        raise source.refusal(f"draws pictures of {colours} channels, not of 3 or 1.")
    mapping = mapping_widths(weights, source)
    architecture = Architecture(
        channels=tuple(
            kernel(weights, f"synthesis.b{size}.conv1.weight", 3, source)[0] for size in sizes
        ),
        z_dim=mapping.z_dim,
        w_dim=mapping.outputs,
        c_dim=mapping.c_dim,
        kind=_generator_kind(weights, sizes[-1]),
        const_size=(width, height),
        mapping_layers=mapping.layers,
        mapping_width=mapping.width,
        embed_width=mapping.embedded,
        mapping_lr=known.mapping_lr,
        conv_clamp=known.conv_clamp,
        use_noise=any(name.endswith(".noise_strength") for name in weights),
    )
    return generator_architecture(source.name, architecture.to_dict())


def _generator_kind(weights: Weights, last: int) -> Kind:
    if f"synthesis.b{last}.skip.weight" in weights:
        return "resnet"
    return "skip" if "synthesis.b4.torgb.weight" in weights else "orig"


def _coloured(weights: Weights, source: Source) -> dict[str, Array]:
    """The weights, those of grey pictures with their one output repeated to three, exactly."""
    own = dict(weights)
    grey = [n for n, a in own.items() if n.endswith(".torgb.weight") and a.shape[:1] == (1,)]
    for name in grey:
        bias = name.removesuffix("weight") + "bias"
        own |= {n: np.repeat(own[n], 3, axis=0) for n in (name, bias) if n in own and own[n].ndim}
    if grey:
        source.note("The model draws grey pictures. They are made RGB, with three equal channels.")
    return own


def _average(array: Array | None, w_dim: int) -> Array | None:
    """A latent (w_dim,) from one that may be repeated in rows; None if it does not fit."""
    if array is None or array.ndim < 1 or array.shape[-1] != w_dim or not array.size:
        return None
    return array.reshape(-1, w_dim).astype(np.float64).mean(0)


@torch.no_grad()
def estimated_average(network: StyleGAN2) -> torch.Tensor:
    """Mean w (w_dim,) of many random z, and of random classes where there are any."""
    a = network.architecture
    random = torch.Generator().manual_seed(0)
    z = torch.randn(AVERAGED, a.z_dim, generator=random)
    labels = None
    if a.c_dim:
        classes = torch.randint(a.c_dim, (AVERAGED,), generator=random)
        labels = nn.functional.one_hot(classes, a.c_dim).float()
    return network.mapping.to_w(z, labels).mean(0)


def build_discriminator(
    weights: Weights,
    arithmetic: Arithmetic,
    source: Source,
    *,
    end_size: tuple[int, int] = (4, 4),
) -> Discriminator:
    """The discriminator with these tensors, in float32.

    `end_size` is the shape of the generator's first map, since areas do not show which side is the
    longer. One that sees grey pictures becomes one that sees the grey of RGB. Raises
    `BadCheckpoint`.
    """
    own = _seeing_colour(weights)
    architecture = _discriminator_architecture(own, arithmetic, end_size, source)
    network = blueprint(lambda: Discriminator(architecture))
    fill(network, own, source)
    return network.eval()


def _discriminator_architecture(
    weights: Weights, known: Arithmetic, end_size: tuple[int, int], source: Source
) -> DiscriminatorArchitecture:
    sizes = block_sizes(weights, "b", source)
    if len(sizes) < 2:
        raise source.refusal("has a discriminator without blocks.")
    outputs, inputs = kernel(weights, "b4.conv.weight", 3, source)[:2]
    area = shape(weights, "b4.fc.weight", 2, source)[1]
    if area != outputs * end_size[0] * end_size[1]:
        raise source.refusal(f"has a discriminator whose end does not fit ({times(end_size)} px).")
    if inputs > outputs and outputs % (inputs - outputs):
        raise source.refusal("has a discriminator whose minibatch deviation cannot be computed.")
    directions = shape(weights, "b4.out.weight", 2, source)[0]
    fields: dict[str, object] = {}
    if "mapping.embed.weight" in weights:
        mapping = mapping_widths(weights, source)
        fields = {
            "c_dim": mapping.c_dim,
            "label_width": directions,
            "mapping_layers": mapping.layers,
            "mapping_width": mapping.width,
            "embed_width": mapping.embedded,
        }
    blocks = [kernel(weights, f"b{size}.conv0.weight", 3, source)[0] for size in sizes[1:]]
    architecture = DiscriminatorArchitecture(
        channels=(outputs, *blocks),
        kind=_discriminator_kind(weights),
        end_size=end_size,
        conv_clamp=known.conv_clamp,
        group_size=known.group_size,
        group_maps=inputs - outputs,
        mapping_lr=known.mapping_lr,
    )
    return discriminator_architecture(source.name, {**architecture.to_dict(), **fields})


def _discriminator_kind(weights: Weights) -> Kind:
    if "b4.fromrgb.weight" in weights:
        return "skip"
    return "resnet" if "b8.skip.weight" in weights else "orig"


def _seeing_colour(weights: Mapping[str, Array]) -> dict[str, Array]:
    """The weights, those for grey pictures spread over three inputs: exact on equal channels."""
    own = dict(weights)
    for name, array in weights.items():
        if name.endswith("fromrgb.weight") and array.ndim == 4 and array.shape[1] == 1:
            # Each input's weight is scaled by 1/sqrt(inputs) when it is used.
            own[name] = np.repeat(array.astype(np.float64) / np.sqrt(3), 3, axis=1)
    return own
