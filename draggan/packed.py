"""3x3 convolutions whose constant weights are packed once for the processor; torch only.

On a CPU, oneDNN wants weights in an order of its own and, asked in the usual way, brings them there
at every call. For the small maps of a drag that costs as much as the arithmetic. Here it happens
once, for the convolution and for its gradient; without such packing, plain convolutions are used.
Weights get no gradient.
"""

from __future__ import annotations

import functools
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

_MORE: tuple[Any, ...] = ([1, 1], 1, "none", [], "")  # dilation, groups, no further operation
_SIDE = 16  # packing asks for the size of a map, but does not depend on it


class Convolution:
    """(x, padding) -> conv2d(x, weight, bias, padding=padding), for `weight` (O, I, 3, 3)."""

    def __init__(self, weight: Tensor, bias: Tensor | None, *, pack: bool = True) -> None:
        self.weight: Tensor | None = weight  # let go once it is packed both ways
        self.bias, self.pack = bias, pack
        self.forth: Tensor | None = None
        self.back: Tensor | None = None

    def __call__(self, x: Tensor, *, padding: int) -> Tensor:
        if self.pack and can_pack(x):
            return _Convolution.apply(x, self, padding)
        assert self.weight is not None
        return F.conv2d(x, self.weight, self.bias, padding=padding)

    def convolve(self, x: Tensor, padding: int) -> Tensor:
        """The convolution itself, without a gradient."""
        if self.forth is None:
            assert self.weight is not None
            self.forth = _packed(self.weight)
        return _convolved(x, self.forth, self.bias, padding, 1)

    def input_gradient(self, gradient: Tensor, padding: int) -> Tensor:
        """x's gradient from the output's, a convolution as well."""
        if self.back is None:
            assert self.weight is not None
            self.back = _packed(self.weight.transpose(0, 1).flip(2, 3))
            self.weight = None
        return _convolved(gradient, self.back, None, 2 - padding, 1)


class UpsamplingConvolution:
    """x -> conv_transpose2d(x, weight, stride=2), for `weight` (I, O, 3, 3)."""

    def __init__(self, weight: Tensor, *, pack: bool = True) -> None:
        self.weight: Tensor | None = weight  # let go once it is packed both ways
        self.pack = pack
        self.forth: Tensor | None = None
        self.back: Tensor | None = None

    def __call__(self, x: Tensor) -> Tensor:
        if self.pack and can_pack(x):
            return _UpsamplingConvolution.apply(x, self)
        assert self.weight is not None
        return F.conv_transpose2d(x, self.weight, stride=2)

    def convolve(self, x: Tensor) -> Tensor:
        """The transposed convolution itself, without a gradient."""
        if self.forth is None:
            assert self.weight is not None
            self.forth = _packed_transposed(self.weight)
        return torch.ops.mkldnn._convolution_transpose_pointwise(
            _ordered(x), self.forth, None, [0, 0], [0, 0], [2, 2], *_MORE
        )

    def input_gradient(self, gradient: Tensor) -> Tensor:
        """x's gradient from the output's, a convolution of every second cell."""
        if self.back is None:
            assert self.weight is not None
            self.back = _packed(self.weight, stride=2)
            self.weight = None
        return _convolved(gradient, self.back, None, 0, 2)


def can_pack(x: Tensor) -> bool:
    """Whether weights can be packed for maps like x."""
    return x.device.type == "cpu" and _packing_works(x.dtype)


@functools.cache
def _packing_works(dtype: torch.dtype) -> bool:
    """Whether torch and the processor can do it, found out on a small convolution."""
    in_hardware = dtype == torch.float32 or (
        dtype == torch.bfloat16 and torch.cpu._is_avx512_bf16_supported()
    )
    if not in_hardware or not torch.backends.mkldnn.is_available():
        return False
    x, weight = torch.ones(1, 8, 5, 5, dtype=dtype), torch.ones(8, 8, 3, 3, dtype=dtype)
    try:
        with torch.no_grad():
            plain = Convolution(weight, None).convolve(x, 1)
            up = UpsamplingConvolution(weight).convolve(x)
    except (RuntimeError, AttributeError, TypeError):  # another version of torch
        return False
    return torch.equal(plain, F.conv2d(x, weight, padding=1)) and torch.equal(
        up, F.conv_transpose2d(x, weight, stride=2)
    )


def _ordered(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)


def _packed(weight: Tensor, *, stride: int = 1) -> Tensor:
    shape = [1, weight.shape[1], _SIDE, _SIDE]
    return torch.ops.mkldnn._reorder_convolution_weight(
        _ordered(weight.detach()), [0, 0], [stride, stride], [1, 1], 1, shape
    )


def _packed_transposed(weight: Tensor) -> Tensor:
    shape = [1, weight.shape[0], _SIDE, _SIDE]
    return torch.ops.mkldnn._reorder_convolution_transpose_weight(
        _ordered(weight.detach()), [0, 0], [0, 0], [2, 2], [1, 1], 1, shape
    )


def _convolved(x: Tensor, packed: Tensor, bias: Tensor | None, padding: int, stride: int) -> Tensor:
    p, s = [padding, padding], [stride, stride]
    return torch.ops.mkldnn._convolution_pointwise(_ordered(x), packed, bias, p, s, *_MORE)


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, convolution: Convolution, padding: int) -> Tensor:
        ctx.convolution, ctx.padding = convolution, padding
        return convolution.convolve(x, padding)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return ctx.convolution.input_gradient(gradient, ctx.padding), None, None


class _UpsamplingConvolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, convolution: UpsamplingConvolution) -> Tensor:
        ctx.convolution = convolution
        return convolution.convolve(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return ctx.convolution.input_gradient(gradient), None
