"""StyleGAN2's operations: FIR resampling, modulated convolution, activation; torch only.

Convolutions are modulated in the non-fused form: the input is scaled by the styles, convolved with
the constant weight, and the output scaled by the demodulation. With frozen weights the gradient to
the styles then never needs a weight gradient. Every map is (B, C, H, W), in either memory format; a
map may have less precision than weights and styles, which then follow it where they meet it.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

LRELU_SLOPE = 0.2
LRELU_GAIN = math.sqrt(2)  # keeps the second moment through a leaky ReLU (Karras et al. 2019)


def fir_kernel() -> Tensor:
    """The filter [1, 3, 3, 1] x [1, 3, 3, 1] of StyleGAN2's resampling, (4, 4), with sum 1."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
    return taps[:, None] * taps


def filter2d(x: Tensor, kernel: Tensor, *, padding: int, stride: int = 1) -> Tensor:
    """Each channel of x filtered with `kernel` (4, 4), zeros outside the map."""
    channels = x.shape[1]
    weight = kernel.to(x.dtype).expand(channels, 1, -1, -1)
    return F.conv2d(x, weight, padding=padding, stride=stride, groups=channels)


def upsample2d(x: Tensor, kernel: Tensor) -> Tensor:
    """Twice the size: zeros between the pixels, then the filter with gain 4."""
    batch, channels, height, width = x.shape
    planes = x.reshape(batch * channels, 1, height, width)
    weight = (4 * kernel[None, None]).to(x.dtype)
    planes = F.conv_transpose2d(planes, weight, stride=2, padding=1)
    return planes.view(batch, channels, 2 * height, 2 * width)


def downsample2d(x: Tensor, kernel: Tensor) -> Tensor:
    """Half the size: the filter, then every second pixel."""
    return filter2d(x, kernel, padding=1, stride=2)


def upsampling_weight(weight: Tensor) -> Tensor:
    """Weights (O, I, 3, 3) as `upsampling_conv2d` wants them: (I, O, 3, 3).

    In the order of memory that the transposed convolution would bring them into at each call,
    which costs more than small maps' arithmetic.
    """
    return weight.transpose(0, 1).contiguous(memory_format=torch.channels_last)


def upsampling_conv2d(x: Tensor, weight: Tensor, kernel: Tensor) -> Tensor:
    """A 3x3 convolution (I, O, 3, 3) to twice the size, *without* upsampling's gain of 4.

    The gain is left to the caller, who scales the output anyway.
    """
    x = F.conv_transpose2d(x, weight, stride=2)  # (B, O, 2H + 1, 2W + 1)
    return filter2d(x, kernel, padding=1)  # (B, O, 2H, 2W)


def downsampling_conv2d(x: Tensor, weight: Tensor, kernel: Tensor) -> Tensor:
    """A 3x3 convolution (O, I, 3, 3) to half the size: the filter, then a strided convolution."""
    x = filter2d(x, kernel, padding=2)  # (B, I, H + 1, W + 1)
    return F.conv2d(x, weight, stride=2)  # (B, O, H/2, W/2)


def modulated_conv2d(
    x: Tensor, weight: Tensor, styles: Tensor, *, up_kernel: Tensor | None = None
) -> Tensor:
    """Scale the input by `styles` (B, I), convolve with `weight` (O, I, 3, 3); no demodulation yet.

    With `up_kernel` the output is twice the size, without upsampling's gain of 4, and `weight` is
    what `upsampling_weight` gives.
    """
    return convolved(x * styles.to(x.dtype)[:, :, None, None], weight, up_kernel=up_kernel)


def modulated_weight(weight: Tensor, styles: Tensor, scale: Tensor, *, up: bool) -> Tensor:
    """Weights with the input's `styles` (1, I) and the output's `scale` (1, O) multiplied in.

    `weight` (O, I, 3, 3), or with `up` what `upsampling_weight` gives, (I, O, 3, 3).
    """
    outer, inner = (styles[0], scale[0]) if up else (scale[0], styles[0])
    return weight * outer[:, None, None, None] * inner[:, None, None]


def convolved(x: Tensor, weight: Tensor, *, up_kernel: Tensor | None = None) -> Tensor:
    """A 3x3 convolution, with `up_kernel` to twice the size (see `modulated_conv2d`)."""
    weight = weight.to(x.dtype)
    if up_kernel is not None:
        return upsampling_conv2d(x, weight, up_kernel)
    return F.conv2d(x, weight, padding=1)


def weight_power(weight: Tensor) -> Tensor:
    """Sum of the squared taps of each kernel, at least in float32: (O, I, k, k) -> (O, I)."""
    return _single(weight).square().sum((2, 3))


def demodulation(power: Tensor, styles: Tensor) -> Tensor:
    """Output scales (B, O) that undo what `styles` (B, I) did to the expected magnitude.

    rsqrt(sum over input channels and taps of (style * weight)^2 + 1e-8), with the sum over the
    taps taken beforehand (`weight_power`); Karras et al. 2020 (StyleGAN2), equation 3. At least in
    float32, as the squares leave float16's range.
    """
    return (_single(styles).square() @ power.t() + 1e-8).rsqrt()


def shared_scale(styles: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    """The same modulation with its size shared between input and output.

    Between convolution and demodulation values can leave float16's range otherwise.
    """
    share = scale.detach().mean(1, keepdim=True)
    return styles * share, scale / share


def _single(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))


def bias_act(
    x: Tensor,
    bias: Tensor,
    *,
    scale: Tensor | None = None,
    noise: Tensor | None = None,
    gain: float = 1.0,
    clamp: float | None = None,
) -> Tensor:
    """gain * sqrt(2) * lrelu(scale * x + noise + bias), clamped to +-(gain * clamp).

    `bias` (C,), `scale` (B, C), `noise` broadcast to x. A leaky ReLU is homogeneous, so that the
    gain goes into the small operands and costs no pass over the map.
    """
    gain, limit = gain * LRELU_GAIN, None if clamp is None else gain * clamp
    x = x * (gain if scale is None else (scale * gain).to(x.dtype)[:, :, None, None])
    if noise is not None:
        x = x.add_((noise * gain).to(x.dtype))
    x = x.add_((bias * gain).to(x.dtype)[:, None, None])
    x = F.leaky_relu(x, LRELU_SLOPE, inplace=True)
    return x if limit is None else x.clamp(-limit, limit)
