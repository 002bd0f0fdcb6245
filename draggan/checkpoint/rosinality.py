"""rosinality's names and shapes for StyleGAN2's tensors, and those of NVIDIA that they stand for.

Both code bases compute the same (kernels are not flipped); only names and unit dimensions differ.
The tables serve in both directions. Imports numpy and the readers' values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .contents import Array, Source, Weights
from .tensors import shape, times

GENERATOR = ("input.input", "conv1.conv.weight", "style.1.weight")  # only their files have these
DISCRIMINATOR = ("final_linear.0.weight", "final_conv.0.weight", "convs.0.0.weight")
_MAX_BLOCKS = 10  # 2048 px
_MAX_LAYERS = 64


@dataclass(frozen=True)
class Entry:
    """One tensor: its name there and here, and the unit dimensions around it there."""

    theirs: str
    ours: str
    before: int = 0
    after: int = 0
    gain: float = 1.0  # theirs / ours
    optional: bool = False

    def there(self, array: Array) -> Array:
        """Our tensor in their shape."""
        padded = array.reshape((1,) * self.before + array.shape + (1,) * self.after)
        return padded if self.gain == 1 else padded * np.float32(self.gain)

    def here(self, array: Array, source: Source) -> Array:
        """Their tensor in our shape; raises `BadCheckpoint` if it is not of theirs."""
        end = array.ndim - self.after
        units = array.shape[: self.before] + array.shape[max(end, self.before) :]
        if end < self.before or units != (1,) * (self.before + self.after):
            raise source.refusal(
                f"has {self.theirs} in an unexpected shape ({times(array.shape)})."
            )
        own = array.reshape(array.shape[self.before : end])
        return own if self.gain == 1 else own.astype(np.float64) / self.gain


def generator_entries(blocks: int, mapping_layers: int) -> Iterator[Entry]:
    """All tensors of a generator of that many blocks, except for the average latent."""
    for i in range(mapping_layers):
        for kind in ("weight", "bias"):
            yield Entry(f"style.{i + 1}.{kind}", f"mapping.fc{i}.{kind}")
    yield Entry("input.input", "synthesis.b4.const", before=1)
    yield from _layer("conv1", "synthesis.b4.conv1", 0)
    yield from _to_rgb("to_rgb1", "synthesis.b4.torgb")
    for k in range(blocks - 1):
        block = f"synthesis.b{8 * 2**k}"
        yield from _layer(f"convs.{2 * k}", f"{block}.conv0", 2 * k + 1)
        filtered = f"convs.{2 * k}.conv.blur.kernel", f"to_rgbs.{k}.upsample.kernel"
        ours = f"{block}.conv0.resample_filter", f"{block}.resample_filter"
        for their_name, our_name in zip(filtered, ours, strict=True):
            yield Entry(their_name, our_name, gain=4, optional=True)
        yield from _layer(f"convs.{2 * k + 1}", f"{block}.conv1", 2 * k + 2)
        yield from _to_rgb(f"to_rgbs.{k}", f"{block}.torgb")


def _layer(theirs: str, ours: str, noise: int) -> Iterator[Entry]:
    yield from _modulated(theirs, ours)
    yield Entry(f"{theirs}.activate.bias", f"{ours}.bias")
    yield Entry(f"{theirs}.noise.weight", f"{ours}.noise_strength", before=1)
    yield Entry(f"noises.noise_{noise}", f"{ours}.noise_const", before=2, optional=True)


def _to_rgb(theirs: str, ours: str) -> Iterator[Entry]:
    yield from _modulated(theirs, ours)
    yield Entry(f"{theirs}.bias", f"{ours}.bias", before=1, after=2)


def _modulated(theirs: str, ours: str) -> Iterator[Entry]:
    yield Entry(f"{theirs}.conv.weight", f"{ours}.weight", before=1)
    for kind in ("weight", "bias"):
        yield Entry(f"{theirs}.conv.modulation.{kind}", f"{ours}.affine.{kind}")


def discriminator_entries(blocks: int) -> Iterator[Entry]:
    """All tensors of a discriminator that halves the picture that many times."""
    first = 2 ** (blocks + 2)
    yield Entry("convs.0.0.weight", f"b{first}.fromrgb.weight")
    yield Entry("convs.0.1.bias", f"b{first}.fromrgb.bias")
    for k in range(1, blocks + 1):
        theirs, ours = f"convs.{k}", f"b{first // 2 ** (k - 1)}"
        yield Entry(f"{theirs}.conv1.0.weight", f"{ours}.conv0.weight")
        yield Entry(f"{theirs}.conv1.1.bias", f"{ours}.conv0.bias")
        yield Entry(f"{theirs}.conv2.0.kernel", f"{ours}.conv1.resample_filter", optional=True)
        yield Entry(f"{theirs}.conv2.1.weight", f"{ours}.conv1.weight")
        yield Entry(f"{theirs}.conv2.2.bias", f"{ours}.conv1.bias")
        yield Entry(f"{theirs}.skip.0.kernel", f"{ours}.skip.resample_filter", optional=True)
        yield Entry(f"{theirs}.skip.1.weight", f"{ours}.skip.weight")
    yield Entry("final_conv.0.weight", "b4.conv.weight")
    yield Entry("final_conv.1.bias", "b4.conv.bias")
    for i, ours in enumerate(("b4.fc", "b4.out")):
        for kind in ("weight", "bias"):
            yield Entry(f"final_linear.{i}.{kind}", f"{ours}.{kind}")


def generator_weights(weights: Weights, source: Source) -> dict[str, Array]:
    """A generator's tensors under NVIDIA's names. Raises `BadCheckpoint`.

    Noise maps, which early files lack, are drawn anew; a note says so.
    """
    blocks = 1 + _count(weights, "to_rgbs.{}.conv.weight", 0, _MAX_BLOCKS - 1)
    layers = _count(weights, "style.{}.weight", 1, _MAX_LAYERS)
    entries = list(generator_entries(blocks, layers))
    own = _renamed(weights, entries, source)
    _draw_missing_noise(own, source)
    return own


def discriminator_weights(weights: Weights, source: Source) -> dict[str, Array]:
    """A discriminator's tensors under NVIDIA's names. Raises `BadCheckpoint`."""
    blocks = _count(weights, "convs.{}.conv1.0.weight", 1, _MAX_BLOCKS - 1)
    return _renamed(weights, list(discriminator_entries(blocks)), source)


def _count(weights: Weights, name: str, first: int, most: int) -> int:
    count = 0
    while count < most and name.format(first + count) in weights:
        count += 1
    return count


def _renamed(weights: Weights, entries: list[Entry], source: Source) -> dict[str, Array]:
    own: dict[str, Array] = {}
    for entry in entries:
        if entry.theirs in weights:
            own[entry.ours] = entry.here(weights[entry.theirs], source)
        elif not entry.optional:
            raise source.refusal(
                f"lacks {entry.theirs}.",
                hint="Its weights may be cut off: copy or download it again.",
            )
    foreign = sorted(set(weights) - {entry.theirs for entry in entries})
    if foreign:
        raise source.refusal(f"holds {foreign[0][:200]!r}, which StyleGAN2 does not have.")
    return own


def _draw_missing_noise(own: dict[str, Array], source: Source) -> None:
    random = np.random.RandomState(0)
    _, height, width = shape(own, "synthesis.b4.const", 3, source)
    if max(height, width) > 4:
        return  # no such network can be built
    for name in sorted(n for n in own if n.endswith(".noise_strength")):
        noise = name.removesuffix("strength") + "const"
        if noise in own:
            continue
        block = int(name.split(".")[1].removeprefix("b"))
        own[noise] = random.standard_normal((height * block // 4, width * block // 4))
        source.note("The file has no noise maps; they were drawn anew.")
