"""StyleGAN2's discriminator under NVIDIA's parameter names; torch, `ops` and `stylegan2` only.

It trains the adversarial finish of a model, and its maps can serve as perceptual features.
Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", section 4.1 (the
residual, skip and plain forms), with StyleGAN2-ADA's label projection.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import ops
from .stylegan2 import Dense, Kind


@dataclass(frozen=True)
class DiscriminatorArchitecture:
    """Everything that fixes the network's shape and its arithmetic; plain values, fit for JSON."""

    channels: tuple[int, ...]  # of 4, 8, ..., resolution px
    c_dim: int = 0  # number of classes; 0 = unconditional
    kind: Kind = "resnet"
    end_size: tuple[int, int] = (4, 4)  # width and height of the last maps; 4 is the longer side
    conv_clamp: float | None = None
    group_size: int | None = 4  # pictures whose variation is measured together; None: the batch
    group_maps: int = 1  # maps of variation, 0 = none
    label_width: int = 0  # of the mapped label; 0 without classes
    mapping_layers: int = 8  # of the label's mapping
    mapping_width: int | None = None  # of its layers; None: label_width
    embed_width: int | None = None  # of the embedded label; None: label_width
    mapping_lr: float = 0.01  # learning-rate multiplier, part of the arithmetic

    @property
    def resolution(self) -> int:
        """The longer side of the picture."""
        return 2 ** (len(self.channels) + 1)

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        lists = {"channels": list(self.channels), "end_size": list(self.end_size)}
        return {**dataclasses.asdict(self), **lists}


class Conv(nn.Module):
    """A plain convolution at equalised learning rate: 1x1 or 3x3, optionally to half the size."""

    resample_filter: Tensor

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: int,
        *,
        down: bool = False,
        activate: bool = True,
        clamp: float | None = None,
    ) -> None:
        super().__init__()
        self.down, self.clamp, self.gain = down, clamp, 1 / math.sqrt(inputs * size**2)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, size, size))
        self.bias = nn.Parameter(torch.zeros(outputs)) if activate else None
        self.register_buffer("resample_filter", ops.fir_kernel())

    def forward(self, x: Tensor, *, gain: float = 1.0) -> Tensor:
        """x (B, I, H, W) -> (B, O, H, W), or half that size; activated if there is a bias."""
        size = self.weight.shape[2]
        weight = self.weight * (self.gain * gain if self.bias is None else self.gain)
        if not self.down:
            x = F.conv2d(x, weight, padding=size // 2)
        elif size == 1:
            x = F.conv2d(ops.downsample2d(x, self.resample_filter), weight)
        else:
            x = ops.downsampling_conv2d(x, weight, self.resample_filter)
        return x if self.bias is None else ops.bias_act(x, self.bias, gain=gain, clamp=self.clamp)


class DiscriminatorBlock(nn.Module):
    """Two convolutions to half the size; beside them a shortcut ("resnet"), or none.

    The first block reads the picture; with "skip" each block reads it, at its own resolution.
    """

    resample_filter: Tensor

    def __init__(self, a: DiscriminatorArchitecture, index: int) -> None:
        super().__init__()
        inputs, outputs, clamp = a.channels[index], a.channels[index - 1], a.conv_clamp
        first = index == len(a.channels) - 1
        self.kind = a.kind
        self.register_buffer("resample_filter", ops.fir_kernel())
        reads = first or a.kind == "skip"
        self.fromrgb = Conv(3, inputs, 1, clamp=clamp) if reads else None
        self.conv0 = Conv(inputs, inputs, 3, clamp=clamp)
        self.conv1 = Conv(inputs, outputs, 3, down=True, clamp=clamp)
        self.skip: Conv | None = None
        if a.kind == "resnet":
            self.skip = Conv(inputs, outputs, 1, down=True, activate=False)

    def forward(self, x: Tensor | None, image: Tensor) -> tuple[Tensor, Tensor]:
        """(B, I, H, W), None in the first block, and the picture -> (B, O, H/2, W/2), picture."""
        if self.fromrgb is not None:
            seen = self.fromrgb(image)
            x = seen if x is None else x + seen
        assert x is not None  # the first block reads the picture
        if self.kind == "skip":
            image = ops.downsample2d(image, self.resample_filter)
        if self.skip is None:
            return self.conv1(self.conv0(x)), image
        half = math.sqrt(0.5)  # two branches of equal variance add up to one
        return self.skip(x, gain=half) + self.conv1(self.conv0(x), gain=half), image


class Epilogue(nn.Module):
    """The 4 px end: variation within the batch, a convolution, two dense layers."""

    def __init__(self, a: DiscriminatorArchitecture) -> None:
        super().__init__()
        channels, (width, height) = a.channels[0], a.end_size
        self.group_size, self.group_maps = a.group_size, a.group_maps
        self.fromrgb = Conv(3, channels, 1) if a.kind == "skip" else None
        self.conv = Conv(channels + a.group_maps, channels, 3, clamp=a.conv_clamp)
        self.fc = Dense(channels * width * height, channels, activate=True)
        self.out = Dense(channels, a.label_width or 1)

    def forward(self, x: Tensor, image: Tensor, mapped: Tensor | None) -> Tensor:
        """(B, C, 4, 4), the picture at that size, the mapped label (B, L) -> logits (B, 1)."""
        if self.fromrgb is not None:
            x = x + self.fromrgb(image)
        if self.group_maps:
            variation = minibatch_std(x, group_size=self.group_size, maps=self.group_maps)
            x = torch.cat([x, variation], 1)
        x = self.out(self.fc(self.conv(x).flatten(1)))
        if mapped is None:
            return x
        return (x * mapped).sum(1, keepdim=True) / math.sqrt(mapped.shape[1])


class LabelMapping(nn.Module):
    """One-hot labels -> the directions that the last layer's output is projected on."""

    def __init__(self, a: DiscriminatorArchitecture) -> None:
        super().__init__()
        self.layers = a.mapping_layers
        embedded = a.embed_width or a.label_width
        self.embed = Dense(a.c_dim, embedded)
        hidden = [a.mapping_width or a.label_width] * (a.mapping_layers - 1)
        widths = [embedded, *hidden, a.label_width]
        for i in range(a.mapping_layers):
            layer = Dense(widths[i], widths[i + 1], activate=True, lr=a.mapping_lr)
            self.add_module(f"fc{i}", layer)

    def forward(self, label: Tensor) -> Tensor:
        """label (B, c_dim) -> (B, label_width)."""
        x = self.embed(label)
        x = x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()
        for i in range(self.layers):
            x = self.get_submodule(f"fc{i}")(x)
        return x


class Discriminator(nn.Module):
    """Pictures -> logits of being real."""

    def __init__(self, architecture: DiscriminatorArchitecture) -> None:
        super().__init__()
        self.architecture = a = architecture
        self.resolution = a.resolution
        self.sizes = tuple(2**k for k in range(len(a.channels) + 1, 2, -1))
        for size in self.sizes:
            self.add_module(f"b{size}", DiscriminatorBlock(a, size.bit_length() - 3))
        self.mapping = LabelMapping(a) if a.c_dim else None
        self.b4 = Epilogue(a)

    def features(self, image: Tensor) -> list[Tensor]:
        """image (B, 3, R, R) in [-1, 1] -> the blocks' outputs, R/2 px first, 4 px last."""
        return self._maps(image)[0]

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        """image (B, 3, R, R) in [-1, 1], one-hot label (B, c_dim) or None -> logits (B, 1)."""
        mapped = None
        if self.mapping is not None:
            if label is None:
                raise ValueError("a conditional network needs a label")
            mapped = self.mapping(label)
        maps, image = self._maps(image)
        return self.b4(maps[-1], image, mapped)

    def _maps(self, image: Tensor) -> tuple[list[Tensor], Tensor]:
        maps: list[Tensor] = []
        for size in self.sizes:
            x, image = self.get_submodule(f"b{size}")(maps[-1] if maps else None, image)
            maps.append(x)
        return maps, image


def minibatch_std(x: Tensor, *, group_size: int | None = 4, maps: int = 1) -> Tensor:
    """Mean standard deviations within groups of pictures: (B, C, H, W) -> (B, maps, H, W).

    Picture i belongs to group i mod (B / group size); Karras et al. 2018 (progressive growing),
    section 3. Groups are of `group_size`, or of the next smaller size that divides the batch; None
    makes the batch one group. Each map is the mean over its share of the C channels.
    """
    batch, _, height, width = x.shape
    group = batch if group_size is None else min(group_size, batch)
    group = next(g for g in range(group, 0, -1) if batch % g == 0)
    grouped = x.reshape(group, batch // group, maps, -1)
    variation = (grouped.var(0, correction=0) + 1e-8).sqrt().mean(2)  # (B / group, maps)
    return variation.repeat(group, 1)[:, :, None, None].expand(-1, -1, height, width)
