"""FIR resampling, modulated convolution and activation agree with slow float64 formulas."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from draggan import ops

from . import stylegan2_reference as reference


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(
        *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    ).requires_grad_()


def kernel() -> Tensor:
    return ops.fir_kernel().double()


def assert_same(mine: Tensor, theirs: np.ndarray) -> None:
    np.testing.assert_allclose(mine.detach().numpy(), theirs, rtol=0, atol=1e-12)


def test_the_filter_sums_to_one():
    assert ops.fir_kernel().shape == (4, 4)
    assert ops.fir_kernel().sum().item() == 1


def test_upsampling_inserts_zeros_and_filters():
    x = random(1, 3, 5, 4)
    assert_same(ops.upsample2d(x, kernel())[0], reference.upsample(x[0].detach().numpy()))


def test_upsampling_and_downsampling_keep_the_brightness_inside():
    flat = torch.ones(1, 1, 8, 8)
    up, down = ops.upsample2d(flat, ops.fir_kernel()), ops.downsample2d(flat, ops.fir_kernel())
    torch.testing.assert_close(up[..., 2:-2, 2:-2], torch.ones(1, 1, 12, 12))
    torch.testing.assert_close(down[..., 1:-1, 1:-1], torch.ones(1, 1, 2, 2))


def test_an_upsampling_convolution_spreads_and_filters():
    x, weight = random(1, 3, 4, 5), random(2, 3, 3, 3, seed=1)
    mine = 4 * ops.upsampling_conv2d(x, ops.upsampling_weight(weight), kernel())
    assert_same(mine[0], reference.up_convolve(x[0].detach().numpy(), weight.detach().numpy()))


def test_a_downsampling_convolution_filters_and_takes_every_second():
    x, weight = random(1, 3, 8, 6), random(2, 3, 3, 3, seed=1)
    mine = ops.downsampling_conv2d(x, weight, kernel())
    filtered = reference.fir(x[0].detach().numpy(), 2, 2)
    assert_same(mine[0], reference.correlate(filtered, weight.detach().numpy(), 0)[:, ::2, ::2])


def test_modulating_input_and_output_equals_modulating_the_weights():
    x, weight, styles = random(2, 3, 4, 4), random(5, 3, 3, 3, seed=1), random(2, 3, seed=2)
    scale = ops.demodulation(ops.weight_power(weight), styles)
    mine = ops.modulated_conv2d(x, weight, styles) * scale[:, :, None, None]
    for one, image, style in zip(mine, x.detach().numpy(), styles.detach().numpy(), strict=True):
        modulated = weight.detach().numpy() * style[None, :, None, None]
        modulated /= np.sqrt(np.sum(modulated**2, axis=(1, 2, 3), keepdims=True) + 1e-8)
        assert_same(one, reference.correlate(image, modulated, 1))


def test_the_activation_scales_adds_noise_and_bias_then_clamps():
    x, bias, scale = random(2, 3, 4, 4), random(3, seed=1), random(2, 3, seed=2)
    noise = random(4, 4, seed=3)
    before = x.detach().clone()
    mine = ops.bias_act(x, bias, scale=scale, noise=noise, gain=0.5, clamp=1.5)
    y = scale[:, :, None, None] * before + noise + bias[:, None, None]
    theirs = (torch.where(y > 0, y, 0.2 * y) * math.sqrt(2)).clamp(-1.5, 1.5) * 0.5
    torch.testing.assert_close(mine, theirs)
    assert torch.equal(x, before), "the caller's map was changed"


def test_gradients_agree_with_finite_differences():
    x, weight, styles = random(2, 3, 4, 4), random(2, 3, 3, 3, seed=1), random(2, 3, seed=2)
    bias = random(2, seed=3)

    def layer(x: Tensor, weight: Tensor, styles: Tensor, bias: Tensor) -> Tensor:
        scale = ops.demodulation(ops.weight_power(weight), styles)
        up = ops.upsampling_weight(weight)
        y = ops.modulated_conv2d(x, up, styles, up_kernel=kernel())
        return ops.bias_act(y, bias, scale=scale, clamp=2.0)

    assert torch.autograd.gradcheck(layer, (x, weight, styles, bias))
