"""Tensors from strangers into networks, strictly; torch, numpy and `ops` only.

A tensor too many means a network that computes something else, so everything must fit exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from .. import ops
from .contents import Array, Source, Weights

_COPY_AGAIN = "Its weights may be cut off: copy or download it again."


def shape(weights: Weights, name: str, rank: int, source: Source) -> tuple[int, ...]:
    """The shape of a tensor that must be there and have that many dimensions, not one empty."""
    if name not in weights:
        raise source.refusal(f"lacks {name}.", hint=_COPY_AGAIN)
    found = weights[name].shape
    if len(found) != rank or not found[0]:
        raise source.refusal(f"has {name} in an unexpected shape ({times(found)}).")
    return found


def kernel(weights: Weights, name: str, size: int, source: Source) -> tuple[int, ...]:
    """The shape (O, I, size, size) of a convolution's weight."""
    found = shape(weights, name, 4, source)
    if found[2:] != (size, size):
        raise source.refusal(
            f"has convolutions of {found[3]} x {found[2]} px ({name}); {size} x {size} px is what "
            "StyleGAN2 has there."
        )
    return found


def block_sizes(weights: Weights, prefix: str, source: Source) -> tuple[int, ...]:
    """4, 8, ...: the blocks that there are below names like "<prefix>8."; without gaps."""
    heads = {n[len(prefix) :].partition(".")[0] for n in weights if n.startswith(prefix)}
    sizes = sorted(int(head) for head in heads if head.isdecimal() and len(head) < 6)
    if not sizes or sizes != [2**k for k in range(2, len(sizes) + 2)]:
        raise source.refusal("has blocks of other sizes than 4, 8, 16, ... px.")
    return tuple(sizes)


@dataclass(frozen=True)
class MappingWidths:
    """The widths of a mapping network, as its tensors show them."""

    z_dim: int
    c_dim: int  # 0 = no label
    layers: int
    outputs: int
    width: int | None  # of the layers between; None: as the output
    embedded: int | None  # of the label; None: as the output


def mapping_widths(weights: Weights, source: Source) -> MappingWidths:
    """From `mapping.fc*` and `mapping.embed`; raises `BadCheckpoint` if there is no mapping."""
    layers = 0
    while f"mapping.fc{layers}.weight" in weights:
        layers += 1
    if not layers:
        raise source.refusal("holds no mapping network, only what comes after it.")
    first, inputs = shape(weights, "mapping.fc0.weight", 2, source)
    outputs = shape(weights, f"mapping.fc{layers - 1}.weight", 2, source)[0]
    embedded = c_dim = 0
    if "mapping.embed.weight" in weights:
        embedded, c_dim = shape(weights, "mapping.embed.weight", 2, source)
    if inputs < embedded or not inputs:
        raise source.refusal("has a mapping network of impossible widths.")
    return MappingWidths(
        z_dim=inputs - embedded,
        c_dim=c_dim,
        layers=layers,
        outputs=outputs,
        width=None if first == outputs else first,
        embedded=None if embedded in (0, outputs) else embedded,
    )


def fill(network: nn.Module, weights: Weights, source: Source) -> None:
    """Give every parameter and buffer of a network on the meta device its tensor, in float32.

    Resampling filters are constants: they may be missing, but not differ. Raises `BadCheckpoint`
    for tensors that are missing, superfluous, of another shape, or not finite.
    """
    expected = network.state_dict()
    filters = {name for name in (*weights, *expected) if name.endswith("resample_filter")}
    foreign = sorted(set(weights) - set(expected) - filters)
    if foreign:
        raise source.refusal(f"holds {foreign[0][:200]!r}, which StyleGAN2 does not have.")
    for name in sorted(filters & set(weights)):
        _check_filter(weights[name], name, source)
    tensors: dict[str, Tensor] = {}
    for name, claimed in expected.items():
        if name in filters:
            tensors[name] = ops.fir_kernel()
        else:
            tensors[name] = _fitting(weights, name, tuple(claimed.shape), source)
    network.load_state_dict(tensors, assign=True)


def _fitting(weights: Weights, name: str, needed: tuple[int, ...], source: Source) -> Tensor:
    if name not in weights:
        raise source.refusal(f"lacks {name}.", hint=_COPY_AGAIN)
    array = weights[name]
    if array.shape != needed:
        raise source.refusal(
            f"has {name} in the shape ({times(array.shape)}) where the rest of the network needs "
            f"({times(needed)})."
        )
    if array.dtype.kind != "f":
        raise source.refusal(f"has {name} in {array.dtype}, which is no floating-point type.")
    with np.errstate(over="ignore"):  # what float32 cannot hold is reported below
        own = np.array(array, dtype=np.float32, order="C")  # a copy: it may be read-only
    if not np.isfinite(own).all():
        raise source.refusal(
            f"holds values in {name} that are not finite.",
            hint="Training has diverged, or the file is damaged: use an earlier snapshot.",
        )
    return torch.from_numpy(own)


def _check_filter(array: Array, name: str, source: Source) -> None:
    ours = ops.fir_kernel().numpy()
    same = array.shape == ours.shape and array.dtype.kind == "f"
    if not same or not np.allclose(array.astype(np.float64), ours, rtol=0, atol=1e-4):
        raise source.refusal(
            f"resamples with another filter than [1, 3, 3, 1] ({name}), which is not possible here."
        )


def times(shape: tuple[int, ...]) -> str:
    """A shape in words: "512 x 3 x 3"."""
    return " x ".join(map(str, shape)) or "a single number"
