"""StyleGAN2's residual discriminator, NVIDIA's parameter names, no labels; torch and `ops` only.

It trains the adversarial finish of a model, and its maps can serve as perceptual features.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import ops
from .stylegan2 import Dense

_GROUP = 4  # pictures whose variation is measured together


class Conv(nn.Module):
    """A plain convolution at equalised learning rate: 1x1 or 3x3, optionally to half the size."""

    resample_filter: Tensor

    def __init__(
        self, inputs: int, outputs: int, size: int, *, down: bool = False, activate: bool = True
    ) -> None:
        super().__init__()
        self.down, self.gain = down, 1 / math.sqrt(inputs * size**2)
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
        return x if self.bias is None else ops.bias_act(x, self.bias, gain=gain)


class DiscriminatorBlock(nn.Module):
    """Two convolutions and a shortcut to half the size; the first block also reads the picture."""

    def __init__(self, inputs: int, outputs: int, *, first: bool) -> None:
        super().__init__()
        self.fromrgb = Conv(3, inputs, 1) if first else None
        self.conv0 = Conv(inputs, inputs, 3)
        self.conv1 = Conv(inputs, outputs, 3, down=True)
        self.skip = Conv(inputs, outputs, 1, down=True, activate=False)

    def forward(self, x: Tensor) -> Tensor:
        """The picture (first block) or (B, I, H, W) -> (B, O, H/2, W/2)."""
        if self.fromrgb is not None:
            x = self.fromrgb(x)
        half = math.sqrt(0.5)  # two branches of equal variance add up to one
        return self.skip(x, gain=half) + self.conv1(self.conv0(x), gain=half)


class Epilogue(nn.Module):
    """The 4 px end: variation within the batch, a convolution, two dense layers."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = Conv(channels + 1, channels, 3)
        self.fc = Dense(channels * 16, channels, activate=True)
        self.out = Dense(channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, 4, 4) -> logits (B, 1)."""
        x = torch.cat([x, minibatch_std(x)], 1)
        return self.out(self.fc(self.conv(x).flatten(1)))


class Discriminator(nn.Module):
    """Pictures -> logits of being real. `channels` are those of 4, 8, ..., resolution px."""

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.resolution = 2 ** (len(channels) + 1)
        self.sizes = tuple(2**k for k in range(len(channels) + 1, 2, -1))
        for k, size in enumerate(self.sizes):
            inputs, outputs = channels[-1 - k], channels[-2 - k]
            self.add_module(f"b{size}", DiscriminatorBlock(inputs, outputs, first=k == 0))
        self.b4 = Epilogue(channels[0])

    def features(self, image: Tensor) -> list[Tensor]:
        """image (B, 3, R, R) in [-1, 1] -> the blocks' outputs, R/2 px first, 4 px last."""
        maps, x = [], image
        for size in self.sizes:
            x = self.get_submodule(f"b{size}")(x)
            maps.append(x)
        return maps

    def forward(self, image: Tensor) -> Tensor:
        """image (B, 3, R, R) in [-1, 1] -> logits (B, 1)."""
        return self.b4(self.features(image)[-1])


def minibatch_std(x: Tensor) -> Tensor:
    """Mean standard deviation within groups of pictures, as a map: (B, C, H, W) -> (B, 1, H, W).

    Picture i belongs to group i mod (B / group size); Karras et al. 2018 (progressive growing),
    section 3. Groups are of 4, or of the next smaller size that divides the batch.
    """
    batch, _, height, width = x.shape
    group = next(g for g in range(min(_GROUP, batch), 0, -1) if batch % g == 0)
    grouped = x.reshape(group, batch // group, -1)
    variation = (grouped.var(0, correction=0) + 1e-8).sqrt().mean(1)  # (B / group,)
    return variation.repeat(group)[:, None, None, None].expand(-1, 1, height, width)
