"""3x3 convolutions whose constant weights are packed once for the processor; torch only.

On a CPU, oneDNN wants weights in an order of its own and, asked in the usual way, brings them there
at every call. For the small maps of a drag that costs as much as the arithmetic. Here it happens
once, for the convolution and for its gradient; without such packing, plain convolutions are used.
Weights get no gradient.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

_MORE: tuple[Any, ...] = ([1, 1], 1, "none", [], "")  # dilation, groups, and no further operation


class Convolution:
    """(x, padding) -> conv2d(x, weight, bias, padding=padding), for `weight` (O, I, 3, 3)."""

    def __init__(self, weight: Tensor, bias: Tensor | None, *, pack: bool = True) -> None:
        self.weight, self.bias, self.padding, self.pack = weight, bias, -1, pack
        self.packed: tuple[Tensor, Tensor] | None = None

    def __call__(self, x: Tensor, *, padding: int) -> Tensor:
        if not (self.pack and can_pack(x)):
            return F.conv2d(x, self.weight, self.bias, padding=padding)
        if self.packed is None or self.padding != padding:
            self.packed, self.padding = self._pack(x.shape, padding), padding
        return _Convolution.apply(x, self.bias, *self.packed, padding)

    def _pack(self, shape: torch.Size, padding: int) -> tuple[Tensor, Tensor]:
        n, _, h, w = shape
        less = 2 - 2 * padding
        output = [n, self.weight.shape[0], h - less, w - less]
        back = self.weight.transpose(0, 1).flip(2, 3)  # the gradient is a convolution as well
        return _packed(self.weight, padding, 1, [*shape]), _packed(back, 2 - padding, 1, output)


class UpsamplingConvolution:
    """x -> conv_transpose2d(x, weight, stride=2), for `weight` (I, O, 3, 3)."""

    def __init__(self, weight: Tensor, *, pack: bool = True) -> None:
        self.weight, self.pack = weight, pack
        self.packed: tuple[Tensor, Tensor] | None = None

    def __call__(self, x: Tensor) -> Tensor:
        if not (self.pack and can_pack(x)):
            return F.conv_transpose2d(x, self.weight, stride=2)
        if self.packed is None:
            n, _, h, w = x.shape
            weight = _ordered(self.weight.detach())
            forth = torch.ops.mkldnn._reorder_convolution_transpose_weight(
                weight, [0, 0], [0, 0], [2, 2], [1, 1], 1, [*x.shape]
            )
            out = [n, self.weight.shape[1], 2 * h + 1, 2 * w + 1]
            self.packed = forth, _packed(weight, 0, 2, out)
        return _UpsamplingConvolution.apply(x, *self.packed)


def can_pack(x: Tensor) -> bool:
    """Whether weights can be packed for maps like x."""
    if x.device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return False
    if x.dtype == torch.bfloat16:
        return bool(torch.cpu._is_avx512_bf16_supported())
    return x.dtype == torch.float32 and hasattr(torch.ops.mkldnn, "_convolution_pointwise")


def _ordered(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)


def _packed(weight: Tensor, padding: int, stride: int, shape: list[int]) -> Tensor:
    """`weight` as convolutions of inputs of that shape want it."""
    p, s = [padding, padding], [stride, stride]
    return torch.ops.mkldnn._reorder_convolution_weight(
        _ordered(weight.detach()), p, s, [1, 1], 1, shape
    )


def _convolved(x: Tensor, packed: Tensor, bias: Tensor | None, padding: int, stride: int) -> Tensor:
    p, s = [padding, padding], [stride, stride]
    return torch.ops.mkldnn._convolution_pointwise(_ordered(x), packed, bias, p, s, *_MORE)


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, bias: Tensor | None, forth: Tensor, back: Tensor, padding: int
    ) -> Tensor:
        ctx.back, ctx.padding = back, padding
        return _convolved(x, forth, bias, padding, 1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        return _convolved(gradient, ctx.back, None, 2 - ctx.padding, 1), None, None, None, None


class _UpsamplingConvolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, forth: Tensor, back: Tensor) -> Tensor:
        ctx.back = back
        return torch.ops.mkldnn._convolution_transpose_pointwise(
            _ordered(x), forth, None, [0, 0], [0, 0], [2, 2], *_MORE
        )

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        return _convolved(gradient, ctx.back, None, 0, 2), None, None
