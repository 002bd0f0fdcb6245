"""StyleGAN2 computed as the released DragGAN code computes it, cost for cost; torch only.

Written for the speed table, where it stands for the released code when no checkout of that is at
hand. Equal to `StyleGAN2Generator` in values and in the latent's gradient, and dearer by what the
released code pays for each step: the whole synthesis up to the picture inside autograd; modulated
weights built, squared and summed in every layer (the *fused* form of Karras et al. 2020, section
2.2: one grouped convolution, so that styles get their gradient through a weight gradient);
parameters that require and accumulate gradients; plain NCHW maps; and the drag's features enlarged
to the picture's size, once for each step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from draggan.errors import BadInput
from draggan.generator import Features, Grid
from draggan.stylegan2 import StyleGAN2, SynthesisBlock, SynthesisLayer, ToRGB
from draggan.stylegan2_generator import StyleGAN2Generator

if TYPE_CHECKING:
    from draggan.generator import FeaturePath, Windows

EPSILON = 1e-8


@dataclass(frozen=True)
class FeaturesAndPicture(Features):
    """Features that come with the finished picture, as each step has made it anyway."""

    picture: Tensor | None = None  # (B, 3, height, width)


class ReleasedCosts(StyleGAN2Generator):
    """A generator for `drag(..., options=PRESETS["released"])` and for nothing else.

    It takes the network over: its parameters require gradients from now on, and collect them.
    """

    def __init__(self, network: StyleGAN2, *, name: str = "released costs") -> None:
        super().__init__(network, name=name)
        network.requires_grad_(True)
        network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]

    def features(self, ws: Tensor, block: int, *, precision: torch.dtype | None = None) -> Features:
        """`block`'s features enlarged to the picture's size, (B, C, height, width).

        `ws` (B, num_ws, w_dim). Always in the weights' precision.
        """
        self._check_latent(ws, self.num_ws)
        if ws.requires_grad and torch.is_grad_enabled():
            enlarged, picture = _Accumulating.apply(ws, self, block)
        else:
            enlarged, picture = self.synthesise(ws, block)
        grid = Grid.covering(self.width, self.height, (self.width, self.height))
        return FeaturesAndPicture(map=enlarged, grid=grid, block=block, picture=picture.detach())

    def prepare(
        self,
        ws: Tensor,
        block: int,
        *,
        rows: int,
        precision: torch.dtype | None = None,
        kernels: bool = True,
    ) -> FeaturePath:
        """Nothing is prepared: every step pays for everything."""
        grid = Grid.covering(self.width, self.height, (self.width, self.height))
        return _WholePath(self, block, grid)

    def render_from(
        self, features: Features, ws: Tensor, *, precision: torch.dtype | None = None
    ) -> Tensor:
        """The picture that came with the features."""
        if not isinstance(features, FeaturesAndPicture) or features.picture is None:
            raise BadInput("These features came without their picture.")
        return features.picture

    def synthesise(self, ws: Tensor, block: int) -> tuple[Tensor, Tensor]:
        """Enlarged features (B, C, H, W) of `block` and the picture (B, 3, H, W)."""
        x = picture = wanted = None
        for resolution in self.blocks:
            x, picture = _block(self.network.synthesis.block(resolution), x, picture, ws)
            wanted = x if resolution == block else wanted
        assert wanted is not None and picture is not None
        size = (self.height, self.width)
        return F.interpolate(wanted, size, mode="bilinear", align_corners=False), picture


@dataclass
class _WholePath:
    generator: ReleasedCosts
    block: int
    grid: Grid

    def features(self, ws: Tensor, centres: Tensor) -> Features:
        return self.generator.features(ws, self.block)

    def narrowed(self, windows: Windows) -> FeaturePath:
        return self


class _Accumulating(torch.autograd.Function):
    """Synthesis whose backward pass leaves gradients in the parameters too.

    A drag asks for the latent's gradient alone, and autograd would skip all others.
    """

    @staticmethod
    def forward(ctx, ws: Tensor, generator: ReleasedCosts, block: int):  # type: ignore[no-untyped-def]
        with torch.enable_grad():
            leaf = ws.detach().requires_grad_(True)
            enlarged, picture = generator.synthesise(leaf, block)
        ctx.inner = leaf, enlarged, picture  # the picture's graph is kept, as it is there
        ctx.mark_non_differentiable(detached := picture.detach())
        return enlarged.detach(), detached

    @staticmethod
    def backward(ctx, gradient: Tensor, _: Tensor):  # type: ignore[no-untyped-def]
        leaf, enlarged, _ = ctx.inner
        torch.autograd.backward(enlarged, gradient)
        return leaf.grad, None, None


def _block(
    block: SynthesisBlock, x: Tensor | None, picture: Tensor | None, ws: Tensor
) -> tuple[Tensor, Tensor | None]:
    """One resolution's layers, and the picture so far at its size."""
    w1 = ws[:, block.rows - 1]
    if block.conv0 is None:
        x = _layer(block.conv1, block.const[None].repeat(len(ws), 1, 1, 1), w1)
    else:
        assert x is not None
        half = 1.0 if block.skip is None else math.sqrt(0.5)
        shortcut = None if block.skip is None else block.skip(x, gain=half)
        x = _layer(block.conv0, x, ws[:, block.first_row])
        x = _layer(block.conv1, x, w1, gain=half)
        x = x if shortcut is None else shortcut + x
    if picture is not None:
        picture = _filtered(_spread(picture), block.resample_filter, padding=(2, 1))
    if block.torgb is not None:
        y = _to_rgb(block.torgb, x, ws[:, block.rows])
        picture = y if picture is None else picture + y
    return x, picture


def _layer(layer: SynthesisLayer, x: Tensor, w: Tensor, *, gain: float = 1.0) -> Tensor:
    x = _fused(x, layer.weight, layer.affine(w), up=layer.up)
    if layer.up:
        x = _filtered(x, layer.resample_filter, padding=(1, 1))
    if layer.use_noise:
        x = x + layer.noise_const * layer.noise_strength
    x = F.leaky_relu(x + layer.bias[:, None, None], 0.2) * (math.sqrt(2) * gain)
    return x if layer.clamp is None else x.clamp(-layer.clamp * gain, layer.clamp * gain)


def _to_rgb(layer: ToRGB, x: Tensor, w: Tensor) -> Tensor:
    y = _fused(x, layer.weight, layer.affine(w) * layer.gain, demodulate=False)
    y = y + layer.bias[:, None, None]
    return y if layer.clamp is None else y.clamp(-layer.clamp, layer.clamp)


def _fused(
    x: Tensor, weight: Tensor, styles: Tensor, *, up: bool = False, demodulate: bool = True
) -> Tensor:
    """Each sample convolved with weights (O, I, k, k) of its own, all in one grouped convolution.

    w'_oik = s_i w_oik, then w'_oik / sqrt(sum_ik w'^2 + eps). Upsampling: (H, W) -> (2H+1, 2W+1).
    """
    batch, inputs = styles.shape
    w = weight[None] * styles[:, None, :, None, None]  # (B, O, I, k, k)
    if demodulate:
        w = w * (w.square().sum((2, 3, 4)) + EPSILON).rsqrt()[:, :, None, None, None]
    outputs, k = weight.shape[0], weight.shape[-1]
    x = x.reshape(1, batch * inputs, *x.shape[2:])
    if up:
        w = w.transpose(1, 2).reshape(batch * inputs, outputs, k, k)
        x = F.conv_transpose2d(x, w, stride=2, groups=batch)
    else:
        x = F.conv2d(x, w.reshape(batch * outputs, inputs, k, k), padding=k // 2, groups=batch)
    return x.reshape(batch, outputs, *x.shape[2:])


def _spread(x: Tensor) -> Tensor:
    """Zeros after every pixel: (B, C, H, W) -> (B, C, 2H, 2W)."""
    b, c, h, w = x.shape
    return F.pad(x.reshape(b, c, h, 1, w, 1), (0, 1, 0, 0, 0, 1)).reshape(b, c, 2 * h, 2 * w)


def _filtered(x: Tensor, kernel: Tensor, *, padding: tuple[int, int]) -> Tensor:
    """Each channel with `kernel` (4, 4) and upsampling's gain of 4, as one depthwise convolution.

    `padding`: zeros before and after, along both axes.
    """
    weight = (4 * kernel).expand(x.shape[1], 1, -1, -1)
    return F.conv2d(F.pad(x, padding * 2), weight, groups=x.shape[1])
