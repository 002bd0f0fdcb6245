"""The stand-in for the released code: the same mathematics, at the released code's costs."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from draggan.benchmark.released_costs import ReleasedCosts
from draggan.drag import PRESETS, drag
from draggan.reference import enlarge
from draggan.stylegan2 import Architecture
from draggan.stylegan2_generator import StyleGAN2Generator

from .conftest import random_stylegan2

SMALL = Architecture(channels=(16, 16, 12, 8), z_dim=16, w_dim=16, mapping_layers=2, mapping_lr=0.1)


def both(architecture: Architecture) -> tuple[StyleGAN2Generator, ReleasedCosts]:
    plain = StyleGAN2Generator(random_stylegan2(architecture))
    return plain, ReleasedCosts(random_stylegan2(architecture))


@pytest.mark.parametrize("kind", ["skip", "orig", "resnet"])
def test_features_picture_and_gradient_are_the_plain_generators(kind: str) -> None:
    plain, costly = both(replace(SMALL, kind=kind, conv_clamp=3.0))
    ws = plain.sample([3])
    probe = torch.randn(1, 12, 32, 32, generator=torch.Generator().manual_seed(0))
    maps, gradients = [], []
    for generator in (plain, costly):
        leaf = ws.clone().requires_grad_(True)
        features = generator.features(leaf, 16)
        maps.append(enlarge(features, (32, 32)))
        (maps[-1] * probe).sum().backward()
        gradients.append(leaf.grad)
    torch.testing.assert_close(*maps, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(*gradients, atol=1e-3, rtol=1e-4)
    torch.testing.assert_close(
        costly.render_from(features, ws), plain.render(ws), atol=1e-4, rtol=1e-4
    )


def test_a_drag_takes_the_same_way() -> None:
    plain, costly = both(SMALL)
    options = replace(PRESETS["released"], steps=4, block=16, lr=0.01)
    ways = [
        [
            step.ws
            for step in drag(g, plain.sample([1]), [(9.5, 9.5)], [(25.5, 20.5)], options=options)
        ]
        for g in (plain, costly)
    ]
    assert len(ways[1]) == 5
    assert (ways[1][-1] - ways[1][0]).norm() > 0.05
    torch.testing.assert_close(ways[0][-1], ways[1][-1], atol=1e-4, rtol=1e-4)


def test_every_parameter_that_synthesis_uses_collects_gradients() -> None:
    _, costly = both(SMALL)
    options = replace(PRESETS["released"], steps=1, block=32)
    for _ in drag(costly, costly.sample([1]), [(9.5, 9.5)], [(25.5, 20.5)], options=options):
        pass
    synthesis = dict(costly.network.synthesis.named_parameters())
    without = {name for name, p in synthesis.items() if p.grad is None}
    assert without == {name for name in synthesis if "torgb" in name}
