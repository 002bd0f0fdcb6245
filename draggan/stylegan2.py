"""StyleGAN2's generator (mapping and synthesis) as trainable modules; torch, our types and `ops`.

Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", with the adaptations of
StyleGAN2-ADA. Parameters have the names and the meaning of NVIDIA's published files: weights are
stored un-scaled and multiplied by 1/sqrt(fan-in) at run time ("equalised learning rate").

A W+ latent has one row for each layer, num_ws = 2 log2(R) - 2 in all. Block r = 4 * 2^k reads rows
2k-1 (conv0), 2k (conv1) and 2k+1 (toRGB); a toRGB shares its row with the next block's conv0.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import ops
from .derived import Derived
from .generator import Noise

Kind = Literal["skip", "orig", "resnet"]


def channel_schedule(
    resolution: int, *, channel_base: int = 32768, channel_max: int = 512
) -> tuple[int, ...]:
    """The published schedule: min(channel_base / r, channel_max) for r = 4, 8, ..., resolution."""
    sizes = [2**k for k in range(2, resolution.bit_length())]
    return tuple(min(channel_base // r, channel_max) for r in sizes)


@dataclass(frozen=True)
class Architecture:
    """Everything that fixes the network's shape and its arithmetic; plain values, fit for JSON."""

    channels: tuple[int, ...]  # of the blocks 4, 8, 16, ... px; their number sets the resolution
    z_dim: int = 512  # 0: the label alone decides
    w_dim: int = 512
    c_dim: int = 0  # number of classes; 0 = unconditional
    kind: Kind = "skip"
    const_size: tuple[int, int] = (4, 4)  # width and height of the constant; 4 is the longer side
    mapping_layers: int = 8
    mapping_width: int | None = None  # of the layers between z and w; None: w_dim
    embed_width: int | None = None  # of the embedded label; None: w_dim
    mapping_lr: float = 0.01  # learning-rate multiplier, part of the arithmetic
    conv_clamp: float | None = None
    use_noise: bool = True

    @property
    def resolution(self) -> int:
        """The longer side of the picture."""
        return 2 ** (len(self.channels) + 1)

    def size(self, block: int) -> tuple[int, int]:
        """Width and height of the maps of a block; `size(resolution)` is the picture's."""
        return self.const_size[0] * block // 4, self.const_size[1] * block // 4

    @property
    def blocks(self) -> tuple[int, ...]:
        """The resolutions of the blocks, ascending."""
        return tuple(2**k for k in range(2, len(self.channels) + 2))

    @property
    def num_ws(self) -> int:
        """Rows of a W+ latent."""
        return 2 * len(self.channels)

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        lists = {"channels": list(self.channels), "const_size": list(self.const_size)}
        return {**dataclasses.asdict(self), **lists}


class Dense(nn.Module):
    """A fully connected layer: w_scaled x + b_scaled, then optionally a leaky ReLU."""

    def __init__(
        self, inputs: int, outputs: int, *, activate: bool = False, lr: float = 1.0, bias: float = 0
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / lr)
        self.bias = nn.Parameter(torch.full((outputs,), float(bias) / lr))
        self.activate, self.lr, self.gain = activate, lr, lr / math.sqrt(inputs)

    def forward(self, x: Tensor) -> Tensor:
        # The input is scaled in place of the weight: the same product, a far smaller operand.
        bias = self.bias if self.lr == 1 else self.bias * self.lr
        x = F.linear(x * self.gain, self.weight, bias)
        return F.leaky_relu(x, ops.LRELU_SLOPE) * ops.LRELU_GAIN if self.activate else x


def _unit(x: Tensor) -> Tensor:
    """Rows scaled to a mean square of one."""
    return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()


class Mapping(nn.Module):
    """z and an optional label -> w, broadcast to the rows of W+."""

    w_avg: Tensor

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        a = architecture
        self.num_ws, self.layers = a.num_ws, a.mapping_layers
        embedded = (a.embed_width or a.w_dim) if a.c_dim else 0
        self.embed = Dense(a.c_dim, embedded) if a.c_dim else None
        hidden = [a.mapping_width or a.w_dim] * (a.mapping_layers - 1)
        widths = [a.z_dim + embedded, *hidden, a.w_dim]
        for i, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
            self.add_module(f"fc{i}", Dense(inputs, outputs, activate=True, lr=a.mapping_lr))
        self.register_buffer("w_avg", torch.zeros(a.w_dim))

    def forward(
        self,
        z: Tensor,
        label: Tensor | None = None,
        *,
        truncation: float = 1.0,
        cutoff: int | None = None,
    ) -> Tensor:
        """z (N, z_dim), one-hot label (N, c_dim) or None -> ws (N, num_ws, w_dim).

        `truncation` pulls the rows before `cutoff` (all of them by default) towards `w_avg`:
        w_avg + truncation * (w - w_avg).
        """
        ws = self.to_w(z, label)[:, None].repeat(1, self.num_ws, 1)
        if truncation == 1:
            return ws
        near = self.w_avg.lerp(ws[:, :cutoff], truncation)
        return near if cutoff is None else torch.cat([near, ws[:, cutoff:]], 1)

    def to_w(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        """z (N, z_dim), one-hot label (N, c_dim) or None -> w (N, w_dim), not truncated."""
        x = _unit(z) if z.shape[1] else z
        if self.embed is not None:
            if label is None:
                raise ValueError("a conditional network needs a label")
            x = torch.cat([x, _unit(self.embed(label))], 1)
        for i in range(self.layers):
            x = self.get_submodule(f"fc{i}")(x)
        return x


def _noise_map(noise_const: Tensor, strength: Tensor) -> Tensor | None:
    """The noise to add, or None where it is frozen at zero."""
    if not strength.requires_grad and not strength.any():
        return None
    return noise_const * strength


class SynthesisLayer(nn.Module):
    """A modulated 3x3 convolution with demodulation, noise, bias and leaky ReLU."""

    resample_filter: Tensor
    noise_const: Tensor

    def __init__(self, a: Architecture, inputs: int, outputs: int, block: int, *, up: bool) -> None:
        super().__init__()
        self.up, self.clamp, self.use_noise = up, a.conv_clamp, a.use_noise
        self.affine = Dense(a.w_dim, inputs, bias=1)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.register_buffer("resample_filter", ops.fir_kernel())
        if a.use_noise:
            self.register_buffer("noise_const", torch.randn(*reversed(a.size(block))))
            self.noise_strength = nn.Parameter(torch.zeros([]))
        self._power, self._noise = Derived(ops.weight_power), Derived(_noise_map)
        self._upsampling = Derived(ops.upsampling_weight)

    def forward(self, x: Tensor, w: Tensor, *, noise: Noise, gain: float = 1.0) -> Tensor:
        """x (B, I, h, w), w (B, w_dim) -> (B, O, H, W), twice the size if the layer upsamples."""
        styles, weight = self.affine(w), self.convolution_weight()  # (B, I)
        scale: Tensor | None = self.demodulation(styles) * (4 if self.up else 1)  # (B, O)
        assert scale is not None
        up_kernel = self.resample_filter if self.up else None
        if self._weights_are_smaller(x, w):
            weight = ops.modulated_weight(weight, styles, scale, up=self.up)
            x, scale = ops.convolved(x, weight, up_kernel=up_kernel), None
        else:
            if x.dtype == torch.float16:
                styles, scale = ops.shared_scale(styles, scale)
            x = ops.modulated_conv2d(x, weight, styles, up_kernel=up_kernel)
        noise_map = self._noise_for(x, noise)
        return ops.bias_act(x, self.bias, scale=scale, noise=noise_map, gain=gain, clamp=self.clamp)

    def demodulation(self, styles: Tensor) -> Tensor:
        """styles (B, I) -> the output's scale (B, O); see `ops.demodulation`."""
        power = self._power(self.weight)
        assert power is not None
        return ops.demodulation(power, styles)

    def convolution_weight(self) -> Tensor:
        """The weight as convolutions want it; see `ops.upsampling_weight`."""
        weight = self._upsampling(self.weight) if self.up else self.weight
        assert weight is not None
        return weight

    def _weights_are_smaller(self, x: Tensor, w: Tensor) -> bool:
        """Whether one modulates the weights rather than the map: for one picture, with no gradient
        wanted, where they hold fewer numbers. In half precision alone: pictures in full precision
        are compared with others that want gradients, and must not differ by rounding."""
        if x.dtype == w.dtype or len(x) != 1 or self.weight.numel() >= x.numel():
            return False
        wanted = (x.requires_grad, w.requires_grad, self.weight.requires_grad)
        return not (torch.is_grad_enabled() and any(wanted))

    def _noise_for(self, x: Tensor, noise: Noise) -> Tensor | None:
        if noise == "none" or not self.use_noise:
            return None
        if noise == "const":
            return self._noise(self.noise_const, self.noise_strength)
        source = noise if isinstance(noise, torch.Generator) else None
        # Drawn where the generator lives: one seed gives the same maps on every device.
        device = source.device if source is not None else x.device
        drawn = torch.randn(x.shape[0], 1, *x.shape[2:], generator=source, device=device)
        return drawn.to(x) * self.noise_strength


class ToRGB(nn.Module):
    """A modulated 1x1 convolution to three channels, without demodulation or activation."""

    def __init__(self, a: Architecture, inputs: int) -> None:
        super().__init__()
        self.clamp, self.gain = a.conv_clamp, 1 / math.sqrt(inputs)
        self.affine = Dense(a.w_dim, inputs, bias=1)
        self.weight = nn.Parameter(torch.randn(3, inputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(3))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """x (B, I, H, W), w (B, w_dim) -> (B, 3, H, W)."""
        styles = self.affine(w) * self.gain
        # The exception to the non-fused form: three rows of weights are smaller than the map.
        weight = (styles[:, None] * self.weight[:, :, 0, 0]).to(x.dtype)  # (B, 3, I)
        pixels = x.permute(0, 2, 3, 1).flatten(1, 2)  # (B, H * W, I): no copy of channels-last maps
        rgb = (pixels @ weight.transpose(1, 2)).to(styles.dtype) + self.bias
        rgb = rgb.view(x.shape[0], *x.shape[2:], 3).permute(0, 3, 1, 2)
        return rgb if self.clamp is None else rgb.clamp(-self.clamp, self.clamp)


class UpsamplingSkip(nn.Module):
    """The residual architecture's shortcut: a plain 1x1 convolution, then upsampling."""

    resample_filter: Tensor

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.gain = 1 / math.sqrt(inputs)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 1, 1))
        self.register_buffer("resample_filter", ops.fir_kernel())

    def forward(self, x: Tensor, *, gain: float) -> Tensor:
        x = F.conv2d(x, (self.weight * (self.gain * gain)).to(x.dtype))
        return ops.upsample2d(x, self.resample_filter)


class SynthesisBlock(nn.Module):
    """The layers of one resolution: conv0 (upsampling; not at 4 px), conv1, and perhaps toRGB."""

    resample_filter: Tensor

    def __init__(self, a: Architecture, index: int) -> None:
        super().__init__()
        size, channels = a.blocks[index], a.channels[index]
        self.size, self.first_row = size, max(0, 2 * index - 1)
        self.register_buffer("resample_filter", ops.fir_kernel())
        self.conv0: SynthesisLayer | None = None
        self.skip: UpsamplingSkip | None = None
        self.torgb: ToRGB | None = None
        if index == 0:
            self.const = nn.Parameter(torch.randn(channels, *reversed(a.const_size)))
        else:
            below = a.channels[index - 1]
            self.conv0 = SynthesisLayer(a, below, channels, size, up=True)
            if a.kind == "resnet":
                self.skip = UpsamplingSkip(below, channels)
        self.conv1 = SynthesisLayer(a, channels, channels, size, up=False)
        if a.kind == "skip" or size == a.resolution:
            self.torgb = ToRGB(a, channels)

    @property
    def rows(self) -> int:
        """How many leading rows of W+ the block's features depend on."""
        return self.first_row + (1 if self.conv0 is None else 2)

    def features(self, x: Tensor, ws: Tensor, *, noise: Noise) -> Tensor:
        """The block below's features (at 4 px the constant) -> this block's, (B, C, H, W)."""
        w1 = ws[:, self.rows - 1]
        if self.conv0 is None:
            return self.conv1(x, w1, noise=noise)
        y = self.conv0(x, ws[:, self.first_row], noise=noise)
        if self.skip is None:
            return self.conv1(y, w1, noise=noise)
        half = math.sqrt(0.5)  # two branches of equal variance add up to one
        return self.skip(x, gain=half) + self.conv1(y, w1, noise=noise, gain=half)

    def picture(self, x: Tensor, rgb: Tensor | None, ws: Tensor) -> Tensor | None:
        """This block's features and the picture so far, at half the size -> the picture."""
        if self.torgb is None:
            return None
        y = self.torgb(x, ws[:, self.rows])
        return y if rgb is None else y + ops.upsample2d(rgb, self.resample_filter)


class Synthesis(nn.Module):
    """W+ -> picture; can stop after any block's features and go on from there later."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.sizes = architecture.blocks
        for index, size in enumerate(self.sizes):
            self.add_module(f"b{size}", SynthesisBlock(architecture, index))

    def block(self, size: int) -> SynthesisBlock:
        """The block of that resolution."""
        block = self.get_submodule(f"b{size}")
        assert isinstance(block, SynthesisBlock)
        return block

    def forward(
        self, ws: Tensor, *, noise: Noise = "const", precision: torch.dtype | None = None
    ) -> Tensor:
        """ws (B, num_ws, w_dim) -> picture (B, 3, R, R), roughly in [-1, 1], not clamped.

        `noise`: the stored maps, fresh random ones (global generator), or none at all.
        """
        first = self.features(ws, self.sizes[0], noise=noise, precision=precision)
        return self.resume(first, ws, noise=noise)

    def features(
        self,
        ws: Tensor,
        stop: int,
        *,
        noise: Noise = "const",
        precision: torch.dtype | None = None,
    ) -> list[Tensor]:
        """The outputs (B, C, r, r) of the blocks r = 4, 8, ..., `stop`, before their toRGBs.

        `ws` needs the first `block(stop).rows` rows only. `precision` is the maps' type if it is
        not to be the weights'; pictures have the weights' in any case.
        """
        const = self.block(self.sizes[0]).const
        x = const.to(precision or const.dtype).expand(ws.shape[0], -1, -1, -1)
        outputs = []
        for size in self.sizes[: self.sizes.index(stop) + 1]:
            x = self.block(size).features(x, ws, noise=noise)
            outputs.append(x)
        return outputs

    def picture(self, outputs: Sequence[Tensor], ws: Tensor) -> Tensor | None:
        """The picture (B, 3, r, r) of the blocks up to r, whose outputs these are, if they have
        one."""
        rgb: Tensor | None = None
        for size, x in zip(self.sizes, outputs, strict=False):
            rgb = self.block(size).picture(x, rgb, ws)
        return rgb

    def resume(
        self,
        outputs: Sequence[Tensor],
        ws: Tensor,
        *,
        noise: Noise = "const",
        precision: torch.dtype | None = None,
    ) -> Tensor:
        """The picture (B, 3, R, R) from what `features` gave, or from its first few outputs."""
        x, rgb = outputs[-1], self.picture(outputs, ws)
        x = x if precision is None else x.to(precision)
        for size in self.sizes[len(outputs) :]:
            x = self.block(size).features(x, ws, noise=noise)
            rgb = self.block(size).picture(x, rgb, ws)
        assert rgb is not None  # the last block has a toRGB in every architecture
        return rgb


class StyleGAN2(nn.Module):
    """Mapping and synthesis of one architecture, randomly initialised, trainable."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.mapping = Mapping(architecture)
        self.synthesis = Synthesis(architecture)

    def forward(self, z: Tensor, label: Tensor | None = None, *, noise: Noise = "const") -> Tensor:
        """z (N, z_dim), one-hot label (N, c_dim) or None -> pictures (N, 3, R, R)."""
        return self.synthesis(self.mapping(z, label), noise=noise)
