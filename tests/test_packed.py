"""Packed convolutions are the plain ones, with their gradients, wherever weights can be packed."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from draggan import packed
from draggan.packed import Convolution, UpsamplingConvolution, can_pack

here = torch.zeros(1)
packs = pytest.mark.skipif(not can_pack(here), reason="this processor packs no weights")


def maps(*shape: int) -> Tensor:
    return torch.randn(shape).contiguous(memory_format=torch.channels_last).requires_grad_()


def assert_same_values_and_gradients(x: Tensor, mine: Tensor, theirs: Tensor) -> None:
    torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-4)
    weight = torch.randn_like(mine)
    a, b = (torch.autograd.grad((y * weight).sum(), x)[0] for y in (mine, theirs))
    torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-4)


@packs
@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("with_bias", [False, True])
def test_a_packed_convolution_is_the_plain_one(padding: int, count: int, with_bias: bool):
    x, weight = maps(count, 24, 9, 11), torch.randn(17, 24, 3, 3)
    bias = torch.randn(17) if with_bias else None
    mine = Convolution(weight, bias)(x, padding=padding)
    assert_same_values_and_gradients(x, mine, F.conv2d(x, weight, bias, padding=padding))


@packs
@pytest.mark.parametrize("count", [1, 3])
def test_a_packed_upsampling_convolution_is_the_plain_one(count: int):
    x, weight = maps(count, 24, 9, 7), torch.randn(24, 17, 3, 3)
    mine = UpsamplingConvolution(weight)(x)
    assert_same_values_and_gradients(x, mine, F.conv_transpose2d(x, weight, stride=2))


@packs
def test_maps_of_other_sizes_and_paddings_may_follow():
    weight = torch.randn(16, 16, 3, 3)
    convolution, upsampling = Convolution(weight, None), UpsamplingConvolution(weight)
    for n, padding in ((6, 0), (9, 0), (9, 1), (16, 0)):
        x = maps(2, 16, n, n)
        mine = convolution(x, padding=padding)
        assert_same_values_and_gradients(x, mine, F.conv2d(x, weight, padding=padding))
        assert_same_values_and_gradients(x, upsampling(x), F.conv_transpose2d(x, weight, stride=2))


def test_without_packing_plain_convolutions_are_used(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(packed, "can_pack", lambda x: False)
    x, weight = maps(1, 4, 5, 5), torch.randn(4, 4, 3, 3)
    assert torch.equal(Convolution(weight, None)(x, padding=1), F.conv2d(x, weight, padding=1))
    assert torch.equal(UpsamplingConvolution(weight)(x), F.conv_transpose2d(x, weight, stride=2))


def test_double_precision_is_not_packed():
    assert not can_pack(torch.zeros(1, dtype=torch.float64))


@packs
def test_packing_can_be_declined():
    x, weight = maps(1, 4, 5, 5), torch.randn(4, 4, 3, 3)
    convolution = Convolution(weight, None, pack=False)
    assert torch.equal(convolution(x, padding=1), F.conv2d(x, weight, padding=1))
    assert convolution.forth is None and convolution.weight is weight
